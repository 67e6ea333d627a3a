"""Sweeps of many runs, and how to resume them after an interruption."""
