"""What a cell needs of the cells before it: each case is a page's cells, and the copy of the last one."""

from __future__ import annotations

import argparse
import ast
import statistics
import symtable
from collections.abc import Iterator
from pathlib import Path

import pytest

from galley.source.cells import cut
from galley.source.effects import effects
from galley.source.slices import Slices

# The cells above, the last cell, and what of the cells above is needed.
ALL: list[str] = []
CASES = {
    "what it reads": (["a = 1", "b = 2"], "print(a)", ["a = 1"]),
    "what that reads in turn": (["a = 1", "b = a + 1", "c = 3"], "b", ["a = 1", "b = a + 1"]),
    "only the last binding": (["a = 1", "a = 2"], "a", ["a = 2"]),
    "a binding that reads the one before": (["a = 1", "a = a + 1"], "a", ALL),
    "an assignment that adds": (["a = 1", "b = 2", "a += b"], "a", ALL),
    "a list that is added to": (["a = []", "b = a", "b += [1]"], "a", ALL),
    "both branches": (["import os", "a = 1", "if os.sep:\n    a = 2"], "a", ALL),
    "an import without the names that nobody reads": (["from os import path, sep"], "sep", ["from os import sep"]),
    "an import under another name": (["import os.path as p, sys"], "p", ["import os.path as p"]),
    "a method called for its effect": (["a = []", "a.append(1)", "print(a)"], "a", ["a = []", "a.append(1)"]),
    "a store into it": (["a = {}", "a['x'] = 1", "del a['x']"], "a", ALL),
    "a change by another name": (["a = []", "b = a", "b.append(1)"], "a", ALL),
    "a change seen by another name": (["a = []", "b = a", "a.append(1)"], "b", ALL),
    "a change seen by a part": (["a = [[]]", "b = a[0]", "a[0].append(1)"], "b", ALL),
    "a change seen by what contains it": (["a = []", "b = (1, [a])", "a.append(1)"], "b", ALL),
    "a change seen by one of several names": (["a = [], []", "b, c = a", "a[0].append(1)"], "b", ALL),
    "a change seen by what it was stored in": (["a = []", "b = {}", "b['x'] = a", "a.append(1)"], "b", ALL),
    "a change seen by what it was put into": (["a = []", "b = []", "b.append(a)", "a.append(1)"], "b", ALL),
    "a change that an answer does not share": (
        ["a = [1]", "b = len(a)", "a.append(1)"],
        "b",
        ["a = [1]", "b = len(a)"],
    ),
    "a change of what holds it": (["a = []", "b = (a, 1)", "b[0].append(1)"], "a", ALL),
    "an imported function that keeps it": (
        ["from copy import copy", "a = []", "b = copy(a)", "b.append(1)"],
        "a",
        ALL,
    ),
    "a change in a loop": (["a = [[]]", "for each in a:\n    each.append(1)"], "a", ALL),
    "an answer of a method whose name changes": (["a = [1]", "b = a.pop()"], "a", ALL),
    "the next of an iterator": (["a = iter('xy')", "print(next(a))"], "next(a)", ALL),
    "what only shows": (["a = [1]", "print(len(a), a[0])", "assert a", "a"], "a", ["a = [1]"]),
    "an answer that it does not need": (["a = 'x'", "b = a.upper()"], "a", ["a = 'x'"]),
    "a function and what it reads": (["k = 2", "def f(x):\n    return k * x"], "f(1)", ALL),
    "what a function reads when it is called": (["k = 1", "def f():\n    return k", "k = 2"], "f()", ALL),
    "what a function changes": (["seen = []", "def f(x):\n    seen.append(x)", "f(1)"], "seen", ALL),
    "what a function changes of what it is given": (["def f(x):\n    x.append(1)", "a = []", "f(a)"], "a", ALL),
    "a function that only reads": (["def f(x):\n    return len(x)", "a = []", "n = f(a)"], "a", ["a = []"]),
    "a global of a function": (["n = 0", "def f():\n    global n\n    n = 1", "f()"], "n", ALL),
    "a class and its base": (
        ["class A:\n    pass", "class B(A):\n    pass", "c = 1"],
        "B()",
        ["class A:\n    pass", "class B(A):\n    pass"],
    ),
    "a decorator": (["from functools import cache", "@cache\ndef f():\n    return 1"], "f()", ALL),
    "two statements on a line, of which one is read": (["n = 2", "é = 'ü'; k = 1"], "k", ["é = 'ü'; k = 1"]),
    "what the other statement on the line reads": (["k = 1", "m = 3", "n = 2; j = k"], "n", ["k = 1", "n = 2; j = k"]),
    "what ends on the line of another": (["k = 1", "t = '''\n'''; n = k"], "n", ALL),
    "two statements on a line, of which both are": (["k = 1", "é = 'ü'; n = k; k = n"], "k", ALL),
    "names of its own": (["x = 1", "n = 2"], "[x for x in range(n)]", ["n = 2"]),
    "a state that a module has": (["import random", "random.seed(0)"], "random.random()", ALL),
    "a file that it reads": (
        ["from pathlib import Path", "Path('/dev/null').write_text('x')", "Path('/dev/full').exists()"],
        "Path('/dev/null').read_text()",
        ["from pathlib import Path", "Path('/dev/null').write_text('x')"],
    ),
    "a file whose path has a name, which another cell binds again": (
        [
            "from pathlib import Path",
            "folder = Path('/dev')",
            "f = folder / 'null'",
            "f.write_text('x')",
            "g = Path('/dev/full')",
            "g.write_text('')",
            "f = Path('/dev/null')",
        ],
        "f.read_text()",
        [
            "from pathlib import Path",
            "folder = Path('/dev')",
            "f = folder / 'null'",
            "f.write_text('x')",
            "f = Path('/dev/null')",
        ],
    ),
    "several on a line": (["a = 1; b = 2"], "b", ALL),
    "a copy of a list by any built-in": (["a = [[]]", "b = sorted(a)", "b[0].append(1)"], "a", ALL),
    "one of several": (["a = [[], [1]]", "b = max(a)", "b.append(2)"], "a", ALL),
    "a change of each, with its number": (["a = [[]]", "for n, each in enumerate(a):\n    each.append(n)"], "a", ALL),
    "a list of the same": (["a = [[]]", "b = list(a)", "b[0].append(1)"], "a", ALL),
    "an attribute": (["a = [[1]]", "b = a.copy()", "b[0].append(1)"], "a", ALL),
    "a change by the place where it was put": (["a = []", "b = {}", "b['x'] = a", "b['x'].append(1)"], "a", ALL),
    "a change by an object's attribute": (
        ["a = []", "class C:\n    pass", "c = C()", "c.x = a", "c.x.append(1)"],
        "a",
        ALL,
    ),
    "a module in what changes": (["import os", "a = [os]", "a.append(2)"], "os.sep", ["import os"]),
    "a constant that nothing can change": (["k = 'x'", "k.upper()"], "k", ["k = 'x'"]),
    "what the cell reads when it is called": (["a = 1"], "(lambda: a)()", ALL),
    "what a function of a function changes": (
        ["seen = []", "def f():\n    g()", "def g():\n    h()", "def h():\n    seen.append(1)", "f()"],
        "seen",
        ALL,
    ),
    "what a function hands on to one that changes it": (
        ["def f(x):\n    g(x)", "def g(y):\n    y.append(1)", "a = []", "f(a)"],
        "a",
        ALL,
    ),
    "what is handed by a keyword": (["def f(x):\n    x.append(1)", "a = []", "f(x=a)"], "a", ALL),
    "a function that hands on something else": (
        ["from copy import copy", "k = [1]", "def f(x):\n    return len(x) + len(copy(k))", "a = []", "n = f(a)"],
        "a",
        ["a = []"],
    ),
    "a function that changes its own list": (
        ["def f(x):\n    x = [1]\n    x.append(2)\n    return x", "x = []", "f(1)"],
        "x",
        ["x = []"],
    ),
    "what a function changes by another name": (
        ["def f(x):\n    y = x\n    y.append(1)", "a = []", "f(a)"],
        "a",
        ALL,
    ),
    "a class that keeps what it is given": (
        ["class C:\n    def __init__(self, x):\n        self.x = x\n        x.append(1)", "a = []", "c = C(a)"],
        "a",
        ALL,
    ),
    "a list that a comprehension reads at once": (
        ["k = 1", "a = [k for _ in 'x']", "k = 2"],
        "a",
        ["k = 1", "a = [k for _ in 'x']"],
    ),
    "a set that a comprehension reads at once": (
        ["k = 1", "a = {k for _ in 'x'}", "k = 2"],
        "list(a)",
        ["k = 1", "a = {k for _ in 'x'}"],
    ),
    "a dict that a comprehension reads at once": (
        ["k = 1", "a = {k: k for _ in 'x'}", "k = 2"],
        "a",
        ["k = 1", "a = {k: k for _ in 'x'}"],
    ),
    "what a class reads at once": (
        ["k = 1", "class C:\n    x = k", "k = 2"],
        "C.x",
        ["k = 1", "class C:\n    x = k"],
    ),
    "what a class binds by the same name": (["k = 1", "class C:\n    k = k"], "C.k", ALL),
    "a name that a comprehension binds": (["n = [y := 1 for _ in 'x']"], "y", ALL),
    "what an assertion hands to a function": (["import json", "a = [1]", "assert json.dumps(a)"], "a", ["a = [1]"]),
    "what a loop shows": (
        ["import json", "a = [1]", "for _ in 'x':\n    print(json.dumps(a))"],
        "a",
        ["a = [1]"],
    ),
    "what is handed to a method whose answer nobody takes": (
        ["class C:\n    def take(self, x):\n        x.append(1)", "c, a = C(), []", "c.take(a)"],
        "a",
        ALL,
    ),
    "statements of a cell with another between": (["a = 1\nb = 2\nc = 3"], "(a, c)", ["a = 1", "c = 3"]),
    "statements on a line with another between": (["a = 1; b = 2; c = 3"], "(a, c)", ALL),
    "a change and a binding on a line": (["x = []", "x.append(1); b = 2; c = 3"], "[x, c]", ALL),
    "a name in the place where something was put": (
        ["v = []", "b = {}", "k = [1]", "b[k[0]] = v", "k.append(2)"],
        "v",
        ["v = []", "b = {}", "k = [1]", "b[k[0]] = v"],
    ),
    "a class whose base changes what it is given": (
        [
            "class B:\n    def __init__(self, x):\n        x.append(1)",
            "class C(B):\n    def m(self):\n        return 1",
            "a = []",
            "c = C(a)",
        ],
        "a",
        ALL,
    ),
    "all names of a module": (["from os.path import *"], "join('a', 'b')", ALL),
    "a folder that another statement writes into": (
        ["from pathlib import Path", "Path('/dev/null').write_text('x')"],
        "Path('/dev').is_dir()",
        ALL,
    ),
    "a file whose path is joined of names": (
        [
            "from pathlib import Path",
            "folder = Path('/dev')",
            "name = 'null'",
            "p = folder / name",
            "p.write_text('x')",
        ],
        "Path('/dev/null').read_text()",
        ALL,
    ),
    "the folder itself, which tells nothing": (
        ["k = ''", "from copy import copy", "copy('.')"],
        "k + __import__('pathlib').Path('/dev/null').read_text()",
        ["k = ''"],
    ),
    "a context": (["import io", "with io.StringIO('x') as f:\n    a = f.read()"], "a", ALL),
}


