"""How many lines high a cell is: of code and text, tables and drawings, and nothing where that is not known."""

from __future__ import annotations

import re

import pytest

from galley.site.heights import FOLD, HIGHEST, LAPTOP, PHONE, height

PRE = '<div class="highlight"><pre><span></span><code>{}\n</code></pre></div>'
OUTPUT = '<div class="galley-text galley-stdout{}"><pre><code>{}</code></pre></div>'
DRAWING = '<figure><svg width="{0}pt" viewBox="0 0 {0} {1}"><path d="M 0 0"></path><foreignObject/></svg></figure>'


def lines(body: str) -> tuple[int, int] | None:
    """The lines in a wide window and on a phone."""
    said = re.fullmatch(r' style="--galley-lines:(\d+)(?:;--galley-narrow:(\d+))?"', height(body))
    return (int(said[1]), int(said[2] or said[1])) if said else None


def test_code_is_as_high_as_its_lines_which_do_not_wrap() -> None:
    assert lines(PRE.format("x = 1")) == (2, 2)
    assert height(PRE.format("x = 1")) == ' style="--galley-lines:2"', "a phone has no other number"
    assert lines(PRE.format('<span class="n">x</span>\n' + "y" * 300)) == (3, 3)
    assert lines(PRE.format("x") + PRE.format("y\ny\n\n")) == (5, 5)


def test_an_output_wraps_where_it_is_no_table_and_scrolls_where_it_is_long() -> None:
    text = "a" * (PHONE.letters + 1) + "\n\nb"
    assert lines(OUTPUT.format("", text)) == (4, 5)
    assert lines(OUTPUT.format(" galley-columns", text)) == (4, 4)
    assert lines(OUTPUT.format("", "x\n" * 100)) == (HIGHEST + 1, HIGHEST + 1)
    assert lines(OUTPUT.format("", "&lt;" * LAPTOP.letters)) == (2, 4), "an entity is one letter"
    assert lines(OUTPUT.format(" galley-columns", "x") + OUTPUT.format("", text)) == (6, 7)


def test_a_table_has_rows_in_a_wide_window_and_cards_on_a_phone() -> None:
    row = "<tr><th scope=row>a</th><td>b</td><td>c</td></tr>"
    wide, narrow = lines(f"<table><thead><tr><th>n</th></tr></thead><tbody>{row * 10}</tbody></table>")
    assert wide == round(11 * LAPTOP.row)
    assert narrow == round(11 * PHONE.row + 31 * PHONE.cell)


def test_a_drawing_says_its_size_and_is_as_wide_as_a_phone_at_most() -> None:
    assert lines(DRAWING.format(157.5, 157.5)) == (13, 13)
    assert lines(DRAWING.format(567, 157.5)) == (13, 8)
    assert lines(DRAWING.format(567, 157.5).replace('pt"', '"')) == (10, 8), "pixels are smaller than points"


def test_what_is_folded_is_no_higher_than_what_opens_it() -> None:
    fold = f"<details class=x><summary>See</summary>{PRE.format('x' * 9)}<em>any</em></details>"
    assert lines(fold * 3) == (round(3 * FOLD),) * 2
    assert lines(fold + PRE.format("x") + '<p class="galley-ran">on the CPU</p>') == (4, 4)


@pytest.mark.parametrize(
    "unknown",
    [
        "<ul><li>a</li></ul>",
        "<img src=x>",
        "<h2>a heading</h2>",
        '<div class="tabbed-set"><input><label>one</label></div>',
        '<div data-choose="0"><table><tr><td>a</td></tr></table></div>',
        '<svg width="9"></svg>',
        '<svg viewBox="0 0 0 9"></svg>',
        '<svg viewBox="0 0 9 inf"></svg>',
        '<svg viewBox="0 0 nan 9"></svg>',
        '<svg viewBox="0 0 1e300 9"></svg>',
    ],
)
def test_of_what_is_as_high_as_it_likes_nothing_is_said(unknown: str) -> None:
    assert height(PRE.format("x") + unknown) == ""
