"""A world on disk, seen from Python: its tables as Arrow, Polars and pandas, its graphs as networkx."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from bench.dataset import Dataset, Window
from bench.runs.steps import PreparedWorld
from bench.schema import OPTIONAL_TABLES, SOCIETY_TABLES, TRUTH_TABLES

if TYPE_CHECKING:
    import networkx as nx
    import pandas as pd


@dataclass(frozen=True)
class World:
    """A world, or your own records, on disk: its tables, its truth and the verdict of its audit."""

    settings: tuple[str, ...]
    prepared_world: PreparedWorld

    @property
    def folder(self) -> Path:
        """Its folder on disk."""
        return self.prepared_world.world.folder

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ if any byte of the world differs."""
        return self.prepared_world.world.fingerprint

    @property
    def dataset(self) -> Dataset:
        """The input of detectors: the tables without labels, split into `history` and `window`."""
        return self.prepared_world.dataset

    @property
    def audit(self) -> str:
        """The verdict of the audit in one line; "" without an audit."""
        return "" if self.prepared_world.verdict is None else self.prepared_world.verdict.summary

    def arrow(self, name: str = "calls") -> "pa.Table":
        """Return a table; no detector gets those of the truth, of the society and of what the network learned."""
        hidden = name in (*TRUTH_TABLES, *SOCIETY_TABLES, *OPTIONAL_TABLES)
        return (self.prepared_world.truth if hidden else self.dataset).table(name)

    def polars(self, name: str = "calls") -> pl.DataFrame:
        """Return a table as a Polars data frame."""
        table = pl.from_arrow(self.arrow(name))
        assert isinstance(table, pl.DataFrame)
        return table

    def pandas(self, name: str = "calls") -> "pd.DataFrame":
        """Return a table as a pandas data frame."""
        frame: pd.DataFrame = self.arrow(name).to_pandas()
        return frame

    def labelled_calls(self) -> "pd.DataFrame":
        """Return all calls with `is_anomaly`, `anomaly_type` and `collateral`, as a pandas data frame."""
        calls = self.pandas()
        labels = self.prepared_world.truth.call_labels(0, len(calls))
        calls["is_anomaly"] = labels.anomalous
        calls["anomaly_type"] = np.array([*labels.types, "normal"])[labels.type_code]
        calls["collateral"] = labels.collateral
        return calls

    def graph(self, part: Window | None = None) -> "nx.DiGraph[str]":
        """Return who calls whom as a networkx graph; see `call_graph`.

        Parameters
        ----------
        part
            `world.dataset.history` or `world.dataset.window` for the calls that start there; None for all.
        """
        whole = Window(self.dataset.clock.start_ms, self.dataset.clock.end_ms)
        return call_graph(self.dataset.calls(part or whole))

    def tie_graph(self) -> "nx.Graph[str]":
        """Return who knows whom in a simulated world as a networkx graph; no detector gets these ties.

        Edges have `weight`, the sum of `strength` over everything that ties the two.
        """
        import networkx  # noqa: PLC0415 - takes a while

        ties = self.polars("ties").cast({"user_a": pl.String, "user_b": pl.String})
        ties = ties.group_by("user_a", "user_b", maintain_order=True).agg(pl.col("strength").sum())
        graph: nx.Graph[str] = networkx.Graph()
        graph.add_weighted_edges_from(ties.iter_rows())
        return graph


def call_graph(calls: "pa.Table | pd.DataFrame | pl.DataFrame") -> "nx.DiGraph[str]":
    """Return who calls whom: a networkx graph whose edges have `calls` and `seconds`.

    Parameters
    ----------
    calls
        A table with the columns caller_id, callee_id and call_duration [s]: of a world, or of any file that
        pandas, Polars or Arrow has read.
    """
    import networkx  # noqa: PLC0415 - takes a while

    names = ["caller_id", "callee_id", "call_duration"]
    picked = calls.select(names) if isinstance(calls, pl.DataFrame | pa.Table) else calls[names]
    ties = (
        pl.DataFrame(picked)
        .group_by(pl.col("caller_id").cast(pl.String), pl.col("callee_id").cast(pl.String), maintain_order=True)
        .agg(pl.len().alias("calls"), pl.col("call_duration").sum().alias("seconds"))
    )
    graph: nx.DiGraph[str] = networkx.DiGraph()
    graph.add_edges_from((a, b, {"calls": calls, "seconds": seconds}) for a, b, calls, seconds in ties.iter_rows())
    return graph
