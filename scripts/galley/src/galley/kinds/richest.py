"""The richest form of a value as HTML that is safe in a page.

In the builder. Anybody may have written the record. HTML is cleaned (`galley.kinds.sanitise`), Markdown is converted
without HTML in it and cleaned then, LaTeX must be a formula and nothing else, and JSON is a text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import nh3

from galley.kinds.ansi import plain
from galley.kinds.bundle import HTML, JSON, LATEX, MARKDOWN
from galley.kinds.kind import At
from galley.kinds.latex import formula
from galley.kinds.markup import cut_note, escape
from galley.kinds.sanitise import is_too_much, left_out, sanitised
from galley.kinds.text import Value
from galley.record.model import Shown

WITHOUT_A_WORD = {"style"}  # taken out of most tables; the page has styles of its own for them
MOST = 1 << 20  # characters of styles: one rule can name many elements, and many rules one
SHEET = re.compile(r"<style[^<>]*+>([^<]*+)</style", re.IGNORECASE)
ID = re.compile(r'\bid="([\w-]++)"')
OBJECT = " object"  # in the text that Python has for an object of a class that has none

Made = tuple[str, list[str]]  # a form as HTML, empty where the page cannot show it; and the names of what is left out


def richest(shown: Shown, at: At, why: str) -> str:
    """The first form that the page can show, or else the text, with what is missing; `why` says why there is none."""
    notes = [why] if why else []
    for mime, show in SHOWN.items():
        form = shown.form(mime)
        if form is None:
            continue
        made, without = show(plain(form.text), at, shown)
        if without:
            notes.append(f"left out of the value, which is shown as {NAMES[mime]}: {', '.join(without)}")
        if made:
            return made + cut_note(form.cut, "recorded") + _said(notes)
    return Value().html(shown, at) + _said(notes)


def _said(notes: list[str]) -> str:
    return "".join(f'<p class="galley-cut">{escape(each)}</p>' for each in notes)


def _html(text: str, at: At, shown: Shown) -> Made:
    clean = "" if is_too_much(text) else sanitised(_with_styles(text), f"{at.ids}-", "galley-frame")
    seen = "<img" in clean or nh3.clean(clean, tags=set()).strip()
    without = [each for each in left_out(text) if each not in WITHOUT_A_WORD]
    return (_region(clean, at) if seen else ""), without


def _with_styles(html: str) -> str:
    """The HTML in which the styles of single elements stand at these, as those of a styled table: no sheet is kept."""
    styles: dict[str, list[str]] = {}
    room = MOST
    for rule in "".join(SHEET.findall(html)).split("}"):
        selectors, _, said = rule.partition("{")
        style = " ".join(said.split())
        for each in selectors.split(","):
            if each.strip().startswith("#") and (room := room - len(style)) > 0:
                styles.setdefault(each.strip()[1:], []).append(style)
    if not styles:
        return html

    def styled(found: re.Match[str]) -> str:
        """The id with its style, which its first element alone has: another of the same id is a mistake."""
        return f'{found[0]} style="{escape(";".join(styles.pop(found[1], ())))}"'

    return ID.sub(styled, html)


def _markdown(text: str, at: At, shown: Shown) -> Made:
    clean, without = at.formats.markdown(text, f"{at.ids}-")
    return _region(clean, at), without


def _latex(text: str, at: At, shown: Shown) -> Made:
    """A formula; in a site that sets none its source, where the value's text would say nothing."""
    made = at.formats.math(found) if (found := formula(text)) else ""
    said = shown.forms[0].text
    if not made and said.startswith("<") and OBJECT in said:
        made = _code(text, "latex", at)
    return made, []


def _json(text: str, at: At, shown: Shown) -> Made:
    return _code(text, "json", at), []


def _region(html: str, at: At) -> str:
    """What scrolls where a part of it is wide, with its name for those who hear it."""
    label = escape(at.cell.caption or "The value")
    return f'<div class="galley-html" role="region" aria-label="{label}" tabindex="0">{html}</div>'


def _code(text: str, language: str, at: At) -> str:
    label = f'<span class="galley-label">{Value.label}</span>'
    return f'<div class="galley-text galley-value">{label}{at.formats.code(text.rstrip(), language)}</div>'


SHOWN: Mapping[str, Callable[[str, At, Shown], Made]] = {HTML: _html, MARKDOWN: _markdown, LATEX: _latex, JSON: _json}
NAMES = {HTML: "HTML", MARKDOWN: "Markdown"}
