"""The styles: in parts by what needs them, and shorter without meaning anything else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import galley
from galley.kinds.trace import TraceKind
from galley.site.styles import minified, styles

# The style of `galley review` is of a page of its own.
CSS = sorted(path for path in Path(galley.__file__).parent.rglob("*.css") if path.parent.name != "review")


def test_a_page_gets_the_base_and_what_it_shows() -> None:
    assert ".galley-cell" in styles()
    assert ".galley-trace" not in styles()
    assert styles([TraceKind.css]).startswith(styles())
    assert ".galley-trace" in styles([TraceKind.css])
    assert "-Color" not in styles()
    assert "-Color" in styles(colours=True)
    assert len(CSS) >= 5


def test_each_rule_is_of_galleys_own_elements() -> None:
    whole = re.sub(r"/\*.*?\*/", "", "".join(path.read_text() for path in CSS), flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", whole)
    assert len(selectors) > 80
    mine = re.compile(r"galley-|-Color|^@|:root\)?$")
    assert [each for each in map(str.strip, selectors) if not mine.search(each)] == []


@pytest.mark.parametrize(
    ("css", "short"),
    [
        ("a {\n  color: red;\n}\n", "a{color: red}"),
        ("a /* why; { */ b { x: y }", "a  b{x: y}"),
        ('a::before { content: "/* ; } */  \\" x"; }', 'a::before{content: "/* ; } */  \\" x"}'),
        ("a::before { content: '  } '; }", "a::before{content: '  } '}"),
        (
            "@media screen  and (max-width: 4em) { a > b, c { d: e } }",
            "@media screen and (max-width: 4em){a > b,c{d: e}}",
        ),
        ("a { b: 'never closed } ;\n  c: d }", "a{b: 'never closed } ; c: d}"),
        ("a { b: c } /* never closed { ;", "a{b: c}"),
        ("a { b: 'one \\\n  line'; }", "a{b: 'one \\\n  line'}"),
        ("a :is(b, c) { width: calc(1em + 2px) }", "a :is(b,c){width: calc(1em + 2px)}"),
    ],
)
def test_what_is_shorter_means_the_same(css: str, short: str) -> None:
    assert minified(css) == short


def test_nothing_in_the_styles_ends_the_element_that_holds_them() -> None:
    assert "<" not in styles([path.read_text() for path in CSS], colours=True)


@pytest.mark.parametrize("worst", ["/*" * 50_000, " " * 200_000, '"' * 200_001, "/**" * 50_000, ("\\" * 99_999) + '"'])
def test_the_worst_input_takes_no_more_than_its_length(worst: str) -> None:
    minified(worst)  # a quadratic pattern would hang here
