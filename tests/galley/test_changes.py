"""What differs between two releases, statement by statement, and where a link into the old one leads in the new one."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from galley.update.asks import mentions
from galley.update.changes import Changes, changes
from galley.update.links import moved_links, rewritten, source_links
from galley.update.units import read_code
from guide_folder import GuideFolder
from wheels import release

M = "p/m.py"


def compared(old: Mapping[str, str], new: Mapping[str, str], *requires: list[str]) -> Changes:
    """What differs between two releases of p with these files, of which a page imported each module."""
    was, now = requires or ([], [])
    modules = [path for path in old if path.endswith(".py")]
    return changes("p", release("p", "1.0", old, was), release("p", "1.1", new, now), modules)


def said(found: Changes, path: str = M) -> set[str]:
    """What differs in a module: functions with (), names, attributes with a dot, headers with a colon; ! at import."""
    return {
        *(f"{name}()" for name in found.functions.get(path, ())),
        *found.names.get(path, ()),
        *(f".{name}" for name in found.attributes),
        *(f"{name}:" for name in found.headers.get(path, ())),
        *(["!"] if path in found.effects else []),
    }


CASES: dict[str, tuple[str, str, str, set[str]]] = {
    "the body of a function": ("def f():\n    return {}", "1", "2", {"f()"}),
    "a function in a function": ("def f():\n    def g():\n        return {}\n", "1", "2", {"f.<locals>.g()"}),
    "the default of a function in a function": (
        "def f():\n    def g(x={}):\n        pass\n",
        "1",
        "2",
        {"f()", "f.<locals>.g()"},
    ),
    "whether a function in a function waits to be asked": (
        "def f():\n    def g():\n        {}\n",
        "yield",
        "pass",
        {"f()", "f.<locals>.g()"},
    ),
    "an annotation in a function": ("def f():\n    x: {0} = 1\n    y.z: {0} = 2\n    w: {0}\n", "int", "str", set()),
    "an annotation in a class in a function": ("def f():\n    class C:\n        x: {} = 1\n", "int", "str", {"f()"}),
    "a method in a class in a function": (
        "def f():\n    class C:\n        def g(self):\n            return {}\n",
        "1",
        "2",
        {"f.<locals>.C.g()"},
    ),
    "a default": ("def f(x={}):\n    pass", "1", "2", {"f()", "f"}),
    "a default of a keyword": ("def f(*, y, x={}):\n    pass", "1", "2", {"f()", "f"}),
    "an annotation": ("def f(x: {0}, *y: {0}) -> {0}:\n    pass", "int", "str", set()),
    "an annotation below a decorator": ("@known\ndef f(x: {}):\n    pass", "int", "str", {"f()", "f", "!"}),
    "an annotated answer below a decorator": ("@known\ndef f() -> {}:\n    pass", "int", "str", {"f()", "f", "!"}),
    "an annotated answer of a property": (
        "class C:\n    @property\n    def f(self) -> {}:\n        pass",
        "int",
        "str",
        {"C.f()"},
    ),
    "a decorator": ("@{}\ndef f():\n    pass", "one", "two", {"f()", "f", "!"}),
    "a decorator that keeps nothing": (
        "class C:\n    @{}\n    def f(self):\n        pass",
        "property",
        "classmethod",
        {"C.f()", ".f"},
    ),
    "a docstring": ("def f():\n    '{}'\n    return 1", "one", "two", set()),
    "what a checker alone reads": ("if TYPE_CHECKING:\n    x = {}\nelse:\n    y = 1", "1", "2", set()),
    "what a checker does not read": ("if typing.TYPE_CHECKING:\n    x = 1\nelse:\n    y = {}", "1", "2", {"y"}),
    "what runs as a program": ("if __name__ == '__main__':\n    x = {}", "1", "2", set()),
    "the other part of a condition": ("if a:\n    x = 1\nelse:\n    y = {}", "1", "2", {"y"}),
    "a condition": ("if a > {}:\n    x = 1\nelse:\n    y = 2", "1", "2", {"x", "y"}),
    "the end of a try": ("try:\n    x = 1\nfinally:\n    y = {}", "1", "2", {"y"}),
    "what a try does without an error": ("try:\n    x = 1\nexcept E:\n    pass\nelse:\n    y = {}", "1", "2", {"y"}),
    "which error is caught": ("try:\n    x = 1\nexcept {}:\n    x = 2", "E", "F", {"x"}),
    "what stands in a with": ("with a():\n    x = {}", "1", "2", {"x"}),
    "the context of a with": ("with a({}):\n    x = 1", "1", "2", {"x", "!"}),
    "a name that is added to": ("x = 1\nx += {}", "1", "2", {"x"}),
    "names in a tuple": ("x, y = 1, {}", "1", "2", {"x", "y"}),
    "names in a list": ("[x, y] = 1, {}", "1", "2", {"x", "y"}),
    "an attribute of something": ("x, y.z = 1, {}", "1", "2", {"!"}),
    "a call": ("a({})", "1", "2", {"!"}),
    "an import": ("import {} as x", "a", "b", {"x"}),
    "an import of all names": ("from .{} import *", "a", "b", {"!"}),
    "an attribute of a class": ("class C:\n    x = {}", "1", "2", {".x"}),
    "a special attribute of a class that a decorator may keep": (
        "@a\nclass C:\n    __slots__ = ('{}',)",
        "a",
        "b",
        {"C:", "C", "!"},
    ),
    "a special attribute of a dataclass": (
        "@dataclass\nclass C:\n    __slots__ = ('{}',)",
        "a",
        "b",
        {"C:", "C"},
    ),
    "the decorator of a class": ("@{}\nclass C:\n    pass", "a", "b", {"C:", "C", "!"}),
    "a base, and what is derived from the class": (
        "class A({}):\n    pass\nclass B(A):\n    pass",
        "x",
        "y",
        {"A", "A:", "B", "B:"},
    ),
    "an attribute of a class with a decorator": ("@a\nclass C:\n    x = {}", "1", "2", {".x", "C:", "C"}),
    "a special attribute of a class": ("class C:\n    __slots__ = ('{}',)", "a", "b", {"C:", "C"}),
    "a special attribute of a class in a class": (
        "class C:\n    class D:\n        __slots__ = ('{}',)",
        "a",
        "b",
        {"C.D:", "C"},
    ),
    "the base of a class": ("class C({}):\n    pass", "A", "B", {"C", "C:"}),
    "a list of names that is made of a name": ("x = {}\n__all__ = ['x']\ny = __all__", "1", "2", {"x"}),
    "a condition of an import": ("if x > {}:\n    from q import y", "1", "2", {"y"}),
    "what a condition of an import asks for": ("x = {}\nif x:\n    from q import y", "1", "2", {"x", "y"}),
    "a list of names": ("x = 1\n__all__ = ['{}']", "x", "y", set()),
    "what is made of a name": ("x = {}\ny = x\nz = y\nw = 3", "1", "2", {"x", "y", "z"}),
    "nothing": ("x = 1  # {}\n\n'''{}'''", "one", "two", set()),
}


@pytest.mark.parametrize("case", CASES)
def test_what_differs_in_a_module_is_what_can_do_something_else(case: str) -> None:
    text, one, other, wanted = CASES[case]
    assert said(compared({M: text.format(one, one)}, {M: text.format(other, other)})) == wanted


IMPORTS = {
    "from .n import X as Y": "p/n.py",
    "from p.n import X as Y": "p/n.py",
    "from .s import X as Y": "p/s/__init__.py",
    "from p import X as Y": "p/__init__.py",
}


@pytest.mark.parametrize("line", IMPORTS)
def test_a_name_that_is_imported_is_the_one_where_it_was_made(line: str) -> None:
    there = IMPORTS[line]
    found = compared({M: line, there: "X = 1\nZ = 1\n"}, {M: line, there: "X = 2\nZ = 1\n"})
    assert said(found) == {"Y"}
    assert said(compared({M: line, there: "X = 1\nZ = 1\n"}, {M: line, there: "X = 1\nZ = 2\n"})) == set()


def test_a_name_goes_on_through_modules_in_whatever_order() -> None:
    old = {
        "p/a.py": "from .b import X\n",
        "p/b.py": "from .c import X\n",
        "p/c.py": "X = 1\n",
        "p/s/d.py": "from ..a import X as W\n",
    }
    found = compared(old, {**old, "p/c.py": "X = 2\n"})
    assert [said(found, path) for path in old] == [{"X"}, {"X"}, {"X"}, {"W"}]


@pytest.mark.parametrize("now", [None, "def f(:\n"])
def test_a_module_that_is_gone_or_cannot_be_read_changes_all_that_it_bound(now: str | None) -> None:
    old = {M: "from .n import f\n", "p/n.py": "def f():\n    pass\nx = 1\na()\n"}
    found = compared(old, {M: old[M]} | ({} if now is None else {"p/n.py": now}))
    assert said(found, "p/n.py") == {"f", "x", "!"}
    assert said(found) == {"f", "!"}, "its import fails"


def test_a_version_is_asked_for_with_the_name_before_it() -> None:
    found = compared({"p/__init__.py": "__version__ = '1'"}, {"p/__init__.py": "__version__ = '2'"})
    assert found.names["p/__init__.py"]["__version__"].number

    def asks(code: str, path: str = M) -> bool:
        return found.asked(path, mentions(ast.parse(code))) is not None

    assert asks("from . import __version__")
    assert asks("from .about import __version__")
    assert asks("from p import __version__")
    assert asks("import p\np.__version__")
    assert not asks("import q\nq.__version__")
    assert not asks("from q import __version__")


def test_the_names_that_code_asks_for_are_told_apart() -> None:
    found = mentions(ast.parse("import a.b\nfrom .c import d\nf.g('h')\nx = 'no name', 'i'\n"))
    assert found.globals == {"f", "x"}
    assert found.attributes == {"g"}
    assert found.texts == {"h", "i"}
    assert found.imports == {("a.b", ""), (".c", "d")}
    assert found.modules - {""} == {"a", "b", "c", "d"}
    assert mentions(ast.parse("m('a.b', '.c.d', 'a..b', 'a b.c')")).imports == {("a.b", ""), (".c.d", "")}


def asks(found: Changes, code: str, file: str = "") -> bool:
    """Whether code asks for something that differs, in a file of the package or, without one, elsewhere."""
    said = mentions(ast.parse(code))
    return (found.asked(file, said) if file else found.asked_outside(said, lambda: said)) is not None


def test_a_name_that_a_module_imports_is_asked_for_in_that_module_or_through_it() -> None:
    old = {M: "import os\n", "p/__init__.py": "", "p/n.py": "from . import m\n", "p/o.py": "", "p/s/m2.py": "import os"}
    found = compared(old, {**old, M: ""})
    assert asks(found, "os.sep", M)
    assert not asks(found, "os.sep", "p/o.py")
    assert asks(found, "m.os", "p/n.py")
    assert not asks(found, "m.os", "p/o.py")
    for code in ("from p.m import os", "import p.m\np.m.os", "import p\np.m.os", "from p import m as x\nx.os"):
        assert asks(found, code), code
    for code in ("import os\nos.sep", "from q.m2 import os", "import p\nthing.os", "'os'", "from .m import os"):
        assert not asks(found, code), code
    assert asks(found, "import importlib\ngetattr(importlib.import_module('p.m'), 'os')")


def test_an_import_asks_for_the_name_in_the_module_that_it_names() -> None:
    old = {
        M: "X = 1\n",
        "p/n.py": "X = 1\n",
        "p/__init__.py": "def __getattr__(name):\n    pass\n",
        "p/all.py": "from .m import *",
    }
    found = compared(old, {**old, M: "X = 2\n"})
    for code in ("from p.m import X", "from p import X", "from p.all import X", "from p.gone import X"):
        assert asks(found, code), code
    for code in ("from p.n import X", "from q import X", "from p.m import Y"):
        assert not asks(found, code), code
    assert asks(found, "from .m import X", "p/n.py")
    assert not asks(found, "from .n import X", M)
    assert asks(found, "X", "p/all.py"), "nobody sees which names an import of all names gives"


def test_a_module_that_fails_at_its_import_counts_for_all_that_have_it() -> None:
    old = {M: "X = 1\nY = X\n", "p/n.py": "from .m import X as W\n", "p/o.py": "from .m import Y\n"}
    found = compared(old, {**old, M: "Y = 1\n"})
    assert [path for path in old if path in found.effects] == ["p/n.py"]
    assert found.effects["p/n.py"].what == "p/n.py imports `X`, which is gone from p/m.py"
    assert not compared(old, {M: "Y = 1\n", "p/n.py": "", "p/o.py": old["p/o.py"]}).effects
    assert compared(old, {**old, M: "Y = X\n"}).effects[M].what == "p/m.py asks for `X`, which is gone"
    assert not compared(old, {**old, M: "Y = 1\nfrom .z import *\n"}).effects.keys() - {M}


def test_the_number_alone_differs_where_no_file_of_the_package_does_besides() -> None:
    old = {"p/__init__.py": "__version__ = '1'\n", M: "def f():\n    pass\nx = 1\n"}
    new = {**old, "p/__init__.py": "__version__ = '2'\n"}
    assert compared(old, new).number_alone
    for text in ("def f():\n    return\nx = 1\n", "def f():\n    pass\nx = 2\n", "def f():\n    pass\nx = 1\na()\n"):
        assert not compared(old, {**new, M: text}).number_alone
    assert not compared(old, {**new, "p/more.py": ""}).number_alone
    assert not compared({**old, "p/w.txt": ""}, {**new, "p/w.txt": "1"}).number_alone
    was, now = release("p", "1.0", old), release("p", "1.1", {**new, M: "y = 1\n"})
    assert not changes("p", was, now, ["p/__init__.py"]).number_alone, "a module that no page imported counts too"


def test_files_and_entry_points_count_and_what_pip_writes_does_not() -> None:
    points, record = "p-1.0.dist-info/entry_points.txt", "p-1.0.dist-info/RECORD"
    old = {M: "", "p/old.txt": "", "p/same.txt": "", "p/other.txt": "1", points: "a", record: "1"}
    new = {M: "", "p/new.txt": "", "p/same.txt": "", "p/other.txt": "2", points: "a", record: "2"}
    found = compared(old, new)
    assert {path: cause.what for path, cause in found.files.items()} == {
        "p/old.txt": "the file p/old.txt is gone",
        "p/new.txt": "the file p/new.txt changed",
        "p/other.txt": "the file p/other.txt changed",
    }
    assert not found.effects
    assert compared(old, {**new, points: "b"}).effects[M].what == "the entry points of p changed"


def test_compiled_files_of_either_release_count_whole() -> None:
    for old, new in (({"p/a.so": ""}, {}), ({}, {"p/a.so": ""}), ({"p/a.so.1": ""}, {})):
        whole = compared({M: "", **old}, {M: "", **new}).whole
        assert whole
        assert "compiled files" in whole.what


def test_what_is_required_is_compared_as_it_is_meant() -> None:
    old = ["A_b >= 1", "c", "d; extra == 'x'", "no requirement <"]
    new = ["a.b>=1", "c>2", "e; extra == 'x'", "no requirement <"]
    assert compared({M: ""}, {M: ""}, old, new).requirements == ("requires c>2 now", "no longer requires c")


def test_a_difference_weighs_as_many_lines_as_differ() -> None:
    old = {M: "def f():\n    a = 1\n    b = 2\n    c = 3\n    return a\n"}
    for new, weight in (("b = 2", 2), ("b = 2\n    b = 3", 3)):
        found = compared(old, {M: old[M].replace("c = 3", new)})
        assert found.functions[M]["f"].weight == weight


def test_of_a_function_with_the_same_text_nothing_is_taken_apart() -> None:
    text = "def f():\n    return 1\n\n@seen\ndef g(x: int):\n    def h():\n        pass\n    return 2\n"
    one, other = read_code(text), read_code(text.replace("1", "3"))
    assert {name for name in one.functions if one.functions[name] != other.functions[name]} == {"f"}
    assert ["digest" in vars(unit) for name in one.functions for unit in one.functions[name]] == [True, False, False]
    assert read_code(text.replace("@seen", "@read")).functions["g"] != one.functions["g"], "a decorator is part of it"
    assert read_code(text.replace("2", "4")).functions["g"] != one.functions["g"], "its last line is part of it"


def test_a_function_is_compared_when_somebody_asks_for_it() -> None:
    old = {M: "def f():\n    return 1\ndef g():\n    return 1\n"}
    found = compared(old, {M: old[M].replace("1", "2")})
    units = found.functions[M].was
    assert "f" in found.functions[M]
    assert ["own" in vars(units[name][0]) for name in ("f", "g")] == [True, False]
    assert list(found.functions[M]) == ["f", "g"]
    assert (len(found.functions[M]), found.functions[M].get("h")) == (2, None)


def test_a_function_moved_where_the_same_one_is_now_and_is_gone_otherwise() -> None:
    body = "def f():\n    return {}\n"
    for at, said in (("1", "`f` moved to p/n.py"), ("2", "`f` is gone")):
        found = compared({M: body.format(1), "p/n.py": ""}, {M: "", "p/n.py": body.format(at)})
        assert found.functions[M]["f"].what == said


def test_a_name_that_is_defined_once_more_is_another_function() -> None:
    body = "def f():\n    return 1\n"
    assert "f" in compared({M: body}, {M: f"{body}if x:\n    def f():\n        return 2\n"}).functions[M]


def test_the_same_bytes_mean_another_text_in_another_encoding() -> None:
    text = "# coding: {}\ndef f():\n    return '\xe4'\n".encode("latin-1")
    one, other = (read_code(text.replace(b"{}", each)) for each in (b"latin-1", b"cp437"))
    assert one.functions["f"] != other.functions["f"]


def test_a_symbol_is_at_the_line_of_its_last_definition() -> None:
    code = read_code(
        "try:\n    import a\nexcept E:\n    def f(): pass\n    class C: pass\n"
        "else:\n    def f(): pass\n    class C: pass\n"
        "class D:\n    x = 1\n    def g(self): pass\ny = 1\n"
    )
    lines = {name: code.line(name) for name in ("f", "C", "D", "D.x", "D.g", "y", "a", "none")}
    assert lines == {"f": 7, "C": 8, "D": 9, "D.x": 10, "D.g": 11, "y": 12, "a": 2, "none": 0}


LINK = "https://example.org/o/p/blob/v1.0/src/p/m.py#L"
OLD = """\
import a

