"""Which detector finds which type? Each type alone in its world, every detector on it, beside a supervised baseline.

    python benchmarks/by_type.py [users=2000] [towers=20] [days=28] [difficulty=0.2] [ratio=0.01] [types=ring,...]
                                 [detectors=...] [seeds=1,2,3,4,5] [told=101]

For each type of the catalogue default worlds are made that hold nothing else; the seed-four mix of the default has
1.25 % of each type, these have 1 %. Every unsupervised detector of the configuration is fitted on the first half and
scores the rest, as in `protocol=split`. Calls are scored, at types of cells their quarters (calls are lifted by their
maximum, models of tables see quarters); the detectors of user-days are beside the others in a table of their own, at
user-days.

The worlds `told` are for learning: boosted trees on all features and on the scores of other detectors are trained with
their labels (the baseline), and the detectors with the highest mean recall over all of them are those that `seeds`
reports. So what is reported was neither trained nor chosen there: no seed may be in both. A pick is worth what the
incidents are that it was made on: told windows should hold ten or more, which types of cells need several worlds for,
or larger ones. The baseline of a type of cells is given features and detectors of cells; that of calls likewise.
Printed are recall when the 1 % of highest scores are alerts, and average precision over what chance gives. What was
measured is kept in `worlds/by_type.jsonl` until the world, the detector's own file or its leaf changes.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import chain
from math import isnan
from pathlib import Path
from statistics import fmean
from typing import Any

from arena import WORLDS, Arena
from ceilings import Informed
from roster import LEAVES, detectors, scores_of, sources

from bench.composition import register
from bench.detector import FloatArray, Level
from bench.faults import UserError

KEPT = WORLDS / "by_type.jsonl"
CEILING = "(ceiling)"
BAR, CHOSEN = 0.7, 3
Row = dict[str, Any]
Scored = list[tuple[Level, FloatArray]]


@cache
def made_of(name: str) -> str:
    """Return a digest of what a detector is: its own file and leaf; of the baseline, its file and all detectors'."""
    every = (path for each in detectors() for path in sources(each))
    files = (Path(__file__).with_name("ceilings.py"), *every) if name == CEILING else sources(name)
    return hashlib.blake2b(b"".join(path.read_bytes() for path in files), digest_size=8).hexdigest()


class Measured:
    """What has been measured, on disk line by line."""

    def __init__(self) -> None:
        lines = KEPT.read_text().splitlines() if KEPT.exists() else []
        self.rows: dict[tuple[str, ...], list[Row]] = {}
        for line in lines:
            key, rows = json.loads(line)
            self.rows[tuple(key)] = rows

    def of(self, arena: Arena, name: str, source: Callable[[], Scored]) -> list[Row]:
        """Return what a detector, or the baseline, is worth in a world at each level; measure it if need be."""
        key = arena.name, name, made_of(name.split(maxsplit=1)[0])
        if key not in self.rows:
            began = time.process_time()
            found = source()
            seconds = time.process_time() - began
            rows = [
                {"level": str(level), "recall": recall, "lift": lift, "seconds": seconds}
                for level, values in found
                for recall, lift in [arena.worth(level, values)]
            ]
            self.rows[key] = rows
            with KEPT.open("a") as file:
                file.write(json.dumps([key, rows]) + "\n")
        whose = {"type": arena.kind, "seed": arena.seed, "name": name.split(maxsplit=1)[0]}
        return [whose | row for row in self.rows[key]]


def compared(kind: str, asked: dict[str, str], measured: Measured) -> Iterator[Row]:
    """Yield what detectors and the baseline are worth on the worlds of a type."""
    told = [Arena(kind, int(seed), asked) for seed in asked["told"].split(",")]
    names = asked["detectors"].split(",") if asked["detectors"] else detectors()
    each = (measured.of(arena, name, partial(scores_of, name, arena)) for arena in told for name in names)
    yield from (tried := list(chain.from_iterable(each)))
    level = told[0].home
    informed = cache(lambda: Informed(level, told, 1))

    def ceiling(arena: Arena) -> Scored:
        return [(level, informed().score(arena))]

    for seed in asked["seeds"].split(","):
        try:
            arena = Arena(kind, int(seed), asked)
        except UserError as error:  # a type that does not fit this world
            print(f"{kind}, seed {seed}: {error}", file=sys.stderr)
            continue
        for name in ranked(tried, level)[:CHOSEN]:
            yield from measured.of(arena, name, partial(scores_of, name, arena))
        yield from measured.of(arena, f"{CEILING} {asked['told']}", partial(ceiling, arena))


