"""What a page shows by itself in the middle of a cell: in its place among the text, bounded, and by the cell alone."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from galley.kinds.arrivals import Arrivals
from galley.record.model import Shown
from galley.run.order import Order
from galley.run.placing import Placing
from galley.run.protocol import SHOWS, CellBegins, CellEnds, CellShows, Cost, Ending, EventError, Ready
from guide_folder import SETTINGS, GuideFolder, python

# What of IPython a plain script has, without a notebook.
FUNCTIONS = "def display(*values, **options):\n    'Shows values.'\n    print(*values)\n"
FIGURE = (
    "class BaseFigure:\n    def show(self): print('a browser opens')\n    def _repr_markdown_(self): return '*x*'\n"
)
PAGE = """\
# %% parts
import sys
from IPython.display import display
class Table:
    def __repr__(self): return "Table"
    def _repr_html_(self): return "<b>table</b>"
print("one")
display(Table(), "a text")
print("warned", file=sys.stderr)
print("two")
display({"text/plain": "raw", "text/html": "<i>raw</i>"}, raw=True)
display({"a": 1})
display(None)
Table()
# %% none
print(display.__name__, display.__doc__, display(1), display())
# %% first
display("no text before")
print("after")
# %% figures
from plotly.basedatatypes import BaseFigure
BaseFigure().show()
# %% end
import atexit
atexit.register(lambda: (display("at the end"), print("last")))
print("here")
"""


def bring(folder: GuideFolder) -> None:
    """Put packages into the guide that are called as the real ones, so that none of these is needed."""
    folder.write("snippets/IPython/__init__.py", "")
    folder.write("snippets/IPython/core/display_functions.py", FUNCTIONS)
    folder.write("snippets/IPython/display.py", "from IPython.core.display_functions import *\n")
    folder.write("snippets/plotly/basedatatypes.py", FIGURE)


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a page that shows values by itself."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("first")))
    bring(folder)
    folder.snippet("page", PAGE)
    ended = folder.run()
    assert not ended.failures, ended.failures
    return folder


def outputs(folder: GuideFolder, cell: str, page: str = "page") -> list[tuple[str, str]]:
    """The outputs of a cell in order: the kind of each, and the text of its last form."""
    record = folder.record(page)
    return [(each.kind, each.forms[-1].text) for each in record.shown(record.cell(cell))]


def test_what_is_shown_stands_in_its_place_among_the_text(first: GuideFolder) -> None:
    assert outputs(first, "parts") == [
        ("stdout", "one\n"),
        ("stderr", "warned\n"),
        ("rich", "<b>table</b>"),
        ("value", "'a text'"),
        ("stdout", "two\n"),
        ("rich", "<i>raw</i>"),
        ("value", "{'a': 1}"),
        ("rich", "<b>table</b>"),
    ]
    record = first.record("page")
    cell = record.cell("parts")
    assert cell is not None
    assert [file.file for output in cell.outputs for file in output.files if file.mime == "text/plain"] == [
        "parts.stdout.txt", "parts.stderr.txt", "parts.rich.txt", "parts.value.txt", "parts.stdout-2.txt",
        "parts.rich-2.txt", "parts.value-2.txt", "parts.rich-3.txt",
    ]  # fmt: skip


def test_display_is_the_function_that_it_was_but_for_that(first: GuideFolder) -> None:
    assert outputs(first, "none") == [("value", "1"), ("stdout", "display Shows values. None None\n")]
    assert outputs(first, "first") == [("value", "'no text before'"), ("stdout", "after\n")]


def test_a_chart_that_is_shown_stands_on_the_page_and_opens_nothing(first: GuideFolder) -> None:
    assert outputs(first, "figures") == [("rich", "plotly\n")]


def test_what_the_page_shows_as_it_ends_is_the_last_cells(first: GuideFolder) -> None:
    assert outputs(first, "end")[-3:] == [("stdout", "here\n"), ("value", "'at the end'"), ("stdout", "last\n")]


def test_the_page_and_the_notebook_have_it_in_that_order(first: GuideFolder) -> None:
    BUILDERS["mkdocs"](first)
    html = article(first.root / "site", "page").partition('id="cell-page-none"')[0].partition("galley-output")[2]
    places = [html.index(each) for each in ("<code>one", "<b>table</b>", "a text", "<code>two", "<i>raw</i>")]
    assert places == sorted(places)
    done = first.galley("export", "page", "-f", "ipynb", "-o", "-")
    (cell,) = [each for each in json.loads(done.stdout)["cells"] if each["metadata"].get("name") == "first"]
    assert [each["output_type"] for each in cell["outputs"]] == ["execute_result", "stream"]


def test_the_same_run_is_the_same(first: GuideFolder, tmp_path: object) -> None:
    assert "page (laptop): unchanged" in first.run(everything=True).said


def test_the_plain_script_runs_and_prints(first: GuideFolder) -> None:
    done = first.call([sys.executable, "snippets/page.py"])
    assert done.returncode == 0, done.stdout
    assert "Table a text\n" in done.stdout
    assert "a browser opens" in done.stdout


def test_a_function_that_a_module_of_the_runner_has_is_replaced_too(folder: GuideFolder) -> None:
    bring(folder)
    folder.write(
        "pyproject.toml", SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nimports = ["IPython.display"]\n')
    )
    folder.snippet("page", "# %% a\nfrom IPython.display import display\ndisplay(1)\nprint(2)\n")
    assert not folder.run().failures
    assert outputs(folder, "a") == [("value", "1"), ("stdout", "2\n")]


THREADS = """\
# %% a
import os
import threading
from IPython.display import display

