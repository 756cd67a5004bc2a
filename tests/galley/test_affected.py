"""`galley affected`: what another release of a package can change, found without running it.

The guide has a page for each way in which a change can reach it. Each change is tried against all pages: those that it
can reach must be named, and those that it cannot reach should not be.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from galley.update.affected import Affected, between, of_model
from galley.update.releases import Release, requirement
from galley.update.units import read_code
from guide_folder import SETTINGS, GuideFolder, quiet_environment
from wheels import Bench, index, release, sources, wheel

TINY = {
    "tiny/__init__.py": """\
        from tiny.maths import add, FACTOR
        from tiny.shapes import Square

        __all__ = ["add"]
        __version__ = "1.0"
        """,
    "tiny/maths.py": '''\
        """The maths."""
        import math
        FACTOR = 2
        TWICE = FACTOR * 2
        unused = 1

        def add(one, other=0):
            """Add."""
            return one + other

        def scaled(one: int) -> int:
            # by a constant
            return one * TWICE

        def never(one):
            return one

        def told():
            from tiny import __version__
            return f"tiny {__version__}"
        ''',
    "tiny/shapes.py": """\
        from dataclasses import dataclass
        from tiny import maths

        class Shape:
            sides = 0

            def area(self):
                return maths.add(self.sides, 1)

        class Square(Shape):
            sides = 4

            def described(self):
                return getattr(self, "colour", "none")

        @dataclass
        class Point:
            x: int = 0
        """,
    "tiny/odd.py": """\
        def odd():
            return len(registry)

        registry = []
        registry.append("one")
        """,
    "tiny/words.txt": "hello\n",
}
OTHERS = {
    "passer/__init__.py": "from tiny import maths\n\ndef pi():\n    return maths.math.pi\n",
    "counter/__init__.py": "from tiny.maths import FACTOR\n\ndef counted():\n    return FACTOR\n",
    "stranger/__init__.py": "import math\n\ndef pi():\n    return math.pi, 'FACTOR'\n",
}
PAGES = {
    "adds": "import tiny\nprint(tiny.add(1, 2))",
    "scales": "from tiny import maths\nprint(maths.scaled(2))",
    "draws": "from tiny.shapes import Square\nprint(Square().area())",
    "colours": "from tiny.shapes import Square\nprint(Square().described())",
    "dynamic": "from tiny import shapes\nprint(getattr(shapes, 'Squ' + 'are')().described())",
    "points": "from tiny.shapes import Point\nprint(Point())",
    "odds": "from tiny.odd import odd\nprint(odd())",
    "reads": "import tiny\nfrom pathlib import Path\nprint(Path(tiny.__file__).with_name('words.txt').read_text())",
    "factors": "import tiny\nprint(tiny.FACTOR)",
    "numbers": "from tiny.maths import told\nprint(told())",
    "silent": "from tiny.maths import told\nassert told()",
    "passes": "import passer\nprint(passer.pi())",
    "counts": "import counter\nprint(counter.counted())",
    "strange": "import tiny\nimport stranger\nprint(stranger.pi())",
    "earlier": "print('1.0')\n# %% two\nfrom tiny.maths import told\nassert told()",
    "bystands": "import tiny\nprint(1)",
    "plain": "print(1)",
}
LINKED = "See [`scaled`](https://example.org/o/tiny/blob/v1.0/src/tiny/maths.py#L{line}).\n"


def changed(path: str, old: str, new: str) -> dict[str, str]:
    """The release's files with one text replaced."""
    assert TINY[path].count(old) == 1, f"{old!r} in {path}"
    return {**TINY, path: TINY[path].replace(old, new)}


