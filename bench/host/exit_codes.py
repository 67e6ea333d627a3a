"""Exit codes of the programs; docs/reference/runs.md has the table."""

FAILED = 1
"""A run failed, or a check found a fault."""
UNUSABLE = 2
"""Something is wrong with the settings, or with a file that they name."""
UNRECORDED = 3
"""The result exists, but could not be recorded in MLflow."""
INTERRUPTED = 130
"""Ended by Ctrl-C: 128 plus the number of the signal, as in shells."""
