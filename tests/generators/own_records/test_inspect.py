"""`cdrbench inspect`: what it guesses reads the file, what is strange is named, and nothing is applied unseen."""

import gzip
import io
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from own_files import make
from small_worlds import table

from bench.faults import UserError
from generators.own_records.inspection.command import inspected, main

START = datetime(2024, 1, 8)
CALLS = [
    (f"493011{n % 7:03d}", f"493011{(n * 5 + 1) % 11:03d}", START + timedelta(seconds=7919 * n), 13 * n % 97)
    for n in range(60)
]
TALK = sum(seconds for *_, seconds in CALLS)
Form = Callable[[str, str, datetime, int], list[str]]


def hms(seconds: int) -> str:
    return f"{seconds // 3600}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"


def written(when: datetime, form: str) -> str:
    return when.strftime(form)


FORMS: dict[str, tuple[str, str, Form, str]] = {
    "plain": ("caller,callee,start,duration", ",", lambda a, b, t, s: [a, b, str(t), str(s)], "utf-8"),
    "ours": ("caller_id,callee_id,call_start_ts,call_duration", ",",
             lambda a, b, t, s: [a, b, str(t), str(s)], "utf-8"),
    "excel": ("A-Nummer;B-Nummer;Beginn;Dauer;Ort", ";",
              lambda a, b, t, s: [a, b, written(t, "%d.%m.%Y %H:%M:%S"), hms(s), "München"], "latin-1"),
    "utf-16": ("A-Nummer\tB-Nummer\tBeginn\tSek", "\t",
               lambda a, b, t, s: [a, b, written(t, "%d.%m.%Y %H:%M:%S"), f"{s},0"], "utf-16"),
    "two columns": ("src|dst|date|time|seconds", "|",
                    lambda a, b, t, s: [a, b, written(t, "%d/%m/%Y"), written(t, "%H:%M:%S"), str(s)], "utf-8-sig"),
    "letters": ("A,B,date,time,dur", ",",
                lambda a, b, t, s: [a, b, written(t, "%d.%m.%Y"), written(t, "%H:%M:%S"), hms(s)], "utf-8"),
    "numbers": ("ANUMBER;BNUMBER;Datum;Uhrzeit;Dauer", ";",
                lambda a, b, t, s: [a, b, written(t, "%d.%m.%Y"), written(t, "%H:%M:%S"), str(s)], "utf-8"),
    "parties": ("A-Party;B-Party;Day;At;Sec", ";",
                lambda a, b, t, s: [a, b, written(t, "%Y-%m-%d"), written(t, "%H:%M:%S"), str(s)], "utf-8"),
    "all quoted": ('"caller";"callee";"start";"duration"', ";",
                   lambda a, b, t, s: [f'"{each}"' for each in (a, b, t, s)], "utf-8"),
    "all quoted with tabs": ("'caller'\t'callee'\t'start'\t'duration'", "\t",
                             lambda a, b, t, s: [f"'{each}'" for each in (a, b, t, s)], "utf-8"),
    "no header": ("", ",", lambda a, b, t, s: [a, b, str(t), str(s)], "utf-8"),
    "epoch": ("calling_number,called_number,timestamp,billsec", ",",
              lambda a, b, t, s: [a, b, str(int((t - datetime(1970, 1, 1)).total_seconds())), str(s)], "utf-8"),
    "am and pm": ("FROM,TO,WHEN,SECS", ",",
                  lambda a, b, t, s: [a, b, written(t, "%m/%d/%Y %I:%M:%S %p"), str(s)], "utf-8"),
    "end": ("caller,callee,start_time,end_time", ",",
            lambda a, b, t, s: [a, b, str(t), str(t + timedelta(seconds=s))], "utf-8"),
    "preamble": ("exported by a switch\n\ncaller,callee,start,duration", ",",
                 lambda a, b, t, s: [a, b, str(t), str(s)], "utf-8"),
}  # fmt: skip


def text_of(form: str) -> str:
    header, delimiter, row, _ = FORMS[form]
    lines = [delimiter.join(row(*call)) for call in CALLS]
    return "\n".join([header, *lines] if header else lines) + "\n"


