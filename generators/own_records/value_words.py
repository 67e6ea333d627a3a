"""Meanings of a file's words, from settings; words without a meaning are collected and refused together."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench.faults import UserError
from generators.own_records.fields import texts
from generators.own_records.files import Piece

MOST_WORDS = 1000
"""The most different words of a column of words; with more, reading stops."""
SHOWN_WORDS = 10


@dataclass
class Meaning:
    """Words that may occur in a column, in upper or lower case, and the meaning of each."""

    column: str
    """Name of the file's column."""
    setting: str
    """Setting that explains the words, such as `generator.outcomes`."""
    meanings: Mapping[str, str]
    """Our value for each word of the file; an empty field has no meaning."""
    choices: str
    """Possible meanings, for the message."""
    otherwise: str | None = None
    """Our value for any other word, empty for none; None: other words are refused."""
    unexplained: dict[str, tuple[int, str]] = field(default_factory=dict)
    """For each word without a meaning, the number of rows that have it, and the first of them."""

    def of(self, piece: Piece) -> pa.StringArray:
        """Return our value for each field of a piece; empty for a word without a meaning, which is recorded.

        Raises
        ------
        UserError
            When there are so many words that they cannot be words.
        """
        found = texts(piece).dictionary_encode()
        known = {"": "", **{word.casefold(): ours for word, ours in self.meanings.items()}}
        words, codes = found.dictionary.to_pylist(), np.asarray(found.indices)
        other = self.otherwise or ""
        strange = [code for code, word in enumerate(words) if word.casefold() not in known]
        if strange:
            self._note(piece, words, codes, strange)
        return pa.array([known.get(word.casefold(), other) for word in words], pa.string()).take(pa.array(codes))

    def explained(self) -> list[str]:
        """Return one message about all refused words, or none."""
        if not self.unexplained or self.otherwise is not None:
            return []
        return [self._refusal()]

    def listed(self) -> str:
        """Return the words without a meaning, the most frequent first."""
        most = sorted(self.unexplained.items(), key=lambda item: -item[1][0])
        shown = ", ".join(f"{word!r} ({rows:,} rows, first {place})" for word, (rows, place) in most[:SHOWN_WORDS])
        return shown + (f", and {len(most) - SHOWN_WORDS:,} more" if len(most) > SHOWN_WORDS else "")

    def _refusal(self) -> str:
        rule = f"{self.setting} must say what these words mean ({self.choices})"
        return f"column {self.column}: {rule}, got {self.listed()}"

    def _note(self, piece: Piece, words: list[str], codes: Any, strange: list[int]) -> None:
        rows = np.bincount(codes, minlength=len(words))
        for code in strange:
            word = words[code]
            many, place = self.unexplained.get(word, (0, ""))
            place = place or piece.place(int(np.argmax(codes == code)))
            self.unexplained[word] = (many + int(rows[code]), place)
        if len(self.unexplained) > MOST_WORDS:
            raise UserError(self._refusal())
