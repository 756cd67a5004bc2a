"""What an author writes, at random: snippet files, pages and settings give a result, or an error with its place."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("hypothesis")
from hypothesis import strategies as st

import hard
from fuzzing import fuzz
from galley.config import find_project
from galley.errors import GalleyError
from galley.source.cells import cut
from galley.source.fences import find_fences, left_over
from galley.source.parameters import parameters, with_values
from galley.source.proof import unproved
from hard import Counts

FILE = Path("snippets/page.py")
ODD = st.sampled_from(
    ["\0", "\x0c", "\n", "\t", "\\", "\u2028", "\x85", "\ud800", "é", "\ufeff", "\x1b[", "\u0301", "#", '"']
)
NAMES = st.sampled_from(["a", "b", "parameters", "second-one", "a.b", "A", "é", "x" * 120, "", "con", "__init__"])
VALUES = st.sampled_from(
    ["yes", "ValueError", "2", "0", "-1", "1e9", "nan", "a b", "all", "addresses", "../x", "", "é", "x" * 300]
)
CELL_OPTIONS = st.sampled_from(
    ["raises", "threads", "timeout", "uses", "exact", "network", "varies", "by_processor", "unknown", "draft"]
)
TAGS = st.sampled_from(
    [
        "claim",
        "setup",
        "folded",
        "measured",
        "trace",
        "unknown",
        "claim, setup",
        "claim trace",
        "",
        "remove-cell",
        "remove-input",
        "skip-execution",
    ]
)
STATEMENTS = (
    "a = 1", "b: int = -2.5", 'c = "x"', "d = [1, 'y', True]", "assert a == 1", "assert True", "print(a)",
    "import os, sys as s",
    '"A sentence."', '"""Over\ntwo lines."""', "def f(x):\n    return x", "if a:\n    pass\nelse:\n    assert f(a)",
    "f'{a!r:>{b}}'",
    't = """\n# %% in a string\n"""', "try:\n    f()\nexcept* ValueError:\n    pass",
    "match a:\n    case [1, *_]:\n        pass",
    "a = b = c", "global a", "class C:\n  \'\'\'doc\'\'\'\n  assert 1", "for i in range(3): assert i",
    "raise ValueError", "",
    "with a as b: pass", "assert (a := f(1))", "del a", "a.b[c] += 1", "x = lambda: (yield)",
    "assert all(i for i in a)", "#%% near",
)  # fmt: skip
FAULTY = (
    "with open('x') as g:\n    # %% inside\n    pass", "return 3", "await f()", "a = (1 +\n# %% within\n2)",
    "x = 1 \\\n# %% after",
    "# %%", "# %%% more", "%timeit a", "!ls", "a; b; '", "x = (" * 40, "[" * 300, "-" * 900 + "1", "1" * 5000,
    "print(\'\'\'a",
    "from __future__ import annotations", "\\",
)  # fmt: skip


def lines_of(usual: st.SearchStrategy[str], faulty: Sequence[str]) -> st.SearchStrategy[str]:
    """The usual lines, and now and then one that is wrong."""
    return st.integers(0, 15).flatmap(lambda number: usual if number else st.sampled_from(faulty))


@st.composite
def heads(draw: st.DrawFn) -> str:
    """The line that begins a cell, mostly as it should be."""
    kind = draw(st.integers(0, 7))
    name = f"{draw(st.sampled_from('abcdefgh'))}{kind}" if kind else draw(NAMES)
    tags = f" [{draw(TAGS)}]" if kind in (1, 2) else ""
    given = draw(st.lists(st.tuples(CELL_OPTIONS, VALUES), max_size=2)) if kind in (2, 3) else []
    return f"# %% {name}{tags}" + "".join(f' {name}="{value}"' for name, value in given)


