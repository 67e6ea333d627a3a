"""Marks of a call's events that do not describe its content: digits, order, agreement with its record."""

from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from bench.arrays import BoolArray, FloatArray
from bench.audit.marks.coverage_map import CoverageMap
from bench.audit.marks.forms import Normal, column_forms, digits, plain
from bench.audit.marks.record_marks import SMOOTH_S
from bench.dataset import Dataset
from bench.spans import SECOND_MS

FLOAT32, LEAST_MS = 2.0**-23, 0.01
"""Rounding of a duration in seconds as float32: relative, and of short ones [ms]."""


def event_marks(
    dataset: Dataset, frame: pl.DataFrame, normal: BoolArray, tainted: pa.Array, rng: np.random.Generator
) -> dict[str, FloatArray]:
    """Return forms, agreements and contents of the events of some calls, by name, shape (calls,) each; {} without any.

    Parameters
    ----------
    dataset
        The events; they are read a part at a time, and only those of these calls are kept.
    frame
        Distinct rows of `calls`.
    normal
        Shape (calls,): whether no incident affects the call.
    tainted
        The `call_id` of all calls of the world that an incident affects.
    rng
        Generator of the values that replace digits which follow from the call itself.
    """
    events, texts = _events_of(dataset, frame["call_id"], tainted)
    if events is None:
        return {}
    events = _with_maps(dataset, events)
    known = Normal(normal[events["call"].to_numpy()], texts)
    calls = frame.with_row_index(
        "call",
    ).with_columns(pl.col("call").cast(pl.Int64))
    each = calls.join(_folded(events), on="call", how="left", maintain_order="left")
    marks = {name: _numbers(each.select(expr).to_series()) for name, expr in _agreements().items()}
    talk = _numbers(each["talk_ms"])
    smooth = talk >= SMOOTH_S * SECOND_MS
    hundreds = np.where(smooth, talk % SECOND_MS // 100, rng.integers(0, 10, talk.size))
    marks["talk_last_two_digits"] = talk % 100
    marks["talk_millisecond"] = 100 * hundreds + marks["talk_last_two_digits"]
    some = digits(talk, SECOND_MS, "ms")
    marks |= {"talk_zeros": some["zeros"], "talk_parity": some["parity"]}
    for name in ("delay", "power_and_map", "cell_and_map", "failed_hellos", "setup_time"):
        marks[name] = _numbers(each[name])
    marks["delay_parity"] = marks["delay"] % 2
    marks["ring_time"] = talk / SECOND_MS - each["call_duration"].to_numpy()
    forms = _forms(events, known, frame.height, rng)
    held = _numbers(each["last_held"])
    # The digits of a connection of a few seconds follow from the content of the call. Those of a connection that lasts
    # for the whole call equal those of its talk time, which would show that there was no handover.
    plain_to_see = (held < SMOOTH_S) | (np.abs(held * SECOND_MS - talk) <= 1)
    usual = np.flatnonzero(~plain_to_see & np.isfinite(held))
    instead = rng.integers(0, max(usual.size, 1), int(plain_to_see.sum()))  # both forms are taken from one row
    for what in ("fraction", "decimals"):
        values = forms[f"events.previous_connection_duration.{what}"]
        values[plain_to_see] = values[usual[instead]] if usual.size else np.nan
    return forms | marks


def _forms(events: pl.DataFrame, known: Normal, calls: int, rng: np.random.Generator) -> dict[str, FloatArray]:
    """Return the forms of the columns: for each call the worst shape and word, and the digits of its last event."""
    found = column_forms("events", events, known, events["caller_id"], rng)
    call = events["call"].to_numpy()
    last = np.append(call[1:] != call[:-1], True)[: call.size]
    out = {}
    for name, values in found.items():
        column = np.full(calls, np.nan)
        if name.endswith(("shape", "word", "empty")):
            column[:] = 0.0
            np.maximum.at(column, call, np.nan_to_num(values))
        elif name.endswith("check_digit"):
            continue
        else:
            column[call[last]] = values[last]
        out[name] = column
    return out


def _events_of(
    dataset: Dataset, call_ids: pl.Series, tainted: pa.Array
) -> tuple[pl.DataFrame | None, dict[str, pl.Series]]:
    """Read the events of some calls, with positions of calls and events, and the texts of normal events."""
    file, wanted, first = dataset.open_table("events"), call_ids.to_arrow().cast(pa.string()), 0
    texts = [field.name for field in file.schema_arrow if pa.types.is_dictionary(field.type)]
    parts, known = [], {name: [pl.Series(dtype=pl.String)] for name in texts}
    for group in range(file.num_row_groups):
        table = file.read_row_group(group)
        session = table["session_id"].cast(pa.string())
        normal = table.filter(pc.invert(pc.is_in(session, tainted)))
        for name in texts:
            known[name].append(pl.Series(pc.unique(normal[name].cast(pa.string()))))
        call = pc.index_in(session, wanted)
        here = pc.is_valid(call)
        place = np.flatnonzero(np.asarray(here))
        at = np.asarray(call.filter(here)).astype(np.int64)
        if place.size:
            parts.append(
                plain(table.filter(here)).with_columns(pl.Series("call", at), pl.Series("place", first + place))
            )
        first += table.num_rows
    events = pl.concat(parts).sort("call", "place", maintain_order=True) if parts else None
    return events, {name: pl.concat(each).unique() for name, each in known.items()}


def _with_maps(dataset: Dataset, events: pl.DataFrame) -> pl.DataFrame:
    """Add what the inventory of cells and the radio map contain about each event."""
    cells = plain(dataset.table("cells", ["cell_id", "tower_id"]).rename_columns(["cell_id", "its_tower"]))
    radio = CoverageMap(dataset)
    outside, cell, power = radio.at(events["x"].to_numpy(), events["y"].to_numpy())
    with_map = events.with_columns(outside=pl.Series(outside), map_cell=cell, map_power=pl.Series(power).fill_nan(None))
    return with_map.join(cells, on="cell_id", how="left", maintain_order="left")


def _folded(events: pl.DataFrame) -> pl.DataFrame:
    """Aggregate the events of each call, which are in the file's order, into one row."""
    state, cause = pl.col("state"), pl.col("cause").fill_null("")
    hello_failed = (state == "FAIL") & (cause != "drop")
    before = pl.col("time_stamp").diff().dt.total_milliseconds()
    serving = ~hello_failed  # a Hello may fail during a handover: the serving cell is that of the event before
    since = pl.col("time_stamp").filter(serving).diff().dt.total_milliseconds()
    served = pl.col("cell_id").filter(serving)
    reconnect = state == "RECONNECT"
    held = pl.col("previous_connection_duration").cast(pl.Float64) * 1000
    connects = (state == "CONNECT").cum_sum()
    early = ((state.is_in(["RECONNECT", "END"])) | (cause == "drop")) & (connects == 0)
    late = (state == "CONNECT") & (connects > 1)
    unheard = pl.col("cell_id").is_null() | (pl.col("cell_id") == "")
    connected = pl.col("time_stamp").filter(state == "CONNECT").first()
    return events.group_by("call", maintain_order=True).agg(
        events=pl.len(),
        first_place=pl.col("place").first(),
        gaps=(pl.col("place").diff() != 1).sum(),
        disorder=(before < 0).sum(),
        received_early=(pl.col("received_at") < pl.col("time_stamp")).sum(),
        order=early.sum() + late.sum() + (~state.last().is_in(["END", "FAIL"])).cast(pl.UInt32)
        + (state.slice(0, pl.len() - 1) == "END").sum(),
        causes=((cause == "") == (state == "FAIL")).sum(),
        covered=((cause == "no_coverage") != unheard).sum(),
        parts_missing=(unheard != pl.col("power_dbm").is_null()).sum()
        + (unheard != pl.col("tower_id").is_null()).sum(),
        last_state=state.last(), last_cause=cause.last(), connects=(state == "CONNECT").sum(),
        other_caller=pl.col("caller_id").n_unique(), event_caller=pl.col("caller_id").first(),
        press=pl.col("call_start").first(), presses=pl.col("call_start").n_unique(),
        too_soon=(pl.col("time_stamp") < pl.col("call_start")).sum(),
        last_time=pl.col("time_stamp").last(), duration=pl.col("duration").last(),
        durations=pl.col("duration").is_not_null().sum(),
        talk_ms=(pl.col("time_stamp").last() - connected).dt.total_milliseconds(),
        first_cell=pl.col("cell_id").filter(state == "CONNECT").first(), last_cell=pl.col("cell_id").last(),
        first_asked=pl.col("cell_id").first(),
        reconnects=(reconnect.filter(serving) & (served != served.shift())).sum(),
        towers=(pl.col("its_tower") != pl.col("tower_id")).sum(),
        previous=(
            (pl.col("previous_tower_id").filter(serving) != pl.col("tower_id").filter(serving).shift())
            & reconnect.filter(serving)
        ).sum()
        + (pl.col("previous_tower_id").is_not_null() != reconnect).sum(),
        connections=((held.filter(serving) - since).abs() > (since * FLOAT32).clip(lower_bound=LEAST_MS)).sum()
        + (held.is_not_null() != (reconnect | (state == "END") | (cause == "drop"))).sum(),
        outside=pl.col("outside").sum(),
        delay=(pl.col("received_at").last() - pl.col("time_stamp").last()).dt.total_milliseconds(),
        power_and_map=(pl.col("power_dbm") - pl.col("map_power")).first(),
        cell_and_map=(pl.col("cell_id") == pl.col("map_cell")).first().cast(pl.Float64),
        last_held=pl.col("previous_connection_duration").last(),
        failed_hellos=(hello_failed & (connects == 0)).sum(),
        setup_time=(pl.col("time_stamp").first() - pl.col("call_start").first()).dt.total_milliseconds(),
    )  # fmt: skip


def _agreements() -> dict[str, pl.Expr]:
    """Return, for each agreement, by how much or how often a call breaks it."""
    answered, failed = pl.col("outcome") == "answered", pl.col("outcome") == "failed"
    dropped = (pl.col("last_cause") == "drop") & (pl.col("connects") == 1)
    ended = (pl.col("last_state") == "END") & (pl.col("connects") == 1)
    outcome = pl.when(failed).then(pl.col("connects") == 0).otherwise(ended | dropped)  # some are lost while they ring
    start_ms = (pl.col("press") - pl.col("call_start_ts")).dt.total_milliseconds()
    end_ms = (pl.col("last_time") - pl.col("call_end_ts")).dt.total_milliseconds()
    # An answered call is recorded with at least one second, so its record can end after the last event.
    shortest = pl.when(answered & (pl.col("call_duration") == 1)).then(1 - SECOND_MS).otherwise(0)
    # Before the talk, the connected call rings: content, not agreement (`ring_time`).
    talk = pl.when(answered).then((pl.col("talk_ms") / SECOND_MS - pl.col("call_duration")).clip(upper_bound=0))
    before = pl.col("first_place").fill_null(strategy="forward").shift().fill_null(-1)
    return {
        "has_events": pl.col("events").is_null(),
        "events_in_order_of_calls": (pl.col("first_place") < before).cast(pl.UInt32) + pl.col("gaps"),
        "events_in_order": pl.col("disorder"),
        "received_after_sent": pl.col("received_early"),
        "states_in_order": pl.col("order"),
        "cause_only_of_failures": pl.col("causes"),
        "cause_and_coverage": pl.col("covered") + pl.col("parts_missing"),
        "outcome_and_last_event": ~outcome,
        "caller_and_events": (pl.col("event_caller") != pl.col("caller_id")) | (pl.col("other_caller") > 1),
        "start_and_events": pl.when((start_ms < 0) | (start_ms >= SECOND_MS)).then(start_ms.abs()).otherwise(0),
        "one_call_start": pl.col("presses"),
        "connected_after_start": pl.col("too_soon"),
        "end_and_last_event": pl.when((end_ms < shortest) | (end_ms >= SECOND_MS)).then(end_ms).otherwise(0),
        "talk_and_duration": pl.when(talk.abs() <= 1).then(0.0).otherwise(talk),
        "duration_in_events": pl.when(~failed).then(
            (pl.col("duration").fill_null(-1) - pl.col("call_duration")).abs() + (pl.col("durations") - 1).abs()
        ).otherwise(pl.col("durations")),
        "first_cell_and_events": pl.when(pl.col("connects") > 0).then(pl.col("first_cell") != pl.col("first_cell_id")),
        "last_cell_and_events": pl.when(pl.col("connects") > 0).then(pl.col("last_cell") != pl.col("last_cell_id")),
        "handovers_and_events": pl.col("handovers") - pl.col("reconnects").cast(pl.Int64),
        "tower_of_cell": pl.col("towers"),
        "previous_tower": pl.col("previous"),
        "previous_connection": pl.col("connections"),
        "place_on_map": pl.col("outside"),
    }  # fmt: skip


def _numbers(values: pl.Series) -> Any:
    return values.cast(pl.Float64).fill_null(np.nan).to_numpy()
