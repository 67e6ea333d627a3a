"""Where phones and cells of a world are: exactly as simulated if the world can be drawn again, else from its tables."""

import json
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from bench.faults import UserError
from bench.scene import Scene, Shown
from bench.watch.activity import Activity, Names
from bench.watch.sightings import sighted_scene
from bench.watch.tables import WorldTables
from bench.worlds.store import world_of

EXACT, ESTIMATED, UNKNOWN = "exact", "estimated", "unknown"
"""Positions are those of the simulation; are estimated between messages; are not known, nor those of cells."""
SAME = ("settings", "sources", "versions")
"""Parts of the recipe of a world that decide where its users are."""


def scene_for(tables: WorldTables, names: Names, activity: Activity, generator: Any) -> tuple[Scene, str]:
    """Return the places and movements of a world, and how well they are known: `EXACT`, `ESTIMATED` or `UNKNOWN`.

    Parameters
    ----------
    tables, names, activity
        The world.
    generator
        Settings of a generator of the same class as that which made the world.
    """
    shown = simulated(tables.manifest, generator)
    scene = None if shown is None else shown.scene()
    if scene is not None:
        return scene, EXACT
    sighted = sighted_scene(tables, names, activity)
    return sighted, ESTIMATED if sighted.placed else UNKNOWN


def simulated(manifest: dict[str, Any], generator: Any) -> Shown | None:
    """Return the world that a manifest describes, without its anomalies, which change neither places nor movements.

    None if this program would not make the same world: it is of another version, or was made of recorded calls.
    """
    recipe = manifest.get("recipe")
    settings = recipe.get("settings") if isinstance(recipe, dict) else None
    if not isinstance(settings, dict) or settings.get("_target_") != getattr(generator, "_target_", None):
        return None
    try:
        schema = OmegaConf.structured(type(generator))
        world = world_of(OmegaConf.to_object(OmegaConf.merge(schema, {**settings, "anomaly_ratio": 0.0})), {})
    except (OmegaConfBaseException, UserError, ValueError, TypeError):
        return None
    here = json.loads(json.dumps(world.recipe()))
    asked = {**manifest["recipe"], "settings": {**settings, "anomaly_ratio": 0.0}}
    same = all(here.get(name) == asked.get(name) for name in SAME)
    return world if same and isinstance(world, Shown) else None
