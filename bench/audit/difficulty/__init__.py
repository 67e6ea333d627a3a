"""Tests whether a type of anomaly gets harder to find as its difficulty grows."""
