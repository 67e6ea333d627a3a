"""The heat map of average precision, detector by anomaly type, as an SVG that follows a light or a dark page."""

from collections.abc import Iterator
from html import escape

from reports.comparison.grids import FEW_COLUMNS, NumberCell, NumberTable
from reports.comparison.page_content import Section

CELL_H, GAP, REFERENCE_H = 34, 2, 20
WIDE, NARROW = 92, 58
"""Width of a cell with few columns, and with many; the names of many are slanted."""
LABEL_W = 190
WRAP = 13
"""Length from which names are set on two lines."""
TOP, SLANTED_TOP = 80, 172
"""Vertical position at which the cells of a panel begin, with upright and slanted names."""
PALETTE = (
    "#f3f7fc",
    "#dfebf7",
    "#c9ddf0",
    "#a9cae6",
    "#82b3da",
    "#5c9bcd",
    "#2f74b0",
    "#22639f",
    "#185493",
    "#0d3f77",
    "#082c57",
)
"""Colours from 0 to 1 in steps of a tenth; texts are white from `DARK` on."""
DARK = 6
STYLE = (
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#24292f}"
    ".back{fill:#fff}.title{font-weight:600;font-size:14px}.small{font-size:11.5px;fill:#57606a}.none{fill:#eaeef2}"
    "@media(prefers-color-scheme:dark){.back{fill:#0d1117}text{fill:#e6edf3}.small{fill:#9da7b3}.none{fill:#30363d}}"
    "text.on-light{fill:#1b2733}text.on-dark{fill:#fff}"
)


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
        f"<title>Average precision of each detector for each anomaly type</title><style>{STYLE}</style>"
        f'<rect class="back" width="{width}" height="{top}"/>{"".join(body)}</svg>\n'
    )


def _cell_width(grid: NumberTable) -> int:
    return WIDE if len(grid.columns) <= FEW_COLUMNS else NARROW


def _first_row(grid: NumberTable) -> int:
    return TOP if len(grid.columns) <= FEW_COLUMNS else SLANTED_TOP


def _width(grid: NumberTable) -> int:
    slanted = 0 if len(grid.columns) <= FEW_COLUMNS else 60
    return LABEL_W + _cell_width(grid) * len(grid.columns) + 10 + slanted


def _panel(title: str, grid: NumberTable) -> Iterator[str]:
    yield '<text class="title" x="8" y="22">Average precision</text>'
    yield f'<text class="small" x="8" y="41">{escape(title)}</text>'
    yield from _headings(grid)
    wide, first = _cell_width(grid), _first_row(grid)
    for row, (label, cells) in enumerate(grid.rows):
        top = first + row * CELL_H
        short = label if len(label) <= 28 else f"{label[:27]}…"
        yield f'<text x="8" y="{top + 21}"><title>{escape(label)}</title>{escape(short)}</text>'
        for column, cell in enumerate(cells):
            yield from _square(LABEL_W + column * wide, top, wide, cell)
    for place, (label, cells) in enumerate(grid.reference):
        top = first + len(grid.rows) * CELL_H + 20 + place * REFERENCE_H
        yield f'<text class="small" x="8" y="{top}">{escape(label)}</text>'
        for column, cell in enumerate(cells):
            yield _text(LABEL_W + (column + 0.5) * wide - GAP / 2, top, cell.text, "small")


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
    step = None if cell.shade is None else round(10 * cell.shade)
    fill = 'class="none"' if step is None else f'fill="{PALETTE[step]}"'
    yield f'<rect x="{left}" y="{top}" width="{wide - GAP}" height="{CELL_H - GAP}" rx="3" {fill}/>'
    kind = "small" if step is None else "on-dark" if step >= DARK else "on-light"
    yield _text(left + (wide - GAP) / 2, top + 21, cell.text, kind)


def _text(middle: float, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{middle:g}" y="{y}" text-anchor="middle">{escape(text)}</text>'


def _two_lines(name: str) -> list[str]:
    cuts = [position + 1 for position, sign in enumerate(name) if sign == "_"]
    if len(name) <= WRAP or not cuts:
        return [name]
    cut = min(cuts, key=lambda position: abs(position - len(name) / 2))
    return [name[:cut], name[cut:]]