def look(folder: Path, content: bytes | str, name: str = "cdr.csv", **named: str) -> tuple[str, dict[str, Any]]:
    """Inspect a file; return what is said, and the configuration that is written."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    (folder / "copies").mkdir(exist_ok=True)
    said = inspected([str(path)], {"out": str(folder / "mine"), "name": "x", **named}, folder / "copies")
    settings = yaml.safe_load((folder / "mine" / "generator" / "x.yaml").read_text())
    assert settings.pop("defaults") == ["cdr_file", "_self_"]
    return said, settings


@pytest.mark.parametrize("form", list(FORMS))
def test_a_guess_reads_the_file(tmp_path: Path, form: str) -> None:
    _, settings = look(tmp_path, text_of(form).encode(FORMS[form][3]))
    calls = table(make(tmp_path / "world", **settings)[0], "calls")
    assert (calls.height, calls["call_duration"].sum()) == (len(CALLS), TALK)
    assert calls["caller_id"].cast(str).to_list()[:3] == [call[0] for call in CALLS[:3]]
    assert calls["call_start_ts"][0].replace(tzinfo=None) == START


def test_lengths_that_may_be_minutes_are_to_be_checked(tmp_path: Path) -> None:
    """They have decimals, and the name of the column does not say the unit."""
    rows = [f"{a},{b},{t},{s / 60:.2f}" for a, b, t, s in CALLS]
    said, _ = look(tmp_path, "\n".join(["caller,callee,start,duration", *rows]))
    assert "duration_unit=s: or min? Lengths of duration have decimals" in said
    (tmp_path / "whole").mkdir()
    assert "or min?" not in look(tmp_path / "whole", text_of("utf-16").encode("utf-16"))[0]


WRITTEN: dict[str, tuple[Callable[[int], str], dict[str, str]]] = {
    "apostrophes": (lambda s: f"{s * 60:,}".replace(",", "'"), {"thousands": "'"}),
    "blanks": (lambda s: f"{s * 60:,}".replace(",", " "), {"thousands": " "}),
    "commas": (lambda s: f"{s * 60 + 1_000_000:,}", {"thousands": ","}),
    "points and a comma": (lambda s: f"{s * 60 + 1000:,}".replace(",", ".") + ",5", {"thousands": ".", "decimal": ","}),
    "three decimals": (lambda s: f"{s // 2},{s:03d}", {"decimal": ","}),
}


@pytest.mark.parametrize("headed", [True, False], ids=["named", "by its values"])
@pytest.mark.parametrize("how", list(WRITTEN))
def test_how_numbers_are_written_is_found(tmp_path: Path, how: str, headed: bool) -> None:
    """In a column with a name of lengths or another one, without a doubt."""
    form, expected = WRITTEN[how]
    rows = [f"{a};{b};{t};{form(s)}" for a, b, t, s in CALLS]
    said, settings = look(tmp_path, "\n".join(["caller;callee;start;" + ("duration" if headed else "x"), *rows]))
    assert settings["columns"]["call_duration"] == ("duration" if headed else "x")
    assert {name: settings[name] for name in ("thousands", "decimal") if name in settings} == expected
    assert not [line for line in said.splitlines() if "CHECK" in line and ("thousands=" in line or "decimal=" in line)]
    assert "cannot be read" not in said


@pytest.mark.parametrize(
    ("form", "expected", "doubtful"),
    [
        (lambda s: f"{s * 60 + 12:,}", {"thousands": ","}, "thousands=,: lengths such as "),
        (lambda s: f"{s + 12},345", {"decimal": ","}, "decimal=,: lengths such as 12,345"),
        (
            lambda s: f"{s * 60 + 12:,}".replace(",", "."),
            {"thousands": ".", "decimal": ","},
            "thousands=.: lengths such",
        ),
        (lambda s: f"{s + 12}.345", {"decimal": "."}, "decimal=.: lengths such as 12.345"),
    ],
)
def test_a_sign_with_two_meanings_is_to_be_checked(
    tmp_path: Path, form: Callable[[int], str], expected: dict[str, str], doubtful: str
) -> None:
    """Each has three digits behind it: it separates thousands, or decimals."""
    rows = [f"{a};{b};{t};{form(s)}" for a, b, t, s in CALLS]
    said, settings = look(tmp_path, "\n".join(["caller;callee;start;duration", *rows]))
    assert {name: settings[name] for name in ("thousands", "decimal") if name in settings} == expected
    assert any(doubtful in line and "CHECK" in line for line in said.splitlines())


def test_a_column_that_repeats_another_is_no_party(tmp_path: Path) -> None:
    """Without a header, the caller's name and number are the same in most rows."""
    rows = [f"{a},{a},{b},{t},{s}" for a, b, t, s in CALLS]
    _, settings = look(tmp_path, "\n".join(rows))
    columns = settings["columns"]
    assert {columns["caller_id"], columns["callee_id"]} in ({"column_1", "column_3"}, {"column_2", "column_3"})


