"""Send a world to a Kafka log, as the command does: `python produce.py DATA BROKER TOPIC`; prints a line first."""

import sys
from pathlib import Path

from bench.stream.chunk import cut
from bench.stream.kafka_log import KafkaLog
from bench.stream.pace import Pace
from bench.stream.stream_job import played
from bench.stream.stream_settings import KINDS, KafkaSettings
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place

data, broker, topic = sys.argv[1:]
place = Place.of(Path(data))
assert place is not None
print("begins", flush=True)
parts = (part for chunk in WorldStream(place, KINDS).chunks() for part in cut(chunk, 500))
played(parts, KafkaLog(KafkaSettings(broker, topic)), Pace(float("inf")))
