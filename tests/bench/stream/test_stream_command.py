"""The command `cdrbench stream`, as a user types it: examples, refusals, pipes, kills."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jsonschema
import polars as pl
import pytest
from made_up_worlds import made_up
from programs import ended, started

from bench.faults import UserError, faults_of
from bench.stream import batch
from bench.stream.chunk import json_lines
from bench.stream.messages import json_schema
from bench.stream.read_stream import read_lines
from bench.stream.stream_job import run
from bench.stream.stream_settings import KINDS, StreamRunSettings, StreamSettings, WatchSettings
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place

ROOT = Path(__file__).parents[3]
PROGRAM = (sys.executable, "-m", "bench.commands.stream")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made_up(tmp_path_factory.mktemp("one") / "world", 1, minutes=60)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return made_up(tmp_path_factory.mktemp("large") / "world", 2, minutes=1500, rows=5000)


def lines(place: Place) -> bytes:
    return b"".join(line for chunk in WorldStream(place, KINDS).chunks() for line in chunk.lines)


def test_a_folder_is_streamed_to_stdout_and_through_a_pipe_to_the_watcher(place: Place, workplace: Path) -> None:
    settings = ["stream.source=-", "stream.sink=watch", "stream.path=watched", "stream.watch.most_failures=0.3",
                "stream.watch.lateness_s=200"]  # fmt: skip
    options = {"env": environment(), "cwd": workplace}
    with subprocess.Popen([*PROGRAM, f"data={place.data}"], stdout=subprocess.PIPE, **options) as first:
        alerts = subprocess.run(
            [*PROGRAM, *settings], stdin=first.stdout, stdout=subprocess.PIPE, check=True, **options
        )
        assert first.wait() == 0
    assert b"Hellos failed" in alerts.stdout
    windows = batch.tower_windows(place.data, WatchSettings(most_failures=0.3, lateness_s=200))
    assert pl.read_parquet("watched/tower_windows.parquet").equals(windows)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "HYDRA_FULL_ERROR": "0"}


def test_the_schema_is_printed_and_is_that_of_the_messages(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    run(StreamRunSettings(stream=StreamSettings("schema")))
    schema = json.loads(capsys.readouterr().out)
    assert schema == json_schema()
    validator = jsonschema.Draft202012Validator(schema)
    assert all(validator.is_valid(json.loads(line)) for line in lines(place).splitlines()[:200])


@pytest.mark.slow
def test_own_records_are_streamed(workplace: Path) -> None:
    rows = [f"{who},b,2024-03-0{day} 0{day}:00:00,{10 * day}\n" for day in (1, 2, 3) for who in "xyz"]
    Path("cdr.csv").write_text("".join(["caller_id,callee_id,call_start_ts,call_duration\n", *rows]))
    settings = ("stream", "generator=cdr_file", "data=cdr.csv", "stream.path=x.jsonl")
    assert ended(*settings)[0] == 0
    found = [json.loads(line) for line in Path("x.jsonl").read_text().splitlines()]
    assert [each["type"] for each in found] == ["start", *["call"] * 9, "end"]
    assert [each["call_duration"] for each in found[1:-1]] == [10] * 3 + [20] * 3 + [30] * 3
    assert ended(*settings)[2] == "11 messages of this stream are already there; going on after them\n"
    rule = "must be a folder that cdrbench generate has written, or be read by generator=cdr_file"
    assert ended("stream", "data=nowhere") == (2, "", f"data {rule}, got 'nowhere'\n")


def test_what_cannot_be_is_refused_in_one_line_each(workplace: Path) -> None:
    settings = ("stream.speed=fast", "stream.batch_s=0", "stream.watch.slide_s=8", "stream.kafka.topic='a b'")
    assert ended("stream", *settings) == (
        2,
        "",
        "stream.speed must be real, max, or a factor such as x60, got 'fast'\n"
        "stream.batch_s must be in [1, 31536000], got 0\n"
        "stream.kafka.topic must be 1 to 200 letters, digits, dots, hyphens or underscores, got 'a b'\n"
        "stream.watch.window_s must be a multiple of slide_s (8), got 21\n",
    )
    assert not list(workplace.iterdir())


def test_settings_that_contradict_each_other_are_all_named() -> None:
    assert [str(each) for each in faults_of(StreamSettings("parquet", kinds=["event", "label"]), "stream")] == [
        "stream.kinds must name kinds of message, of event, move, tower_status, call, got ['event', 'label']",
        "stream.path must be the name of a folder with stream.sink=parquet, got '-'",
    ]
    assert [str(each) for each in faults_of(StreamSettings("kafka", source="kafka", kinds=[]), "stream")] == [
        "stream.kinds must name kinds of message, of event, move, tower_status, call, got []",
        "stream.source must not be the log that is written to, got 'kafka'",
    ]
    spark = WatchSettings(engine="spark")
    assert [str(each) for each in faults_of(StreamSettings("watch", watch=spark), "stream")] == [
        "stream.source must be a folder that stream.sink=parquet has written, with stream.watch.engine=spark, got None",
        "stream.path must be the name of a folder with stream.watch.engine=spark, got '-'",
    ]
    assert [StreamSettings(speed=each).factor for each in ("real", "x2.5", "max")] == [1, 2.5, float("inf")]
    assert [str(each) for each in faults_of(StreamSettings(speed="x0"), "stream")] != []


def test_a_missing_source_is_named() -> None:
    with pytest.raises(UserError, match=r"^stream\.source must be a file that can be read, got nowhere \("):
        list(read_lines("nowhere", follow=False))


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    process = started("stream", f"data={made_up(tmp_path / 'world', 3, minutes=400).data}")
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().startswith('{"type":"start"')
    process.stdout.close()
    assert process.wait(60) == 128 + signal.SIGPIPE
    with process.stderr as errors:
        assert errors.read() == ""


@pytest.mark.slow
def test_an_interruption_leaves_whole_lines_and_can_be_continued(large: Place, workplace: Path) -> None:
    process = started("stream", f"data={large.data}", "stream.path=x.jsonl", "stream.speed=x100")
    wait_for(Path("x.jsonl"), process)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=60)[1] == "interrupted\n"
    there = Path("x.jsonl").read_bytes()
    assert process.returncode == 130
    assert there.endswith(b"\n")
    assert lines(large).startswith(there)
    assert len(there) < len(lines(large))
    assert ended("stream", f"data={large.data}", "stream.path=x.jsonl")[0] == 0
    assert Path("x.jsonl").read_bytes() == lines(large)


def wait_for(path: Path, process: "subprocess.Popen[str]") -> None:
    """Wait until a file has something in it."""
    while not (path.exists() and path.stat().st_size):
        assert process.poll() is None
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("sink", ["jsonl", "parquet"])
def test_kills_at_random_moments_change_nothing(large: Place, workplace: Path, sink: str) -> None:
    """kill -9 at twenty moments after the first output; in the end the same bytes as without."""
    settings = (f"data={large.data}", f"stream.sink={sink}", "stream.speed=x9000", "stream.batch_s=300")
    draw, killed = random.Random(1), 0
    for _ in range(20):
        process = started("stream", *settings, "stream.path=x")
        time.sleep(draw.uniform(1.5, 5.0))
        killed += process.poll() is None
        process.kill()
        process.communicate()
    assert killed > 3
    for path in ("x", "whole"):
        assert ended("stream", *settings[:2], "stream.batch_s=300", f"stream.path={path}")[0] == 0
    assert contents(Path("x")) == contents(Path("whole"))


def contents(path: Path) -> dict[str, bytes]:
    """Return a file, or the files of a folder."""
    files = path.iterdir() if path.is_dir() else [path]
    return {"" if each == path else each.name: each.read_bytes() for each in files}


def test_lines_have_any_text() -> None:
    frame = pl.DataFrame({"type": ['"\\\n\u2028\x00é😀']})
    assert json.loads(json_lines(frame)[0]) == {"type": '"\\\n\u2028\x00é😀'}
