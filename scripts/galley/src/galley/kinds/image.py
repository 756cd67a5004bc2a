"""Images: how a page's figures are drawn and captured.

In every process; in a page's child, matplotlib gets a style that can be read on a light and on a dark page, and the
figures that a cell leaves open are taken as SVG. How an image stands on a page is in `galley.kinds.svg`.
"""

from __future__ import annotations

import sys
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from galley.kinds.arrivals import Arrivals
from galley.kinds.bundle import picture_of
from galley.kinds.charts import chart_of, drawing_of
from galley.kinds.figures import PYPLOT, close, is_closed, open_figures, svg_of
from galley.kinds.frames import frames_html
from galley.kinds.kind import Asked, At, Kind
from galley.kinds.moving import MODULE, figure_of, moves, note_animations, strip_of
from galley.kinds.pictured import of_images
from galley.kinds.svg import INK, JPEG_MIME, PNG_MIME, SVG_MIME, image_html, is_harmless, title_of
from galley.kinds.text import notebook_lines
from galley.record.compare import Compared
from galley.record.difference import Difference
from galley.record.model import Form, Shown

SUFFIXES = {SVG_MIME: "svg", PNG_MIME: "png", JPEG_MIME: "jpg"}
PALETTE = ("#3f7fd0", "#cf5a1d", "#2b8a5a", "#9a62d8", "#c9466f", "#1d8a9c", "#93742a", "#74808c")
INKED = ("text.color", "axes.edgecolor", "axes.labelcolor", "axes.titlecolor", "xtick.color", "ytick.color")
STYLE: dict[str, Any] = {
    "figure.figsize": (5.0, 3.2),  # on a phone its text has 10 pixels or more
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


class Image(Kind):
    """A drawing as SVG, or a picture as PNG or JPEG."""

    name, picture = "image", True
    css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    def __init__(self) -> None:
        self._begun = False

    def begin(self) -> None:
        """Have matplotlib use galley's style, once the page has imported pyplot."""
        if not self._begun:
            self._begun = True
            Arrivals({PYPLOT: lambda _: use_style(), MODULE: note_animations})

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The image of a value whose class can draw it, of a chart, an animation, and of a figure that is closed."""
        if (figure := figure_of(value)) is not None:
            form = _form(figure)
            close(figure)
            return (form,)
        if is_closed(value):
            return (_form(value),)
        if chart_of(value):
            return (Form(SVG_MIME, "svg", drawing),) if (drawing := drawing_of(value)) else None
        mime, image = picture_of(value) or ("", b"")
        return (Form(mime, SUFFIXES[mime], image),) if mime else None

    def left_open(self, asked: Asked) -> Iterable[tuple[Form, ...]]:
        """The matplotlib figures that are open; each of them is closed."""
        found = [(_form(figure),) for figure in open_figures()]
        if found:
            sys.modules[PYPLOT].close("all")
        return found

    def html(self, shown: Shown, at: At) -> str:
        """The image, with its label; of an animation the frames, to step through."""
        form, label = shown.forms[0], self.alt(shown, at)
        return frames_html(form, label, at.ids) or image_html(form, label, at.ids)

    def alt(self, shown: Shown, at: At) -> str:
        """The cell's option `alt`, or else a drawing's own title, or else the cell's caption."""
        own = "" if at.cell.options["alt"] else title_of(shown.forms[0])
        return own or super().alt(shown, at)

    def fault(self, shown: Shown, at: At) -> str:
        """None: what is no drawing is shown as an image, which may be broken."""
        return ""

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """The image as notebooks keep it: a drawing as text, pixels as base64, and other SVG inside HTML."""
        form = shown.forms[0]
        if form.mime == SVG_MIME and not is_harmless(form.data):
            page = {"text/html": image_html(form, "", "", inline=False)}
            return {"output_type": "display_data", "data": page, "metadata": {}}
        data = notebook_lines(form.text) if form.mime == SVG_MIME else b64encode(form.data).decode()
        return {"output_type": "display_data", "data": {form.mime: data}, "metadata": {}}

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """By what a drawing says and where, and by the pixels of a picture."""
        return of_images(was.form, now.form, tolerance)


def use_style() -> None:
    """Make galley's style matplotlib's default, where matplotlib is imported by now.

    A setting that the page has changed itself stays as the page wants it.
    """
    matplotlib = sys.modules.get("matplotlib.pyplot") and sys.modules["matplotlib"]
    if matplotlib is None:
        return
    cycle = matplotlib.rcsetup.cycler(color=PALETTE)
    style = {**STYLE, **dict.fromkeys(INKED, INK), "axes.prop_cycle": cycle}
    now, before = matplotlib.rcParams, matplotlib.rcParamsOrig
    own = {key for key in style if now[key] != before[key]}
    if own & COLOURED:  # one colour of the page's own: then galley sets no colour, since a mixture may be unreadable
        own |= COLOURED
    now.update({key: value for key, value in style.items() if key not in own})


def _form(figure: Any) -> Form:
    """A figure as it is, or the frames of one that moves."""
    return Form(SVG_MIME, "svg", strip_of(figure) if moves(figure) else svg_of(figure))
