"""A user's own call detail records, read from files in place of a simulated world."""
