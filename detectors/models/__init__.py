"""Outlier models for feature tables, and the two interfaces (PyOD's and scikit-learn's) of all others."""
