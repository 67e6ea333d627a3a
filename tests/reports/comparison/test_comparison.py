import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from written_pages import Page, document, line, pages, texts

from bench.faults import UserError
from reports.comparison.build import joined
from reports.comparison.pages import write

MakeRow = Callable[..., dict[str, Any]]


def test_three_files_and_no_more(run_row: MakeRow, tmp_path: Path) -> None:
    names = set(pages([run_row()], tmp_path))
    assert names == {"report.md", "report.html", "average_precision.svg"}
    assert {path.name for path in tmp_path.iterdir()} == names


def test_the_order_of_the_rows_does_not_matter(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [
        run_row(detector=detector, world_seed=seed, fingerprint=f"f{seed}", run_id=f"{detector}{seed}")
        for detector in ("iforest", "rules", "random")
        for seed in (2, 10, 1)
    ]
    first = pages(rows, tmp_path / "a")
    assert pages(rows[::-1], tmp_path / "b") == first
    assert "3 worlds (seed 1, 2, 10)" in first["report.md"]


def test_repeats_are_averaged_with_their_range(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(scale, world_seed=seed, fingerprint=f"f{seed}") for seed, scale in enumerate((0.5, 1.0, 0.9))]
    value = run_row()["average_precision/all"]
    cell = line(pages(rows, tmp_path)["report.md"], "Average precision", "iforest")[-1]
    assert cell == f"{0.8 * value:.3f} (range {0.5 * value:.3f} to {value:.3f})"


def test_a_single_run_has_its_interval(run_row: MakeRow, tmp_path: Path) -> None:
    row = run_row()
    cell = line(pages([row], tmp_path)["report.md"], "Average precision", "iforest")[-1]
    low, high = row["average_precision_low/all"], row["average_precision_high/all"]
    assert cell == f"{row['average_precision/all']:.3f} ({low:.3f} to {high:.3f})"


def test_every_table_of_merit_has_the_prevalence(run_row: MakeRow, tmp_path: Path) -> None:
    row = run_row()
    text = pages([row], tmp_path)["report.md"]
    for heading in ("Average precision", "Recall of the alerts", "Precision of the alerts"):
        assert line(text, heading, "prevalence")[-1] == f"{100 * row['prevalence/all']:.3g} %"


@pytest.mark.parametrize(
    "changed",
    [{"anomaly_ratio": 0.01}, {"protocol": "transductive"}, {"threshold_policy": "oracle"}, {"num_users": 50}],
)
def test_unlike_runs_are_never_in_one_table(run_row: MakeRow, tmp_path: Path, changed: dict[str, Any]) -> None:
    text = pages([run_row(), run_row(0.5, detector="rules", **changed)], tmp_path)["report.md"]
    headings = re.findall(r"^## .*", text, re.MULTILINE)
    assert len(set(headings)) == 2
    for part in text.split("\n## ")[1:]:
        assert ("| iforest |" in part) != ("| rules |" in part)


def test_worlds_that_differ_in_a_hidden_setting_are_told_apart(run_row: MakeRow, tmp_path: Path) -> None:
    other = run_row(0.5)
    settings = json.loads(other["settings"])
    settings["generator"]["activity"] = {"sigma": 2.0}
    other["settings"] = json.dumps(settings)
    text = pages([run_row(), other], tmp_path)["report.md"]
    assert "(sigma=2.0)" in text
    assert "(sigma=unset)" in text


def test_a_setting_that_is_the_same_of_every_type_is_named_once(run_row: MakeRow, tmp_path: Path) -> None:
    rows = []
    for difficulty in (0.2, 0.8):
        row = run_row(fingerprint=f"{difficulty:.1f}")
        settings = json.loads(row["settings"])
        for each in settings["anomaly"].values():
            each["difficulty"] = difficulty
        rows.append({**row, "settings": json.dumps(settings)})
    found = document(pages(rows, tmp_path)["report.html"])
    single = [world for world in found["worlds"] if world["settings"]]
    assert [world["settings"] for world in single] == [{"difficulty": 0.2}, {"difficulty": 0.8}]
    assert [world["title"].partition(" (")[2] for world in single] == ["difficulty=0.2)", "difficulty=0.8)"]
    different = [{"a.share": "1", "b.share": "1"}, {"a.share": "2", "b.share": "3"}]
    assert joined(different) == different


def test_worlds_of_other_types_are_named_by_them(run_row: MakeRow, tmp_path: Path) -> None:
    rows = []
    for types in (["ring", "tdos"], list("abcdefgh"), []):
        row = run_row(anomalies=",".join(types))
        settings = json.loads(row["settings"])
        settings["anomaly"] = {name: {"difficulty": 0.5, "share": 1.0} for name in types}
        rows.append({**row, "settings": json.dumps(settings)})
    text = pages(rows, tmp_path)["report.md"]
    headings = [line.rsplit(": ", 1)[-1] for line in re.findall(r"^## generator.*", text, re.MULTILINE)]
    assert sorted(headings) == ["8 types from a to h", "no anomalies", "ring, tdos"]


def test_no_label_begins_with_a_comma_or_a_blank(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), run_row(0.5)]
    for row, words in zip(rows, ("", "a"), strict=True):
        settings = json.loads(row["settings"])
        settings["detector"] |= {"_target_": "mine.Own", "words": words}
        row |= {"detector": "", "settings": json.dumps(settings)}
    (world,) = document(pages(rows, tmp_path)["report.html"])["worlds"]
    assert [row["label"] for row in world["rows"]] == ["Own (words=empty)", "Own (words=a)"]


