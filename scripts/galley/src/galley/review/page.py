"""A review as one HTML file that needs nothing else: no script, no font, no other host.

In the command. Records, pages and snippets may be a stranger's. So each text is escaped, each output is shown as its
kind shows it on the site, prose goes through the sanitizer, and a policy in the file lets no script run and nothing be
loaded.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from shlex import quote

from galley.kinds import Kinds, kinds_of
from galley.kinds.kind import At
from galley.kinds.markup import escape, inline
from galley.record.model import Shown
from galley.review.changed import ChangedOutput, Grave, Item, Page
from galley.review.context import around
from galley.review.decide import Desk, Verb
from galley.review.told import fact_line, held_line, of_pages
from galley.site.styles import styles
from galley.source.guide import Guide
from galley.words import counted

MADE = "<!doctype html>\n<!-- Made by `galley review`. -->\n"
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
CSS = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
ROWS = 12  # pieces of a difference that stand unfolded
DONE = {Verb.ACCEPT: "accepted", Verb.REJECT: "rejected", Verb.HOLD: "held"}
UNNAMED = re.compile(r"[^A-Za-z0-9_-]")


def page_html(guide: Guide, desk: Desk) -> str:
    """The whole file."""
    review, kinds = desk.review, kinds_of(guide.project)
    items = list(review.items)
    numbers = count(1)
    articles = "".join(_Article(guide, desk, kinds, page, item, next(numbers)).html() for page, item in items)
    css = styles([*(kind.css for kind in kinds if getattr(kind, "css", "")), CSS], colours=True)
    title = f"Changes since {review.base}"
    waiting = len(desk.undecided)
    said = f"{counted(len(items), 'change')}, {waiting} to decide" if items else "No output changed"
    return (
        f'{MADE}<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{css}</style></head>"
        f'<body class="md-typeset"><header><h1>{escape(title)}</h1><p>{said}.</p>{_facts(desk)}{_list(items, desk)}'
        f"</header><main>{articles}</main></body></html>\n"
    )


def _facts(desk: Desk) -> str:
    """The facts about the runs that changed, the pages that are held, and how many records claim the same."""
    review = desk.review
    rows = "".join(
        f"<li>{escape(fact_line(fact))} <small>{escape(of_pages(on, review))}</small></li>"
        for fact, on in review.facts.items()
    )
    rows += "".join(f"<li>{escape(held_line(each))}</li>" for each in review.held)
    same = f"<li>{review.same} records claim the same</li>" if review.same else ""
    return f'<ul class="review-facts">{rows}{same}</ul>' if rows or same else ""


def _list(items: Sequence[tuple[Page, Item]], desk: Desk) -> str:
    """The items by gravity, each a link to its article."""
    rows = "".join(
        f'<li><a href="#{change_id(item.key)}"><code>{escape(item.key)}</code></a> '
        f"{_badges(item)}{_state(item, desk)}</li>"
        for _, item in items
    )
    return f'<nav aria-label="Changes"><ol>{rows}</ol></nav>' if rows else ""


def change_id(key: str) -> str:
    """The id of an item's article."""
    return f"change-{UNNAMED.sub('-', key)}"


def _badges(item: Item) -> str:
    tags = "".join(f"<small>{escape(tag)}</small>" for tag in item.tags)
    return f'<b class="review-{item.grave.name.lower()}">{escape(item.grave)}</b>{tags}'


def _state(item: Item, desk: Desk) -> str:
    if item.key in desk.decided:
        return f"<em>{DONE[desk.decided[item.key].verb]}</em>"
    return "" if item.decides else "<em>may differ</em>"


