"""Runs one page: a fresh namespace, the cells in order, an event at the beginning and the end of each cell.

In a page's child, which the runner forks. What the page does to this process harms no other page.
"""

from __future__ import annotations

import errno
import gc
import io
import linecache
import os
import socket
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

import msgspec

from galley import system
from galley.errors import GalleyError
from galley.hooks import CalledError, Context, called, find_hooks
from galley.kinds import Kinds, kinds_among
from galley.kinds.kind import Asked, Kind
from galley.plugins import Plugins, load_plugins
from galley.record.facts import environment
from galley.record.model import Dependency
from galley.run import ending, own_stack
from galley.run.arrivals import Arrivals
from galley.run.confine import shut_in
from galley.run.entered import tracer
from galley.run.execute import Execution, Position, class_name
from galley.run.loaded import before_any_page
from galley.run.own_file import OwnFile
from galley.run.packages import merged, packages_of
from galley.run.protocol import (
    SLOWER,
    CellBegins,
    CellEnds,
    Ending,
    Failed,
    Finished,
    Job,
    PageEvent,
    Ready,
    encode,
    receive_job,
)
from galley.run.seeds import SEEDED
from galley.run.spawned import SPAWNING, Spawned
from galley.run.watch import UntrueError, Watch, WroteError
from galley.source.cells import Cell, SnippetFile, cut
from galley.source.grammar import grammar_among
from galley.system import sandbox

READ_ONLY = "in the sandbox a page writes into its working folder and the temporary folder alone"
TOLD = 1 << 16  # characters of an error's message, and of its traceback, that the command is told


def run_job(connection: socket.socket, length: int, stdout: int, stderr: int, position: Position) -> NoReturn:
    """Run the page that the connection describes and end the process; nothing is ever returned to the server."""
    code = os.EX_SOFTWARE
    try:
        job = receive_job(connection, length)
        _become_a_page(stdout, stderr)
        code = _Program(job, connection, position).run()
    except BaseException as error:
        _flush()
        _send(connection, Failed(_named(error), detail=_trace(error, "")))
    finally:
        _flush()
        os._exit(code)


