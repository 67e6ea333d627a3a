"""How to read a file of call records. Light: what is heavy is imported when there is a file to look at."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from re import fullmatch
from typing import Any
from zoneinfo import ZoneInfo

from omegaconf import MISSING

from bench.faults import Fault, UserError, one_of, within

REQUIRED = ("caller_id", "callee_id", "call_start_ts")
LENGTH = ("call_duration", "call_end_ts")
"""One of these two is required as well; where both are there, the first counts."""
NEUTRAL = {
    "call_id": "call_ and a number in order of the start",
    "outcome": "answered where the call lasted, else missed",
    "callee_type": "subscriber",
    "first_cell_id": "the last cell, else unknown",
    "last_cell_id": "the first cell, else unknown",
    "caller_imei": "unknown",
    "caller_imsi": "unknown",
    "callee_imsi": "unknown",
    "callee_number": "unknown",
}
"""What stands in for an optional column that is not there, and for its empty fields."""
LABEL_COLUMNS = ("is_anomaly", "anomaly_type", "incident_id")
TIME_WORDS = ("iso", "epoch_s", "epoch_ms")
NORMAL, UNNAMED_TYPE = "normal", "anomaly"
"""What `labels` calls records that are no anomaly, and anomalies of which the file does not tell the type."""
TYPE_NAME = r"[A-Za-z0-9_.-]{1,60}"
TRUE, FALSE = ("true", "1", "1.0", "yes", "t", "y"), ("false", "0", "0.0", "no", "f", "n")
MISSING_WORDS = ("-", "-1", "\\N", "anonymous", "n/a", "na", "nan", "none", "null", "private", "restricted",
                 "unavailable", "unknown", "withheld")  # fmt: skip
"""What exports write where they know of no party, SIM, device or cell."""


@dataclass
class Columns:
    """Column of the file for each of our columns. Empty: the one of the same name, if there is one; null: none."""

    caller_id: str | None = ""
    """Column that is our `caller_id`; empty: the one of that name; null: none."""
    callee_id: str | None = ""
    """Column that is our `callee_id`; empty: the one of that name; null: none."""
    call_start_ts: str | None = ""
    """Column that is our `call_start_ts`; empty: the one of that name; null: none."""
    call_duration: str | None = ""
    """Column that is our `call_duration`; empty: the one of that name; null: none."""
    call_end_ts: str | None = ""
    """Column that is our `call_end_ts`; empty: the one of that name; null: none."""
    call_id: str | None = ""
    """Column that is our `call_id`; empty: the one of that name; null: none."""
    outcome: str | None = ""
    """Column that is our `outcome`; empty: the one of that name; null: none."""
    callee_type: str | None = ""
    """Column that is our `callee_type`; empty: the one of that name; null: none."""
    first_cell_id: str | None = ""
    """Column that is our `first_cell_id`; empty: the one of that name; null: none."""
    last_cell_id: str | None = ""
    """Column that is our `last_cell_id`; empty: the one of that name; null: none."""
    caller_imei: str | None = ""
    """Column that is our `caller_imei`; empty: the one of that name; null: none."""
    caller_imsi: str | None = ""
    """Column that is our `caller_imsi`; empty: the one of that name; null: none."""
    callee_imsi: str | None = ""
    """Column that is our `callee_imsi`; empty: the one of that name; null: none."""
    callee_number: str | None = ""
    """Column that is our `callee_number`; empty: the one of that name; null: none."""
    is_anomaly: str | None = ""
    """Column that is our `is_anomaly`; empty: the one of that name; null: none."""
    anomaly_type: str | None = ""
    """Column that is our `anomaly_type`; empty: the one of that name; null: none."""
    incident_id: str | None = ""
    """Column that is our `incident_id`; empty: the one of that name; null: none."""

    def found_in(self, header: list[str]) -> dict[str, str]:
        """Return the file's column by our name, of those that are to be read."""
        chosen = {name: name if name in header else None for name, column in asdict(self).items() if column == ""}
        return {name: column for name, column in {**asdict(self), **chosen}.items() if column is not None}


