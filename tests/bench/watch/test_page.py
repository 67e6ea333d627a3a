"""The page in a browser: it plays, seeks, shows a tower that breaks, and alerts beside the truth, by mouse and keys."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from eventually import within

pytestmark = pytest.mark.slow
Open = Callable[..., Any]
WORLD = ("generator=demo_2016", "detector=failure_share", "protocol=transductive")
WIDE = {"width": 1360, "height": 850}
PHONE = {"width": 390, "height": 844}
BREAKS_S, WINDOW_S, SLIDE_S = 180, 21, 7


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the old demo with the alerts of a detector, as a user would."""
    place = tmp_path_factory.mktemp("served")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    command = [sys.executable, "-m", "bench", "watch", "port=0", *WORLD]
    server = subprocess.Popen(command, cwd=place, env=environment, stdout=-1, text=True)
    try:
        assert server.stdout is not None
        yield server.stdout.readline().split()[0]
        server.send_signal(signal.SIGINT)
        assert within(20, lambda: server.poll() == 0)
    finally:
        server.kill()
        server.communicate()


@pytest.fixture
def open_page(browser: Any, address: str) -> Iterator[Open]:
    """Return what opens the page at a moment; a message of the browser is a failure."""
    said: list[str] = []
    opened = []

    def open_at(link: str = "", **context: Any) -> Any:
        page = browser.new_context(**{"viewport": WIDE, **context}).new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.extend([request.url] * (not request.url.startswith(address))))
        page.goto(address + link)
        page.wait_for_selector("[data-ready]", state="attached")
        soon(lambda: page.evaluate("page.frames") > 0)
        opened.append(page)
        return page

    yield open_at
    for page in opened:
        page.context.close()
    assert said == []


def soon(fact: Callable[[], bool]) -> None:
    """Hold the page to a fact that is true a moment after what was done."""
    assert within(30, fact)


def at(second: float) -> str:
    return f"#t=2024-01-01T00:{int(second // 60):02d}:{second % 60:02.0f}Z"


def moment(page: Any) -> float:
    """Return the play head [s]."""
    return float(page.evaluate("page.moment")) / 1000


def seek(page: Any, second: float) -> None:
    page.evaluate("moment => page.seek(moment)", 1000 * second)
    soon(lambda: page.evaluate("page.told !== undefined && !page.changed && page.sought === undefined"))


def state(page: Any, tower: str) -> str:
    """Return the state of a tower in the list."""
    return str(page.locator("#towers li", has_text=tower).locator(".state").inner_text())


def test_the_tower_that_breaks_turns_black_within_two_windows(open_page: Open) -> None:
    """It is clicked on the map, played over the moment at which it breaks, and its figures follow."""
    page = open_page(f"{at(BREAKS_S - 10)}&speed=5")
    x, y = page.evaluate(
        "(() => { const t = page.ground.towers[0]; return [page.view.left(t.x), page.view.top(t.y)]; })()"
    )
    page.locator("#moving").click(position={"x": x, "y": y})
    soon(lambda: page.locator("#about h3").inner_text().startswith("tower_000"))
    assert "BLACK" not in page.locator("#about h3").inner_text()
    page.locator("#play").click()
    soon(lambda: "BLACK" in page.locator("#about h3").inner_text())
    assert BREAKS_S + SLIDE_S <= moment(page) <= BREAKS_S + 2 * WINDOW_S
    assert state(page, "tower_000") == "BLACK"
    page.locator("#play").click()
    seek(page, BREAKS_S + 2 * WINDOW_S)
    tiles = dict(
        zip(page.locator("#about dt").all_inner_texts(), page.locator("#about dd").all_inner_texts(), strict=True)
    )
    assert tiles["failed Hellos"] == "100 %"
    assert tiles["live sessions"] == "0"
    assert "tower_000 is BLACK" in page.locator("#said").inner_text()


def test_alerts_stand_beside_the_truth_as_it_unfolds(open_page: Open) -> None:
    """The first quarter hours are over at 900 s: no alert can be raised before that."""
    page = open_page(at(BREAKS_S - 1))
    truth, alerts = page.locator("#incidents li"), page.locator("#alerts li")
    soon(lambda: truth.count() == 1)
    assert "cell_001" in truth.inner_text()
    assert "none yet" in alerts.inner_text()
    seek(page, 899)
    assert [re.search(r"cell_\d+", each)[0] for each in truth.all_inner_texts()] == [  # type: ignore[index]
        "cell_005", "cell_000", "cell_001",
    ]  # fmt: skip
    assert "none yet" in alerts.inner_text()
    page.keyboard.press("a")
    soon(lambda: "cell_" in alerts.first.inner_text())
    assert moment(page) % 900 == 0
    assert page.locator("#alerts li.fresh").count() > 0
    page.keyboard.press("t")
    soon(lambda: not page.locator("#incidents").is_visible())
    soon(lambda: "hit" not in alerts.first.inner_text())
    assert page.evaluate("page.alerted().length") > 0


