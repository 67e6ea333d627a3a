"""A detector that looks for the truth in every way it knows, and tells by its scores which of them worked."""

import ctypes
import os
import socket
import stat
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow.parquet as pq

from bench.dataset import Dataset
from bench.detector import Level, Scores

SEIZE = 0x4206


class Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


class Burglar:
    """Knows where things are (paths without their first slash, as a setting that names a file lets it be read)."""

    level = Level.CALL
    causal = True

    def __init__(self, home: str, sockets: str, port: int, other: int) -> None:
        self.home, self.sockets, self.port, self.other = Path("/", home), Path("/", sockets), port, other
        self.parent = os.getppid()

    def fit(self, dataset: Dataset) -> Self:
        return self

    def score(self, dataset: Dataset) -> Scores:
        """Return whole numbers that tell what worked, and fractions that are the truth, or chance."""
        low, high = dataset.call_range(dataset.window)
        with ThreadPoolExecutor(1) as pool:
            worked = [name for name, way in self.ways().items() if tried(way) or pool.submit(tried, way).result()]
        code = sum(1 << list(self.ways()).index(name) for name in worked)
        print("worked:", *worked)
        truths = [each for each in self.home.glob("worlds/*/truth/truth.parquet") if tried(each.read_bytes)]
        rows = pq.read_table(truths[0])["row"].to_numpy() if truths else np.array([], int)
        chance = np.random.default_rng(1).random(high - low)
        return Scores(Level.CALL, code + np.where(np.isin(np.arange(low, high), rows), 0.999, 0.9 * chance))

    def ways(self) -> dict[str, Callable[[], object]]:
        return {
            "parents": lambda: [self.above(Path.cwd()), self.above(Path(tempfile.gettempdir()))],
            "name": lambda: next(self.home.glob("worlds/*/truth/truth.parquet")).read_bytes(),
            "exact name": lambda: os.scandir(self.home / "worlds"),
            "walk": lambda: self.walk(Path("/")),
            "runs": (self.home / "runs/result.json").read_text,
            "store": (self.home / "mlflow.db").read_bytes,
            "link": self.link,
            "hard link": lambda: os.link(self.home / "mlflow.db", Path(tempfile.gettempdir(), "db")),
            "own root": lambda: Path("/proc/self/root", *self.home.parts[1:], "mlflow.db").read_bytes(),
            "parent's environment": lambda: Path(f"/proc/{self.parent}/environ").read_bytes(),
            "parent's folder": lambda: os.scandir(f"/proc/{self.parent}/cwd/worlds"),
            "parent's files": lambda: os.scandir(f"/proc/{self.parent}/fd"),
            "parent's memory": self.memory,
            "parent's memory by a file": lambda: Path(f"/proc/{self.parent}/maps").read_text(),
            "ptrace": lambda: done(ctypes.CDLL(None).ptrace(SEIZE, self.parent, 0, 0) == 0),
            "others' environment": lambda: Path(f"/proc/{self.other}/environ").read_bytes(),
            "own environment": lambda: done(any("mlflow" in f"{each}".lower() for each in os.environ.items())),
            "own files": lambda: done(any(self.opened())),
            "child": lambda: subprocess.run(["cat", self.home / "mlflow.db"], check=True, capture_output=True),
            "signal": lambda: os.kill(self.parent, 0),
            "writing": lambda: (self.home / "written").write_text("x"),
            "writing to the tables": lambda: Path("calls.parquet").write_bytes(b""),
            "TCP": lambda: socket.create_connection(("127.0.0.1", self.port), 5),
            "UDP": lambda: self.sent(socket.AF_INET, ("127.0.0.1", self.port)),
            "socket": lambda: socket.socket(socket.AF_UNIX).connect(str(self.sockets / "stream")),
            "letters": lambda: self.sent(socket.AF_UNIX, str(self.sockets / "letters")),
            "letters of a pair": self.letters,
            "abstract socket": lambda: socket.socket(socket.AF_UNIX).connect(f"\0{self.port}"),
            "a free thread": lambda: done(any(map(free, Path("/proc/self/task").iterdir()))),
        }

    def above(self, place: Path) -> object:
        return done(any(found for each in place.parents for found in each.glob("worlds/*/truth/*.parquet")))

    def walk(self, place: Path) -> object:
        for each in os.scandir(place):
            if self.home.is_relative_to(each.path):
                return self.walk(Path(each.path))
        return os.scandir(place / "worlds")

    def link(self) -> bytes:
        link = Path(tempfile.gettempdir(), "link")
        link.unlink(missing_ok=True)
        link.symlink_to(self.home / "mlflow.db")
        return link.read_bytes()

    def memory(self) -> object:
        """Read eight bytes where this process has something too: without a layout at random that is the parent's."""
        held, got = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
        lines = Path(f"/proc/{self.parent}/maps").read_text().splitlines()
        place = int(next(line for line in lines if "rw-p" in line).split("-")[0], 16)
        mine, theirs = Vector(ctypes.addressof(got), 8), Vector(place, 8)
        arguments = ctypes.byref(mine), 1, ctypes.byref(theirs), 1, 0
        return done(ctypes.CDLL(None).process_vm_readv(self.parent, *arguments) == len(held))

    def sent(self, family: int, address: object) -> object:
        return socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", address)

    def letters(self) -> object:
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b"x", str(self.sockets / "letters"))

    def opened(self) -> Iterator[bool]:
        """Tell of each open file whether it is one that can be read, and not of this process's own folder."""
        for path in list(Path("/proc/self/fd").iterdir()):
            name = path.name
            if not path.exists():  # what listed them
                continue
            readable = int(flags_of(name), 8) & os.O_ACCMODE != os.O_WRONLY
            kind = os.fstat(int(name)).st_mode
            mine = str(path.readlink()).startswith((str(Path.cwd().parent), "/proc/", "/usr/", "/dev/"))
            yield readable and not mine and (stat.S_ISREG(kind) or stat.S_ISDIR(kind))


def flags_of(name: str) -> str:
    lines = Path(f"/proc/self/fdinfo/{name}").read_text().splitlines()
    return next(line.split()[1] for line in lines if line.startswith("flags:"))


def free(task: Path) -> bool:
    """Whether a thread of this process was started before it was confined."""
    return "Seccomp:\t2" not in (task / "status").read_text()


def done(worked: bool) -> None:
    if not worked:
        raise PermissionError


def tried(way: Callable[[], object]) -> bool:
    try:
        way()
    except (OSError, subprocess.SubprocessError, StopIteration):
        return False
    return True