class _Program:
    """The page as the program of this process."""

    def __init__(self, job: Job, connection: socket.socket, position: Position) -> None:
        self.job, self.connection, self.position, self.pid = job, connection, position, os.getpid()
        ignored = Path(job.path), Path(job.scratch)
        self.began = time.monotonic()
        self.watch = Watch(Path(job.root), ignored, before_any_page())
        root, scratch = Path(job.root), Path(job.scratch)
        self.context = Context(job.page, job.profile, dict(job.parameters), root, scratch, job.threads, self.watch)
        self.hooks = find_hooks(job.hooks)  # the runner imported and checked them, so that nothing is raised here
        self.tracer = tracer()
        for path in job.uses:
            self.watch.note(Path(path))

    def run(self) -> int:
        """Run the cells and end the page; return the exit code, 0 where every cell did what it should."""
        ending.forget_inherited()
        path = Path(self.job.path)
        plugins = load_plugins(self.job.plugins, path.parent)
        snippets = cut(self.job.source, path, Path(self.job.relative), grammar_among(plugins))
        self._note_plugins(plugins, snippets)
        self._enter()
        if self.job.memory_mb:
            system.limit_memory(self.job.memory_mb)
        self.protections = shut_in(self.job, self.watch)
        self.watch.start()
        self._settle_modules(snippets)
        if self.tracer:
            self.tracer.become_a_page()
        self._hook("setup")
        if self.tracer:
            self.tracer.hooks_end()
        gc.freeze()  # memory shared with the runner is copied when it is written to, as a collection would do
        last = self._run_cells(snippets, kinds_among(plugins))
        if last is None or not self._end(snippets.cells[-1]):
            return 1
        try:
            used = tuple(self.watch.found())
        except UntrueError as error:
            self._untrue(error)
            return 1
        self._settle(last)
        code = {name for cell in snippets.cells for name in cell.imports}
        reached = self.tracer.footprint(code) if self.tracer else None
        self.tell(Finished(environment(self._packages(snippets, used), last.provenance), used, reached))
        return 0

    def _settle_modules(self, snippets: SnippetFile) -> None:
        """See to what modules need that the page has or will have: seeds, and the right text for new processes."""
        spawned = Spawned(snippets, Path(self.job.scratch))
        OwnFile(snippets.path, self.job.source, self.job.profile).watch()
        own_stack.end_at(self.job.path)
        Arrivals(SEEDED | dict.fromkeys(SPAWNING, spawned.lead))

    def _run_cells(self, snippets: SnippetFile, kinds: Kinds) -> CellEnds | None:
        """Run the cells; return the last one's event, which is still to be sent, and None where one failed.

        What is made here is gone when the page ends: its objects are finalised then.
        """
        asked = Asked(self.job.output_limit, partial(self._hook, "summarise"), partial(self._hook, "brief"))
        execution = Execution(snippets, self._main(), self.position, kinds, asked)
        self._settle(Ready(self.protections))
        reached = {**({"network": "with network"} if self.job.network else {}), **self.job.answers}
        ends = None
        for cell in snippets.cells:
            if ends:
                self._settle(ends)
            self.tell(
                CellBegins(cell.name, cell.place.line, cell.timeout and cell.timeout * (SLOWER if self.tracer else 1))
            )
            try:
                ended = execution.run(cell)
                if self.tracer:
                    self.tracer.cell_ends(cell.name)
                self.watch.refuse_changes()
            except BaseException as error:
                self._failed(cell, error)
                return None
            provenance = {**(self._hook("provenance") or {}), **reached}
            ends = msgspec.structs.replace(ended, provenance=provenance)
        return ends

    def _end(self, last: Cell) -> bool:
        """End the page as a program ends; what that prints is the last cell's. Return whether it went well."""
        left = self.job.page_timeout - (time.monotonic() - self.began)
        limit = max(0.0, min(last.timeout or self.job.timeout, 0.9 * left))
        self.tell(Ending(limit))
        _flush()

        def late(what: str, line: int, stack: str) -> None:
            self.tell(Failed(what, last.name, line, stack))
            os._exit(1)

        try:
            ending.end(self.job.path, limit, late)
        except BaseException as error:
            self._failed(last, error)
            return False
        if self.tracer:
            self.tracer.cell_ends(last.name)
        return True

    def _packages(self, snippets: SnippetFile, used: Sequence[Dependency]) -> tuple[str, ...]:
        """The packages whose versions the record has: those of the settings, and those that the page imported."""
        code = {name for cell in snippets.cells for name in cell.imports}
        own = [Path(self.job.root, each.path) for each in used if each.kind == "module"]
        new = self.watch.before.new_names()
        return merged(self.job.packages, packages_of(new, code, own, Path(self.job.path).parent))

    def _note_plugins(self, plugins: Plugins, snippets: SnippetFile) -> None:
        """Count the code of each kind of output that the page asks as used: it decides what that output is.

        A kind with a tag is asked in the cells that have it, one without a tag in every cell.
        """
        tags = {tag for cell in snippets.cells for tag in cell.tags}
        for plugin in plugins.found:
            tag, of_all = getattr(plugin.brought, "tag", ""), isinstance(plugin.brought, Kind)
            if tag in tags or (of_all and not tag):
                for file in plugin.files:
                    self.watch.note_module(file)

    def tell(self, event: PageEvent) -> None:
        """Send an event to the command. A process that the page forked may run into this method: it ends instead."""
        if os.getpid() != self.pid:
            os._exit(0)
        _send(self.connection, event)

    def _settle(self, event: PageEvent) -> None:
        """Send an event, and wait until the command has read all output so far: the next cell's is then its own."""
        _flush()
        self.tell(event)
        self.connection.recv(1)

    def _enter(self) -> None:
        """Become the page's program: its folder, its variables, its arguments."""
        os.chdir(self.job.scratch)
        os.environ |= {"LOGNAME": "user", "USER": "user"} | os.environ  # only the guide's own settings give others
        os.environ |= {**self.job.variables, "HOME": self.job.scratch, "TMPDIR": self.job.scratch}
        tempfile.tempdir = None  # a module may have asked before the fork, and then the answer was kept
        sys.argv = [self.job.path]
        sys.path[0] = str(Path(self.job.path).parent)
        lines = list(io.StringIO(self.job.source))
        linecache.cache[self.job.path] = (len(self.job.source), None, lines, self.job.path)

    def _main(self) -> dict[str, Any]:
        """The namespace of the page's `__main__`.

        It is made after the garbage collector was told to leave alone what there was, or it would never be finalised.
        """
        main = ModuleType("__main__")
        main.__dict__.update(__file__=self.job.path, __builtins__=__builtins__)
        sys.modules["__main__"] = main
        return main.__dict__

    def _untrue(self, error: UntrueError) -> None:
        """Say that the page ran, and that nobody could say of what its outputs are."""
        if isinstance(error, WroteError) and error.line:
            self.position.line = error.line
        self.tell(Failed(str(error), line=self.position.line, wrote=tuple(self.watch.wrote())))

    def _failed(self, cell: Cell, error: BaseException) -> None:
        _flush()
        if isinstance(error, UntrueError):
            self._untrue(error)
            return
        line = _line(error, self.job.path) or self.position.line
        what = f"the cell exited: {_named(error)}" if isinstance(error, SystemExit) else _named(error)
        try:
            explained = self._hook("explain", error)
        except CalledError as wrong:  # which must not hide the failure itself
            explained = str(wrong)
        what = f"{what}\n{explained}" if explained else what
        if getattr(error, "errno", 0) == errno.EROFS and self.job.sandbox != sandbox.OFF:
            what = f"{what}\n{READ_ONLY}"
        if "claim" in cell.tags:
            what = f"the claim does not hold: «{cell.caption}» ({what})"
        self.tell(Failed(what, cell.name, line, _trace(error, self.job.path), tuple(self.watch.wrote())))

    def _hook(self, name: str, *about: Any) -> Any:
        """What a hook of the guide returns; None where the guide has no such hook."""
        if name not in self.hooks:
            return None
        return called(name, self.job.hooks[name], self.hooks[name], self.context, *about)


