"""`galley serve`: MkDocs shows the site, and what was saved runs on a warm runner.

In the command. MkDocs watches the pages, and renders a page again when it is saved (`site.live`). This module watches
the snippet files, and runs a page again when its file is saved; MkDocs also watches the records, and shows the new one.
Failures stand in a file of their own that only this command's MkDocs reads (`site.preview`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from socket import AF_INET, AF_INET6
from urllib.request import urlopen

from rich.console import Console
from watchdog.utils.dirsnapshot import DirectorySnapshot, DirectorySnapshotDiff

from galley import system
from galley.config import Project, find_project
from galley.errors import RunnerError, UsageError
from galley.kinds.ansi import for_terminal
from galley.record.model import Name
from galley.run.backend import LocalBackend
from galley.run.choose import Task, chosen, look
from galley.run.keep import Kept, run_and_keep
from galley.run.prepare import Answers, prepare
from galley.run.runners import Runner, card_folder, fingerprint, publish, runner, withdraw
from galley.site.build import work_folder
from galley.site.builders import MKDOCS, PATIENCE
from galley.site.preview import VARIABLE, FailedPage, write_failures
from galley.source.cells import page_name
from galley.source.guide import Guide, read_guide
from galley.source.places import stem_of
from galley.system import sandbox
from galley.system.saves import Saves, saved
from galley.system.whole_file import write_whole

SETTLE = 0.05  # seconds; editors save in several steps
POLLED = 0.1  # seconds between two looks whether MkDocs serves
# Seconds between looks at what changed meanwhile, of which the last ones are for a busy machine: a thread of MkDocs'
# begins to watch a moment after it serves.
LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0)


async def serve(project: Project, address: str, console: Console) -> int:
    """Serve until MkDocs ends, and return its exit code.

    A SIGTERM, and the SIGHUP of a terminal that is closed, end everything in order, as Ctrl-C does. Whatever else ends
    this process, MkDocs and the runner end when they see that their pipes do.
    """
    _free(address)
    task = asyncio.current_task()
    assert task is not None
    for each in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(each) is not signal.SIG_IGN:  # as nohup has it
            asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    file = work_folder(project) / "preview.json"
    write_failures(file, [])
    ignored = (project.outputs, *(project.snippets / link for link in project.links))
    started = _shown(project)
    with saved((project.snippets, project.root / "pyproject.toml"), ignored) as changed:
        async with mkdocs(project, address, file) as site, Keeper(project) as keeper:
            beside = [
                asyncio.create_task(Loop(project, keeper, file, console).run(changed)),
                asyncio.create_task(catch_up(project, address, file, started)),
            ]
            try:
                return await site.wait()
            finally:
                for other in beside:
                    other.cancel()
                    with suppress(asyncio.CancelledError):
                        await other


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
    """MkDocs' live server, in preview mode; it also watches the snippets' folder, with the records, and failures."""
    lifeline, held = os.pipe()
    command = MKDOCS.serving(address, (project.snippets, file.parent), lifeline)
    environment = {**os.environ, VARIABLE: str(file), "NO_MKDOCS_2_WARNING": "1"}
    with os.fdopen(held, "wb"):
        try:
            # A session of its own: Ctrl-C in the terminal reaches this process alone, which sends MkDocs one SIGINT.
            process = await asyncio.create_subprocess_exec(
                *command, cwd=project.root, env=environment, start_new_session=True, pass_fds=[lifeline]
            )
        finally:
            os.close(lifeline)
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)
            try:
                async with asyncio.timeout(PATIENCE):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


def _shown(project: Project) -> list[DirectorySnapshot]:
    """The files that the site is made of and those beside the settings, with the times of their last change."""
    folders = [folder for folder in (project.docs, project.snippets) if folder.is_dir()]
    return [DirectorySnapshot(str(project.root), recursive=False), *(DirectorySnapshot(str(each)) for each in folders)]


async def catch_up(project: Project, address: str, file: Path, started: list[DirectorySnapshot]) -> None:
    """Have MkDocs build once more where anything was saved or recorded while it started.

    MkDocs builds first and watches afterwards, so that it does not hear of what changes in between. It watches the
    preview's `file`, which is written anew until MkDocs has built; when that was, MkDocs tells browsers that wait.
    """
    while not (built := await asyncio.to_thread(_built, address)):
        await asyncio.sleep(POLLED)
    for seconds in LOOKS:
        await asyncio.sleep(seconds)
        if await asyncio.to_thread(_built, address) != built:
            return
        now = await asyncio.to_thread(_shown, project)
        if any(_differ(*pair) for pair in zip(started, now, strict=False)) or len(started) != len(now):
            write_whole(file, file.read_bytes())


def _built(address: str) -> int:
    """When MkDocs began to build what it serves now, in milliseconds; 0 while it serves nothing."""
    with suppress(OSError, ValueError), urlopen(f"http://{address}/livereload/0/0", timeout=PATIENCE) as answer:
        return int(answer.read())
    return 0


def _differ(one: DirectorySnapshot, other: DirectorySnapshot) -> bool:
    found = DirectorySnapshotDiff(one, other)
    return any((found.files_created, found.files_deleted, found.files_modified, found.files_moved))


class Loop:
    """Runs what is stale after each save."""

    def __init__(self, project: Project, keeper: Keeper, file: Path, console: Console) -> None:
        self.project, self.keeper, self.file, self.console = project, keeper, file, console
        self.failures: dict[Name, FailedPage] = {}
        self.own: dict[Name, tuple[str, ...]] = {}  # what each page wrote into the project when it failed
        self.prepared: Answers = {}
        self.protections = ""  # what was last said of the sandbox

    async def run(self, changed: Saves) -> None:
        """Run what is stale now, then again after each save, until cancelled.

        A file that a page wrote when it ran is no save: the page would write it again at each run, for ever.
        """
        while True:
            paths = changed.clear()
            try:
                await self._run_stale(paths)
            except RunnerError as error:
                self._say(why_not(error))
            except Exception as error:  # of any kind: the next save may mend it
                self._say(f"{type(error).__name__}: {error}")
            await changed.of_others(frozenset(path for paths in self.own.values() for path in paths))
            await asyncio.sleep(SETTLE)

    async def _run_stale(self, paths: frozenset[str]) -> None:
        """Run the pages whose files were saved, where they are stale; then look at all others, which takes longer."""
        self.project = self.keeper.project = find_project(self.project.root)
        guide = read_guide(self.project)
        self.failures = {name: each for name, each in self.failures.items() if name.profile} | _unreadable(guide)
        saved = [each.page for each in guide.snippets.values() if str(each.path) in paths]
        ran: set[Name] = set()
        for pages in (saved, ()) if saved else ((),):
            # A page that failed is still stale, and runs again at the next save, not at the second look.
            tasks = [task for task in chosen(look(guide, pages, ())) if task.name not in ran]
            ran |= {task.name for task in tasks}
            await self._run_tasks(tasks)
            if not pages:
                self.failures = {name: each for name, each in self.failures.items() if name in ran or not name.profile}
            write_failures(self.file, list(self.failures.values()))

    async def _run_tasks(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            self.failures.pop(task.name, None)
        if not tasks:
            return
        socket = await self.keeper.socket()
        for error in await prepare(self.project, (task.profile.name for task in tasks), self.prepared):
            self._say(str(error))
        async with LocalBackend(self.project, socket) as backend:
            async for kept in run_and_keep(self.project, tasks, backend, lambda job, what: None, self.prepared):
                self._ended(kept)

    def _say(self, text: str) -> None:
        self.console.print(for_terminal(text))

    def _ended(self, kept: Kept) -> None:
        name, failure = kept.run.name, kept.failure
        self.own.pop(name, None)
        if kept.run.protections and (told := sandbox.told(kept.run.protections)) != self.protections:
            self.protections = told
            self._say(told)
        if failure:
            self.own[name] = failure.wrote
            self.prepared.clear()  # what was prepared may be gone
            self.failures[name] = FailedPage(*name, failure.cell, str(failure), failure.detail)
            self._say(str(failure))
        else:
            self._say(f"{name}: {kept.said}, {kept.run.seconds:.1f} s")


def _unreadable(guide: Guide) -> dict[Name, FailedPage]:
    """A failure for each snippet file that cannot be read, by page and an empty profile."""
    found = {}
    for error in guide.errors:
        if error.place and (stem := stem_of(guide.project, error.place.path)):
            name = Name(page_name(stem), "")
            found[name] = FailedPage(*name, "", str(error), "")
    return found


class Keeper:
    """Keeps the warm runner of a checkout, and replaces the runner when something that it loaded has changed.

    Used as an asynchronous context; `running` is the runner while one is up.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._stack = AsyncExitStack()
        self.running: Runner | None = None
        self._print = ""

    async def __aenter__(self) -> Keeper:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def socket(self) -> Path:
        """The socket of a current runner, started or replaced where needed; raises RunnerError."""
        running = self.running
        alive = running is not None and running.process.returncode is None
        if running and alive and self._print == fingerprint(self.project, running.loaded):
            return running.socket
        await self.close()
        folder = self._stack.enter_context(system.scratch("r", card_folder(self.project).parent))
        started = await self._stack.enter_async_context(runner(self.project, folder))
        self.running, self._print = started, publish(self.project, started)
        return started.socket

    async def close(self) -> None:
        """End the runner, and take its card away."""
        if self.running:
            withdraw(self.project, self.running)
            self.running = None
        await self._stack.aclose()


def why_not(error: RunnerError) -> str:
    """One line for an author on a machine that can show pages and cannot run them."""
    return f"nothing can be run here, prose still previews: {error.what.splitlines()[-1].strip()}"
