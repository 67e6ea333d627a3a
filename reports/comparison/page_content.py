"""The content of the comparison pages, before it is rendered as Markdown, HTML or SVG."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from bench.evaluation.compare import Standing
from bench.result import UNCONFINED, Status
from bench.threshold_policies import POLICIES
from reports.comparison.grids import NumberTable, difference_grid, grids_of, rank_grid
from reports.comparison.grouping import Comparison, comparisons, seeds_of, titles
from reports.comparison.run_lines import link_to, short_reason
from reports.comparison.standing import Contest, contests
from reports.comparison.world_names import difficulty_of, name_in_suite
from reports.wording import NOTHING, Row, home_level, key, plural, policy_meaning, settings_of

LISTED = ("name", "started_at", "detector", "generator", "world_seed", "seed", "status", "reason", "fingerprint")


@dataclass(frozen=True)
class Section:
    """One comparison: its title and tables, the average precision first."""

    title: str
    facts: list[tuple[str, str]]
    cautions: list[str]
    grids: list[NumberTable]


@dataclass(frozen=True)
class RunLine:
    """One run in the lists of runs."""

    texts: dict[str, str]
    """Settings and outcome of the run, by the key of the row."""
    link: str
    """Link to the run's folder; empty if that is unknown."""


@dataclass(frozen=True)
class Page:
    """The complete content of the pages."""

    sections: list[Section]
    runs: list[RunLine]
    standings: list[tuple[str, Standing]]
    """Rankings with tests: their conditions and results."""
    compared: list[Comparison]
    """The world configurations, in the order of the first sections."""
    held: list[Contest]
    """Comparisons over several worlds."""

    @property
    def tally(self) -> str:
        """Numbers of runs by kind, and the time of the last one."""
        last = max(run.texts["started_at"] for run in self.runs)
        worlds = len({run.texts["fingerprint"] for run in self.runs} - {NOTHING})
        counts = f"{plural(len(self.runs), 'run')} on {plural(worlds, 'world')}, {len(self.failed)} of them failed"
        return f"{counts}; the last began at {last}."

    @property
    def failed(self) -> list[RunLine]:
        """Failed runs."""
        return [run for run in self.runs if run.texts["status"] != Status.OK]


def page_of(rows: Iterable[Row], folder: Path) -> Page:
    """Build the content of the pages in `folder` from runs."""
    ordered = sorted(rows, key=lambda row: (str(row.get("started_at")), str(row.get("run_id"))))
    compared = comparisons(ordered)
    sections = [_section(title, each) for title, each in zip(titles(compared), compared, strict=True)]
    held = contests(compared)
    sections += [_contest_section(contest) for contest in held]
    tested = [(contest.conditions, contest.standing(contest.metric())) for contest in held]
    standings = [(conditions, found) for conditions, found in tested if found is not None]
    return Page(sections, [_run(row, folder) for row in ordered], standings, compared, held)


def _run(row: Row, folder: Path) -> RunLine:
    texts = {key: " ".join(str(NOTHING if row.get(key) in {None, ""} else row[key]).split()) for key in LISTED}
    return RunLine(texts | {"reason": short_reason(texts["reason"])}, link_to(row, folder))


def _section(title: str, each: Comparison) -> Section:
    sample = each.sample
    facts = [
        *_kind(sample),
        ("Anomalies", str(sample.get("anomalies") or "none").replace(",", ", ")),
        ("Protocol", _protocol(sample)),
        ("Threshold", policy_meaning(sample)),
        ("Worlds", f"{plural(len(each.world_seeds), 'world')} (seed {seeds_of(each)})"),
        *_isolation(each),
    ]
    return Section(title, facts, _cautions(each), grids_of(each))


def _kind(sample: Row) -> Iterable[tuple[str, str]]:
    """Yield what a world of a suite is, and how difficult its types are."""
    if name := name_in_suite(sample):
        yield "World", f"{name} of the suite {sample.get('suite')}"
    if difficulty := difficulty_of(sample):
        yield "Difficulty", difficulty


def _isolation(each: Comparison) -> Iterable[tuple[str, str]]:
    """Yield the restrictions under which the detectors ran; older rows and references have none recorded."""
    kinds = sorted({str(row["isolation"]) for row in each.rows if row.get("isolation")})
    if kinds:
        yield "Isolation", "; ".join(kinds)


def _protocol(sample: Row) -> str:
    training = (settings_of(sample).get("protocol") or {}).get("training")
    clean = ", fitted without records that incidents touched" if training == "clean" else ""
    return f"{sample.get('protocol')}{clean}"


def _cautions(each: Comparison) -> list[str]:
    cautions = []
    if not each.same_worlds:
        cautions.append("Not every detector has a result on every world, so differences may come from the worlds.")
    if few := [name for name in each.types if _too_few(each, name)]:
        cautions.append(f"Too few incidents to judge, in at least one world: {', '.join(few)}.")
    cautions += _of_audits(each)
    free = sorted({str(row["detector"]) for row in each.rows if str(row.get("isolation")).startswith(UNCONFINED)})
    if free:
        cautions.append(f"Not confined, so these could have read the truth: {', '.join(free)}.")
    policy = POLICIES.get(str(each.sample.get("threshold_policy")))
    if policy is not None and policy.uses_truth:
        cautions.append("The threshold uses the truth: recall and precision are not what one would get in practice.")
    if each.superseded:
        left_out = plural(each.superseded, "run")
        cautions.append(
            f"{left_out} left out: their world has since been made again by other code; run them again to compare."
        )
    return cautions


def _of_audits(each: Comparison) -> Iterable[str]:
    """Yield faults of the worlds that audits have found."""
    said = {str(row.get("fingerprint")): str(row.get("audit") or "") for row in each.rows}
    red = {world: verdict for world, verdict in said.items() if verdict.startswith("red")}
    if red:
        worlds = ", ".join(f"{world} ({verdict})" for world, verdict in sorted(red.items()))
        yield f"Failed its audit: world {worlds}. Do not trust the numbers from it."
    trivial = {name for row in each.rows for name in str(row.get("trivial_types") or "").split(",")} - {""}
    if trivial:
        yield f"Types that a single feature finds (trivial at this difficulty): {', '.join(sorted(trivial))}."


def _contest_section(contest: Contest) -> Section:
    facts = [("Conditions", contest.conditions), ("World configurations", str(len(contest.compared)))]
    found = contest.standing(contest.metric())
    grid = difference_grid(contest) if found is None else rank_grid(found)
    return Section("Which detectors differ significantly", facts, contest.cautions, [grid])


def _too_few(each: Comparison, name: str) -> bool:
    enough = each.prevalences.summary(key("enough_incidents", home_level(each.sample, name), name))
    return enough is not None and enough.mean < 1