class _Article:
    """One item with all that a person needs to decide on it."""

    def __init__(self, guide: Guide, desk: Desk, kinds: Kinds, page: Page, item: Item, number: int) -> None:
        self.guide, self.desk, self.kinds, self.page, self.item = guide, desk, kinds, page, item
        self.ids = f"change{number}"
        self._numbers = count()

    def html(self) -> str:
        """The article."""
        item, place = self.item, self.item.source.place if self.item.source else self.page.path
        above, below = around(self.guide, self.page, item.cell, self.ids) if item.cell else ("", "")
        head = (
            f'<h2><a href="#{change_id(item.key)}">{escape(item.key)}</a></h2>'
            f'<p class="review-what">{_badges(item)}{_state(item, self.desk)}<span>{escape(str(place))}</span></p>'
        )
        new = item.grave is Grave.NEW and not item.cell
        body = f"<p>{escape(item.what)}</p>" if not item.outputs or new else ""
        outputs = "".join(map(self._output, item.outputs))
        parts = (head, body, self._prose(above), self._code(), outputs, self._prose(below), self._quotes(), self._how())
        return f'<article id="{change_id(item.key)}">{"".join(parts)}</article>'

    def _prose(self, html: str) -> str:
        return f'<div class="review-prose">{html}</div>' if html else ""

    def _code(self) -> str:
        cell = self.item.source
        if cell is None:
            return ""
        caption = f"<p>{inline(cell.caption)}</p>" if cell.caption else ""
        said = "The cell’s code, which changed" if self.item.other_code else "The cell’s code"
        return (
            f"{caption}<details><summary>{said}</summary>"
            f'<pre tabindex="0"><code>{escape(cell.source)}</code></pre></details>'
        )

    def _output(self, output: ChangedOutput) -> str:
        """How an output differs, then both outputs beside each other, and for images one over the other."""
        difference = output.difference
        may = f" It may: {escape(output.may)}." if output.may else ""
        said = f"<p><code>{escape(output.file)}</code> {escape(difference.what)}.{may}</p>"
        sides = "".join(
            f"<section><h3>{name}</h3>{self._shown(shown)}</section>"
            for name, shown in (("was", output.was), ("is", output.now))
            if shown
        )
        both = f'<div class="review-sides">{sides}</div>'
        return f'<div class="review-output">{said}{_rows(output)}{both}{_over(output)}</div>'

    def _shown(self, shown: Shown) -> str:
        """An output as the site shows it; words where it cannot be shown."""
        cell = self.item.source or next(iter(self.page.snippets.cells), None)
        if cell is None or shown.kind not in self.kinds:
            return f"<p>an output of the kind <code>{escape(shown.kind)}</code>, which cannot be shown</p>"
        kind = self.kinds[shown.kind]
        try:
            html = kind.html(shown, At(cell, f"{self.ids}-{next(self._numbers)}"))
        except Exception as error:  # of a forged record: its kind knows which
            return f"<p>cannot be shown: {escape(f'{type(error).__name__}: {error}')}</p>"
        return f'<div class="galley-cell"><div class="galley-output">{html}</div></div>'

    def _quotes(self) -> str:
        """The sentences of the page that quote a number which is another now."""
        if not self.item.quotes:
            return ""
        rows = "".join(
            f"<li>{escape(each.sentence)}<small>{escape(f'{each.page}:{each.line}')}: "
            + (f"{escape(each.was)} becomes {escape(each.now)}" if each.now else f"{escape(each.was)} is typed there")
            + "</small></li>"
            for each in self.item.quotes
        )
        return f'<div class="review-quotes"><p>The page says of it:</p><ul>{rows}</ul></div>'

    def _how(self) -> str:
        """What to type for each decision."""
        if not self.item.decides or self.item.key in self.desk.decided:
            return ""
        key, page = quote(self.item.key), quote(self.page.key)
        words = [f"--accept {key}", f"--reject {page}", f'--hold {page} --reason "…"']
        commands = "\n".join(f"{self.desk.again} {each}" for each in words)
        return (
            "<details><summary>Decide</summary><p>A record is all or nothing: a page is rejected or held as a whole."
            f'</p><pre tabindex="0"><code>{escape(commands)}</code></pre></details>'
        )


def _rows(output: ChangedOutput) -> str:
    """What differs piece by piece, as a table; what is more than fits is folded."""
    difference = output.difference
    if not difference.rows:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in difference.head)
    parts = list(_lines(difference.rows))
    table = f'<table class="review-rows"><thead><tr>{head}</tr></thead><tbody>{"".join(parts)}</tbody></table>'
    sheet = f'<div class="galley-sheet" role="region" aria-label="What differs" tabindex="0">{table}</div>'
    if len(parts) <= ROWS:
        return sheet
    return f"<details><summary>{len(parts)} differences</summary>{sheet}</details>"


def _lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield f"<tr>{''.join(f'<td><code>{escape(part)}</code></td>' if part else '<td></td>' for part in row)}</tr>"


def _over(output: ChangedOutput) -> str:
    """Two images one over the other: what is the same is black, and the rest shines."""
    forms = [shown.forms[0] for shown in (output.was, output.now) if shown and shown.kind == "image"]
    if len(forms) < 2 or any(form.mime not in ("image/png", "image/svg+xml") for form in forms):
        return ""
    images = "".join(f'<img alt="" src="data:{form.mime};base64,{b64encode(form.data).decode()}">' for form in forms)
    label = "One image over the other: black where they are the same"
    over = f'<div class="review-over" role="img" aria-label="{label}">{images}</div>'
    return f"<section><h3>difference</h3>{over}</section>"