@dataclass
class Words:
    """The file's words for each of our words, in any case of letters. Our own words are understood anyway."""

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield a fault for each word with two meanings."""
        seen: dict[str, str] = {}
        for name, given in asdict(self).items():
            for word in (each.casefold() for each in given):
                if word in seen or (word != name and word in asdict(self)):
                    yield Fault(f"{key}.{name}", f"not have what means {seen.get(word, word)} already", word)
                seen[word] = name

    def meanings(self) -> dict[str, str]:
        """Return our word by each word of the file."""
        own = {item.name: item.name for item in fields(self)}
        return {**own, **{word: name for name, given in asdict(self).items() for word in given}}


@dataclass
class Outcomes(Words):
    """What the file calls the outcomes of calls."""

    answered: list[str] = field(default_factory=list)
    """The file's words for a call that is answered."""
    missed: list[str] = field(default_factory=list)
    """The file's words for a call that is missed."""
    busy: list[str] = field(default_factory=list)
    """The file's words for a call that is busy."""
    failed: list[str] = field(default_factory=list)
    """The file's words for a call that is failed."""


@dataclass
class CalleeTypes(Words):
    """What the file calls the kinds of parties that are called."""

    subscriber: list[str] = field(default_factory=list)
    """The file's words for subscribers."""
    unlisted: list[str] = field(default_factory=list)
    """The file's words for numbers in no directory."""
    foreign: list[str] = field(default_factory=list)
    """The file's words for parties abroad."""
    premium: list[str] = field(default_factory=list)
    """The file's words for premium numbers."""


