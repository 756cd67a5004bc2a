"""Draws how the commands grow, as one SVG that reads on a light and on a dark page, and on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import matplotlib as mpl
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator

from bench.figure import AIM, BAR, STYLE, TEXT
from bench.figure import FIGURE as BARS
from bench.growth import CELLS, COMMANDS, cpu_s

FIGURE = BARS.with_name("growth.svg")
WIDTH, HEIGHT, SIZE = 4.3, 3.6, 10.5  # inches and points: 413 pixels, so that a phone shows letters of 10 and more
GREEN = "#3c9a62"
LINES = {  # colour, marker and dashes: a line is told from another without its colour too
    "build": ("galley build", BAR, "o", "-"),
    "static": ("mkdocs, static", TEXT, "s", "--"),
    "run": ("galley run", AIM, "^", "-"),
    "check": ("galley check", GREEN, "D", "-"),
}
APART = 0.075  # of the height of the axes, between two names at the lines' ends


def draw(results: Mapping[str, Any]) -> bytes:
    """The SVG; the same results give the same bytes."""
    with mpl.rc_context({**STYLE, "font.size": SIZE}):
        figure, axes = plt.subplots(figsize=(WIDTH, HEIGHT), layout="constrained")
        ends = {}
        for name, (label, colour, marker, dashes) in LINES.items():
            pages, seconds = _line(results["rows"], name)
            axes.plot(pages, seconds, color=colour, marker=marker, markersize=4.5, linewidth=1.6, linestyle=dashes)
            if pages:
                ends[label] = (pages[-1], seconds[-1], colour)
        _scales(axes)
        _names(axes, ends)
        data = BytesIO()
        figure.savefig(data, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return data.getvalue()


def _line(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """The sizes and the processor seconds of one command."""
    assert name in COMMANDS
    found = [row for row in rows if row["name"].startswith(f"{name}-") and row["cells"] == CELLS]
    return [row["pages"] for row in found], [cpu_s(row) for row in found]


def _scales(axes: Axes) -> None:
    """Both axes by powers of ten, with a dotted line along which ten times the pages take ten times as long."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for start in (10.0**power for power in range(-6, 4)):
        axes.plot([1, 1e4], [start, start * 1e4], color=TEXT, linewidth=0.6, linestyle=":", alpha=0.7, zorder=0)
    axes.set_xlim(left, right)
    axes.set_ylim(low, high)
    for axis, ticks in ((axes.xaxis, (1, 10, 100, 1000)), (axes.yaxis, (0.1, 1, 10, 100, 1000))):
        least, greatest = axis.get_view_interval()
        axis.set_ticks([tick for tick in ticks if least <= tick <= greatest])
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axis.set_minor_locator(NullLocator())
    axes.set_xlabel("pages of 5 cells")
    axes.set_title("seconds of processor time", loc="left", fontsize=SIZE)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _names(axes: Axes, ends: Mapping[str, tuple[float, float, str]]) -> None:
    """The commands' names at the ends of their lines, from the lowest on, moved up where two would touch."""
    at = -1.0
    for label, (_, seconds, colour) in sorted(ends.items(), key=lambda each: each[1][1]):
        at = max(axes.transAxes.inverted().transform(axes.transData.transform((1, seconds)))[1], at + APART)
        axes.annotate(
            label, (1, at), (4, 0), xycoords="axes fraction", textcoords="offset points", va="center", color=colour,
            annotation_clip=False,
        )  # fmt: skip
