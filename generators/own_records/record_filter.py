"""Leaves out records that are not calls, by words in columns of the file."""

from collections import Counter
from typing import Any

import numpy as np

from generators.own_records.fields import is_word, texts
from generators.own_records.file_settings import CdrFileSettings
from generators.own_records.files import Piece

Batch = dict[str, Piece]


class RecordFilter:
    """Keeps the records that the settings `keep` and `leave_out` choose, and counts the others by column."""

    def __init__(self, settings: CdrFileSettings, header: list[str]) -> None:
        self._rules = [(f"filter_{at}", *rule) for at, rule in enumerate(settings.filters(header))]
        self.left_out: Counter[str] = Counter()
        """How many records each rule has left out."""

    @property
    def columns(self) -> dict[str, str]:
        """Columns read for the filter, under names that differ from ours."""
        return {name: column for name, column, _, _ in self._rules}

    def of(self, batch: Batch) -> Batch:
        """Return the records to be read, without the columns that only the filter needs."""
        rest = {name: piece for name, piece in batch.items() if not name.startswith("filter_")}
        kept: Any = None
        for name, column, keeps, words in self._rules:
            here = np.asarray(is_word(texts(batch[name]), words)) == keeps
            before = here if kept is None else kept
            self.left_out[f"{'keep' if keeps else 'leave_out'}.{column}"] += int(
                (~here).sum() if kept is None else (kept & ~here).sum()
            )
            kept = before & here
        return rest if kept is None or kept.all() else only(rest, kept)


def only(batch: Batch, kept: Any) -> Batch:
    """Return the rows of a batch where a mask is true."""
    return {name: piece.only(kept) for name, piece in batch.items()}
