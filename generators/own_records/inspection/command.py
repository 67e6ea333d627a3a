"""Looks at files of call records: `cdrbench inspect FILE... [name=NAME] [out=mine] [setting=value ...]`."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from re import sub
from typing import Any, NoReturn

import yaml
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.faults import UserError, faults_of
from bench.host.exit_codes import UNUSABLE
from bench.host.texts import printable
from generators.own_records.byte_streams import input_files
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import RecordFile
from generators.own_records.inspection.column_guess import guessed_columns, of_rows
from generators.own_records.inspection.dialect_guess import DialectGuess, guessed_dialect
from generators.own_records.inspection.findings import AllRecords, findings
from generators.own_records.inspection.known_formats import recognised
from generators.own_records.inspection.report import column_lines, first_rows, lines
from generators.own_records.inspection.value_guess import ValueGuess

USAGE = "usage: cdrbench inspect FILE... [name=NAME] [out=FOLDER] [generator.SETTING=value ...]"
STDIN = "-"
OWN = "generator."
SAMPLED = 20_000
"""Number of rows from which the guesses are made."""


def main() -> None:
    """Run the command; ends with code 2 where a file cannot be read."""
    arguments = sys.argv[1:]
    named = dict(each.split("=", 1) for each in arguments if "=" in each and not Path(each).exists())
    places = [each for each in arguments if "=" not in each or Path(each).exists()]
    strange = [name for name in named if name not in ("name", "out") and not name.startswith(OWN)]
    if not places or strange:
        _refuse(USAGE + (f"; {strange[0]} is no setting of it" if strange else ""))
    with tempfile.TemporaryDirectory(prefix="cdrbench-") as folder:
        try:
            print(inspected(places, named, Path(folder)))
        except UserError as error:
            _refuse(str(error))


def inspected(places: list[str], named: dict[str, str], folder: Path) -> str:
    """Look at files, write the guess as a configuration, and return what to say.

    Parameters
    ----------
    places
        Files, folders, patterns, or `-` for standard input.
    named
        `name` and `out` of the configuration, and settings that are known, such as `generator.time_zone`.
    folder
        An empty one for copies.

    Raises
    ------
    UserError
        When a file cannot be read, or there are no settings by which it can.
    """
    files = _files(places, folder)
    dialect, rows = _sampled(files[0])
    columns = of_rows(dialect.names, rows)
    guess = guessed_columns(columns, dialect.settings.get("header", True))
    values = ValueGuess(columns, guess)
    known = list(recognised(columns, dialect.settings.get("header", True)))
    path = ",".join(places) if len(places) > 1 else places[0]
    written = {**dialect.settings, **values.settings, "columns": guess.columns}
    settings = _settings({**written, "path": str(files[0])}, named)
    target = _write(written, path, named, [*dialect.reasons, *values.reasons])
    file = RecordFile(files[0], settings.dialect)
    problems = [str(fault) for fault in faults_of(settings, "generator")]
    strange = [str(each) for each in findings(AllRecords(files, settings, file.names, folder))] if not problems else []
    parts = {
        f"{path}: {len(files):,} file{'s' * (len(files) > 1)}, columns as guessed": column_lines(dialect.names, guess),
        **({f"It looks like {name}: generator={name} generator.path={path} reads it": [] for name in known[:1]}),
        "Guessed settings": [f"  {each}" for each in (*dialect.reasons, *values.reasons)] or ["  none but the columns"],
        "The first rows as they would be read": problems or first_rows(file, settings),
        "Wrong or strange": [f"  {each}" for each in strange] or ["  nothing" if not problems else "  not looked for"],
        f"Nothing is applied yet. Look through {target}, then:": [
            f"  cdrbench run --config-dir {target.parents[1]} generator={target.stem}"
        ],
    }
    return lines(parts)


def _files(places: list[str], folder: Path) -> list[Path]:
    found = []
    for place in places:
        if place == STDIN:
            (folder / "stdin").mkdir()
            with (folder / "stdin" / "stdin.csv").open("wb") as target:
                shutil.copyfileobj(sys.stdin.buffer, target)
            found.append(folder / "stdin" / "stdin.csv")
        else:
            found += input_files(place)
    read = [file for file in found if file.stat().st_size]
    if not read:
        raise UserError(f"{', '.join(places)} must have at least one row")
    return read


def _sampled(file: Path) -> tuple[DialectGuess, list[list[Any]]]:
    """Return the dialect of a file, and some of its rows."""
    plain = RecordFile(file, CdrFileSettings().dialect)
    if not plain.is_parquet:
        guess = guessed_dialect(file)
        return guess, guess.rows[:SAMPLED]
    guess = DialectGuess(names=plain.names)
    rows = []
    for batch in plain.pieces({name: name for name in plain.names}):
        lists = [batch[name].values.slice(0, SAMPLED).to_pylist() for name in plain.names]
        rows = [["" if value is None else value for value in row] for row in zip(*lists, strict=True)]
        break
    return guess, rows


def _settings(written: dict[str, Any], named: dict[str, str]) -> CdrFileSettings:
    given = [f"{name.removeprefix(OWN)}={value}" for name, value in named.items() if name.startswith(OWN)]
    try:
        base = OmegaConf.merge(OmegaConf.structured(CdrFileSettings), written, OmegaConf.from_dotlist(given))
        settings: Any = OmegaConf.to_object(base)
    except OmegaConfBaseException as error:
        raise UserError(f"{', '.join(given)} must be settings of generator=cdr_file ({error})") from error
    chosen: CdrFileSettings = settings
    return chosen


def _write(written: dict[str, Any], path: str, named: dict[str, str], reasons: list[str]) -> Path:
    """Write the guess where `--config-dir` finds it; never over a file of that name."""
    stem = (
        named.get("name") or sub(r"[^a-z0-9]+", "_", Path(path).name.split(".")[0].casefold()).strip("_") or "records"
    )
    target = Path(named.get("out", "mine")) / "generator" / f"{stem}.yaml"
    given = OmegaConf.to_container(
        OmegaConf.from_dotlist([f"{k.removeprefix(OWN)}={v}" for k, v in named.items() if k.startswith(OWN)])
    )
    if os.path.lexists(target):  # a link that leads nowhere yet, too
        raise UserError(f"{target} must not exist yet (name=... gives another name, out=... another folder)")
    target.parent.mkdir(parents=True, exist_ok=True)
    head = [
        "# Guessed by cdrbench inspect; look through it, above all where it says CHECK.",
        *(f"# {each}" for each in reasons),
    ]
    body = {"defaults": ["cdr_file", "_self_"], **({} if path == STDIN else {"path": path}), **written, **dict(given)}  # type: ignore[arg-type]
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)
    target.write_text(printable("\n".join(head)) + "\n" + text)
    return target


def _refuse(message: str) -> NoReturn:
    print(printable(message), file=sys.stderr)
    sys.exit(UNUSABLE)


if __name__ == "__main__":
    main()