def test_configurations_of_a_detector_are_not_repeats(run_row: MakeRow, tmp_path: Path) -> None:
    text = pages([run_row(), run_row(0.5, n_estimators=400)], tmp_path)["report.md"]
    value = run_row()["recall/all"]
    for trees, wanted in ((100, value), (400, value / 2)):
        assert line(text, "Recall of the alerts", f"iforest (n\\_estimators={trees})".replace("\\", ""))[-1].startswith(
            f"{wanted:.3f}"
        )


def test_of_runs_with_the_same_seeds_the_latest_counts(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(0.5, started_at="2026-11-21T00:00:00"), run_row(1.0, started_at="2026-11-20T00:00:00")]
    text = pages(rows, tmp_path)["report.md"]
    assert line(text, "Recall of the alerts", "iforest")[-1].startswith(f"{run_row(0.5)['recall/all']:.3f} ")
    assert line(text, "Cost", "iforest")[1] == "1 of 1"


def test_a_later_failure_does_not_take_a_result_away(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), failed(run_row(started_at="2026-11-29T00:00:00", name="late"), "limits.seconds=1")]
    text = pages(rows, tmp_path)["report.md"]
    assert line(text, "Cost", "iforest")[1] == "1 of 1"
    assert "| late |" in text


def test_runs_on_a_world_since_made_anew_are_left_out_and_counted(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [
        run_row(detector="rules", fingerprint="old", started_at="2026-11-20T00:00:00"),
        run_row(detector="iforest", fingerprint="new", started_at="2026-11-21T00:00:00"),
    ]
    text = pages(rows, tmp_path)["report.md"]
    assert "1 run left out" in text
    assert "| rules |" not in text


def test_a_failed_run_on_a_world_made_anew_takes_nothing_away(run_row: MakeRow, tmp_path: Path) -> None:
    late = failed(run_row(detector="lof", fingerprint="new", started_at="2026-11-29T00:00:00", name="late"), "why")
    text = pages([run_row(fingerprint="old"), late], tmp_path)["report.md"]
    assert line(text, "Cost", "iforest")[1] == "1 of 1"
    assert "| late |" in text


def test_detectors_on_different_worlds_carry_a_caution(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), run_row(detector="rules")]
    assert "Not every detector" not in pages(rows, tmp_path)["report.md"]
    rows.append(run_row(detector="rules", world_seed=43, fingerprint="other"))
    assert "Not every detector" in pages(rows, tmp_path)["report.md"]


def failed(row: dict[str, Any], reason: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if "/" not in key} | {"status": "OOM", "reason": reason}


def test_a_world_that_failed_its_audit_is_marked_on_every_page(run_row: MakeRow, tmp_path: Path) -> None:
    write([run_row(fingerprint="abc123", audit="red: identity", trivial_types="long_call")], tmp_path)
    for text in (each.replace("\\_", "_") for each in texts(tmp_path)):
        assert "Failed its audit: world abc123 (red: identity)." in text
        assert "Types that a single feature finds (trivial at this difficulty): long_call." in text
    write([run_row(audit="green")], tmp_path)
    assert "audit" not in (tmp_path / "report.md").read_text()


