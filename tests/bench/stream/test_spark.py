"""Spark Structured Streaming gives the windows and aggregates of the whole tables; all slow, and only with Java."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
from made_up_worlds import made_up
from polars.testing import assert_frame_equal

from bench.stream import batch
from bench.stream.pace import Pace
from bench.stream.parquet_folder import ParquetFolder
from bench.stream.stream_job import played
from bench.stream.stream_settings import KINDS, WatchSettings
from bench.stream.world_stream import WorldStream

pytest.importorskip("pyspark", reason="the extra spark (pyspark) is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="Java is not installed"),
    pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning", "ignore::ResourceWarning"),
]
ROOT = Path(__file__).parents[3]
KEYS = ["of", "id", "period", "start"]


@pytest.mark.parametrize(("seed", "shuffled"), [(1, False), (2, True), (3, False)])
def test_spark_gives_what_the_tables_give(tmp_path: Path, seed: int, shuffled: bool) -> None:
    from bench.stream.spark_watcher import SparkWatcher  # noqa: PLC0415 - starts Java

    place = made_up(tmp_path / "world", seed, minutes=20 if seed != 3 else 185, shuffled=shuffled)
    played(WorldStream(place, KINDS).chunks(), ParquetFolder(tmp_path / "x", 240), Pace(float("inf")))
    settings = WatchSettings(lateness_s=1300, least_gaps=10, gaps=40)
    windows, sums = SparkWatcher(tmp_path / "x", tmp_path / "work", settings, files_at_once=2).run()
    assert_frame_equal(windows, batch.tower_windows(place.data, settings), check_exact=True)
    assert_frame_equal(sums.sort(KEYS), batch.call_aggregates(place.data).sort(KEYS), check_exact=True)


def test_kills_change_nothing(tmp_path: Path) -> None:
    """kill -9 of the program and its Java at three moments; then the tables are those of whole tables."""
    place = made_up(tmp_path / "world", 4, minutes=60)
    played(WorldStream(place, KINDS).chunks(), ParquetFolder(tmp_path / "x", 60), Pace(float("inf")))
    settings = ("stream.sink=watch", "stream.watch.engine=spark", "stream.watch.lateness_s=1300")
    places = (f"stream.source={tmp_path / 'x'}", f"stream.path={tmp_path / 'out'}")
    line = [sys.executable, "-m", "bench.commands.stream", *settings, *places]
    options = {"env": {**os.environ, "PYTHONPATH": str(ROOT)}, "cwd": tmp_path, "stderr": subprocess.DEVNULL}
    for seconds in (4.0, 2.0, 5.0):
        with subprocess.Popen(line, start_new_session=True, **options) as process:  # type: ignore[call-overload]
            while not (tmp_path / "out" / "spark" / "windows.checkpoint").exists() and process.poll() is None:
                time.sleep(0.1)
            time.sleep(seconds)
            os.killpg(process.pid, signal.SIGKILL)
    subprocess.run(line, check=True, **options)  # type: ignore[call-overload]
    windows = batch.tower_windows(place.data, WatchSettings())
    assert_frame_equal(pl.read_parquet(tmp_path / "out" / "tower_windows.parquet"), windows, check_exact=True)
    sums = pl.read_parquet(tmp_path / "out" / "call_aggregates.parquet")
    assert_frame_equal(sums.sort(KEYS), batch.call_aggregates(place.data).sort(KEYS), check_exact=True)
    other = [*line, "stream.watch.slide_s=21"]
    refused = subprocess.run(other, check=False, **{**options, "stderr": subprocess.PIPE})  # type: ignore[call-overload]
    assert refused.returncode == 2
    assert b"stream.path must be a new folder, or one in which the same stream was counted" in refused.stderr
