"""Make igraph draw from a given random generator, so that its results are reproducible."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import igraph


@contextmanager
def igraph_drawing_from(source: random.Random) -> Iterator[None]:
    """Make igraph draw from `source` within a context, and afterwards from Python's own generator again."""
    igraph.set_random_number_generator(source)
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
