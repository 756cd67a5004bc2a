"""An assertion that fails says what it compared, and one that holds leaves no trace of having been watched."""

from __future__ import annotations

import re
import sys

import pytest

from guide_folder import GuideFolder

VALUES = {
    "a call against a text": (
        "import json\nwanted = '[2]'\nassert json.dumps([1]) == wanted",
        ["json.dumps([1]) = '[1]'", "wanted = '[2]'"],
    ),
    "a call against a constant": ("assert len([1, 2]) == 3", ["len([1, 2]) = 2"]),
    "a chain": ("low, high = 1, 2\nassert low < high + 1 < 2", ["low = 1", "high + 1 = 3"]),
    "the arguments of a call": ("x = 3\nassert isinstance(str(x), int)", ["str(x) = '3'", "x = 3"]),
    "what must not be": ("d = {'a': 1}\nassert not d.get('a')", ["d.get('a') = 1", "d = {'a': 1}  (dict)"]),
    "each part of a condition": ("a, b = 1, 0\nassert a and b.bit_length()", ["b.bit_length() = 0", "a = 1", "b = 0"]),
    "in a loop": ("for n in range(3):\n    assert n * 2 < 3, n", ["n * 2 = 4", "n = 2"]),
    "in a function": ("def f(x):\n    y = x + 1\n    assert y == 3\nf(1)", ["y = 2"]),
    "over several lines": ("assert sorted(\n    [2, 1]\n) == [\n    3\n]", ["sorted( [2, 1] ) = [1, 2]  (list)"]),
    "texts that part late": (
        "one = 'a' * 30 + 'b'\nassert one.upper() == 'A' * 30 + 'C'",
        ["they part at character 30: …'AAAAAAAAAAAAAAAAAAAAB' against …'AAAAAAAAAAAAAAAAAAAAC'"],
    ),
    "lists that part late": ("assert list(range(30)) == [*range(29), 5]", ["they part at index 29: 29 against 5"]),
    "a list that ends": ("assert list(range(30)) == [*range(29)]", ["they part at index 29: 29 against nothing"]),
    "a repr that fails": (
        "class A:\n    def __repr__(self): raise KeyError('no')\na = A()\nassert a is None",
        ["a = (A, repr raised KeyError: 'no')"],
    ),
    "a value that is long": (
        "x = 'b' * 10_000\nassert x == 'b'",
        ["x = 'bbbbb", "bbb'  (length 10000)", "they part at character 1: "],
    ),
}


@pytest.mark.parametrize("case", VALUES)
def test_a_failed_assertion_says_what_it_compared(folder: GuideFolder, case: str) -> None:
    code, told = VALUES[case]
    folder.snippet("page", f"# %% one\n{code}\n")
    (failure,) = folder.run().summary.failures
    assert "AssertionError" in failure.what
    for line in told:
        assert line in failure.detail, failure.detail


def test_the_command_prints_the_values_below_the_traceback(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one [claim]\n"""It is so."""\nimport json\nassert json.dumps([1]) == "[2]"\n')
    done = folder.galley("run")
    assert done.returncode == 4
    assert "snippets/page.py:4: page page (laptop) in cell one: the claim does not hold: «It is so.»" in done.stdout
    assert "    AssertionError\n    json.dumps([1]) = '[1]'\n" in done.stdout


def test_an_error_that_is_no_failed_assertion_has_no_values(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nx = {}\nassert x['a'] == 1\n")
    folder.snippet("other", "# %% one\nx = 5\nraise AssertionError('mine')\n")
    for failure in folder.run().summary.failures:
        assert "x = " not in failure.detail.replace("x = 5\n", ""), failure.detail


WATCHED = """\
# %% one
import gc, sys, traceback, weakref
class Thing: pass
thing = Thing()
gone = weakref.ref(thing)
for each in [1]:
    assert [thing][0] is not None
    del thing
    print(gone())
assert [Thing()][0] is not None
gc.collect()
print([type(each).__name__ for each in gc.get_objects() if type(each) is Thing])
print(sorted(name for name in globals() if not name.startswith("__")))
calls = []
def note(value):
    calls.append(value)
    return value
assert note(1) < note(2) < note(3) and note(4) or note(5)
assert not (note(6) == note(7) == note(8))
print(calls)
try:
    assert (lambda: note(0))(), "a message"
except AssertionError as error:
    print(error)
    traceback.print_exc(file=sys.stdout)
print([frame.name for frame in traceback.extract_stack()])
def function(x):
    assert len(x) == 1
    return x
print(function.__code__.co_consts)
"""


def test_a_page_computes_and_sees_what_plain_python_does(folder: GuideFolder) -> None:
    path = folder.snippet("page", WATCHED)
    assert not folder.run().failures
    plain = folder.call(["python", str(path)]).stdout
    assert "'one'" not in plain
    recorded = folder.output("page", "one.stdout.txt")
    assert recorded.replace("snippets/page.py", "page.py") == re.sub(
        r", line \d+", "", plain.replace(str(path), "page.py")
    )


DEEP = {
    "a sum": "+".join(['int("1")'] * 1500) + " == 1500",
    "negations": "not " * 900 + 'int("1")',
    "attributes": "node" + ".node" * 1500,
    "subscripts": "table" + "[0]" * 1500,
    "many parts": " and ".join(['int("1")'] * 2000),
}
BEFORE = "node = type('Node', (), {})()\nnode.node = node\ntable = {}\ntable[0] = table\n"


@pytest.mark.parametrize("case", DEEP)
def test_an_assertion_that_python_takes_holds_or_fails_as_an_assertion(folder: GuideFolder, case: str) -> None:
    folder.snippet("holds", f"# %% one\n{BEFORE}assert {DEEP[case]}\n")
    folder.snippet("fails", f"# %% one\n{BEFORE}assert not ({DEEP[case]})\n")
    (failure,) = folder.run().summary.failures
    assert failure.page == "fails"
    assert failure.what == "AssertionError"
    assert "RecursionError" not in failure.detail


LONG = {
    "a sum": " + ".join(["1"] * 1500),
    "calls": "+".join(['int("1")'] * 1500),
    "attributes": "node" + ".node" * 1500,
}


@pytest.mark.parametrize("case", LONG)
def test_a_statement_that_plain_python_takes_runs(folder: GuideFolder, case: str) -> None:
    folder.snippet("page", f"# %% one\n{BEFORE}x = {LONG[case]}\n# %% two\n{LONG[case]} and 2\n")
    assert not folder.run().failures
    assert folder.output("page", "two.value.txt") == "2"
    folder.snippet("page", "# %% one\nimport sys\nprint(sys.getrecursionlimit())\n")
    folder.run()
    assert folder.output("page", "one.stdout.txt") == f"{sys.getrecursionlimit()}\n"
