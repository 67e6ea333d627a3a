"""Tables of what `headroom.py` measured: by type and difficulty, means over the worlds that were tried."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from math import isnan, nan, sqrt
from statistics import fmean, stdev
from typing import Any

from scipy.stats import t as student

Row = dict[str, Any]
DETECTOR = "detector "


def tables(rows: Sequence[Row], asked: dict[str, str]) -> Iterator[str]:
    """Yield a table of types by difficulties, then the columns that the strong classifier has beyond the baseline."""
    tried, training = asked["seeds"].split(","), asked["training"].split(",")
    yield "| type | level | difficulty | strong | baseline | strong - baseline | one score | best detector | its AP |"
    yield "|---|---|---:|---:|---:|---|---:|---|---:|"
    for kind, difficulty in cases(rows):
        its = [row for row in rows if (row["type"], row["difficulty"]) == (kind, difficulty)]
        here, there = ([row for row in its if row["seed"] in seeds] for seeds in (tried, training))
        strong, baseline, one = (by_seed(here, what) for what in ("strong", "baseline", "one score"))
        level = next((row["level"] for row in here if "level" in row), "")
        best = best_of(there)
        detector = mean(by_seed(here, DETECTOR + best).values())
        gap = interval([strong[seed] - baseline[seed] for seed in sorted(strong)])
        means = [text(mean(values)) for values in (strong.values(), baseline.values(), one.values())]
        found = (*means[:2], gap, means[2], f"`{best}`", text(detector))
        yield f"| `{kind}` | {level} | {difficulty} | {' | '.join(found)} |"
    yield ""
    for row in rows:
        if row["what"] == "columns":
            worth = "; ".join(f"{name} ({loss:.3f})" for loss, name in row["columns"]) or "none by itself or in sets"
            yield f"- `{row['type']}`, {row['difficulty']}: {worth}"


def cases(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return each type and difficulty, in the order in which they were measured."""
    kinds = list(dict.fromkeys(row["type"] for row in rows if row["what"] == "strong"))
    difficulties = {(row["type"], row["difficulty"]) for row in rows if row["what"] == "strong"}
    return [
        (kind, difficulty)
        for kind in kinds
        for _, difficulty in sorted(each for each in difficulties if each[0] == kind)
    ]


def by_seed(rows: Sequence[Row], what: str) -> dict[str, float]:
    """Return the average precision of something in each world."""
    return {row["seed"]: row["ap"] for row in rows if row["what"] == what}


def best_of(rows: Sequence[Row]) -> str:
    """Return the detector with the highest mean average precision in these worlds; empty without any."""
    found = defaultdict[str, list[float]](list)
    for row in rows:
        if row["what"].startswith(DETECTOR):
            found[row["what"].removeprefix(DETECTOR)].append(row["ap"])
    return max(found, key=lambda name: fmean(found[name]), default="")


def text(value: float) -> str:
    """Return a number as the table has it, a dash for NaN."""
    return "-" if isnan(value) else f"{value:.3f}"


def mean(values: Any) -> float:
    """Return the mean of some numbers, NaN of none."""
    found = list(values)
    return fmean(found) if found else nan


def interval(values: Sequence[float]) -> str:
    """Return the mean of some numbers with Student's 95 % interval, which takes two of them.

    >>> interval([0.01, 0.02, 0.03])
    '+0.020 (-0.005 to +0.045)'
    """
    if len(values) < 2:
        return f"{mean(values):+.3f}"
    half = float(student.ppf(0.975, len(values) - 1)) * stdev(values) / sqrt(len(values))
    middle = fmean(values)
    return f"{middle:+.3f} ({middle - half:+.3f} to {middle + half:+.3f})"
