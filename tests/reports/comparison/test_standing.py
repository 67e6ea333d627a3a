"""What the pages say about which detectors differ significantly, about other levels, delays and too few incidents."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from reports.comparison.pages import write

MakeRow = Callable[..., dict[str, Any]]


def report(rows: list[dict[str, Any]], folder: Path) -> str:
    return next(path for path in write(rows, folder) if path.name == "report.md").read_text()


def rows_over_worlds(run_row: MakeRow, kinds: int, seeds: int, quality: dict[str, float]) -> list[dict[str, Any]]:
    """Draw a run for each detector, configuration (a number of users) and seed; worlds differ in how hard they are."""
    random = np.random.default_rng(0)
    rows = []
    for kind in range(kinds):
        for seed in range(seeds):
            ease = random.random()
            for detector, shift in quality.items():
                row = run_row(
                    detector=detector, num_users=1000 + kind, world_seed=seed, fingerprint=f"f{kind}-{seed}",
                    run_id=f"{detector}{kind}{seed}",
                )  # fmt: skip
                row["average_precision/all"] = 0.3 * ease + shift + 0.02 * random.random()
                rows.append(row)
    return rows


def last_table(text: str) -> dict[str, list[str]]:
    part = text.split("## Which detectors differ significantly")[1]
    lines = [line.strip("|").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_many_world_configurations_are_ranked_and_tested(run_row: MakeRow, tmp_path: Path) -> None:
    rows = rows_over_worlds(run_row, 8, 1, {"poor": 0.1, "good": 0.5, "twin": 0.501})
    text = report(rows, tmp_path)
    table = last_table(text)
    assert list(table)[1:] == [*sorted(["good", "twin"], key=lambda name: float(table[name][0])), "poor"]
    assert table["poor"] == ["3.00", "all differ significantly from it"]
    assert (table["good"][1], table["twin"][1]) == ("twin", "good")
    assert "over 8 world configurations" in text
    assert "detectors differ" in text


def test_few_world_configurations_have_paired_intervals(run_row: MakeRow, tmp_path: Path) -> None:
    text = report(rows_over_worlds(run_row, 2, 3, {"poor": 0.1, "good": 0.5, "twin": 0.5}), tmp_path)
    table = last_table(text)
    first, second, third = list(table)[1:]
    assert {first, second} == {"good", "twin"}
    assert third == "poor"
    assert table[first][1] == "-"
    assert table[second][1].endswith("no significant difference")
    assert re.fullmatch(r"-0\.[34]\d\d \(-0\.[34]\d\d to -0\.[34]\d\d\)", table["poor"][1])


def test_one_world_is_no_contest(run_row: MakeRow, tmp_path: Path) -> None:
    assert "differ significantly" not in report(rows_over_worlds(run_row, 1, 1, {"a": 0.1, "b": 0.5}), tmp_path)


def test_a_detector_that_was_not_run_on_every_kind_is_left_out(run_row: MakeRow, tmp_path: Path) -> None:
    rows = rows_over_worlds(run_row, 3, 3, {"a": 0.1, "b": 0.5, "c": 0.2})
    rows = [row for row in rows if row["detector"] != "c" or row["num_users"] == 1000]
    text = report(rows, tmp_path)
    assert "1 detector left out: not run on every one of these world configurations" in text
    assert set(last_table(text)) == {"detector", "a", "b"}


def test_a_kind_of_world_with_few_detectors_does_not_spoil_the_others(run_row: MakeRow, tmp_path: Path) -> None:
    rows = rows_over_worlds(run_row, 3, 3, {"a": 0.1, "b": 0.5, "c": 0.2})
    rows = [row for row in rows if row["detector"] == "a" or row["num_users"] != 1000]
    text = report(rows, tmp_path)
    assert "1 world configuration left out: not every one of these detectors was run on it" in text
    assert set(last_table(text)) == {"detector", "a", "b", "c"}


def test_lifted_levels_and_delays_have_tables_of_their_own(run_row: MakeRow, tmp_path: Path) -> None:
    row = run_row()
    row |= {"user_day/prevalence/all": 0.25, "user_day/average_precision/all": 0.625, "delay_seconds/all": 1234.4}
    row |= {"user_day/average_precision_low/all": 0.5, "user_day/average_precision_high/all": 0.75}
    text = report([row], tmp_path)
    days = text.split("### Average precision of days of users")[1].split("###")[0]
    assert "| iforest | - | - | - | - | 0.625 (0.500 to 0.750) |" in days
    assert "| prevalence | - | - | - | - | 25 % |" in days
    assert "| iforest | - | - | - | - | 21 min |" in text.split("### Delay of the first alert")[1]
    assert "### Average precision of quarter hours" not in text


def test_too_few_incidents_are_said(run_row: MakeRow, tmp_path: Path) -> None:
    enough = {f"enough_incidents/{name}": int(name != "burst_call") for name in ("all", "burst_call", "long_call")}
    assert "Too few incidents to judge, in at least one world: burst_call." in report([run_row() | enough], tmp_path)


def test_clean_fitting_is_said_and_is_no_repeat_of_the_other(run_row: MakeRow, tmp_path: Path) -> None:
    clean = run_row(run_id="clean")
    settings = json.loads(clean["settings"])
    settings["protocol"]["training"] = "clean"
    clean["settings"] = json.dumps(settings)
    text = report([run_row(), clean], tmp_path)
    assert text.count("fitted without records that incidents touched") == 1
    assert len(re.findall(r"^## generator", text, re.MULTILINE)) == 2


def test_what_knows_the_truth_is_marked_and_not_ranked(run_row: MakeRow, tmp_path: Path) -> None:
    rows = rows_over_worlds(run_row, 8, 1, {"poor": 0.1, "good": 0.5, "oracle": 0.6})
    rows = [row | {"role": "reference" if row["detector"] == "oracle" else "detector"} for row in rows]
    text = report(rows, tmp_path)
    assert set(last_table(text)) == {"detector", "good", "poor"}
    tables = text.split("### Average precision\n")[1].split("###")[0]
    order = [line.split(" | ")[0].strip("| ") for line in tables.splitlines() if line.startswith("| ")]
    assert order == ["detector", "good", "poor", "oracle (not ranked)", "prevalence"]


def test_the_diagram_of_ranks_joins_those_alike(run_row: MakeRow, tmp_path: Path) -> None:
    rows = rows_over_worlds(run_row, 8, 1, {"poor": 0.1, "good & <fair>": 0.5, "twin": 0.501})
    assert "](mean_ranks.svg)" in report(rows, tmp_path)
    picture = ElementTree.parse(tmp_path / "mean_ranks.svg").getroot()
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert "poor (3.00)" in texts
    assert any(str(text).startswith("good & <fair> (1.") for text in texts)
    bars = [each for each in picture.iter("{http://www.w3.org/2000/svg}path") if each.get("class") == "bar"]
    assert len(bars) == 1


def test_no_diagram_without_tests(run_row: MakeRow, tmp_path: Path) -> None:
    report(rows_over_worlds(run_row, 2, 3, {"poor": 0.1, "good": 0.5}), tmp_path)
    assert not (tmp_path / "mean_ranks.svg").exists()