def test_what_is_strange_is_named_all_at_once(tmp_path: Path) -> None:
    rows = [",".join([a, b, str(t), str(s), "answered" if s else "missed"]) for a, b, t, s in CALLS]
    strange = [
        "anonymous,01001,2024-01-20 10:00:00,5,answered",
        "1.20E+11,01001,2024-01-20 11:00:00,5,answered",
        "1001,01002,2024-01-20 12:00:00,-4,answered",
        "01001,01002,2024-01-20 13:00:00,90000,answered",
        "01001,01002,2024-01-20 14:00:00,30,missed",
        "01001,01002,soon,30,answered",
        "01001,01002,2024-01-20 15:00:00",
        rows[0],
    ]
    said, _ = look(tmp_path, "\n".join(["caller,callee,start,duration,outcome", *rows, *strange]) + "\n")
    for line in (
        "1 lines with another number of fields",
        "1 missing or withheld parties",
        "1 identifiers ruined by a spreadsheet",
        "pairs of numbers differ in leading zeros, + or 00 only, such as 01001 and 1001",
        "1 starts cannot be read (generator.time_format), such as 'soon'",
        "days without a record between 2024-01-08 and 2024-01-20",
        "1 lengths below zero, such as '-4'",
        "1 lengths beyond a day",
        "1 calls that last and were not answered",
        "1 records repeat the caller, callee, start and length of another",
    ):
        assert line in said


def test_words_are_explained(tmp_path: Path) -> None:
    rows = [
        f"{a},{b},{t},{s},{'voice' if s % 3 else 'sms'},{'ANSWERED' if s else 'NO ANSWER'},"
        f"{'SIM Box' if s == 13 else 'Benign'}"
        for a, b, t, s in CALLS
    ]
    header = "src,dst,start,duration,service,disposition,label"
    said, settings = look(tmp_path, "\n".join([header, *rows]) + "\n")
    assert settings["keep"] == {"service": ["voice"]}
    assert settings["labels"] == {"normal": ["Benign"], "sim_box": ["SIM Box"]}
    assert "CHECK" in said
    _, counts = make(tmp_path / "world", **settings)
    assert counts["calls_by_type"] == {"sim_box": 1}
    assert counts["calls"] == sum(s % 3 > 0 for *_, s in CALLS)


def test_withheld_numbers_in_other_words_are_unknown_parties(tmp_path: Path) -> None:
    rows = [
        ",".join(["Rufnummer unterdrückt" if n % 9 == 0 else a, b, str(t), str(s)])
        for n, (a, b, t, s) in enumerate(CALLS)
    ]
    _, settings = look(tmp_path, "\n".join(["caller,callee,start,duration", *rows]) + "\n")
    calls = table(make(tmp_path / "world", **settings)[0], "calls")
    assert calls["caller_id"].cast(str).str.starts_with("unknown_").sum() == 7


def test_known_formats_are_recognised(tmp_path: Path) -> None:
    rows = [
        f'"","{a}","{b}","in","x","c","d","Dial","y","{t}","{t}","{t}",9,{s},"ANSWERED","D"' for a, b, t, s in CALLS
    ]
    said, _ = look(tmp_path, "\n".join(rows) + "\n")
    assert "It looks like asterisk: generator=asterisk" in said


def test_compressed_files_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    said, _ = look(tmp_path, gzip.compress(text_of("plain").encode()), "cdr.dat")
    assert "Wrong or strange\n  nothing" in said.replace("parties only call", "") or "do both" in said

    class Stdin:
        buffer = io.BytesIO(text_of("excel").encode("latin-1"))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Stdin)
    monkeypatch.setattr(sys, "argv", ["cdrbench inspect", "-", "name=january", "generator.time_zone=Europe/Berlin"])
    main()
    assert "mine/generator/january.yaml" in capsys.readouterr().out
    settings = yaml.safe_load((tmp_path / "mine" / "generator" / "january.yaml").read_text())
    assert "path" not in settings
    assert (settings["time_zone"], settings["encoding"]) == ("Europe/Berlin", "cp1252")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "usage: cdrbench inspect"),
        (["none.csv"], "there is no file none.csv"),
        (["empty.csv"], "must have at least one row"),
        (["good.csv", "sped=1"], "sped is no setting of it"),
        (["good.csv", "generator.time_zoom=UTC"], "must be settings of generator=cdr_file"),
        (["good.csv", "name=taken"], "must not exist yet"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good.csv").write_text(text_of("plain"))
    (tmp_path / "empty.csv").touch()
    (tmp_path / "mine" / "generator").mkdir(parents=True)
    (tmp_path / "mine" / "generator" / "taken.yaml").touch()
    monkeypatch.setattr(sys, "argv", ["cdrbench inspect", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert message in capsys.readouterr().err


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has no rows"):
        look(tmp_path, "\n\n")
