"""Figures of matplotlib as SVG that is the same at every run.

In a page's child.
"""

from __future__ import annotations

import io
import sys
from typing import Any

PYPLOT = "matplotlib.pyplot"


def open_figures() -> list[Any]:
    """The figures that pyplot holds open, the oldest first."""
    pyplot = sys.modules.get(PYPLOT)
    return [pyplot.figure(number) for number in pyplot.get_fignums()] if pyplot else []


def is_figure(value: object) -> bool:
    """Whether a value is a figure of matplotlib."""
    figures = sys.modules.get("matplotlib.figure")
    return figures is not None and isinstance(value, figures.Figure)


def is_closed(value: Any) -> bool:
    """Whether a value is a figure that pyplot does not hold open: nothing else draws it."""
    if not is_figure(value):
        return False
    pyplot = sys.modules.get(PYPLOT)
    return pyplot is None or getattr(value, "number", None) not in pyplot.get_fignums()


def close(value: object) -> None:
    """Close a value that is an open figure: what shows it now shows it, and nothing does so again."""
    if is_figure(value) and (pyplot := sys.modules.get(PYPLOT)):
        pyplot.close(value)


def svg_of(figure: Any, title: str = "") -> bytes:
    """The figure as SVG, with a title that says what it shows."""
    file = io.StringIO()
    said = title or title_of(figure)
    with sys.modules["matplotlib"].rc_context({"svg.hashsalt": "galley"}):
        figure.savefig(file, format="svg", metadata={"Date": None, **({"Title": said} if said else {})})
    return file.getvalue().encode()


def title_of(figure: Any) -> str:
    """What the figure shows, for the SVG's title; empty where the code does not say it.

    The code says it with the figure's own label (`plt.figure("…")`, `figure.set_label("…")`), which is not drawn, or
    else with its title, or else with the titles of its axes.
    """
    own = figure.get_label() or figure.get_suptitle()
    titles = [str(own)] if own else [axes.get_title() for axes in figure.axes]
    return "; ".join(each for each in titles if each)
