"""Random trees of people's files around whole programs: all there afterwards, whatever the program comes to.

Covers runs, sweeps, `resume`, `generate`, refusals and kills through the command line, six times fifty trees. What they
remove by is tested over more trees in tests/bench/runs/test_nothing_lost.py.
"""

import contextlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from eventually import within
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from programs import QUIET, TOY, ended, started

MINE = b"somebody's"
MADE = [each for each in TOY if not each.startswith("trusted")]
RUN = ("run", *TOY, *QUIET, "detector=toy_longest")
SWEEP = ("run", "--multirun", *TOY, *QUIET, "detector=toy_longest,toy_raising", "hydra.sweep.dir=runs/many")
GENERATE = ("generate", *MADE, TOY[-1], "out=out", "export=toy_world.export", "report.dataset_figure=null")
ACTIONS: dict[str, tuple[tuple[str, ...], ...]] = {
    "run": (RUN,),
    "run in a folder": ((*RUN, "hydra.run.dir=runs/one"),),
    "sweep": (SWEEP,),
    "resume": (("resume", "folder=runs/many", "failed=true", TOY[-1]),),
    "generate": (GENERATE, GENERATE),
    "refused": ((*RUN, "detector.pwer=2"), (*RUN, "generator.days=1", "hydra.run.dir=runs/one"), (*SWEEP, "seed=x")),
}
PLACES = (
    "",
    "runs",
    "runs/many",
    "runs/many/0",
    "runs/many/1/.hydra",
    "runs/one",
    "runs/2026-01-01",
    "worlds",
    "out",
    "conf",
)
NAMES = (
    "notes.txt",
    "0",
    "1",
    "twin",
    ".hydra",
    ".detector-mine",
    "x.making",
    ".x.lock",
    "result.json",
    "manifest.json",
    "..x",
)
TREES = st.lists(
    st.tuples(st.sampled_from(PLACES), st.lists(st.sampled_from(NAMES), min_size=1, max_size=3)), max_size=10
)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with a world, a data set, and a sweep with a job that failed."""
    folder, home = tmp_path_factory.mktemp("pattern") / "state", Path.cwd()
    folder.mkdir()
    os.chdir(folder)
    try:
        assert ended(*SWEEP)[0] == 1
        assert ended(*GENERATE)[0] == 0
    finally:
        os.chdir(home)
    return folder


def planted(tree: list[tuple[str, list[str]]]) -> dict[Path, bytes]:
    """Plant people's files below the working directory; return what is there."""
    for place, names in tree:
        path = Path(place, *names[:-1], f"{names[-1]}.mine")
        with contextlib.suppress(FileExistsError, NotADirectoryError):  # a program's file has that name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(MINE)
    return held()


def held() -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in Path().rglob("*.mine")}


@pytest.mark.slow
@pytest.mark.release
@pytest.mark.parametrize("action", ACTIONS)
@settings(max_examples=50, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(tree=TREES, killed_after=st.none() | st.floats(0.3, 6))
def test_people_s_files_around_programs_stay(
    pattern: Path,
    tmp_path_factory: pytest.TempPathFactory,
    action: str,
    tree: list[tuple[str, list[str]]],
    killed_after: float | None,
) -> None:
    folder, home = tmp_path_factory.mktemp("around") / "work", Path.cwd()
    shutil.copytree(pattern, folder)
    os.chdir(folder)
    try:
        before = planted(tree)
        for command in ACTIONS[action]:
            if killed_after is not None:
                process = started(*command)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.communicate(timeout=killed_after)
                process.kill()
                process.communicate()
                assert held() == before
            code, _, err = ended(*command)
            assert code in (0, 1, 2)
            assert "Traceback" not in err
            assert within(20, lambda: held() == before)
    finally:
        os.chdir(home)
    shutil.rmtree(folder)
