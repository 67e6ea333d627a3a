"""Compares the settings of a file of records with the headers of the files, before any record is read.

The settings are a `file_settings.CdrFileSettings`, whose own check calls this module.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from re import fullmatch
from typing import Any

from bench.faults import Fault, UserError
from generators.own_records.byte_streams import input_files
from generators.own_records.column_settings import ELSE, LABEL_COLUMNS
from generators.own_records.files import RecordFile

LENGTH = ("call_duration", "call_end_ts")
"""Columns of which one is required; if both exist, the first counts."""
DELIMITERS = (";", "\t", "|", ",")
DATA = r"|[-+]?\d[\d\s:.,/TZ+-]*"
"""Pattern of texts that are not column names: nothing, a number or a time."""
SHOWN_NAMES = 200


def faults_with_files(settings: Any, key: str) -> Iterator[Fault]:
    """Yield what is wrong with the settings, given the headers of the files."""
    try:
        files = [RecordFile(path, settings.dialect) for path in input_files(settings.path, settings.files)]
        read = [file for file in files if not file.is_blank]
        headers = {str(file.path): file.names for file in read}
    except UserError as error:
        yield Fault(f"{key}.path", f"be files of call records ({error})", settings.path)
        return
    if not read:
        yield Fault(f"{key}.path", "be files that are not all empty", settings.path)
        return
    has_faults = False
    for file in read:
        faults = list(_column_faults(settings, key, file))
        yield from _first(faults, file, settings, key) if not has_faults else faults
        has_faults = has_faults or bool(faults)
    yield from _consistency_faults(settings, key, headers)


def required(settings: Any) -> list[str]:
    """Return our columns that a file must have, apart from length and end."""
    if settings.columns.direction is None:
        return ["caller_id", "callee_id", "call_start_ts"]
    return ["other_id", "call_start_ts", *(["owner_id"] if settings.owner is None else [])]


def _first(faults: list[Fault], file: RecordFile, settings: Any, key: str) -> Iterator[Fault]:
    """Yield the faults of a file's columns, or the one setting of the dialect that explains them."""
    header, line = file.names, file.first_row
    near = next((each for each in DELIMITERS if len(header) == 1 and each in header[0]), None)
    if faults and near is not None:
        rule = f"part the fields of {file.path} (its first line is {header[0][:SHOWN_NAMES]})"
        yield Fault(f"{key}.delimiter", rule, settings.delimiter, "tab" if near == "\t" else repr(near))
    elif faults and len(header) == 1 and settings.dialect.has_header:
        rule = f"be the number of lines before the column names in {file.path} (this is one: {header[0][:SHOWN_NAMES]})"
        yield Fault(f"{key}.skip_rows", rule, settings.skip_rows)
    elif faults and settings.dialect.has_header and any(fullmatch(DATA, name.strip()) for name in line):
        rule = (
            f"be false where {file.path} has no header (its first line is {', '.join(line)[:SHOWN_NAMES]}); "
            "generator.names then names the columns"
        )
        yield Fault(f"{key}.header", rule, settings.header)
    else:
        yield from faults


def _column_faults(settings: Any, key: str, file: RecordFile) -> Iterator[Fault]:
    header = file.names
    found = settings.columns.found_in(header)
    filtered = {f"{'keep' if kept else 'leave_out'}.{column}": column for column, kept, _ in settings.filters(header)}
    for name, column in {**{f"columns.{name}": column for name, column in found.items()}, **filtered}.items():
        if column not in header:
            near = get_close_matches(column, header, 1, 0.5)
            yield Fault(f"{key}.{name}", f"be a column of {file.path}", column, near[0] if near else "")
    lacking = [name for name in required(settings) if name not in found]
    if not set(LENGTH) & set(found):
        lacking.append("call_duration (or call_end_ts)")
    for name in lacking:
        owner = " (or generator.owner say whose records these are)" if name == "owner_id" else ""
        rule = f"name a column of {file.path}{owner} ({', '.join(header)[:SHOWN_NAMES]})"
        yield Fault(f"{key}.columns.{name}", rule, "")


def _consistency_faults(settings: Any, key: str, headers: dict[str, list[str]]) -> Iterator[Fault]:
    """Yield faults for inconsistent columns of the files."""
    (file, found), *others = [(file, settings.columns.found_in(header)) for file, header in headers.items()]
    for name, column in (("owner_id", "direction"), ("other_id", "direction"), ("last_cell_id", "first_cell_id")):
        if name in found and column not in found:
            yield Fault(f"{key}.columns.{name}", f"come with {column}", found[name])
    if settings.owner is not None and "direction" not in found:
        yield Fault(f"{key}.owner", "come with columns.direction", settings.owner)
    if settings.types_by_prefix and "callee_type" in found:
        rule = "come without a column callee_type (generator.columns.callee_type=null leaves it out)"
        yield Fault(f"{key}.callee_prefixes", rule, found["callee_type"])
    if "incident_id" in found and not {"is_anomaly", "anomaly_type"} & set(found):
        yield Fault(f"{key}.columns.incident_id", "come with is_anomaly or anomaly_type", found["incident_id"])
    if "other_leg_id" in found and (settings.legs != "fold" or "call_id" not in found):
        yield Fault(f"{key}.columns.other_leg_id", "come with call_id and legs=fold", found["other_leg_id"])
    if "call_id" not in found and not str(settings.columns.call_id).endswith(ELSE):
        for name, wanted in (("truth", settings.truth is not None), ("legs", settings.legs == "fold")):
            if wanted:
                yield Fault(f"{key}.{name}", "come with a column call_id", getattr(settings, name))
    yield from _label_faults(settings, key, found)
    for other, columns in others:
        if unlike := set(found) ^ set(columns):
            rule = f"be files with the same columns ({file} and {other} differ in {', '.join(sorted(unlike))})"
            yield Fault(f"{key}.path", f"{rule}; generator.files says which are read in a folder", settings.path)


def _label_faults(settings: Any, key: str, found: dict[str, str]) -> Iterator[Fault]:
    if settings.anomaly_ratio and (settings.truth is not None or set(LABEL_COLUMNS) & set(found)):
        without = [f"generator.columns.{name}=null" for name in LABEL_COLUMNS if name in found]
        without += ["generator.truth=null"] if settings.truth is not None else []
        rule = f"be 0 where the records have labels ({' '.join(without)} leaves them out)"
        yield Fault(f"{key}.anomaly_ratio", rule, settings.anomaly_ratio)
