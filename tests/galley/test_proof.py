"""Claims whose assertions prove nothing are told, and no claim that reads what a library or the page computed."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from galley.source.cells import cut
from galley.source.proof import unproved
from guide_folder import GuideFolder

ABOVE = """\
# %% parameters
size = 3
# %% above
import json
from json import dumps as write
text, number, rows, empty = json.dumps([1]), 3, [1, 2], []
plain: str = "plain"
total = 0.1 + 0.2
filled = []
for each in json.loads("[1]"):
    filled.append(each)

counted = []
for each in range(2):
    counted.append(each)

def double(x):
    return 2 * x

# %% claim [claim]{}
"It is so."
"""
ROOT = Path("/a-guide/snippets/page.py")
NOTHING, CANNOT, NEVER, CAUGHT = (
    "has an assertion with nothing of the page's in it",
    "has an assertion that cannot fail",
    "has an assertion that never runs",
    "has an assertion whose failure is caught",
)


def told(code: str, options: str = "", above: str = ABOVE) -> list[str]:
    """What is wrong with a claim that stands below some other cells, with its line in the claim's code."""
    head = above.format(options)
    source = head + dedent(code)
    errors = unproved(cut(source, ROOT, Path("snippets/page.py")))
    first = head.count("\n")
    return [
        f"{(error.place.line if error.place else 0) - first}: {error.what.removeprefix('the claim ')}"
        for error in errors
    ]


EMPTY = {
    "assert True": CANNOT,
    "assert 1 == 1": CANNOT,
    "assert 1 + 1 == 2": NOTHING,
    "x = 3\nassert x == 3": NOTHING,
    "x: int = 3\ny = x\nassert y == x + 0": NOTHING,
    'assert isinstance("a", str)': NOTHING,
    'assert "a".upper() == "A"': NOTHING,
    "assert len([1, 2]) == 2": NOTHING,
    "assert sorted([2, 1]) == [1, 2]": NOTHING,
    "assert number == 3": NOTHING,
    "assert rows == [1, 2]": NOTHING,
    "assert not empty": NOTHING,
    'assert plain == "plain"': NOTHING,
    "assert size": NOTHING,
    "assert size == 3 and len(plain) == 5": NOTHING,
    'assert (text == "[1]", "so")': CANNOT,
    "assert text or True": CANNOT,
    "assert not None": CANNOT,
    "assert not []": CANNOT,
    "assert text == text": CANNOT,
    "assert text is text": CANNOT,
    "assert json": CANNOT,
    "assert lambda: text": CANNOT,
    'assert f"a{text}"': CANNOT,
    "assert (each for each in text)": CANNOT,
    "assert [text]": CANNOT,
    "assert 3, text": CANNOT,
    "assert all(each for each in [1])": NOTHING,
    "assert [each for each in [1]] == [1]": NOTHING,
    "assert (lambda x: x)(1) == 1": NOTHING,
    "if (y := 3):\n    assert y == 3": NOTHING,
    "for each in [1, 2]:\n    assert each": NOTHING,
    "with open('a'):\n    x = 1\nassert x == 1": NOTHING,
    "x = 1\nx += 1\nassert x == 2": NOTHING,
    "print(text)\nx = 3\nassert x == 3": NOTHING,
    "x = text\nx = 3\nassert x == 3": NOTHING,
    "x = [1]\nassert x[0] == 1": NOTHING,
    "x, y = 1, 2\nassert x < y": NOTHING,
    "def f():\n    return True\nassert f()": NOTHING,
    "class A:\n    x = 1\nassert A.x == 1": NOTHING,
    "if False:\n    assert text": NEVER,
    "if True:\n    pass\nelse:\n    assert text": NEVER,
    "while 0:\n    assert text": NEVER,
    "while True:\n    break\nelse:\n    assert text": NEVER,
    "for each in ():\n    assert text": NEVER,
    "def f():\n    assert text": NEVER,
    "def f(x):\n    assert x\nf(3)": NOTHING,
    "def f(x):\n    assert x == x\nf(text)": CANNOT,
    "try:\n    assert text == 2\nexcept AssertionError:\n    pass": CAUGHT,
    "try:\n    assert text == 2\nexcept:\n    print(1)": CAUGHT,
    "try:\n    assert text == 2\nexcept (ValueError, Exception):\n    pass": CAUGHT,
    "from contextlib import suppress\nwith suppress(AssertionError):\n    assert text == 2": CAUGHT,
    "json.assert_equal(1, 1)": NOTHING,
    "match 3:\n    case 3 as x:\n        assert x == 3": NOTHING,
    "match [1, 2]:\n    case [1, *x]:\n        assert x == [2]": NOTHING,
    "assert False": NOTHING,
    "try:\n    int('a')\nexcept ValueError as error:\n    x = str(error)\nassert x": NOTHING,
    "try:\n    assert text == 2\nexcept* AssertionError:\n    pass": CAUGHT,
    "a, *b = 1, 2, 3\nassert a": NOTHING,
}
PROVES = [
    "assert text == '[1]'",
    "assert json.dumps(1) == '1'",
    "assert write(1) == '1'",
    "x = json.dumps(3)\nassert x",
    "x = len(text)\nassert x == 3",
    "assert total != 0.3",
    "assert filled == [1]",
    "assert double(2) == 4",
    "assert counted == [0, 1]",
    "x = []\nx.append(text)\nassert x == ['[1]']",
    "x = {}\nx['a'] = text\nassert x",
    "x = []\njson.each(x)\nassert x == []",
    "x = []\ndef hook(y):\n    x.append(y)\njson.register(hook)\nassert x",
    "x = []\njson.hook = lambda y: x.append(y)\nassert x",
    "x = []\ndef hook():\n    x.append(text)\nhook()\nassert x",
    "n = 0\ndef hook():\n    global n\n    n += 1\njson.register(hook)\nassert n == 1",
    "n = 0\nfor each in text:\n    n += 1\nassert n == 3",
    "n = 0\nif text:\n    n = 1\nassert n == 1",
    "try:\n    json.loads('{')\nexcept ValueError as error:\n    said = str(error)\nassert 'line 1' in said",
    "raised = False\ntry:\n    json.loads('{')\nexcept ValueError:\n    raised = True\nassert raised",
    "try:\n    json.loads('{')\nexcept ValueError:\n    pass\nelse:\n    assert False, 'it must raise'",
    "try:\n    assert text\nexcept AssertionError:\n    raise",
    "try:\n    assert text\nexcept ValueError:\n    pass",
    "with json.opened() as x:\n    assert x",
    "for each in json.loads('[1]'):\n    assert each",
    "for name, size in {'a': text}.items():\n    assert size",
    "assert [each for each in text]  == []",
    "assert json.loads('1') == json.loads('1')",
    "def f(x):\n    assert x\nf(text)",
    "class A:\n    def f(self):\n        return text\nassert A().f()",
    "assert open(__file__).read()",
    "assert eval('1 +' + ' 1') == 2",
    "assert unknown_name",
    "from json import *\nassert starred(1)",
    "json.assert_equal(text, 1)",
    "if (x := json.dumps(1)) and x:\n    assert x == '1'",
    "import csv\nassert csv.reader",
    "assert text\nraise ValueError",
    "x = text\nx += 'a'\nassert x",
    "x = text\nif text:\n    x = 3\nassert x",
    "import csv as x\nif text:\n    x = 0\nassert x",
    "import csv as x\nwhile x:\n    x = 0\nelse:\n    assert text",
    "a, *b = text, 2, 3\nassert a",
    "from json import flag\nassert flag",
    "from contextlib import suppress\nwith suppress(AssertionError):\n    print(1)\nassert text == 2",
    "try:\n    print(1)\nexcept Exception:\n    assert text == 3\nassert text == 2",
    "@json.hook\ndef f():\n    assert text",
    "match json.loads('1'):\n    case x:\n        assert x == 1",
    "assert " + " + ".join(["text"] * 1500),
    "if text == 1:\n    pass\n" + "".join(f"elif text == {n}:\n    pass\n" for n in range(1200)) + "assert text",
]


