"""Cells that await outside of functions: in one loop for the page, as in IPython, and ended as a program ends."""

from __future__ import annotations

import ast
import contextlib
import io
import subprocess
import symtable
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from galley.errors import GalleyError
from galley.export.address import NOWHERE
from galley.export.runnable import runnables
from galley.run.loop import Loop
from galley.source.cells import cut
from galley.source.effects import effects
from guide_folder import GuideFolder, fence

WORK = """\
# %% work
import asyncio, contextvars

seen = contextvars.ContextVar("seen", default="nothing")


async def work(n):
    print("begins", n)
    await asyncio.sleep(0)
    print("ends", n)
    return n


class Opened:
    async def __aenter__(self):
        return "opened"

    async def __aexit__(self, *error):
        print("closed")


async def counted(n):
    for i in range(n):
        yield i
"""
PAGE = f"""{WORK}
# %% made
task = asyncio.create_task(work(1))
print("made")
assert await work(2) == 2
loop = asyncio.get_running_loop()
await work(3)
# %% plain
seen.set("something")
print(asyncio.run(work(4)))
# %% later
async with Opened() as opened:
    print(opened, [i async for i in counted(2)])
async for i in counted(2):
    print(i)
print(loop is asyncio.get_running_loop(), await task, seen.get())
# %% stops raises="StopIteration"
await asyncio.sleep(0)
next(iter([]))
# %% stopped raises="StopIteration"
next(iter([]))
"""
LEFT = """\
# %% left
import asyncio, atexit, traceback
async def wait():
    try:
        await asyncio.sleep(100)
    finally:
        print("cancelled")
        traceback.print_stack()
task = asyncio.create_task(wait())
atexit.register(print, "the end")
await asyncio.sleep(0)
print("the last line")
"""


def as_module(source: str) -> Any:
    """The cells of some source."""
    return cut(dedent(source), Path("/guide/page.py"), Path("page.py")).cells


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page whose cells await, recorded."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("guide"))
    folder.snippet("page", PAGE)
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    assert not folder.run().failures
    patched.undo()
    return folder


def test_a_cell_runs_as_one_task_and_the_loop_is_kept_for_later_cells(guide: GuideFolder) -> None:
    said = guide.output("page", "made.stdout.txt").splitlines()
    assert said == ["made", "begins 2", "begins 1", "ends 2", "begins 3", "ends 1", "ends 3"]
    assert guide.output("page", "made.value.txt") == "3"
    later = guide.output("page", "later.stdout.txt").splitlines()
    assert later == ["opened [0, 1]", "closed", "0", "1", "True 1 something"]


def test_a_cell_that_does_not_await_may_run_a_loop_of_its_own(guide: GuideFolder) -> None:
    assert guide.output("page", "plain.stdout.txt").splitlines() == ["begins 4", "ends 4", "4"]


@pytest.mark.parametrize("cell", ["stops", "stopped"])
def test_a_cell_may_raise_what_no_coroutine_can(guide: GuideFolder, cell: str) -> None:
    assert guide.output("page", f"{cell}.error.txt").startswith("StopIteration")


@pytest.mark.parametrize("first", ["", "await asyncio.sleep(0)\n"])
def test_what_an_error_held_is_let_go_in_its_cell(folder: GuideFolder, first: str) -> None:
    held = "class Held:\n    def __del__(self):\n        print('let go')\ndef f():\n    held = Held()\n    1 / 0\n"
    cells = f'# %% one\nimport asyncio, gc\ngc.disable()\n{held}# %% two raises="ZeroDivisionError"\n{first}f()\n'
    folder.snippet("page", f"{cells}# %% three\nprint('later')\n")
    assert not folder.run().failures
    assert folder.output("page", "two.stdout.txt") == "let go\n"


def test_what_is_left_is_cancelled_at_the_end_as_asyncio_does(folder: GuideFolder) -> None:
    folder.snippet("page", LEFT)
    assert not folder.run().failures
    assert folder.output("page", "left.stdout.txt").splitlines() == ["the last line", "cancelled", "the end"]
    stack = folder.output("page", "left.stderr.txt")
    assert "asyncio/runners.py" in stack
    assert "galley" not in stack


def test_a_task_that_does_not_end_is_named_with_its_line(folder: GuideFolder) -> None:
    folder.snippet(
        "page",
        """
        # %% one timeout="2"
        import asyncio
        async def stays():
            while True:
                try:
                    await asyncio.sleep(100)
                except asyncio.CancelledError:
                    pass
        stubborn = asyncio.create_task(stays(), name="stubborn")
        await asyncio.sleep(0)
        """,
    )
    said = folder.run().failures["page"]
    assert "snippets/page.py:7" in said
    assert "the page does not end: the task 'stubborn' still ran" in said
    assert "let it end when it is cancelled" in said


def test_an_error_has_the_pages_frames_alone(folder: GuideFolder) -> None:
    folder.snippet("page", f"{WORK}# %% fails\nasync def fails():\n    1 / 0\nawait work(1)\nawait fails()\n")
    ended = folder.run()
    (failure,) = ended.summary.failures
    assert str(failure.place) == "snippets/page.py:27"
    assert "galley" not in failure.detail
    assert failure.detail.count("File ") == 2


def test_the_script_runs_with_plain_python(guide: GuideFolder, tmp_path: Path) -> None:
    file = tmp_path / "page.py"
    assert guide.galley("export", "page", "--output", str(file)).returncode == 0
    text = file.read_text()
    assert text.count("import asyncio as _asyncio") == 1
    ran = subprocess.run([sys.executable, "-W", "error", file], capture_output=True, text=True, check=False)
    assert (ran.stderr, ran.returncode) == ("", 0)
    expected = [guide.output("page", f"{cell}.stdout.txt") for cell in ("made", "plain", "later")]
    assert ran.stdout == "".join([*expected, "StopIteration: \n" * 2])


