"""The program of a detector's process: give up rights, import libraries, wait for the job and do it.

It is started as `begin.py FOLDERS bench.isolation.confined PARENT PLACE MODULE ...`. Nothing that could start a thread
(which would keep its rights) and nothing of a detector may be imported before `obey` has given up the rights: until
then only the standard library and this program can be found (`bench.isolation.begin`); keep it so. Libraries, the
detector and the job come after that, in `bench.isolation.worker`.
"""

import os
import site
import sys
from pathlib import Path

from bench.isolation.ahead import compile_ahead
from bench.isolation.confinement import Order, obey
from bench.isolation.place import JOB, READY
from bench.isolation.readable import children_folder
from bench.isolation.supervisor import part_from_supervisor


def main() -> None:
    """Give up what the order says, then import, wait and work."""
    order = Order.read(Path(sys.argv[2]))
    part_from_supervisor(int(sys.argv[1]), Path(order.place))
    if order.means.abi:
        compile_ahead(order.installed)
    (Path(order.place) / JOB / READY).touch()
    obey(order)
    _find_modules(order)
    from bench.isolation.worker import work  # noqa: PLC0415 - not before

    work(Path(order.place), sys.argv[3:])


def _find_modules(order: Order) -> None:
    """Find from now on what the process that started this one finds, and let its children do so."""
    children = [str(children_folder(Path(order.place)))] if order.means.abi else []
    os.environ["PYTHONPATH"] = os.pathsep.join([*children, *order.folders])
    sys.path[:] = dict.fromkeys([*order.folders, *sys.path])
    users = site.getusersitepackages()
    if os.path.realpath(users) in order.folders:
        site.addsitedir(users)  # for its `.pth` files


if __name__ == "__main__":
    main()
