"""The outputs of a cell under one profile as HTML, and the quiet line that says what they ran on.

In the builder.
"""

from __future__ import annotations

from collections.abc import Collection

from galley.config import Project
from galley.kinds.kind import At
from galley.kinds.markup import escape
from galley.record.facts import NOT_RERUN, ran_on
from galley.record.model import CellRecord, Record
from galley.record.signed import signed
from galley.site.page import Page, View


def outputs_html(page: Page, view: View, ids: str, elsewhere: Collection[str] = ()) -> str:
    """The outputs of a view, each as its kind shows it, without the kinds that are shown `elsewhere`.

    Every id in the HTML begins with `ids`.
    """
    record, recorded = view.record, view.recorded
    if record is None or recorded is None or not recorded.outputs:
        return ""
    parts = [
        page.kinds[shown.kind].html(shown, At(view.cell, f"{ids}-{number}"))
        for number, shown in enumerate(record.shown(recorded))
        if shown.kind not in elsewhere
    ]
    return f'<div class="galley-output">{"".join(parts)}{_ran_on(page.project, view, record, recorded)}</div>'


def marked_code(page: Page, view: View, code: str, ids: str) -> str:
    """The cell's highlighted code with what each of its outputs adds to it."""
    for shown in view.shown:
        code = page.kinds[shown.kind].code_html(code, shown, At(view.cell, ids))
    return code


def marks_code(page: Page, view: View) -> bool:
    """Whether an output of the view adds something to the code."""
    return any(page.kinds[shown.kind].marks_code for shown in view.shown)


def _ran_on(project: Project, view: View, record: Record, recorded: CellRecord) -> str:
    """What an output ran on: one quiet line with the facts of these names, and the other facts folded under it."""
    named = ran_on(record, recorded)
    names = (*project.line, "network")  # a page that could reach the network says so
    signature = signed(project, record.page, record.profile)
    first = [] if view.profile.required or (signature and signature.rerun) else [NOT_RERUN]
    first += [named[name] for name in names if name in named]
    rest = [said for name, said in named.items() if name not in names]
    by = f"{'rerun and ' * signature.rerun}signed by {signature.signer}" if signature else ""
    cost = [record.date, f"{recorded.seconds:.2f} s", f"{recorded.peak_mb:.0f} MB"]
    line, more = escape(" · ".join([*first, *cost, *filter(None, [by])])), escape(" · ".join(rest))
    return f'<details class="galley-ran" data-search-exclude><summary>{line}</summary><p>{more}</p></details>'
