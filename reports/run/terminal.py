"""The table of one run in the terminal: at most a hundred columns wide, and plain text if there is no terminal."""

import sys
from collections.abc import Iterator
from dataclasses import replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.evaluation.run_outcome import Outcome
from bench.host.texts import printable, printable_row
from bench.result import UNCONFINED, Result, Scalar, Status
from bench.spans import DAY_MS
from reports.wording import (
    ALL,
    LEVELS,
    NOTHING,
    SHORT,
    Row,
    count,
    cut_meaning,
    duration,
    home_level,
    key,
    left_out_in,
    lift,
    number,
    own_level,
    percent,
    plural,
    policy_meaning,
    types_in,
    world_meaning,
)

WIDTH = 100
COLUMNS = ("type", "incidents", "positives", "prevalence", "prec.", "recall", "F1", "AP", "95 % int.", "lift")
CAP = "cap"
"""Name of the column that replaces F1 if the budget is too small for a recall of 1."""
LEFT_OUT_WHEN_NARROW = ("incidents", "95 % int.")
HOW_TO_READ = (
    "Each type is evaluated at its home level against normal {nouns}; records of other types are left out.",
    "AP: average precision, with its 95 % interval; lift: AP over what random scores get.",
)
HOW_TO_READ_CAP = "cap: the highest recall that is possible with this number of alerts."


def show(outcome: Outcome) -> None:
    """Print the settings, one row per type with its numbers, and the cost; for a failed run, the reason."""
    result = outcome.result
    result = replace(result, asked=printable_row(result.asked), reason=printable(result.reason))
    outcome = replace(outcome, result=result)
    console = _console()
    console.print()
    for line in _header(outcome):
        console.print(line)
    if result.status is not Status.OK:
        console.print(Text(f"{result.status}: {result.reason}", style="bold red"))
    elif types := types_in(result.values):
        levels = {name: _level(result, name) for name in types}
        capped = any((result.values.get(key("recall_cap", levels[name], name)) or 1) < 1 for name in types)
        console.print(_table(result, levels, console.width, capped))
        nouns = " or ".join(noun for level, noun in LEVELS.items() if level in levels.values())
        explanation = "\n".join([*HOW_TO_READ, *[HOW_TO_READ_CAP] * capped])
        console.print(Text(explanation.format(nouns=nouns), style="dim"))
        for line in _further(outcome, levels):
            console.print(line)
    console.print(Text(_cost(result.cost)))


def _level(result: Result, name: str) -> str:
    """Return the level at which a type is shown: its home level or, without scores there, the detector's own."""
    home, own = home_level(result.asked, name), own_level(result.asked)
    reached = result.values.get(key("average_precision", own, name)) is None
    return home if reached or result.values.get(key("average_precision", home, name)) is not None else own


def _console() -> Console:
    console = Console(file=sys.stdout, highlight=False)
    console.width = min(console.width, WIDTH) if console.is_terminal else WIDTH
    return console


def _header(outcome: Outcome) -> list[Text]:
    asked = outcome.result.asked
    world = "" if asked.get("world_seed") is None else f"world {asked['world_seed']}, "
    seeds = f"seeds: {world}detector {asked.get('seed')}"
    low, high = outcome.dataset.call_range(outcome.dataset.window)
    lines = [
        Text.assemble((str(asked.get("detector")), "bold"), f" on {world_meaning(asked)}"),
        Text(f"Protocol {asked.get('protocol')}: scored the {plural(high - low, 'call')} of {_span(outcome)}; {seeds}"),
    ]
    alerts = outcome.alerts
    if alerts is not None:
        level = own_level(asked)
        sent = plural(outcome.result.values.get(key("alerts", level, ALL)), "alert")
        lines.append(Text(f"Threshold {policy_meaning(asked)}: {sent}, {cut_meaning(alerts.cut)}"))
    if str(asked.get("isolation")).startswith(UNCONFINED):
        lines.append(Text(f"Isolation {asked['isolation']}: the detector could have read the truth", style="bold red"))
    if left_out := left_out_in(asked):
        lines.append(Text("Not injected, since these records cannot carry it:"))
        lines += [Text(f"  {names}: {why}") for names, why in left_out]
    return [*lines, *_of_audit(asked)]