threads = [threading.Thread(target=lambda: [display("shown") for _ in range(20)]) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print("done", flush=True)
if os.fork() == 0:
    display("of another process")
    os._exit(0)
_ = os.wait()
# %% b
print("b")
"""


def test_threads_take_turns_and_a_process_of_the_pages_own_prints(folder: GuideFolder) -> None:
    bring(folder)
    folder.write("snippets/IPython/core/display_functions.py", FUNCTIONS.replace("(*values)", "(*values, flush=True)"))
    folder.snippet("page", THREADS)
    ended = folder.run()
    assert not ended.failures, ended.failures
    assert outputs(folder, "a") == [*[("value", "'shown'")] * 80, ("stdout", "done\nof another process\n")]
    assert outputs(folder, "b") == [("stdout", "b\n")]


LATE = """\
# %% a
import threading
import time
from IPython.display import display

stop = threading.Event()
def work():
    while not stop.is_set():
        display("shown")
        time.sleep(0.001)
thread = threading.Thread(target=work)
thread.start()
# %% b
1
# %% c
stop.set()
thread.join()
"""


def test_a_thread_that_shows_while_cells_change_breaks_nothing(folder: GuideFolder) -> None:
    bring(folder)
    folder.snippet("page", LATE)
    ended = folder.run()
    assert not ended.failures, ended.failures
    for cell in "abc":
        assert {kind for kind, _ in outputs(folder, cell)} <= {"value", "stdout"}


def test_a_cell_shows_so_many_values_and_no_more(folder: GuideFolder) -> None:
    bring(folder)
    folder.snippet("page", "# %% a\nfrom IPython.display import display\nfor _ in range(201): display(1)\n")
    (said,) = folder.run().failures.values()
    assert "snippets/page.py:3: page page (laptop) in cell a" in said
    assert "ValueError: a cell shows at most 200 values and figures by itself: show fewer" in said


def test_all_printed_texts_of_a_cell_share_its_limit(folder: GuideFolder) -> None:
    bring(folder)
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", "[tool.galley]\noutput_limit = 50\n"))
    code = "from IPython.display import display\nfor _ in range(3):\n    print('x' * 29)\n    display(1)\n"
    folder.snippet("page", f"# %% a\n{code}# %% b\nprint('y' * 49)\n")
    assert not folder.run().failures
    assert outputs(folder, "a")[::2] == [("stdout", "x" * 29 + "\n"), ("stdout", "x" * 20), ("stdout", "")]
    record = folder.record("page")
    cell = record.cell("a")
    assert cell is not None
    assert [output.files[0].cut for output in cell.outputs[::2]] == [0, 10, 30]
    assert outputs(folder, "b") == [("stdout", "y" * 49 + "\n")]


def test_what_a_failed_cell_printed_before_it_showed_something_is_told(folder: GuideFolder) -> None:
    bring(folder)
    folder.snippet("page", "# %% a\nfrom IPython.display import display\nprint('before')\ndisplay(1)\n1 / 0\n")
    said = folder.galley("run").stdout
    assert "before" in said
    assert "ZeroDivisionError" in said


def test_a_display_that_nobody_imported_is_told_with_the_import_that_mends_it(folder: GuideFolder) -> None:
    bring(folder)
    folder.snippet("page", "# %% a\ndisplay(1)\n")
    (said,) = folder.run().failures.values()
    assert "NameError: name 'display' is not defined" in said
    line = said.partition("import it: ")[2].splitlines()[0]
    folder.snippet("page", f"# %% a\n{line}\ndisplay(1)\n")
    assert folder.run().failures == {}
    assert outputs(folder, "a") == [("value", "1")]


def test_showing_gives_a_cell_no_time(folder: GuideFolder) -> None:
    bring(folder)
    code = (
        "import time\nfrom IPython.display import display\nfor _ in range(150):\n    time.sleep(0.05)\n    display(1)\n"
    )
    folder.snippet("page", f'# %% a timeout="1"\n{code}')
    (said,) = folder.run().failures.values()
    assert "took longer than 1 s and was stopped" in said


def test_nothing_is_placed_where_no_cell_runs() -> None:
    told: list[CellShows] = []
    placing, output = Placing(told.append), Shown("value", ())
    assert not placing.place([output])
    placing.begins("a")
    assert placing.place([output, output])
    placing.begins("")
    assert not placing.place([output])
    assert told == [CellShows("a", output)] * 2


def test_several_may_await_one_module_also_one_that_is_not_there_at_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    came: list[str] = []
    before = list(sys.meta_path)
    for name in ("one", "two"):
        Arrivals({"arrives_late": lambda module, name=name: came.append(name)})  # type: ignore[misc]
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("arrives_late")
    (tmp_path / "arrives_late.py").write_text("")
    importlib.invalidate_caches()
    importlib.import_module("arrives_late")
    assert sorted(came) == ["one", "two"]
    assert sys.meta_path == before


MATPLOTLIB = """\
# %% a alt="lines"
import matplotlib.pyplot as plt

print("one")
plt.plot([1, 2])
plt.show()
print("two")
plt.plot([2, 1])
plt.show()
# %% b alt="a line"
from IPython.display import display
figure, axes = plt.subplots()
axes.plot([3, 3])
print("before")
display(figure)
print("after")
"""


def test_figures_stand_where_they_were_shown_and_once(folder: GuideFolder) -> None:
    pytest.importorskip("matplotlib")
    bring(folder)
    folder.snippet("page", MATPLOTLIB)
    assert not folder.run().failures
    of_a = [kind for kind, _ in outputs(folder, "a") if kind != "stderr"]  # matplotlib says that it looks for fonts
    assert of_a == ["stdout", "image", "stdout", "image"]
    assert [kind for kind, _ in outputs(folder, "b")] == ["stdout", "image", "stdout"]


def test_ipythons_own_display_is_replaced(folder: GuideFolder) -> None:
    pytest.importorskip("IPython")
    code = "from IPython.display import HTML, display\nprint(1)\ndisplay(HTML('<b>x</b>'))\nprint(2)\n"
    folder.snippet("page", f"# %% a\n{code}")
    assert not folder.run().failures
    assert outputs(folder, "a") == [("stdout", "1\n"), ("rich", "<b>x</b>"), ("stdout", "2\n")]
    assert folder.call(python(code)).stdout == "1\n<IPython.core.display.HTML object>\n2\n"


def test_the_order_of_events_has_what_a_cell_shows_between_its_beginning_and_its_end() -> None:
    def turns(*events: object) -> None:
        order = Order(["a", "b"])
        for event in events:
            order.take(event)  # type: ignore[arg-type]

    shows, of_b = (CellShows(cell, Shown("value", ())) for cell in ("a", "b"))
    ready, begins, ends, then = Ready(), CellBegins("a", 1), CellEnds("a", Cost()), CellBegins("b", 2)
    turns(ready, begins, shows, shows, ends, then, of_b, Ending(1.0), of_b, CellEnds("b", Cost()))
    turns(ready, begins, *[shows] * SHOWS, ends, then, *[of_b] * SHOWS)
    for wrong in (
        [ready, begins, *[shows] * SHOWS, shows],
        [shows], [ready, shows], [ready, begins, of_b], [ready, begins, ends, shows], [ready, begins, ends, of_b],
        [ready, begins, ends, then, Ending(1.0), CellEnds("b", Cost()), of_b],
    ):  # fmt: skip
        with pytest.raises(EventError):
            turns(*wrong)
