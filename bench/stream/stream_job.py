"""One stream, from its source to its sink."""

import json
from collections.abc import Iterator
from pathlib import Path

from bench.host.console import progress_bars
from bench.host.processors import usable
from bench.stream.chunk import Chunk
from bench.stream.json_lines import JsonLinesFile, StandardOutput
from bench.stream.kafka_log import KafkaLog
from bench.stream.kafka_reader import read_log
from bench.stream.messages import END, START, json_schema
from bench.stream.pace import Pace
from bench.stream.parquet_folder import ParquetFolder
from bench.stream.read_stream import read_folder, read_lines
from bench.stream.sink import Sink, report
from bench.stream.spark_watcher import watch_by_spark
from bench.stream.stream_settings import StreamRunSettings, StreamSettings
from bench.stream.watch_sink import WatchSink
from bench.stream.world_stream import WorldStream
from bench.worlds.places import Place
from bench.worlds.store import find_or_make, world_of


def run(settings: StreamRunSettings) -> None:
    """Play the stream that the settings describe, or print the schema of its messages.

    Raises
    ------
    UserError
        When the source cannot be read, or the sink not be written.
    """
    if settings.stream.sink == "schema":
        print(json.dumps(json_schema(), indent=1))
        return
    if settings.stream.sink == "watch" and settings.stream.watch.engine == "spark":
        watch_by_spark(Path(str(settings.stream.source)), Path(settings.stream.path), settings.stream.watch)
        return
    played(_source(settings), _sink(settings.stream), Pace(settings.stream.factor))


def played(chunks: Iterator[Chunk], sink: Sink, pace: Pace) -> None:
    """Bring the messages of a stream to a sink, each when it is due; those that are already there are passed over."""
    last, complete = -1, False
    try:
        for chunk in chunks:
            if chunk.first == 0:
                last = _begun(chunk, sink)
            for part in pace.due(chunk.after(last)):
                if part.size:
                    sink.put(part)
                if pace.factor < float("inf"):
                    sink.flush()
            complete = END in chunk.frames
    except BaseException:
        sink.close(complete=False)
        raise
    sink.close(complete)


def _begun(chunk: Chunk, sink: Sink) -> int:
    """Prepare the sink for the stream whose first message is in a chunk; return the last number that it has."""
    start = chunk.frames[START]
    last = sink.begin(str(start["stream"][0]), start["towers"][0].to_list())
    if last >= 0:
        report(f"{last + 1:,} messages of this stream are already there; going on after them")
    return last


def _source(settings: StreamRunSettings) -> Iterator[Chunk]:
    stream = settings.stream
    if stream.source is None:
        return WorldStream(_place(settings), stream.kinds).chunks()
    if stream.source == "kafka":
        return read_log(stream.kafka)
    if Path(stream.source).is_dir():
        return read_folder(Path(stream.source), stream.follow)
    return read_lines(stream.source, stream.follow)


def _place(settings: StreamRunSettings) -> Place:
    """Return where the tables are; the world is found or made first, unless it was exported."""
    place = None if settings.data is None else Place.of(Path(settings.data))
    if place is not None:
        return place
    world = world_of(settings.generator, settings.anomaly)
    with progress_bars() as progress:
        stored = find_or_make(world, Path(settings.store.worlds), settings.workers or usable(), progress)
    return Place.stored(stored.folder)


def _sink(stream: StreamSettings) -> Sink:
    if stream.sink == "parquet":
        return ParquetFolder(Path(stream.path), stream.batch_s)
    if stream.sink == "kafka":
        return KafkaLog(stream.kafka)
    if stream.sink == "jsonl":
        return StandardOutput() if stream.path == "-" else JsonLinesFile(Path(stream.path))
    return WatchSink(stream.watch, None if stream.path == "-" else Path(stream.path))
