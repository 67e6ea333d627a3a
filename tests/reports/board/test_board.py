"""The published board: README says what its rows say, and its rows say what runs give."""

import base64
import gzip
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import board
import pytest
import yaml

import conf
from reports.board.published import (
    RESULTS,
    disagreements,
    place_of,
    published,
    read_results,
    slice_of,
    write_results,
)
from reports.board.table import picture, table
from reports.comparison.sweep_matrix import summary

ROOT = Path(__file__).parents[3]
SUITE = yaml.safe_load((Path(conf.__path__[0]) / "suite/core.yaml").read_text())
SEEDS = {name: world["seed"] for name, world in SUITE["suite"]["worlds"].items()}
MOST_DIFFERING = 0.03
"""Share of a row's metrics that may differ by more than `disagreements` allows."""
DETECTORS = [name.strip() for name in SUITE["hydra"]["sweeper"]["params"]["detector"].split(",")]


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        pytest.skip("no results are published yet: make board")
    return read_results()


@pytest.fixture
def made_up(run_row: Callable[..., dict[str, Any]]) -> list[dict[str, Any]]:
    """Four detectors on eight world configurations: iforest is the best on long calls, pca never differs from it."""
    merits = {"iforest": 0.8, "pca": 0.8, "hbos": 0.4, "supervised": 0.9}
    found = []
    for number, name in product(range(8), merits):
        lead = 0.002 * (-1) ** number + 0.001 if name == "iforest" else 0.0
        asked = {"detector": name, "num_users": 1000 + number, "world_seed": 200 + number, "fingerprint": str(number)}
        role = {"role": "supervised" if name == "supervised" else "detector", "folder": f"/home/{number}"}
        found.append(run_row(**asked) | role | {"average_precision/long_call": merits[name] + lead + 0.01 * number})
    return found


def test_every_run_of_the_suite_is_published_once(rows: list[dict[str, Any]]) -> None:
    asked = sorted((seed, name) for seed in SEEDS.values() for name in DETECTORS)
    assert [place_of(row) for row in rows] == asked
    assert {row["suite"] for row in rows} == {f"core-{SUITE['suite']['version']}"}
    assert {row["status"] for row in rows} == {"OK"}
    assert len({row["fingerprint"] for row in rows}) == len(SEEDS)


def test_nothing_of_the_machine_is_published(rows: list[dict[str, Any]]) -> None:
    assert not [row for row in rows if any(str(value).startswith("/") for value in row.values())]
    assert not [row for row in rows if '"/' in row["settings"].replace('"/schema', "")]


def test_readme_has_what_the_published_rows_say(rows: list[dict[str, Any]]) -> None:
    assert board.BLOCK.findall(board.README.read_text()) == [table(rows)]
    assert board.PICTURE.read_text() == picture(rows)
    first = re.search(r"!\[[^]]*\]\(([^)]*)\)", board.README.read_text())
    assert first
    assert board.ROOT / first[1] == board.PICTURE


def test_table_page_picture_and_terminal_mark_the_same_detectors(rows: list[dict[str, Any]]) -> None:
    (packed,) = re.findall(r'id="document">([^<]*)</script>', board.PAGE.read_text())
    world = json.loads(gzip.decompress(base64.b64decode(packed)))["worlds"][0]
    labels, terminal = [row["label"] for row in world["rows"]], summary(rows)[1]
    lines = {line.split("`")[1]: line for line in board.README.read_text().splitlines() if line.startswith("| `")}
    for place, kind in enumerate(world["types"]):
        best = world["best"]["average_precision"][kind["home"]][place]
        first, alike = labels[best["row"]], [labels[each] for each in best["alike"]]
        like = f"; not significantly different: {', '.join(alike)}" if alike else ""
        assert re.fullmatch(rf"{first} [0-9.]+{re.escape(like)}", terminal[kind["name"]])
        if kind["name"] != "all":
            cells = lines[kind["name"]].strip("| ").split(" | ")
            assert [cells[2], re.findall("`(.*?)`", cells[-1])] == [f"`{first}`", alike[:3]]
    assert board.PICTURE.read_text().count("★</tspan>") == len(world["types"])


def test_readme_has_a_place_for_the_board() -> None:
    assert len(board.BLOCK.findall(board.README.read_text())) == 1


def test_the_table_names_the_best_of_a_type_and_those_that_do_not_differ(made_up: list[dict[str, Any]]) -> None:
    text = table([published(row) for row in made_up])
    (line,) = [each for each in text.splitlines() if each.startswith("| `long_call` |")]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[1:4] == ["call", "`iforest`", "0.836"]
    assert cells[5:] == ["0.935", "`pca`"]
    assert text.startswith("Means over 8 world configurations. Significance: Friedman's test, then Wilcoxon's test")
    few = table([published(row) for row in made_up if row["world_seed"] < 203])
    assert few.startswith("Means over 3 world configurations. Significance: simultaneous 95 % intervals of the paired")
    assert "| `pca` |" in next(each for each in few.splitlines() if each.startswith("| `long_call` |"))


