"""`kill -9` at any moment: afterwards `check` tells the truth, and `run` mends it."""

from __future__ import annotations

import os
import random
import signal
import tempfile
import time
from contextlib import suppress
from pathlib import Path

import pytest

import hard
from galley.record.status import State
from galley.run.command import Summary
from guide_folder import SETTINGS, GuideFolder
from processes import processes_of, wait_until_gone

PAGES = ("one", "two", "three")
VICTIMS = ("command", "runner", "page")
TRIALS = hard.size(9, 1002)  # for all victims together
WORDS = "abcdefghij"


def source(value: int) -> str:
    """A page whose outputs are many, and are other for every value."""
    cells = [f'# %% {word}\nprint("{word}" * 1000, {value})\n{value}\n' for word in WORDS]
    return "".join(cells)


def check_the_truth(folder: GuideFolder, values: dict[str, int]) -> set[State]:
    """The states of the pages, each of them checked against the files on disk."""
    states = set()
    for page in PAGES:
        found = folder.status(page)
        states.add(found.state)
        place = folder.project.outputs / page / "laptop"
        names = {path.name for path in place.iterdir()} if place.is_dir() else set()
        names.discard("replacing.json")  # says what may be removed, and is no part of a record
        texts = {folder.output(page, name) for name in names if name.endswith(".value.txt")}
        match found.state:
            case State.FRESH:
                assert texts == {f"{values[page]}"}
                assert len(names) == 2 * len(WORDS) + 2
            case State.STALE:
                assert texts == {f"{values[page] - 1}"}
                assert len(names) == 2 * len(WORDS) + 2
            case State.MISSING:
                assert not names
            case _:
                pytest.fail(f"{page} is {found.state}: {found.reasons}")
    return states


def start(folder: GuideFolder, scratch: Path) -> int:
    """A process that runs the pages as the command does, forked so that it starts at once."""
    number = os.fork()
    if number == 0:
        try:
            tempfile.tempdir = str(scratch)
            folder.run()
        finally:
            os._exit(0)
    return number


def runner_and_pages(marker: str) -> list[int]:
    """The numbers of the runner process that a run has started, once there is one, and of what it forked."""
    found = [each for each in processes_of(marker) if "galley.run.server" in each]
    return sorted(int(each.split()[0]) for each in found)


@pytest.mark.parametrize("victim", VICTIMS)
def test_killed_at_a_random_moment_a_run_leaves_the_truth_and_is_mended(
    tmp_path: Path, victim: str, counts: hard.Counts
) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    marker = f"galley-kill-{victim}-{os.getpid()}"
    folder = GuideFolder.make(tmp_path, f'{SETTINGS}[tool.galley.environment]\nGALLEY_TEST = "{marker}"\n')
    chance = random.Random(f"{victim} 1")
    values = dict.fromkeys(PAGES, 0)
    for page in PAGES:
        folder.snippet(page, source(0))
    started = time.monotonic()
    os.waitpid(start(folder, scratch), 0)
    whole = time.monotonic() - started
    seen: set[State] = set()
    last = TRIALS // len(VICTIMS)
    for trial in range(1, last + 1):
        for page in PAGES:
            if folder.status(page).state is State.FRESH:
                values[page] += 1
                folder.snippet(page, source(values[page]))
        run = start(folder, scratch)
        time.sleep(whole * chance.uniform(0.2, 1.1))
        found = runner_and_pages(marker)
        numbers = {"command": [run], "runner": found[:1], "page": found[1:]}[victim]
        if numbers:
            with suppress(ProcessLookupError):
                os.kill(chance.choice(numbers), signal.SIGKILL)
        counts.add(f"{victim} killed" if numbers else "ended before")
        os.waitpid(run, 0)
        assert wait_until_gone(marker) == []
        seen |= check_the_truth(folder, values)
        if trial % 5 == 0 or trial == last:
            assert folder.run().summary == Summary()
            assert [str(each) for each in folder.findings()] == []
            assert check_the_truth(folder, values) == {State.FRESH}
    assert victim != "command" or seen - {State.FRESH}, "some trial hit a page before it was recorded"
    os.waitpid(start(folder, scratch), 0)  # with nothing to run
    assert [path for path in scratch.glob("galley-*") if path.name != f"galley-{os.getuid()}"] == []
    assert not list(scratch.glob("galley-*/*.made"))


def test_nothing_temporary_is_left_by_a_run_that_ends(folder: GuideFolder, tmp_path: Path) -> None:
    scratch = tmp_path / "tmp"
    scratch.mkdir()
    folder.snippet("one", source(1))
    folder.snippet("two", "# %% first\nraise ValueError\n")
    folder.galley("run", TMPDIR=str(scratch))
    assert [path.name for path in scratch.iterdir() if not path.name.startswith(f"galley-{os.getuid()}")] == []
    assert tempfile.gettempdir() != str(scratch)
