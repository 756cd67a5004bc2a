"""What `galley affected` leaves out does not change: tiny packages at random, each run in two releases.

A page uses a package of two modules, and another package that uses it too. One thing of the package is changed at
random. Where the page then prints something else, a reason must be found.
"""

from __future__ import annotations

import importlib
import random
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType

import pytest

from galley.record.footprint import Entered, Footprint, Package, Reached
from galley.record.model import Environment, Record
from galley.run.entered import mentioned, plain
from galley.source.cells import cut
from galley.update.changes import changes
from galley.update.reach import RecordedPage, causes
from guide_folder import GuideFolder
from hard import Counts, size
from wheels import release

A, B, OTHER = "p/a.py", "p/b.py", "q/__init__.py"
FIRST = """\
import os
import math
REG = {}
def register(cls):
    REG[cls.__name__] = cls
    return cls
"""
# Parts of the first module; each `{}` is a number that may change. A part may also go, and come back in another form.
PARTS = {
    "K0": "K0 = {}\n",
    "K1": "K1: int = {}\n",
    "D0": "D0 = K0 + {}\n",
    "L0": "L0 = [K1, {}]\n",
    "effect": "REG.setdefault('number', {})\n",
    "f0": "def f0(x, y={}):\n    z: int = {}\n    return x + y + z\n",
    "f1": "def f1(x):\n    if x > {}:\n        return K0\n    return {}\n",
    "f2": "def f2(x):\n    def inner(y):\n        return y * {}\n    return inner(x) if x > 1 else {}\n",
    "f3": "def f3(x):\n    from .b import H\n    return H + x + {}\n",
    "f4": "def f4(thing):\n    return getattr(thing, 'size', {})\n",
    "f5": "def f5(x):\n    return (lambda y: y + {})(x)\n",
    "f6": "def f6(x):\n    return [y + D0 for y in range(x)] + [{}]\n",
    "C0": "class C0:\n    size = {}\n    def m(self):\n        return self.size + {}\n",
    "C1": "class C1(C0):\n    def __init__(self):\n        super().__init__()\n        self.own = {}\n",
    "C2": "@register\nclass C2(C0):\n    colour = {}\n",
    "C3": "class C3:\n    def make(self):\n        class In:\n            x = {}\n        return In.x\n",
    "end": "floor = math.floor\n",
}
ADDED = {
    "C0": "    def __len__(self):\n        return {}\n",
    "C1": "    def __bool__(self):\n        return bool({})\n",
    "C2": "    def __call__(self):\n        return {}\n",
    "C3": "    size = {}\n",
}
SECOND = """\
from . import a
from .a import K1 as H, C0, C1, f1
from .a import *

class E0(C0):
    def told(self):
        return self.m(), bool(self)

def g0():
    return a.D0

def g1(x):
    return f1(x) + f0(x)

def g2():
    return len(E0()) if hasattr(E0, '__len__') else 0

def g3(name):
    return [each() if callable(each) else each for each in a.REG.values()]
"""
USES = [
    "a.f0(1)", "a.f1(5)", "a.f2(1)", "a.f2(3)", "a.f3(2)", "a.f4(a.C0())", "a.f4(a.C3())", "a.f5(1)", "a.f6(2)",
    "a.K0", "a.L0", "b.H", "b.g0()", "b.g1(2)", "b.g2()", "len(b.g3('C2'))", "a.C1().own", "bool(a.C1())", "a.C0.size",
    "b.E0().told()", "bool(b.E0())", "a.C3().make()", "a.REG['number']", "callable(a.REG['C2']())", "q.seen(a.C0())",
    "q.told()", "q.truth(b.E0())", "len(a.REG)", "a.floor(1.5)", "a.os.sep", "sorted(vars(a.C2()))",
]  # fmt: skip
ELSE = """\
import p.a
from p.b import g1

def seen(thing):
    return thing.size

def told():
    return p.a.K1 + g1(1)

def truth(thing):
    return 'yes' if thing else 'no'
"""


@dataclass
class _Package:
    """The first module of p, as its parts and the numbers in them."""

    parts: dict[str, str] = field(default_factory=lambda: dict(PARTS))
    first: str = FIRST
    numbers: dict[str, list[int]] = field(default_factory=lambda: {name: [1, 2, 3] for name in PARTS})

    @property
    def files(self) -> dict[str, str]:
        """The files of the release."""
        text = "".join(part.format(*self.numbers[name]) for name, part in self.parts.items())
        return {"p/__init__.py": "", A: f"{self.first}{text}", B: SECOND}


