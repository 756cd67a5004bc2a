"""A value that has more than a text for itself: HTML, Markdown, LaTeX or JSON, by the display protocol of notebooks.

In every process. The record has the plain text first, which a diff shows, and each other form as a file beside it. A
page shows the richest form that it can show safely (`galley.kinds.richest`), and else the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from galley.kinds.bundle import HTML, JSON, LATEX, MARKDOWN, PLAIN, follows, texts_of
from galley.kinds.charts import chart_of
from galley.kinds.kind import Asked, At, Kind, cut_text
from galley.kinds.latex import formula
from galley.kinds.text import notebook_lines, text_and_cut
from galley.record.model import Form, Shown

SUFFIXES = {HTML: "html", MARKDOWN: "md", LATEX: "tex", JSON: "json"}  # the richest first
NOTE = "text/x-galley-note"  # of a form that holds the name of one of these
NOTES: Mapping[str, str] = {
    "script": "The value draws itself with a script. A page runs none of a value's, so it stands here as a text.",
    "plotly": "A chart of plotly is drawn where its exporter works while pages run: kaleido, with Chrome beside it.",
    "altair": "A chart of Altair is drawn where its exporter is installed: pip install vl-convert-python",
}
SCRIPT = re.compile(r"<script\b", re.IGNORECASE)
MAY_LOAD = re.compile(r"<|!\[|javascript:|data:", re.IGNORECASE)  # what of a record's Markdown is in no notebook


class Rich(Kind):
    """The value of the cell's last expression, where its class has a rich form for it."""

    name = "rich"
    css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The plain text, then each rich form; None where there is none, or where the guide has a text of its own.

        HTML that brings a script is made by the script, and is no form. Nor is a formula of which the end is cut.
        """
        chart = chart_of(value)
        if not (chart or follows(value)) or asked.summarise(value) is not None:
            return None
        if chart:
            return cut_text(repr(value), asked.limit), _note(chart)
        texts = texts_of(value)
        scripted = SCRIPT.search(texts.get(HTML, "")) is not None
        found = {mime: texts[mime] for mime in SUFFIXES if texts.get(mime) and not (scripted and mime == HTML)}
        forms = [cut_text(text, asked.limit, mime, SUFFIXES[mime]) for mime, text in found.items()]
        rich = [form for form in forms if not (form.cut and form.mime == LATEX)]
        if scripted and not rich:
            rich = [_note("script")]
        return (cut_text(texts.get(PLAIN) or repr(value), asked.limit), *rich) if rich else None

    def html(self, shown: Shown, at: At) -> str:
        """The richest form that the page can show, or else the text."""
        from galley.kinds.richest import richest  # which a builder needs alone

        note = shown.form(NOTE)
        return richest(shown, at, NOTES.get(note.text.strip(), "") if note else "")

    def fault(self, shown: Shown, at: At) -> str:
        """None: what cannot be shown as it says is shown as a text."""
        return ""

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """A result with each form of the record, without whatever would run or load something."""
        data = {form.mime: made for form in shown.forms if (made := _in_notebook(form, f"value-{number}-"))}
        return {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": number}


def _note(name: str) -> Form:
    return Form(NOTE, "note", f"{name}\n".encode())


def _in_notebook(form: Form, prefix: str) -> Any:
    """A form as a notebook has it; nothing for one that it must not have."""
    if form.mime == HTML:
        from galley.kinds.sanitise import sanitised  # which an export needs alone, and a builder

        return notebook_lines(sanitised(text_and_cut(form), prefix))
    if form.mime == JSON:
        try:
            found = json.loads(form.data)
            json.dumps(
                {"cells": [{"outputs": [{"data": {JSON: found}}]}]}, allow_nan=False, indent=1
            )  # as in a notebook
        except (ValueError, RecursionError):  # it was cut, has NaN as Python writes it, or somebody wrote the record
            return None
        return found
    kept = {PLAIN: True, MARKDOWN: not MAY_LOAD.search(form.text), LATEX: bool(formula(form.text))}
    return notebook_lines(text_and_cut(form)) if kept.get(form.mime) else None
