"""The audit over difficulties and seeds, and what it costs beside making the worlds (CPU seconds, one run).

python benchmarks/audit.py [users [days [anomaly mix]]]      # 1200 users, 14 days, seed_four

What the audit finds of leaks planted in each column, in 2 % and in all of the anomalous calls, as a table:

python benchmarks/audit.py power [users [days [anomaly mix]]]
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

from hydra import compose, initialize_config_module

from bench.audit.audited_world import AuditedWorld
from bench.audit.auditing import requested_anomalies, verdict_on
from bench.audit.bookkeeping.leak import check_bookkeeping
from bench.audit.bookkeeping.planting import PLANTS, Plant, planted
from bench.audit.identity import check_identity
from bench.audit.verdict import Light, Verdict
from bench.audit_settings import AuditSettings
from bench.config.composition import register, settings_of
from bench.dataset import Dataset
from bench.generator import silent
from bench.truth import Truth
from bench.worlds.store import find_or_make, world_of

DIFFICULTIES = (0.2, 0.5, 0.8)
SEEDS = (1, 2, 3, 4, 5)
POWERS = (0.02, 1.0)


def cpu(function: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    return function(), time.process_time() - began


def settings_at(difficulty: float, seed: int, size: tuple[str, ...], worlds: str) -> Any:
    overrides = [*size, f"generator.seed={seed}", f"store.worlds={worlds}"]
    with initialize_config_module("conf", version_base="1.3"):
        types = compose("audit", overrides).anomaly
        difficulties = [f"anomaly.{name}.difficulty={difficulty}" for name in types]
        return settings_of(compose("audit", [*overrides, *difficulties]))


def line(verdict: Verdict) -> str:
    found = {check.name: check.found for check in verdict.checks}
    tests = found["bookkeeping"].get("tests", [])
    low = min((test["p_holm"] for test in tests), default=1.0)
    trivial = ", ".join(found["triviality"].get("trivial", [])) or "none"
    differing = f"{found['identity']['differing']:,} differ"
    seen = found["bookkeeping"].get("least_share_found")
    return f"{differing:13} least p {low:5.2g} of {len(tests)}  leak seen from {seen}  trivial: {trivial}"


def leaks_of(subject: AuditedWorld) -> list[dict[str, Any]]:
    """Return the leaks that the audit names."""
    return list(check_bookkeeping(subject, AuditSettings(), silent).found.get("leaks", []))


def seen_of(plant: Plant, subject: AuditedWorld, before: set[tuple[str, str]]) -> str:
    """Say which mark finds a plant, and its p-value (Holm), or that nothing does."""
    new = [leak for leak in leaks_of(subject) if (leak["mark"], leak["type"]) not in before]
    here = f"{plant.table}.{plant.column}"
    new.sort(key=lambda leak: (here not in leak["columns"], leak["p_holm"]))
    if new:
        return f"{new[0]['mark'] or 'all marks together'}, {new[0]['p_holm']:.1g}"
    off = plant.table not in ("calls", "events") and check_identity(subject, silent).light is Light.RED
    return "the clean twin" if off else "no"


def power(size: tuple[str, ...]) -> None:
    """Print what is found of every plant."""
    with TemporaryDirectory() as folder:
        worlds = Path(folder) / "worlds"
        settings = settings_at(0.5, 1, size, str(worlds))
        world = world_of(settings.generator, settings.anomaly)
        clean = world.twin()
        assert clean is not None
        stored, twin = (find_or_make(each, worlds, 1, silent).folder for each in (world, clean))
        asked, theirs = requested_anomalies(settings.generator, settings.anomaly), Dataset.open(twin / "data")
        whole = AuditedWorld(Dataset.open(stored / "data"), Truth(stored / "truth"), theirs, asked, 1)
        before = {(leak["mark"], leak["type"]) for leak in leaks_of(whole)}
        print("| plant | " + " | ".join(f"in {share:.0%}" for share in POWERS) + " |")
        print("|---|" + "---|" * len(POWERS))
        for number, plant in enumerate(PLANTS):
            cells = []
            for share in POWERS:
                off = planted(stored, Path(folder) / f"{number}-{share}", plant, share)
                parts = (Dataset.open(off / "data"), Truth(off / "truth"), theirs)
                cells.append(seen_of(plant, AuditedWorld(*parts, asked, 1), before))
                rmtree(off)
            print(f"| {plant.name} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    """Do what the command line says."""
    arguments = [each for each in sys.argv[1:] if each != "power"]
    users, days, mix = (*arguments, *("1200", "14", "seed_four")[len(arguments) :])
    size = (f"anomaly={mix}", f"generator.num_users={users}", f"generator.days={days}")
    register()
    if "power" in sys.argv:
        power(size)
        return
    spent = {"world": 0.0, "twin": 0.0, "audit": 0.0}
    with TemporaryDirectory() as worlds:
        for seed in SEEDS:
            for difficulty in DIFFICULTIES:
                settings = settings_at(difficulty, seed, size, worlds)
                world = world_of(settings.generator, settings.anomaly)
                clean = world.twin()
                assert clean is not None
                stored, seconds = cpu(partial(find_or_make, world, Path(worlds), 1, silent))
                spent["world"] += seconds
                spent["twin"] += cpu(partial(find_or_make, clean, Path(worlds), 1, silent))[1]
                verdict, seconds = cpu(partial(verdict_on, stored, world, settings, silent))
                spent["audit"] += seconds
                print(f"seed {seed}  difficulty {difficulty}  {verdict.summary:40}  {line(verdict)}", flush=True)
    print("CPU seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items()))


if __name__ == "__main__":
    main()
