"""At which level a type is judged first."""

from bench.detector import Level
from bench.evaluation.home import home_of, homes_text
from generators.anomalies import schemas


def test_every_type_has_one_and_it_is_where_its_incidents_show() -> None:
    homes = {name.removeprefix("anomaly/"): home_of(kind()) for name, kind in schemas().items()}
    assert len(homes) == 23
    calls = {"short_call", "long_call", "off_hour_call", "tdos"}
    cells = {"tower_outage", "tower_degraded", "sleeping_cell", "antenna_misaligned", "ping_pong", "flash_crowd"}
    assert {name for name, level in homes.items() if level is Level.CALL} == calls
    assert {name for name, level in homes.items() if level is Level.CELL_QUARTER} == cells
    assert (
        homes_text({"ring": schemas()["anomaly/ring"](), "tdos": schemas()["anomaly/tdos"]()})
        == "ring:user_day,tdos:call"
    )
