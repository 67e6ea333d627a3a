"""The features that detectors may use, by what they describe."""

from collections.abc import Iterable

from bench.detector import Level
from detectors.features.graph import call_graph, ego_networks, user_day_graph
from detectors.features.tables.feature_levels import FEATURES, STANDARD
from from_code.markdown_tables import table


def markdown(of: str) -> str:
    """Return the table of the features of a level, or of the call graph (`calls`, `parties`, `days`)."""
    graphs = {"calls": call_graph.FEATURES, "parties": ego_networks.FEATURES, "days": user_day_graph.FEATURES}
    if of in graphs:
        return _listed(graphs[of])
    if of == "standard":
        return ", ".join(f"`{name}`" for name in STANDARD[Level.CALL])
    return _listed((each.name, each.unit, each.meaning) for each in FEATURES[Level(of)].values())


def _listed(features: Iterable[tuple[str, str, str]]) -> str:
    return "\n".join(
        table(["name", "unit", "meaning"], ([f"`{name}`", unit, meaning] for name, unit, meaning in features))
    )
