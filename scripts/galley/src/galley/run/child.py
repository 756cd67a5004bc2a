"""Runs one page: a fresh namespace, the cells in order, an event at the beginning and the end of each cell.

In a page's child, which the runner forks. What the page does to this process harms no other page.
"""

from __future__ import annotations

import gc
import io
import linecache
import os
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any, NoReturn

import msgspec

from galley import system
from galley.hooks import CalledError, Context, called, find_hooks
from galley.kinds import Kinds, kinds_among
from galley.kinds.arrivals import Arrivals
from galley.kinds.display import replace_displays
from galley.kinds.kind import Asked, Kind
from galley.plugins import Plugins, load_plugins
from galley.record.facts import environment
from galley.record.model import Dependency
from galley.run import ending, own_stack
from galley.run.asked import Questions
from galley.run.confine import shut_in
from galley.run.entered import tracer
from galley.run.execute import Execution, Position
from galley.run.hints import hint
from galley.run.loaded import before_any_page, forget_namesakes
from galley.run.loop import Loop
from galley.run.own_file import OwnFile, OwnText
from galley.run.packages import merged, packages_of
from galley.run.placing import Placing
from galley.run.protocol import (
    CellBegins,
    CellEnds,
    CellFailed,
    CellShows,
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
from galley.run.shell import Background
from galley.run.spawned import SPAWNING, Spawned
from galley.run.told import line_in, named, trace
from galley.run.untrue import UntrueError, WroteError
from galley.run.watch import Watch
from galley.source.cells import Cell, SnippetFile, cut
from galley.source.grammar import grammar_among
from galley.source.reads import asks_for_docs

NO_DISPLAY = "only notebooks have it among the built-in names; import it: from IPython.display import display"


def run_job(connection: socket.socket, length: int, stdout: int, stderr: int, position: Position) -> NoReturn:
    """Run the page that the connection describes and end the process; nothing is ever returned to the server."""
    code = os.EX_SOFTWARE
    try:
        job = receive_job(connection, length)
        _become_a_page(stdout, stderr)
        code = _Program(job, connection, position).run()
    except BaseException as error:
        _flush()
        _send(connection, Failed(named(error), detail=trace(error, "")))
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
        self.questions = Questions(Path(job.snippets), self.watch)
        root, scratch = Path(job.root), Path(job.scratch)
        self.context = Context(job.page, job.profile, dict(job.parameters), root, scratch, job.threads, self.watch)
        self.hooks = find_hooks(job.hooks)  # the runner imported and checked them, so that nothing is raised here
        self.tracer, self.loop, self.placing = tracer(), Loop(), Placing(self._settle)
        self.background = Background()
        for path in job.uses:
            self.watch.note(Path(path))

    def run(self) -> int:
        """Run the cells and end the page; return the exit code, 0 where every cell did what it should."""
        ending.forget_inherited()
        path = Path(self.job.path)
        plugins = load_plugins(self.job.plugins, Path(self.job.snippets))
        stem = path.relative_to(self.job.snippets).with_suffix("").as_posix()
        snippets = cut(self.job.source, path, Path(self.job.relative), grammar_among(plugins), stem)
        self._note_plugins(plugins, snippets)
        self._enter()
        if self.job.memory_mb:
            system.limit_memory(self.job.memory_mb)
        self.protections = shut_in(self.job, self.watch)
        self._settle_modules(snippets)
        self.watch.start()
        if self.tracer:
            self.tracer.become_a_page()
        self._hook("setup")
        if self.tracer:
            self.tracer.hooks_end()
        gc.freeze()  # memory shared with the runner is copied when it is written to, as a collection would do
        last = self._run_cells(snippets, kinds_among(plugins))
        if last is None or not (self.job.part or self._end(snippets.cells[-1])):
            return 1
        try:
            docs = any(asks_for_docs(cell.statements) for cell in snippets.cells)
            used = tuple(self.watch.found(docs=docs, there=self.questions.there))
        except UntrueError as error:
            self._untrue(error)
            return 1
        self._settle(last)
        provenance = last.provenance if isinstance(last, CellEnds) else {}
        code = {name for cell in snippets.cells for name in cell.imports}
        reached = self.tracer.footprint(code) if self.tracer else None
        self.tell(Finished(environment(self._packages(snippets, used), provenance), used, reached))
        return 0

    def _settle_modules(self, snippets: SnippetFile) -> None:
        """See to what modules need that the page has or will have: seeds, and the right text for new processes."""
        spawned = Spawned(snippets, Path(self.job.scratch))
        OwnFile(snippets.path, self.job.source, self.job.profile).watch()
        own_stack.end_at(self.job.path)
        self.questions.hear()
        Arrivals(SEEDED | dict.fromkeys(SPAWNING, spawned.lead))

    def _run_cells(self, snippets: SnippetFile, kinds: Kinds) -> CellEnds | CellFailed | None:
        """Run the cells; return the last one's event, which is still to be sent, and None where the page has failed.

        What is made here is gone when the page ends: its objects are finalised then.
        """
        asked = Asked(self.job.output_limit, partial(self._hook, "summarise"), partial(self._hook, "brief"))
        execution = Execution(snippets, self._main(), self.position, kinds, asked, self.loop, self.background)
        replace_displays(lambda value: self.placing.place(kinds.of_shown(value, asked)))
        self._settle(Ready(self.protections))
        reached = {**({"network": "with network"} if self.job.network else {}), **self.job.answers}
        ends: CellEnds | CellFailed | None = None
        for cell in snippets.cells[: len(self.job.cells)]:
            if ends:
                self._settle(ends)
            self.tell(CellBegins(cell.name, cell.place.line, cell.timeout))
            self.placing.begins(cell.name)
            try:
                ended = execution.run(cell)
                if self.tracer:
                    self.tracer.cell_ends(cell.name)
                self.watch.refuse_changes()
            except BaseException as error:
                compared = execution.compared(error)
                if not self.job.keep_going or not isinstance(error, Exception) or isinstance(error, UntrueError):
                    self._failed(cell, error, compared)
                    return None
                follows, why = execution.failed(cell, error)
                said = self._said(cell, error, compared, why)
                ends = CellFailed(cell.name, said.what, said.line, said.detail, follows)
                continue
            provenance = {**(self._hook("provenance") or {}), **reached}
            ends = msgspec.structs.replace(ended, provenance=provenance)
        return ends

    def _end(self, last: Cell) -> bool:
        """End the page as a program ends; what that prints is the last cell's. Return whether it went well."""
        left = self.job.page_limit - (time.monotonic() - self.began)
        limit = max(0.0, min(self.job.cell_limit(last.timeout), 0.9 * left))
        self.tell(Ending(limit))
        _flush()

        def late(what: str, line: int, stack: str) -> None:
            self.tell(Failed(what, last.name, line, stack))
            os._exit(1)

        try:
            ending.end(self.job.path, limit, late, self.loop)
            self.background.refuse(self.position.begins)
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
        return merged(self.job.packages, packages_of(new, code, own, Path(self.job.snippets)))

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
        with self.placing.turn:
            if not isinstance(event, CellShows):
                self.placing.begins("")
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
        forget_namesakes(sys.path[0], self.job.snippets)
        lines = OwnText(io.StringIO(self.job.source), self.watch.note_own_text)
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

    def _failed(self, cell: Cell, error: BaseException, compared: str = "") -> None:
        """Say that the page failed in a cell; `compared` is what its assertion did, a line for each value."""
        _flush()
        if isinstance(error, UntrueError):
            self._untrue(error)
        else:
            self.tell(self._said(cell, error, compared))

    def _said(self, cell: Cell, error: BaseException, compared: str, why: str = "") -> Failed:
        """What there is to say of a cell that failed, `why` among it, if that is known."""
        line = line_in(error, self.job.path) or self.position.line
        what = f"the cell exited: {named(error)}" if isinstance(error, SystemExit) else named(error)
        try:
            explained = self._hook("explain", error)
        except CalledError as wrong:  # which must not hide the failure itself
            explained = str(wrong)
        also = [explained, why]
        if isinstance(error, NameError) and error.name == "display":
            also.append(NO_DISPLAY)
        with suppress(Exception):  # the page's own exception class may have a mistake
            also.append(hint(error, self.job))
        what = "\n".join([what, *filter(None, also)])
        if "claim" in cell.tags:
            what = f"the claim does not hold: «{cell.caption}» ({what})"
        detail = "\n".join(filter(None, [trace(error, self.job.path).rstrip("\n"), compared]))
        return Failed(what, cell.name, line, detail, tuple(self.watch.wrote()))

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
