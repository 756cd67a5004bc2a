"""The measurements: the galley peer does what it is timed for, and what is committed is what the commands make."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from bench import figure, independence, records, table
from bench.measure import Site
from bench.pages import HAZARDS, Workload, mark
from bench.peers import PEERS
from bench.rows import Plan

RESULTS = json.loads(table.RESULTS.read_text(encoding="utf-8"))


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder as setup.sh makes it, whose environment for galley is the one of this test."""
    (tmp_path / "venvs").mkdir()
    (tmp_path / "venvs" / "galley").symlink_to(sys.prefix)
    return tmp_path


def test_the_galley_peer_runs_every_page_once_and_then_none(work: Path) -> None:
    site = Site(PEERS["galley"], Workload("light", 3), work, "galley")
    site.write(fresh=True)
    cold = site.build()
    assert (cold.code, site.marks()) == (0, 3), cold.log
    written = [records.record_file(site.tree, number).stat().st_mtime_ns for number in range(3)]
    noop = site.build()
    assert (noop.code, site.marks()) == (0, 3), noop.log
    assert "nothing to run" in noop.log
    assert [records.record_file(site.tree, number).stat().st_mtime_ns for number in range(3)] == written


def test_an_edit_writes_one_file_and_changes_what_one_page_must_show(work: Path) -> None:
    site = Site(PEERS["galley"], Workload("light", 3), work, "galley")
    site.write(fresh=True)
    before = {path: path.read_bytes() for path in site.tree.rglob("*") if path.is_file()}
    site.write(edit=7)
    changed = [path.name for path, data in before.items() if path.read_bytes() != data]
    assert changed == ["page_0001.py"]
    assert mark(1, 7) != mark(1, 0)


def test_pages_that_leave_things_behind_print_the_same_in_every_way(work: Path) -> None:
    row = independence.independence(work, Workload("leaky", 2))
    assert row["different"] == []
    assert row["outputs"] == 2 * 5


@pytest.mark.parametrize("name", ["light", "model", "counted", "leaky", *HAZARDS])
def test_every_peer_writes_every_workload(name: str) -> None:
    pages = Workload(name, 2, model="a folder").make()
    for peer in PEERS.values():
        files = dict(peer.write(pages))
        assert files, peer.name
        assert not any(Path(path).is_absolute() for path in files)


def test_the_results_hold_every_row_and_say_what_they_ran_on() -> None:
    wanted = {row.name: row for row in table.rows(Plan(Path("work")))}
    assert [row["name"] for row in RESULTS["rows"]] == list(wanted)
    for row in RESULTS["rows"]:
        assert (row["aim"], row["unit"], row["what"]) == (wanted[row["name"]].aim, *_said(wanted[row["name"]]))
        assert row["value"]["min"] <= row["value"]["median"] <= row["value"]["max"]
        assert row["met"] == (row["value"]["median"] <= row["aim"])
        assert row["runs"] >= 1
        assert re.fullmatch(r"[0-9a-f]{7,}\+?", row["commit"]), row["name"]
    assert all(RESULTS["ran_on"][fact] for fact in ("cpu", "cores", "memory_gb", "system", "date"))
    assert {"galley", "mkdocs", "zensical", "torch", "transformers"} <= RESULTS["ran_on"]["versions"].keys()


def _said(row: table.Row) -> tuple[str, str]:
    return row.unit, row.what


def test_the_results_name_no_folder_of_the_machine() -> None:
    text = table.RESULTS.read_text(encoding="utf-8")
    assert not any(f'"/{each}' in text or f" /{each}" in text for each in ("tmp", "home", "root", "work"))


def test_the_figure_is_drawn_from_the_results() -> None:
    assert figure.FIGURE.read_bytes() == figure.draw(RESULTS)


def test_the_figure_is_the_same_twice_and_holds_no_text_that_needs_a_font() -> None:
    drawn = figure.draw(RESULTS)
    assert drawn == figure.draw(RESULTS)
    assert b"<text" not in drawn