def _of_audit(asked: Row) -> Iterator[Text]:
    """Yield faults that an audit of the world has found."""
    if str(asked.get("audit") or "").startswith("red"):
        yield Text(f"The audit of this world is {asked['audit']}. Do not trust these numbers.", style="bold red")
    if asked.get("trivial_types"):
        types = str(asked["trivial_types"]).replace(",", ", ")
        yield Text(f"Types that a single feature finds (trivial at this difficulty): {types}", style="dim")


def _span(outcome: Outcome) -> str:
    window, history = outcome.dataset.window, outcome.dataset.history
    scored, fitted = (
        plural(round(length / DAY_MS), "day") if length >= DAY_MS else duration(length / 1000)
        for length in (window.end_ms - window.start_ms, history.end_ms - history.start_ms)
    )
    return f"{scored}, also used for fitting" if window == history else f"{scored}, fitted on {fitted}"


def _table(result: Result, levels: dict[str, str], width: int, capped: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=0, header_style="bold")
    columns = [CAP if capped and name == "F1" else name for name in COLUMNS]
    shown = [name for name in columns if width == WIDTH or name not in LEFT_OUT_WHEN_NARROW]
    for name in shown:
        table.add_column(name, justify="left" if name == "type" else "right", no_wrap=name != "type", overflow="fold")
    for name, level in levels.items():
        if name == ALL:
            table.add_section()
        cells = _cells(result.values, level, name)
        table.add_row(*(cells[column] for column in shown), style="bold" if name == ALL else "")
    return table


def _cells(values: Row, level: str, name: str) -> dict[str, str]:
    def get(metric: str) -> Scalar:
        return values.get(key(metric, level, name))

    positives = NOTHING if get("positives") is None else plural(get("positives"), SHORT[level])
    texts = (
        name, count(get("incidents")), positives, percent(get("prevalence")), number(get("precision")),
        number(get("recall")), number(get("f1")), number(get("average_precision")),
        _between(get("average_precision_low"), get("average_precision_high")), lift(get("lift")),
    )  # fmt: skip
    return {**dict(zip(COLUMNS, texts, strict=True)), CAP: number(get("recall_cap"))}


def _further(outcome: Outcome, levels: dict[str, str]) -> Iterator[Text]:
    """Yield notes below the table: other levels, records left out, types with few incidents."""
    values, own = outcome.result.values, own_level(outcome.result.asked)
    found = [
        f"{noun} AP {number(values[key('average_precision', level, ALL)])} "
        f"(lift {lift(values.get(key('lift', level, ALL)))})"
        for level, noun in LEVELS.items()
        if level != levels.get(ALL) and values.get(key("average_precision", level, ALL)) is not None
    ]
    if found:
        yield Text(f"All types at other levels: {'; '.join(found)}")
    shared = {name: values.get(key("shared_share", level, name)) for name, level in levels.items() if name != ALL}
    if parts := [f"{percent(share)} of {name}" for name, share in shared.items() if share]:
        yield Text(f"Left out of a type, because they also belong to another: {', '.join(parts)}")
    if (twin := values.get(key("twin_alerts", own, ALL))) is not None:
        here = count(values.get(key("false_alarms", own, ALL)))
        other = "Clean twin (the same world without incidents)"
        yield Text(f"{other}: {count(twin)} alerts at this threshold; false alarms here: {here}")
    elif outcome.result.reason:
        yield Text(outcome.result.reason, style="bold")
    if not outcome.labelled:
        yield Text(
            "These records have no labels, so only the alerts are known: see findings.html and alerts.csv.",
            style="bold",
        )
    if few := [name for name, level in levels.items() if values.get(key("enough_incidents", level, name)) == 0]:
        way_on = "; findings.html says what gives enough" if outcome.is_recorded else ""
        yield Text(f"Too few incidents to judge: {', '.join(few)}{way_on}", style="bold")


def _between(low: Scalar, high: Scalar) -> str:
    """Return an interval in short form: .032-.041."""
    return NOTHING if low is None or high is None else "-".join(number(end).removeprefix("0") for end in (low, high))


def _cost(cost: dict[str, float]) -> str:
    words = {"world_seconds": "world", "fit_seconds": "fit", "score_seconds": "score"}
    parts = [f"{word} {cost[name]:,.2f} s" for name, word in words.items() if name in cost]
    if "calls_per_second" in cost:
        parts.append(f"{count(cost['calls_per_second'])} calls scored per second")
    if "peak_mib" in cost:
        parts.append(f"peak memory {count(cost['peak_mib'])} MiB")
    return "Cost: " + (", ".join(parts) or "not measured")
