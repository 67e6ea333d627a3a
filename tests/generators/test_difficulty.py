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
OF_GRAPHS = ("community_break", "ring")
"""Those that only a graph sees, for which 600 users are too few."""
OF_CELLS = sorted(make_settings("anomaly=network_faults")[1])


def composed(*overrides: str) -> Any:
    register()
    with initialize_config_module("conf", version_base="1.3"):
        return settings_of(compose("difficulty", overrides=list(overrides)))


def test_curves_of_calls_that_are_changed_fall(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ("difficulties=[0,0.5,1]", "anomaly=[long_call,short_call]", "together=true")
    assert told(composed(*SMALL, *asked))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines[1:3]] == [["long_call", "-1.00"], ["short_call", "-1.00"]]
    assert lines[3:] == ["difficulty/difficulty.json", "difficulty/difficulty.png"]
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
    rare = (
        "anomaly=[wangiri]",
        "generator.anomaly_ratio=0.005",
        "anomaly.wangiri.schedule={kind:clustered,waves:1,wave_h:12}",
    )
    with pytest.raises(UserError, match="wangiri has no incident in the scored part at difficulty 0, seed 3: raise "):
        list(curves(composed(*SMALL, *rare, "difficulties=[0,0.5,1]", "seeds=[3]"), silent))
    Path("file").write_text("")
    with pytest.raises(UserError, match="out must be a folder that can be written"):
        told(composed(*SMALL, "difficulties=[0,0.5,1]", "anomaly=[short_call]", "out=file/here"))


@pytest.mark.slow
@pytest.mark.parametrize("name", TYPES)
def test_the_best_single_feature_finds_ever_less(workplace: Path, name: str) -> None:
    """Three points of the grid of docs/anomalies.md."""
    asked = ("generator/network=none", "seeds=[1]", "difficulties=[0.1,0.5,0.9]", f"anomaly=[{name}]")
    size = ("generator.num_users=4000", "generator.days=28") if name in OF_GRAPHS else ()
    (curve,) = curves(composed(*asked, *size), silent)
    assert curve.rank_correlation <= -0.8


@pytest.mark.slow
def test_the_best_single_feature_of_cells_finds_ever_less(workplace: Path) -> None:
    """All types at the level of cells, in the same worlds; the first two seeds of docs/anomalies.md."""
    world = ("generator.num_users=6000", "generator.num_towers=60", f"anomaly=[{','.join(OF_CELLS)}]", "together=true")
    found = list(curves(composed(*world, "seeds=[21,22]", "difficulties=[0.1,0.5,0.9]"), silent))
    assert {curve.type: curve.rank_correlation <= -0.8 for curve in found} == dict.fromkeys(OF_CELLS, True)
