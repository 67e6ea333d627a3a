from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.style import COLOURS, FIRST, looks, new_figure, save

LONG = "/home/somebody/records/" + "of-the-year-2024/" * 12


def test_titles_that_are_wider_than_the_picture_are_not_cut(tmp_path: Path, uncut: Callable[[Path], bool]) -> None:
    assert uncut(save(new_figure(9, 4, LONG, LONG), tmp_path / "picture.png"))


NAMES = st.text("abcdefghij_", min_size=3, max_size=12)


@given(st.sets(NAMES, max_size=12))
def test_no_two_types_of_a_picture_look_the_same(names: set[str]) -> None:
    every = looks([*names, *FIRST])
    assert len(set(every.values())) == len(every)


@given(NAMES, st.permutations(FIRST))
def test_a_type_looks_the_same_in_every_picture(name: str, others: list[str]) -> None:
    alone = looks([name])[name]
    assert looks([*others, name])[name] == alone
    assert looks([name, *others[:2]])[name] == alone


def luminance(colour: str) -> float:
    """Return the relative luminance of an sRGB colour (WCAG 2)."""
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", COLOURS)
def test_every_colour_stands_out_from_white(colour: str) -> None:
    assert 1.05 / (luminance(colour) + 0.05) > 2
