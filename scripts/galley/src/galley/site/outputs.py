"""The outputs of a cell under one profile as HTML, and below them what they ran on that the page's strip does not say.

In the builder.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import count

from galley.kinds.kind import At, Formats
from galley.record.model import CellRecord, Record
from galley.site.checked import differing
from galley.site.figures import figure, is_picture
from galley.site.page import Page, View

LEFT_OUT = "Left out here: the sentence is about other values of the page's parameters."


def outputs_html(page: Page, view: View, ids: str, formats: Formats, elsewhere: Collection[str] = ()) -> str:
    """The outputs of a view, each as its kind shows it, without the kinds that are shown `elsewhere`.

    Every id in the HTML begins with `ids`.
    """
    record, recorded = view.record, view.recorded
    if record and recorded is None and view.cell.options["about"]:
        return f'<p class="galley-ran" data-search-exclude>{LEFT_OUT}</p>'
    if record is None or recorded is None or not recorded.outputs:
        return ""
    parts, pictures = [], count()
    for number, shown in enumerate(record.shown(recorded)):
        if shown.kind not in elsewhere:
            html = page.kinds[shown.kind].html(shown, At(view.cell, f"{ids}-{number}", formats))
            parts.append(figure(page, view, next(pictures), html) if is_picture(page, shown) else html)
    return f'<div class="galley-output">{"".join(parts)}{_ran_on(page, view, record, recorded)}</div>'


def marked_code(page: Page, view: View, code: str, ids: str) -> str:
    """The cell's highlighted code with what each of its outputs adds to it."""
    for shown in view.shown:
        code = page.kinds[shown.kind].code_html(code, shown, At(view.cell, ids))
    return code


def marks_code(page: Page, view: View) -> bool:
    """Whether an output of the view adds something to the code."""
    return any(page.kinds[shown.kind].marks_code for shown in view.shown)


def _ran_on(page: Page, view: View, record: Record, recorded: CellRecord) -> str:
    line = differing(page, view, record, recorded)
    return f'<p class="galley-ran" data-search-exclude>{line}</p>' if line else ""
