"""Mean ranks on one axis, with bars over the detectors that do not differ significantly (Demšar 2006), as an SVG."""

from collections.abc import Iterator
from html import escape

from bench.evaluation.compare import Standing
from reports.comparison.heat_map import STYLE
from reports.wording import number

WIDTH, AXIS_W = 760, 300
LEFT = (WIDTH - AXIS_W) / 2
AXIS_Y, ROW_H, BAR_H = 64, 24, 9
LINES = ".line{stroke:#57606a;fill:none}.bar{stroke:#2f74b0;stroke-width:5;stroke-linecap:round}"


def rank_diagram(standings: list[tuple[str, Standing]]) -> str:
    """Return one SVG with a diagram for each ranking and its conditions, one below another."""
    body, top = [], 0.0
    for conditions, found in standings:
        body.append(f'<g transform="translate(0 {top:g})">{"".join(_panel(conditions, found))}</g>')
        top += _height(found)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top:g}" width="{WIDTH}" height="{top:g}" '
        f'role="img"><title>Mean ranks of the detectors</title><style>{STYLE}{LINES}</style>'
        f'<rect class="back" width="{WIDTH}" height="{top:g}"/>{"".join(body)}</svg>\n'
    )


def _height(found: Standing) -> float:
    return AXIS_Y + BAR_H * len(found.groups) + ROW_H * (len(found.names) // 2 + 2)


def _panel(conditions: str, found: Standing) -> Iterator[str]:
    yield '<text class="title" x="8" y="22">Mean rank by average precision, 1 is the best</text>'
    yield f'<text class="small" x="8" y="40">{escape(conditions)}</text>'
    detectors = len(found.names)
    yield f'<path class="line" d="M{LEFT:g} {AXIS_Y}H{LEFT + AXIS_W:g}"/>'
    for rank in range(1, detectors + 1):
        x = _x(rank, detectors)
        yield f'<path class="line" d="M{x:g} {AXIS_Y - 4}V{AXIS_Y}"/>'
        yield f'<text class="small" x="{x:g}" y="{AXIS_Y - 8}" text-anchor="middle">{rank}</text>'
    for index, (first, last) in enumerate(found.groups):
        low, high = (_x(float(found.mean_ranks[place]), detectors) for place in (first, last))
        y = AXIS_Y + BAR_H * (index + 1)
        yield f'<path class="bar" d="M{low - 3:g} {y}H{high + 3:g}"/>'
    for place in range(detectors):
        yield from _name(found, place)


def _name(found: Standing, place: int) -> Iterator[str]:
    """Yield a line from a detector's rank to its name: the better half to the left, the others to the right."""
    detectors = len(found.names)
    left = place < (detectors + 1) // 2
    row = place if left else detectors - 1 - place
    x = _x(float(found.mean_ranks[place]), detectors)
    y = AXIS_Y + BAR_H * (len(found.groups) + 1) + ROW_H * (row + 0.5)
    end, anchor = (LEFT - 12, "end") if left else (LEFT + AXIS_W + 12, "start")
    text = f"{found.names[place]} ({number(float(found.mean_ranks[place]), 2)})"
    yield f'<path class="line" d="M{x:g} {AXIS_Y}V{y:g}H{end:g}"/>'
    yield f'<text x="{end + (-4 if left else 4):g}" y="{y + 4:g}" text-anchor="{anchor}">{escape(text)}</text>'


def _x(rank: float, detectors: int) -> float:
    return LEFT + AXIS_W * (rank - 1) / (detectors - 1)
