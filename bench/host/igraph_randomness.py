"""Let igraph draw from a given source of random numbers, so that its results can be repeated."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import igraph


@contextmanager
def igraph_drawing_from(source: random.Random) -> Iterator[None]:
    """Let igraph draw from `source`, and afterwards from Python's own generator, as it does by default."""
    igraph.set_random_number_generator(source)
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
