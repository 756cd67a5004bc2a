"""Whatever a record says that a value is in HTML, Markdown, LaTeX or JSON, nothing of it runs, loads or deceives.

The texts are random pieces of these languages, whole ones and broken ones, put together. Each is shown as all four.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from markdown import Markdown

import hard
from fuzzing import fuzz
from galley.kinds.kind import At
from galley.kinds.rich import Rich
from galley.kinds.sanitise import STYLES
from galley.record.model import Form, Shown
from galley.site.formats import formats_of
from galley.site.page import Page
from guide_folder import GuideFolder
from hard import Counts
from test_fuzz_svg import Found

st = pytest.importorskip("hypothesis.strategies", reason="hypothesis makes the texts")

PIECES = (
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<svg><foreignObject><p>", "</svg>"),
    *("<math><mtext>", "<style>#a{color:url(//h/x)}", "</style>", "<style>@import '//h'</style>"),
    *("<base href=//h>", "<form action=//h>", '<meta http-equiv=refresh content="0;url=//h">'),
    *("<iframe srcdoc='<script>'>", "<object data=//h>", "<template>", '<a href="java\nscript:alert(1)">'),
    *('<a href="data:text/html,<script>">', '<a href="//h">', "<a href=#top>", "</a>", '<img src="//h/x">'),
    *('<img src="data:image/svg+xml,<svg onload=alert(1)>">', '<img src="a.png">', "<td background=//h>"),
    *('<p id="__search">', '<p id="a" class="md-header highlight" style="position:fixed;color:red">', "</p>"),
    *("<table><tr><td>", "<input type=image src=//h>", "<label for=__drawer>", "<details open ontoggle=alert(1)>"),
    *("<!--", "-->", "<![CDATA[", "<noscript>", "<textarea>", "<title>", "<xmp>", "<plaintext>", "</td></table>"),
    *("<b>", "</b>", '"', "'", ">", "<", "&#0;", "# words\n", "[x](javascript:alert(1))", "![x](//h/x)"),
    *("![x](data:image/png;base64,AA)", "<javascript:alert(1)>", "[x]: //h\n", "[x]", "```py\n"),
    *("```{.x onclick=alert(1)}\n", "{: onclick=alert(1) id=top }", "| a | b |\n|-|-|\n", "!!! note\n    "),
    *('=== "a"\n\n    ', "[^1]", "[^1]: x\n", "`x`", "**x**", "\n\n", "    ", "\x02wzxhzdk:0\x03", "\x1b[31m", "$"),
    *("$$", r"\[", r"\]", r"\href{javascript:alert(1)}{x}", r"\def\x{", r"\frac{1}{2}", r"\begin{array}"),
    *(r"\class{a}{b}", '{"a": ', "[1, 2]", "}", "NaN", "null", "\u202e", "é", "words ", "x" * 99, "\r", "\x00"),
    *("&lt;script&gt;",),
)  # fmt: skip
LIVE = re.compile(r"script|iframe|object|embed|form|base|meta|link|animate|svg|math|template|textarea|title|!")
AWAY = re.compile(r"\s*(?:https?:)?//|\s*[a-z]+script:", re.IGNORECASE)
RICH = ("text/html", "text/markdown", "text/latex", "application/json")
WRAPS = {"galley-html", "galley-text", "galley-value", "galley-label", "galley-cut", "galley-frame", "arithmatex"}


@pytest.fixture
def at(folder: GuideFolder) -> At:
    """A page whose site formats all that a value's Markdown can be, and sets formulas."""
    folder.snippet("page", "# %% one\n1\n")
    names = ("admonition", "attr_list", "def_list", "footnotes", "tables", "pymdownx.tabbed", "pymdownx.details")
    extensions = {**{name: {} for name in names}, "pymdownx.arithmatex": {"generic": True}}
    page = Page(folder.project, Path("docs/page.md"), extensions=extensions)
    return At(
        folder.guide.snippets["page"].cells[0], "own", formats_of(Markdown(extensions=["pymdownx.superfences"]), page)
    )


def inert(html: str) -> int:
    """Fail at what could run, load or pass for the page's own; the answer is how many elements there are."""
    page = Found()
    page.feed(html)
    page.close()
    assert not [each for each in page.elements if LIVE.match(each)], html
    for name, value in page.attributes:
        assert not name.startswith("on"), html
        assert name not in ("srcdoc", "action", "background", "formaction", "http-equiv", "srcset"), html
        if name == "src":
            assert not AWAY.match(value), html
        if name == "href":
            assert not re.match(r"\s*(?:data|[a-z]+script):", value, re.IGNORECASE), html
            assert not value.startswith("#") or value.startswith("#own-"), html
        if name in ("id", "for"):
            assert value.startswith("own-"), html
        if name == "style":
            assert {each.partition(":")[0].strip() for each in value.split(";") if each.strip()} <= STYLES, html
        if name == "class":
            assert not [each for each in value.split() if each.startswith(("md-", "galley-")) and each not in WRAPS], (
                html
            )
    return len(page.elements)


def test_no_form_of_a_value_runs_loads_or_deceives(at: At, counts: Counts) -> None:
    def judge(text: str) -> str:
        data = text.encode("utf-8", "backslashreplace")
        came = []
        for mime in RICH:
            shown = Shown("rich", (Form("text/plain", "txt", b"the text"), Form(mime, "x", data)))
            html = Rich().html(shown, at)
            assert inert(html), "at least what holds it"
            if ">the text<" not in html:
                came.append(mime.partition("/")[2])
            made = Rich().notebook(shown, 1)
            assert made is not None
            json.loads(json.dumps(made, allow_nan=False))
            inert(
                "".join(made["data"].get("text/html", "")).replace('"value-1-', '"own-').replace('"#value-1-', '"#own-')
            )
            assert "<" not in "".join(made["data"].get("text/markdown", ""))
        return " ".join(came) or "text"

    texts = st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join)
    fuzz(texts, judge, hard.size(60, 60_000), counts, lambda text: iter([text]))
    assert sum(counts.of[each] for each in counts.of if "html" in each) * 5 > counts.of.total(), "HTML is left of some"
