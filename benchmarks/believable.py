"""Is recall on injected incidents that on native ones? Simulated worlds play an operator's file, once with each.

    python benchmarks/believable.py [worlds=100] [users=1500] [days=14] [ratio=0.1] [anomaly=[fraud,seed_four]]
                                    [detectors=iforest,own_past,...]

A native world has its incidents from the simulation: they are planned in its people's lives, and the network renders
them. Its calls are then read as an operator's file with known truth (`generator=cdr_file generator.truth=...`). The
injected world is a file too, of another seed and without incidents, into which the same types are injected as into
an operator's own records. The same detectors score both, with the same number of alerts a day.

Printed is for each type and detector the share of incidents found at the type's home level, native and injected, over
all worlds. The two agree where the 95 % interval of their difference (Newcombe's of Wilson's intervals) has 0 in it;
`worlds` is the share of single pairs of worlds for which it has. What was measured is kept in `worlds/believable.jsonl`
until the code of worlds or detectors changes, so that more worlds add to those that there are.
"""

import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from kept_rows import KeptRows, Row, code_of
from roster import made

from bench import api
from bench.config.composition import composed, register, settings_of
from bench.config.hydra_patches import initialised
from bench.evaluation.home import home_of
from bench.evaluation.intervals.shares import wilson
from reports.wording import key

WORLDS = Path("worlds")
ROWS = WORLDS / "believable.jsonl"
CLEAN_SEEDS = 100_000
"""Seeds of the worlds that get injected incidents begin here, so that they share nobody with the native ones."""
DETECTORS = "iforest,own_past,fan_out,costly_calls,device_change,graph_community"
ASKED = {
    "worlds": "100", "users": "1500", "days": "14", "ratio": "0.1", "anomaly": "[fraud,seed_four]",
    "detectors": DETECTORS,
}  # fmt: skip
ROOMS = ("generators", "detectors", "bench/evaluation", "conf")
NATIVE, INJECTED = "native", "injected"