@pytest.mark.parametrize(("code", "what"), EMPTY.items())
def test_an_assertion_that_proves_nothing_is_told_at_its_line(code: str, what: str) -> None:
    lines = code.split("\n")
    (line,) = [
        at
        for at, text in enumerate(lines, start=1)
        if "assert" in text and "import" not in text and "ept" not in text and "with s" not in text
    ]
    assert told(code) == [f"{line}: 'claim' {what}"]


@pytest.mark.parametrize("code", PROVES)
def test_an_assertion_that_reads_what_was_computed_is_none(code: str) -> None:
    assert told(code) == []


def test_each_assertion_is_told() -> None:
    assert told("assert text\nassert 1\nif text:\n    assert 2\n") == [
        f"2: 'claim' {CANNOT}",
        f"4: 'claim' {CANNOT}",
    ]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("raise ValueError('so')", "1: 'claim' raises its error itself"),
        ("int('a')", "-1: 'claim' raises an error with nothing of the page's in it"),
        ("json.loads('{')", ""),
        ("int(text)", ""),
        ("assert text\nint('a')", ""),
        ("assert number == 3\nint('a')", f"1: 'claim' {NOTHING}"),
        ("def f(x):\n    assert x == 3\nf(4)", f"2: 'claim' {NOTHING}"),
    ],
)
def test_an_error_that_a_claim_must_raise_is_the_librarys(code: str, what: str) -> None:
    assert told(code, ' raises="ValueError"') == ([what] if what else [])


def test_what_another_claim_computed_is_the_pages_own() -> None:
    above = ABOVE + "x = sorted(plain)\nassert text\n# %% other [claim]\n'It is.'\n"
    assert told("assert x == sorted('plain')", above=above) == []


def test_a_cell_that_is_no_claim_may_assert_what_it_likes() -> None:
    assert not unproved(cut("# %% one\nassert True\n", ROOT, Path("snippets/page.py")))


def test_check_fails_with_the_line_and_a_mend_that_mends_it(folder: GuideFolder) -> None:
    code = '# %% one\nimport json\ntext = json.dumps(1)\n# %% two [claim]\n"It is so."\n'
    folder.snippet("page", f"{code}\nassert True\n")
    assert not folder.run().failures
    done = folder.galley("check")
    assert (
        "snippets/page.py:7: unproved: the claim 'two' has an assertion that cannot fail\n"
        "    assert something that the libraries or the page's own code computed, or take it away\n" in done.stdout
    )
    assert done.returncode == 1
    folder.snippet("page", f"{code}\nassert text == '1'\n")
    assert not folder.run().failures
    assert folder.galley("check").returncode == 0
