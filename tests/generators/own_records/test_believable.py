"""The study of recall on injected incidents beside native ones: what counts as a difference."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))

from believable import INJECTED, NATIVE, Found, Pair, Row, main, tables


def rows(kind: str, found: list[int], of: int = 10) -> list[Row]:
    about = {"kind": kind, "type": "ring", "detector": "iforest", "incidents": of}
    return [{**about, "world": number, "found": each} for number, each in enumerate(found, 1)]


def test_the_same_recall_agrees_and_another_does_not() -> None:
    native = rows(NATIVE, [4, 5, 6, 5, 5, 4, 6, 5])
    alike = list(tables([*native, *rows(INJECTED, [5, 6, 4, 5, 6, 4, 5, 6])]))
    other = list(tables([*native, *rows(INJECTED, [9, 10, 9, 9, 10, 9, 8, 9])]))
    assert alike[2] == "| `ring` | 80 + 80 | 0.50 / 0.51 | 100% |"
    assert other[2].startswith("| `ring` | 80 + 80 | **0.50 / 0.91** |")
    assert "Recall agrees for 1 of 1" in alike[-2]
    assert "Recall agrees for 0 of 1" in other[-2]


def test_incidents_of_a_world_that_are_found_or_missed_together_tell_less() -> None:
    apart, together = Found([(10, 5)] * 8), Found([(10, 0), (10, 10)] * 4)
    assert apart.recall == together.recall == 0.5
    widths = [high - low for low, high in (apart.bounds, together.bounds)]
    assert widths[1] > 2 * widths[0]
    assert Pair(together, Found([(10, 8)] * 8)).agrees
    assert not Pair(apart, Found([(10, 8)] * 8)).agrees


def test_unknown_settings_are_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main("wordls=3")
    assert "settings must be among worlds" in str(refused.value)
