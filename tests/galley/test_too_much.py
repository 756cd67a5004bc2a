"""HTML, styles and Markdown of a few kilobytes that would fill a memory, or take hours, are shown as a text instead.

Whoever reads HTML by its rules opens elements again that were not closed, in each paragraph; Markdown looks for the end
of each bracket. A record, which anybody may have written, can hold both.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from markdown import Markdown

from fuzzing import bounded
from galley.kinds.kind import At
from galley.kinds.rich import Rich
from galley.kinds.richest import MOST as ALL_STYLES
from galley.kinds.sanitise import DEEPEST, LONGEST, is_too_much, left_out, sanitised
from galley.record.model import Form, Shown
from galley.site.formats import formats_of
from galley.site.page import Page
from guide_folder import GuideFolder

TABLE = "<table>" + f"<tr>{'<td><a href=x><b>1</b></a></td>' * 10}</tr>" * 30 + "</table>"
HIGHLIGHTED = f"<pre><code>{'<span class=k>x</span> ' * 50}</code></pre>"


def unclosed(number: int, between: str = "") -> str:
    """Elements that are open at the end of their paragraph, and paragraphs in which each of them begins again."""
    opened = "".join(f"<b id={each}>{between}" for each in range(number))
    return f"<p>{opened}</p>{'<p>x' * number}"


@pytest.mark.parametrize(
    "html",
    [
        unclosed(2_000),
        unclosed(2_000).upper(),
        unclosed(2_000, "<!--</b>-->"),
        unclosed(2_000, "<i></b>"),
        unclosed(900, "</<i>x</i>b>"),
        unclosed(2_000).replace("<b ", "<b/"),
        "<p>" + "".join(f"<a href={each}><nobr><code>" for each in range(800)) + "</p>" + "<p>x" * 2_000,
        "<div>" * (DEEPEST + 1),
        "<ul><li>" * (DEEPEST + 1) + "<p></p>" * 30_000,
        "<div></x>" * 20_000 + "<p></p>" * 20_000,
        "<p>x</p>" * (LONGEST // 8 + 1),
    ],
)
def test_html_that_grows_with_its_square_is_left_out_and_said(html: str) -> None:
    with bounded(2.0):
        assert sanitised(html, "a-") == ""
        assert "too much or too deep" in left_out(html)[0]


@pytest.mark.parametrize(
    "html", [TABLE, HIGHLIGHTED * 40, "<p>x<li>y<td>z<br><img src=a.png>" * 2_000, "<div>" * DEEPEST]
)
def test_what_people_write_is_not(html: str) -> None:
    assert not is_too_much(html)
    assert sanitised(html, "a-")


def shown(folder: GuideFolder, mime: str, text: str) -> str:
    """A value with one rich form, as a page shows it."""
    folder.snippet("page", "# %% one\n1\n")
    page = Page(folder.project, Path("docs/page.md"), extensions={"def_list": {}, "footnotes": {}})
    forms = (Form("text/plain", "txt", b"the text"), Form(mime, "x", text.encode()))
    cell = folder.guide.snippets["page"].cells[0]
    return Rich().html(Shown("rich", forms), At(cell, "a", formats_of(Markdown(), page)))


def test_such_a_value_is_its_text(folder: GuideFolder) -> None:
    with bounded(2.0):
        html = shown(folder, "text/html", unclosed(2_000))
    assert "the text" in html
    assert "all of it, which is too much or too deep for a browser" in html
    assert "<b" not in html


@pytest.mark.parametrize(
    "html",
    [
        f"<style>#a{{color:{'x' * 300_000}}}</style>" + '<p id="a">x</p>' * 2_000,
        f"<style>{'#a,' * 60_000}#b{{color:{'x' * 30_000}}}</style>" + '<p id="a">x</p>',
        f"<style>{'#a{color:red}' * 30_000}</style>" + '<p id="a">x</p>',
    ],
)
def test_styles_of_single_elements_are_written_once_each_and_end_somewhere(folder: GuideFolder, html: str) -> None:
    with bounded(2.0):
        assert len(shown(folder, "text/html", html)) < ALL_STYLES + 2 * len(html)


def test_a_style_stands_at_the_first_element_of_its_id(folder: GuideFolder) -> None:
    html = shown(
        folder, "text/html", '<style>#a,#b{color:red}#a{x}</style><p id="a">1</p><p id="a">2</p><p id="b">3</p>'
    )
    assert html.count("color:red") == 2
    assert '<p id="a-a" style="color:red">1</p>' in html


@pytest.mark.parametrize(
    "markdown", ["[" * 20_000, "![" * 20_000, "[^1]" * 15_000 + "\n\n[^1]: x\n", "a\n:   b\n" * 3_000]
)
def test_markdown_that_is_not_read_in_time_stands_as_it_is(folder: GuideFolder, markdown: str) -> None:
    with bounded():
        html = shown(folder, "text/markdown", markdown)
    assert f"<pre><code>{markdown[:8]}" in html
    assert "<a href" in shown(folder, "text/markdown", "[a](b) " * 1_500)


def test_printed_markdown_is_told_with_its_page(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint('[' * 20_000)\n")
    folder.page("page", '```python exec="on" cell="page/one" source="above"\n```\n')
    assert not folder.run().failures
    said = folder.mkdocs().stdout
    assert "docs/page.md:3: page/one: the output has 20,000 opening brackets, and at most 2,000 are formatted" in said
    folder.page("page", '```python exec="on" cell="page/one" html="yes"\n```\n')
    assert folder.mkdocs().returncode == 0
    mkdocs = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", f"{mkdocs}  - def_list\n")
    folder.snippet("page", "# %% one\nprint('a\\n:   b\\n' * 3_000)\n")
    folder.page("page", '```python exec="on" cell="page/one" source="above"\n```\n')
    assert not folder.run().failures
    said = folder.mkdocs().stdout
    assert "docs/page.md:3: page/one" in said, said
    assert "Traceback" not in said


def test_html_that_pythons_own_reader_refuses_is_shown(folder: GuideFolder) -> None:
    html = shown(folder, "text/html", "<p>words</p><![x]><script>alert(1)</script>")
    assert "<p>words</p>" in html
    assert "script" not in html
    assert "left out of the value, which is shown as HTML" in html
