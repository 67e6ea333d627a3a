"""Measure how often the 95 % intervals contain the true value.

`cdrbench coverage [--normals 10000] [--repeats 400] [--skill 0.4]` ends with code 1 if a coverage is out of range.
"""

import argparse
import sys
from collections.abc import Sequence
from math import sqrt

from bench.evaluation.interval_coverage import HIGHEST, LOWEST, Count, StudyCell, coverage, faults, grid, table


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the study, print its table, and list the coverages that are out of range."""
    parser = argparse.ArgumentParser("cdrbench coverage", description="Coverage of the 95 % intervals.")
    parser.add_argument("--normals", type=int, default=10_000, help="normal records of a world")
    parser.add_argument("--repeats", type=int, default=400, help="worlds of each kind")
    parser.add_argument("--skill", type=float, default=0.4, help="average precision above chance, in (0, 1)")
    asked = parser.parse_args(arguments)
    counts: dict[StudyCell, dict[str, Count]] = {}
    for population in grid(asked.normals, asked.skill):
        counts |= (found := coverage(population, asked.repeats))
        print("\n".join(table(found)), file=sys.stderr)
    print("\n".join(table(counts)))
    print(f"\nStandard error of a coverage of 95 %: {100 * sqrt(0.95 * 0.05 / asked.repeats):.1f} points.")
    wrong = faults(counts)
    print("\n".join(wrong or [f"All between {LOWEST:.0%} and {HIGHEST:.0%}, within the error of the study."]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
