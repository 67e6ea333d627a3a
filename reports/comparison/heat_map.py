"""The heat map of average precision, detector by anomaly type, as an SVG that follows a light or a dark page."""

from collections.abc import Iterator
from html import escape
from itertools import groupby

from reports.comparison.best import BEST
from reports.comparison.grids import FEW_COLUMNS, NumberCell, NumberTable
from reports.comparison.page_content import Section
from reports.comparison.palette import rules

CELL_H, GAP, REFERENCE_H = 34, 2, 20
WIDE, NARROW = 92, 43
"""Width of a cell with few columns, and with many; the names of many are slanted."""
LABEL_W = 176
WRAP = 13
"""Length from which names are set on two lines."""
TOP, SLANTED_TOP = 80, 166
"""Vertical position at which the cells of a panel begin, with upright and slanted names."""
SLANTED_LETTER = 5.2
"""Width of a letter of a slanted name, along the horizontal."""
HOME = "home level"
STYLE = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#24292f}"
    ".back{fill:#fff}.title{font-weight:600;font-size:14px}.small{font-size:11.5px;fill:#57606a}.none{fill:#eaeef2}"
    ".first{stroke:#24292f;stroke-width:2}.sign{font-size:10px}"
    "@media(prefers-color-scheme:dark){.back{fill:#0d1117}text{fill:#e6edf3}.small{fill:#9da7b3}.none{fill:#21262d}"
    ".first{stroke:#e6edf3}}"
)
SHADE = "rect.s{step}{{fill:{back}}}text.s{step}{{fill:{text}}}"
SIGNS = "★ best of its type, ≈ not significantly different from it"


def heat_map(sections: list[Section]) -> str:
    """Return one SVG with a heat map for each comparison, below one another."""
    shown = [(section.title, section.grids[0]) for section in sections if len(section.grids) > 1]
    width = max((_width(grid) for _, grid in shown), default=LABEL_W + WIDE * 4 + 10)
    body, top = [], 0
    for title, grid in shown:
        body.append(f'<g transform="translate(0 {top})">{"".join(_panel(title, grid))}</g>')
        top += _first_row(grid) + 24 + CELL_H * len(grid.rows) + REFERENCE_H * max(len(grid.reference), 1)
    if not shown:
        body, top = ['<text x="8" y="30">No run has succeeded.</text>'], 48
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {top}" width="{width}" height="{top}" '
        'role="img">'
        f"<title>Average precision of each detector for each anomaly type</title><style>{STYLE}{rules(SHADE)}</style>"
        f'<rect class="back" width="{width}" height="{top}"/>{"".join(body)}</svg>\n'
    )


def _cell_width(grid: NumberTable) -> int:
    return WIDE if len(grid.columns) <= FEW_COLUMNS else NARROW


def _first_row(grid: NumberTable) -> int:
    return TOP if len(grid.columns) <= FEW_COLUMNS else SLANTED_TOP


def _width(grid: NumberTable) -> int:
    wide = _cell_width(grid)
    ends = [(place + 0.5) * wide + len(name) * SLANTED_LETTER for place, name in enumerate(grid.columns)]
    cells = wide * len(grid.columns)
    return LABEL_W + (cells if wide == WIDE else round(max(*ends, cells))) + 10


def _panel(title: str, grid: NumberTable) -> Iterator[str]:
    signed = any(cell.sign for _, cells in grid.rows for cell in cells)
    yield '<text class="title" x="8" y="22">Average precision</text>'
    yield f'<text class="small" x="8" y="41">{escape(title)}{f"; {SIGNS}" if signed else ""}</text>'
    yield from _headings(grid)
    wide, first = _cell_width(grid), _first_row(grid)
    for row, (label, cells) in enumerate(grid.rows):
        top = first + row * CELL_H
        short = label if len(label) <= 26 else f"{label[:25]}…"
        yield f'<text x="8" y="{top + 21}"><title>{escape(label)}</title>{escape(short)}</text>'
        for column, cell in enumerate(cells):
            yield from _square(LABEL_W + column * wide, top, wide, cell)
    for place, (label, cells) in enumerate(grid.reference):
        top = first + len(grid.rows) * CELL_H + 20 + place * REFERENCE_H
        yield from _reference(label, [cell.text for cell in cells], top, wide)


def _reference(label: str, texts: list[str], top: int, wide: int) -> Iterator[str]:
    """Yield a line below the cells: neighbours of the same home level share one text, narrow percentages one unit."""
    spans = [1] * len(texts)
    if label == HOME:
        parts = [(text, len(list(same))) for text, same in groupby(texts)]
        texts, spans = [text for text, _ in parts], [span for _, span in parts]
    elif wide == NARROW and any(text.endswith(" %") for text in texts):
        label, texts = f"{label} [%]", [_short(text.removesuffix(" %")) for text in texts]
    yield f'<text class="small" x="8" y="{top}">{escape(label)}</text>'
    left = 0
    for text, span in zip(texts, spans, strict=True):
        yield _text(LABEL_W + (left + span / 2) * wide - GAP / 2, top, text, "small")
        left += span


def _short(text: str) -> str:
    """Return a number with at most two significant digits below 1, three above."""
    return text if len(text) < 5 else f"{float(text):.2g}"


def _headings(grid: NumberTable) -> Iterator[str]:
    wide, bottom = _cell_width(grid), _first_row(grid) - 10
    for column, name in enumerate(grid.columns):
        middle = LABEL_W + (column + 0.5) * wide - GAP / 2
        if wide == NARROW:
            yield f'<text x="{middle:g}" y="{bottom}" transform="rotate(-45 {middle:g} {bottom})">{escape(name)}</text>'
            continue
        lines = _two_lines(name)
        for line, text in enumerate(lines):
            yield _text(middle, bottom + 14 * (line + 1 - len(lines)), text, "")


def _square(left: int, top: int, wide: int, cell: NumberCell) -> Iterator[str]:
    kind = "none" if cell.shade is None else f"s{round(10 * cell.shade)}"
    best, text = cell.sign == BEST, cell.text
    if wide == NARROW:
        text = text.removeprefix("0") if text.startswith("0.") else text.replace("1.000", "1")
    yield (
        f'<rect x="{left + best}" y="{top + best}" width="{wide - GAP - 2 * best}" height="{CELL_H - GAP - 2 * best}" '
        f'rx="3" class="{kind}{" first" * best}"/>'
    )
    sign = f'<tspan class="sign">{cell.sign}</tspan>' if cell.sign else ""
    kind = "small" if cell.shade is None else kind
    yield _text(left + (wide - GAP) / 2, top + 21, text, kind, sign)


def _text(middle: float, y: int, text: str, kind: str, sign: str = "") -> str:
    return f'<text class="{kind}" x="{middle:g}" y="{y}" text-anchor="middle">{escape(text)}{sign}</text>'


def _two_lines(name: str) -> list[str]:
    cuts = [position + 1 for position, sign in enumerate(name) if sign == "_"]
    if len(name) <= WRAP or not cuts:
        return [name]
    cut = min(cuts, key=lambda position: abs(position - len(name) / 2))
    return [name[:cut], name[cut:]]
