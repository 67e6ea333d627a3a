"""Builds the document of the interactive page from the rows of runs."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.version import __version__
from reports.comparison.differences import differing, without_seeds
from reports.comparison.document import Choice, Contest, Document, Ranking
from reports.comparison.grouping import Comparison
from reports.comparison.kinds import families, groups
from reports.comparison.page_content import Page
from reports.comparison.standing import Contest as Held
from reports.comparison.standing import meaning, not_different_from, verdict
from reports.comparison.together import together
from reports.comparison.world_part import METRICS, world_part
from reports.wording import LEVELS, plural, settings_of

TITLE = "cdrbench: which detector finds which type"
NOTES = [
    "Each type is judged against normal records only, at its home level: calls, days of users, or quarter hours of "
    "cells.",
    "A number is the mean of the repeats, on one world or several, with the range from their lowest to their highest; "
    "of a single run it has its 95 % confidence interval (95 % CI), where there are incidents enough for one.",
    "Chance is what random scores would get in the place of the best detector of the type: of the same form, and for "
    "incidents found with as many alerts as at its threshold.",
    "Average precision depends on the share of anomalous records: do not compare it between worlds of different "
    "shares.",
]


def document_of(page: Page, folder: Path) -> tuple[Document, list[Comparison]]:
    """Return the document of the interactive page in `folder`, and the runs of each of its worlds."""
    settings = _differing_settings(page.compared)
    joined = together(page.compared, [section.title for section in page.sections])
    places = {id(each): place for place, each in enumerate(page.compared, len(joined))}
    parts = [
        world_part(each, section, {}, folder, [places[id(kind)] for kind in each.kinds]) for each, section in joined
    ]
    parts += [
        world_part(each, section, mine, folder)
        for each, section, mine in zip(page.compared, page.sections, settings, strict=False)
    ]
    document = Document(
        title=TITLE,
        tally=page.tally,
        notes=NOTES,
        metrics=list(METRICS),
        levels=[Choice("home", "home level of each type"), *(Choice(key, text) for key, text in LEVELS.items())],
        families=families(),
        groups=groups(),
        worlds=parts,
        contests=[_contest(each) for each in page.held],
        version=__version__,
    )
    return document, [each for each, _ in joined] + page.compared


def _differing_settings(compared: Sequence[Comparison]) -> list[dict[str, float | str]]:
    """Return the settings in which the world configurations differ; types that only some have are left out.

    Settings of the same last name and the same values, such as the difficulty of every type, are one.
    """
    asked = [settings_of(each.sample) for each in compared]
    kept = [without_seeds({name: mine.get(name) for name in ("generator", "anomaly")}) for mine in asked]
    found = joined(differing(["world"] * len(kept), kept))
    return [
        {name: _number(value) for name, value in mine.items() if value != "unset" and not name.endswith("share")}
        for mine in found
    ]


def joined(found: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
    """Return settings in which worlds differ, those of the same last name and the same values as one of that name."""
    values: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for key in found[0] if found else ():
        values[key.rpartition(".")[2], tuple(mine[key] for mine in found)].append(key)
    groups = Counter(last for (last, _), keys in values.items() if len(keys) > 1)
    named = [(last if len(keys) > 1 and groups[last] == 1 else keys[0], each) for (last, each), keys in values.items()]
    return [{name: each[place] for name, each in named} for place in range(len(found))]


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _contest(held: Held) -> Contest:
    return Contest(
        title=f"{held.conditions}; {plural(len(held.compared), 'world configuration')}",
        cautions=held.cautions,
        tested=held.standing(held.metric()) is not None,
        rankings=[each for name in held.types if (each := _ranking(held, name)) is not None],
    )


def _ranking(held: Held, name: str) -> Ranking | None:
    """Return the ranking of detectors on one type; None with too few worlds."""
    metric = held.metric(name)
    if (found := held.standing(metric)) is not None:
        notes = [not_different_from(found, place) for place in range(len(found.names))]
        values = [round(float(rank), 3) for rank in found.mean_ranks]
        return Ranking(name, list(found.names), list(values), notes, found.groups, meaning(found))
    differences = held.differences(metric)
    if not any(each for _, _, each in differences):
        return None
    said = "mean over the worlds, and paired differences to the first with simultaneous 95 % intervals "
    said += "(Student's t, Bonferroni); too few world configurations for tests of ranks"
    return Ranking(
        type=name,
        names=[label for label, _, _ in differences],
        values=[round(mean, 4) for _, mean, _ in differences],
        notes=["" if place == 0 else verdict(each) for place, (_, _, each) in enumerate(differences)],
        groups=[],
        said=said,
    )
