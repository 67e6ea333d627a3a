"""Make a world: draw the people, places and incidents of its settings, and write its tables and its ground truth."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench.faults import UserError
from bench.generator import Progress
from bench.schema import DATA_TABLES, OPTIONAL_TABLES, TIES, USER_WINDOWS
from generators.calls.model_arrays import make_model_arrays
from generators.drawn_world import DAILY, DrawnWorld
from generators.injection.editable_plan import EditablePlan
from generators.injection.expected_calls import ExpectedCalls
from generators.injection.incident_planning import (
    TOLERANCE,
    IncidentPlan,
    enough_users,
    meets_calls,
    no_plan,
    plan_incidents,
    ratio_is_met,
)
from generators.injection.injector import Injector
from generators.injection.simulated_life import SimulatedLife, count_all
from generators.model.clock import DAY_MS
from generators.radio.towers import make_towers
from generators.sessions.deployment import deploy, with_faults
from generators.sessions.learning_antennas import LearningAntennas
from generators.sessions.load import talk_habit
from generators.sessions.neighbour_lists import NeighbourLists
from generators.settings.world import WorldSettings
from generators.social.communities import make_society
from generators.social.people import make_people
from generators.social.possessions import Possessions, make_possessions
from generators.social.subscriptions import NEVER
from generators.tables.columns import ParquetRows, write_parquet
from generators.tables.inventory import Inventory
from generators.tables.names import make_names
from generators.tables.people_and_places import cells_table, communities_table, coverage_table, users_table
from generators.tables.ties import tie_tables

AGAIN, MOST_MORE, MORE_USERS, MOST_TURNS = 2, 2.0, 1.5, 6
"""Limits of making a world anew when it misses the requested ratio.

