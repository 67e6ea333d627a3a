"""Reads the caller and the callee of each record, also from records of one party with a direction."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generators.own_records.column_settings import Directions
from generators.own_records.fields import texts
from generators.own_records.file_settings import FILE_NAME, CdrFileSettings
from generators.own_records.files import Piece
from generators.own_records.identifiers import identifiers
from generators.own_records.value_words import Meaning

Batch = dict[str, Piece]
RULE = "name a party (generator.missing_parties=drop leaves such calls out, =separate keeps them)"


class Parties:
    """Reads callers and callees, and numbers unknown ones."""

    def __init__(self, settings: CdrFileSettings) -> None:
        self._settings = settings
        self.directions: Meaning | None = None
        self.unknown = 0
        """How many unknown parties were numbered so far."""
        self.dropped = 0
        """How many calls are left out because a party is missing."""

    def of(self, batch: Batch) -> tuple[dict[str, pa.StringArray], Any]:
        """Return `caller_id` and `callee_id` of the rows, and which rows are kept, shape (rows,), bool.

        Raises
        ------
        UserError
            When a party is missing that may not be, or an identifier is damaged.
        """
        pair = self._directed(batch) if "direction" in batch else self._named(batch, ("caller_id", "callee_id"))
        kept = np.ones(len(next(iter(pair.values()))[1]), np.bool_)
        found = {}
        for name, (piece, fields) in pair.items():
            missing = np.asarray(pc.equal(fields, ""))
            found[name] = fields
            if self._settings.missing_parties == "separate":
                found[name] = self._numbered(fields, missing)
            elif self._settings.missing_parties == "drop":
                kept &= ~missing
            else:
                piece.refuse(missing, RULE)
        self.dropped += int((~kept).sum())
        return found, kept

    def _named(self, batch: Batch, names: tuple[str, str]) -> dict[str, tuple[Piece, pa.StringArray]]:
        return {name: (batch[name], identifiers(batch[name], self._settings.missing_words)) for name in names}

    def _directed(self, batch: Batch) -> dict[str, tuple[Piece, pa.StringArray]]:
        """Return caller and callee: of an outgoing call the owner is the caller, of an incoming one the other."""
        direction, settings = batch["direction"], self._settings
        if self.directions is None:
            meanings = settings.directions.meanings()
            choices = " | ".join(Directions.__dataclass_fields__)
            self.directions = Meaning(direction.column, "generator.directions", meanings, choices)
        direction.refuse(pc.equal(texts(direction), ""), "be outgoing or incoming (generator.directions)")
        outgoing = pc.equal(self.directions.of(direction), "outgoing")
        other = identifiers(batch["other_id"], settings.missing_words)
        if "owner_id" in batch:
            owner = identifiers(batch["owner_id"], settings.missing_words)
        else:
            owner = pa.array([self._owner(direction.file)] * len(other), pa.string())
        caller, callee = pc.if_else(outgoing, owner, other), pc.if_else(outgoing, other, owner)
        return {"caller_id": (batch["other_id"], caller), "callee_id": (batch["other_id"], callee)}

    def _owner(self, file: str) -> str:
        given = str(self._settings.owner)
        return Path(file).name.split(".")[0] if given == FILE_NAME else given

    def _numbered(self, fields: pa.StringArray, missing: Any) -> pa.StringArray:
        """Give each missing party a different name."""
        count = int(missing.sum())
        names = [f"unknown_{self.unknown + number}" for number in range(count)]
        self.unknown += count
        return pc.replace_with_mask(fields, pa.array(missing), pa.array(names, pa.string()))
