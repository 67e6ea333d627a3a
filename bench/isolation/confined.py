"""Where a detector's process begins: `python -m bench.isolation.confined PARENT ORDER MODULE ...`.

It gives up its rights before it imports anything that could start a thread, which would keep them, or that is a
detector's. Until then it runs the standard library and this program only; keep it so.
"""

import os
import sys
from pathlib import Path

from bench.isolation.ahead import compile_ahead
from bench.isolation.confinement import Order, obey
from bench.isolation.readable import children_folder


def main() -> None:
    """Give up what the order says, then import, wait and work."""
    order = Order.read(sys.argv[2])
    if order.means.abi:
        compile_ahead()
    obey(order)
    if order.means.abi:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(children_folder(Path(order.place))), os.environ["PYTHONPATH"]])
    from bench.isolation.worker import work  # noqa: PLC0415 - not before

    work(int(sys.argv[1]), Path(order.place), sys.argv[3:])


if __name__ == "__main__":
    main()