def needed(above: list[str], last: str, options: str = "") -> list[str]:
    """The pieces of the cells above that the last one needs."""
    text = "".join(f"# %% c{number}\n{code}\n" for number, code in enumerate(above)) + f"# %% last\n{last}\n"
    cells = cut(text.replace("# %% c1\n", f"# %% c1{options}\n"), Path("/x.py"), Path("x.py")).cells
    pieces = Slices(cells, {"own": {"json"}}.get).before(len(above))
    return [
        piece.text or "\n".join(cells[piece.cell].source.split("\n")[piece.first - 1 : piece.last]) for piece in pieces
    ]


@pytest.mark.parametrize("case", CASES)
def test_a_cell_gets_what_it_needs_and_nothing_else(case: str) -> None:
    above, last, wanted = CASES[case]
    assert needed(above, last) == (wanted or above)


@pytest.mark.parametrize("case", CASES)
def test_the_copy_gives_what_the_page_gives(case: str) -> None:
    above, last, wanted = CASES[case]

    def value(cells: list[str]) -> object:
        space: dict[str, object] = {}
        exec("\n".join(cells), space)
        try:
            found = eval(last, space)
        except SyntaxError:
            return None
        return found if isinstance(found, str | int | list | dict | float) else type(found).__name__

    assert value(above) == value(wanted or above)


