"""Draws the results as one SVG that reads on a light and on a dark page, and on a phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.axes import Axes

FIGURE = Path(__file__).parents[2] / "docs" / "assets" / "bench.svg"
WIDTH, ROW, ROOM = 4.3, 0.56, 0.6  # inches: 413 pixels; a row is a line of words and the bar below it
SIZE = 10.5  # points, so that a phone shows letters of 10 pixels and more
TEXT, BAR, AIM = "#7f7f7f", "#3f8fd2", "#d9772b"
STYLE: Any = {  # matplotlib spells the type of its settings out, one by one
    "svg.fonttype": "path",
    "svg.hashsalt": "galley",
    "font.family": "DejaVu Sans",
    "font.size": SIZE,
    "text.color": TEXT,
    "axes.edgecolor": TEXT,
    "axes.labelcolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}
TITLE: Any = {"loc": "left", "fontsize": SIZE}
RATIOS = {
    "noop-mkdocs-50": "nothing changed, 50 pages, MkDocs",
    "noop-mkdocs-500": "nothing changed, 500 pages, MkDocs",
    "noop-galley-50": "nothing changed, 50 pages, galley build",
    "noop-zensical-50": "nothing changed, 50 pages, Zensical",
    "noop-zensical-500": "nothing changed, 500 pages, Zensical",
    "noop-named-500": "nothing changed, 500 pages, galley build, Zensical",
    "size-mkdocs-500": "500 pages with the same cells, galley build",
    "size-zensical-1000": "the same, 1,000 pages, Zensical",
    "cold-small": "all pages run, 5 M model",
    "cold-large": "all pages run, 349 M model",
    "edit-cold": "one cell edited, cold runner",
    "memory-10": "peak memory per page at once, 10 pages",
    "memory-50": "peak memory per page at once, 50 pages",
}
SHARES = {
    "edit-saved": "one cell edited, galley serve",
    "edit-joined": "one cell edited, warm runner",
    "overhead-light": "a page beside its own cells",
    "overhead-model": "the same, with transformers imported",
    "prose-10": "prose saved to page served, 10 pages",
    "prose-500": "the same, 500 pages",
    "prose-1000": "the same, 1,000 pages",
    "code-500": "code saved to output served, 500 pages",
    "check-1000": "galley check, 1,000 pages × 5 cells",
}


def draw(results: Mapping[str, Any]) -> bytes:
    """The SVG; the same results give the same bytes."""
    rows = {row["name"]: row for row in results["rows"]}
    upper, lower = [name for name in RATIOS if name in rows], [name for name in SHARES if name in rows]
    with mpl.rc_context(STYLE):
        size = (WIDTH, ROW * (len(upper) + len(lower)) + 2 * ROOM)
        heights = {"height_ratios": [max(1, len(upper)), max(1, len(lower))]}
        figure, (above, below) = plt.subplots(2, 1, figsize=size, gridspec_kw=heights, layout="constrained")
        _bars(above, [_ratio(rows[name], RATIOS[name]) for name in upper])
        above.set_title("times the same work without galley:\na static build, the bare cells, or both", **TITLE)
        _bars(below, [_share(rows[name], SHARES[name]) for name in lower])
        below.set_title("share of the aim", **TITLE)
        data = BytesIO()
        figure.savefig(data, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return data.getvalue()


Bar = tuple[str, float, float, float, float, str]  # label, least, median, greatest, aim, what stands at its end


def _ratio(row: Mapping[str, Any], label: str) -> Bar:
    value, aim = row["value"], row["aim"]
    return label, value["min"], value["median"], value["max"], aim, f"{value['median']:.2f}  (aim {aim:.2f})"


def _share(row: Mapping[str, Any], label: str) -> Bar:
    value, aim, unit = row["value"], row["aim"], row["unit"]
    least, median, greatest = (value[each] / aim for each in ("min", "median", "max"))
    return label, least, median, greatest, 1.0, f"{value['median']:g} {unit}  (aim {aim:g} {unit})"


def _bars(axes: Axes, bars: Sequence[Bar]) -> None:
    for place, (label, least, median, greatest, aim, said) in enumerate(bars):
        axes.barh(place, median, height=0.3, color=BAR)
        axes.plot([least, greatest], [place, place], color=TEXT, linewidth=1.2)
        axes.plot([aim, aim], [place - 0.18, place + 0.24], color=AIM, linewidth=2.4)
        above: Any = {"textcoords": "offset points", "va": "bottom", "annotation_clip": False}
        axes.annotate(label, (0, place - 0.2), (1, 1), **above)
        axes.annotate(said, (max(greatest, aim), place), (6, 0), **{**above, "va": "center"})
    axes.set_yticks([])
    axes.set_ylim(len(bars) - 0.6, -0.8)
    axes.set_xlim(0, max((max(bar[3], bar[4]) for bar in bars), default=1) * 1.75)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
