"""Read a stream from a log that speaks the Kafka protocol, in the order of its messages' numbers.

Partitions have no common order. The numbers of the messages restore it, and a message that a producer has sent twice is
taken once. What comes before its turn waits in memory.
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.faults import UserError
from bench.stream.chunk import Chunk
from bench.stream.kafka_client import Absence, Topics, client, cluster, library
from bench.stream.read_stream import in_order
from bench.stream.stream_settings import KafkaSettings

HEAD = re.compile(rb'\{"type":"(\w+)","stream":"([0-9a-f]{16})","sequence":(\d+),')
AT_ONCE = 10_000
WAIT_S = 0.2
READING = {
    "group.id": "cdrbench",
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "allow.auto.create.topics": False,
    "fetch.wait.max.ms": 100,
}


def read_log(settings: KafkaSettings) -> Iterator[Chunk]:
    """Yield the messages of a topic from its beginning to the end of its stream, waiting for those to come.

    Raises
    ------
    UserError
        When no broker answers, a message does not come for `patience_s`, or something else is in the topic.
    """
    reader = _Reader(settings)
    try:
        yield from in_order(reader.lines(), f"topic {settings.topic}")
    finally:
        reader.close()


@dataclass
class _Reader:
    """Reads all partitions of all topics of a stream."""

    settings: KafkaSettings
    _next: int = 0
    _early: dict[int, bytes] = field(default_factory=dict)
    """Messages that came before their turn."""
    _stream: bytes = b""

    def __post_init__(self) -> None:
        self._absence = Absence(self.settings.brokers)
        self._topics = Topics(self.settings)
        self._consumer = client("Consumer", self.settings, READING, self._absence.noticed)
        self._assigned: set[tuple[str, int]] = set()

    def lines(self) -> Iterator[list[bytes]]:
        """Yield consecutive messages as lines of JSON."""
        self._assign([])
        heard = time.monotonic()
        while True:
            found = self._consumer.consume(AT_ONCE, WAIT_S)
            for message in found:
                self._take(message)
            ready = self._ready()
            if ready:
                heard = time.monotonic()
                if self._next == len(ready) and self.settings.per_tower:
                    self._assign(json.loads(ready[0])["towers"])
                yield ready
            elif time.monotonic() > heard + self.settings.patience_s:
                raise UserError(
                    f"stream.kafka.topic: message {self._next} of {self.settings.topic} has not come within "
                    f"stream.kafka.patience_s={self.settings.patience_s:g}; {len(self._early):,} later ones have"
                )

    def close(self) -> None:
        """Leave the brokers."""
        self._consumer.close()

    def _take(self, message: Any) -> None:
        """Keep a message until its turn."""
        if message.error() is not None:
            self._absence.noticed(message.error())
            return
        self._absence.over()
        head = HEAD.match(message.value() or b"")
        place = f"partition {message.partition()} of topic {message.topic()}"
        if head is None:
            raise UserError(f"stream.kafka.topic must hold a stream, got {place}: {message.value()!r:.60}")
        self._stream = self._stream or head[2]
        if head[2] != self._stream:
            raise UserError(f"stream.kafka.topic must hold one stream, got {place}, with {self._stream!r}, {head[2]!r}")
        if int(head[3]) >= self._next:
            self._early[int(head[3])] = message.value()

    def _ready(self) -> list[bytes]:
        """Return the messages whose turn has come."""
        found = []
        while (line := self._early.pop(self._next, None)) is not None:
            found.append(line)
            self._next += 1
        return found

    def _assign(self, towers: list[str]) -> None:
        """Read every partition of the topics of some sites, from the beginning; those already read go on."""
        kafka = library()
        end = time.monotonic() + self.settings.patience_s
        wanted = self._topics.all(towers)
        while True:
            there = cluster(self._consumer, self.settings, self._absence).topics
            missing = sorted(wanted.keys() - there.keys())
            if not missing:
                break
            if time.monotonic() > end:
                raise UserError(f"stream.kafka.topic must be one that exists, got {missing[0]}")
            time.sleep(WAIT_S)
        places = {(name, number) for name in wanted for number in there[name].partitions} - self._assigned
        begin = [kafka.TopicPartition(*place, kafka.OFFSET_BEGINNING) for place in sorted(places)]
        self._consumer.incremental_assign(begin)
        self._assigned |= places
