"""How a column's numbers are written: the decimal sign and the thousands separator."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from re import fullmatch


@dataclass(frozen=True)
class Notation:
    """One way to write numbers; `doubtful` if the sign in them could also be the other of the two."""

    thousands: str
    decimal: str
    doubtful: bool = False

    def fits(self, text: str) -> bool:
        """Return whether a text is a number written so."""
        grouped = rf"|[1-9]\d{{0,2}}([{self.thousands}]\d{{3}})+" if self.thousands else ""
        return fullmatch(rf"-?(\d+{grouped})([{self.decimal}]\d+)?", text) is not None

    def value(self, text: str) -> float:
        """Return the number that a text means."""
        return float(text.replace(self.thousands, "").replace(self.decimal, "."))


NOTATIONS = [Notation(mark, sign) for mark in ("", ",", ".", "'", " ") for sign in (".", ",") if mark != sign]


def notation_of(texts: Collection[str]) -> Notation | None:
    """Return how numbers are written; None if there are none, or no single notation fits all of them.

    In `12,345` the comma is the decimal sign or separates thousands. It is taken for the latter if there are also
    numbers without it, and these are below 1000.
    """
    able = [each for each in NOTATIONS if texts and all(each.fits(text) for text in texts)]
    if not able:
        return None
    plain = able[0]
    grouped = next((each for each in able if each.thousands == plain.decimal), None)
    unsigned = [text.lstrip("-") for text in texts if plain.decimal not in text]
    if grouped is None or len(unsigned) == len(texts):
        return plain
    likely = grouped if unsigned and max(map(len, unsigned)) <= 3 else plain
    return replace(likely, doubtful=True)