@st.composite
def spoilt(draw: st.DrawFn, lines: st.SearchStrategy[str], most: int) -> str:
    """A text of such lines; one in four has something odd put in, taken out or doubled somewhere."""
    text = "\n".join(draw(st.lists(lines, min_size=1, max_size=most)))
    if draw(st.integers(0, 3)):
        return text
    at, end = sorted(draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    return draw(st.sampled_from([text[:at] + text[end:], text[:end] + text[at:]])) if draw(st.booleans()) else (
        text[:at] + draw(st.one_of(ODD, st.text(max_size=3))) + text[at:]
    )  # fmt: skip


def named(error: GalleyError, lines: int) -> str:
    """Whether an error says where and what; the answer is for the counts."""
    assert error.place is not None, error
    assert 0 <= error.place.line <= lines, error
    assert error.what
    return "told"


def read_cells(text: str) -> str:
    """Cut a snippet file, and ask of it what each command asks."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")  # as the file is read
    lines = text.split("\n")
    try:
        file = cut(text, Path("/guide") / FILE, FILE)
        found = parameters(file)
        assert [cell.name for cell in with_values(file, found).cells] == [cell.name for cell in file.cells]
    except GalleyError as error:
        return named(error, len(lines))
    for cell in file.cells:
        assert cell.source.split("\n")[0] in lines[cell.first_line - 1 : cell.first_line] or not cell.source
        assert cell.source in text
        assert len(cell.statements) >= 0
    for error in unproved(file):
        named(error, len(lines))
    return "cells" if file.cells else "none"


def test_any_text_is_cut_into_cells_or_told(counts: Counts) -> None:
    usual = st.one_of(heads(), st.sampled_from(STATEMENTS), st.sampled_from(STATEMENTS))
    texts = spoilt(lines_of(usual, FAULTY), 7).map(lambda text: f"# %% first\n{text}")
    fuzz(texts, read_cells, hard.size(100, 250_000), counts)
    assert min(counts.of["cells"], counts.of["told"]) * 20 > counts.of.total(), "both are reached"


FENCE_OPTIONS = st.sampled_from(
    [
        'exec="on"', 'cell="page/one"', 'cell="page/two"', 'list="claims"', 'source="above"', 'title="a"', "exec=on",
        'hl_lines="1 2"', 'width="80"', 'cell="page"', 'html="yes"', 'result="ansi"', "exec", 'exec="off"',
        'unknown="1"',
    ]
)  # fmt: skip
OPENERS = st.sampled_from(
    ["```", "```", "~~~", "````", "``", "  ```", "    ```", "> ```", "- ```", "1. ```", ">> ~~~", "!!!"]
)
GALLEY = '```python exec="on" cell="page/one"'
WORDS = (
    "Words.", "", "", "- item", "1. item", "> quote", "# Title", "---", "| a | b |", "|---|---|", "[^1]: note",
    "<div markdown>", "</div>", "<!-- x -->", f"{GALLEY}\n```", f"{GALLEY}\n```", f"- {GALLEY}\n  ```",
    f"> {GALLEY}\n> ```",
    f"<!-- {GALLEY}\n``` -->", f"````\n{GALLEY}\n```\n````", "```text\nplain\n```", "```console\n$ ls\n```",
    '!!! note "x"',
    "```py\n>>> 1\n1\n```", "`code` and ``` more", f'{GALLEY} source="above"\n```',
    '~~~python list="claims" exec="on"\n~~~',
)  # fmt: skip
FAULTY_WORDS = (
    "```", "~~~", "````", "> ```", "    ```", "<!--", "-->", "    code", "\tcode", ">" * 2000, " " * 3000, "`" * 500,
    f"{GALLEY}\ncode\n```", f"    {GALLEY}\n    ```", GALLEY, "- " * 300, "1. " * 300 + GALLEY,
)  # fmt: skip


@st.composite
def fences(draw: st.DrawFn) -> str:
    """A fence with options that may not go together."""
    given = " ".join(draw(st.lists(FENCE_OPTIONS, min_size=1, max_size=3)))
    language = draw(st.sampled_from(["python", "python", "py", ""]))
    return f"{draw(OPENERS)}{language} {given}\n{draw(st.sampled_from(WORDS))}\n```"


def read_page(text: str) -> str:
    """Find the fences of a page, and the blocks that were typed by hand."""
    lines = text.split("\n")
    found, errors = find_fences(lines, Path("docs/page.md"))
    for error in [*errors, *left_over(lines, lines, Path("docs/page.md"))]:
        named(error, len(lines))
    for fence in found:
        assert fence.name.split("/")[-1] in text
        assert 1 <= fence.place.line <= len(lines)
    return "fences" if found else "told" if errors else "none"


def test_any_page_is_read_or_told(counts: Counts) -> None:
    usual = lines_of(st.sampled_from(WORDS), FAULTY_WORDS)
    pages = spoilt(st.integers(0, 9).flatmap(lambda number: usual if number else fences()), 6)
    fuzz(pages, read_page, hard.size(150, 250_000), counts)
    assert min(counts.of["fences"], counts.of["told"]) * 20 > counts.of.total(), "both are reached"


SETTINGS = {
    "[tool.galley]": (
        'docs = "pages"', 'snippets = "code"', 'outputs = "out"', 'imports = ["json"]', 'links = ["data"]',
        "timeout = 2.5",
        'packages = ["pip"]', 'sandbox = "on"', 'reads = ["/opt"]', 'install = "make"', 'lock = "lock.txt"',
        "output_limit = 9",
        'plugins = ["a:B"]', 'machine = ["x"]', 'line = ["python"]', 'mutations = "m.json"', 'signers = "signers"',
        "# a comment",
        "page_timeout = 3", 'reads = [\n"a",\n"b"]',
    ),
    "[tool.galley.environment]": ('A = "b"', 'B = """\nc\n"""', "C = 'd'"),
    "[tool.galley.hooks]": ('setup = "a.b:c"', 'prepare = "a:b"'),
    "[tool.galley.profiles.laptop]": ("required = true", 'title = "t"', "memory_mb = 9", 'devices = ["/dev/null"]', ""),
    "[tool.galley.profiles.laptop.parameters]": ('a = "x"', "b = [1, true]", "c = -1.5", "d = 0x1f"),
    "[tool.galley.profiles.laptop.pins]": ('a = "b.toml"',),
    "[tool.galley.profiles.other]": ("required = true", "title = 't'"),
    "[tool.other]": ("x.y = 1", "z = 1979-05-27"),
}  # fmt: skip
WRONG = (
    "docs = 1", 'docs = ".."', 'docs = "/etc"', 'snippets = "docs"', 'outputs = "~"', 'links = ["../x"]',
    'links = ["a/b"]',
    "timeout = nan", "timeout = -1", "timeout = 1e400", "sandbox = true", "environment = 1",
    'environment = { "a=b" = "c" }',
    'environment = { A = "\\u0000" }', 'hooks = { setup = "x" }', 'hooks = { none = "a:b" }', "a = 1979-05-27",
    "a = inf", "a = {}",
    "output_limit = 0", '[tool.galley.profiles."../x"]', "[tool.galley.profiles.con]", "required = 1", "unknown = 1",
    "= 1", "[",
    "[tool.galley", "[[tool.galley.profiles]]", "tool.galley = 1", 'a = "\\ud800"', "memory_mb = -1",
    'devices = [""]', "a = [[1], {}]",
    f"a = {'[' * 400}", f"a = {'9' * 5000}", 'docs = "a\\u2028b"', 'docs = "\\u0000"', f'docs = "{"x" * 300}"',
    "\x7f", "\r",
)  # fmt: skip


@st.composite
def settings_files(draw: st.DrawFn) -> str:
    """A pyproject.toml, mostly as it should be: a few lines of a few tables, and now and then one that is wrong."""
    lines = []
    for number, (table, known) in enumerate(SETTINGS.items()):
        if number in (0, 3) or draw(st.booleans()):
            lines += [table, *(["required = true"] if number == 3 else [])]
            lines += draw(st.lists(st.sampled_from(known[number == 3 :]), max_size=3, unique=True))
    if draw(st.booleans()):
        lines.insert(draw(st.integers(0, len(lines))), draw(st.sampled_from(WRONG)))
    return "\n".join(lines)


def test_any_settings_are_read_or_told(counts: Counts, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"

    def read(text: str) -> str:
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            project = find_project(tmp_path)
        except GalleyError as error:
            if "no pyproject.toml with a [tool.galley] table" in error.what:
                return "none"
            return named(error, text.count("\n") + 1)
        assert project.required
        assert all(path.is_relative_to(tmp_path) for path in (project.docs, project.snippets, project.outputs))
        return "settings"

    fuzz(settings_files(), read, hard.size(60, 150_000), counts)
    assert min(counts.of["settings"], counts.of["told"]) * 20 > counts.of.total(), "both are reached"
