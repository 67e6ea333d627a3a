"""Measure types over a range of difficulties, and print and write the results."""

import json
from pathlib import Path

from hydra.utils import get_method

from bench.audit.difficulty.difficulty_check import curves, has_difficulty
from bench.audit.difficulty.difficulty_curve import Curve
from bench.faults import UserError
from bench.host.console import progress_bars
from bench.program_settings import DifficultySettings


def all_types_get_harder(settings: DifficultySettings) -> bool:
    """Measure each type, print its curve, write table and picture; return whether every type gets harder by enough.

    Raises
    ------
    UserError
        When `out` cannot be written.
    """
    for name in (name for name, each in settings.anomaly.items() if not has_difficulty(each)):
        print(f"{name}: difficulty has no effect on this type")
    print(f"{'type':20} {'rank corr.':>10} {'effect':>7}  ROC-AUC of the best single feature at difficulty ...")
    found = []
    with progress_bars() as progress:
        for curve in curves(settings, progress):
            found.append(curve)
            steps = zip(curve.difficulties, curve.mean, curve.features, strict=True)
            cells = "  ".join(f"{at:g}: {auc:.4f} {name}" for at, auc, name in steps)
            print(f"{curve.type:20} {curve.rank_correlation:10.2f} {curve.effect:7.3f}  {cells}", flush=True)
    out = Path(settings.out)
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "difficulty.json").write_text(json.dumps([_row(curve) for curve in found], indent=1) + "\n")
        print(out / "difficulty.json")
        print(get_method(settings.report.difficulty)(found, out / "difficulty.png"))
    except OSError as error:
        raise UserError(f"out must be a folder that can be written, got {out} ({error})") from error
    return all(curve.falls(settings.most_correlation, settings.least_effect) for curve in found)


def _row(curve: Curve) -> dict[str, object]:
    strengths = {"all": curve.strength, "plain": curve.plain, "graph": curve.graph}
    return {
        "type": curve.type,
        "difficulties": curve.difficulties,
        "rank_correlation": round(curve.rank_correlation, 4),
        "effect": round(curve.effect, 6),
        "best_feature": curve.features,
        "roc_auc": {name: values.round(6).tolist() for name, values in strengths.items()},
        "share_found": curve.found.round(6).tolist(),
    }
