"""One runner process: how it starts, what each page on it may take, how it ends."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from galley.errors import RunnerError
from galley.run.backend import where
from galley.run.client import PageRun, run_page
from galley.run.protocol import Job, Ready, encode
from galley.run.runners import clean_environment, runner
from guide_folder import SETTINGS, GuideFolder
from processes import processes_of, wait_until_gone

pytestmark = pytest.mark.usefixtures("true_processes")


@pytest.fixture
def marked(tmp_path: Path) -> GuideFolder:
    """A guide whose processes can be told from any others."""
    return GuideFolder.make(tmp_path, f'{SETTINGS}[tool.galley.environment]\nGALLEY_TEST = "{tmp_path}"\n')


def job(folder: GuideFolder, code: str, page: str = "page") -> Job:
    """A job that runs some code as one cell."""
    scratch = folder.root / f"scratch-{page}"
    scratch.mkdir(exist_ok=True)
    path = folder.root / "snippets" / f"{page}.py"
    source = f"# %% one\n{code}\n"
    root, place, one = str(folder.root), str(scratch), ("one",)
    what = {"page": page, "profile": "laptop", "path": str(path), "relative": path.name, "source": source, "cells": one}
    return Job(**what, root=root, snippets=str(path.parent), scratch=place)


async def run_here(socket: Path, asked: Job, heard: Callable[[Job, str], None] = lambda job, cell: None) -> PageRun:
    """Run a job on a runner of this machine."""
    return await run_page(socket, asked, where(Path(asked.scratch), Path(asked.path).parent), heard)


def run_all(folder: GuideFolder, jobs: list[Job], cells: list[str] | None = None) -> list[PageRun]:
    """Run the jobs at once on one runner."""

    async def inside() -> list[PageRun]:
        async with runner(folder.project, folder.root) as running:
            return await asyncio.gather(*(run_here(running.socket, each, heard) for each in jobs))

    def heard(job: Job, cell: str) -> None:
        if cells is not None:
            cells.append(f"{job.page} {cell}")

    return asyncio.run(inside())


def unshut(given: Job) -> Job:
    """The same job without the sandbox: the page leaves a file beside its guide."""
    return replace(given, sandbox="off")


MEET = """import time
from pathlib import Path
Path({root!r}, {name!r}).touch()
while len(list(Path({root!r}).glob("p*.began"))) < 6:
    time.sleep(0.01)
print("ok")
"""


def test_pages_run_at_once_and_are_heard_of(marked: GuideFolder) -> None:
    cells: list[str] = []
    root = str(marked.root / ".cache")  # each page waits there for the five others; nothing there counts
    Path(root).mkdir(exist_ok=True)
    pages = [unshut(job(marked, MEET.format(root=root, name=f"p{n}.began"), f"p{n}")) for n in range(6)]
    runs = run_all(marked, pages, cells)
    assert [run.cells[0].shown[0].forms[0].data for run in runs] == [b"ok\n"] * 6
    assert sorted(cells) == [f"p{n} one" for n in range(6)]
    assert wait_until_gone(str(marked.root)) == []


HOOKS = """import gc
collecting = gc.isenabled()

def setup(context):
    (context.root / "said").write_text(f"{collecting} {gc.isenabled()} {gc.get_freeze_count() > 10_000}")
