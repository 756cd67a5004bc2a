"""`galley test PAGE/CELL`: a page runs as far as one cell, and that cell alone is compared."""

from __future__ import annotations

import json

import pytest

from galley.errors import UsageError
from galley.record.difference import Change, Difference
from galley.record.model import Cost
from galley.run.choose import Task, look, narrowed, to_compare
from galley.run.order import Order
from galley.run.protocol import CellBegins, CellEnds, Ending, EventError, Ready
from galley.source.digest import digest
from guide_folder import GuideFolder

SETTINGS = """\
[tool.galley]
hooks = { provenance = "helper:said" }
imports = ["helper"]

[tool.galley.profiles.laptop]
required = true
[tool.galley.profiles.big.parameters]
size = 2
"""
PAGE = """\
# %% parameters
size = 1
# %% opens
import atexit
atexit.register(print, "the end")
print("loss", 0.25)
# %% claimed [claim] about="size"
"It is one."
assert size == 1
# %% middle
print("middle", size)
# %% timed [measured]
print("5 ms")
# %% last
print("last")
"""
HELPER = 'def said(context):\n    return {"device": "cpu"}\n'


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a true record."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.write("snippets/helper.py", HELPER)
    folder.snippet("page", PAGE)
    assert not folder.run().failures
    assert folder.output("page", "last.stdout.txt") == "last\nthe end\n"
    return folder


def other(guide: GuideFolder, cell: str, text: str) -> None:
    """Record another output of a cell, with the right digest."""
    place = guide.project.outputs / "page/laptop"
    record = json.loads((place / "record.json").read_text(encoding="utf-8"))
    (found,) = (each for each in record["cells"] if each["name"] == cell)
    (file,) = found["outputs"][0]["files"]
    file["sha256"] = digest(text)
    (place / file["file"]).write_text(text, encoding="utf-8")
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")


def test_a_cell_is_compared_alone_and_nothing_below_it_runs(guide: GuideFolder) -> None:
    other(guide, "opens", "loss 0.5\n")
    other(guide, "last", "first\n")
    before = guide.recorded()
    done = guide.galley("test", "page/middle", CI="1")
    assert done.returncode == 0, done.stdout
    assert "[1/1] page (laptop): same outputs\n    middle: same (4 cells, " in done.stdout
    done = guide.galley("test", "page/opens")
    assert done.returncode == 7
    assert "cell opens: opens.stdout.txt differs from line 1 on: 'loss 0.5' became 'loss 0.25'" in done.stdout
    assert "\n        where line 1  was 0.5  now 0.25  by 0.5\n" in done.stdout
    assert "    opens: differs (2 cells, " in done.stdout
    done = guide.galley("test", "page/middle", "docs/page.md/last")
    assert done.returncode == 7
    assert "    middle: same\n    last: differs (6 cells, " in done.stdout
    assert "cell opens" not in done.stdout
    assert "cell opens" in guide.galley("test", "page/middle", "page").stdout, "the whole page is asked for, too"
    assert guide.recorded() == before


def test_the_cell_at_which_a_page_stops_does_not_get_what_the_page_prints_at_its_end(guide: GuideFolder) -> None:
    assert guide.galley("test", "page/opens").returncode == 0
    assert guide.galley("test", "page/last").returncode == 0


def test_a_lie_about_the_whole_page_is_told_at_its_first_cell(guide: GuideFolder) -> None:
    file = guide.project.outputs / "page/laptop/record.json"
    file.write_text(file.read_text(encoding="utf-8").replace('"cpu"', '"H100"'), encoding="utf-8")
    done = guide.galley("test", "page/opens", "page/middle", "--json")
    assert done.returncode == 7
    said = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    assert [each["result"] for each in said["cells"]] == ["differs", "same"]
    assert "the record says of device: 'H100', this run says: 'cpu'" in said["cells"][0]["said"]


def test_a_failure_above_the_cell_is_the_pages(guide: GuideFolder) -> None:
    guide.without_sandbox()
    mark = f"{guide.root}-mark"
    code = f"from pathlib import Path\nmark = Path({mark!r})\nassert not mark.exists()\nmark.touch()\n"
    guide.snippet("once", f"# %% one\n{code}# %% two\nprint(2)\n# %% three\nprint(3)\n")
    assert guide.galley("run", "once").returncode == 0
    done = guide.galley("test", "once/two")
    assert done.returncode == 4, done.stdout
    assert "snippets/once.py:4: page once (laptop) in cell one: AssertionError" in done.stdout
    assert "    two: no result" in done.stdout
    done = guide.galley("test", "once/two", "--keep-going")
    assert done.returncode == 4, done.stdout
    assert "FAILED in 1 of 2 cells\n    two: same" in done.stdout
    done = guide.galley("test", "once", "--keep-going", "--verbose")
    assert "FAILED in 1 of 3 cells\n    one: failed\n    two: same\n    three: same" in done.stdout


