"""The command `cdrbench`, and what only it does."""
