"""The tables of a world that is to be shown: of the store, or a data set that was exported."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from bench.dataset import Clock
from bench.faults import Fault, SettingsError, UserError
from bench.host.read_json import UnreadableError, object_in
from bench.schema import UNREADABLE
from bench.truth import Truth
from bench.worlds.places import Place


@dataclass(frozen=True)
class WorldTables:
    """Access to the tables of one world."""

    place: Place

    @classmethod
    def of(cls, folder: Path) -> "WorldTables":
        """Open the folder of a world in the store, or of an exported data set.

        Raises
        ------
        UserError
            When the folder is neither.
        """
        place = Place.of(folder)
        if place is None:
            rule = "be the folder of a world in the store, or one that `cdrbench generate` wrote"
            raise SettingsError([Fault("world", rule, str(folder))])
        return cls(place)

    @cached_property
    def clock(self) -> Clock:
        """The time base of the tables."""
        return Clock.read(self.place.data)

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The description of the world, with the settings that it was made from."""
        try:
            return object_in(self.place.manifest)
        except (UnreadableError, OSError, ValueError) as error:
            raise UserError(f"{self.place.manifest} cannot be read ({error})") from error

    @property
    def truth(self) -> Truth:
        """The labels of the world."""
        return Truth(self.place.truth)

    def table(self, name: str, columns: Sequence[str]) -> pa.Table:
        """Read some columns of a table."""
        parts = list(self.parts(name, columns))
        return pa.concat_tables(parts).unify_dictionaries()

    def parts(self, name: str, columns: Sequence[str]) -> Iterator[pa.Table]:
        """Yield some columns of a table in parts, so that it need not fit into memory; one part at least.

        Raises
        ------
        UserError
            When the table is missing, damaged or without one of the columns.
        """
        path = self.place.table(name)
        try:
            with pq.ParquetFile(path) as file:
                if missing := sorted(set(columns) - set(file.schema_arrow.names)):
                    raise UserError(f"{path} cannot be shown: it has no column {', '.join(missing)}")
                schema = pa.schema([file.schema_arrow.field(column) for column in columns])
                yield schema.empty_table()
                for number in range(file.num_row_groups):
                    yield file.read_row_group(number, list(columns)).select(list(columns))
        except UNREADABLE as error:
            raise UserError(f"{path} cannot be read: {error}") from error


def milliseconds(column: pa.ChunkedArray, epoch_ms: int) -> Any:
    """Return times as ms since the start of the world; shape (rows,), int64."""
    return column.cast(pa.timestamp("ms", tz="UTC")).cast(pa.int64()).to_numpy() - epoch_ms


def places(column: pa.ChunkedArray, names: pa.Array) -> Any:
    """Return where each text is in a list of names, -1 where it is not; shape (rows,), int32.

    Only the texts of a dictionary are looked up, not every row.
    """
    found = [_places(chunk, names) for chunk in column.chunks]
    return pc.fill_null(pa.chunked_array(found, pa.int32()), -1).to_numpy()


def _places(chunk: pa.Array, names: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(chunk.type):
        return pc.index_in(chunk.cast(pa.string()), names)
    return pc.index_in(chunk.dictionary.cast(pa.string()), names).take(chunk.indices)
