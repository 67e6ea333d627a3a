"""Conversion of the simulator's arrays into the tables of a world and their files."""