def test_playing_moves_on_at_the_speed_that_is_chosen(open_page: Open) -> None:
    page = open_page(f"{at(600)}&speed=60&play=1")
    soon(lambda: moment(page) > 660)
    begin, clock = moment(page), page.evaluate("performance.now()")
    page.wait_for_timeout(2000)
    end, later = moment(page), page.evaluate("performance.now()")
    page.keyboard.press(" ")
    assert (end - begin) / (later - clock) * 1000 == pytest.approx(60, rel=0.25)
    stopped = moment(page)
    page.wait_for_timeout(300)
    assert moment(page) == stopped


def test_it_can_be_used_by_keys_alone(open_page: Open) -> None:
    page = open_page(at(300))
    for key, second in (
        ("ArrowRight", 307), ("Shift+ArrowRight", 377), ("ArrowLeft", 370), ("Home", 0), ("i", 180), ("i", 300),
        ("I", 180), ("a", 900),
    ):  # fmt: skip
        page.keyboard.press(key)
        assert moment(page) == second, key
    page.keyboard.press("f")
    page.keyboard.type("tower_003")
    page.keyboard.press("Enter")
    soon(lambda: page.locator("#about h3").inner_text().startswith("tower_003"))
    page.locator("#play").focus()
    page.keyboard.press("Escape")
    soon(lambda: not page.locator("#unchoose").is_visible())
    page.keyboard.press("+")
    assert page.evaluate("page.view.zoom") > 1
    page.keyboard.press("0")
    assert page.evaluate("page.view.zoom") == 1
    page.keyboard.press("?")
    soon(lambda: page.locator("#keys").is_visible())
    page.keyboard.press("Escape")
    page.locator("#seek").focus()
    assert page.locator("#seek").get_attribute("aria-valuetext").startswith("Mon 1 Jan 2024")


def test_a_link_leads_back_to_the_same_moment(open_page: Open) -> None:
    page = open_page(f"{at(425)}&tower=tower_002&speed=10&truth=0")
    soon(lambda: page.locator("#about h3").inner_text().startswith("tower_002"))
    page.keyboard.press("ArrowRight")
    soon(lambda: "00:07:12" in page.locator("#time").inner_text())
    soon(lambda: "00:07:12Z" in page.evaluate("location.hash"))
    link = page.evaluate("location.hash")
    other = open_page(link)
    soon(lambda: other.locator("#about h3").inner_text().startswith("tower_002"))
    assert moment(other) == 432
    assert other.evaluate("[page.speed, page.truth]") == [10, False]
    other.evaluate("location.hash = '#t=2024-01-01T00:01:00Z'")
    soon(lambda: moment(other) == 60)


@pytest.mark.parametrize(
    "link", ["#t=nonsense&speed=x&span=-1", "#tower=nobody&phone=<b>", "#%%%", "#t=1999-01-01T00:00:00Z"]
)
def test_a_link_that_means_nothing_shows_the_beginning(open_page: Open, link: str) -> None:
    page = open_page(link)
    assert moment(page) == 0
    assert page.locator("#about h3").count() == 0


def test_a_click_beside_everything_asks_for_the_best_server(open_page: Open, address: str) -> None:
    page = open_page(at(100))
    phones = page.evaluate("page.world.users.map((_, user) => page.moving.phone(user))")
    sites = page.evaluate("page.ground.towers.map(({ x, y }) => [page.view.left(x), page.view.top(y)])")
    free = (
        (x, y) for x in range(250, 600, 7) for y in range(350, 650, 11)
        if all(abs(a - x) + abs(b - y) > 40 for a, b in (*phones, *sites))
    )  # fmt: skip
    left, top = next(free)
    page.locator("#moving").click(position={"x": left, "y": top})
    soon(lambda: "km east" in page.locator("#about").inner_text())
    x, y = page.evaluate("([left, top]) => page.view.point(left, top)", [left, top])
    heard = page.request.get(f"{address}best?x={x}&y={y}").json()
    said = page.locator("#about").inner_text()
    assert (f"best server cell_00{heard[0]['cell']}" if heard else "no cell is heard here") in said


def test_what_is_drawn_at_a_moment_is_where_phones_are(open_page: Open) -> None:
    """Seeking back gives the same positions as seeking forward."""
    page = open_page(at(0))
    found = []
    for second in (1000, 50_000, 3599, 1000):
        seek(page, second)
        found.append(page.evaluate("[...page.moving.x, ...page.moving.y]"))
    assert found[0] == found[3]
    assert found[0] != found[2]


@pytest.mark.parametrize("context", [{"viewport": PHONE, "has_touch": True}, {"color_scheme": "dark"}, {}])
def test_it_fits_the_screen_and_can_be_read(open_page: Open, context: dict[str, Any]) -> None:
    """Nothing is wider than a phone; axe finds no barrier, contrast of colours included."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = open_page(f"{at(1000)}&tower=tower_000", **context)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("#play").is_visible()
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
