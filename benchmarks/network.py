"""How fast is the network simulated? CPU time of sessions beside a bare loop over the same radio, and beside no radio.

    python benchmarks/network.py [calls]

Prints, for a default world of so many calls (1 million), without writing: the ratio of simulating the network to a bare
compiled loop that does one antenna gain and one path loss for each (measurement, candidate) that the protocol needs;
the ratio to the same calls without radio; how the cost grows with users and with days; and how much faster than its
clock of two ticks a second the demo's world runs.
"""

import math
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

from bench.config.composition import register
from generators.calls.two_worlds import TwoWorlds
from generators.drawn_world import DrawnWorld
from generators.mobility.itinerary import STANDING, locate, make_trail, positions
from generators.model.clock import DAY_MS
from generators.model.compiled import kernel
from generators.radio.cells import Air, Cells, antenna_gain_db
from generators.radio.coverage import NO_CELL, pixels_at
from generators.radio.path_loss import path_loss_db
from generators.radio.towers import make_towers
from generators.sessions.network import make_plant
from generators.settings.network import MEASURED_EACH_MS
from generators.world import World

CALLS_A_USER_DAY = 3.24
"""Of the default world."""
DAYS = 28
TICKS_A_SECOND = 2
REPEATS = 3


def drawn(*overrides: str) -> DrawnWorld:
    """Draw a world of the shipped configuration, without incidents."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        config = compose("config", overrides=[*overrides, "generator.anomaly_ratio=0"])
    settings: Any = OmegaConf.to_object(config.generator)
    return World(settings, {}).draw()


def simulate(world: DrawnWorld) -> list[Any]:
    """Run a world, and return its days."""
    return list(TwoWorlds(world.model, world.counts, world.plan.edits, workers=1).days())


def least_cpu(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Return the least CPU time of several runs [s]."""
    times = []
    for _ in range(repeats):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


@kernel
def _ticks(caller: Any, begins: Any, ends: Any, moving: Any, folk: Any, trail: Any) -> None:
    """Count the measurements that each call needs while its caller is on the move."""
    for i in range(caller.shape[0]):
        moving[i] = 0
        moment = begins[i] + MEASURED_EACH_MS
        while moment < ends[i]:
            leg, until = locate(caller[i], moment, folk, trail)
            count = (min(until, ends[i]) - moment + MEASURED_EACH_MS - 1) // MEASURED_EACH_MS
            if leg != STANDING:
                moving[i] += count
            moment += count * MEASURED_EACH_MS


@kernel
def _bare(work: Any, offsets: Any, cells: Cells, air: Air) -> float:
    """Do one antenna gain and one path loss for each entry of `work`, a cell."""
    total = 0.0
    for i in range(work.shape[0]):
        cell = work[i]
        site = cells.site[cell]
        dx, dy = offsets[i % offsets.shape[0], 0], offsets[i % offsets.shape[0], 1]
        total += antenna_gain_db(cell, dx, dy, cells, air)
        heights = (cells.height[site], air.phone_m)
        total -= path_loss_db(cells.model[site], math.sqrt(dx * dx + dy * dy), air.ghz, heights, False)
    return total


def needed(world: DrawnWorld, days: list[Any]) -> tuple[int, int]:
    """Return how many (measurement, candidate) pairs the protocol needs, and how many calls there are.

    At the start of a call the unexpired reports; while its caller moves one measurement each 0.48 s; each of them asks
    as many cells as are heard there.
    """
    network, pairs, calls = world.model.network, 0.0, 0
    least, spread = network.rules.heartbeat_ms
    reports = network.rules.expiry_ms / (least + spread / 2)
    for day in days:
        records = day.records
        where = pixels_at(positions(records.caller, records.start_ms, network.folk), network.radio)
        heard = (network.radio.cell[where] != NO_CELL).sum(axis=1)
        begins = records.start_ms + records.setup_ms
        moving = np.empty(len(heard), np.int64)
        _ticks(records.caller, begins, begins + records.ring_ms + records.talk_ms, moving, network.folk, make_trail())
        pairs += float((heard * (reports + moving)).sum())
        calls += len(heard)
    return round(pairs), calls


