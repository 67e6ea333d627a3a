"""Detectors of faults of cells, from what the network records each quarter of an hour."""
