"""Saved views of MLflow's page of runs, to which the links of runs and sweeps lead.

A view is a tag of the experiment, `mlflow.sharedViewState.ID`, with the JSON that MLflow's page writes when somebody
shares a view (MLflow 3.17).
"""

import json
from collections.abc import Sequence
from typing import Any

from bench.evaluation.sample import ALL
from bench.runs.logged import DETECTOR_SECONDS

TAG = "mlflow.sharedViewState."
BY_TYPE, BY_COST = "recall-by-type", "cost-against-average-precision"
"""Names of the views."""


def views(types: Sequence[str]) -> dict[str, str]:
    """Return the tags of an experiment that contain the views, for the types of the latest runs."""
    return {
        f"{TAG}{BY_TYPE}": _view("recall by type", _table(types)),
        f"{TAG}{BY_COST}": _view("cost against average precision", _charts(types)),
    }


def link(experiment: str, view: str) -> str:
    """Return the part of an address, after the `#`, that opens a view."""
    charts = "&compareRunsMode=CHART" if view == BY_COST else ""
    return f"/experiments/{experiment}/runs?viewStateShareKey={view}&workflowType=machine_learning{charts}"


def _view(name: str, state: dict[str, Any]) -> str:
    return json.dumps({"name": name, "createdAt": 0, "state": state, **state}, separators=(",", ":"))


def _table(types: Sequence[str]) -> dict[str, Any]:
    """Return the table of runs: overall average precision and cost, then the recall of each type."""
    shown = [f"average_precision/{ALL}", *(f"recall/{name}" for name in types), DETECTOR_SECONDS]
    return {"selectedColumns": [f"metrics.`{name}`" for name in shown], "runsHiddenMode": "SHOWALL"}


def _charts(types: Sequence[str]) -> dict[str, Any]:
    """Return charts of average precision against seconds, for all types and for each."""
    section = "average-precision"
    cards = [
        {
            "type": "SCATTER",
            "uuid": f"cost-{name}",
            "deleted": False,
            "isGenerated": False,
            "metricSectionId": section,
            "runsCountToCompare": 100,
            "xaxis": {"key": DETECTOR_SECONDS, "type": "METRIC"},
            "yaxis": {"key": f"average_precision/{name}", "type": "METRIC"},
        }
        for name in types
    ]
    sections = [{"uuid": section, "name": "Average precision against seconds", "display": True, "isReordered": False}]
    return {
        "compareRunCharts": cards,
        "compareRunSections": sections,
        "isAccordionReordered": False,
        "runsHiddenMode": "SHOWALL",
        "hideEmptyCharts": True,
    }
