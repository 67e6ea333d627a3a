"""The world behind `generator=cdr_file`: files of call records, laid out like a simulated world."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.faults import Fault, SettingsError, UserError
from bench.generator import Progress, silent
from bench.schema import CALLS, DATA_TABLES, ORIGINS
from bench.truth import Truth
from generators.own_records.byte_streams import digest, input_files
from generators.own_records.calls import IDENTITIES, Calls, in_order
from generators.own_records.column_settings import LABEL_COLUMNS
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import RecordFile
from generators.own_records.labels import labels_in, labels_of
from generators.own_records.pseudonyms import Naming, Plainly, Pseudonyms, key_in
from generators.own_records.reading import Records
from generators.own_records.summary import ReadingSummary
from generators.sources import plugged_sources, world_code
from generators.tables.columns import ParquetRows, write_parquet

LIBRARIES = ("numpy", "polars", "pyarrow")
MOST_ANOMALOUS = 0.5
NOT_IN_RECIPE = ("path", "truth", "key_file")
"""Settings that are paths; their contents are part of the recipe, as digests."""


class CdrFile:
    """Your own records, with or without injected anomalies; nothing is read before `recipe` or `make`.

    Raises
    ------
    SettingsError
        When types are chosen without a ratio, or a ratio without types.
    """

    def __init__(self, settings: CdrFileSettings, anomalies: Mapping[str, Any]) -> None:
        acting = any(each.share > 0 for each in anomalies.values())
        if acting != bool(settings.anomaly_ratio):
            rule = "be above 0 where types are chosen (anomaly=[...]), and 0 where none are"
            raise SettingsError([Fault("generator.anomaly_ratio", rule, settings.anomaly_ratio)])
        self.settings = settings
        self.anomalies = dict(anomalies) if acting else {}
        self.files = [RecordFile(path, settings.dialect) for path in input_files(settings.path, settings.files)]
        named = next((file for file in self.files if not file.is_blank), self.files[0])
        self.header = named.names
        self.columns = settings.columns.found_in(self.header)

    def twin(self) -> None:
        """Return None: real records have no version without their anomalies."""

    def recipe(self) -> dict[str, Any]:
        """Return everything that decides the bytes of this world; of the key only a digest."""
        settings = {name: value for name, value in asdict(self.settings).items() if name not in NOT_IN_RECIPE}
        return {
            "settings": settings,
            "columns": self.columns,
            "inputs": [
                {"name": path.name, "blake2b": content_digest} for path, content_digest in self._digests.items()
            ],
            "truth": None if self.settings.truth is None else [digest(path) for path in self._truth_files()],
            "key": self._naming.digest if isinstance(self._naming, Pseudonyms) else None,
            "anomalies": {name: asdict(each) for name, each in sorted(self.anomalies.items())},
            "sources": _code(bool(self.anomalies)),
            "plug_ins": plugged_sources(self.anomalies),
            "versions": {name: version(name) for name in LIBRARIES},
        }

    def make(self, folder: Path, workers: int, progress: Progress) -> dict[str, Any]:
        """Write the tables to `folder/data` and the truth to `folder/truth`; return counts for the manifest."""
        data, truth = folder / "data", folder / "truth"
        data.mkdir(parents=True)
        truth.mkdir()
        records = self._read(progress)
        progress("reading the calls", 1, 1)
        records.finish()
        calls = in_order(records, self.columns, self._naming)
        summary = ReadingSummary(records, calls, self.files)
        dropped, filled = summary.dropped, calls.filled
        if self.anomalies:
            from generators.own_records.injected_records import injected  # noqa: PLC0415 - loads the simulator

            lines = summary.lines(None)
            calls, counts = injected(calls, self.settings, self.anomalies, self._naming, truth)
        else:
            counts = self._label(calls, truth)
            lines = summary.lines(counts["anomalous_calls"] if self._labelled else None)
        print("\n".join(lines))
        self._write_data(data, calls)
        write_parquet(folder / f"{ORIGINS.name}.parquet", calls.origins.table())
        return {**counts, "labelled": self._labelled, "filled": filled, "dropped": dropped}

    def revealed(self, names: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return the kind and the original of the given pseudonyms that occur in these records; see `Pseudonymous`."""
        key_file = Path(self.settings.key_file)
        if not self.settings.pseudonyms or not key_file.exists():
            rule = "be the file with the key of the pseudonyms, and generator.pseudonyms true"
            raise SettingsError([Fault("generator.key_file", rule, str(key_file))])
        records, wanted = self._read(silent), set(names)
        found: dict[str, tuple[str, str]] = {}
        for kind in IDENTITIES:
            texts = records.vocabularies[kind].texts
            given = self._naming.named(kind, texts).to_pylist()
            found |= {name: (kind, text) for name, text in zip(given, texts, strict=True) if name in wanted}
        return found

    def _label(self, calls: Calls, truth: Path) -> dict[str, Any]:
        """Write the labels of the files as truth; return counts."""
        given = self.settings.truth
        tables = labels_of(calls) if given is None else labels_in(Path(given), calls, self._naming)
        for name, table in tables.items():
            write_parquet(truth / f"{name}.parquet", table)
        counts = _label_counts(Truth(truth), calls)
        if given is None and counts["anomaly_ratio"] > MOST_ANOMALOUS and not self.settings.mostly_anomalous:
            raise UserError(
                "generator.mostly_anomalous must be true where more than half of the calls are labelled as anomalies "
                f"({counts['anomalous_calls']:,} of {counts['calls']:,} are; generator.labels says what the words "
                "mean), got false"
            )
        return counts

    def _read(self, progress: Progress) -> Records:
        records = Records(self.settings, self.header)
        total = sum(file.path.stat().st_size for file in self.files) + 1
        done = 0
        for file in self.files:
            if not file.is_blank:
                for batch in file.pieces({**self.columns, **records.filter.columns}):
                    records.take(batch)
            done += file.path.stat().st_size
            progress("reading the calls", done, total)
            if digest(file.path) != self._digests[file.path]:
                raise UserError(f"{file.path} has changed while it was read")
        return records

    def _write_data(self, data: Path, calls: Calls) -> None:
        file = ParquetRows(data / "calls.parquet", CALLS.arrow)
        calls.write(file)
        file.close()
        write_parquet(data / "users.parquet", calls.users())
        write_parquet(data / "cells.parquet", calls.cells())
        for name in DATA_TABLES.keys() - {"calls", "users", "cells"}:
            write_parquet(data / f"{name}.parquet", DATA_TABLES[name].arrow.empty_table())
        (data / "clock.json").write_text(json.dumps(asdict(calls.clock), indent=1) + "\n")

    @property
    def _labelled(self) -> bool:
        given = self.settings.truth is not None or any(name in self.columns for name in LABEL_COLUMNS)
        return given or bool(self.anomalies)

    @cached_property
    def _digests(self) -> dict[Path, str]:
        return {file.path: digest(file.path) for file in self.files}

    @cached_property
    def _naming(self) -> Naming:
        return Pseudonyms(key_in(Path(self.settings.key_file))) if self.settings.pseudonyms else Plainly()

    def _truth_files(self) -> list[Path]:
        return [Path(str(self.settings.truth), f"{name}.parquet") for name in ("incidents", "truth")]


def _code(injecting: bool) -> str:
    """Return a digest of the code that reads files, and that injects: a change of it never finds an old world."""
    here = Path(__file__).parent
    return world_code(None if injecting else [*sorted(here.glob("*.py")), here.parent / "tables" / "columns.py"])


def _label_counts(truth: Truth, calls: Calls) -> dict[str, Any]:
    count = calls.start_ms.size
    labels = truth.call_labels(0, count)
    kinds = truth.table("incidents")["anomaly_type"].to_pylist()
    anomalous = int(labels.anomalous.sum())
    return {
        "calls": count,
        "anomalous_calls": anomalous,
        "anomaly_ratio": anomalous / count,
        "calls_by_type": {name: int((labels.type_code == code).sum()) for code, name in enumerate(labels.types)},
        "incidents_by_type": {name: kinds.count(name) for name in labels.types},
        "collateral_calls": int(labels.collateral.sum()),
    }
