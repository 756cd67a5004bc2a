"""`galley run --keep-going`: one run shows all that is broken, and nothing of a broken page is recorded."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from galley.errors import Place
from galley.record.model import Cost
from galley.run.failure import Failure
from galley.run.lost import Lost
from galley.run.order import Order
from galley.run.protocol import CellBegins, CellEnds, CellFailed, Ending, EventError, Ready
from guide_folder import GuideFolder

GOOD = """\
# %% text
print("text")
# %% loads
import json
print("before")
model = json.loads("[1]")
limit = 3
# %% uses
print(model)
# %% reads [claim]
"It is one."
assert limit == 3
# %% free
print("free")
# %% again
model = [2]
# %% after
print(model)
"""
# The same with a failure in two cells, from which others follow, and with another output.
BROKEN = (
    GOOD.replace('loads("[1]")', 'loads("[1")')
    .replace('print("free")', 'print("freed")\nimport atexit\natexit.register(print, "at the end")')
    .replace("# %% after\n", '# %% own raises="KeyError"\nprint("it was so")\n# %% after\n')
)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a true record of one page, whose code has been broken since; another page is well."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("broken"))
    folder.snippet("page", GOOD)
    assert not folder.run().failures
    folder.snippet("page", BROKEN)
    folder.snippet("other", "# %% one\nprint(1)\n")
    return folder


def test_one_run_tells_every_failure_and_which_follow_from_which(broken: GuideFolder) -> None:
    before = broken.recorded()
    done = broken.galley("run", "--keep-going")
    assert done.returncode == 4, done.stdout
    assert "page (laptop): FAILED in 4 of 8 cells; of the others differ\n" in done.stdout
    assert "    free.stdout.txt differs from line 1 on: 'free' became 'freed'\n" in done.stdout
    assert "snippets/page.py:6: page page (laptop) in cell loads: JSONDecodeError" in done.stdout
    assert "    before\n    Traceback" in done.stdout, "what the cell had written is told with it"
    assert "in cell uses: NameError: name 'model' is not defined\n" in done.stdout
    assert "it follows from cell loads, which was to bind 'model'\n" in done.stdout
    assert "in cell reads: the claim does not hold: «It is one.» (NameError" in done.stdout
    assert "snippets/page.py:20: page page (laptop) in cell own: NotRaisedError" in done.stdout
    assert "in cell after" not in done.stdout, "it has the name from a later cell"
    assert "pages that failed: 1; their old records stand\ncells that failed: 4, of which 2 may follow" in done.stdout
    after = broken.recorded()
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in after} == {"page", "other"}, "a page that is well is recorded"


def test_without_it_a_page_stops_at_its_first_failure(broken: GuideFolder) -> None:
    done = broken.galley("run", "page")
    assert done.returncode == 4
    assert "in cell loads" in done.stdout
    assert "in cell uses" not in done.stdout
    assert "cells that failed" not in done.stdout


def test_it_compares_without_writing_in_ci(folder: GuideFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    library = tmp_path_factory.mktemp("library")  # outside of the project, as an installed package is
    (library / "lib.py").write_text("def one(): return 1\n", encoding="utf-8")
    found = f"# %% one\nimport sys\nsys.path.append({str(library)!r})\nimport lib\nn = lib.one()\n"
    folder.without_sandbox().snippet("page", f"{found}# %% two\nprint(n)\n# %% three\nprint(hasattr(lib, 'one'))\n")
    assert not folder.run().failures
    before = folder.recorded()
    (library / "lib.py").write_text("def another(): return 1\n", encoding="utf-8")
    done = folder.galley("test", "--keep-going", "page", CI="1")
    assert done.returncode == 4, done.stdout
    assert "in cell one: AttributeError: module 'lib' has no attribute 'one'" in done.stdout
    assert "in cell two: NameError: name 'n' is not defined\nit follows from cell one" in done.stdout
    assert "FAILED in 2 of 3 cells; of the others differ\n    three.stdout.txt differs from line 1 on" in done.stdout
    assert folder.recorded() == before


ENDS = {
    "it exits": ("raise SystemExit(3)", "the cell exited: SystemExit: 3"),
    "its process is killed": ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "was killed by SIGKILL"),
    "it takes too long": ("import time\ntime.sleep(60)", "took longer than 1 s"),
    "it changes the project": ("__import__('pathlib').Path(__file__).with_name('a').write_text('a')", "a"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_page_that_cannot_go_on_tells_what_failed_before(folder: GuideFolder, how: str) -> None:
    code, told = ENDS[how]
    folder.without_sandbox()
    folder.snippet("page", f'# %% one\n1 / 0\n# %% two timeout="1"\n{code}\n# %% three\n1 / 0\n')
    done = folder.galley("run", "--keep-going")
    assert done.returncode == 4
    assert "in cell one: ZeroDivisionError" in done.stdout
    assert told in done.stdout
    assert "in cell three" not in done.stdout
    assert "page (laptop): FAILED\n" in done.stdout
    assert folder.recorded() == {}


def test_what_the_end_of_a_page_prints_belongs_to_its_last_cell_and_its_failure_is_told(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport atexit\natexit.register(print, 'the end')\n# %% two\n1 / 0\n")
    folder.snippet("late", "# %% one\n1 / 0\n# %% two\nimport os, atexit\natexit.register(os._exit, 5)\n")
    done = folder.galley("run", "--keep-going")
    assert "in cell two: ZeroDivisionError: division by zero\n    the end\n" in done.stdout
    assert "late (laptop) in cell one: ZeroDivisionError" in done.stdout
    assert "page late (laptop) in cell two: the page's process exited with status 5" in done.stdout


def test_a_figure_that_a_failed_cell_left_open_is_no_later_cells(folder: GuideFolder) -> None:
    pytest.importorskip("matplotlib")
    draw = "from matplotlib import pyplot\nfigure = pyplot.figure(label='a')\n"
    two = "# %% two\nprint('two')\n"
    folder.snippet("page", f"# %% one\n{draw}pyplot.close(figure)\n{two}")
    assert not folder.run().failures
    folder.snippet("page", f"# %% one\n{draw}1 / 0\n{two}")
    ended = folder.galley("run", "--keep-going")
    assert "FAILED in 1 of 2 cells\n" in ended.stdout, "nothing of the other cell differs"


def test_a_name_that_a_later_cell_bound_is_not_missing(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nx = 1 / 0\n# %% two\nx = 2\n# %% three\nassert x == 3\n")
    said = folder.galley("run", "--keep-going").stdout
    assert "in cell three: AssertionError\n" in said
    assert "follow from cell" not in said
    folder.snippet("page", "# %% one\nx = 1\n# %% two\nx = 1 / 0\n# %% three\nassert x == 3\n")
    said = folder.galley("run", "--keep-going").stdout
    assert "it may follow from cell two, which was to bind 'x' and did not" in said


def test_the_order_of_events_has_a_failure_in_place_of_an_end_and_only_where_it_is_wanted() -> None:
    def turns(order: Order, *events: object) -> None:
        for event in events:
            order.take(event)  # type: ignore[arg-type]

    begins, fails = CellBegins("a", 1), CellFailed("a", "it failed")
    turns(Order(["a", "b"], keep_going=True), Ready(), begins, fails, CellBegins("b", 3), Ending(1.0))
    turns(Order(["a"], keep_going=True), Ready(), begins, Ending(1.0), fails)
    for order, wrong in (
        (Order(["a", "b"]), [Ready(), begins, fails]),
        (Order(["a", "b"], keep_going=True), [Ready(), fails]),
        (Order(["a", "b"], keep_going=True), [Ready(), begins, fails, fails]),
        (Order(["a", "b"], keep_going=True), [Ready(), begins, CellEnds("a", Cost()), fails]),
        (Order(["a", "b"], keep_going=True), [Ready(), begins, CellFailed("b", "it failed")]),
    ):
        with pytest.raises(EventError):
            turns(order, *wrong)


@pytest.mark.parametrize("cell", ["", "one"])
def test_what_is_said_of_a_failed_page_can_be_read_again(cell: str) -> None:
    first = Failure("a-page", "laptop", cell, Place(Path("snippets/a_page.py"), 3), "ValueError: a: b\nand more")
    other = Failure("a-page", "laptop2", "two", Place(Path("snippets/a_page.py"), 7), "KeyError: 1")
    said = f"[1/2] a-page (laptop): FAILED\n\n{other}\n\n{first}\n"
    why = f"{'cell one: ' if cell else ''}ValueError: a: b"
    assert Failure.read(said, "a-page", "laptop") == ("snippets/a_page.py:3", why)
    assert Failure.read(said, "page", "laptop") == ("", "")


def test_what_a_failed_statement_and_those_below_it_bind_is_lost_until_it_is_bound_again() -> None:
    def code(text: str) -> list[ast.stmt]:
        return ast.parse(text).body

    lost = Lost()
    assert lost.cause(code("a"), NameError(name="a")) == ("", "")
    lost.failed("one", code("a = 1\nb = 2\nc = 3"), 2)
    assert lost.cause(code("a"), NameError(name="a")) == ("", ""), "it stands above the failed statement"
    assert lost.cause(code("b"), NameError(name="b")) == ("one", "it follows from cell one, which was to bind 'b'")
    may = ("one", "it may follow from cell one, which was to bind 'b' and did not")
    for text in ("print(b)", "def f():\n    return b\nf()"):
        assert lost.cause(code(text), ValueError("x")) == may
    assert lost.cause(code("d"), ValueError("x")) == ("", "")
    lost.ended(code("if d:\n    b = 1"))
    assert lost.cause(code("b"), ValueError("x")) == may, "perhaps it was bound"
    lost.ended(code("b = 1"))
    assert lost.cause(code("b"), ValueError("x")) == ("", "")
    assert lost.cause(code("c"), ValueError("x"))[0] == "one"
