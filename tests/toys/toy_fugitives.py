"""Detectors that leave something behind: processes, files in shared memory, memory that nobody has in use."""

import mmap
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Self

import numpy as np
from toy_detectors import Longest

from bench.dataset import Dataset
from bench.detector import Scores

MIB = 2**20


def forked(act: object) -> None:
    """Do something in a child of a child in a session of its own, whose parent has ended: nobody waits for it."""
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    act()  # type: ignore[operator]
    os._exit(0)


class Orphans(Longest):
    """Leaves an orphan, and ends in the way that it is told to."""

    def __init__(self, end: str) -> None:
        super().__init__()
        self.end = end

    def fit(self, dataset: Dataset) -> Self:
        forked(lambda: time.sleep(600))
        command = [sys.executable, "-c", "import time; time.sleep(600)"]
        subprocess.Popen(command, start_new_session=True)
        if self.end == "hangs":
            time.sleep(600)
        elif self.end == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        elif self.end == "replaced":
            os.execv(sys.executable, command)
        return self


class Runner(Longest):
    """Leaves a process that forks and ends, again and again: there is always one, of another number."""

    def fit(self, dataset: Dataset) -> Self:
        forked(self.run)
        return self

    def run(self) -> None:
        while os.fork() == 0:
            pass


class Hidden(Longest):
    """Holds 400 MiB that a child has filled and nobody has in use."""

    def fit(self, dataset: Dataset) -> Self:
        held = mmap.mmap(-1, 400 * MIB)
        if not os.fork():
            for place in range(0, len(held), mmap.PAGESIZE):
                held[place] = 1
            os._exit(0)
        os.wait()
        time.sleep(600)
        return self


class Stored(Longest):
    """Writes 400 MiB to a file in `/dev/shm`."""

    def fit(self, dataset: Dataset) -> Self:
        Path("/dev/shm/cdrbench-toy-stored").write_bytes(bytes(400 * MIB))
        time.sleep(600)
        return self


class Keeper(Longest):
    """Leaves a file in `/dev/shm`, and a semaphore."""

    def fit(self, dataset: Dataset) -> Self:
        from _multiprocessing import SemLock  # noqa: PLC0415

        Path("/dev/shm/cdrbench-toy-kept").write_text("labels")
        SemLock(1, 1, 1, "/cdrbench-toy-semaphore", False)
        return self


class Changer(Longest):
    """Changes the mode and the times of files outside: of one that it may read, and of one that it may not."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def fit(self, dataset: Dataset) -> Self:
        for path in (Path(self.path), Path(self.path.replace("read", "hidden"))):
            for act in (
                lambda path: path.chmod(0),
                lambda path: os.utime(path, (1, 1)),
                os.utime,
                lambda path: os.chown(path, 1, 1),
            ):
                with suppress(OSError):
                    act(path)
        with Path(self.path).open() as file:
            os.fchmod(file.fileno(), 0)
        return self


class Powers(Longest):
    """Fails, and says what capabilities it has, and whether it could have more."""

    def score(self, dataset: Dataset) -> Scores:
        lines = Path("/proc/self/status").read_text().splitlines()
        raise LookupError(" ".join(line.replace("\t", "") for line in lines if line.startswith(("Cap", "NoNewPrivs"))))


class Deep(Longest):
    """Makes folders in folders, 3000 deep, and one that nobody may enter."""

    def fit(self, dataset: Dataset) -> Self:
        os.chdir(tempfile.gettempdir())
        Path("closed").mkdir(0)
        for _ in range(3000):
            Path("d").mkdir()
            os.chdir("d")
        return self


class Copier(Longest):
    """Uses what libraries use of files, of its own folder: all of it works."""

    def fit(self, dataset: Dataset) -> Self:
        import shutil  # noqa: PLC0415

        place = Path(tempfile.gettempdir())
        (place / "a").touch()
        (place / "a").touch()
        (place / "b").write_text("x")
        shutil.copy2(place / "b", place / "c")
        shutil.copytree(place, place.parent / "out" / "d")
        shutil.rmtree(place.parent / "out" / "d")
        np.save(place / "e.npy", np.ones(3))
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x")
        assert {path.name for path in place.iterdir()} >= {"a", "b", "c", "e.npy"}
        return self