def test_an_import_for_its_effect_comes_with_what_it_has_an_effect_on() -> None:
    above = ["import json", "import own", "import of_nobody_knows_what", "print(json)"]
    assert needed(above, "json.dumps(1)") == above[:3]
    assert needed(above, "print(1)") == ["import of_nobody_knows_what"]
    assert needed(["import json", "import own", "own.x, json"], "own.y") == ["import own"]
    assert needed(["import json", "import own", "own.x"], "json.x") == ["import json", "import own"]


def test_an_import_for_its_effect_comes_as_it_stands_also_where_the_cell_imports_what_it_is_for() -> None:
    assert needed(["import own"], "import json\njson.dumps(1)") == ["import own"]
    above = ["import json", "from own import x, y", "x = 1"]
    assert needed(above, "json.dumps(x)") == above


def test_a_module_beside_the_page_keeps_its_dots() -> None:
    assert needed(["from . import a, b", "from ..c import d, e"], "(a, d)") == ["from . import a", "from ..c import d"]


VERBS = "add append delete insert load merge pop push register remove reset resize set unload update"
METHODS = [
    "add",
    "append",
    "clear",
    "close",
    "discard",
    "extend",
    "insert",
    "pop",
    "popitem",
    "popleft",
    "read",
    "readline",
    "remove",
    "reverse",
    "send",
    "setdefault",
    "sort",
    "step",
    "train",
    "update",
    "write",
    "fill_",
    "requires_grad_",
    *(f"{verb}_them" for verb in VERBS.split(" ")),
]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_changes_its_object_is_needed_though_its_answer_is_taken(method: str) -> None:
    above = ["import json", "a = json.thing()", f"b = a.{method}()"]
    assert needed(above, "a") == above
    assert needed([*above[:2], "b = a.said(1)", "c = a._private_()"], "a") == above[:2]


