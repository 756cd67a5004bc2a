"""A page that measures is alone on the machine, also among the pages of other commands."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from galley.errors import RunnerError
from galley.run import quiet
from galley.run.progress import RunProgress
from galley.run.quiet import machine
from galley.system import private_folder
from guide_folder import GuideFolder, quiet_environment

HOLD = """\
import asyncio
from galley.run.quiet import machine
async def hold():
    async with machine(alone=True):
        print("held", flush=True)
        await asyncio.sleep(600)
asyncio.run(hold())
"""


def test_who_waits_long_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "PATIENCE", 0.05)
    told: list[str] = []

    async def inside() -> None:
        async with (
            asyncio.TaskGroup() as group,
            machine(alone=True, name="the one", waits=lambda _: told.append("never")),
        ):
            group.create_task(page())
            await asyncio.sleep(0.3)

    async def page() -> None:
        async with machine(alone=False, waits=lambda holder: told.append(f"waits for {holder}")):
            told.append("runs")

    asyncio.run(inside())
    assert told == ["waits for the one", "runs"]


def test_a_page_that_measures_does_not_say_for_whom_it_waits_since_that_may_be_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quiet, "PATIENCE", 0.05)
    (private_folder() / "in-use.lock").write_text("one that was killed")
    told: list[str] = []

    async def inside() -> None:
        async with asyncio.TaskGroup() as group, machine(alone=False):
            group.create_task(page())
            await asyncio.sleep(0.3)

    async def page() -> None:
        async with machine(alone=True, waits=told.append):
            pass

    asyncio.run(inside())
    assert told == [""]
    assert (private_folder() / "in-use.lock").read_text() == "", "who was here says nothing any more"


def test_a_command_whose_output_is_a_file_says_at_once_what_it_waits_for(folder: GuideFolder, tmp_path: Path) -> None:
    folder.snippet("one", "# %% a\nprint(1)\n")
    folder.snippet("two", "# %% a\nprint(1)\n")
    hold = HOLD.replace("alone=True", "alone=True, name='process 7 measures page p of /g'")
    with subprocess.Popen([sys.executable, "-c", hold], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with (tmp_path / "said").open("w") as said:
            words = "from galley.cli import main; main()"
            command = [sys.executable, "-c", words, "build"]
            with subprocess.Popen(command, cwd=folder.root, stdout=said, env=quiet_environment()) as build:
                while "waits" not in (tmp_path / "said").read_text():
                    assert build.poll() is None
                    time.sleep(0.02)
                text = (tmp_path / "said").read_text()
                other.kill()
                assert build.wait(60) == 0
    assert text == "waits for another galley command: process 7 measures page p of /g\n"
    assert "[2/2] " in (tmp_path / "said").read_text()


def test_a_page_that_measures_says_who_it_is_while_it_runs(folder: GuideFolder) -> None:
    folder.without_sandbox()
    file = private_folder() / "in-use.lock"
    folder.snippet("one", f"# %% a [measured]\nprint(open({str(file)!r}).read())\n")
    assert not folder.run().failures
    said = folder.output("one", "a.stdout.txt")
    assert said.startswith(f"process {os.getpid()} measures page one of ")
    assert file.read_text() == ""


def test_what_cannot_be_a_lock_is_told(tmp_path: Path) -> None:
    (private_folder() / "door.lock").mkdir()

    async def page() -> None:
        async with machine(alone=False):
            pass

    with pytest.raises(RunnerError, match=r"door\.lock cannot be opened: Is a directory"):
        asyncio.run(page())


@pytest.mark.parametrize(("cell", "alone"), [("# %% one", True), ("# %% one [measured]", False)])
def test_a_page_waits_for_one_that_measures_and_one_that_measures_for_all(
    folder: GuideFolder, monkeypatch: pytest.MonkeyPatch, cell: str, alone: bool
) -> None:
    told: list[str] = []
    monkeypatch.setattr(quiet, "PATIENCE", 0.05)
    monkeypatch.setattr(RunProgress, "tell", lambda self, job, what: told.append(what))
    folder.without_sandbox()
    folder.snippet("page", f"{cell}\nopen(__file__ + '.ran', 'w').close()\n")
    ran = folder.root / "snippets/page.py.ran"

    async def inside() -> None:
        async with machine(alone=alone):
            running = asyncio.get_running_loop().run_in_executor(None, folder.run)
            while not told and not running.done():
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.3)
            assert told == ["waits for another galley command"]
            assert not ran.exists()
        await running

    asyncio.run(inside())
    assert ran.exists()


@pytest.fixture(autouse=True)
def own_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks that no other test holds."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))


async def seen_together(pages: str) -> list[str]:
    """Start pages a moment apart, a capital one alone; say which stood beside each other."""
    inside, seen = set(), []

    async def page(name: str) -> None:
        async with machine(alone=name.isupper()):
            inside.add(name)
            seen.append("".join(sorted(inside)))
            await asyncio.sleep(0.15)
            inside.remove(name)

    async with asyncio.TaskGroup() as group:
        for name in pages:
            group.create_task(page(name))
            await asyncio.sleep(0.03)
    return seen


@pytest.mark.parametrize(
    ("pages", "seen"),
    [
        ("ab", ["a", "ab"]),
        ("AB", ["A", "B"]),
        ("aBc", ["a", "B", "c"]),  # c came while B waited, and does not overtake it
    ],
)
def test_who_stands_beside_whom(pages: str, seen: list[str]) -> None:
    assert asyncio.run(seen_together(pages)) == seen


def test_who_gives_up_waiting_holds_nothing() -> None:
    async def inside() -> list[str]:
        async with machine(alone=False):
            waiting = asyncio.create_task(seen_together("A"))
            await asyncio.sleep(0.05)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            return await asyncio.wait_for(seen_together("b"), 5)

    assert asyncio.run(inside()) == ["b"]


def test_a_killed_command_holds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TimeoutError):
            asyncio.run(asyncio.wait_for(seen_together("a"), 0.2))
        other.kill()
    assert asyncio.run(asyncio.wait_for(seen_together("a"), 5)) == ["a"]
