"""People: what kind they are, when they are awake, whom they know."""
