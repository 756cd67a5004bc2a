"""A warm runner: other commands find it, join it, and pass it by once it is out of date."""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio.subprocess import Process
from pathlib import Path

import pytest

from galley.errors import RunnerError
from galley.run import backend, runners
from galley.run.backend import LocalBackend
from galley.run.choose import Task
from galley.run.protocol import Job
from galley.run.runners import warm_runner
from galley.run.schedule import run_tasks
from galley.serve import Keeper
from guide_folder import GuideFolder

pytestmark = pytest.mark.usefixtures("true_processes")

HOOKED = """\
[tool.galley]
[tool.galley.hooks]
provenance = "helper:provenance"
[tool.galley.profiles.laptop]
required = true
"""


@pytest.fixture
def hooked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GuideFolder:
    """A guide with a hook of its own, and with warm runners kept out of the user's folder."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    folder = GuideFolder.make(tmp_path / "guide", HOOKED)
    folder.write("snippets/helper.py", "def provenance(context):\n    return {'made': 1}\n")
    folder.snippet("page", "# %% one\nprint(1)\n")
    return folder


def test_there_is_none_before_one_was_started(hooked: GuideFolder):
    assert warm_runner(hooked.project) is None


def test_a_run_joins_the_warm_runner(hooked: GuideFolder):
    async def joined() -> tuple[Path, Path]:
        async with Keeper(hooked.project) as keeper:
            kept = await keeper.socket()
            return kept, warm_runner(hooked.project)

    kept, found = asyncio.run(joined())
    assert kept == found


@pytest.mark.parametrize("end", ["stopped", "killed"])
def test_a_run_that_joined_goes_on_alone_when_the_warm_runner_goes_away(
    hooked: GuideFolder, monkeypatch: pytest.MonkeyPatch, end: str
):
    monkeypatch.setattr(backend, "warm_runner", lambda project: warm[0])
    warm: list[Path] = []
    for name in ("quick", "slow", "third"):
        sleep = "import os, time\ntime.sleep(0.6)\nprint(os.getppid())\n" if name != "quick" else "print('quick')\n"
        hooked.snippet(name, f"# %% one\n{sleep}")

    async def joined() -> list[tuple[str, bool]]:
        guide, laptop = hooked.guide, hooked.project.profile("laptop")
        tasks = [Task(guide.snippets[name], laptop) for name in ("quick", "slow", "third")]
        keeper = Keeper(hooked.project)
        warm.append(await keeper.socket())
        going: list[asyncio.Task[None]] = []

        def heard(job: Job, cell: str) -> None:
            if job.page == "slow" and not going:
                process = keeper.running.process
                leave = keeper.close if end == "stopped" else lambda: kill(process)
                going.append(asyncio.create_task(leave()))

        async def kill(process: Process) -> None:
            os.killpg(process.pid, signal.SIGKILL)

        async with LocalBackend(hooked.project) as here:
            running = run_tasks(hooked.project, tasks, here, heard, 2)
            ended = [(ran.run.page, ran.run.failure is None) async for ran in running]
        await asyncio.gather(*going)
        await keeper.close()
        return ended

    assert sorted(asyncio.run(joined())) == [("quick", True), ("slow", True), ("third", True)]


def test_the_keeper_keeps_its_runner_while_nothing_changes(hooked: GuideFolder):
    async def twice() -> tuple[int, int]:
        async with Keeper(hooked.project) as keeper:
            await keeper.socket()
            first = keeper.running.process.pid
            await keeper.socket()
            return first, keeper.running.process.pid

    first, second = asyncio.run(twice())
    assert first == second


@pytest.mark.parametrize("change", ["hook", "settings", "package"])
def test_it_is_replaced_when_what_it_loaded_changes(hooked: GuideFolder, change: str, monkeypatch: pytest.MonkeyPatch):
    async def replaced() -> tuple[int, int, Path | None]:
        async with Keeper(hooked.project) as keeper:
            await keeper.socket()
            first = keeper.running.process.pid
            if change == "hook":
                hooked.write("snippets/helper.py", "def provenance(context):\n    return {'made': 2}\n")
            elif change == "settings":
                settings = HOOKED.replace("[tool.galley]\n", '[tool.galley]\nenvironment = { X = "1" }\n', 1)
                hooked.write("pyproject.toml", settings)
                keeper.project = hooked.project
            else:
                packages = hooked.root / "packages"
                (packages / "new-1.0.dist-info").mkdir(parents=True)
                monkeypatch.setattr(runners.sysconfig, "get_path", lambda name: str(packages))
            stale = warm_runner(keeper.project)
            await keeper.socket()
            return first, keeper.running.process.pid, stale

    first, second, stale = asyncio.run(replaced())
    assert first != second
    assert stale is None, "another command would have joined a runner that is out of date"


def test_a_page_module_that_the_runner_did_not_load_replaces_nothing(hooked: GuideFolder):
    async def kept() -> bool:
        async with Keeper(hooked.project) as keeper:
            first = await keeper.socket()
            hooked.write("snippets/other.py", "x = 1\n")
            return warm_runner(hooked.project) == first

    assert asyncio.run(kept())


def test_a_dead_runner_is_replaced(hooked: GuideFolder):
    async def replaced() -> int:
        async with Keeper(hooked.project) as keeper:
            await keeper.socket()
            os.killpg(keeper.running.process.pid, signal.SIGKILL)
            await keeper.running.process.wait()
            async with asyncio.timeout(30):  # the others of its group hold its socket for a moment
                while warm_runner(hooked.project) is not None:
                    await asyncio.sleep(0.01)
            await keeper.socket()
            return keeper.running.process.returncode or 0

    assert asyncio.run(replaced()) == 0


def test_nothing_is_left_when_the_keeper_ends(hooked: GuideFolder):
    async def ended() -> int | None:
        async with Keeper(hooked.project) as keeper:
            await keeper.socket()
            process = keeper.running.process
        return process.returncode

    assert asyncio.run(ended()) is not None
    assert warm_runner(hooked.project) is None
    assert not (runners.card_folder(hooked.project) / runners.CARD).exists()


def test_only_the_user_can_enter_the_folder(hooked: GuideFolder):
    folder = runners.card_folder(hooked.project).parent
    assert folder.stat().st_mode & 0o077 == 0
    folder.chmod(0o755)
    with pytest.raises(RunnerError, match="not a folder of yours alone"):
        runners.card_folder(hooked.project)


def test_a_link_in_place_of_the_folder_is_refused(hooked: GuideFolder, tmp_path: Path):
    (tmp_path / f"galley-{os.getuid()}").symlink_to(tmp_path / "guide")
    with pytest.raises(RunnerError, match="not a folder of yours alone"):
        runners.card_folder(hooked.project)


def test_a_second_keeper_leaves_the_first_ones_runner_alone(hooked: GuideFolder):
    async def beside() -> tuple[Path, Path, Path | None]:
        async with Keeper(hooked.project) as first:
            one = await first.socket()
            async with Keeper(hooked.project) as second:
                two = await second.socket()
                assert await first.socket() == one
            return one, two, warm_runner(hooked.project)

    one, two, left = asyncio.run(beside())
    assert one != two
    assert left is None, "the card was the second one's and went with it"


def test_a_keeper_that_ends_leaves_the_card_of_a_later_one(hooked: GuideFolder):
    async def after() -> tuple[Path, Path | None]:
        async with Keeper(hooked.project) as second:
            async with Keeper(hooked.project) as first:
                await first.socket()
                two = await second.socket()
            return two, warm_runner(hooked.project)

    two, left = asyncio.run(after())
    assert left == two