"""


def test_the_runner_collects_no_garbage_while_it_imports_and_freezes_what_it_imported(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, f'{SETTINGS}[tool.galley.hooks]\nsetup = "helper:setup"\n')
    folder.write("snippets/helper.py", HOOKS)
    run_all(folder, [unshut(replace(job(folder, "1"), hooks=folder.project.hooks))])
    assert (tmp_path / "said").read_text() == "False True True"


def test_a_page_that_is_cancelled_is_killed_and_the_runner_goes_on(marked: GuideFolder) -> None:
    async def inside() -> PageRun:
        async with runner(marked.project, marked.root) as running:
            began = asyncio.Event()
            slow = job(marked, "while True: pass", "slow")
            task = asyncio.create_task(run_here(running.socket, slow, lambda job, cell: began.set()))
            await asyncio.wait_for(began.wait(), 20)
            with_page = len(processes_of(str(marked.root)))
            assert with_page >= 3, "the runner, its guard, on Linux its keeper, and the page"
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for _ in range(200):
                if len(processes_of(str(marked.root))) < with_page:
                    break
                await asyncio.sleep(0.02)
            assert len(processes_of(str(marked.root))) == with_page - 1
            return await run_here(running.socket, job(marked, "print('next')", "next"))

    assert asyncio.run(inside()).failure is None
    assert wait_until_gone(str(marked.root)) == []


Change = Callable[[Job], Job]


@pytest.mark.parametrize(
    ("change", "code", "failure"),
    [
        (lambda job: replace(job, timeout=0.3), "while True: pass", "took longer than 0.3 s and was stopped"),
        (lambda job: replace(job, page_timeout=0.3), "while True: pass", "the page took longer than 0.3 s"),
        (
            lambda job: replace(job, timeout=0.2, patience=2),
            "while True: pass",
            "took longer than 0.4 s and was stopped",
        ),
        (lambda job: replace(job, page_timeout=0.2, patience=2), "while True: pass", "the page took longer than 0.4 s"),
        (lambda job: replace(job, memory_mb=200), "x = bytearray(10**9)", "MemoryError"),
    ],
)
def test_a_page_may_take_no_more_than_it_is_given(marked: GuideFolder, change: Change, code: str, failure: str) -> None:
    (run,) = run_all(marked, [change(job(marked, code))])
    assert run.failure is not None
    assert run.failure.what == failure


def test_a_runner_that_cannot_import_says_why(tmp_path: Path) -> None:
    folder = GuideFolder.make(tmp_path, SETTINGS.replace("timeout", 'imports = ["absent_module"]\ntimeout'))
    with pytest.raises(RunnerError, match="No module named 'absent_module'"):
        run_all(folder, [])


def test_a_socket_that_nobody_listens_on_is_a_runner_that_went_away(marked: GuideFolder, tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="the runner went away"):
        asyncio.run(run_here(tmp_path / "no.sock", job(marked, "1")))


def test_a_page_sees_the_same_variables_on_every_machine(marked: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_TOKEN", "PYTHONWARNINGS", "PYTHONPATH", "LC_ALL", "CI"):
        monkeypatch.setenv(name, "secret")
    found = clean_environment(marked.project, Path("/home"))
    assert "secret" not in found.values()
    assert found["PATH"] == os.environ["PATH"]
    assert found["GALLEY_TEST"] == str(marked.root)
    assert found["HOME"] == "/home"
    assert found["TZ"] == "UTC"
    assert found["OMP_NUM_THREADS"] == "1"


def test_thirty_pages_leave_no_descriptor_open(marked: GuideFolder) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    runs = run_all(marked, [job(marked, "1", f"p{number}") for number in range(30)])
    assert not any(run.failure for run in runs)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_page_that_gets_no_process_fails_and_the_next_one_runs(tmp_path: Path) -> None:
    settings = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nimports = ["full"]\n')
    marked = GuideFolder.make(tmp_path, f'{settings}[tool.galley.environment]\nGALLEY_TEST = "{tmp_path}"\n')
    once = "import os\nfork = os.fork\ndef full():\n    os.fork = fork\n    raise BlockingIOError(11, 'no more')\n"
    marked.write("snippets/full.py", f"{once}os.fork = full\n")

    async def inside() -> list[PageRun]:
        async with runner(marked.project, marked.root) as running:
            pages = [job(marked, code, page) for page, code in (("one", "1\n" * 500_000), ("two", "print('ok')"))]
            return [await run_here(running.socket, each) for each in pages]

    refused, run = asyncio.run(inside())
    assert refused.failure is not None
    assert refused.failure.what == "the machine gives no process to run it in: no more"
    assert run.cells[0].shown[0].forms[0].data == b"ok\n"


@pytest.mark.parametrize("said", [b"", b"half", (5).to_bytes(8, "big")])
def test_a_client_that_says_nothing_or_nonsense_stops_no_page(marked: GuideFolder, said: bytes) -> None:
    async def inside() -> PageRun:
        async with runner(marked.project, marked.root) as running:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(running.socket))
                client.sendall(said)
                page = run_here(running.socket, job(marked, "print('ok')"))
                return await asyncio.wait_for(page, 20)

    run = asyncio.run(inside())
    assert run.failure is None
    assert run.cells[0].shown[0].forms[0].data == b"ok\n"


def test_a_page_that_is_cancelled_as_it_says_something_ends(marked: GuideFolder) -> None:
    """What it said may have arrived already, though nobody took it in yet."""
    asked = job(marked, "1")

    async def cancelled(steps: int) -> bool:
        """Whether a page ended that was cancelled `steps` turns of the event loop after it spoke."""
        path = marked.root / f"{steps}.sock"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen()
            listening.setblocking(False)
            page = asyncio.create_task(run_here(path, asked))
            connection, _ = await asyncio.get_running_loop().sock_accept(listening)
            with connection:
                for _ in range(20):  # until it waits for a line
                    await asyncio.sleep(0)
                connection.send(encode(Ready()))
                for _ in range(steps):
                    await asyncio.sleep(0)
                page.cancel()
                done, _ = await asyncio.wait([page], timeout=2)
            return bool(done)

    assert [steps for steps in range(10) if not asyncio.run(cancelled(steps))] == []
