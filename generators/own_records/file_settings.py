"""Settings that say how to read files of call records."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from re import fullmatch
from typing import Any
from zoneinfo import ZoneInfo

from omegaconf import MISSING

from bench.faults import Fault, at_least, one_of, within
from bench.generator import INPUT
from generators.own_records.column_settings import CalleeTypes, Columns, Directions, Outcomes, Prefixes, first_of
from generators.own_records.dialect import Dialect

NEUTRAL = {
    "call_id": "numbered by start",
    "outcome": "answered where it lasted, else missed",
    "callee_type": "subscriber",
    "first_cell_id": "the last cell or unknown",
    "last_cell_id": "the first cell or unknown",
    "caller_imei": "unknown",
    "caller_imsi": "unknown",
    "callee_imsi": "unknown",
    "callee_number": "unknown",
}
"""Values that replace an optional column that is missing, and its empty fields."""
TIME_WORDS = ("iso", "epoch_s", "epoch_ms")
NORMAL, UNNAMED_TYPE = "normal", "anomaly"
"""Names in `labels` of records that are not anomalous, and of anomalies whose type the file does not name."""
TYPE_NAME = r"[A-Za-z0-9_.-]{1,60}"
TRUE, FALSE = ("true", "1", "1.0", "yes", "t", "y"), ("false", "0", "0.0", "no", "f", "n")
MISSING_WORDS = ("#n/a", "(null)", "+", "-", "--", "-1", "<null>", "?", "\\N", "anonymous",
                 "anonymous@anonymous.invalid", "blocked", "clir", "n/a", "na", "nan", "nil", "none", "not available",
                 "null", "private", "private number", "restricted", "sip:anonymous@anonymous.invalid", "unavailable",
                 "undefined", "unknown", "unknown caller", "withheld")  # fmt: skip
"""Words that exports use for an unknown party, SIM, device or cell, or for the length of a missed call; of SIP, the
address of RFC 3261, 8.1.1.3."""
ISO_TIME = r"\d{4}-\d\d-\d\d([ T]\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:?\d\d)?)?"
FILE_NAME = "file_name"


@dataclass
class CdrFileSettings:
    """Files of call records, and how to read them."""

    _target_: str = "generators.own_records.cdr_file.CdrFile"
    path: str = field(default=MISSING, metadata=INPUT)
    """A file, a folder or a pattern such as `cdr/*.csv`; CSV or Parquet, by the content, also
    compressed by gzip, bzip2, zstd or lz4."""
    files: str = "*"
    """Names of the files that are read where `path` is a folder, such as `cdr_*`; hidden files never are."""
    columns: Columns = field(default_factory=Columns)
    """Names of the file's columns, by ours."""
    delimiter: str = ","
    """Character between the fields of a CSV file, or `tab`."""
    quote: str | None = '"'
    """Quotation character of a CSV file; null: none."""
    escape: str | None = None
    """Escape character of a CSV file; null: a quote within a field is doubled."""
    encoding: str = "utf-8"
    """Encoding of a CSV file, such as `utf-8`, `utf-16`, `latin-1` or `cp1252`."""
    header: bool = True
    """Whether the first line of a CSV file holds the column names; if not, and without `names`, the columns are called
    `column_1`, `column_2` and so on."""
    names: list[str] = field(default_factory=list)
    """Column names, in order, of a CSV file without a header. A first line that consists of these names is skipped."""
    skip_rows: int = field(default=0, metadata=at_least(0))
    """Number of lines before the header of a CSV file, or before its first record."""
    skip_lines: list[str] = field(default_factory=list)
    """Beginnings of lines of a CSV file that are not records, such as `#` or `TOTAL`; these lines are counted."""
    skip_last: int = field(default=0, metadata=at_least(0))
    """Number of lines at the end of a CSV file that are not records."""
    lines_in_fields: bool = False
    """Whether a field of a CSV file may have line breaks and, in it, as many delimiters as a record has; else such a
    file is refused, since a quote that is not closed makes a field of the records behind it."""
    decimal: str = field(default=".", metadata=one_of(".", ","))
    """Decimal sign of numbers in a CSV file."""
    thousands: str = field(default="", metadata=one_of("", ".", ",", " ", "'"))
    """Thousands separator of numbers in a CSV file; empty: none."""
    keep: Any = None
    """Filter of the records to be read: for one or more columns of the file, the words that they must have, as `{type:
    [call, voice]}`; null: all records."""
    leave_out: Any = None
    """Filter of the records to be left out: for one or more columns of the file, the words that they must not have;
    null: none."""
    owner: str | None = None
    """Party whose records these are, where `columns.direction` is given and no column has the owner: a number, or
    `file_name` for the name of the file without its extension."""
    directions: Directions = field(default_factory=Directions)
    """Meaning of the file's words in `columns.direction`."""
    time_format: str = "iso"
    """`iso` (ISO 8601), `epoch_s`, `epoch_ms`, or a pattern such as `%d/%m/%Y %H:%M:%S`."""
    time_zone: str = "UTC"
    """Local time zone of the data: of times without a zone, and of nights and weekends."""
    time_origin: str | None = None
    """Moment from which `epoch_s` and `epoch_ms` count, such as `2024-01-31T00:00:00`; null: 1970."""
    duration_unit: str = field(default="s", metadata=one_of("s", "ms", "min", "h:mm:ss", "m:ss"))
    """Unit or form of `call_duration`."""
    outcomes: Outcomes = field(default_factory=Outcomes)
    """Meaning of the file's words for outcomes."""
    unknown_outcome: str = field(
        default="refuse", metadata=one_of("refuse", "by_length", "answered", "missed", "busy", "failed")
    )
    """How to read any other word for an outcome: refuse the file and list all such words; take one of our outcomes; or
    take calls with a length as answered and others as missed."""
    callee_types: CalleeTypes = field(default_factory=CalleeTypes)
    """Meaning of the file's words for types of called parties."""
    callee_prefixes: Prefixes = field(default_factory=Prefixes)
    """Beginnings of the called numbers of each type, for files without a column that has the type, as `{foreign: ["00",
    "+"], subscriber: ["+49", "0049"], premium: ["0900"]}`; none: types are unknown."""
    labels: Any = None
    """Meaning of the file's words in `is_anomaly` and `anomaly_type`: a list of words for `normal` and for each type.
    `normal`, the types of the catalogue and, in `is_anomaly`, true, yes, 1, false, no and 0 are always understood."""
    mostly_anomalous: bool = False
    """Whether more than half of the calls may be labelled as anomalous; usually that means that the labels are
    inverted."""
    missing_words: list[str] = field(default_factory=lambda: list(MISSING_WORDS))
    """Words, in upper or lower case, that stand for a missing party, SIM, device, cell, length or end, as an empty
    field does."""
    missing_parties: str = field(default="refuse", metadata=one_of("refuse", "drop", "separate"))
    """What to do with a call whose caller or callee is missing: refuse the file, leave the call out and count it, or
    give each one an unknown party of its own."""
    repeats: str = field(default="keep", metadata=one_of("refuse", "keep", "drop"))
    """What to do with records that repeat caller, callee, start and length of an earlier one: refuse the file, keep
    them, or leave them out; they are counted in any case."""
    legs: str = field(default="keep", metadata=one_of("keep", "fold"))
    """Whether records with the same `call_id` (or of which one names the other in `columns.other_leg_id`) are merged
    into one call: the answered one, or the first of several answered ones."""
    truth: str | None = field(default=None, metadata=INPUT)
    """Folder with `incidents.parquet` and `truth.parquet` as exported by this program, instead of label columns."""
    pseudonyms: bool = True
    """Whether numbers, SIMs and devices are replaced by keyed hashes."""
    anomaly_ratio: float | None = field(default=None, metadata=within(0, 0.5))
    """Share of the calls that are made anomalous, by injecting the types chosen as `anomaly`; null: nothing is
    injected."""
    seed: int | None = field(default=None, metadata=within(0, 2**63 - 1))
    """Random seed of the injected anomalies; null: 0."""
    key_file: str = field(default="pseudonyms.key", metadata=INPUT)
    """File with the key of the pseudonyms; created if missing. Whoever has the key can find out whose pseudonym is
    whose."""

    @property
    def dialect(self) -> Dialect:
        """How rows and fields are written."""
        return Dialect(
            delimiter=self.delimiter,
            quote=self.quote,
            escape=self.escape,
            encoding=self.encoding,
            header=self.header,
            names=self.names,
            skip_rows=self.skip_rows,
            skip_lines=self.skip_lines,
            skip_last=self.skip_last,
            lines_in_fields=self.lines_in_fields,
        )

    @property
    def pattern(self) -> str:
        """The time format as polars has it, where a fraction is `%.f`."""
        return self.time_format.replace(".%f", "%.f")

    @property
    def types_by_prefix(self) -> bool:
        """Whether the types of called parties are known by the beginnings of their numbers."""
        return any(vars(self.callee_prefixes).values())

    @property
    def label_words(self) -> dict[str, list[str]]:
        """The file's words for `normal` and for each type, as texts."""
        return _texts(self.labels)

    def filters(self, header: list[str]) -> list[tuple[str, bool, list[str]]]:
        """Return the columns that decide which records are read: of each, whether its words are kept, and the words."""
        rules = [(column, True, words) for column, words in _texts(self.keep).items()]
        rules += [(column, False, words) for column, words in _texts(self.leave_out).items()]
        chosen = [(first_of(column, header), keeps, words) for column, keeps, words in rules]
        return [(column, keeps, words) for column, keeps, words in chosen if column is not None]

    def faults(self, key: str) -> Iterator[Fault]:
        """Yield what is inconsistent, within the settings and with the files."""
        own = [*self._time_faults(key), *self.dialect.faults(key), *self._word_faults(key)]
        yield from own
        if not self.path:
            yield Fault(f"{key}.path", "be a file, a folder or a pattern", self.path)
        elif not any(fault.key.removeprefix(f"{key}.") in Dialect.__dataclass_fields__ for fault in own):
            from generators.own_records.file_faults import faults_with_files  # noqa: PLC0415 - loads pyarrow

            yield from faults_with_files(self, key)

    def _time_faults(self, key: str) -> Iterator[Fault]:
        try:
            ZoneInfo(self.time_zone)
        except (KeyError, OSError, ValueError):
            yield Fault(f"{key}.time_zone", "be a name of the IANA time zone database", self.time_zone)
        if self.time_format not in TIME_WORDS and ("%" not in self.time_format or "%f" in self.pattern):
            rule = f"be one of {', '.join(TIME_WORDS)}, or a pattern (with .%f for fractions of a second)"
            yield Fault(f"{key}.time_format", rule, self.time_format)
        if "%Z" in self.time_format.replace("%%", ""):
            rule = "not have %Z, as names of zones are ambiguous (%z reads +0200; generator.time_zone names one)"
            yield Fault(f"{key}.time_format", rule, self.time_format)
        if self.time_origin is not None and not fullmatch(ISO_TIME, self.time_origin):
            yield Fault(f"{key}.time_origin", "be a time such as 2024-01-31T00:00:00 (ISO 8601)", self.time_origin)
        elif self.time_origin is not None and self.time_format not in ("epoch_s", "epoch_ms"):
            rule = "come with a time_format that counts (epoch_s, epoch_ms)"
            yield Fault(f"{key}.time_origin", rule, self.time_origin)
        if self.thousands and self.thousands == self.decimal:
            yield Fault(f"{key}.thousands", "differ from the decimal sign", self.thousands)

    def _word_faults(self, key: str) -> Iterator[Fault]:
        for name, given in (("labels", self.labels), ("keep", self.keep), ("leave_out", self.leave_out)):
            if given is not None and not (
                isinstance(given, dict) and all(isinstance(words, list) for words in given.values())
            ):
                about = "normal and each type, as {normal: [ok]}" if name == "labels" else "each column"
                yield Fault(f"{key}.{name}", f"give a list of words for {about}", given)
                return
        seen: dict[str, str] = {}
        for name, words in self.label_words.items():
            if not fullmatch(TYPE_NAME, name) or name == "all":
                yield Fault(f"{key}.labels.{name}", "be a type's name of letters, digits, _ - . (not `all`)", name)
            for word in (each.casefold() for each in words):
                if seen.setdefault(word, name) != name:
                    yield Fault(f"{key}.labels.{name}", f"not have what means {seen[word]} already", word)


def _texts(given: Any) -> dict[str, list[str]]:
    return {str(name): ["" if word is None else str(word) for word in words] for name, words in (given or {}).items()}


def schemas() -> dict[str, type]:
    """Return the dataclass behind `generator=cdr_file`."""
    return {"generator/cdr_file": CdrFileSettings}
