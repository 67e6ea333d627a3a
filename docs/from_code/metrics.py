"""The names of all metrics, with their values and meaning."""

from bench.evaluation import metric_names


def markdown() -> str:
    """Return the table of the names of metrics."""
    return metric_names.markdown()
