"""The watcher as a program of Spark Structured Streaming, over a folder of Parquet files.

Spark counts events in sliding windows and calls in hours and days, with its own watermark, and writes what is closed
exactly once: after a kill, the next run goes on from its checkpoint. What an event counts for, and all figures that
follow from the counts, are those of the watcher without Spark (`bench.stream.figures`, `bench.stream.aggregates`).
"""

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from bench.arrays import IntArray
from bench.dataset import Clock
from bench.faults import UserError
from bench.host.aside import partial, write_whole
from bench.host.read_json import object_in
from bench.stream import aggregates
from bench.stream.batch import figures_of
from bench.stream.figures import COUNTED, COUNTS, WindowTimes, window_times
from bench.stream.messages import END, START
from bench.stream.parquet_folder import batches
from bench.stream.read_stream import read_folder
from bench.stream.sink import report
from bench.stream.stream_settings import WatchSettings
from bench.stream.watch_tables import CALL_AGGREGATES, TOWER_WINDOWS, stored
from bench.stream.watcher import clock_of

NOTE = "stream.json"
"""File in the folder of counts that says of what they are."""
EXTRA = "pip install 'cdrbench[spark]'; it also needs Java 17"
LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.showConsoleProgress": "false",
}
"""Settings of a Spark that runs in this process's machine only, and opens no port to others."""
FOREVER = "INTERVAL 10000 DAYS"
"""Added to the time of the last message, so that it closes everything."""