NEVER = "def never(one):\n            return one"
SCALED = "def scaled(one: int) -> int:\n            # by a constant\n            return one * TWICE\n"
COLOURED = "sides = 4\n            colour = 'red'"
OF_MATHS, SIZED = "from tiny import maths", "sides = 4\n            __len__ = len"
ROUND = "class Round:\n            def __init__(self):\n                pass\n\n        "
FACTORED = {"scales", "factors", "counts"}
MATHS, SHAPES, ODD = "tiny/maths.py", "tiny/shapes.py", "tiny/odd.py"
CHANGES: dict[str, tuple[dict[str, str], set[str]]] = {
    "nothing": (TINY, set()),
    "a docstring": (changed(MATHS, '"""Add."""', '"""Adds."""'), set()),
    "a comment": (changed(MATHS, "# by a constant", "# times four\n"), set()),
    "an annotation": (changed(MATHS, "(one: int) -> int", "(one: float) -> float"), set()),
    "a function that nobody enters": (changed(MATHS, NEVER, NEVER.replace("return one", "return -one")), set()),
    "a new function": (changed(MATHS, NEVER, f"def fresh():\n            pass\n\n        {NEVER}"), set()),
    "an import that a module has no more": (changed(MATHS, "        import math\n", ""), {"passes", "strange"}),
    "an import that is new": (changed(SHAPES, OF_MATHS, f"{OF_MATHS}\n        import math"), {"passes", "strange"}),
    "a special method of a class": (changed(SHAPES, "sides = 4", SIZED), {"draws", "colours", "dynamic"}),
    "a special method of a class that nobody makes": (changed(SHAPES, "class Square", f"{ROUND}class Square"), set()),
    "a name that nobody asks for": (changed(MATHS, "unused = 1", "unused = 2"), set()),
    "a list of names": (changed("tiny/__init__.py", '["add"]', '["add", "Square"]'), set()),
    "a function's body": (changed(MATHS, "return one + other", "return other + one"), {"adds", "draws"}),
    "a default": (changed(MATHS, "other=0", "other=1"), {"adds", "draws"}),
    "a function that is gone": (changed(MATHS, SCALED, ""), {"scales"}),
    "a constant behind a constant": (changed(MATHS, "FACTOR = 2\n", "FACTOR = 3\n"), FACTORED | {"strange"}),
    "an attribute of a class": (changed(SHAPES, "sides = 4", "sides = 5"), {"draws"}),
    "an attribute that a text asks for": (changed(SHAPES, "sides = 4", COLOURED), {"colours", "dynamic"}),
    "the base of a class": (changed(SHAPES, "(Shape)", "(Shape, int)"), {"draws", "colours", "dynamic"}),
    "a field of a dataclass": (changed(SHAPES, "x: int = 0", "x: int = 1"), {"points"}),
    "what happens at an import": (changed(ODD, '("one")', '("two")'), {"odds"}),
    "a file beside the code": ({**TINY, "tiny/words.txt": "bye\n"}, {"reads"}),
    "a module that is gone": ({path: text for path, text in TINY.items() if path != "tiny/odd.py"}, {"odds"}),
    "the number alone": (changed("tiny/__init__.py", '"1.0"', '"1.1"'), {"numbers"}),
    "code that nobody can read": (changed(ODD, "def odd", "def odd !"), {"odds"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A guide whose pages have footprints in an environment with tiny 1.0."""
    bench = Bench.make(tmp_path_factory.mktemp("bench"), SETTINGS)
    shutil.unpack_archive(wheel(bench.wheels, "tiny", "1.0", TINY), bench.environment.packages, "zip")
    shutil.unpack_archive(wheel(bench.wheels, "others", "1.0", OTHERS), bench.environment.packages, "zip")
    for page, code in PAGES.items():
        claim = "\n# %% so [claim]\n'It is so.'\nassert 1 == int('1')\n" if page == "adds" else "\n"
        bench.guide.snippet(page, f"# %% first\nx = 1\n# %% one\n{code}{claim}")
    line = TINY["tiny/maths.py"].split("\n").index("        def scaled(one: int) -> int:") + 1
    bench.guide.page("links", LINKED.format(line=line))
    ended = bench.galley("run", "--footprint")
    assert ended.returncode == 0, ended.stdout
    return bench


INSIDE = """\
def whole(a{note}, /, b{note}, *c{note}, d{note}=1, **e{note}){gives}:
    {said}
    try:
        with a as found:
            for each in b:
                def inner(x{note}){gives}:
                    {said}
                    return x
    except TypeError:
        class Held:
            {said}
            def method(self, y{note}){gives}:
                {said}
    else:
        async def late(z{note}){gives}:
            {said}
    finally:
        while a:
            {statement}
    match b:
        case [1]:
            def matched(w{note}){gives}:
                {said}
                return w
"""
BARE = {"note": "", "gives": "", "said": "'Other words.'", "statement": "pass"}
TOLD = {"note": ": int", "gives": " -> str", "said": "'Says so.'", "statement": "pass"}


def test_docstrings_and_annotations_count_nowhere_in_a_function() -> None:
    bare, told = (read_code(INSIDE.format(**each)) for each in (BARE, TOLD))
    assert len(bare.functions) == 5
    assert bare.functions == told.functions
    other = read_code(INSIDE.format(**{**BARE, "statement": "break"}))
    assert [name for name in bare.functions if bare.functions[name] != other.functions[name]] == ["whole"]
    with_names = read_code(INSIDE.format(**BARE).replace("**e", "**f"))
    assert bare.functions["whole"] != with_names.functions["whole"]


def test_a_function_of_a_docstring_alone_does_nothing() -> None:
    said, silent = (read_code(f"def one():\n    {body}\n") for body in ("'Says so.'", "pass"))
    assert said.functions == silent.functions


@pytest.mark.parametrize(
    "code",
    [
        "@seen\ndef whole(a: {}):\n    pass\n",
        "@seen\ndef whole(a) -> {}:\n    pass\n",
        "def whole():\n    @seen\n    def one(a) -> {}:\n        pass\n",
    ],
)
def test_an_annotation_that_a_decorator_may_read_counts(code: str) -> None:
    one, other = (read_code(code.format(kind)).functions["whole"] for kind in ("int", "str"))
    assert one != other


def test_a_symbol_is_looked_for_in_modules_that_define_each_part_of_its_name() -> None:
    files = {
        "a.py": b"class A:\n    def f(self):\n        pass\n",
        "b.py": b"class A:\n    pass\n",
        "c.py": b"def f():\n    async def g():\n        pass\n",
        "d.txt": b"class A: def f",
    }
    found = Release("x", "1", frozenset(files), read=files.__getitem__)
    asked = ("A.f", "A", "f", "f.<locals>.g", "h", "A.g")
    assert [found.defining(each) for each in asked] == [["a.py"], ["a.py", "b.py"], ["a.py", "c.py"], ["c.py"], [], []]


def affected(bench: Bench, files: dict[str, str], version: str = "1.1") -> Affected:
    """What a release with these files can touch."""
    return between(bench.guide.guide, release("tiny", "1.0", TINY), release("tiny", version, files))


@pytest.mark.parametrize("name", CHANGES)
def test_the_pages_that_a_change_reaches_are_named_and_no_others(bench: Bench, name: str) -> None:
    files, reached = CHANGES[name]
    found = affected(bench, files)
    assert {each.page for each in found.touched} == reached
    assert len(found.touched) + len(found.untouched) == len(PAGES)


# Of these changes, other packages that are installed here are told apart by their files.
BY_FILES = {
    "an import that a module has no more": {"passes"},
    "an import that is new": set(),
    "a constant behind a constant": FACTORED,
}


@pytest.mark.parametrize("name", BY_FILES)
def test_a_package_whose_files_do_not_name_the_module_asks_it_for_nothing(bench: Bench, name: str) -> None:
    version = f"3.{list(BY_FILES).index(name)}"
    wheel(bench.wheels, "tiny", version, CHANGES[name][0])
    said = json.loads(bench.galley("affected", f"tiny=={version}", "--json").stdout)
    assert {each["page"] for each in said[0]["touched"]} == BY_FILES[name]
    (bench.wheels / f"tiny-{version}-py3-none-any.whl").unlink()


def test_a_reason_names_what_changed_and_the_cells_that_reach_it(bench: Bench) -> None:
    found = affected(bench, CHANGES["a function's body"][0])
    page = next(each for each in found.touched if each.page == "adds")
    assert [(each.what, each.cells) for each in page.reasons] == [("`add` changed", ("one",))]
    assert page.claims == ("so",)


def test_a_moved_function_is_named_with_its_new_place(bench: Bench) -> None:
    files = CHANGES["a function that is gone"][0]
    moved = "def scaled(one: int) -> int:\n    return one * TWICE\n"
    found = affected(bench, {**files, "tiny/more.py": moved})
    assert [each.page for each in found.touched] == ["scales"]
    assert "`scaled` moved to tiny/more.py" in {each.what for each in found.touched[0].reasons}


def test_the_page_comes_first_that_reaches_most_of_what_changed(bench: Bench) -> None:
    files = changed(MATHS, "return one + other", "return other + one")
    lines = "\n".join(f"            one = one + {number}" for number in range(30))
    files["tiny/maths.py"] = files["tiny/maths.py"].replace("            # by a constant", lines)
    found = affected(bench, files)
    assert [each.page for each in found.touched] == ["scales", "adds", "draws"]
    assert found.touched[0].weight > 10 * found.touched[1].weight


def test_compiled_files_count_whole(bench: Bench) -> None:
    found = affected(bench, {**TINY, "tiny/fast.so": ""})
    assert {each.page for each in found.touched} == PAGES.keys() - {"plain"}
    assert "compiled files" in found.touched[0].reasons[0].what


def test_links_lead_to_the_same_function_at_its_new_line(bench: Bench) -> None:
    files = {**TINY, "tiny/maths.py": "\n\n" + TINY["tiny/maths.py"].replace("one: int", "one: float")}
    old = LINKED.partition("#L")[0].rpartition("(")[2]
    (link,) = affected(bench, files, "1.1").links
    line = int(link.url.rpartition("#L")[2])
    assert (link.symbol, link.line, link.changed) == ("scaled", line + 2, False)
    assert link.new_url == f"{old.replace('v1.0', 'v1.1')}#L{line + 2}"
    gone = affected(bench, CHANGES["a function that is gone"][0]).links
    assert [(each.line, each.new_url) for each in gone] == [(0, "")]


def test_what_a_release_requires_is_said(bench: Bench) -> None:
    old = release("tiny", "1.0", TINY, ["more >= 1"])
    found = between(bench.guide.guide, old, release("tiny", "1.1", TINY, ["More>=1", "other"]))
    assert found.notes == ("requires other now",)


def test_a_page_without_a_footprint_is_touched_by_any_change(bench: Bench, tmp_path: Path) -> None:
    copy = bench.guide.copied(tmp_path)
    (copy.project.outputs / ".footprints/laptop/adds.json.xz").unlink()
    found = between(copy.guide, release("tiny", "1.0", TINY), release("tiny", "1.1", TINY))
    assert [(each.page, each.reasons[0].what) for each in found.touched] == [
        ("adds", "it has no footprint, so that any change may touch it: galley run --footprint adds")
    ]


def test_the_command_that_notes_a_footprint_names_a_profile_of_choice(bench: Bench, tmp_path: Path) -> None:
    copy = bench.guide.copied(tmp_path)
    copy.write("pyproject.toml", f"{SETTINGS}\n[tool.galley.profiles.other]\n")
    other = Bench(copy, bench.wheels, bench.environment)
    assert other.galley("run", "adds", "--profile", "other").returncode == 0
    found = between(copy.guide, release("tiny", "1.0", TINY), release("tiny", "1.1", TINY))
    (touched,) = found.touched
    command = touched.reasons[0].what.partition("galley ")[2]
    assert command == "run --footprint adds --profile other"
    assert other.galley(*command.split()).returncode == 0
    assert not between(copy.guide, release("tiny", "1.0", TINY), release("tiny", "1.1", TINY)).touched


def test_the_command_fetches_a_release_and_says_all_of_it(bench: Bench) -> None:
    wheel(bench.wheels, "tiny", "1.2", CHANGES["a function's body"][0], ["other"])
    ended = bench.galley("affected", "tiny==1.2")
    assert ended.returncode == 1, ended.stdout
    assert "tiny 1.0 to 1.2: 2 of 17 pages can change" in ended.stdout
    assert "    `add` changed: one\n    claims: so\n" in ended.stdout
    assert "requires other now" in ended.stdout
    said = json.loads(bench.galley("affected", "tiny", "--json").stdout)
    assert [each["new"] for each in said] == ["1.2"]
    assert {each["page"] for each in said[0]["touched"]} == {"adds", "draws"}
    assert said[0]["links"][0]["symbol"] == "scaled"
    ended = bench.galley("affected", "--all")
    assert "tiny 1.0 to 1.2" in ended.stdout
    assert bench.galley("affected", "tiny==1.0").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tiny==9.9"], 2, "no such release: tiny 9.9\n    the index has: "),
        (["nosuch"], 2, "no package 'nosuch'"),
        (["tiny>=1"], 2, "names no one release"),
        (["tiny =="], 2, "names no release"),
        ([], 2, "no release is named"),
        (["--model", "one"], 2, "names no revision"),
        (["--model", "one@two"], 2, "no table pins the model 'one'"),
    ],
)
def test_a_release_that_cannot_be_had_is_said_with_what_to_type(
    bench: Bench, arguments: list[str], code: int, said: str
) -> None:
    ended = bench.galley("affected", *arguments)
    assert (ended.returncode, said in ended.stdout) == (code, True), ended.stdout


def test_of_a_release_without_a_wheel_nothing_runs_until_somebody_says_so(bench: Bench, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    sources(tmp_path, "tiny", "5.0", CHANGES["a function's body"][0], ran)
    ended = bench.galley("affected", "tiny==5.0", PIP_FIND_LINKS=str(tmp_path))
    assert ended.returncode == 1, ended.stdout
    assert "tiny 1.0 to 5.0: 16 of 17 pages can change" in ended.stdout, "all that reach the package"
    what, mend = "tiny==5.0 has no wheel here, and pip would run the code of its sources", "set PIP_FIND_LINKS=wheels"
    assert f"    {what} (pip wheel --no-deps tiny==5.0 -w wheels runs it, then {mend}) and counts whole" in ended.stdout
    assert bench.galley("affected", "tiny", PIP_FIND_LINKS=str(tmp_path)).stdout == ended.stdout
    assert not ran.exists()
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "tiny==5.0", "-w", "wheels", "-q"]
    where = quiet_environment(**index(tmp_path))
    subprocess.run(command, cwd=tmp_path, env=where, check=True)
    assert ran.exists()
    ended = bench.galley("affected", "tiny==5.0", PIP_FIND_LINKS=str(tmp_path / "wheels"))
    assert "tiny 1.0 to 5.0: 2 of 17 pages can change" in ended.stdout, ended.stdout
    ended = bench.galley("affected", "tiny==6.0", PIP_FIND_LINKS=str(tmp_path))
    assert (ended.returncode, "no package 'tiny' that this Python can use" in ended.stdout) == (2, True), ended.stdout


def test_no_index_is_told_apart_from_no_package(bench: Bench) -> None:
    wrong = {
        "PIP_NO_INDEX": "",
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_FIND_LINKS": "",
    }
    ended = bench.galley("affected", "nosuch", **wrong)
    assert ended.returncode == 3, ended.stdout
    assert "the index cannot be reached" in ended.stdout


def test_another_revision_of_a_model_touches_the_pages_that_depend_on_its_table(folder: GuideFolder) -> None:
    pins = SETTINGS + '\n[tool.galley.profiles.laptop.pins]\nmodel = "snippets/models.toml"\n'
    hooked = pins.replace("[tool.galley]\n", '[tool.galley]\nhooks = { setup = "helper:setup" }\n')
    folder.write("pyproject.toml", hooked)
    folder.write("snippets/models.toml", f'["a/b"]\nrevision = "{"1" * 40}"\n')
    noted = 'context.note_table(context.root / "snippets/models.toml", "a/b")'
    folder.write("snippets/helper.py", f'def setup(context):\n    if context.page == "page":\n        {noted}\n')
    folder.snippet("page", '# %% parameters\nmodel = "a/b"\n# %% one\nprint(1)\n')
    folder.snippet("other", "# %% one\nprint(1)\n")
    assert not folder.run().failures
    found = of_model(folder.guide, f"a/b@{'2' * 40}")
    assert [each.page for each in found.touched] == ["page"]
    assert found.untouched == ("other (laptop)",)
    assert not of_model(folder.guide, f"a/b@{'1' * 40}").touched


@pytest.mark.parametrize(
    ("text", "found"), [("tiny==1.0", ("tiny", "1.0")), ("tiny", ("tiny", "")), ("a.b == 2.0rc1", ("a.b", "2.0rc1"))]
)
def test_a_requirement_names_one_release(text: str, found: tuple[str, str]) -> None:
    assert requirement(text) == found