@dataclass
class Found:
    """Incidents, and how many of them were found, world by world."""

    counts: list[tuple[float, float]] = field(default_factory=list)

    @property
    def incidents(self) -> float:
        """Number of all incidents."""
        return sum(incidents for incidents, _ in self.counts)

    @property
    def recall(self) -> float:
        """Share of the incidents that were found."""
        return sum(found for _, found in self.counts) / self.incidents

    @property
    def bounds(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the recall, with fewer incidents where those of a world are alike."""
        share, worlds = self.recall, len(self.counts)
        spread = sum((found - share * incidents) ** 2 for incidents, found in self.counts) / self.incidents**2
        alike = spread * worlds / (worlds - 1) if worlds > 1 else 0.0
        alone = share * (1 - share) / self.incidents
        return wilson(share, self.incidents * min(alone / alike, 1.0) if alike else self.incidents)


@dataclass
class Pair:
    """Native and injected incidents of one type, for one detector."""

    native: Found = field(default_factory=Found)
    injected: Found = field(default_factory=Found)

    @property
    def is_known(self) -> bool:
        """Whether there are incidents of both."""
        return bool(self.native.incidents and self.injected.incidents)

    @property
    def difference(self) -> tuple[float, float, float]:
        """Recall on injected less that on native incidents, with its 95 % interval (Newcombe 1998, method 10)."""
        one, other = self.injected, self.native
        (low, high), (other_low, other_high) = one.bounds, other.bounds
        gap = one.recall - other.recall
        below = ((one.recall - low) ** 2 + (other_high - other.recall) ** 2) ** 0.5
        above = ((high - one.recall) ** 2 + (other.recall - other_low) ** 2) ** 0.5
        return gap, gap - below, gap + above

    @property
    def agrees(self) -> bool:
        """Whether the difference is compatible with none."""
        _, low, high = self.difference
        return low <= 0 <= high


def world_of(kind: str, number: int, asked: dict[str, str]) -> api.World:
    """Return a world of a kind as the file of an operator."""
    size = (f"generator.num_users={asked['users']}", f"generator.days={asked['days']}", "audit=none", "tracking=none")
    incidents = (f"anomaly={asked['anomaly']}", f"generator.anomaly_ratio={asked['ratio']}")
    own: tuple[str, ...]
    if kind == NATIVE:
        simulated = api.world(f"generator.seed={number}", *incidents, *size, folder=WORLDS)
        own = ("anomaly=[]", f"generator.truth={simulated.folder / 'truth'}")
    else:
        none = ("anomaly=[]", "generator.anomaly_ratio=0")
        simulated = api.world(f"generator.seed={CLEAN_SEEDS + number}", *none, *size, folder=WORLDS)
        own = (*incidents, f"generator.seed={number}")
    path = simulated.folder / "data" / "calls.parquet"
    file = ("generator=cdr_file", f"generator.path={path}", f"generator.key_file={WORLDS / 'believable.key'}")
    return api.world(*file, *own, "audit=none", "tracking=none", folder=WORLDS)


@cache
def homes_of(anomaly: str) -> dict[str, str]:
    """Return the home level of each type that is asked for."""
    register()
    with initialised():
        return {
            name: str(home_of(each))
            for name, each in settings_of(composed("config", [f"anomaly={anomaly}"])).anomaly.items()
        }


def rows_of(kind: str, number: int, asked: dict[str, str]) -> Iterator[Row]:
    """Yield what each detector finds of each type, at the type's home level or, without scores there, at its own."""
    world = world_of(kind, number, asked)
    homes = homes_of(asked["anomaly"])
    for name in asked["detectors"].split(","):
        row = api.run(made(name, 0), world).row
        if row["status"] != "OK":
            sys.exit(f"{name} in {kind} world {number}: {row['status']}, {row['reason']}")
        for of_type, home in homes.items():
            for level in (home, str(row["level"])):
                incidents, recall = (row.get(key(each, level, of_type)) for each in ("incidents", "incident_recall"))
                if incidents and recall is not None:
                    found = float(recall) * float(incidents)
                    yield {"detector": name, "type": of_type, "incidents": incidents, "found": found}
                    break


def measured(asked: dict[str, str]) -> list[Row]:
    """Return the rows of all worlds, those that are kept and those that are measured now."""
    settings = json.dumps({name: value for name, value in asked.items() if name != "worlds"})
    numbers = range(1, int(asked["worlds"]) + 1)
    kept = KeptRows(ROWS, code_of(*ROOMS))
    for number in numbers:
        for kind in (NATIVE, INJECTED):
            about = {"settings": settings, "kind": kind, "world": number}
            if not kept.has(**about):
                kept.add([about | row for row in rows_of(kind, number, asked)])
        print(f"{time.process_time():7.0f} CPU s  {number} of {numbers[-1]} worlds", file=sys.stderr, flush=True)
    return [row for row in kept.rows if row["settings"] == settings and row["world"] in numbers]


def pairs_of(rows: Iterable[Row], *keys: str) -> dict[tuple[Any, ...], Pair]:
    """Return native and injected incidents by some members of the rows."""
    found: dict[tuple[Any, ...], Pair] = defaultdict(Pair)
    for row in rows:
        pair = found[tuple(row[key] for key in keys)]
        (pair.native if row["kind"] == NATIVE else pair.injected).counts.append((row["incidents"], row["found"]))
    return found


def tables(rows: list[Row]) -> Iterator[str]:
    """Yield the lines of the table, in Markdown, and the shares of what agrees."""
    detectors = list(dict.fromkeys(row["detector"] for row in rows))
    whole = pairs_of(rows, "type", "detector")
    single = pairs_of(rows, "type", "detector", "world")
    yield f"| type | incidents, native + injected | {' | '.join(detectors)} | worlds |"
    yield f"|---|---|{'---|' * len(detectors)}---|"
    for name in sorted({row["type"] for row in rows}):
        cells = [_cell(whole[name, detector]) for detector in detectors]
        first = whole[name, detectors[0]]
        share = _share(pair for (of_type, *_), pair in single.items() if of_type == name)
        count = f"{first.native.incidents:.0f} + {first.injected.incidents:.0f}"
        yield f"| `{name}` | {count} | {' | '.join(cells)} | {share} |"
    known = [pair for pair in whole.values() if pair.is_known]
    agree = sum(pair.agrees for pair in known)
    gaps = sorted(abs(pair.difference[0]) for pair in known)
    yield ""
    yield (
        f"{len({row['world'] for row in rows})} worlds of each kind. Recall agrees for {agree} of {len(known)} "
        f"types x detectors; differences: median {gaps[len(gaps) // 2]:.2f}, largest {gaps[-1]:.2f}."
    )
    pairs, natives = _share(single.values()), _share(_natives(single))
    yield f"Of single pairs of worlds {pairs} agree; of pairs of native worlds {natives}."


def _share(pairs: Iterable[Pair]) -> str:
    agrees = [pair.agrees for pair in pairs if pair.is_known]
    return f"{sum(agrees) / len(agrees):.0%}" if agrees else "-"


def _natives(single: dict[tuple[Any, ...], Pair]) -> Iterator[Pair]:
    """Yield pairs of native worlds, each with the next: what would be seen if there were nothing to see."""
    for (name, detector, number), pair in single.items():
        if (following := single.get((name, detector, number + 1))) is not None:
            yield Pair(pair.native, following.native)


def _cell(pair: Pair) -> str:
    if not pair.is_known:
        return "-"
    text = f"{pair.native.recall:.2f} / {pair.injected.recall:.2f}"
    return text if pair.agrees else f"**{text}**"


def main(*arguments: str) -> None:
    """Measure, and print the table."""
    given = dict(each.split("=", 1) for each in arguments)
    if wrong := sorted(given.keys() - ASKED.keys()):
        sys.exit(f"settings must be among {', '.join(ASKED)}, got {', '.join(wrong)}")
    print(*tables(measured(ASKED | given)), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
