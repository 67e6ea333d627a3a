"""Inspects files of call records: guesses how to read them, and lists what is wrong or unusual."""
