"""Call detail records of one's own, read from files: a world that nobody simulated."""
