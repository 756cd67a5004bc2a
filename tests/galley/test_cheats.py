"""Ways to make a record say what never ran, from the careless to the thorough, each with what stops it.

Two more ways leave the records alone: an output that is typed into a page, and a claim that asserts a constant.
The check tells both (`test_typed.py`, `test_proof.py`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from galley.source.digest import digest
from guide_folder import SETTINGS, GuideFolder

PAGE = """\
# %% printed
print("3.2 GB at two bytes each")
# %% measured [measured]
print("317 tokens/s, loss 0.25")
# %% first raises="KeyError"
{}["a"]
# %% second raises="ValueError"
raise ValueError("b")
# %% claimed [claim]
"JSON has ones."
import json
assert json.loads("1") == 1
"""
OPTIONAL = "\n[tool.galley.profiles.gpu]\n"
Cheat = Callable[[GuideFolder], object]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide of two pages with true records."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS + OPTIONAL)
    folder.snippet("page", PAGE)
    folder.snippet("other", "# %% printed\nprint(1)\n")
    assert not folder.run().failures
    return folder


def place_of(guide: GuideFolder, page: str = "page") -> Path:
    """The folder of a record."""
    return guide.project.outputs / page / "laptop"


def edited(guide: GuideFolder) -> None:
    """An output is edited by hand."""
    (place_of(guide) / "printed.stdout.txt").write_text("9.9 GB at two bytes each\n", encoding="utf-8")


def swapped_pages(guide: GuideFolder) -> None:
    """The folders of two pages are swapped."""
    one, other = place_of(guide), place_of(guide, "other")
    one.rename(one.with_name("aside"))
    other.rename(one)
    one.with_name("aside").rename(other)


def old_record(guide: GuideFolder) -> None:
    """The record of an older state of the code, as history has it."""
    guide.snippet("page", PAGE.replace("3.2 GB", "4.1 GB"))


def old_without_dependencies(guide: GuideFolder) -> None:
    """The same, and it says that it depended on nothing."""
    old_record(guide)
    rewritten(guide, lambda record: record.update(dependencies=[]))


CARELESS: dict[str, tuple[Cheat, str]] = {
    "an edited output": (edited, "tampered: page (laptop): is not what was recorded: its bytes changed"),
    "two pages swapped": (swapped_pages, "tampered: page (laptop): is the record of other under laptop"),
    "an old record": (old_record, "stale: page (laptop): cell page/printed changed"),
    "an old record without dependencies": (old_without_dependencies, "stale: page (laptop): cell page/printed changed"),
}


@pytest.mark.parametrize("cheat", CARELESS)
def test_a_careless_cheat_is_told_by_the_check(guide: GuideFolder, cheat: str) -> None:
    change, told = CARELESS[cheat]
    change(guide)
    done = guide.galley("check")
    assert done.returncode == 1
    assert told in done.stdout
    assert guide.mkdocs().returncode != 0


def rewritten(guide: GuideFolder, change: Callable[[dict[str, Any]], object], **outputs: str) -> None:
    """Change a record and its outputs, with digests that are right."""
    place = place_of(guide)
    record = json.loads((place / "record.json").read_text(encoding="utf-8"))
    change(record)
    for cell in record["cells"]:
        for file in (file for output in cell["outputs"] for file in output["files"]):
            if cell["name"] in outputs:
                (place / file["file"]).write_text(outputs[cell["name"]], encoding="utf-8")
                file["sha256"] = digest(outputs[cell["name"]])
    run = json.loads((place / "run.json").read_text(encoding="utf-8"))
    run |= {name: record["environment"].pop(name) for name in run if name in record["environment"]}
    (place / "run.json").write_text(json.dumps(run), encoding="utf-8")
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")


def other_machine(record: dict[str, Any]) -> None:
    """It says that it ran on another machine."""
    record["environment"].update(cpu="AMD EPYC", system="Linux riscv64", provenance={"device": "NVIDIA H100"})


def nothing(record: dict[str, Any]) -> None:
    """The record says the same of its run."""


def false_claim(guide: GuideFolder) -> None:
    """A claim that does not hold, with an entry in the record that is written by hand."""
    guide.snippet("page", PAGE.replace("== 1\n", "== 2\n"))
    cells = {cell.name: cell.digest for cell in guide.guide.snippets["page"].cells}
    rewritten(guide, lambda record: [cell.update(digest=cells[cell["name"]]) for cell in record["cells"]])


LARGE = "9.9 GB at two bytes each\n"
LIAR: dict[str, tuple[Cheat, int, str]] = {
    "an output with its digest": (lambda g: rewritten(g, nothing, printed=LARGE), 7, "printed.stdout.txt differs"),
    "and another machine": (lambda g: rewritten(g, other_machine, printed=LARGE), 7, "printed.stdout.txt differs"),
    "another machine alone": (
        lambda g: rewritten(g, other_machine), 7, "the record says of device: 'NVIDIA H100', this run says: nothing"
    ),
    "a number of a measured cell that repeats": (
        lambda g: rewritten(g, other_machine, measured="317 tokens/s, loss 0.01\n"), 7, "measured.stdout.txt differs"
    ),
    "two errors swapped": (
        lambda g: rewritten(g, nothing, first="ValueError: b\n", second="KeyError: 'a'\n"), 7, "first.error.txt is of"
    ),
    "a false claim": (false_claim, 4, "json.loads(\"1\") == 2"),
}  # fmt: skip


@pytest.mark.parametrize("cheat", LIAR)
def test_a_forged_record_is_told_when_its_page_runs_again(guide: GuideFolder, cheat: str) -> None:
    change, code, told = LIAR[cheat]
    change(guide)
    assert guide.galley("check").returncode == 0, "it is well forged"
    done = guide.galley("test")
    assert done.returncode == code, done.stdout
    assert told in done.stdout


def test_a_record_that_nothing_can_run_again_says_so(guide: GuideFolder) -> None:
    """A record of another profile, made by hand from a true one in a guide that loads no modules and pins nothing."""
    shutil.copytree(place_of(guide), place_of(guide).with_name("gpu"))
    record = place_of(guide).with_name("gpu") / "record.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"laptop"', '"gpu"'), encoding="utf-8")
    assert guide.galley("check").returncode == 0
    assert guide.mkdocs().returncode == 0
    html = (guide.root / "site/page.html").read_text(encoding="utf-8")
    assert html.count(">recorded, not rerun here") == 4


def test_what_a_measured_cell_measured_and_the_date_are_what_only_a_signature_holds(guide: GuideFolder) -> None:
    day = {"date": "2020-01-01"}
    rewritten(guide, lambda record: record.update(day), measured="31700 tokens/s, loss 0.25\n")
    assert guide.galley("check").returncode == 0
    assert guide.galley("test").returncode == 0
    assert guide.galley("check", "--signed").returncode == 1, "nobody signed anything here"
