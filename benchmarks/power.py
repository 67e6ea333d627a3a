"""What a suite can tell: how often equal detectors are told apart, and how large a difference is found.

`python benchmarks/power.py [blocks=14] [detectors=21] [suites=1000]`. In each simulated suite every detector has one
value per block (a world configuration): an effect of the block, which all share, and noise of its own. The standard
deviation of the paired difference of two detectors is 1. The tests are the report's (`bench.evaluation.compare`).
"""

import sys

import numpy as np

from bench.arrays import FloatArray
from bench.evaluation.compare import standing

SEED = 1
DIFFERENCES = (1.5, 2.0, 2.5)
NOISES = ("normal", "skewed", "uneven")


def noise(kind: str, shape: tuple[int, int], random: np.random.Generator) -> FloatArray:
    """Return noise with a standard deviation of the paired difference of 1."""
    drawn = random.exponential(size=shape) - 1 if kind == "skewed" else random.standard_normal(shape)
    if kind == "uneven":  # some blocks are noisier than others
        spread = np.exp(random.standard_normal((shape[0], 1)))
        drawn = drawn * spread / np.exp(1)
    return np.asarray(drawn / np.sqrt(2))


def told_apart(kind: str, blocks: int, detectors: int, suites: int) -> float:
    """Return the share of suites of equal detectors in which any two are told apart."""
    random, found, names = np.random.default_rng(SEED), 0, [str(each) for each in range(detectors)]
    for _ in range(suites):
        effect = 3 * random.standard_normal((blocks, 1))
        ranked = standing(names, effect + noise(kind, (blocks, detectors), random))
        found += any(not ranked.alike(a, b) for a in range(detectors) for b in range(a))
    return found / suites


def power(difference: float, blocks: int, detectors: int, suites: int) -> float:
    """Return the share of suites in which a better detector is told apart from one of the others, which are equal."""
    random, found, names = np.random.default_rng(SEED), 0, [str(each) for each in range(detectors)]
    for _ in range(suites):
        values = 3 * random.standard_normal((blocks, 1)) + noise("normal", (blocks, detectors), random)
        values[:, 0] += difference
        ranked = standing(names, values)
        found += not ranked.alike(ranked.names.index("0"), ranked.names.index("1"))
    return found / suites


def main() -> None:
    """Print the shares."""
    given = {name: int(value) for name, _, value in (each.partition("=") for each in sys.argv[1:])}
    blocks, detectors, suites = given.get("blocks", 14), given.get("detectors", 21), given.get("suites", 1000)
    print(f"{blocks} world configurations, {detectors} detectors, {suites} simulated suites")
    for kind in NOISES:
        print(
            f"equal detectors, {kind} noise: told apart in {told_apart(kind, blocks, detectors, suites):.1%} of suites"
        )
    for difference in DIFFERENCES:
        print(
            f"better by {difference:g} sd: told apart in {power(difference, blocks, detectors, suites):.0%} of suites"
        )


if __name__ == "__main__":
    main()
