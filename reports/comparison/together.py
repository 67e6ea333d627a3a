"""Several kinds of world combined: each type's numbers are means over the kinds that have it."""

import json
from collections import defaultdict
from collections.abc import Sequence

from bench.evaluation.home import homes_in
from reports.comparison.grouping import Comparison, Contender
from reports.comparison.page_content import Section
from reports.wording import Row, plural, policy_meaning, settings_of

TITLE = "all kinds of world together"
MIXED = "Means over {kinds} of world. A number of a type is of those that have it; where they differ in the share of "
MIXED += "anomalous records, average precision differs for that alone."


def together(compared: Sequence[Comparison], titles: Sequence[str]) -> list[tuple[Comparison, Section]]:
    """Return the kinds of world with the same protocol and threshold as one, with a description of them.

    Parameters
    ----------
    compared
        All kinds of world.
    titles
        Their titles.
    """
    groups: dict[str, list[int]] = defaultdict(list)
    for place, each in enumerate(compared):
        settings = settings_of(each.sample)
        groups[json.dumps([settings.get("protocol"), settings.get("threshold")], sort_keys=True)].append(place)
    joined = [[compared[place] for place in group] for group in groups.values() if len(group) > 1]
    names = [[titles[place] for place in group] for group in groups.values() if len(group) > 1]
    return [(_joined(kinds), _section(kinds, mine, len(joined))) for kinds, mine in zip(joined, names, strict=True)]


def _joined(kinds: Sequence[Comparison]) -> Comparison:
    rows: dict[str, list[Row]] = defaultdict(list)
    labels: dict[str, str] = {}
    homes = {
        name: level for each in kinds for name, level in homes_in(str(each.sample.get("home_levels") or "")).items()
    }
    for each in kinds:
        homes |= homes_in(str(each.sample.get("home_levels") or ""))
    text = ",".join(f"{name}:{level}" for name, level in sorted(homes.items()))
    for each in kinds:
        for who in each.contenders:
            labels.setdefault(who.key, who.label)
            rows[who.key] += [{**row, "home_levels": text} for row in who.repeats]
    contenders = [Contender(labels[key], tuple(mine)) for key, mine in rows.items()]
    return Comparison(tuple(sorted(contenders, key=lambda who: (not who.ranked, who.label))), 0)


def _section(kinds: Sequence[Comparison], titles: Sequence[str], groups: int) -> Section:
    sample = kinds[0].sample
    conditions = f"protocol {sample.get('protocol')}, {policy_meaning(sample)}"
    facts = [("Kinds of world", "; ".join(titles)), ("Conditions", conditions)]
    cautions = [MIXED.format(kinds=plural(len(kinds), "kind"))]
    if len({frozenset(who.key for who in each.contenders) for each in kinds}) > 1:
        cautions.append("Not every detector ran on every kind of world, so differences may come from the worlds.")
    return Section(TITLE if groups == 1 else f"{TITLE}: {conditions}", facts, cautions, [])