GIVING = "dict enumerate filter frozenset getattr iter list map max min reversed set sorted sum tuple vars zip"


@pytest.mark.parametrize("name", GIVING.split(" "))
def test_what_a_built_in_function_may_give_back_is_changed_with_what_it_was_given(name: str) -> None:
    above = ["a = [[]]", f"b = {name}(a)", "b.x.append(1)"]
    assert needed(above, "a") == above
    assert needed([above[0], "b = len(a)", "c = str(a)", "b.x.append(1)", "c.x.append(1)"], "a") == above[:1]


@pytest.mark.parametrize("mode", ["w", "wb", "a", "x", "r", "rb", ""])
def test_a_file_that_is_opened_for_writing_is_needed_by_who_reads_it(mode: str) -> None:
    above = [f"text = open('data.txt', '{mode}')"]
    assert needed(above, "open('data.txt').read()") == (above if mode[:1] in ("w", "a", "x") and mode else [])


def test_the_statement_that_must_raise_is_left_out() -> None:
    assert needed(["a = 1", "b = 2\na = 1 / 0"], "(a, b)", ' raises="ZeroDivisionError"') == ["a = 1", "b = 2"]


PLAIN = ast.Expr | ast.Assign | ast.Assert | ast.Import | ast.ImportFrom
FORMS = """
from os import *
import os.path, xml.dom as dom, json
from os import path as p, sep
a = b[c].d = e
(f := g)
h, *i = (j for j in k), lambda l: m
n = [o for o in q if (r := o)]
await s
"""


def plain_statements() -> Iterator[ast.stmt]:
    """Statements that hold no others: the forms above, and those of two modules that come with Python."""
    for text in (FORMS, *(Path(each.__file__).read_text() for each in (argparse, statistics))):
        yield from (each for each in ast.walk(ast.parse(text)) if isinstance(each, PLAIN))


def test_the_names_of_plain_statements_are_those_that_python_tells() -> None:
    found = [(each, ast.unparse(each)) for each in plain_statements()]
    assert len(found) > 900
    for statement, text in found:
        told = symtable.symtable(text.replace("await ", ""), "<text>", "exec")
        own = effects(statement, text)
        names = told.get_symbols()
        reads = {each.get_name() for each in names if each.is_referenced()}
        binds = {each.get_name() for each in names if each.is_assigned() or each.is_imported()}
        if not told.has_children():
            assert (own.loads, own.later, own.binds) == (reads, set(), binds), text
