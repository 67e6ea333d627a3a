"""What writing to a Kafka log and reading from it share: the optional library, topics, partitions, errors."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from zlib import crc32

from bench.faults import UserError
from bench.stream.sink import report
from bench.stream.stream_settings import KafkaSettings

EXTRA = "pip install 'cdrbench[kafka]'"
PARTITIONS = "partitions"
"""Header of each message: number of partitions of the topic, on which the place of a message depends."""
ILLEGAL = re.compile(r"[^\w.-]", re.ASCII)
LONGEST_S = 10.0
"""Longest time between two attempts to reach a broker [s]."""


def library() -> Any:
    """Return the module confluent_kafka.

    Raises
    ------
    UserError
        When it is not installed.
    """
    try:
        import_module("confluent_kafka.admin")
        return import_module("confluent_kafka")
    except ImportError as error:
        raise UserError(f"Kafka needs the library confluent-kafka ({error}): {EXTRA}") from error


def partition_of(tower: str | None, partitions: int) -> int:
    """Return the partition of a tower's messages: CRC-32 of its name, the rule `consistent` of librdkafka."""
    return crc32((tower or "").encode()) % partitions


@dataclass(frozen=True)
class Topics:
    """Names of topics: one for all sites, or one for each."""

    settings: KafkaSettings

    def of(self, tower: str | None) -> str:
        """Return the topic of a site's messages, or of those without a site."""
        if not self.settings.per_tower or tower is None:
            return self.settings.topic
        return f"{self.settings.topic}.{ILLEGAL.sub('_', tower)}"

    def all(self, towers: list[str]) -> dict[str, int]:
        """Return every topic, with the number of partitions that it is made with."""
        own = {self.of(tower): 1 for tower in towers} if self.settings.per_tower else {}
        return {self.settings.topic: 1 if self.settings.per_tower else self.settings.partitions, **own}


def client(kind: str, settings: KafkaSettings, own: Mapping[str, Any], on_error: Any) -> Any:
    """Return a Producer, Consumer or AdminClient; properties of the user's come last.

    Raises
    ------
    UserError
        When the library is missing, or does not know a property or its value.
    """
    kafka = library()
    quiet = {"log_level": 2, "error_cb": on_error, "reconnect.backoff.max.ms": int(1000 * LONGEST_S)}
    try:
        found = getattr(kafka.admin if kind == "AdminClient" else kafka, kind)
        return found({"bootstrap.servers": settings.brokers, **quiet, **own, **settings.options})
    except (kafka.KafkaException, TypeError, ValueError) as error:
        rule = "be properties of librdkafka and their values"
        raise UserError(
            f"stream.kafka.options must {rule}, got {settings.options} ({_reason(error.args[0])})"
        ) from error


@dataclass
class Absence:
    """Says on stderr that brokers are away, at growing intervals, and that they are back."""

    brokers: str
    _since_s: float = -1.0
    _next_s: float = 0.0
    _wait_s: float = 1.0

    def noticed(self, error: Any, waiting: int = -1) -> None:
        """Report an error of the connection."""
        now = time.monotonic()
        if self._since_s < 0:
            self._since_s, self._next_s, self._wait_s = now, now, 1.0
        if now >= self._next_s:
            kept = f"; {waiting:,} messages wait" if waiting >= 0 else ""
            report(f"no broker of {self.brokers} answers ({_reason(error)}): trying again{kept}")
            self._next_s, self._wait_s = now + self._wait_s, min(2 * self._wait_s, 60.0)

    def over(self) -> None:
        """Report that a broker answers again."""
        if self._since_s >= 0:
            report(f"a broker of {self.brokers} answers again, after {time.monotonic() - self._since_s:.0f} s")
        self._since_s = -1.0


def _reason(error: Any) -> str:
    return str(error.str() if hasattr(error, "str") else error).strip()


def cluster(client: Any, settings: KafkaSettings, absence: Absence, topic: str | None = None) -> Any:
    """Return what the brokers say of their topics, asking again until they answer.

    Raises
    ------
    UserError
        When none has answered for `patience_s`.
    """
    end, wait_s = time.monotonic() + settings.patience_s, 0.5
    while True:
        left_s = end - time.monotonic()
        try:
            found = client.list_topics(topic, timeout=max(min(left_s, 5.0), 0.1))
            absence.over()
            return found
        except library().KafkaException as error:
            if time.monotonic() + wait_s >= end:
                rule = f"be brokers that answer within stream.kafka.patience_s={settings.patience_s:g}"
                raise UserError(
                    f"stream.kafka.brokers must {rule}, got {settings.brokers} ({_reason(error.args[0])})"
                ) from error
            absence.noticed(error.args[0])
        time.sleep(wait_s)
        wait_s = min(2 * wait_s, LONGEST_S)
