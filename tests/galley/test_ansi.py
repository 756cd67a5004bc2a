"""Colours of a terminal as HTML: those and nothing else that a terminal would obey."""

from __future__ import annotations

import re

import pytest

from galley.kinds.ansi import coloured, only_colours, plain


def words(html: str) -> str:
    """The text of some HTML, and each colour before what has it."""
    html = re.sub(r'<span class="[^"]*(-Color[\w-]*)">', r"(\1)", html)
    return html.replace("</span>", "")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("no colour <b> & 'x'\n", "no colour &lt;b&gt; &amp; &#x27;x&#x27;\n"),
        ("a \x1b[31mred\x1b[0m b", "a (-Color-Red)red b"),
        ("\x1b[1;42mx\x1b[m\n\n", "(-Color-Bold-BGGreen)x\n\n"),
        ("\x1b[31m<script>\x1b[0m", "(-Color-Red)&lt;script&gt;"),
        ("\x1b[31mr\x1b]0;title\x07\x1b[2J\x1b[0m\b", "(-Color-Red)r\N{REPLACEMENT CHARACTER}"),
        ("\x1b[31m\x02wzxhzdk:0\x03", "(-Color-Red)\N{REPLACEMENT CHARACTER}wzxhzdk:0\N{REPLACEMENT CHARACTER}"),
        ("  \x1b[31m  indented", "  (-Color-Red)  indented"),
    ],
)
def test_colours_are_classes_and_the_rest_is_text(text: str, said: str) -> None:
    assert words(coloured(text)) == said


def test_a_text_may_be_had_without_its_colours_too() -> None:
    text = "a\x1b[31mb\x1b[0m\x1b[5A\x07"
    assert plain(text) == "ab\N{REPLACEMENT CHARACTER}"
    assert only_colours(text) == "a\x1b[31mb\x1b[0m\N{REPLACEMENT CHARACTER}"


@pytest.mark.parametrize("worst", ["\x1b[" * 50_000, "\x1b[" + "1;" * 100_000, "\x1b[31m" * 20_000, "\x1b]" * 50_000])
def test_the_worst_input_takes_no_more_than_its_length(worst: str) -> None:
    coloured(worst)  # a quadratic pattern would hang here
