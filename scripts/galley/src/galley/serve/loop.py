"""`galley serve`: MkDocs shows the site, and this loop runs what was saved on a warm runner."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from socket import AF_INET, AF_INET6

from rich.console import Console

from galley.config import Project, find_project
from galley.errors import GalleyError, RunnerError, UsageError
from galley.record.status import store_of
from galley.run.keep import keep, not_kept
from galley.run.prepare import Answers, prepare
from galley.run.session import Ran, run_on
from galley.run.tasks import Task, choose
from galley.serve.keeper import Keeper, why_not
from galley.serve.watch import saved
from galley.site.builders import MKDOCS
from galley.site.preview import VARIABLE, FailedPage, write_failures
from galley.source.cells import page_name
from galley.source.guide import Guide, read_guide

SETTLE = 0.05  # seconds; editors save in several steps
PATIENCE = 5.0  # seconds for MkDocs to end


async def serve(project: Project, address: str, console: Console) -> int:
    """Serve until MkDocs ends; the answer is its exit code. A SIGTERM cancels, so that nothing is left running."""
    _free(address)
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    file = project.root / ".cache" / "galley" / "preview.json"
    write_failures(file, [])
    ignored = (project.outputs, *(project.snippets / link for link in project.links))
    with saved((project.snippets, project.root / "pyproject.toml"), ignored) as changed:
        async with mkdocs(project, address, file) as site, Keeper(project) as keeper:
            rerun = asyncio.create_task(Loop(project, keeper, file, console).run(changed))
            try:
                return await site.wait()
            finally:
                rerun.cancel()
                with suppress(asyncio.CancelledError):
                    await rerun


def _free(address: str) -> None:
    """Raises UsageError where nothing can be served at the address: MkDocs would say so in a traceback."""
    host, _, port = address.rpartition(":")
    try:
        if not host:
            raise ValueError("it names no host")
        with socket.create_server((host.strip("[]"), int(port)), family=AF_INET6 if ":" in host else AF_INET):
            pass
    except (OSError, ValueError, OverflowError) as error:
        what = f"cannot serve at {address}: {error}"
        raise UsageError(what, mend="name another address with --address HOST:PORT") from error


@asynccontextmanager
async def mkdocs(project: Project, address: str, file: Path) -> AsyncIterator[Process]:
    """MkDocs' own live server, in preview mode, watching the records and the failures too."""
    command = MKDOCS.serving(address, (project.snippets, file.parent))
    environment = {**os.environ, VARIABLE: str(file), "NO_MKDOCS_2_WARNING": "1"}
    # A session of its own: Ctrl-C in the terminal reaches us alone, and MkDocs gets one SIGINT, on which it tidies up.
    process = await asyncio.create_subprocess_exec(*command, cwd=project.root, env=environment, start_new_session=True)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()


class Loop:
    """Runs what is stale after each save."""

    def __init__(self, project: Project, keeper: Keeper, file: Path, console: Console) -> None:
        self.project, self.keeper, self.file, self.console = project, keeper, file, console
        self.failures: dict[tuple[str, str], FailedPage] = {}
        self.prepared: Answers = {}

    async def run(self, changed: asyncio.Event) -> None:
        """Run what is stale now, then again after each save, until cancelled."""
        while True:
            changed.clear()
            try:
                await self._run_stale()
            except RunnerError as error:
                self.console.print(why_not(error))
            except Exception as error:  # whatever it is, the next save may mend it
                self.console.print(f"{type(error).__name__}: {error}")
            await changed.wait()
            await asyncio.sleep(SETTLE)

    async def _run_stale(self) -> None:
        self.project = self.keeper.project = find_project(self.project.root)
        guide = read_guide(self.project)
        self.failures = _unreadable(guide)  # a page that failed is stale still, and runs again
        tasks = choose(guide, [], self.project.required, everything=False)
        if tasks:
            runner = await self.keeper.socket()
            ready, errors = await prepare(self.project, tasks, self.prepared)
            for error in errors:
                self.console.print(str(error))
            async for ran in run_on(runner, self.project, ready, lambda job, cell: None):
                self._ended(ran)
        write_failures(self.file, list(self.failures.values()))

    def _ended(self, ran: Ran) -> None:
        key = _key(ran.task)
        failure, said = ran.run.failure, ""
        if not failure:
            try:
                said = keep(ran, store_of(self.project))
            except (GalleyError, OSError) as error:
                failure = not_kept(ran, store_of(self.project), error)
        if failure:
            self.prepared.clear()  # what was prepared may be gone
            self.failures[key] = FailedPage(*key, failure.cell, str(failure), failure.detail)
            self.console.print(str(failure))
        else:
            self.console.print(f"{ran.run.page} ({ran.run.profile}): {said}, {ran.run.seconds:.1f} s")


def _unreadable(guide: Guide) -> dict[tuple[str, str], FailedPage]:
    """The snippet files that cannot be read at all."""
    found = {}
    for error in guide.errors:
        if error.place and error.place.path.suffix == ".py":
            page = page_name(error.place.path)
            found[page, ""] = FailedPage(page, "", "", str(error), "")
    return found


def _key(task: Task) -> tuple[str, str]:
    return task.snippets.page, task.profile.name
