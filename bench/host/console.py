"""Progress display for long tasks; silent unless stderr is a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from bench import generator
from bench.host.texts import printable

_compiling: list[str] = []


def report_compiling(what: str) -> None:
    """Print, once per process, that code is being compiled, which takes a while; also without a terminal."""
    if not _compiling:
        _compiling.append(what)
        print(f"compiling {what}, which is kept: one to two minutes, longer on a busy machine", file=sys.stderr)


def report_omission(reason: str) -> None:
    """Print to stderr what was left out and why, with control characters escaped."""
    print(printable(f"left out: {reason}"), file=sys.stderr)


@contextmanager
def progress_bars(shown: bool = True) -> Iterator[generator.Progress]:
    """Show a progress bar for each step within a context, removed when done; only if stderr is a terminal."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield generator.silent
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bars:
        tasks: dict[str, TaskID] = {}

        def progress(what: str, done: int, of: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what)
            bars.update(tasks[what], completed=done, total=of)

        yield progress


@contextmanager
def clock_running(what: str, shown: bool = True) -> Iterator[Callable[[], None]]:
    """Show the elapsed time of a task of unknown length; give the function to call at each tick."""
    console = Console(stderr=True)
    if not (shown and console.is_terminal):
        yield lambda: None
        return
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=console, transient=True
    ) as bar:
        bar.add_task(what, total=None)
        yield bar.refresh