def _changed(chance: random.Random) -> tuple[str, _Package]:
    """Another release, with one change; what it is, in a word."""
    found = _Package()
    name = chance.choice(list(found.parts))
    kind = chance.choice(
        ["number", "number", "number", "gone", "added", "import", "bare", "base", "annotation", "order"]
    )
    if kind == "number":
        found.numbers[name] = chance.choice([[9, 2, 3], [1, 9, 3], [9, 9, 9]])
    elif kind == "gone":
        del found.parts[name]
    elif kind == "added":
        name = chance.choice(list(ADDED))
        found.parts[name] += ADDED[name].replace("{}", chance.choice("05"))
    elif kind == "import":
        found.first = chance.choice(
            [FIRST.replace("import os\n", ""), f"import re\n{FIRST}", f"from math import floor\n{FIRST}"]
        )
    elif kind == "bare":
        found.parts["C2"] = found.parts["C2"].replace("@register\n", "")
    elif kind == "base":
        found.parts["C1"] = found.parts["C1"].replace("(C0)", chance.choice(["", "(C0, dict)"]))
    elif kind == "annotation":
        found.parts["f0"] = found.parts["f0"].replace("z: int", "z: float")
    else:
        found.parts = {name: found.parts.pop(name), **found.parts} if name[0] in "fK" else found.parts
    return kind, found


@dataclass
class _Ran:
    said: list[str]
    footprint: Footprint


@contextmanager
def _here(folder: Path, files: Mapping[str, str]) -> Iterator[None]:
    """The packages in a folder, where imports find them."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for each in [each for each in sys.path_importer_cache if each.startswith(str(folder))]:
            del sys.path_importer_cache[each]  # which would be asked at each later import
        for name in [each for each in sys.modules if each.partition(".")[0] in ("p", "q")]:
            del sys.modules[name]


def _ran(folder: Path, files: Mapping[str, str], code: str) -> _Ran:
    """What a page prints, and its footprint, with a release of p; a page that fails prints its error."""
    said: list[str] = []
    entered: list[CodeType] = []

    def heard(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(f"{folder}/"):
            entered.append(frame.f_code)

    with _here(folder, {**files, OTHER: ELSE}):
        sys.setprofile(heard)
        try:
            exec(compile(code, "page", "exec"), {"say": lambda value: said.append(repr(value))})
        except Exception as error:
            said.append(f"{type(error).__name__}: {error}")
        finally:
            sys.setprofile(None)
    return _Ran(said, _footprint(folder, entered))


def _footprint(folder: Path, entered: list[CodeType]) -> Footprint:
    names: dict[str, set[str]] = {}
    functions, modules = set(), set()
    for code in entered:
        path = code.co_filename.removeprefix(f"{folder}/")
        functions.add(f"{path}:{plain(code.co_qualname)}")
        names.setdefault(path.partition("/")[0], set()).update(mentioned(code))
        if code.co_name == "<module>":
            modules.add(path)
    own = Reached(
        tuple(sorted(functions)), tuple(sorted(modules)), {top: tuple(sorted(each)) for top, each in names.items()}
    )
    packages = {name: Package("1.0", (name,)) for name in ("p", "q")}
    return Footprint(packages=packages, own=own, cells={"one": Entered(tuple(range(len(functions))))})


@pytest.fixture
def reasons(folder: GuideFolder) -> Callable[[str, Footprint, _Package, _Package], list[str]]:
    """The reasons that are found why a page with this code can change between two releases."""
    profile = folder.project.required[0]

    def found(code: str, footprint: Footprint, old: _Package, new: _Package) -> list[str]:
        snippets = cut(f"# %% one\n{code}", folder.root / "snippets/page.py", Path("snippets/page.py"))
        record = Record("page", profile.name, "2026-01-01T00:00:00Z", Environment(), ())
        page = RecordedPage(folder.root, snippets, profile, record, footprint)
        was, now = (release("p", version, each.files) for version, each in (("1.0", old), ("1.1", new)))
        return [cause.what for cause, _ in causes(page, footprint, changes("p", was, now, footprint.modules))]

    return found


def test_whatever_changes_what_a_page_prints_has_a_reason(
    reasons: Callable[[str, Footprint, _Package, _Package], list[str]], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    counts = Counts(request.node)
    for seed in range(size(300, 30_000)):
        chance = random.Random(seed)
        uses = chance.sample(USES, chance.randint(2, 7))
        code = "import q\nfrom p import a, b\n" + "".join(f"say({each})\n" for each in uses)
        kind, new = _changed(chance)
        before = _ran(tmp_path / f"{seed}o", _Package().files, code)
        after = _ran(tmp_path / f"{seed}n", new.files, code)
        why = reasons(code, before.footprint, _Package(), new)
        assert why or before.said == after.said, f"seed {seed}, {kind}: {uses}: {before.said} became {after.said}"
        counts.add("named" if before.said != after.said else "named in vain" if why else "left out")
    assert counts.of["named"] > counts.of.total() // 10, "the changes do change pages"
    assert counts.of["left out"] > counts.of.total() // 4, "pages are left out that do not change"
