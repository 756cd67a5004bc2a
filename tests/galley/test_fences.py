"""Fences found by line in a page, each judged strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.errors import GalleyError
from galley.source.fences import Fence, find_fences, left_over
from galley.source.lines import title

PAGE = Path("docs/a-page.md")
OPENS = '```python exec="on" cell="a_page/one"'
GOOD = f"{OPENS}\n```"


def find(text: str, offset: int = 0) -> tuple[list[Fence], list[GalleyError]]:
    """The fences in some text and what is wrong with it."""
    return find_fences(text.split("\n"), PAGE, offset)


def wrong(text: str) -> list[str]:
    """What is wrong with a text, each with its place."""
    return [f"{error.place}: {error.what}" for error in find(text)[1]]


def test_a_fence_is_found_at_its_line_below_front_matter() -> None:
    (fence,), errors = find(f"# Title\n\n{GOOD}\n", offset=4)
    assert (str(fence.place), fence.name, fence.file, fence.cell) == (f"{PAGE}:7", "a_page/one", "a_page", "one")
    assert errors == []


def test_options_may_come_in_any_order_and_space() -> None:
    (fence,), errors = find('```python   cell="a/b"  exec="on"  \n```')
    assert (fence.name, errors) == ("a/b", [])


@pytest.mark.parametrize(
    "text",
    [
        f"- item\n\n    {GOOD}".replace("\n```", "\n    ```"),
        f"> {GOOD}".replace("\n", "\n> "),
        f"!!! note\n\n    {GOOD}".replace("\n```", "\n    ```"),
        GOOD.replace("```", "~~~"),
        GOOD.replace("```", "````"),
        GOOD.replace("\n", "\n\n   \n"),
        f"```text\nx\n```\n{GOOD}",
        f"{GOOD}\n\nprose with ```code``` and `python exec=`",
        "".join(["```text\n~~~\n```\n", GOOD]),
    ],
)
def test_a_whole_fence_is_one_wherever_it_stands(text: str) -> None:
    fences, errors = find(text)
    assert [fence.name for fence in fences] == ["a_page/one"]
    assert errors == []


@pytest.mark.parametrize(
    "text",
    [
        f"````markdown\n{GOOD}\n````",
        f"~~~\n{GOOD}\n~~~",
        "```python\nexec(code, cell=1)\n```",
        'Write ```` ```python exec="on" cell="a/b" ```` in the page.',
        '- ```` ```python exec="on" cell="a/b" ```` shows it',
        '```text title="x"\n```python exec=\n```',
        "no fence at all",
    ],
)
def test_an_example_of_a_fence_is_none(text: str) -> None:
    fences, _ = find(text)
    assert fences == []


def test_an_example_in_a_longer_fence_is_no_error() -> None:
    assert wrong(f"````markdown\n{GOOD}\n````\n~~~\n{GOOD}\n~~~") == []


@pytest.mark.parametrize("above", ["", "Words.\n\n", "# A title\n\n", "Words.\n\n    more code\n\n"])
@pytest.mark.parametrize("indent", ["    ", "\t", "       "])
def test_a_fence_that_is_indented_as_code_is_told(above: str, indent: str) -> None:
    (told,) = wrong(f"{above}{indent}{OPENS}\n{indent}```\n")
    line = above.count("\n") + 1
    assert told == f"{PAGE}:{line}: the fence is indented as code is"
    assert wrong(f"{above}{GOOD}\n") == []


@pytest.mark.parametrize(
    "above",
    ["- item\n\n", "1. item\n\n", "a. item\n\n", "!!! note\n\n", "=== \"Tab\"\n\n", "[^1]: note\n\n", ":   what\n\n",
     "Words that the fence goes on with.\n", "* item\n\n    words\n\n"],
)  # fmt: skip
def test_a_fence_that_a_block_holds_is_no_code(above: str) -> None:
    assert wrong(f"{above}    {OPENS}\n    ```\n") == []


MALFORMED = [
    '```python exec=on cell="a/b"',
    "```python exec='on' cell='a/b'",
    "```python exec=“on” cell=“a/b”",
    '```{.python exec="on" cell="a/b"}',
    '``` {.python exec="on" cell="a/b"}',
    '```bash exec="on" cell="a/b"',
    '```py exec="on" cell="a/b"',
    '```Python exec="on" cell="a/b"',
    '```python exec="on", cell="a/b"',
    '```python exec = "on" cell="a/b"',
    '```exec="on" cell="a/b"',
    '```python exec="on" cell="a/b',
    '```python exec="on" cell="a/b"`',
    "```python exec",
    '``python exec="on" cell="a/b"',
    '- ```python exec="on" cell="a/b"',
    '1. ```python exec="on" cell="a/b"',
    '> * ```python exec="on" cell="a/b"',
    '```python exec="on" cell="a/b" data-x="y"',
]


@pytest.mark.parametrize("header", MALFORMED)
def test_a_malformed_header_is_told_at_its_line(header: str) -> None:
    (told, *more) = wrong(f"prose\n\n{header}\n```\n")
    assert told.startswith(f"{PAGE}:3: malformed fence header: '")
    assert all("never closed" in each for each in more)  # the line that should have closed it


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ('```python exec="on" cell="a/b" show="no"\n```', 1, "unknown fence option 'show'"),
        ('```python EXEC="on" CELL="a/b"\n```', 1, "unknown fence option 'CELL'"),
        ('```python exec="on" cell="a/b" cell="a/c"\n```', 1, "an option of the fence is given twice"),
        ('```python exec="on"\n```', 1, 'a fence needs both exec="on" and cell="file/cell"'),
        ('```python cell="a/b"\n```', 1, 'a fence needs both exec="on" and cell="file/cell"'),
        ('```python exec="off" cell="a/b"\n```', 1, 'a fence needs both exec="on" and cell="file/cell"'),
        ('```python exec="on" cell="a"\n```', 1, "not a cell's name: 'a'"),
        ('```python exec="on" cell="/b"\n```', 1, "not a cell's name: '/b'"),
        ('```python exec="on" cell="a/"\n```', 1, "not a cell's name: 'a/'"),
        ('```python exec="on" cell="a/b"\nx = 1\n```', 1, "the fence holds code of its own"),
        ('> ```python exec="on" cell="a/b"\n> x = 1\n> ```', 1, "the fence holds code of its own"),
        ('```python exec="on" cell="a/b"\n', 1, "the fence is never closed"),
        ('```python exec="on" cell="a/b"\n````', 1, "the fence is never closed"),
        ('```python exec="on" cell="a/b"\n~~~', 1, "the fence is never closed"),
        ("```text\nx\n", 1, "the fence is never closed"),
        (f"```text\nx\n\n{GOOD}\n", 1, "the fence is never closed"),
        (f"```\nx\n\n{GOOD}\n", 1, "the fence is never closed"),
        (f"~~~~\nx\n\n{GOOD.replace('```', '~~~~')}\n", 1, "the fence is never closed"),
    ],
)
def test_what_else_is_wrong_is_told_at_its_line(text: str, line: int, what: str) -> None:
    assert wrong(text) == [f"{PAGE}:{line}: {what}"]


def test_every_error_says_how_to_write_it_right() -> None:
    texts = [*MALFORMED, "```text", '```python exec="on"\n```', f"{GOOD[:-4]}\nx\n```"]
    assert all(error.mend for text in texts for error in find(text)[1])


def test_one_mistake_hides_no_other() -> None:
    text = f'```python exec=on\n```\n{GOOD}\n```text\n{GOOD}\n\n```python exec="on"\n```'
    assert [each.split(":")[1] for each in wrong(text)] == ["1", "5", "9"]
    assert [fence.place.line for fence in find(text)[0]] == [3, 6]


@pytest.mark.parametrize("line", ['```python exe="on" cel="a/b"', "```text x y", "> ~~~~ {.python"])
def test_an_opening_line_that_superfences_left_is_told_at_its_line(line: str) -> None:
    lines = ["# Title", "", line, "```"]
    (error,) = left_over(["# Title", "", line, "```"], lines, PAGE, offset=2)
    assert f"{error.place}: {error.what}".startswith(f"{PAGE}:5: malformed fence header: '")


@pytest.mark.parametrize("line", ["prose", "```code``` in prose", "a ```b", "` x"])
def test_prose_is_never_left_over(line: str) -> None:
    assert left_over([line], [line], PAGE) == []


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("# One\n\n# Two", "One"),
        ("---\n# a remark\ntitle: x\n---\n# One", "One"),
        ("```python\n# a comment\n```\n\n# One", "One"),
        ("~~~\n# a comment\n~~~", ""),
        ("## Two\n#One", ""),
        ("", ""),
    ],
)
def test_a_pages_title_is_its_first_heading(page: str, said: str) -> None:
    assert title(page.split("\n")) == said


FENCE = '```python exec="on" cell="one/first"\n```'
COMMENTS = {
    "around it": f"<!--\n{FENCE}\n-->",
    "after words": f"text <!-- and\n{FENCE}\n--> more",
    "two, the second around it": f"<!-- a --> <!--\n{FENCE}\n-->",
    "around a broken one": '<!--\n```python exec="on"\n-->',
    "around half of one": f"<!--\n{FENCE.partition(chr(10))[0]}\n-->",
}


@pytest.mark.parametrize("text", COMMENTS.values(), ids=COMMENTS)
def test_a_fence_in_a_comment_is_none(text: str) -> None:
    assert find_fences(text.split("\n"), PAGE) == ([], [])


NO_COMMENTS = {
    "one that ends before": f"<!-- a -->\n{FENCE}",
    "one that never ends": f"<!-- a\n{FENCE}",
    "a piece of code": f"what `<!--` begins\n{FENCE}\nwhat `-->` ends",
    "in another fence": f"```html\n<!--\n```\n{FENCE}\n```html\n-->\n```",
}


@pytest.mark.parametrize("text", NO_COMMENTS.values(), ids=NO_COMMENTS)
def test_a_fence_beside_what_is_no_comment_is_one(text: str) -> None:
    fences, errors = find_fences(text.split("\n"), PAGE)
    assert ([fence.name for fence in fences], errors) == (["one/first"], [])
