"""Several world configurations combined: each type's numbers are means over those that have it."""

from collections.abc import Sequence

from reports.comparison.grouping import Comparison, combined, comparable
from reports.comparison.page_content import Section
from reports.wording import plural, policy_meaning

TITLE = "all world configurations together"
MIXED = "Means over {kinds}. A number of a type is of those that have it; where they differ in the share of "
MIXED += "anomalous records, average precision differs for that alone."


def together(compared: Sequence[Comparison], titles: Sequence[str]) -> list[tuple[Comparison, Section]]:
    """Return the world configurations with the same protocol and threshold as one, with a description of them.

    Parameters
    ----------
    compared
        All world configurations.
    titles
        Their titles.
    """
    groups = [places for places in comparable(compared) if len(places) > 1]
    joined = [[compared[place] for place in places] for places in groups]
    names = [[titles[place] for place in places] for places in groups]
    return [(combined(kinds), _section(kinds, mine, len(joined))) for kinds, mine in zip(joined, names, strict=True)]


def _section(kinds: Sequence[Comparison], titles: Sequence[str], groups: int) -> Section:
    sample = kinds[0].sample
    conditions = f"protocol {sample.get('protocol')}, {policy_meaning(sample)}"
    facts = [("Conditions", conditions)]
    cautions = [MIXED.format(kinds=plural(len(kinds), "world configuration"))]
    if len({frozenset(who.key for who in each.contenders) for each in kinds}) > 1:
        cautions.append("Not every detector ran on every world configuration, so differences may come from the worlds.")
    return Section(TITLE if groups == 1 else f"{TITLE}: {conditions}", facts, cautions, [])
