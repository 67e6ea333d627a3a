"""Detectors in a process of their own, which sees no labels."""