def _become_a_page(stdout: int, stderr: int) -> None:
    system.begin_page()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    for given, standard in ((stdout, 1), (stderr, 2)):
        os.dup2(given, standard)
        os.close(given)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):  # a cell may have replaced the first two
        with suppress(Exception):
            stream.flush()  # type: ignore[union-attr]
    system.flush_c()


def _send(connection: socket.socket, event: PageEvent) -> None:
    line = encode(event)
    with suppress(OSError):  # the command has gone; the end of the lifeline ends this process
        connection.sendall(line)


def _named(error: BaseException) -> str:
    """What happened, in words. An error of galley's own says where it is and what to do."""
    if isinstance(error, GalleyError):
        return str(error)
    name = class_name(error)
    try:
        said = str(error)
    except BaseException:  # the page's own exception class may have a mistake
        said = ""
    return f"{name}: {said[:TOLD]}" if said else name


def _own_frames(error: BaseException, path: str) -> TracebackType | None:
    """The traceback from the first frame of the snippet file on; galley's own frames help nobody."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return None  # it says the line itself, and nothing of the page has run
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != path:
        frame = frame.tb_next
    return frame or error.__traceback__


def _trace(error: BaseException, path: str) -> str:
    """The traceback from the guide's own code on; none for an error of galley's own, which says all there is to say."""
    if isinstance(error, GalleyError):
        path = str(error.place.path) if error.place else ""
        return _trace(error.__cause__, path) if error.__cause__ and _line(error.__cause__, path) else ""
    try:
        return "".join(traceback.format_exception(type(error), error, _own_frames(error, path)))[-TOLD:]
    except BaseException:  # an exception of the cell's own whose name or text cannot be had
        return ""


def _line(error: BaseException, path: str) -> int:
    """The last line of a file that the error passed through; 0 where it did not."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == path]
    return lines[-1] if lines else 0