def ranked(rows: Iterable[Row], level: str) -> list[str]:
    """Return the detectors by their mean recall at a level over the worlds of these rows, the best first."""
    found = dict[str, list[Row]]()
    for row in rows:
        if row["level"] == level:
            found.setdefault(row["name"], []).append(row)
    return sorted(found, key=lambda name: (mean(found[name], "recall"), mean(found[name], "lift")), reverse=True)


def mean(rows: Iterable[Row], what: str) -> float:
    """Return the mean of a number over rows that have it, NaN without any."""
    found = [row[what] for row in rows if not isnan(row[what])]
    return fmean(found) if found else float("nan")


def summary(rows: list[Row], asked: dict[str, str], level: str) -> Iterator[str]:
    """Yield a table: for each type the baseline, the detector chosen on the told world, and the next ones."""
    yield "| type | baseline's recall | detector | its recall | of the baseline's | AP over chance | next best |"
    yield "|---|---:|---|---:|---:|---:|---|"
    reported = [row for row in rows if str(row["seed"]) in asked["seeds"].split(",") and row["level"] == level]
    for kind in dict.fromkeys(row["type"] for row in reported):
        its = [row for row in reported if row["type"] == kind]
        tried = [row for row in rows if row["type"] == kind and str(row["seed"]) in asked["told"].split(",")]
        best, *others = ranked(tried, level)[:CHOSEN]
        ceiling, own = ([row for row in its if row["name"] == name] for name in (CEILING, best))
        share = mean(own, "recall") / max(mean(ceiling, "recall"), 1e-9)
        found = [(name, mean((row for row in its if row["name"] == name), "recall")) for name in others]
        next_best = ", ".join(f"`{name}` {recall:.2f}" for name, recall in found)
        yield (
            f"| `{kind}` | {mean(ceiling, 'recall'):.2f} | `{best}` | {mean(own, 'recall'):.2f} "
            f"| {share:.2f}{'' if share >= BAR else ' *'} | {mean(own, 'lift'):.0f} | {next_best} |"
        )


def everything(rows: list[Row], asked: dict[str, str], what: str) -> Iterator[str]:
    """Yield a table of detectors by types: recall or lift, its mean over the told worlds."""
    own = [row for row in rows if str(row["seed"]) in asked["told"].split(",")]
    kinds = list(dict.fromkeys(row["type"] for row in own))
    yield f"| {what} | " + " | ".join(kinds) + " |"
    yield "|---|" + "---:|" * len(kinds)
    for name in sorted({row["name"] for row in own}):
        its = [[row for row in own if (row["name"], row["type"]) == (name, kind)] for kind in kinds]
        yield f"| `{name}` | " + " | ".join(f"{mean(each, what):.2f}" if each else "" for each in its) + " |"


def main(*arguments: str) -> None:
    """Compare, and print the tables."""
    register()
    asked = {"users": "2000", "towers": "20", "days": "28", "difficulty": "0.2", "ratio": "0.01"}
    asked |= {"seeds": "1,2,3,4,5", "told": "101", "types": "", "detectors": ""}
    asked |= dict(each.split("=", 1) for each in arguments)
    leaves = sorted((LEAVES.parent / "anomaly").glob("*.yaml"))
    known = [path.stem for path in leaves if f"/schema/anomaly/{path.stem}@" in path.read_text()]
    if both := set(asked["told"].split(",")) & set(asked["seeds"].split(",")):
        sys.exit(f"told and seeds must have no world in common, got {', '.join(sorted(both))}")
    measured, rows = Measured(), list[Row]()
    for kind in asked["types"].split(",") if asked["types"] else known:
        try:
            rows += compared(kind, asked, measured)
        except UserError as error:  # one that does not fit a told world
            print(f"{kind}: {error}", file=sys.stderr)
        level = next((row["level"] for row in rows if row["type"] == kind), "")
        its = [row for row in rows if row["type"] == kind]
        print(*list(summary(its, asked, level))[2:], file=sys.stderr, flush=True)
    for level in (Level.CALL, Level.CELL_QUARTER):
        print(f"\n{level}\n", *summary(rows, asked, str(level)), sep="\n")
    for levels in ((Level.CALL, Level.CELL_QUARTER), (Level.USER_DAY,)):
        print("", *everything([row for row in rows if row["level"] in levels], asked, "recall"), sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
