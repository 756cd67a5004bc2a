"""Figures: a style that can be read on a light and on a dark page, and the open figures as SVG."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from typing import Any

from galley.run.show import Shown

INK = "#1b1f25"  # of text and axes; a page draws in its own colour what has exactly this one
PALETTE = ("#3f7fd0", "#cf5a1d", "#2b8a5a", "#9a62d8", "#c9466f", "#1d8a9c", "#93742a", "#74808c")
INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
STYLE: dict[str, Any] = {
    "figure.figsize": (6.4, 3.6),
    "figure.facecolor": "none",
    "figure.constrained_layout.use": True,
    "savefig.facecolor": "none",
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": "medium",
    "axes.axisbelow": True,
    "grid.color": "#808080",
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "lines.linewidth": 2.0,
    "font.size": 12.0,
    "svg.fonttype": "none",  # text stays text: it can be read aloud, found and compared
}
COLOURED = {*INKED, "figure.facecolor", "savefig.facecolor", "axes.facecolor", "axes.prop_cycle", "grid.color"}


def use_style() -> bool:
    """Make the style the default, once matplotlib is imported; whether it is. What a page has set itself stays."""
    matplotlib = sys.modules.get("matplotlib.pyplot") and sys.modules["matplotlib"]
    if matplotlib is None:
        return False
    cycle = matplotlib.rcsetup.cycler(color=PALETTE)
    style = {**STYLE, **dict.fromkeys(INKED, INK), "axes.prop_cycle": cycle}
    now, before = matplotlib.rcParams, matplotlib.rcParamsOrig
    own = {key for key in style if now[key] != before[key]}
    if own & COLOURED:  # half of two palettes cannot be read
        own |= COLOURED
    now.update({key: value for key, value in style.items() if key not in own})
    return True


def drawn() -> Iterator[Shown]:
    """The open matplotlib figures as SVG that is the same at every run; each is closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums():
        file, figure = io.StringIO(), pyplot.figure(number)
        with sys.modules["matplotlib"].rc_context({"svg.hashsalt": "galley"}):
            figure.savefig(file, format="svg", metadata={"Date": None, **_title(figure)})
        yield Shown("image", "svg", file.getvalue().encode())
    pyplot.close("all")


def _title(figure: Any) -> dict[str, str]:
    """What the figure calls itself, if anything: its own title, or those of its axes."""
    titles = [figure.get_suptitle()] if figure.get_suptitle() else [axes.get_title() for axes in figure.axes]
    title = "; ".join(each for each in titles if each)
    return {"Title": title} if title else {}
