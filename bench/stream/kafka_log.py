"""Send a stream to a log that speaks the Kafka protocol, and go on after what is already there.

The key of a message is its tower, which decides the partition, so the messages of a tower stay in order. The producer
is idempotent: what it sends again after an error is stored once. It keeps no state of its own: the last message of
each partition says where a killed producer has stopped, and each partition goes on from there.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.faults import UserError
from bench.host.read_json import json_of
from bench.stream.chunk import Chunk
from bench.stream.kafka_client import PARTITIONS, Absence, Topics, client, cluster, library, partition_of
from bench.stream.stream_settings import KafkaSettings

FULL = 100_000
"""Most messages that wait to be acknowledged."""
SENDING = {
    "enable.idempotence": True,
    "message.timeout.ms": 0,
    "linger.ms": 5,
    "queue.buffering.max.messages": FULL,
}
"""Properties of the producer; a message never expires, since one that did would be missing."""


@dataclass
class KafkaLog:
    """Sends messages; what a partition already has is not sent again."""

    settings: KafkaSettings
    _producer: Any = field(init=False, default=None)
    _absence: Absence = field(init=False)
    _reached: dict[tuple[str, int], int] = field(default_factory=dict)
    """Number of the last message of this stream in each partition that has any."""
    _partitions: dict[str, int] = field(default_factory=dict)
    _failure: Any = None

    def __post_init__(self) -> None:
        self._topics = Topics(self.settings)
        self._absence = Absence(self.settings.brokers)

    def begin(self, stream: str, towers: Sequence[str]) -> int:
        """Connect, make the topics that are missing, and look where the stream has stopped.

        Raises
        ------
        UserError
            When no broker answers, or a topic holds something other than this stream.
        """
        self._producer = client("Producer", self.settings, SENDING, self._on_error)
        wanted = self._topics.all(list(towers))
        there = cluster(self._producer, self.settings, self._absence).topics
        self._partitions = {name: len(there[name].partitions) for name in wanted if name in there}
        self._make({name: count for name, count in wanted.items() if name not in there})
        with _Tails(self.settings, self._absence) as tails:
            for place in self._places():
                message = tails.last(*place)
                if message is not None:
                    self._reached[place] = self._number(message, stream, place)
        complete = self._reached.keys() >= set(self._places()) and self._places()
        return min(self._reached.values()) if complete else -1

    def put(self, chunk: Chunk) -> None:
        """Send messages, waiting where too many are on their way.

        Raises
        ------
        UserError
            When the log refuses one, or the producer cannot go on.
        """
        for number, (line, tower) in enumerate(zip(chunk.lines, chunk.towers, strict=True), chunk.first):
            topic = self._topics.of(tower)
            partition = 0 if self.settings.per_tower else partition_of(tower, self._partitions[topic])
            if number > self._reached.get((topic, partition), -1):
                self._send(topic, partition, tower, line)
        self._producer.poll(0)
        self._check()

    def flush(self) -> None:
        """Serve what the brokers have answered; messages leave by themselves."""
        self._producer.poll(0)
        self._check()

    def close(self, complete: bool) -> None:
        """Wait until everything is acknowledged, as long as it takes."""
        if self._producer is None:
            return
        while self._producer.flush(1.0) and self._failure is None:
            pass
        self._check()

    def _send(self, topic: str, partition: int, tower: str | None, line: bytes) -> None:
        headers = [(PARTITIONS, str(self._partitions[topic]).encode())]
        while True:
            try:
                self._producer.produce(
                    topic, line[:-1], key=tower, partition=partition, headers=headers, on_delivery=self._delivered
                )
                return
            except BufferError:
                self._producer.poll(0.1)
                self._check()
            except library().KafkaException as error:
                self._failure = error.args[0]
                self._check()

    def _delivered(self, error: Any, message: Any) -> None:
        if error is None:
            self._absence.over()
        elif self._failure is None:
            self._failure = error

    def _on_error(self, error: Any) -> None:
        if error.fatal():
            self._failure = error
        elif self._producer is not None:
            self._absence.noticed(error, len(self._producer))

    def _check(self) -> None:
        if self._failure is not None:
            reason = self._failure.str()
            raise UserError(
                f"stream.kafka.brokers={self.settings.brokers}: a message was not stored ({reason}); the same command "
                "goes on after those that were"
            )

    def _places(self) -> list[tuple[str, int]]:
        """Return every partition that messages may be in."""
        only = 1 if self.settings.per_tower else None
        return [(name, number) for name, count in self._partitions.items() for number in range(only or count)]

    def _make(self, missing: dict[str, int]) -> None:
        """Make topics; where brokers do not allow that, asking for a topic makes it."""
        if not missing:
            return
        admin = client("AdminClient", self.settings, {}, self._on_error)
        new = [library().admin.NewTopic(name, num_partitions=count) for name, count in missing.items()]
        refused = list(_refusals(admin.create_topics(new, request_timeout=5.0)))
        for name in missing:
            found = self._made(name)
            if not found:
                raise UserError(f"stream.kafka.topic: the brokers do not make the topic {name} ({'; '.join(refused)})")
            self._partitions[name] = found

    def _made(self, name: str) -> int:
        """Return the number of partitions of a topic that was asked for, 0 if it does not appear."""
        end = time.monotonic() + self.settings.patience_s
        while time.monotonic() < end:
            topic = cluster(self._producer, self.settings, self._absence, name).topics.get(name)
            if topic is not None and topic.error is None and topic.partitions:
                return len(topic.partitions)
            time.sleep(0.1)
        return 0

    def _number(self, message: Any, stream: str, place: tuple[str, int]) -> int:
        """Return the number of the last message in a partition."""
        where = f"{self.settings.topic}: partition {place[1]} of topic {place[0]}"
        partitions = dict(message.headers() or ()).get(PARTITIONS, b"").decode(errors="replace")
        try:
            content = json_of(message.value().decode())
            found, number = str(content["stream"]), int(content["sequence"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            rule = "must be new, or hold this stream only"
            raise UserError(f"stream.kafka.topic {rule}, got {where} ends with something else") from error
        if found != stream:
            rule = f"must be new, or hold this stream only ({stream})"
            raise UserError(f"stream.kafka.topic {rule}, got {where} ends with stream {found}; name another topic")
        if partitions != str(self._partitions[place[0]]):
            rule = f"have the {partitions} partitions with which the stream was begun"
            raise UserError(f"stream.kafka.topic must {rule}, got {where}, of {self._partitions[place[0]]}")
        return number


def _refusals(futures: Any) -> Iterator[str]:
    """Yield the reason of each topic that was not made."""
    for future in futures.values():
        try:
            future.result()
        except library().KafkaException as error:
            yield str(error.args[0].str())


class _Tails:
    """Reads the last message of partitions."""

    def __init__(self, settings: KafkaSettings, absence: Absence) -> None:
        own = {"group.id": "cdrbench", "enable.auto.commit": False, "allow.auto.create.topics": False}
        self._consumer = client("Consumer", settings, own, absence.noticed)
        self._patience_s = settings.patience_s

    def __enter__(self) -> "_Tails":
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def last(self, topic: str, partition: int) -> Any:
        """Return the last message of a partition, None if there never was one.

        Raises
        ------
        UserError
            When the log has deleted it, or does not give it.
        """
        kafka = library()
        place = f"partition {partition} of topic {topic}"
        try:
            low, high = self._consumer.get_watermark_offsets(kafka.TopicPartition(topic, partition), self._patience_s)
        except kafka.KafkaException as error:
            raise UserError(f"stream.kafka.brokers: {place} cannot be read ({error.args[0].str()})") from error
        if high <= 0:
            return None
        if low >= high:
            raise UserError(f"stream.kafka.topic must still hold its last messages, got {place}, which is empty again")
        self._consumer.assign([kafka.TopicPartition(topic, partition, high - 1)])
        end = time.monotonic() + self._patience_s
        while time.monotonic() < end:
            message = self._consumer.poll(0.5)
            if message is not None and message.error() is None:
                return message
        raise UserError(f"stream.kafka.brokers: the last message of {place} was not given")
