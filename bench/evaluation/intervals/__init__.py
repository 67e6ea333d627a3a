"""95 % confidence intervals of the metrics."""
