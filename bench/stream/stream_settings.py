"""Settings of `cdrbench stream`, as Hydra structured configs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.faults import Fault, above, at_least, named, one_of, within
from bench.settings import StoreSettings

SINKS = ("jsonl", "parquet", "kafka", "watch", "schema")
KINDS = ("event", "move", "tower_status", "call")
SPEED = re.compile(r"x(\d+(?:\.\d+)?)")
TOPIC, TOPIC_RULE = r"[\w.-]{1,200}", "be 1 to 200 letters, digits, dots, hyphens or underscores"
MOST_WINDOWS = 10_000
"""Most windows that an event may lie in: `window_s` over `slide_s`."""


def _is_speed(text: str) -> bool:
    found = SPEED.fullmatch(text)
    return text in ("real", "max") or (found is not None and float(found[1]) > 0)


@dataclass
class KafkaSettings:
    """Where and how messages are sent to a log that speaks the Kafka protocol."""

    brokers: str = field(default="localhost:9092", metadata=named())
    """Brokers to ask first, as host:port, separated by commas."""
    topic: str = field(default="cdr", metadata={"rule": (TOPIC_RULE, re.compile(TOPIC, re.ASCII).fullmatch)})
    """Topic; with `per_tower`, beginning of the names of all topics."""
    per_tower: bool = False
    """Whether each tower has a topic of its own, TOPIC.TOWER, instead of one topic with the tower as key."""
    partitions: int = field(default=4, metadata=within(1, 10_000))
    """Partitions of a topic that does not exist yet; a topic of one tower has one."""
    patience_s: float = field(default=60.0, metadata=above(0))
    """How long to wait for a broker at the start, or for the next message when reading [s]. While messages are being
    sent, the program waits for an absent broker as long as it takes."""
    options: dict[str, Any] = field(default_factory=dict)
    """Further properties of librdkafka, such as security.protocol."""


@dataclass
class WatchSettings:
    """Windows of tower status, and when a tower is reported."""

    engine: str = field(default="local", metadata=one_of("local", "spark"))
    """`local`: in this process, as messages come; `spark`: by Spark Structured Streaming, over a folder of Parquet
    files (`stream.source`), with checkpoints in `stream.path`."""
    window_s: int = field(default=21, metadata=within(1, 86_400))
    """Length of a window [s]."""
    slide_s: int = field(default=7, metadata=within(1, 86_400))
    """Time from the start of one window to that of the next [s]."""
    lateness_s: float = field(default=10.0, metadata=within(0, 1_000_000))
    """How far the watermark is behind the latest event time that has arrived [s]; a window is closed when the watermark
    reaches its end, and what arrives for it later is counted as late."""
    sigmas: float = field(default=3.0, metadata=above(0))
    """A failure share deviates if it is at least so many standard deviations from the mean of the tower's earlier
    windows."""
    least_history: int = field(default=5, metadata=at_least(2))
    """Number of earlier windows with Hellos that this takes."""
    most_failures: float = field(default=0.6, metadata=within(0, 1))
    """A tower is failing in a window if the failure share is above this."""
    silence_quantile: float = field(default=0.99, metadata=within(0, 1))
    """A tower is silent if the time since its last event is longer than this quantile of the times between its earlier
    events."""
    gaps: int = field(default=1000, metadata=within(2, 100_000))
    """Number of times between events that are remembered of each tower, the latest ones."""
    least_gaps: int = field(default=100, metadata=at_least(2))
    """Number of times between events without which a tower is not called silent."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        if self.window_s % self.slide_s:
            yield Fault(f"{key}.window_s", f"be a multiple of slide_s ({self.slide_s})", self.window_s)
        if self.window_s // self.slide_s > MOST_WINDOWS:
            yield Fault(f"{key}.window_s", f"be at most {MOST_WINDOWS:,} times slide_s ({self.slide_s})", self.window_s)
        if self.least_gaps > self.gaps:
            yield Fault(f"{key}.least_gaps", f"be at most gaps ({self.gaps})", self.least_gaps)


@dataclass
class StreamSettings:
    """What is streamed, at which speed, and to where."""

    sink: str = field(default="jsonl", metadata=one_of(*SINKS))
    """`jsonl`: JSON lines; `parquet`: a folder of files; `kafka`: a log that speaks the Kafka protocol; `watch`: tower
    status and alerts; `schema`: print the JSON schema of the messages, and end."""
    path: str = field(default="-", metadata=named())
    """File of JSON lines, `-` for stdout; folder of the Parquet files; folder of the watcher's tables, `-` for none."""
    speed: str = field(default="max", metadata={"rule": ("be real, max, or a factor such as x60", _is_speed)})
    """`real`: as the messages were received; `x60`: sixty times as fast; `max`: as fast as possible."""
    source: str | None = None
    """An existing stream that is read instead of a world: a file of JSON lines (`-` for stdin), a folder of Parquet
    files, or `kafka` for the topic of `stream.kafka`; null: the world or the records of `generator` or `data`."""
    follow: bool = False
    """Whether to wait for more at the end of a file or folder that is still being written."""
    kinds: list[str] = field(default_factory=lambda: list(KINDS))
    """Kinds of message; those that the world does not have are left out."""
    batch_s: int = field(default=600, metadata=within(1, 31_536_000))
    """Time that one Parquet file covers [s], by `received_at`."""
    kafka: KafkaSettings = field(default_factory=KafkaSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent."""
        unknown = [each for each in self.kinds if each not in KINDS]
        if unknown or not self.kinds:
            yield Fault(f"{key}.kinds", f"name kinds of message, of {', '.join(KINDS)}", self.kinds)
        if self.sink == "parquet" and self.path == "-":
            yield Fault(f"{key}.path", f"be the name of a folder with {key}.sink=parquet", self.path)
        if self.sink == "watch" and self.watch.engine == "spark":
            yield from self._spark_faults(key)
        if self.sink == "kafka" and self.source == "kafka":
            yield Fault(f"{key}.source", "not be the log that is written to", self.source)

    def _spark_faults(self, key: str) -> Iterator[Fault]:
        if self.source in (None, "-", "kafka"):
            rule = f"be a folder that {key}.sink=parquet has written, with {key}.watch.engine=spark"
            yield Fault(f"{key}.source", rule, self.source)
        if self.path == "-":
            yield Fault(f"{key}.path", f"be the name of a folder with {key}.watch.engine=spark", self.path)

    @property
    def factor(self) -> float:
        """How many times as fast as real time; infinity for `max`."""
        found = SPEED.fullmatch(self.speed)
        return float(found[1]) if found else float("inf") if self.speed == "max" else 1.0


@dataclass
class StreamRunSettings:
    """`cdrbench stream`: plays a world or records in event time."""

    data: str | None = None
    """A folder written by this program, or your own files (as for `generator.path` of `generator=cdr_file`)."""
    generator: Any = None
    """A simulated world; or how your own files are read."""
    anomaly: dict[str, Any] = field(default_factory=dict)
    stream: StreamSettings = field(default_factory=StreamSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    workers: int = field(default=0, metadata=at_least(0))
    trusted_packages: list[str] = field(default_factory=list)


def schemas() -> dict[str, type]:
    """Return the dataclass behind the configuration."""
    return {"stream": StreamRunSettings}
