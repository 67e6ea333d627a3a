"""The audit over difficulties and seeds, and what it costs beside making the worlds (CPU seconds, one run).

python benchmarks/audit.py [users [days [anomaly mix]]]      # 1200 users, 14 days, seed_four
"""

import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hydra import compose, initialize_config_module

from bench.audit.auditing import verdict_on
from bench.audit.verdict import Verdict
from bench.composition import register, settings_of
from bench.generator import silent
from bench.store import find_or_make, world_of

DIFFICULTIES = (0.2, 0.5, 0.8)
SEEDS = (1, 2, 3, 4, 5)


def cpu(function: Callable[[], Any]) -> tuple[Any, float]:
    began = time.process_time()
    return function(), time.process_time() - began


def settings_at(difficulty: float, seed: int, size: tuple[str, ...], worlds: str) -> Any:
    overrides = [*size, f"generator.seed={seed}", f"store.worlds={worlds}"]
    with initialize_config_module("conf", version_base="1.3"):
        types = compose("audit", overrides).anomaly
        dials = [f"anomaly.{name}.difficulty={difficulty}" for name in types]
        return settings_of(compose("audit", [*overrides, *dials]))


def line(verdict: Verdict) -> str:
    found = {check.name: check.found for check in verdict.checks}
    tests = found["bookkeeping"].get("tests", [])
    low = min((test["p_holm"] for test in tests), default=1.0)
    trivial = ", ".join(found["triviality"].get("trivial", [])) or "none"
    differing = f"{found['identity']['differing']:,} differ"
    seen = found["bookkeeping"].get("least_share_found")
    return f"{differing:13} least p {low:5.2g} of {len(tests)}  leak seen from {seen}  trivial: {trivial}"


def main() -> None:
    users, days, mix = (*sys.argv[1:], *("1200", "14", "seed_four")[len(sys.argv) - 1 :])
    size = (f"anomaly={mix}", f"generator.num_users={users}", f"generator.days={days}")
    register()
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
