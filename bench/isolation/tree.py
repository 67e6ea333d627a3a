"""All processes that a detector has started, seen from the harness: their memory, and ending them."""

import subprocess
from contextlib import suppress
from dataclasses import dataclass, field

import psutil

from bench.host.memory import memory_mib, shared_by_all
from bench.isolation.supervisor import end_supervised


@dataclass
class Tree:
    """A supervisor and what it supervises: a process and all that it has started."""

    process: subprocess.Popen[bytes]
    """The supervisor, which leads a session of its own."""
    peak_mib: float = 0.0
    """The largest memory that was seen of those that it supervises [MiB]; see `bench.host.memory`."""
    seen: set[psutil.Process] = field(default_factory=set)
    shared_before: int = field(default_factory=shared_by_all)

    def look(self) -> None:
        """Take note of its processes and their memory."""
        with suppress(psutil.NoSuchProcess):
            present = psutil.Process(self.process.pid).children(recursive=True)
            self.seen |= set(present)
            self.peak_mib = max(self.peak_mib, memory_mib([each.pid for each in present], self.shared_before))

    def end(self) -> None:
        """End them all: by the supervisor, and if that does not come to an end itself, without it."""
        end_supervised(self.process)
        for each in self.seen:
            with suppress(psutil.NoSuchProcess):
                each.kill()
