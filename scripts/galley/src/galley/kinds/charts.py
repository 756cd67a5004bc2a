"""Values that draw themselves with a script: charts of plotly and of Altair.

In a page's child. A page runs no script of a value's. So a chart is drawn as a still image, by the program that its
library has for this, where that is installed. Where there is none, a note on the page says so.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import Any


def _plotly(figure: Any) -> str:
    """The drawing of a figure; empty where kaleido is missing, or where its browser does not start.

    plotly draws six digits at each run, with which all ids in the drawing end.
    """
    with suppress(Exception):
        drawing = bytes(figure.to_image(format="svg")).decode()
        drawn = drawing.partition('id="defs-')[2][:6]
        return drawing.replace(drawn, "galley") if drawn else drawing
    return ""


def _altair(chart: Any) -> str:
    """The drawing of a chart; empty where vl-convert is missing."""
    if find_spec("vl_convert") is None:
        return ""
    file = io.StringIO()
    chart.save(file, format="svg")
    return file.getvalue()


# By the name of the note: the module that has the class, the class, and what draws one of its values as SVG.
CHARTS: Mapping[str, tuple[str, str, Callable[[Any], str]]] = {
    "plotly": ("plotly.basedatatypes", "BaseFigure", _plotly),
    "altair": ("altair", "TopLevelMixin", _altair),
}


def chart_of(value: object) -> str:
    """Which of CHARTS a value is; empty for any other value. A library that the page has not imported made none."""
    for name, (module, owner, _) in CHARTS.items():
        kind = getattr(sys.modules.get(module), owner, None)
        if isinstance(kind, type) and isinstance(value, kind):
            return name
    return ""


def drawing_of(value: object) -> bytes:
    """The chart as SVG; empty where nothing here draws it."""
    return CHARTS[chart_of(value)][2](value).encode()
