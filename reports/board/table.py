"""README's table of the board: the best detector of each type, and those that do not differ significantly from it."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean, stdev

from reports.comparison.best import best_of
from reports.comparison.document import Best
from reports.comparison.grids import at_home, grids_of
from reports.comparison.grouping import Comparison, Contender, comparisons, titles
from reports.comparison.heat_map import heat_map
from reports.comparison.page_content import Section
from reports.comparison.standing import Contest
from reports.comparison.together import together
from reports.wording import ALL, NOTHING, SHORT, Row, home_level, key, number

HEAD = (
    "| type | level | best detector | AP | chance | supervised | not significantly different from the best |\n"
    "|---|---|---|---:|---:|---:|---|\n"
)
NAMED = 3
"""The most detectors that are named in a cell."""


def joined(rows: Sequence[Row]) -> Comparison:
    """Return the results over all worlds of a suite.

    Raises
    ------
    ValueError
        When the rows are not of one protocol and threshold, on several world configurations.
    """
    compared = comparisons(rows)
    ((whole, _),) = together(compared, titles(compared))
    return whole


def table(rows: Sequence[Row]) -> str:
    """Return the table as Markdown, a line for each type, after a sentence about it."""
    whole = joined(rows)
    contest = Contest(whole)
    bests = {name: best_of(contest, contest.metric(name)) for name in whole.types if name != ALL}
    lines = [_line(whole, name, best) for name, best in bests.items() if best is not None]
    hows = "; ".join(dict.fromkeys(best.how for best in bests.values() if best is not None))
    said = f"Means over {len(whole.kinds)} world configurations. Significance: {hows}.\n\n"
    return said + HEAD + "".join(lines)


def picture(rows: Sequence[Row]) -> str:
    """Return the heat map of average precision over all worlds, as SVG."""
    whole = joined(rows)
    ordered = sorted(whole.contenders, key=lambda who: (not who.ranked, str(who.repeats[0].get("level")), who.label))
    title = f"mean over {len(whole.kinds)} world configurations, each type at its home level"
    return heat_map([Section(title, [], [], grids_of(replace(whole, contenders=tuple(ordered))))])


def _line(whole: Comparison, name: str, best: Best) -> str:
    first = whole.contenders[best.row]
    supervised = next((who for who in whole.contenders if who.repeats[0].get("role") == "supervised"), None)
    asked = ((first, "average_precision"), (first, "average_precision_chance"), (supervised, "average_precision"))
    numbers = [_mean(who, at_home(whole, metric, name)) for who, metric in asked]
    alike = _named([whole.contenders[place].label for place in best.alike])
    cells = [f"`{name}`", SHORT[home_level(whole.sample, name)], f"`{first.label}`", *numbers, alike]
    return f"| {' | '.join(cells)} |\n"


def _mean(who: Contender | None, metric: str) -> str:
    found = None if who is None else who.summary(metric)
    return NOTHING if found is None else number(found.mean)


def _named(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return ", ".join(f"`{each}`" for each in labels[:NAMED]) + more or NOTHING


def paired_spreads(rows: Sequence[Row]) -> dict[str, list[float]]:
    """Return for each type the standard deviations, over worlds, of the best detector's lead over each other one."""
    whole = joined(rows)
    found = {}
    for name in whole.types:
        metric = key("average_precision", home_level(whole.sample, name), name)
        values = [each.by_world(metric) for each in whole.contenders if each.ranked]
        known = [mine for mine in values if len(mine) == len(whole.worlds)]
        best = max(known, key=lambda mine: fmean(mine.values()))
        others = [mine for mine in known if mine is not best]
        found[name] = [stdev(best[world] - mine[world] for world in whole.worlds) for mine in others]
    return found
