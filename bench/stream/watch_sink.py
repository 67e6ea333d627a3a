"""Watch a stream: alerts are printed as they come, and the tables of windows and aggregates written to a folder."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from bench.faults import UserError, writable_folder
from bench.host.aside import written_aside
from bench.host.texts import printable
from bench.schema import Table
from bench.stream.chunk import Chunk
from bench.stream.figures import ALERTS
from bench.stream.messages import START
from bench.stream.sink import not_written, report
from bench.stream.stream_settings import WatchSettings
from bench.stream.watch_tables import CALL_AGGREGATES, TOWER_WINDOWS, stored
from bench.stream.watcher import Watcher

FILES = tuple(f"{table.name}.parquet" for table in (TOWER_WINDOWS, CALL_AGGREGATES))
REASONS = {
    "failing": "{failed} of {hellos} Hellos failed",
    "deviates": "failure share {failure_share:.2f} differs from its history, {history_mean:.2f} +- {history_sigma:.2f}",
    "silent": "silent for {silence_s:.0f} s, limit {silence_limit_s:.0f} s",
}


@dataclass
class WatchSink:
    """Watches the stream that is put into it."""

    settings: WatchSettings
    folder: Path | None
    """Folder of the tables; None: only alerts are printed."""
    _watcher: Watcher | None = None
    _stack: ExitStack = field(default_factory=ExitStack)
    _aside: Path | None = None
    _writers: dict[str, pq.ParquetWriter] = field(default_factory=dict)
    _before: pl.DataFrame | None = None
    """Alerts of each tower in its latest window."""

    def begin(self, stream: str, towers: Sequence[str]) -> int:
        """Prepare the folder.

        Raises
        ------
        UserError
            When it cannot be written.
        """
        if self.folder is not None:
            rule, can_be_written = writable_folder()["rule"]
            if not can_be_written(str(self.folder)):
                raise UserError(f"stream.path must {rule}, got {self.folder}")
            self._stack.enter_context(_named("stream.path"))
            self._aside = self._stack.enter_context(written_aside(self.folder, FILES))
        return -1

    def put(self, chunk: Chunk) -> None:
        """Watch messages; print new alerts, and write what is closed."""
        if self._watcher is None:
            self._watcher = Watcher(self.settings, chunk.frames[START])
        closed = self._watcher.take(chunk)
        for frame in closed.windows:
            self._print_alerts(frame)
            self._write(TOWER_WINDOWS, frame, chunk.first - 1)
        for frame in closed.aggregates:
            self._write(CALL_AGGREGATES, frame, chunk.first - 1)

    def flush(self) -> None:
        """Do nothing: alerts are printed at once."""

    def close(self, complete: bool) -> None:
        """Put the folder in its place; what is still open is missing if the stream was not complete."""
        for writer in self._writers.values():
            writer.close()
        self._stack.close()
        if self._watcher is not None and self._watcher.late:
            report(f"{self._watcher.late:,} events and calls came too late (stream.watch.lateness_s)")

    def _print_alerts(self, windows: pl.DataFrame) -> None:
        """Print a line for each tower that has an alert that it did not have in its window before."""
        now = windows.select("tower_id", "window_start", *ALERTS)
        known = now if self._before is None else pl.concat([self._before, now])
        begun = [pl.col(name) & ~pl.col(name).shift(1).over("tower_id").fill_null(value=False) for name in ALERTS]
        new = known.select(new=pl.any_horizontal(begun)).tail(now.height)
        chosen = windows.filter(new["new"]).with_columns(failed=pl.col("fails") + pl.col("timeouts"))
        for row in chosen.iter_rows(named=True):
            reasons = "; ".join(text.format(**row) for name, text in REASONS.items() if row[name])
            ends = row["window_start"] + timedelta(seconds=self.settings.window_s)
            print(printable(f"{ends:%Y-%m-%d %H:%M:%S} {row['tower_id']} {row['state']}: {reasons}"), flush=True)
        self._before = known.group_by("tower_id", maintain_order=True).last()

    def _write(self, table: Table, frame: pl.DataFrame, last: int) -> None:
        """Append rows to a table; `last` is the number of the last message that was watched before."""
        if self._aside is None:
            return
        try:
            if table.name not in self._writers:
                path = self._aside / f"{table.name}.parquet"
                self._writers[table.name] = pq.ParquetWriter(path, table.arrow, compression="zstd")
            self._writers[table.name].write_table(stored(frame, table))
        except OSError as error:
            raise not_written(self.folder, error, last) from error


@contextmanager
def _named(setting: str) -> Iterator[None]:
    """Let an error that is about a folder `out` name the setting."""
    try:
        yield
    except UserError as error:
        raise UserError(str(error).replace("out must", f"{setting} must", 1)) from error
