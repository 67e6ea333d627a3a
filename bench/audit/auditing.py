"""Audit a stored world once and keep the verdict beside its manifest; heavy imports happen on demand."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Protocol

from bench.audit.audited_world import AuditedWorld, RequestedAnomalies
from bench.audit.verdict import Verdict, read_verdict
from bench.audit_settings import AuditSettings
from bench.dataset import Dataset
from bench.generator import LEFT_OUT, Progress, World
from bench.host.aside import write_whole
from bench.host.locks import held
from bench.host.read_json import object_in
from bench.host.sources import Sources, digest_of_plug_in
from bench.host.versions import versions
from bench.settings import ProtocolSettings
from bench.truth import Truth
from bench.worlds.protocol import applied, can_split
from bench.worlds.store import ELSEWHERE, StoredWorld, find_or_make

PARTS = ("*.py", "audit/**/*.py", "evaluation/**/*.py", "worlds/**/*.py")
"""Files of `bench` that decide a verdict; `bench.host` is about the machine only."""
CODE = Sources(Path(__file__).parents[1], "audits worlds", PARTS)


class Audits(Protocol):
    """How a program audits the worlds that it makes."""

    generator: Any
    anomaly: dict[str, Any]
    protocol: ProtocolSettings
    audit: AuditSettings


def verdict_on(stored: StoredWorld, world: World, settings: Audits, progress: Progress) -> Verdict | None:
    """Return the verdict on a world: a new one if the settings ask for an audit, else the stored one, if any."""
    labelled = stored.manifest["counts"].get("labelled", True)
    if settings.audit.when == "never" or not labelled:
        return read_verdict(stored.folder)
    asked = requested_anomalies(settings.generator, settings.anomaly)
    return audited(stored, world, asked, (settings.audit, settings.protocol), progress)


def audited(
    stored: StoredWorld,
    world: World,
    asked: RequestedAnomalies,
    how: tuple[AuditSettings, ProtocolSettings],
    progress: Progress,
) -> Verdict:
    """Return the stored verdict on a world if code and settings have not changed since, else audit the world again.

    Parameters
    ----------
    stored, world
        The world on disk, and its generator: the clean twin is found or made in the same store, with as many workers.
    asked
        The anomalies that were requested.
    how
        Settings of the audit, and the protocol, which defines the scored part.
    progress
        Receives each step as it begins.
    """
    settings, protocol = how
    wanted = _wanted(settings, protocol)
    if (kept := _kept(stored, wanted)) is not None:  # a store that cannot be written to can still be read
        return kept
    way_on = f"{ELSEWHERE}, audit=none does without"
    with held(stored.folder.with_name(f".{stored.fingerprint}.audit.lock"), way_on):
        if (kept := _kept(stored, wanted)) is not None:  # another process has made the world meanwhile
            return kept
        from bench.audit.checks import checks  # noqa: PLC0415 - heavy

        subject = _subject(stored, world, asked, protocol, progress)
        verdict = Verdict(stored.fingerprint, wanted, checks(subject, settings, progress))
        verdict.write(stored.folder)
        _note(stored.folder / "manifest.json", verdict)
    return verdict


def requested_anomalies(generator: Any, anomaly: Mapping[str, Any]) -> RequestedAnomalies:
    """Return the anomalies that generator and anomaly settings request."""
    ratio = getattr(generator, "anomaly_ratio", None)
    shares = {name: float(getattr(each, "share", 1.0)) for name, each in anomaly.items()}
    touches = {name: tuple(each.touches) for name, each in anomaly.items() if hasattr(each, "touches")}
    return RequestedAnomalies(ratio, {name: share for name, share in shares.items() if ratio and share > 0}, touches)


def _kept(stored: StoredWorld, wanted: Mapping[str, Any]) -> Verdict | None:
    """Return the verdict stored with a world, if it is about this world and these settings."""
    kept = read_verdict(stored.folder)
    return kept if kept is not None and kept.asked == wanted and kept.fingerprint == stored.fingerprint else None


def _subject(
    stored: StoredWorld, world: World, asked: RequestedAnomalies, protocol: ProtocolSettings, progress: Progress
) -> AuditedWorld:
    left_out = stored.manifest["counts"].get(LEFT_OUT) or {}
    asked = replace(asked, shares={name: share for name, share in asked.shares.items() if name not in left_out})
    clean = world.twin()
    twin = None if clean is None else find_or_make(clean, stored.folder.parent, 1, progress)
    dataset = Dataset.open(stored.folder / "data")
    # the world was only generated, or is scored as a whole; a run that would split it is refused
    if not can_split(dataset):
        protocol = replace(protocol, name="transductive")
    return AuditedWorld(
        applied(dataset, protocol),
        Truth(stored.folder / "truth"),
        None if twin is None else Dataset.open(twin.folder / "data"),
        asked,
        protocol.fewest_incidents,
    )


def _wanted(settings: AuditSettings, protocol: ProtocolSettings) -> dict[str, Any]:
    """Return everything besides the world that decides a verdict, as JSON values: settings, code, library versions."""
    asked = {name: value for name, value in asdict(settings).items() if name != "when"}
    sources = {"audit": CODE.digest()}
    if settings.features is not None:
        sources["features"] = digest_of_plug_in(settings.features["_target_"])
    wanted = {**asked, "protocol": asdict(protocol), "sources": sources, "versions": versions()}
    return dict(json.loads(json.dumps(wanted)))


def _note(manifest: Path, verdict: Verdict) -> None:
    """Store the verdict with the manifest: write it to a temporary file, then rename that."""
    content = object_in(manifest) | {"audit": verdict.summary}
    write_whole(manifest, json.dumps(content, indent=1, allow_nan=False) + "\n")
