"""The measurements: the galley peer does what it is timed for, and what is committed is what the commands make."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from bench import figure, growth, growth_figure, independence, pairwise, process, records, table
from bench.measure import Limits, Site, spread
from bench.pages import HAZARDS, Workload, mark
from bench.peers import PEERS
from bench.rows import Plan, sized, sized_s
from bench.scale import copied, typed

RESULTS = json.loads(table.RESULTS.read_text(encoding="utf-8"))
GROWTH = json.loads(growth.GROWTH.read_text(encoding="utf-8"))
PHONE = 334  # pixels for a picture on a phone of 360


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder as setup.sh makes it, whose environments are the one of this test."""
    (tmp_path / "venvs").mkdir()
    for name in ("galley", "galley-then", "material"):
        (tmp_path / "venvs" / name).symlink_to(sys.prefix)
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


def test_what_many_pages_are_held_against_has_the_same_cells(work: Path) -> None:
    ours, static = copied(work, 3, 5, "size"), typed(work, 3, 5, "size", "static")
    first, *others = ((static.tree / f"docs/page_{number:04}.md").read_text(encoding="utf-8") for number in range(3))
    assert [text.partition("\n")[2] for text in others] == [first.partition("\n")[2]] * 2
    (page,) = ours.workload.make()
    assert all(cell in first for cell in page.cells)
    assert all(cell in (ours.tree / "snippets/page_0002.py").read_text(encoding="utf-8") for cell in page.cells)


def test_the_ratio_and_the_seconds_of_many_pages_are_of_the_same_builds(work: Path) -> None:
    plan = Plan(work, builds=Limits(runs=2))
    ratio, seconds = (how(plan, peer="galley", floor="static", pages=2) for how in (sized, sized_s))
    assert len(ratio.values) == 2
    assert ratio.more["wall_s"] == spread(seconds.values)
    assert min(ratio.values) > 0 < ratio.more["cpu_ratio"]["min"]
    assert Site(PEERS["galley"], Workload("light", 1), work, "size-2-galley").copies() == 2


def test_the_rows_of_many_pages_have_a_name_together() -> None:
    assert {row.name for row in table.rows(Plan(Path("work")))}.issuperset(table.SIZE)


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
    text = table.RESULTS.read_text(encoding="utf-8") + growth.GROWTH.read_text(encoding="utf-8")
    assert not any(f'"/{each}' in text or f" /{each}" in text for each in ("tmp", "home", "root", "work"))


def test_the_figure_is_drawn_from_the_results() -> None:
    assert figure.FIGURE.read_bytes() == figure.draw(RESULTS)


def test_the_figure_reads_on_a_phone() -> None:
    assert figure.SIZE * 96 / 72 * min(1, PHONE / (figure.WIDTH * 96)) >= 10


def test_the_figure_is_the_same_twice_and_holds_no_text_that_needs_a_font() -> None:
    drawn = figure.draw(RESULTS)
    assert drawn == figure.draw(RESULTS)
    assert b"<text" not in drawn


def holds_its_form(results: dict[str, Any]) -> bool:
    """Whether each row of a measured growth says what ran, how often, and what each run took."""
    for row in results["rows"]:
        name, pages, cells = row["name"].partition("-")[0], row["pages"], row["cells"]
        assert (row["name"], row["command"]) == (f"{name}-{pages}x{cells}", growth.COMMANDS[name][1])
        assert len(row["cpu_s"]) == len(row["wall_s"]) == len(row["largest_mb"]) >= 1
        assert min(*row["cpu_s"], *row["wall_s"]) > 0 <= min(row["largest_mb"])
        assert re.fullmatch(r"[0-9a-f]{7,}\+?", row["commit"])
    assert results["exponents"] == growth.exponents(results["rows"])
    return all(results["ran_on"][fact] for fact in ("cpu", "cores", "memory_gb", "system", "date"))


