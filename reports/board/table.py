"""README's table of the board: the best detector of each type, and those that do not differ significantly from it."""

from collections.abc import Sequence
from statistics import fmean, stdev

from reports.comparison.best import over_worlds
from reports.comparison.grids import grids_of
from reports.comparison.grouping import Comparison, Contender, comparisons, titles
from reports.comparison.heat_map import heat_map
from reports.comparison.page_content import Section
from reports.comparison.standing import Contest, contests
from reports.comparison.together import together
from reports.wording import ALL, LEVELS, NOTHING, SHORT, Row, home_level, key, number

HEAD = (
    "| type | level | best detector | AP | chance | supervised | not significantly different from the best |\n"
    "|---|---|---|---:|---:|---:|---|\n"
)
NAMED = 3
"""The most detectors that are named in a cell."""


def joined(rows: Sequence[Row]) -> tuple[Comparison, Contest]:
    """Return the results over all worlds of a suite, and the ranking of its detectors over them.

    Raises
    ------
    ValueError
        When the rows are not of one protocol and threshold, on several kinds of world.
    """
    compared = comparisons(rows)
    ((whole, _),), (contest,) = together(compared, titles(compared)), contests(compared)
    return whole, contest


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown, a line for each type, after a sentence about it."""
    whole, contest = joined(rows)
    levels = list(LEVELS)
    types = sorted(whole.types, key=lambda name: (levels.index(home_level(whole.sample, name)), name))
    return _said(contest) + HEAD + "".join(_line(whole, contest, name) for name in types if name != ALL)


def picture(rows: Sequence[Row]) -> str:
    """Return the heat map of average precision over all worlds, as SVG."""
    whole, contest = joined(rows)
    ordered = [*sorted((each for each in whole.contenders if each.ranked), key=_family), *_unranked(whole)]
    title = f"mean over {len(contest.compared)} kinds of world, each type at its home level"
    return heat_map([Section(title, [], [], grids_of(Comparison(tuple(ordered), 0)))])


def _line(whole: Comparison, contest: Contest, name: str) -> str:
    level = home_level(whole.sample, name)
    ranked = {each.label: found for each in whole.contenders if each.ranked and (found := _mean(each, level, name))}
    best = max(ranked, key=lambda label: ranked[label])
    chance = next(each for each in whole.contenders if each.label == best).summary(
        key("average_precision_chance", level, name)
    )
    supervised = [_mean(each, level, name) for each in whole.contenders if each.repeats[0].get("role") == "supervised"]
    values = [ranked[best], chance.mean if chance else None, supervised[0] if supervised else None]
    numbers = [number(value) for value in values]
    cells = [f"`{name}`", SHORT[level], f"`{best}`", *numbers, _alike(contest, name, best)]
    return f"| {' | '.join(cells)} |\n"


def _mean(who: Contender, level: str, name: str) -> float | None:
    found = who.summary(key("average_precision", level, name))
    return None if found is None else found.mean


def _alike(contest: Contest, name: str, best: str) -> str:
    """Return the detectors that do not differ significantly from the best of a type, the best of them first."""
    if contest.testable_on(name):
        found = contest.standing(name)
        place = found.names.index(best)
        others = [each for other, each in enumerate(found.names) if other != place and found.alike(place, other)]
    else:
        lags = contest.differences(name)[1:]
        others = [label for label, _, lag in lags if lag is None or lag.high >= 0]
    more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
    return ", ".join(f"`{each}`" for each in others[:NAMED]) + more or NOTHING


def _said(contest: Contest) -> str:
    """Return what the table is a table of, and by which test detectors differ."""
    tests = (
        "Wilcoxon's test with Holm's correction" if contest.testable_on(ALL) else "paired differences by Student's t"
    )
    return f"Means over {len(contest.compared)} kinds of world; significance by {tests}, over these worlds.\n\n"


def _family(who: Contender) -> tuple[str, str]:
    return str(who.repeats[0].get("level")), who.label


def _unranked(whole: Comparison) -> list[Contender]:
    return [each for each in whole.contenders if not each.ranked]


def paired_spreads(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Return for each type the standard deviations, over worlds, of the best detector's lead over each other one."""
    whole, _ = joined(rows)
    found = {}
    for name in whole.types:
        metric = key("average_precision", home_level(whole.sample, name), name)
        values = [over_worlds(each, metric) for each in whole.contenders if each.ranked]
        known = [mine for mine in values if len(mine) == len(whole.worlds)]
        best = max(known, key=lambda mine: fmean(mine.values()))
        others = [mine for mine in known if mine is not best]
        found[name] = [stdev(best[world] - mine[world] for world in whole.worlds) for mine in others]
    return found