def test_a_copy_says_where_it_runs(guide: GuideFolder) -> None:
    snippets = guide.guide.snippets["page"]
    copy_of = runnables(guide.project, snippets, guide.record("page"), NOWHERE)
    later, plain = copy_of("later"), copy_of("plain")
    assert later
    assert plain
    assert "It awaits outside of a function: run it in a notebook" in later.text
    assert "task = asyncio.create_task(work(1))" in later.text
    code = compile(later.text, "copy", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    loop, said = Loop(), io.StringIO()
    with contextlib.redirect_stdout(said):
        loop.run(eval(code, {}))
    loop.close()
    assert said.getvalue().endswith("True 1 something\n")
    assert "It awaits" not in plain.text


@pytest.mark.parametrize(
    ("code", "awaits"),
    [
        ("await f()", True),
        ("x = [y async for y in z]", True),
        ("async for y in z: pass", True),
        ("async with y: pass", True),
        ("if x:\n    await y", True),
        ("def f(x=await y): pass", True),
        ("async def f():\n    await x", False),
        ("f = lambda: [await_ for await_ in y]", False),
        ("class A:\n    async def f(self):\n        await x", False),
        ("text = 'await x'", False),
    ],
)
def test_only_what_awaits_outside_of_functions_needs_the_loop(code: str, awaits: bool) -> None:
    assert as_module(f"# %% one\n{code}\n")[0].awaits is awaits


@pytest.mark.parametrize(
    ("code", "line", "what"),
    [
        ("x: int = await y", 2, "annotates 'x'"),
        ("if y:\n    x: int = await y", 3, "annotates 'x'"),
        ("await y\nfrom a.b import *", 3, "imports all of a.b"),
        ("await y\nfrom __future__ import annotations", 3, "imports from __future__"),
        ("await y\nexec('z = 1')", 3, "calls exec()"),
        ("await y\nprint(locals())", 3, "calls locals()"),
        ("await y\nprint(dir())", 3, "calls dir()"),
        ("await y\nprint(vars())", 3, "calls vars()"),
    ],
)
def test_what_fits_no_function_is_refused_with_its_line(code: str, line: int, what: str) -> None:
    with pytest.raises(GalleyError) as raised:
        as_module(f"# %% one\n{code}\n")
    assert (raised.value.place and raised.value.place.line, what in raised.value.what) == (line, True)


@pytest.mark.parametrize(
    "code",
    [
        "await y\nprint(dir(y), vars(y), y.exec())",
        "await y\nx.z: int = 1",
        "await y\ndef f():\n    x: int = 1",
        "x: int = y",
    ],
)
def test_other_annotations_are_left_alone(code: str) -> None:
    assert as_module(f"# %% one\n{code}\n")[0].source == code


def test_what_a_statement_that_awaits_reads_and_binds_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    told = symtable.symtable

    def strict(text: str, *arguments: str) -> symtable.SymbolTable:
        """As a newer Python, which refuses to await outside of functions."""
        compile(text, *arguments)
        return told(text, *arguments)

    monkeypatch.setattr("symtable.symtable", strict)
    texts = ["async with a as b:\n    c = await d", "async for e in f:\n    g = [h async for h in i]"]
    found = [effects(ast.parse(text).body[0], text) for text in texts]
    assert [each.binds for each in found] == [{"b", "c"}, {"e", "g"}]
    assert [each.loads for each in found] == [{"a", "d"}, {"f", "i"}]


def test_a_process_that_starts_anew_runs_the_cells_that_await(folder: GuideFolder) -> None:
    folder.snippet(
        "page",
        """
        # %% one
        import asyncio, multiprocessing as mp
        async def gives():
            return 21
        # %% two
        half = await gives()
        # %% three raises="KeyError"
        await gives()
        {}[1]
        # %% four
        def twice():
            return 2 * half
        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(1) as pool:
                print(pool.apply(twice))
        """,
    )
    assert not folder.run().failures
    assert folder.output("page", "four.stdout.txt") == "42\n"


def test_the_page_shows_a_cell_that_awaits(guide: GuideFolder) -> None:
    names = ("work", "made", "plain", "later", "stops", "stopped")
    guide.write("docs/page.md", "# Page\n\n" + "\n".join(fence("page", name) for name in names))
    assert not [each for each in guide.findings() if each.fatal]
    built = guide.mkdocs()
    assert built.returncode == 0, built.stdout


OWN = """\
# %% one
import asyncio

_loop, _asyncio, _raised, _contextvars = "my", "own", "four", "names"

async def _awaiting():
    return _raised

# %% two raises="LookupError"
raise LookupError(await _awaiting())

# %% three
await asyncio.sleep(0)
print(_loop, _asyncio, _raised, _contextvars)
"""
SPAWNS = """
# %% four
import multiprocessing as mp

def told():
    return asyncio.run(_awaiting())

if __name__ == "__main__":
    with mp.get_context("spawn").Pool(1) as pool:
        print(pool.apply(told))
"""


def test_a_page_may_have_the_names_that_a_script_or_a_new_process_needs(folder: GuideFolder, tmp_path: Path) -> None:
    folder.snippet("page", f"{OWN}{SPAWNS}")
    assert not folder.run().failures
    said = ["my own four names", "four"]  # the new process runs the file once more
    assert folder.output("page", "four.stdout.txt").splitlines() == said
    assert folder.galley("export", "page", "-o", str(tmp_path / "page.py")).returncode == 0
    ran = subprocess.run([sys.executable, tmp_path / "page.py"], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == ["LookupError: four", said[0], "LookupError: four", *said]
