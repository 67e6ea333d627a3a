"""The contract (data sets, detectors, results), and the harness that runs detectors on data sets.

`python -m bench.run` lets Python look for modules in the working folder first: a `conf` or `reports` folder of the
user's own, or a `numpy.py`, would be taken for ours and run. So our packages, and all that is installed, go before it;
detectors of the user's own are still found there.
"""

import os
import sys


def _look_here_last() -> None:
    """Move the working folder to the end of the module search path, if a program of ours is started by `-m`."""
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - imports are not safe yet
    if sys.argv[:1] == ["-m"] and sys.path[:1] in ([""], [os.getcwd()]) and root != os.getcwd():  # noqa: PTH109
        sys.path += [root, sys.path.pop(0)]


_look_here_last()

from bench.version import __version__  # noqa: E402 - first it is made sure which one

__all__ = ["__version__"]
