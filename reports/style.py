"""One style for every picture: colours that colour-blind people can distinguish, one colour per type.

Pictures are made directly with `matplotlib.figure.Figure`, so they need no global state and no display.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.text import Text

from bench.host.aside import partial
from bench.truth import NORMAL
from reports.wording import ALL

INK = "#24292f"
FAINT = "#6b7280"
GRID = "#e5e7eb"
NORMAL_COLOUR = "#a3aab5"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#882255")
"""Okabe and Ito (2008), Color Universal Design, with wine red instead of yellow, which is hard to see on white."""
ONE_COLOUR = COLOURS[0]
"""Colour of every type where separate panels or rows distinguish types: 23 colours cannot be distinguished."""
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
FIRST = ("short_call", "long_call", "off_hour_call", "burst_call")
DPI = 160


@dataclass(frozen=True)
class TypeStyle:
    """Drawing style of one anomaly type."""

    colour: str
    dash: Any


def looks(types: Iterable[str]) -> dict[str, TypeStyle]:
    """Return a style for each type, the same in every figure.

    The first four types have fixed styles; other names get a style by their checksum. If two names of one picture would
    get the same style, the alphabetically later one gets the next free style.
    """
    every = [TypeStyle(colour, dash) for dash in DASHES for colour in COLOURS]
    taken = dict(zip(FIRST, every, strict=False))
    for name in sorted(set(types) - set(FIRST) - {ALL, NORMAL}):
        start = crc32(name.encode())
        order = [every[(start + step) % len(every)] for step in range(len(every))]
        taken[name] = next((look for look in order if look not in taken.values()), order[0])
    taken[ALL] = TypeStyle(INK, "-")
    taken[NORMAL] = TypeStyle(NORMAL_COLOUR, "-")
    return {name: taken[name] for name in (*types, ALL, NORMAL)}


def new_figure(width: float, height: float, title: str, note: str) -> Figure:
    """Return an empty figure, in inches, with a title and a subtitle that describes it."""
    layout = ConstrainedLayoutEngine(rect=(0.005, 0.01, 0.99, 0.985 - 0.62 / height))
    figure = Figure(figsize=(width, height), dpi=DPI, layout=layout, facecolor="white")
    head = figure.text(0.012, 1 - 0.1 / height, title, fontsize=12.5, weight="bold", color=INK, va="top")
    below = figure.text(0.012, 1 - 0.37 / height, note, fontsize=8.8, color=FAINT, va="top")
    for text in (head, below):
        _narrowed(text, 0.976 * width * DPI)
    return figure


def small_figure(width: float) -> Figure:
    """Return an empty figure without a title, for a panel or two beside a text; its width is in inches."""
    return Figure(figsize=(width, 3.0), dpi=DPI, layout="constrained", facecolor="white")


def _narrowed(text: Text, pixels: float) -> None:
    """Shrink a text that is wider than the picture, such as a long path."""
    # the width of hinted letters is not exactly proportional to their size
    while (width := text.get_window_extent().width) > pixels:
        text.set_fontsize(0.99 * float(text.get_fontsize()) * pixels / width)


def tidy(axes: Axes, title: str = "", x: str = "", y: str = "", grid: str = "both") -> None:
    """Give a panel its title, labels (with units) and a plain frame; `grid` is x, y, both or none."""
    if title:
        axes.set_title(title, loc="left", fontsize=10, color=INK, weight="bold")
    axes.set_xlabel(x, fontsize=9, color=INK)
    axes.set_ylabel(y, fontsize=9, color=INK)
    axes.tick_params(labelsize=8.5, colors=INK, length=3, color=FAINT)
    for side, spine in axes.spines.items():
        spine.set_visible(side in {"left", "bottom"})
        spine.set_color(FAINT)
    axes.set_axisbelow(True)
    if grid in {"x", "y", "both"}:
        axes.grid(axis=grid, color=GRID, linewidth=0.8)  # type: ignore[arg-type]


def explain_marks(axes: Axes) -> None:
    """Explain the labelled marks of a panel, in a line above it."""
    if axes.get_legend_handles_labels()[0]:
        legend = axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, fontsize=8, labelcolor=INK)
        legend.set_frame_on(False)


def save(figure: Figure, path: Path) -> Path:
    """Write a picture as PNG, or SVG by its name, aside and then renamed, without a date or a program's name in it."""
    with partial(path) as aside:
        if path.suffix == ".svg":
            canvas = FigureCanvasSVG(figure)
            canvas.print_svg(str(aside), metadata={"Date": None, "Creator": None})  # type: ignore[no-untyped-call]
        else:  # the figure's own `savefig` would draw everything twice
            FigureCanvasAgg(figure).print_png(str(aside), metadata={"Software": None})  # type: ignore[no-untyped-call]
    return path
