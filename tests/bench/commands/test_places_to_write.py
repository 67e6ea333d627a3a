"""Where a program writes is looked at before it does anything: for each program that has an `out`."""

from dataclasses import fields, is_dataclass
from pathlib import Path

import programs
import pytest

from bench import program_settings
from bench.faults import Fault, faults_of
from bench.realism.realism_settings import RealismSettings

WRITERS = [
    each
    for each in [*vars(program_settings).values(), RealismSettings]
    if is_dataclass(each) and isinstance(each, type) and "out" in {field.name for field in fields(each)}
    if each is not program_settings.ExplainSettings  # whose `out` is a file
]


def test_every_program_that_writes_looks_first(workplace: Path) -> None:
    Path("file").touch()
    assert len(WRITERS) == 7
    for writer in WRITERS:
        for out in ("file", "file/below", ""):
            rule = Fault("out", "be a folder that can be written", out)
            assert rule in list(faults_of(writer(out=out), "")), writer
        for out in ("new", "new/below", "."):
            assert not [each for each in faults_of(writer(out=out), "") if each.key == "out"], writer
    assert [path.name for path in workplace.iterdir()] == ["file"]


@pytest.mark.slow
@pytest.mark.parametrize("program", ["audit", "difficulty", "generate"])
def test_nothing_is_made_for_a_place_that_cannot_be_written(workplace: Path, program: str) -> None:
    Path("file").touch()
    code, out, err = programs.ended(program, *programs.TOY, "out=file/below")
    assert (code, out) == (2, "")
    assert err.splitlines()[0] == "out must be a folder that can be written, got 'file/below'"
    assert [path.name for path in workplace.iterdir()] == ["file"]