def radio_table(calls: int) -> None:
    """Print the two ratios."""
    users = f"generator.num_users={round(calls / CALLS_A_USER_DAY / DAYS)}"
    world, silent = drawn(users), drawn(users, "generator/network=none")
    days = simulate(world)
    pairs, made = needed(world, days)
    settings = composed(users)
    towers = make_towers(settings)
    mapped = least_cpu(lambda: make_plant(settings, towers.metres, towers.district, towers.macro))
    plant = make_plant(settings, towers.metres, towers.district, towers.macro)
    rng = np.random.default_rng(1)
    work = rng.integers(0, len(plant.cells.site), min(pairs, 20_000_000)).astype(np.int32)
    offsets = rng.uniform(-10_000, 10_000, (4096, 2))
    _bare(work[:10], offsets, plant.cells, plant.air)
    bare = least_cpu(lambda: _bare(work, offsets, plant.cells, plant.air)) * pairs / len(work)
    took, without = least_cpu(lambda: simulate(world)), least_cpu(lambda: simulate(silent))
    print(f"\ndefault world, {made:,} calls, {DAYS} days; the radio map takes {mapped:.2f} s more, whatever the calls")
    print(f"  simulated with the network, CPU      {took:10.2f} s   {took / made * 1e9:8.0f} ns a call")
    print(f"  bare radio loop, {pairs / 1e6:8.1f} M pairs    {bare:10.2f} s   {bare / pairs * 1e9:8.0f} ns a pair")
    print(f"  ratio to the bare loop               {took / bare:10.2f}     (bar: 3)")
    print(f"  the same calls without radio, CPU    {without:10.2f} s   {without / made * 1e9:8.0f} ns a call")
    print(f"  ratio to no radio                    {took / without:10.2f}     (bar: 6)")


def composed(*overrides: str) -> Any:
    """Return generator settings."""
    register()
    with initialize_config_module("conf", version_base="1.3"):
        return OmegaConf.to_object(compose("config", overrides=list(overrides)).generator)


def growth(what: str, sizes: list[tuple[int, int]]) -> None:
    """Print the slope of log CPU time on log calls over worlds of so many users and days."""
    points: list[tuple[float, float]] = []
    for users, days in sizes:
        world = drawn(f"generator.num_users={users}", f"generator.days={days}")
        calls = sum(len(day.records.key) for day in simulate(world))
        points.append((calls, least_cpu(lambda world=world: simulate(world), 5)))  # type: ignore[misc]
    sizes_log, times_log = np.log(np.array(points)).T
    slope = float(np.polyfit(sizes_log, times_log, 1)[0])
    shown = ", ".join(f"{calls:,}: {took * 1e3:.0f} ms" for calls, took in points)
    print(f"  cost grows with {what} as calls^{slope:.3f}   (bar: 0.95 to 1.1)   {shown}")


def demo() -> None:
    """Print how much faster than its clock the demo runs."""
    world = drawn("generator=demo_2016")
    simulate(world)
    took = least_cpu(lambda: simulate(world))
    clock = DAY_MS / 1000 / TICKS_A_SECOND
    print(f"\ndemo_2016, a day of {DAY_MS // 1000:,} ticks, CPU {took:.3f} s")
    print(f"  faster than its clock                {clock / took:10,.0f} times   (bar: 100,000)")


def main() -> None:
    """Print everything."""
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    simulate(drawn("generator.num_users=50", "generator.days=1"))
    radio_table(calls)
    growth("users", [(450, 7), (1400, 7), (4500, 7), (14_000, 7), (45_000, 7)])
    growth("days", [(1000, days) for days in (3, 10, 31, 100, 310)])
    demo()


if __name__ == "__main__":
    main()
