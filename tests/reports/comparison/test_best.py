"""The best detector of a type on the page, and those that do not differ significantly from it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from written_pages import document, pages

MakeRow = Callable[..., dict[str, Any]]


def test_the_best_of_a_type_comes_with_those_that_do_not_differ(run_row: MakeRow, tmp_path: Path) -> None:
    merits = {"iforest": (1, 0.99, 0.98), "lof": (0.97, 1, 0.97), "rules": (0.6, 0.58, 0.62)}
    rows = [
        run_row(scale, detector=name, world_seed=seed, fingerprint=f"f{seed}")
        for name, scales in merits.items()
        for seed, scale in enumerate(scales)
    ]
    (world,) = document(pages(rows, tmp_path)["report.html"])["worlds"]
    best = world["best"]["average_precision"]["call"][0]
    labels = [row["label"] for row in world["rows"]]
    assert (labels[best["row"]], [labels[place] for place in best["alike"]]) == ("iforest", ["lof"])
    assert "paired differences to the best (Student's t, Bonferroni), over 3 worlds" in best["how"]


def test_each_metric_is_tested_by_its_own_values(run_row: MakeRow, tmp_path: Path) -> None:
    rows = []
    for kind in range(8):
        for name, (precise, delay) in {"good": (0.8, 60.0), "fast": (0.5, 30.0), "like": (0.79, 31.0)}.items():
            row = run_row(detector=name, num_users=1000 + kind, world_seed=kind, fingerprint=f"f{kind}")
            sway = 0.02 * (-1) ** kind if name == "like" else 0
            rows.append(row | {"average_precision/all": precise + sway, "delay_seconds/all": delay + 100 * sway})
    world = document(pages(rows, tmp_path)["report.html"])["worlds"][0]
    labels, first = [row["label"] for row in world["rows"]], {}
    for metric in ("average_precision", "delay_seconds"):
        best = world["best"][metric]["call"][0]
        first[metric] = labels[best["row"]], [labels[place] for place in best["alike"]]
        assert "Wilcoxon's test of each pair with Holm's correction, over 8 world configurations" in best["how"]
    assert first == {"average_precision": ("good", ["like"]), "delay_seconds": ("fast", ["like"])}


def test_a_detector_that_was_not_run_everywhere_is_in_no_test(run_row: MakeRow, tmp_path: Path) -> None:
    merits = {"good": 0.8, "poor": 0.3, "late": 0.9}
    rows = [
        run_row(detector=name, num_users=1000 + kind, world_seed=kind, fingerprint=f"f{kind}")
        | {"average_precision/all": merit + 0.001 * kind}
        for kind in range(8)
        for name, merit in merits.items()
        if name != "late" or kind < 2
    ]
    world = document(pages(rows, tmp_path)["report.html"])["worlds"][0]
    best, labels = world["best"]["average_precision"]["call"][0], [row["label"] for row in world["rows"]]
    found = (labels[best["row"]], best["alike"], [labels[place] for place in best["untested"]])
    assert found == ("good", [], ["late"])
    assert best["how"].endswith("; not those that did not run on each of these world configurations")
