"""Detectors that give a matrix of features to an outlier model, and averages of several detectors."""
