"""The data card: a description of the exported data."""

from typing import Any

import numpy as np

from bench.dataset import Clock
from bench.host.texts import markdown
from bench.schema import (
    CALLS,
    DATA_TABLES,
    LABELS,
    OPTIONAL_TABLES,
    SOCIETY_TABLES,
    TRUTH_TABLES,
    USER_FEATURES,
    Column,
    exported,
)

SEPARATOR = "| --- | --- | --- |"
TABLES = {
    **{exported(name): table for name, table in DATA_TABLES.items() if name != "calls"},
    **TRUTH_TABLES,
    "user_features": USER_FEATURES,
}
PLANTED = {exported(name): table for name, table in SOCIETY_TABLES.items()}


def data_card(manifest: dict[str, Any], clock: Clock) -> str:
    """Return a description of the data for other people, as Markdown."""
    counts = manifest["counts"]
    incidents = counts["incidents_by_type"]
    kinds = {name: calls for name, calls in counts["calls_by_type"].items() if calls or incidents[name]}
    rows = [f"| {name} | {calls:,} | {incidents[name]:,} |" for name, calls in kinds.items()]
    own = "inputs" in manifest["recipe"]
    every = TABLES if own else {**TABLES, **PLANTED}
    every |= {exported(name): OPTIONAL_TABLES[name] for name in counts.get("optional_tables", ())}
    tables = [_table(name, table.meaning, table.columns) for name, table in every.items()]
    return "\n".join(
        [
            *(_of_own_records(manifest, clock) if own else _of_world(manifest, clock)),
            "",
            *(["| anomaly type | calls | incidents |", SEPARATOR, *rows] if rows else ["There are no anomalies."]),
            "",
            "Labels are in `is_anomaly` and `anomaly_type` of the call records; `truth` says of each changed record",
            "which incident changed it.",
            "",
            _table(exported("calls"), CALLS.meaning, (*CALLS.columns, *LABELS)),
            *tables,
        ]
    )


def _of_world(manifest: dict[str, Any], clock: Clock) -> list[str]:
    counts, settings = manifest["counts"], manifest["recipe"]["settings"]
    return [
        "# Simulated call detail records",
        "",
        "Made by a simulator: no person, number, SIM or device in here exists. Numbers are under +999, SIMs under",
        "the test network 001-01, devices under test type codes. What was injected is labelled; what merely looks odd",
        "is not.",
        "",
        f"- {counts['calls']:,} calls by {settings['num_users']:,} users in {counts['cells']:,} cells",
        f"- {local_span(clock)}; times are stored in UTC",
        f"- anomalous calls: {counts['anomalous_calls']:,}, a share of {counts['anomaly_ratio']:.4f}"
        f" (asked: {settings['anomaly_ratio']:g})",
        f"- calls of normal users that incidents changed (collateral): {counts['collateral_calls']:,}; calls that they"
        f" kept from happening: {counts['removed_calls']:,}",
        f"- fingerprint {manifest['fingerprint']}, seed {settings['seed']}; `manifest.json` has everything else",
    ]


def _of_own_records(manifest: dict[str, Any], clock: Clock) -> list[str]:
    counts, recipe = manifest["counts"], manifest["recipe"]
    hidden = "are pseudonyms by a keyed hash" if recipe["key"] else "are those of the files: REAL PEOPLE MAY BE IN HERE"
    filled = ", ".join(f"{name} ({fields:,})" for name, fields in counts["filled"].items())
    return [
        "# Call detail records, read from files",
        "",
        f"Numbers, SIMs and devices {hidden}.",
        "",
        f"- {counts['calls']:,} calls out of {', '.join(markdown(each['name']) for each in recipe['inputs'])}",
        f"- {local_span(clock)}; times are stored in UTC",
        f"- labels: {'those of the files' if counts['labelled'] else 'none; nobody knows what is anomalous'}",
        f"- fields that the files lack and that hold no information: {filled or 'none'}",
        f"- fingerprint {manifest['fingerprint']}; `manifest.json` has everything else",
    ]


def local_span(clock: Clock) -> str:
    """Return the span of local time that the data cover."""
    first, last = (np.datetime64(int(clock.local_ms(ms)), "ms") for ms in (clock.start_ms, clock.end_ms))
    return f"{first.astype('datetime64[m]')} to {last.astype('datetime64[m]')} local time ({clock.time_zone})"


def _table(name: str, meaning: str, columns: tuple[Column, ...]) -> str:
    rows = [f"| {c.name} | {_plain(str(c.type))} | {c.meaning.replace('|', '/')} |" for c in columns]
    return "\n".join([f"## {name}", "", meaning, "", "| column | type | meaning |", SEPARATOR, *rows, ""])


def _plain(kind: str) -> str:
    return "text" if kind.startswith(("dictionary", "string")) else kind
