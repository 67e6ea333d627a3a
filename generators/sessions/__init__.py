"""Sessions: how phones and towers set calls up, keep them, hand them over and lose them."""
