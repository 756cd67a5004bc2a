"""The styles: in parts by what needs them, and shorter without meaning anything else."""

from __future__ import annotations

import re

import pytest

from galley.site.styles import FOLDER, minified, styles

PARTS = sorted(path.stem for path in FOLDER.glob("*.css") if path.stem != "base")


def test_a_page_gets_the_base_and_what_it_shows() -> None:
    assert ".galley-cell" in styles(())
    assert ".galley-trace" not in styles(["tokens", "no such kind"])
    assert ".galley-token" in styles(["tokens", "no such kind"])
    assert len(PARTS) > 4
    for part in PARTS:
        assert styles([part]) != styles(())
        assert styles([part]) in styles([part, part])


def test_each_rule_is_of_galleys_own_elements() -> None:
    whole = re.sub(r"/\*.*?\*/", "", "".join(path.read_text() for path in FOLDER.glob("*.css")), flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", whole)
    assert len(selectors) > 100
    mine = re.compile(r'galley-|-Color|^@|:root$|^\[data-md-color-scheme="slate"\]$')
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
        ("a :is(b, c) { width: calc(1em + 2px) }", "a :is(b,c){width: calc(1em + 2px)}"),
    ],
)
def test_what_is_shorter_means_the_same(css: str, short: str) -> None:
    assert minified(css) == short


def test_nothing_in_the_styles_ends_the_element_that_holds_them() -> None:
    assert "<" not in styles(PARTS)


@pytest.mark.parametrize("worst", ["/*" * 50_000, " " * 200_000, '"' * 200_001, "/**" * 50_000, ("\\" * 99_999) + '"'])
def test_the_worst_input_takes_no_more_than_its_length(worst: str) -> None:
    minified(worst)  # a quadratic pattern would hang here
