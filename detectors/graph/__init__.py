"""Detectors that use the graph of who calls whom."""