def test_how_detectors_were_kept_from_the_truth_is_on_every_page(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), run_row(detector="old"), run_row(detector="rules", isolation="process only, no network")]
    rows[0] |= {"isolation": "landlock abi 7, no network"}
    write(rows, tmp_path)
    for text in texts(tmp_path):
        assert "landlock abi 7, no network; process only, no network" in text
        assert "Not confined, so these could have read the truth: rules." in text
    for rows in ([run_row()], [run_row(isolation="landlock abi 7, no network")]):
        write(rows, tmp_path)
        assert "Not confined" not in (tmp_path / "report.md").read_text()


def test_a_failed_run_is_listed_and_is_never_a_zero(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), failed(run_row(detector="lof", name="run-7"), "more than 100 MiB")]
    written = pages(rows, tmp_path)
    assert line(written["report.md"], "Average precision", "lof")[1:] == ["OOM"] * 5
    assert "| run-7 | lof | 42 | 0 | OOM | more than 100 MiB |" in written["report.md"]
    assert "more than 100 MiB" in json.dumps(document(written["report.html"]))
    assert "OOM" in written["average_precision.svg"]


def test_when_nothing_ended_well_the_pages_still_say_why(run_row: MakeRow, tmp_path: Path) -> None:
    written = pages([failed(run_row(), "no memory")], tmp_path)
    assert "No run has succeeded" in written["average_precision.svg"]
    assert "no memory" in written["report.md"]


def test_one_failed_repeat_does_not_hide(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), failed(run_row(seed=1), "crash")]
    text = pages(rows, tmp_path)["report.md"]
    assert line(text, "Cost", "iforest")[1] == "1 of 2 (OOM)"
    assert line(text, "Recall of the alerts", "iforest")[-1] == f"{run_row()['recall/all']:.3f}"


def test_what_users_write_stays_text(run_row: MakeRow, tmp_path: Path) -> None:
    nasty = '<script>alert("1")</script>|[x](javascript:y)\n# * \x1b[2J\u202e'
    row = run_row(detector=nasty, name=nasty, folder="javascript:alert(1)")
    written = pages([row, failed(row | {"seed": 3}, nasty)], tmp_path / "out")
    assert not any(sign in text for text in written.values() for sign in "\x1b\u202e")
    assert written["report.html"].count("<script") == pages([run_row()], tmp_path / "plain")["report.html"].count(
        "<script"
    )
    assert document(written["report.html"])["worlds"][0]["rows"][0]["runs"][0]["name"].startswith("<script>alert")
    assert "<script" not in written["average_precision.svg"]
    assert "<script" not in written["report.md"].replace("\\<script", "")
    assert document(written["report.html"])["worlds"][0]["rows"][0]["runs"][0]["link"].startswith("../")
    ElementTree.fromstring(written["average_precision.svg"])
    tables = [each for each in written["report.md"].splitlines() if each.startswith("| \\<script")]
    assert len({len(re.findall(r"(?<!\\)\|", each)) for each in tables[:4]}) == 1