def test_the_growth_of_tiny_guides_is_measured_and_kept(work: Path, tmp_path: Path) -> None:
    out, rows = tmp_path / "growth.json", ["run-1x5", "check-1x5", "check-2x5", "build-2x5", "static-2x5"]
    growth.measure(work, growth.Sizes((1, 2), ()), rows, Limits(runs=1), out)
    found = json.loads(out.read_text(encoding="utf-8"))
    assert [row["name"] for row in found["rows"]] == rows
    assert holds_its_form(found)
    assert {name: list(each) for name, each in found["exponents"].items()} == {"check": ["1 to 2"]}


def test_a_row_measured_anew_takes_the_place_of_the_old_one_and_the_others_stay(work: Path, tmp_path: Path) -> None:
    out = tmp_path / "growth.json"
    old = [row for row in GROWTH["rows"] if row["pages"] <= 10]
    out.write_text(json.dumps({"rows": old}), encoding="utf-8")
    growth.measure(work, growth.Sizes((10,), ()), ["check-10x5"], Limits(runs=1), out)
    new = json.loads(out.read_text(encoding="utf-8"))["rows"]
    assert [row["name"] for row in new] == [row["name"] for row in old]
    assert [row["name"] for row in new if row not in old] == ["check-10x5"]


def test_the_time_of_a_pages_own_processes_counts(work: Path) -> None:
    site = Site(PEERS["galley"], Workload("light", 1), work, "burn")
    site.write(fresh=True)
    burn = "import time; [None for _ in iter(lambda: time.process_time() < 1, False)]"
    cell = (
        f"\n\n# %% burn\nimport subprocess, sys\ndone = subprocess.run([sys.executable, '-c', {burn!r}], check=True)\n"
    )
    file = site.tree / "snippets" / "page_0000.py"
    file.write_text(file.read_text(encoding="utf-8") + cell, encoding="utf-8")
    done = process.run("galley run", process.environment(site.peer, work, site.tree), site.tree)
    assert done.code == 0, done.log
    assert done.cpu_s > 1


def test_the_committed_growth_holds_every_size_and_says_what_it_ran_on() -> None:
    wanted = [f"{name}-{pages}x{cells}" for pages, cells in growth.Sizes() for name in growth.COMMANDS]
    assert [row["name"] for row in GROWTH["rows"]] == wanted
    assert holds_its_form(GROWTH)


def test_the_figure_of_the_growth_is_drawn_from_its_results_and_reads_on_a_phone() -> None:
    assert growth_figure.FIGURE.read_bytes() == growth_figure.draw(GROWTH) == growth_figure.draw(GROWTH)
    shown = min(1, PHONE / (growth_figure.WIDTH * 96))
    assert growth_figure.SIZE * 96 / 72 * shown >= 10


def test_two_states_of_galley_run_the_same_commands_in_turns(work: Path) -> None:
    found = list(pairwise.rows(work, pairwise.Sizes(run=1, build=1, check=1), Limits(runs=1)))
    assert [row["what"].partition(",")[0] for row in found] == ["galley run --all", "galley build", "galley check"]
    for row in found:
        assert row["runs"] == 1
        for kind in ("wall", "cpu"):
            now, then = row[f"{kind}_s"], row[f"then_{kind}_s"]
            assert row[f"{kind}_ratio"]["median"] == pytest.approx(now["median"] / then["median"], rel=0.1)
    trees = sorted(path.name for path in (work / "trees").iterdir() if path.is_dir())
    assert [name for name in trees if name.endswith("-then")] == [
        "pairwise-1-galley-then", "pairwise-build-galley-then", "pairwise-run-galley-then",
    ]  # fmt: skip


def test_the_other_state_is_that_of_its_commit_and_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "then").mkdir()
    (tmp_path / "then/of_another_commit").touch()
    commit = pairwise.unpack(tmp_path, "HEAD")
    assert re.fullmatch("[0-9a-f]{7,}", commit)
    assert (tmp_path / "then/scripts/galley/pyproject.toml").is_file()
    assert (tmp_path / "then/constraints.txt").is_file()
    assert not (tmp_path / "then/of_another_commit").exists()
    with pytest.raises(pairwise.NoCommitError, match=r"no commit '--output=x' in .*: name one that `git log` shows"):
        pairwise.unpack(tmp_path, "--output=x")
    assert (tmp_path / "then/constraints.txt").is_file(), "it stays where nothing replaces it"
