"""Versions of the software that made a result."""

import platform
from importlib.metadata import version

DISTRIBUTIONS = ("cdrbench", "numpy", "scipy", "scikit-learn", "pyod", "pyarrow", "polars", "numba", "igraph")


def versions() -> dict[str, str]:
    """Return the versions of Python and of the libraries that affect results, such as `version/numpy`."""
    found = {f"version/{name}": version(name) for name in DISTRIBUTIONS}
    return {"version/python": platform.python_version(), **found}