@dataclass
class CdrFileSettings:
    """Files of call records, and how to read them."""

    _target_: str = "generators.own_records.cdr_file.CdrFile"
    path: str = MISSING
    """A file, a folder or a pattern such as `cdr/*.csv`; CSV (also .csv.gz) and Parquet, by the ending."""
    columns: Columns = field(default_factory=Columns)
    """Which column of the file is which of ours."""
    delimiter: str = ","
    """What parts the fields of a CSV file: one character."""
    time_format: str = "iso"
    """`iso` (ISO 8601), `epoch_s`, `epoch_ms`, or a pattern such as `%d/%m/%Y %H:%M:%S`."""
    time_zone: str = "UTC"
    """Local time of the data: of times without a zone, and of nights and weekends."""
    duration_unit: str = field(default="s", metadata=one_of("s", "ms", "min"))
    """Unit of `call_duration`."""
    outcomes: Outcomes = field(default_factory=Outcomes)
    """What the file's words for outcomes mean."""
    callee_types: CalleeTypes = field(default_factory=CalleeTypes)
    """What the file's words for kinds of parties mean."""
    labels: Any = None
    """What the file's words in `is_anomaly` and `anomaly_type` mean: of `normal` and of each type, a list of the file's
    words. `normal`, the types of the catalogue and, in `is_anomaly`, true, false, 1 and 0 are understood anyway."""
    mostly_anomalous: bool = False
    """Whether more than half of the calls may be labelled as anomalies: rare labels are usual, turned ones are not."""
    missing_words: list[str] = field(default_factory=lambda: list(MISSING_WORDS))
    """Words, whatever their case, that stand for no party, SIM, device or cell, as an empty field does."""
    missing_parties: str = field(default="refuse", metadata=one_of("refuse", "drop", "separate"))
    """What to do with a call whose caller or callee is missing: refuse the file, leave the call out and count it, or
    take each for another unknown party."""
    truth: str | None = None
    """Folder with `incidents.parquet` and `truth.parquet` as this program exports them; instead of label columns."""
    pseudonyms: bool = True
    """Whether numbers, SIMs and devices are replaced by keyed hashes."""
    anomaly_ratio: float | None = field(default=None, metadata=within(0, 0.5))
    """Share of the calls that are to be anomalous, by the types chosen as `anomaly`; null: the records as they are."""
    seed: int | None = field(default=None, metadata=within(0, 2**63 - 1))
    """Of the anomalies; null: 0."""
    key_file: str = "pseudonyms.key"
    """The key of the pseudonyms; made when it is not there. Whoever has it can tell whose pseudonym is whose."""

    @property
    def pattern(self) -> str:
        """The time format as polars has it, where a fraction is `%.f`."""
        return self.time_format.replace(".%f", "%.f")

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent, within the settings and with the files."""
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError):
            yield Fault(f"{key}.time_zone", "be a name of the IANA time zone database", self.time_zone)
        if self.time_format not in TIME_WORDS and ("%" not in self.time_format or "%f" in self.pattern):
            rule = f"be one of {', '.join(TIME_WORDS)}, or a pattern (with .%f for fractions of a second)"
            yield Fault(f"{key}.time_format", rule, self.time_format)
        yield from self._label_faults(f"{key}.labels")
        if len(self.delimiter.encode()) != 1:
            yield Fault(f"{key}.delimiter", "be one character", self.delimiter)
        elif not self.path:
            yield Fault(f"{key}.path", "be a file, a folder or a pattern", self.path)
        else:
            yield from self._file_faults(key)

    @property
    def label_words(self) -> dict[str, list[str]]:
        """The file's words for `normal` and for each type, as texts."""
        return {str(name): [str(word) for word in words] for name, words in (self.labels or {}).items()}

    def _label_faults(self, key: str) -> Iterator[Fault]:
        given = {} if self.labels is None else self.labels
        if not isinstance(given, dict) or not all(isinstance(words, list) for words in given.values()):
            yield Fault(key, "give a list of words for normal and each type, as {normal: [ok]}", given)
            return
        seen: dict[str, str] = {}
        for name, words in self.label_words.items():
            if not fullmatch(TYPE_NAME, name) or name == "all":
                yield Fault(f"{key}.{name}", "be a type's name of letters, digits, _ - . (not `all`)", name)
            for word in (each.casefold() for each in words):
                if seen.setdefault(word, name) != name:
                    yield Fault(f"{key}.{name}", f"not have what means {seen[word]} already", word)

    def _file_faults(self, key: str) -> Iterator[Fault]:
        from generators.own_records.files import column_names, input_files  # noqa: PLC0415 - loads pyarrow

        try:
            headers = {str(path): column_names(path, self.delimiter) for path in input_files(self.path)}
        except UserError as error:
            yield Fault(f"{key}.path", f"be files of call records ({error})", self.path)
            return
        for file, header in headers.items():
            found = self.columns.found_in(header)
            yield from self._unfound(key, file, header, found)
            lacking = [name for name in REQUIRED if name not in found]
            if not set(LENGTH) & set(found):
                lacking.append("call_duration (or call_end_ts)")
            for name in lacking:
                yield Fault(f"{key}.columns.{name}", f"name a column of {file} ({', '.join(header)})", "")
        yield from self._column_faults(key, headers)

    def _unfound(self, key: str, file: str, header: list[str], found: dict[str, str]) -> Iterator[Fault]:
        for name, column in found.items():
            if column not in header:
                near = get_close_matches(column, header, 1, 0.5)
                yield Fault(f"{key}.columns.{name}", f"be a column of {file}", column, near[0] if near else "")

    def _column_faults(self, key: str, headers: dict[str, list[str]]) -> Iterator[Fault]:
        """Yield what does not go together in the columns of the files."""
        (file, found), *others = [(file, self.columns.found_in(header)) for file, header in headers.items()]
        if "last_cell_id" in found and "first_cell_id" not in found:
            yield Fault(f"{key}.columns.last_cell_id", "come with first_cell_id", found["last_cell_id"])
        if "incident_id" in found and not {"is_anomaly", "anomaly_type"} & set(found):
            yield Fault(f"{key}.columns.incident_id", "come with is_anomaly or anomaly_type", found["incident_id"])
        if self.truth is not None and "call_id" not in found:
            yield Fault(f"{key}.truth", "come with a column call_id", self.truth)
        if self.anomaly_ratio and (self.truth is not None or set(LABEL_COLUMNS) & set(found)):
            without = [f"generator.columns.{name}=null" for name in LABEL_COLUMNS if name in found]
            without += ["generator.truth=null"] if self.truth is not None else []
            rule = f"be 0 where the records have labels ({' '.join(without)} leaves them out)"
            yield Fault(f"{key}.anomaly_ratio", rule, self.anomaly_ratio)
        for other, columns in others:
            if unlike := set(found) ^ set(columns):
                rule = f"be files with the same columns ({file} and {other} differ in {', '.join(sorted(unlike))})"
                yield Fault(f"{key}.path", rule, self.path)


def schemas() -> dict[str, type]:
    """Return the dataclass behind `generator=cdr_file`."""
    return {"generator/cdr_file": CdrFileSettings}
