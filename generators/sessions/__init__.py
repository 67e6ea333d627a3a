"""Sessions: how phones and towers set up, keep, hand over and lose calls."""
