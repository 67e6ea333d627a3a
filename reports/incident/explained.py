"""Explains one incident of a run by a figure and a text: what happened and whether it was found."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from bench.host.texts import printable
from bench.run_tables import LIST
from reports.incident import calls_figure, cells_figure
from reports.style import INK, explain_marks, new_figure, save
from reports.wording import LEVELS, count, duration, key, number, plural

Found = Mapping[str, Any]
GRAPHED = ("community_break", "ring")
"""Types that only show in a graph, which are also drawn as graphs."""
SHOWN = 5
"""The most actors that are named."""
SINGULAR = {"call": "call", "user_day": "day of a user", "cell_quarter": "quarter hour of a cell"}


def explain(found: Found, world: Path, run: Mapping[str, Any], out: Path) -> str:
    """Draw an incident into `out`, and return a text: what happened, whether it was found, and why.

    Parameters
    ----------
    found
        A row of the run's `incidents.parquet`.
    world
        The folder of its world.
    run
        The run's result row.
    out
        The picture, `.png` or `.svg`.
    """
    planned = pl.read_parquet(world / "truth" / "incidents.parquet").filter(incident_id=found["incident_id"])
    of_cells = planned["level"].cast(pl.String).to_list() == ["cell"]
    calls = calls_figure.labelled_calls(world)
    hits = calls.filter(incident_id=found["incident_id"])
    if of_cells or not hits.height:
        _draw_cells(found, world, run, out)
    else:
        _draw_calls(found, calls_figure.around(calls, str(found["incident_id"])), run, out)
    figures = json.loads(planned["parameters"][0]) if planned.height else {}
    lines = [*_happened(found, hits, figures), *_verdict(found, run), f"Picture: {out}"]
    return printable("\n".join(lines))


def _draw_calls(found: Found, calls: tuple[pl.DataFrame, pl.DataFrame], run: Mapping[str, Any], out: Path) -> None:
    hits, near = calls
    figure = new_figure(10.5, 5.2, *_headings(found, run))
    graphed = found["anomaly_type"] in GRAPHED
    panels = figure.subplots(1, 2 if graphed else 1, squeeze=False)[0]
    calls_figure.along_time(panels[0], hits, near, named=True)
    panels[0].set_xlabel("hours since its first call", fontsize=9, color=INK)
    if graphed:
        calls_figure.as_graph(panels[1], hits, near)
        panels[1].set_title("arrows: calls of the incident; black dots: its callers", fontsize=8, color=INK)
    _mark(panels[0], found, hits["call_start_ts"].min())
    save(figure, out)


def _draw_cells(found: Found, world: Path, run: Mapping[str, Any], out: Path) -> None:
    figure = new_figure(10.5, 4.4, *_headings(found, run))
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    name, cells = str(found["anomaly_type"]), str(found["actors"]).split(LIST)
    start = found["start_ts"] or found["end_ts"]
    cells_figure.along_time(left, cells_figure.hourly(world, name, cells), start, found["end_ts"], name)
    if not cells_figure.on_map(right, world, cells):
        right.set_axis_off()
    _mark(left, found, start)
    save(figure, out)


def _headings(found: Found, run: Mapping[str, Any]) -> tuple[str, str]:
    came = {True: "found", False: "missed", None: "not judged"}[found["found"]]
    return f"{found['incident_id']}: {found['anomaly_type']}", f"{came} by {run.get('detector')}"


def _mark(axes: Any, found: Found, begin: Any) -> None:
    """Mark the time of the first possible alert; for detectors that use later records, the alert's record."""
    if found["found"] and isinstance(begin, datetime):
        delay = found["delay_s"]
        raised = found["record_ts"] if delay is None else found["start_ts"] + timedelta(seconds=delay)
        at = (raised - begin).total_seconds() / 3600
        axes.axvline(at, color=INK, linewidth=1.1, linestyle=(0, (4, 2)), label="its first alert")
    explain_marks(axes)


def _happened(found: Found, hits: pl.DataFrame, figures: Mapping[str, Any]) -> Iterator[str]:
    actors = str(found["actors"]).split(LIST)
    more = f" and {count(len(actors) - SHOWN)} more" if len(actors) > SHOWN else ""
    yield f"{found['incident_id']}, {found['anomaly_type']}, of {LIST.join(actors[:SHOWN])}{more}"
    start, end = found["start_ts"], found["end_ts"]
    if start is not None:
        lasts = duration((end - start).total_seconds())
        yield f"From {start:%Y-%m-%d %H:%M:%S} to {end:%Y-%m-%d %H:%M:%S} UTC ({lasts})"
    callers, callees = hits["caller_id"].n_unique(), hits["callee_id"].n_unique()
    if hits.height:
        yield f"{plural(hits.height, 'call')} of {plural(callers, 'caller')} to {plural(callees, 'number')}"
    if figures:
        yield "Figures: " + LIST.join(f"{name} {value}" for name, value in figures.items())


def _verdict(found: Found, run: Mapping[str, Any]) -> Iterator[str]:
    level, reasons = str(found["level"]), found["reasons"] or "the run gave no reasons"
    yield from _left_out(found, level)
    if found["found"] is None:
        yield f"Not judged: it has no record of its own among the {LEVELS[level]} that were scored."
        return
    alerts = run.get(key("alerts", level, "all"))
    record = f"{_record(found)}, score {number(found['score'])}, rank {count(found['rank'])}"
    record += f" (one of {count(found['tied'])} with this score)" if found["tied"] > 1 else ""
    if found["found"]:
        yield f"Found: alerts among its {_records(found['records'], level)}: {count(found['alerts'])}"
        yield f"First alert: {record}"
        if found["delay_s"] is not None:
            calls = found["delay_calls"]
            over = "" if calls is None else f", when {plural(calls, 'call')} of it were over"
            yield f"Found after {duration(found['delay_s'])}{over}"
    else:
        yield f"Missed: no alert among its {_records(found['records'], level)}"
        yield f"Nearest: {record}; alerts are ranks 1 to {count(alerts)}"
    yield f"{'Why' if found['found'] else 'What is rarest there'}: {reasons}"


def _left_out(found: Found, level: str) -> Iterator[str]:
    """Say which records of an incident are not judged, and why."""
    if found["unscored_calls"]:
        yield f"{plural(found['unscored_calls'], 'call')} of it lie outside the scored part and are not judged."
    if found["shared"]:
        alerts = f"; {count(found['shared_alerts'])} of them are alerts" if found["shared_alerts"] else ""
        yield f"{_records(found['shared'], level)} of it belong to another type too and are not judged{alerts}."


def _records(number_of: int, level: str) -> str:
    return f"{count(number_of)} {SINGULAR[level] if number_of == 1 else LEVELS[level]}"


def _record(found: Found) -> str:
    who = [str(found[name]) for name in ("call_id", "user_id", "callee_id", "cell_id") if found[name] is not None]
    return f"{' '.join(who)} at {found['record_ts']:%Y-%m-%d %H:%M:%S}"
