"""The report of an audit and the picture of difficulty, from made-up findings."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.audit.difficulty.difficulty_curve import Curve
from bench.audit.verdict import Check, Light, Verdict, read_verdict
from reports.audit.audit_report import write
from reports.audit.difficulty_figure import draw

FOUND = {
    "features": ["duration", "hour", "new_tie"],
    "graph": [False, False, True],
    "types": ["long_call", "ring"],
    "roc_auc": [[0.99, 0.5], [0.45, 0.52], [0.5, 0.85]],
    "trivial": ["long_call"],
}
TEST = {"problem": "calls", "type": "ring", "positives": 120, "roc_auc": 0.51, "low": 0.48, "high": 0.54, "p_holm": 1.0}


def verdict(*lights: Light) -> Verdict:
    founds = ({}, {"alpha": 0.001, "tests": [TEST]}, FOUND)
    names = ("identity", "bookkeeping", "triviality")
    checks = zip(names, lights, founds, strict=True)
    return Verdict("abc", {"format": 1}, tuple(Check(name, light, ("so",), found) for name, light, found in checks))


def test_the_page_says_what_each_check_found(tmp_path: Path, uncut: Callable[[Path], bool]) -> None:
    made = verdict(Light.RED, Light.GREEN, Light.MARKED)
    paths = write(made, tmp_path)
    assert [path.name for path in paths] == ["audit.json", "audit.md", "audit.png"]
    assert paths[2].stat().st_size > 10_000
    assert uncut(paths[2])
    page = paths[1].read_text()
    assert page.startswith("# Audit of world abc: red\n")
    assert "| Only records in the truth differ from the clean twin | red | so |" in page
    assert "| calls | ring | 120 | 0.510 | 0.480 to 0.540 | 1 |" in page
    assert read_verdict(tmp_path) == made
    assert made.summary == "red: identity; marked: triviality"


def test_without_features_there_is_no_picture(tmp_path: Path) -> None:
    made = Verdict("abc", {}, (Check("identity", Light.UNTESTED, ("no twin",), {}),))
    assert [path.name for path in write(made, tmp_path)] == ["audit.json", "audit.md"]
    assert made.summary == "green"


def test_a_verdict_that_cannot_be_read_is_none(tmp_path: Path) -> None:
    assert read_verdict(tmp_path) is None
    for text in ("", "[]", '{"checks": 3}'):
        (tmp_path / "audit.json").write_text(text)
        assert read_verdict(tmp_path) is None


def test_a_verdict_that_is_damaged_deep_inside_is_none(tmp_path: Path) -> None:
    """Each value in turn is replaced by another or taken out: the pages read them without looking."""
    verdict(Light.RED, Light.GREEN, Light.MARKED).write(tmp_path)
    whole = json.loads((tmp_path / "audit.json").read_text())
    damaged = list(_damaged(whole))
    assert len(damaged) > 60
    for each in damaged:
        (tmp_path / "audit.json").write_text(json.dumps(each))
        assert read_verdict(tmp_path) is None


def _damaged(node: Any) -> Iterator[Any]:
    """Yield a JSON value with one of the values in it changed or missing, for all of them."""
    if isinstance(node, dict):
        for name in node:
            yield {key: value for key, value in node.items() if key != name}
            yield from ({**node, name: each} for each in _damaged(node[name]))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield node[:place] + node[place + 1 :]
            yield from ([*node[:place], each, *node[place + 1 :]] for each in _damaged(value))
    yield "other"


def test_rank_correlation_of_a_curve() -> None:
    def curve(*strengths: float) -> Curve:
        values = np.array([strengths])
        return Curve("ring", tuple(np.linspace(0, 1, len(strengths))), values, values, values, ("new_tie",), values)

    assert curve(0.9, 0.8, 0.7).rank_correlation == -1
    assert curve(0.7, 0.8, 0.9).rank_correlation == 1
    assert curve(0.7, 0.7, 0.7).rank_correlation == 0


def test_a_panel_for_each_type_is_drawn(tmp_path: Path, uncut: Callable[[Path], bool]) -> None:
    values = np.array([[0.99, 0.9, 0.7], [0.98, 0.91, 0.72]])
    found = [
        Curve(f"type_{n}", (0.0, 0.5, 1.0), values, values - 0.1, values - 0.2, ("hour",) * 3, values) for n in range(6)
    ]
    assert draw(found, tmp_path / "d.png").stat().st_size > 20_000
    assert uncut(tmp_path / "d.png")
