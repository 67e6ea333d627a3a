"""What the pages of recorded runs say, before it is set as Markdown, HTML or a picture."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from os.path import relpath
from pathlib import Path
from textwrap import shorten
from urllib.parse import quote

from bench.result import Scalar, Status
from reports.grouping import Comparison, Contender, comparisons, titles
from reports.wording import NOTHING, Row, count, number, percent, plural, policy_meaning

MEASURES = {
    "average_precision": (
        "Average precision",
        "the precision averaged over all thresholds; random scores get the prevalence",
    ),
    "recall": ("Recall of the alerts", "the share of the anomalous calls that are alerts"),
    "precision": (
        "Precision of the alerts",
        "the share of the alerts that are anomalous; random alerts get the prevalence",
    ),
    "incident_recall": (
        "Incidents found",
        "the share of the incidents with at least one alert; random: what as many random alerts would find",
    ),
}
COSTS: dict[str, tuple[str, Callable[[Scalar], str]]] = {
    "fit_seconds": ("fit [s]", partial(number, digits=2)),
    "score_seconds": ("score [s]", partial(number, digits=2)),
    "calls_per_second": ("calls scored a second", count),
    "peak_mib": ("peak memory [MiB]", count),
}
LISTED = ("name", "started_at", "detector", "generator", "world_seed", "seed", "status", "reason", "fingerprint")
LONGEST_REASON = 300


@dataclass(frozen=True)
class Cell:
    """One number and what is said below it; `shade` in [0, 1] where it is one that may be coloured."""

    text: str
    details: tuple[str, ...] = ()
    shade: float | None = None
    failed: bool = False


@dataclass(frozen=True)
class Grid:
    """One table: a row a detector, the last rows what to compare with."""

    title: str
    meaning: str
    columns: list[str]
    rows: list[tuple[str, list[Cell]]]
    reference: list[tuple[str, list[Cell]]]


@dataclass(frozen=True)
class Section:
    """One comparison: what was compared and its tables, the average precision first."""

    title: str
    facts: list[tuple[str, str]]
    cautions: list[str]
    grids: list[Grid]


@dataclass(frozen=True)
class RunLine:
    """One run in the lists of runs."""

    texts: dict[str, str]
    """What was asked and how it ended, by the key of the row."""
    link: str
    """Empty where the folder is not known."""


@dataclass(frozen=True)
class Page:
    """All that the pages say."""

    sections: list[Section]
    runs: list[RunLine]

    @property
    def tally(self) -> str:
        """How many runs there are, of what, and when the last began."""
        last = max(run.texts["started_at"] for run in self.runs)
        worlds = len({run.texts["fingerprint"] for run in self.runs} - {NOTHING})
        counts = f"{plural(len(self.runs), 'run')} on {plural(worlds, 'world')}, {len(self.failed)} of them failed"
        return f"{counts}; the last began at {last}."

    @property
    def failed(self) -> list[RunLine]:
        """The runs that did not end well."""
        return [run for run in self.runs if run.texts["status"] != Status.OK]


def page_of(rows: Iterable[Row], folder: Path) -> Page:
    """Put together what the pages in `folder` say about runs."""
    ordered = sorted(rows, key=lambda row: (str(row.get("started_at")), str(row.get("run_id"))))
    compared = comparisons(ordered)
    sections = [_section(title, each) for title, each in zip(titles(compared), compared, strict=True)]
    return Page(sections, [_run(row, folder) for row in ordered])


def _run(row: Row, folder: Path) -> RunLine:
    where = row.get("folder")
    link = quote(relpath(str(where), folder)) if where else ""
    texts = {key: " ".join(str(NOTHING if row.get(key) in {None, ""} else row[key]).split()) for key in LISTED}
    return RunLine(texts | {"reason": shorten(texts["reason"], LONGEST_REASON, placeholder=" ...")}, link)


def _section(title: str, each: Comparison) -> Section:
    sample = each.sample
    seeds = ", ".join(str(seed) for seed in each.world_seeds)
    facts = [
        ("Anomalies", str(sample.get("anomalies") or "none").replace(",", ", ")),
        ("Protocol", f"{sample.get('protocol')}; scored: every {sample.get('level')}"),
        ("Threshold", policy_meaning(sample)),
        ("Worlds", f"{plural(len(each.world_seeds), 'world')} (seed {seeds})"),
    ]
    grids = [_measure_grid(each, measure) for measure in MEASURES if each.prevalences.repeats]
    return Section(title, facts, _cautions(each), [*grids, _cost_grid(each)])


def _cautions(each: Comparison) -> list[str]:
    cautions = []
    if not each.same_worlds:
        cautions.append("Not every detector has a result on every world: differences may be those of the worlds.")
    if each.sample.get("threshold_policy") == "oracle":
        cautions.append("The threshold uses the truth: recall and precision are ceilings, not what one would get.")
    if each.superseded:
        left_out = plural(each.superseded, "run")
        cautions.append(
            f"{left_out} left out: their world was made anew since, by other code; run them again to compare."
        )
    return cautions


def _measure_grid(each: Comparison, measure: str) -> Grid:
    title, meaning = MEASURES[measure]
    rows = [(who.label, [_measure_cell(who, measure, name) for name in each.types]) for who in each.contenders]
    shares = [_cell(each.prevalences, f"prevalence/{name}", percent) for name in each.types]
    reference = [("prevalence", shares)] if measure != "incident_recall" else []
    return Grid(title, meaning, each.types, rows, reference)


def _measure_cell(who: Contender, measure: str, name: str) -> Cell:
    cell, summary = _cell(who, f"{measure}/{name}", number), who.summary(f"{measure}/{name}")
    if summary is None:
        return cell if who.good else Cell(who.failure, failed=True)
    chance = who.summary(f"{measure}_chance/{name}")
    details = (*cell.details, f"random {number(chance.mean)}") if chance else cell.details
    return replace(cell, details=details, shade=min(max(summary.mean, 0), 1))


def _cost_grid(each: Comparison) -> Grid:
    columns = ["runs that ended well", *(name for name, _ in COSTS.values())]
    rows = [
        (who.label, [_runs(who), *(_cell(who, key, say) for key, (_, say) in COSTS.items())]) for who in each.contenders
    ]
    return Grid("Cost", "in a process of its own on the machine of the run", columns, rows, [])


def _runs(who: Contender) -> Cell:
    return Cell(f"{len(who.good)} of {len(who.repeats)}", (who.failure,) if who.failure else ())


def _cell(who: Contender, metric: str, say: Callable[[Scalar], str]) -> Cell:
    summary = who.summary(metric)
    if summary is None:
        return Cell(NOTHING)
    low, high = say(summary.low), say(summary.high)
    return Cell(say(summary.mean), () if summary.low is None or low == high else (f"{low} to {high}",))
