"""The contract and the harness: what a dataset, a detector, a metric and a result are, and how they are run."""

from bench.version import __version__

__all__ = ["__version__"]
