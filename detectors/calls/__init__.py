"""Detectors that score each call by what it is and by what its caller did before."""
