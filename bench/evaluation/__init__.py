"""Evaluation: from scores and truth to metrics."""