@dataclass
class SparkWatcher:
    """Reads a folder of a stream; keeps checkpoints and counts in a folder of its own."""

    source: Path
    work: Path
    """Folder of checkpoints and counts."""
    settings: WatchSettings
    files_at_once: int = 16
    """Most files of a micro-batch."""

    def run(self) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Count all files that are there, and return the windows of towers and the aggregates of calls.

        Raises
        ------
        UserError
            When Spark or Java is missing, the folder holds no stream, or `work` has counts of something else.
        """
        start = self._start()
        self._require_own(str(start["stream"][0]))
        clock, towers = clock_of(start), start["towers"][0].to_list()
        with _session() as spark:
            times = window_times(self.settings, clock.start_ms, clock.end_ms)
            self._count(self._events(spark, times), "windows")
            for period in aggregates.PERIODS:
                self._count(self._calls(spark, clock, period), period)
        return self._windows(times, towers), self._aggregates(clock)

    def _start(self) -> pl.DataFrame:
        """Return the first message."""
        if not self.source.is_dir() or not batches(self.source):
            raise UserError(f"stream.source must be a folder that stream.sink=parquet has written, got {self.source}")
        return next(read_folder(self.source, follow=False)).frames[START]

    def _require_own(self, stream: str) -> None:
        """Note what is counted in `work`; refuse a folder in which something else was."""
        note = self.work / NOTE
        asked = {"stream": stream, "source": str(self.source.resolve()), **asdict(self.settings)}
        if note.exists() and object_in(note) != asked:
            rule = "be a new folder, or one in which the same stream was counted with the same settings"
            raise UserError(f"stream.path must {rule}, got {self.work.parent}; name another folder")
        self.work.mkdir(parents=True, exist_ok=True)
        write_whole(note, json.dumps(asked))

    def _messages(self, spark: Any, time: str) -> Any:
        """Return the stream of messages with a time `at` and a watermark on it; the last message closes everything."""
        schema = spark.read.parquet(str(batches(self.source)[0])).schema
        options = {"pathGlobFilter": "batch-*.parquet", "maxFilesPerTrigger": self.files_at_once}
        found = spark.readStream.schema(schema).options(**options).parquet(str(self.source))
        at = f"CASE WHEN type = 'end' THEN {time} + {FOREVER} ELSE {time} END AS at"
        lateness = f"{round(1000 * self.settings.lateness_s)} milliseconds"
        return found.selectExpr("*", at).withWatermark("at", lateness)

    def _events(self, spark: Any, times: WindowTimes) -> Any:
        """Return the counts of each tower and window, and the times of events of which it is the first window."""
        functions = import_module("pyspark.sql.functions")
        spans = f"{times.window_ms} milliseconds", f"{times.slide_ms} milliseconds"
        window = functions.window("at", *spans, f"{times.start_ms % times.slide_ms} milliseconds")
        sums = [functions.expr(f"SUM({text}) AS {name}") for name, text in COUNTED.items()]
        events = self._messages(spark, "event_time").where("type = 'end' OR (type = 'event' AND tower_id IS NOT NULL)")
        counts = events.groupBy(window, "tower_id").agg(*sums, functions.expr("collect_list(at) AS times"))
        return counts.selectExpr("window.start AS window_start", "tower_id", *COUNTS, "times")

    def _calls(self, spark: Any, clock: Clock, period: str) -> Any:
        """Return the sums of calls of each caller and tower in a local hour or day."""
        functions = import_module("pyspark.sql.functions")
        calls = self._messages(spark, f"(event_time + {_offset(clock)})").where("type IN ('call', 'end')")
        both = "STRUCT('caller' AS of, caller_id AS id), STRUCT('tower' AS of, tower_id AS id)"
        each = calls.selectExpr("*", f"EXPLODE(ARRAY({both})) AS entity").where("entity.id IS NOT NULL OR type = 'end'")
        window = functions.window("at", f"1 {period}")
        sums = [functions.expr(f"{text} AS {name}") for name, text in SUMMED.items()]
        found = each.groupBy(window, "entity.of", "entity.id").agg(*sums)
        names = [f"'{period}' AS period", "of", "id", *SUMMED]
        return found.selectExpr("window.start AS local", *names)

    def _count(self, frame: Any, name: str) -> None:
        """Write all rows that are closed, each once."""
        query = frame.writeStream.format("parquet").outputMode("append").trigger(availableNow=True)
        places = {"path": str(self.work / name), "checkpointLocation": str(self.work / f"{name}.checkpoint")}
        query.options(**places).start().awaitTermination()

    def _windows(self, times: WindowTimes, towers: list[str]) -> pl.DataFrame:
        number = pl.DataFrame({"tower_id": towers}, schema={"tower_id": pl.String}).with_row_index("tower")
        counts = self._counted("windows").join(number, on="tower_id")
        window = (_ms(counts["window_start"]) - times.start_ms) // times.slide_ms
        inside = (window >= 0) & (window < times.many)
        found = np.zeros((times.many, len(towers), len(COUNTS)), np.int64)
        found[window[inside], counts["tower"].to_numpy()[inside]] = counts.select(COUNTS).to_numpy()[inside]
        rows = counts.select(pl.col("tower").cast(pl.Int64), "times", window=pl.Series(window))
        return figures_of(times, found, _first_times(rows, times), (towers, self.settings))

    def _aggregates(self, clock: Clock) -> pl.DataFrame:
        sums = pl.concat([self._counted(period) for period in aggregates.PERIODS])
        sums = sums.filter(pl.col("id").is_not_null()).with_columns(local_ms=pl.Series(_ms(sums["local"])))
        return aggregates.figures(sums, clock)

    def _counted(self, name: str) -> pl.DataFrame:
        """Read what Spark has written; its list of files says which are complete."""
        with _session() as spark:
            return pl.DataFrame(spark.read.parquet(str(self.work / name)).toArrow())


def watch_by_spark(source: Path, out: Path, settings: WatchSettings) -> None:
    """Count a folder of a stream by Spark, and write the watcher's tables once the stream is complete.

    Raises
    ------
    UserError
        As `SparkWatcher.run`, or when the folder cannot be written.
    """
    try:
        windows, sums = SparkWatcher(source, out / "spark", settings).run()
        if END not in pl.read_parquet(batches(source)[-1], columns=["type"])["type"]:
            report(f"{source} ends before the end of its stream; the same command goes on when there is more")
            return
        for table, frame in ((TOWER_WINDOWS, windows), (CALL_AGGREGATES, sums)):
            with partial(out / f"{table.name}.parquet") as aside:
                pq.write_table(stored(frame, table), aside, compression="zstd")
    except OSError as error:
        raise UserError(f"stream.path must be a folder that can be written, got {out} ({error})") from error


SUMMED: Mapping[str, str] = {
    "calls": "COUNT(*)",
    "answered": "COUNT_IF(outcome = 'answered')",
    "failed": "COUNT_IF(outcome = 'failed')",
    "talk_s": "COALESCE(SUM(CAST(call_duration AS BIGINT)) FILTER (WHERE outcome = 'answered'), 0)",
    "least_s": "CAST(MIN(call_duration) FILTER (WHERE outcome = 'answered') AS BIGINT)",
    "longest_s": "CAST(MAX(call_duration) FILTER (WHERE outcome = 'answered') AS BIGINT)",
}


def _offset(clock: Clock) -> str:
    """Return how far local time is ahead, as SQL of the time `event_time`."""
    whens = [
        f"WHEN event_time >= TIMESTAMP_MILLIS({moment}) THEN {offset_s}" for moment, offset_s in clock.changes[::-1]
    ]
    seconds = f"CASE {' '.join(whens)} ELSE {clock.utc_offset_s} END" if whens else str(clock.utc_offset_s)
    return f"MAKE_INTERVAL(0, 0, 0, 0, 0, 0, {seconds})"


def _first_times(rows: pl.DataFrame, times: WindowTimes) -> tuple[IntArray, IntArray, IntArray]:
    """Return tower, time and window of the events whose first window a row is, in order of time."""
    events = rows.explode("times").with_columns(pl.Series("time_ms", _ms(rows.explode("times")["times"])))
    first = np.maximum(times.last_of(events["time_ms"].to_numpy()) - times.width + 1, 0)
    mine = pl.Series(first) == events["window"]
    inside = mine & (events["time_ms"] >= times.start_ms) & (events["window"] < times.many)
    found = events.filter(inside).sort("time_ms", maintain_order=True)
    return found["tower"].to_numpy(), found["time_ms"].to_numpy(), found["window"].to_numpy()


def _ms(column: pl.Series) -> IntArray:
    """Return Spark's times as ms since the Unix epoch."""
    return np.asarray(column.dt.timestamp("ms").to_numpy())


@contextmanager
def _session() -> Iterator[Any]:
    """Start Spark in this process, or use the one that runs.

    Raises
    ------
    UserError
        When Spark or Java is missing.
    """
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    try:
        builder = import_module("pyspark.sql").SparkSession.builder.master("local[2]").appName("cdrbench")
        for name, value in LOCAL.items():
            builder = builder.config(name, value)
        spark = builder.getOrCreate()
    except (ImportError, RuntimeError) as error:
        raise UserError(f"stream.watch.engine=spark cannot be used ({error}): {EXTRA}") from error
    spark.sparkContext.setLogLevel("ERROR")
    yield spark