def test_runs_are_linked_relative_to_the_page(run_row: MakeRow, tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "2026 11" / "0"
    written = pages([{**run_row(), "folder": str(folder)}], tmp_path / "report")
    (run,) = document(written["report.html"])["worlds"][0]["rows"][0]["runs"]
    assert run["link"] == "../runs/2026%2011/0/"


def test_the_html_is_whole_and_stands_alone(run_row: MakeRow, tmp_path: Path) -> None:
    rows = [run_row(), run_row(detector="rules", anomaly_ratio=0.01), failed(run_row(detector="lof"), "why")]
    page = Page(pages(rows, tmp_path)["report.html"])
    assert page.open == []
    assert ("html", {"lang": "en"}) in page.seen
    assert not {"link", "img", "iframe"} & {tag for tag, _ in page.seen}
    assert not any({"src", "onclick"} & set(attributes) for _, attributes in page.seen)
    (policy,) = [each["content"] for _, each in page.seen if each.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


def test_configurations_also_stand_together_and_a_type_counts_where_it_is(run_row: MakeRow, tmp_path: Path) -> None:
    other = {name: value for name, value in run_row(0.5, anomaly_ratio=0.01).items() if not name.endswith("/long_call")}
    rows = [run_row(), run_row(0.6, detector="rules"), other | {"fingerprint": "other"}]
    first, *kinds = document(pages(rows, tmp_path)["report.html"])["worlds"]
    assert (first["title"], len(kinds)) == ("all world configurations together", 2)
    assert "Not every detector ran on every world configuration" in first["cautions"][-1]
    ((place, row),) = [(place, row) for place, row in enumerate(first["rows"]) if row["label"] == "iforest"]
    names = [each["name"] for each in first["types"]]
    long, every = (row["values"]["recall"]["call"][names.index(name)] for name in ("long_call", "all"))
    value = run_row()["recall/all"]
    assert every == [round(x, 4) for x in (0.75 * value, 0.5 * value, value)]
    assert long[0] == round(run_row()["recall/long_call"], 4)
    assert first["best"]["recall"]["call"][names.index("long_call")]["row"] == place


def test_the_page_says_how_to_repeat_a_run(run_row: MakeRow, tmp_path: Path) -> None:
    (tmp_path / "run" / ".hydra").mkdir(parents=True)
    (tmp_path / "run" / ".hydra" / "overrides.yaml").write_text("- detector=iforest\n- anomaly=[ring,tdos]\n")
    written = pages([{**run_row(), "folder": str(tmp_path / "run")}], tmp_path / "report")
    (run,) = document(written["report.html"])["worlds"][0]["rows"][0]["runs"]
    assert run["command"] == "python -m bench.run detector=iforest 'anomaly=[ring,tdos]'"


def test_the_heat_map_is_well_formed_and_shows_every_value(run_row: MakeRow, tmp_path: Path) -> None:
    row = run_row()
    picture = ElementTree.fromstring(pages([row], tmp_path)["average_precision.svg"])
    texts = [element.text for element in picture.iter("{http://www.w3.org/2000/svg}text")]
    for name in ("burst_call", "long_call", "off_hour_call", "short_call", "all"):
        assert f"{row[f'average_precision/{name}']:.3f}" in texts


def test_higher_shares_stand_out_on_a_dark_page_too(run_row: MakeRow, tmp_path: Path) -> None:
    light, dark = pages([run_row()], tmp_path)["average_precision.svg"].split("rect.s0{")[1:]
    for text, falls in ((light, True), (dark, False)):
        shades = [int(colour[:2], 16) for colour in re.findall(r"fill:#([0-9a-f]{6})}text", text)]
        assert len(shades) == 11
        assert shades == sorted(shades, reverse=falls)


def test_no_runs_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"python -m bench\.run"):
        write([], tmp_path / "report")
    assert not list(tmp_path.iterdir())


def test_settings_that_are_not_json_name_the_run(run_row: MakeRow, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="run r1: settings must be a JSON object"):
        write([run_row(run_id="r1") | {"settings": "{"}], tmp_path)


def test_many_types_become_rows_and_their_names_are_slanted(run_row: MakeRow, tmp_path: Path) -> None:
    many = [f"type_{number:02d}" for number in range(23)]
    row = run_row(detector="iforest")
    values = {f"{key.partition('/')[0]}/{name}": row[key] for key in row if key.endswith("/long_call") for name in many}
    written = pages([{**row, **values}], tmp_path)
    assert line(written["report.md"], "Average precision", "type_07")[0] == "type_07"
    assert "| type | iforest | prevalence |" in written["report.md"]
    assert written["average_precision.svg"].count("rotate(-45") == 28
    ElementTree.fromstring(written["average_precision.svg"])
    assert not Page(written["report.html"]).open


def test_headline_and_ranks_are_of_the_home_level(run_row: MakeRow, tmp_path: Path) -> None:
    homes = {"home_levels": "burst_call:user_day,long_call:user_day,short_call:call"}
    cells = run_row(detector="failover", level="cell_quarter") | homes
    cells = {name: value for name, value in cells.items() if "average_precision" not in name}
    days = run_row(detector="own_past") | homes
    for name in ("burst_call", "all"):
        days |= {f"user_day/average_precision/{name}": 0.123, f"user_day/prevalence/{name}": 0.05}
        days |= {f"user_day/recall_cap/{name}": 0.25, f"user_day/shared_share/{name}": 0.28}
    write([cells, days], tmp_path)
    text = (tmp_path / "report.md").read_text()
    headline = text.split("### Average precision\n")[1].split("###")[0]
    (row,) = [line for line in headline.splitlines() if line.startswith("| own_past")]
    assert row.count("0.123") == 2
    assert "| home level | calls | calls | days | days | days |" in headline
    assert "| of several types, left out | - | - | 28 % | - | 28 % |" in headline
    assert "| at most | - | - | 25 %" in text.split("### Recall of the alerts\n")[1].split("###")[0]
    assert "### Average precision of calls\n" in text