def test_a_cell_that_differs_is_told_beside_another_that_fails(guide: GuideFolder) -> None:
    guide.without_sandbox()
    mark = f"{guide.root}-mark"
    code = f"from pathlib import Path\nmark = Path({mark!r})\nthere = mark.exists()\nmark.touch()\n"
    guide.snippet("once", f"# %% one\n{code}# %% two\nassert not there\n# %% three\nprint(there)\n")
    assert guide.galley("run", "once").returncode == 0
    done = guide.galley("test", "once", "--keep-going", "--json")
    said = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    results = {each["cell"]: each for each in said["cells"]}
    assert [each["result"] for each in results.values()] == ["same", "failed", "differs"]
    assert results["two"]["said"].startswith("snippets/once.py:7: page once (laptop) in cell two: AssertionError")
    assert "Traceback" in results["two"]["said"]
    assert "'False' became 'True'" in results["three"]["said"]
    assert (results["three"]["file"], results["three"]["line"]) == ("snippets/once.py", 8)


def test_what_came_of_each_cell_is_written_for_programs(guide: GuideFolder) -> None:
    other(guide, "middle", "middle 3\n")
    guide.snippet("new", "# %% one\n1\n")
    done = guide.galley("test", "--json")
    assert done.returncode == 7
    said = json.loads(done.stdout[done.stdout.index("{") : done.stdout.rindex("}") + 1])
    assert {each["cell"]: each["result"] for each in said["cells"]} == {
        "parameters": "same",
        "opens": "same",
        "claimed": "same",
        "middle": "differs",
        "timed": "same",
        "last": "same",
    }
    assert ["never recorded" in each for each in said["errors"]] == [True]
    assert "'middle 3' became 'middle 1'" in said["cells"][3]["said"]
    assert {each["profile"] for each in said["cells"]} == {"laptop"}


def test_a_cell_that_is_not_there_is_told_with_those_that_are(guide: GuideFolder) -> None:
    done = guide.galley("test", "page/mittle")
    assert done.returncode == 2
    assert "page page has no cell 'mittle'\n    is it middle? its cells: parameters, opens, claimed" in done.stdout
    assert "no page with cells is named 'page/x/y'" in guide.galley("test", "page/x/y").stdout
    assert "page page has no cell 'xyz'\n    its cells: param" in guide.galley("test", "page/xyz").stdout


def test_a_page_in_a_folder_and_a_cell_have_one_form(guide: GuideFolder) -> None:
    guide.snippet("deep", "# %% one\n1\n", shown=False)
    guide.write("docs/page/deep.md", '# Deep\n\n```python exec="on" cell="deep/one"\n```\n')
    found = guide.guide
    names = {
        "page/deep": ("deep", ""),
        "page/deep/one": ("deep", "one"),
        "docs/page/deep.md": ("deep", ""),
        "docs/page/deep.md/one": ("deep", "one"),
        "deep/one": ("deep", "one"),
        "page": ("page", ""),
        "page/last": ("page", "last"),
        "snippets/page.py/last": ("page", "last"),
    }
    for name, expected in names.items():
        snippets, cell = found.find_cell(name)
        assert (snippets.page, cell) == expected, name
    guide.snippet("last", "# %% one\n1\n")
    assert guide.guide.find_cell("page/last")[0].page == "page", "the cell, since page last is in no folder page"
    for name in ("lone", "other"):
        guide.snippet(name, "# %% one\n1\n")  # a page that is in no folder `page`
        with pytest.raises(UsageError, match=f"page page has no cell '{name}'"):
            guide.guide.find_cell(f"page/{name}")


def test_a_claim_that_a_profile_leaves_out_cannot_be_asked_for_there(guide: GuideFolder) -> None:
    assert guide.galley("run", "-p", "big").returncode == 0
    assert guide.galley("test", "-p", "big", "page/middle").returncode == 0
    done = guide.galley("test", "-p", "big", "page/claimed")
    assert done.returncode == 2
    assert "the profile big leaves cell claimed of page page out" in done.stdout


def test_a_page_that_runs_in_part_counts_as_the_part(guide: GuideFolder) -> None:
    (whole,), _ = to_compare(look(guide.guide, (), ()), named=False)
    assert whole.alone
    (part,) = narrowed([whole], {"page": ["opens", "middle"]})
    assert not part.alone, "what measures is below"
    assert [cell.name for cell in part.running(part.snippets)] == ["parameters", "opens", "claimed", "middle"]
    assert [cell.name for cell in part.compared({"parameters", "opens", "last"}).cells] == ["opens"]
    assert narrowed([whole], {}) == [whole]
    assert isinstance(part, Task)
    assert part.before is not None
    assert part.seconds == sum(cell.seconds for cell in part.before.cells[:4])


def test_a_part_of_a_page_has_no_end_and_a_whole_page_has_one() -> None:
    ends = CellEnds("a", Cost())
    for part, event in ((True, ends), (False, Ending(1.0))):
        order = Order(["a"], part=part)
        for each in (Ready(), CellBegins("a", 1)):
            order.take(each)
        with pytest.raises(EventError):
            order.take(Ending(1.0) if part else ends)
        order.take(event)


def test_a_long_difference_is_told_in_few_pieces() -> None:
    rows = tuple((f"line {number}", "x" * 200) for number in range(10))
    told = list(Difference(Change.TEXT, "differs", ("where", "was"), rows).pieces)
    assert told[0] == f"where line 0  was {'x' * 120}…"
    assert told[8:] == ["and 2 more"]
