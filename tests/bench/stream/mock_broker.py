"""A Kafka broker in a process of its own: the mock cluster of librdkafka. Prints its address; ends with its input."""

import sys

from confluent_kafka import Producer

broker = Producer({"bootstrap.servers": "127.0.0.1:1", "test.mock.num.brokers": 1, "log_level": 0})
first = next(iter(broker.list_topics(timeout=20).brokers.values()))
print(f"{first.host}:{first.port}", flush=True)
sys.stdin.read()