x = 1
class C:
    y = 2
    def f(self):
        same = 1
        twice = 1
        twice = 1
    z = 9
# the end"""
NEW = f"# new\n{OLD}".replace("f(self)", "f(self, more=1)")
LEADS = {1: 2, 2: 0, 3: 4, 4: 5, 5: 6, 6: 7, 7: 8, 8: 0, 10: 11, 11: 12, 12: 0, 99: 0}


def test_a_link_leads_to_the_same_symbol_or_to_the_same_text_that_is_there_once(folder: GuideFolder) -> None:
    others = [LINK.replace("v1.0", "v0.9") + "1", LINK + "12345678", LINK + "x", LINK.replace("/m.py", "/n.py") + "1"]
    folder.page("links", "\n".join(f"[`x`]({link})" for link in [*(f"{LINK}{line}" for line in LEADS), *others]))
    old, new = (release("p", version, {M: text}) for version, text in (("1.0", OLD), ("1.1", NEW)))
    found = list(moved_links(folder.guide, old, new))
    assert {int(each.url.rpartition("L")[2]): each.line for each in found} == LEADS
    assert [each.place.line for each in found] == list(range(3, 3 + len(LEADS)))
    assert [each.new_url for each in found] == [
        f"{LINK.replace('v1.0', 'v1.1')}{line}" if line else "" for line in LEADS.values()
    ]
    assert {each.symbol for each in found if each.changed} == {"C.f"}
    assert {each.symbol for each in found} == {"", "a", "x", "C", "C.y", "C.f", "C.z"}


def test_an_address_with_or_without_a_v_is_known_and_one_that_goes_on_is_another() -> None:
    plain = LINK.replace("v1.0", "1.0") + "7"
    (found,) = source_links(f"see <{plain}>.")
    assert found.at("2.0", 8) == plain.replace("/1.0/", "/2.0/").replace("L7", "L8")
    (found,) = source_links(f'<a href="{LINK}7">')
    assert (found.version, found.path, found.line) == ("1.0", "src/p/m.py", 7)
    text = f"({LINK}1) ({LINK}12) ({LINK}1)"
    assert rewritten(text, {f"{LINK}1": "new"}) == f"(new) ({LINK}12) (new)"
