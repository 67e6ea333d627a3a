"""One run: its table in the terminal, and its figures."""
