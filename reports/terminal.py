"""The table of one run in the terminal: a hundred columns wide at most, and plain text where there is no terminal."""

import sys
from collections.abc import Iterator
from dataclasses import replace

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bench.result import Outcome, Result, Scalar, Status
from reports.wording import (
    ALL,
    LEVELS,
    NOTHING,
    Row,
    count,
    cut_meaning,
    lift,
    number,
    percent,
    plural,
    policy_meaning,
    types_in,
    world_meaning,
)

WIDTH = 100
COLUMNS = ("type", "incidents", "calls", "prevalence", "precision", "recall", "F1", "AP", "95 % int.", "lift")
LEFT_OUT_WHEN_NARROW = ("incidents", "95 % int.")
HOW_TO_READ = (
    "Each type against normal {noun}; the other types are neither hits nor false alarms.",
    "AP: average precision, with its 95 % interval; lift: AP over prevalence, which random scores get.",
)


def show(outcome: Outcome) -> None:
    """Print what was run, a row a type with its numbers, and what it cost; of a run that failed, why it did."""
    result = replace(outcome.result, values=_own_level(outcome.result))
    outcome = replace(outcome, result=result)
    console = _console()
    console.print()
    for line in _header(outcome):
        console.print(line)
    if result.status is not Status.OK:
        console.print(Text(f"{result.status}: {result.reason}", style="bold red"))
    elif types := types_in(result.values):
        console.print(_table(result, types, console.width))
        noun = LEVELS.get(str(result.asked.get("level")), "calls")
        console.print(Text("\n".join(HOW_TO_READ).format(noun=noun), style="dim"))
        for line in _further(outcome, types):
            console.print(line)
    console.print(Text(_cost(result.cost)))


def _own_level(result: Result) -> dict[str, float | None]:
    """Return the values with those of the detector's own level under their plain names."""
    level = result.asked.get("level")
    if level not in LEVELS:
        return result.values
    prefix = f"{level}/"
    return {name.removeprefix(prefix): value for name, value in result.values.items() if name.startswith(prefix)}


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
        sent = plural(outcome.result.values.get(f"alerts/{ALL}"), "alert")
        lines.append(Text(f"Threshold {policy_meaning(asked)}: {sent}, {cut_meaning(alerts.cut)}"))
    return [*lines, *_of_audit(asked)]


def _of_audit(asked: Row) -> Iterator[Text]:
    """Yield what an audit of the world has found wrong with it."""
    if str(asked.get("audit") or "").startswith("red"):
        yield Text(f"The audit of this world is {asked['audit']}. Do not trust these numbers.", style="bold red")
    if asked.get("trivial_types"):
        types = str(asked["trivial_types"]).replace(",", ", ")
        yield Text(f"Trivial at their difficulty, a single feature finds them: {types}", style="dim")


def _span(outcome: Outcome) -> str:
    window, history = outcome.dataset.window, outcome.dataset.history
    day_ms = 86_400_000
    scored = plural(round((window.end_ms - window.start_ms) / day_ms), "day")
    fitted = plural(round((history.end_ms - history.start_ms) / day_ms), "day")
    return f"{scored}, the same that it was fitted on" if window == history else f"{scored}, fitted on {fitted}"


def _table(result: Result, types: list[str], width: int) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    shown = [name for name in COLUMNS if width == WIDTH or name not in LEFT_OUT_WHEN_NARROW]
    for name in shown:
        table.add_column(name, justify="left" if name == "type" else "right", no_wrap=name != "type", overflow="fold")
    for name in types:
        if name == ALL:
            table.add_section()
        cells = _cells(result.values, name)
        table.add_row(*(cells[column] for column in shown), style="bold" if name == ALL else "")
    return table


def _cells(values: Row, name: str) -> dict[str, str]:
    def get(metric: str) -> Scalar:
        return values.get(f"{metric}/{name}")

    texts = (
        name, count(get("incidents")), count(get("positives")), percent(get("prevalence")), number(get("precision")),
        number(get("recall")), number(get("f1")), number(get("average_precision")),
        _between(get("average_precision_low"), get("average_precision_high")), lift(get("lift")),
    )  # fmt: skip
    return dict(zip(COLUMNS, texts, strict=True))


def _further(outcome: Outcome, types: list[str]) -> Iterator[Text]:
    """Yield what there is to say beyond the table: the levels above calls, and the types that it cannot speak of."""
    values = outcome.result.values
    found = [
        f"{noun} AP {number(values[f'{level}/average_precision/{ALL}'])} "
        f"(prevalence {percent(values.get(f'{level}/prevalence/{ALL}'))})"
        for level, noun in LEVELS.items()
        if values.get(f"{level}/average_precision/{ALL}") is not None
    ]
    if found:
        yield Text(f"Lifted by the highest score, all types: {'; '.join(found)}")
    if (twin := values.get(f"twin_alerts/{ALL}")) is not None:
        here = count(values.get(f"false_alarms/{ALL}"))
        yield Text(f"In the same world without incidents: {count(twin)} alerts from that score on; false here: {here}")
    elif outcome.result.reason:
        yield Text(outcome.result.reason, style="bold")
    if not outcome.labelled:
        yield Text("No labels in these records: what needs the truth is empty. See alerts.csv.", style="bold")
    if few := [name for name in types if values.get(f"enough_incidents/{name}") == 0]:
        yield Text(f"Too few incidents to speak of: {', '.join(few)}", style="bold")


def _between(low: Scalar, high: Scalar) -> str:
    """Return an interval in few signs: .032-.041."""
    return NOTHING if low is None or high is None else "-".join(number(end).removeprefix("0") for end in (low, high))


def _cost(cost: dict[str, float]) -> str:
    words = {"world_seconds": "world", "fit_seconds": "fit", "score_seconds": "score"}
    parts = [f"{word} {cost[key]:,.2f} s" for key, word in words.items() if key in cost]
    if "calls_per_second" in cost:
        parts.append(f"{count(cost['calls_per_second'])} calls a second scored")
    if "peak_mib" in cost:
        parts.append(f"peak memory {count(cost['peak_mib'])} MiB")
    return "Cost: " + (", ".join(parts) or "not measured")
