"""Difficulty does what it says: what the best single feature makes of a type falls as its difficulty rises."""

from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_module
from small_worlds import make_settings

from bench.audit.dial import curves
from bench.audit.dial_report import told
from bench.composition import register, settings_of
from bench.faults import SettingsError, UserError
from bench.generator import silent

SMALL = ("generator.num_users=300", "generator.days=6", "generator/network=none", "seeds=[1]")
TYPES = sorted(make_settings("anomaly=[seed_four,fraud]")[1])
"""All that need no network."""


def composed(*overrides: str) -> Any:
    register()
    with initialize_config_module("conf", version_base="1.3"):
        return settings_of(compose("difficulty", overrides=list(overrides)))


def test_the_curve_of_short_calls_falls(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("difficulties=[0,0.5,1]", "anomaly=[short_call]")
    assert told(composed(*SMALL, *asked))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:2] == ["short_call", "-1.00"]
    assert lines[2:] == ["difficulty/difficulty.json", "difficulty/difficulty.png"]
    assert Path("difficulty/difficulty.png").stat().st_size > 10_000


def test_a_type_that_does_not_get_harder_is_told(workplace: Path) -> None:
    """A difficulty that changes nothing: both ends of the range that it draws from are the same."""
    fixed = ("anomaly=[long_call]", "anomaly.long_call.shortest_s=3600", "anomaly.long_call.longest_s=3600")
    settings = composed(*SMALL, *fixed, "difficulties=[0,0.5,1]")
    (curve,) = curves(settings, silent)
    assert curve.rank_correlation == 0
    assert not told(settings)


def test_faults_are_told(workplace: Path) -> None:
    with pytest.raises(SettingsError, match="difficulties must be three numbers or more in"):
        composed("difficulties=[0,2]")
    with pytest.raises(SettingsError, match="anomaly must name at least one type"):
        list(curves(composed(*SMALL, "anomaly=[]"), silent))
    Path("file").write_text("")
    with pytest.raises(UserError, match="out must be a folder that can be written"):
        told(composed(*SMALL, "difficulties=[0,0.5,1]", "anomaly=[short_call]", "out=file/here"))


@pytest.mark.slow
@pytest.mark.parametrize("name", TYPES)
def test_the_best_single_feature_finds_ever_less(workplace: Path, name: str) -> None:
    """Three points of the grid of docs/anomalies.md."""
    asked = ("generator/network=none", "seeds=[1]", "difficulties=[0.1,0.5,0.9]", f"anomaly=[{name}]")
    (curve,) = curves(composed(*asked), silent)
    assert curve.rank_correlation <= -0.8