def test_the_picture_shows_every_detector_and_type(made_up: list[dict[str, Any]]) -> None:
    text = picture([published(row) for row in made_up])
    assert "mean over 8 world configurations" in text
    assert all(name in text for name in ("iforest", "pca", "hbos", "supervised", "long_call", "short_call"))


def test_what_is_written_is_read(made_up: list[dict[str, Any]], tmp_path: Path) -> None:
    written = write_results(reversed(made_up), tmp_path / "results.parquet")
    found = read_results(written)
    whole = sorted((published(row) for row in made_up), key=place_of)
    assert found == [{name: value for name, value in row.items() if value is not None} for row in whole]
    again = write_results(found, tmp_path / "again.parquet")
    assert again.read_bytes() == written.read_bytes()


def test_a_row_is_published_with_the_home_level_of_each_type_and_all_at_every_level() -> None:
    row = {
        "run_id": "1", "folder": "/home", "detector": "mine", "home_levels": "ring:user_day,tdos:call",
        "user_day/recall/ring": 0.123456789, "recall/ring": 0.5, "recall/tdos": 0.25, "cell_quarter/recall/tdos": 0.1,
        "cell_quarter/recall/all": 0.3, "prevalence/ring": 0.01, "prevalence/tdos": 0.01, "prevalence/all": 0.02,
        "false_alarms/all": 3, "version/numpy": "2.4.0", "fit_seconds": 1.5,
    }  # fmt: skip
    gone = {"run_id", "folder", "recall/ring", "cell_quarter/recall/tdos", "false_alarms/all"}
    assert published(row) == {
        **{name: value for name, value in row.items() if name not in gone},
        "user_day/recall/ring": 0.123457,
    }


@pytest.mark.parametrize(
    ("expected", "found", "names"),
    [
        ({"recall/all": 0.5}, {"recall/all": 0.5049}, []),
        ({"recall/all": 0.5}, {"recall/all": 0.4949}, ["recall/all"]),
        ({"incidents/all": 100}, {"incidents/all": 102}, []),
        ({"incidents/all": 100}, {"incidents/all": 103}, ["incidents/all"]),
        ({"recall/all": 0.5}, {}, ["recall/all"]),
        ({}, {"recall/all": 0.0}, ["recall/all"]),
        ({"fit_seconds": 1.0, "version/numpy": "2.4.0"}, {"fit_seconds": 3.0, "version/numpy": "2.5.0"}, []),
    ],
)
def test_what_differs_by_more_than_machines_do_is_told(
    expected: dict[str, Any], found: dict[str, Any], names: list[str]
) -> None:
    assert [line.partition(":")[0] for line in disagreements(expected, found)] == names


def test_the_slice_depends_on_the_commit() -> None:
    slices = {str(slice_of(commit, list(SEEDS), DETECTORS)) for commit in "abcdefghij"}
    assert len(slices) > 5
    worlds, detectors = slice_of("a", list(SEEDS), DETECTORS)
    assert slice_of("a", list(SEEDS), DETECTORS) == (worlds, detectors)
    assert len(set(worlds)) == 2
    assert len(set(detectors)) == 5


@pytest.mark.slow
def test_a_slice_of_the_board_is_what_runs_give(rows: list[dict[str, Any]], tmp_path: Path) -> None:
    """Two worlds and five detectors, chosen by the commit; without the baseline, whose trees differ by processor."""
    worlds, detectors = slice_of(commit(), list(SEEDS), [name for name in DETECTORS if name != "supervised"])
    expected = {place_of(row): row for row in rows}
    found = {place_of(row): published(row) for row in ran(worlds, detectors, tmp_path)}
    assert sorted(found) == sorted((SEEDS[world], name) for world in worlds for name in detectors)
    for place, row in found.items():
        differing, metrics = disagreements(expected[place], row), [name for name in row if "/" in name]
        # two records of nearly equal scores that a processor's last digits exchange change about six metrics of a type
        assert len(differing) <= MOST_DIFFERING * len(metrics), (place, differing)


def commit() -> str:
    """Return the commit that is tested; outside of a repository, of an sdist say, there is one slice only."""
    found = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "none"


def ran(worlds: list[str], detectors: list[str], place: Path) -> Iterator[dict[str, Any]]:
    """Yield the result rows of a part of the suite."""
    command = [
        *(sys.executable, "-m", "bench.run", "suite=core", f"suite.world={','.join(worlds)}"),
        *(f"detector={','.join(detectors)}", "tracking=none", "audit=none", "report.run_figures=null"),
        *("report.reasons=null", "report.sweep=null", "hydra.sweep.dir=runs/slice"),
    ]
    subprocess.run(command, cwd=place, check=True, capture_output=True)
    for path in sorted(place.glob("runs/slice/*/result.json")):
        yield json.loads(path.read_text())
