"""Matrices of features at every level: for models, for the audit and for the supervised baseline."""
