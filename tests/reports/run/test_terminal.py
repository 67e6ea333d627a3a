import re
from dataclasses import replace

import pytest

from bench.evaluation.run_outcome import Outcome
from bench.result import Result, Status
from reports.run.terminal import show


def shown(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> str:
    show(outcome)
    return capsys.readouterr().out


def test_a_row_a_type_with_its_numbers(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    text, values = shown(outcome, capsys), outcome.result.values
    for name in (*outcome.labels.types, "all"):
        (row,) = [line.split() for line in text.splitlines() if line.split()[:1] == [name]]
        wanted = [f"{values[f'{metric}/{name}']:.3f}" for metric in ("precision", "recall", "f1", "average_precision")]
        assert [cell for cell in row if cell in wanted] == wanted
        assert f"{values[f'positives/{name}']:,.0f}" in row
        assert "calls" in row
        assert f"{100 * (values[f'prevalence/{name}'] or 0):.3g}" in row
        low, high = values[f"average_precision_low/{name}"], values[f"average_precision_high/{name}"]
        assert f"{low:.3f}-{high:.3f}".replace("0.", ".") in row


def test_without_a_terminal_it_is_plain_and_fits(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    text = shown(outcome, capsys)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_what_was_run_is_said(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    text = " ".join(shown(outcome, capsys).split())
    assert "iforest on generator default, 2,000 users, 28 days, 5 % of the calls anomalous" in text
    assert "14 days, fitted on 14 days; seeds: world 42, detector 0" in text
    assert "budget: 100 alerts a day, shared by all types: 1,400 alerts" in text
    assert re.search(r"Cost: world 1\.31 s, fit 0\.82 s, score 0\.44 s, .* peak memory 412 MiB", text)


def test_what_is_undefined_is_no_number(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    values = {key: None if "precision" in key else value for key, value in outcome.result.values.items()}
    text = shown(replace(outcome, result=replace(outcome.result, values=values)), capsys)
    (row,) = [line.split() for line in text.splitlines() if line.split()[:1] == ["all"]]
    assert row.count("-") == 3
    assert "None" not in text
    assert "nan" not in text


def test_a_failed_run_says_how_and_why(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    result = Result(outcome.result.asked, Status.TIMEOUT, "took longer than [bold]limits.seconds[/bold]=5")
    text = shown(replace(outcome, result=result, scores=None, alerts=None), capsys)
    assert "TIMEOUT: took longer than [bold]limits.seconds[/bold]=5" in text
    assert "0.000" not in text
    assert "Cost: not measured" in text


def test_other_levels_and_too_few_incidents_are_said(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    assert "other levels" not in shown(outcome, capsys)
    further = {"user_day/average_precision/all": 0.4567, "user_day/lift/all": 2.1}
    further |= {"enough_incidents/burst_call": 0, "enough_incidents/long_call": 1}
    result = replace(outcome.result, values=outcome.result.values | further)
    text = shown(replace(outcome, result=result), capsys)
    assert "All types at other levels: days of users AP 0.457 (lift 2.10)\n" in text
    assert "Too few incidents to judge: burst_call\n" in text


def test_a_detector_of_another_level_has_its_own_numbers(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    days = {f"user_day/{name}": value for name, value in outcome.result.values.items()}
    calls = dict.fromkeys(outcome.result.values, None)
    asked = outcome.result.asked | {"level": "user_day"}
    text = shown(replace(outcome, result=replace(outcome.result, asked=asked, values=calls | days)), capsys)
    plain = shown(outcome, capsys)
    assert "against normal days of users" in text
    assert re.sub("days( of users)?|calls?", "of", text).split() == re.sub("days|calls?", "of", plain).split()


def test_each_type_is_shown_at_its_home_level(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    name = outcome.labels.types[0]
    days = {"average_precision": 0.77, "positives": 1234.0, "recall_cap": 0.333, "shared_share": 0.27}
    values = outcome.result.values | {f"user_day/{metric}/{name}": value for metric, value in days.items()}
    asked = outcome.result.asked | {"home_levels": f"{name}:user_day"}
    text = shown(replace(outcome, result=replace(outcome.result, asked=asked, values=values)), capsys)
    (row,) = [line.split() for line in text.splitlines() if line.split()[:1] == [name]]
    assert "0.770" in row
    assert row[2:4] == ["1,234", "days"]
    assert "0.333" in row
    assert "cap: the highest recall that is possible with this number of alerts." in text
    assert f"Left out of a type, because they also belong to another: 27 % of {name}" in text
    assert max(map(len, text.splitlines())) <= 100


def test_the_longest_name_and_the_longest_numbers_stay_on_one_line(
    outcome: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    longest, old = "subscription_fraud", outcome.labels.types[0]
    values = {name.replace(f"/{old}", f"/{longest}"): value for name, value in outcome.result.values.items()}
    values |= {f"cell_quarter/{name}": value for name, value in values.items() if "/" in name}
    values |= {f"cell_quarter/positives/{longest}": 17_020.0, f"cell_quarter/incidents/{longest}": 12_266.0}
    values |= {f"cell_quarter/recall_cap/{longest}": 0.08, f"cell_quarter/lift/{longest}": 199.0}
    values |= {f"cell_quarter/average_precision_high/{longest}": 1.0, f"cell_quarter/prevalence/{longest}": 0.000858}
    asked = outcome.result.asked | {"home_levels": f"{longest}:cell_quarter"}
    text = shown(replace(outcome, result=replace(outcome.result, asked=asked, values=values)), capsys)
    (row,) = [line.split() for line in text.splitlines() if line.split()[:1] == [longest]]
    assert row[:4] == [longest, "12,266", "17,020", "quarters"]
    assert row[-1] == "199"


def test_a_detector_that_does_not_reach_the_home_level_has_its_own_numbers(outcome, capsys) -> None:  # type: ignore[no-untyped-def]
    asked = outcome.result.asked | {"home_levels": "burst_call:cell_quarter"}
    text = shown(replace(outcome, result=replace(outcome.result, asked=asked)), capsys)
    assert text == shown(outcome, capsys)


def test_what_an_audit_said_of_the_world_is_reported(outcome: Outcome, capsys: pytest.CaptureFixture[str]) -> None:
    def text(**said: str) -> str:
        result = replace(outcome.result, asked=outcome.result.asked | said)
        return " ".join(shown(replace(outcome, result=result), capsys).split())

    assert "audit" not in text(audit="green", trivial_types="")
    red = text(audit="red: identity, amounts", trivial_types="long_call,off_hour_call")
    assert "The audit of this world is red: identity, amounts. Do not trust these numbers." in red
    assert "Types that a single feature finds (trivial at this difficulty): long_call, off_hour_call" in red


def test_a_detector_that_could_have_read_the_truth_is_reported(
    outcome: Outcome, capsys: pytest.CaptureFixture[str]
) -> None:
    def text(isolation: str) -> str:
        result = replace(outcome.result, asked=outcome.result.asked | {"isolation": isolation})
        return shown(replace(outcome, result=result), capsys)

    assert "Isolation process only, no network: the detector could have read the truth" in text(
        "process only, no network"
    )
    assert "Isolation" not in text("landlock abi 7, no network") + text("")
