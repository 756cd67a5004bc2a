"""Draws the results as one SVG that reads on a light and on a dark page."""

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
WIDTH, ROW, ROOM = 7.9, 0.33, 1.0  # inches; an SVG of matplotlib has 72 points to the inch, so this is 758 pixels
TEXT, BAR, AIM = "#7f7f7f", "#3f8fd2", "#d9772b"
STYLE: Any = {  # matplotlib spells the type of its settings out, one by one
    "svg.fonttype": "path",
    "svg.hashsalt": "galley",
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": TEXT,
    "axes.edgecolor": TEXT,
    "axes.labelcolor": TEXT,
    "xtick.color": TEXT,
    "ytick.color": TEXT,
}
RATIOS = {
    "noop-mkdocs-50": "nothing changed, 50 pages, MkDocs",
    "noop-mkdocs-500": "nothing changed, 500 pages, MkDocs",
    "noop-galley-50": "nothing changed, 50 pages, galley build",
    "noop-zensical-50": "nothing changed, 50 pages, Zensical",
    "noop-zensical-500": "nothing changed, 500 pages, Zensical",
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
        above.set_xlabel("times the same work without galley: a static build, the bare cells, or both")
        _bars(below, [_share(rows[name], SHARES[name]) for name in lower])
        below.set_xlabel("share of the aim")
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
    for place, (_, least, median, greatest, aim, said) in enumerate(bars):
        axes.barh(place, median, height=0.55, color=BAR)
        axes.plot([least, greatest], [place, place], color=TEXT, linewidth=1.2)
        axes.plot([aim, aim], [place - 0.4, place + 0.4], color=AIM, linewidth=2.4)
        axes.annotate(
            said, (max(greatest, aim), place), (6, 0), textcoords="offset points", va="center", annotation_clip=False
        )
    axes.set_yticks(range(len(bars)), [bar[0] for bar in bars])
    axes.set_ylim(len(bars) - 0.4, -0.6)
    axes.set_xlim(0, max((max(bar[3], bar[4]) for bar in bars), default=1) * 1.4)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
