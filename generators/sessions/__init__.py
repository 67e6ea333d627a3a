"""Sessions: how phones and towers set up, hand over and drop calls."""
