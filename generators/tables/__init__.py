"""From arrays to the tables of a world and their files."""