- `AGAIN`: how often it may be made again with more or fewer faults of cells;
- `MOST_MORE`: the largest factor on the number of faults;
- `MORE_USERS`: factor on the number of users that a refusal suggests, at least;
- `MOST_TURNS`: how often it is made in all, those without single incidents included.
"""


@dataclass(frozen=True)
class Making:
    """The settings from which a world is made."""

    settings: WorldSettings
    anomalies: Mapping[str, Injector]
    """Injectors by name; empty for a world without anomalies."""

    def make(self, folder: Path, workers: int, progress: Progress) -> dict[str, Any]:
        """Write the tables to `folder/data` and the truth to `folder/truth`; return counts for the manifest.

        How many calls take place, and how many are affected by faults of cells, is known only afterwards. If the ratio
        is missed, the world is made again with a corrected number of faults or incidents; if an incident of cells is
        outside its type's ranges, it is left out.
        """
        faults, again = 1.0, 0
        left_out: frozenset[int] = frozenset()
        for _ in range(MOST_TURNS):
            counts, strays = self._made(folder, workers, progress, faults, left_out)
            more = self._more_faults(counts)
            if more is not None and again < AGAIN:
                faults, again, left_out = faults * more, again + 1, frozenset()
            elif strays:
                left_out |= strays
            else:
                return self._checked(counts)
            for part in ("data", "truth"):
                shutil.rmtree(folder / part)
        users = enough_users(self.settings.num_users, MORE_USERS)
        raise UserError(
            f"generator.anomaly_ratio must be met by incidents within their type's entry, got {len(strays)} that are"
            f" not: too few calls for what they are to show; about {users} users (generator.num_users) for "
            f"{self.settings.days} days do"
        )

    def _made(
        self, folder: Path, workers: int, progress: Progress, faults: float, left_out: frozenset[int]
    ) -> tuple[dict[str, Any], frozenset[int]]:
        """Write the tables and the truth; return the counts, and the incidents that violate their type's entry.

        `faults` and `left_out` are as in `draw`.
        """
        data, truth = folder / "data", folder / "truth"
        data.mkdir(parents=True)
        truth.mkdir()
        progress("making the world", 0, self.settings.days)  # the first days may wait for compilation
        drawn = self.draw(faults, left_out)
        sizes = {name: table.num_rows for name, table in drawn.tables.items()}
        while drawn.tables:  # large, and no longer needed
            name, table = drawn.tables.popitem()
            write_parquet(data / f"{name}.parquet", table)
        del table
        self._write_society(truth, drawn)
        files = {name: ParquetRows(data / f"{name}.parquet", DATA_TABLES[name].arrow) for name in DAILY}
        if self.settings.network.radio and self.settings.network.status.user_window_s:
            files["user_windows"] = ParquetRows(truth / "user_windows.parquet", USER_WINDOWS.arrow)
        for number, day in enumerate(drawn.days(workers), 1):
            for name, rows in day.items():
                files[name].write(rows)
            progress("making the world", number, self.settings.days)
        for file in files.values():
            file.close()
        drawn.truth_writer.write(truth)
        for name, table in drawn.optional_tables().items():
            write_parquet(truth / f"{name}.parquet", table)
        (data / "clock.json").write_text(json.dumps(self._clock(), indent=1) + "\n")
        kept = {
            number: self._keeps(drawn.plan, number, figures) for number, figures in drawn.truth_writer.figures.items()
        }
        optional = sorted(path.stem for path in truth.iterdir() if path.stem in OPTIONAL_TABLES)
        counts = {**drawn.truth_writer.counts(), "cells": sizes["cells"]}
        counts |= {"optional_tables": optional} if optional else {}
        return counts, frozenset(number for number, keeps in kept.items() if not keeps)

    def _keeps(self, plan: IncidentPlan, number: int, figures: Mapping[str, Any]) -> bool:
        """Return whether the figures of an incident are within the `bounds` of its type's entry."""
        bounds: Mapping[str, tuple[float, float]] = getattr(self.anomalies[plan.types[plan.kind[number]]], "bounds", {})
        return all(figures[name] is not None and low <= figures[name] <= high for name, (low, high) in bounds.items())

    def _write_society(self, folder: Path, drawn: "DrawnWorld") -> None:
        """Write the communities and ties of the world, `bench.schema.SOCIETY_TABLES`."""
        settings, names = self.settings, drawn.names
        communities = communities_table(settings, drawn.model.society, names)
        write_parquet(folder / "communities.parquet", communities)
        ties = ParquetRows(folder / "ties.parquet", TIES.arrow)
        for rows in tie_tables(settings.communities.layers(), drawn.model, names):
            ties.write(rows)
        ties.close()

    def draw(self, faults: float = 1.0, left_out: frozenset[int] = frozenset()) -> "DrawnWorld":
        """Draw the people and places, and plan the incidents; the calls are still to be rendered.

        Parameters
        ----------
        faults
            Factor on the number of calls that faults of cells are planned to meet.
        left_out
            Incidents, by their number in the plan, that do not happen.
        """
        settings = self.settings
        towers = make_towers(settings)
        society = make_society(settings)
        people = make_people(settings, towers, society)
        site, network, plant = np.arange(len(towers.macro)), None, None
        if settings.network.radio:
            plant, network, people = deploy(settings, towers, people)
            site = plant.cells.site
        model = make_model_arrays(settings, towers, society, people, network)
        owned = make_possessions(settings, people.still)
        names = make_names(settings, model, owned, len(towers.macro), len(site))
        counts = count_all(model, settings.days)
        where = None if plant is None else ExpectedCalls(model, plant, counts, names.tower)
        editable = EditablePlan(SimulatedLife(model, counts, tuple(settings.user_types), where), owned)
        plan = self._plan(editable, owned, faults).without(left_out)
        if plant and network and plan.faults:
            model = model._replace(network=with_faults(network, plant, settings, plan.faults))
        inventory = Inventory(people, owned, names, plan.sim_holdings.holdings, settings.days)
        known = inventory.table(settings.subscriptions, settings.start_ms())
        tables = {
            "users": users_table(settings, people, names, known),
            "cells": cells_table(towers, site, names),
            "coverage": coverage_table(None if network is None else network.radio, names),
            "subscriptions": known,
        }
        learning = neighbours = None
        if plant and network and settings.network.antenna.learning.step:
            talk = talk_habit(settings, people)
            learning = LearningAntennas(settings.network, plant, model.network, talk, plan.faults)
        if plant and network and settings.network.phones.neighbours == "learned":
            phones = np.flatnonzero(people.active_from_ms != NEVER)
            neighbours = NeighbourLists(plant, network, settings.network.phones, phones)
        return DrawnWorld(
            learning=learning,
            neighbours=neighbours,
            model=model,
            owned=owned,
            names=names,
            site=site,
            counts=counts,
            plan=plan,
            epoch_ms=settings.start_ms(),
            tables=tables,
            network=settings.network,
        )

    def _plan(self, editable: EditablePlan, owned: Possessions, faults: float) -> IncidentPlan:
        if not self.anomalies:
            return no_plan(self.settings.days)
        return plan_incidents(editable, self.anomalies, self.settings.anomaly_ratio, self.settings.seed, faults, owned)

    def _clock(self) -> dict[str, Any]:
        start = self.settings.start_ms()
        return {
            "start_ms": start,
            "end_ms": start + self.settings.days * DAY_MS,
            "time_zone": self.settings.region.time_zone,
            "utc_offset_s": self.settings.utc_offset_s(),
        }

    def _more_faults(self, counts: dict[str, Any]) -> float | None:
        """Return the factor on faults of cells with which the ratio would be met; None if it is, or cannot be."""
        asked, got = self.settings.anomaly_ratio, counts["anomaly_ratio"]
        acting = {name: a for name, a in self.anomalies.items() if a.share}
        adjusted = [name for name, a in acting.items() if meets_calls(a)] or list(acting)
        met = sum(counts["calls_by_type"][name] for name in adjusted)
        if ratio_is_met(got, asked) or not met:
            return None
        more = 1 + (asked * counts["calls"] - counts["anomalous_calls"]) / met
        return more if 1 / MOST_MORE < more < MOST_MORE else None

    def _checked(self, counts: dict[str, Any]) -> dict[str, Any]:
        """Raise an error if a world's anomaly ratio is not the requested one."""
        asked, got = self.settings.anomaly_ratio, counts["anomaly_ratio"]
        if not ratio_is_met(got, asked):
            users = enough_users(self.settings.num_users, max(abs(got - asked) / (TOLERANCE * asked), MORE_USERS))
            raise UserError(
                f"generator.anomaly_ratio must be met within {TOLERANCE:.0%}, got {got:.4g} where {asked:g} was asked: "
                f"whole incidents do not add up to it here; about {users} users (generator.num_users) for "
                f"{self.settings.days} days do"
            )
        return counts
