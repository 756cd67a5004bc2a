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
import traceback
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

import msgspec

from galley import system
from galley.hooks import Context, find_hooks
from galley.kinds import kinds_among
from galley.kinds.kind import Asked
from galley.plugins import Plugins, load_plugins
from galley.record.facts import environment
from galley.run.execute import Execution, Position
from galley.run.protocol import CellBegins, Failed, Finished, Job, PageEvent, Ready, encode, receive_job
from galley.run.watch import Watch, before_any_page
from galley.source.cells import Cell, SnippetFile, cut
from galley.source.grammar import grammar_among


def run_job(connection: socket.socket, length: int, stdout: int, stderr: int, position: Position) -> NoReturn:
    """Run the page that the connection describes and end the process; nothing is ever returned to the server."""
    code = os.EX_SOFTWARE
    try:
        job = receive_job(connection, length)
        _become_a_page(stdout, stderr)
        code = _Program(job, connection, position).run()
    except BaseException as error:
        _send(connection, Failed(_named(error), detail=_trace(error, "")))
    finally:
        _flush()
        os._exit(code)


class _Program:
    """The page as the program of this process."""

    def __init__(self, job: Job, connection: socket.socket, position: Position) -> None:
        self.job, self.connection, self.position, self.pid = job, connection, position, os.getpid()
        ignored = Path(job.path), Path(job.scratch)
        self.watch = Watch(Path(job.root), ignored, before_any_page())
        root, scratch = Path(job.root), Path(job.scratch)
        self.context = Context(job.page, job.profile, dict(job.parameters), root, scratch, job.threads, self.watch)
        self.hooks = find_hooks(job.hooks)  # the runner imported and checked them, so that nothing is raised here
        for path in job.uses:
            self.watch.note(Path(path))

    def run(self) -> int:
        """Run the cells; return the exit code, 0 where every cell did what it should."""
        path = Path(self.job.path)
        plugins = load_plugins(self.job.plugins, path.parent)
        snippets = cut(self.job.source, path, Path(self.job.relative), grammar_among(plugins))
        self._note_plugins(plugins, snippets)
        namespace = self._enter()
        if self.job.memory_mb:
            system.limit_memory(self.job.memory_mb)
        self.watch.start()
        self._hook("setup")
        asked = Asked(self.job.output_limit, partial(self._hook, "summarise"), partial(self._hook, "brief"))
        execution = Execution(snippets, namespace, self.position, kinds_among(plugins), asked)
        self._settle(Ready())
        gc.freeze()  # memory shared with the runner is copied when it is written to, as a collection would do
        provenance: dict[str, Any] = {}
        for cell in snippets.cells:
            self.tell(CellBegins(cell.name, cell.place.line, cell.timeout))
            try:
                ended = execution.run(cell)
            except BaseException as error:
                self._failed(cell, error)
                return 1
            provenance = dict(self._hook("provenance") or {})
            self._settle(msgspec.structs.replace(ended, provenance=provenance))
        self.tell(Finished(environment(self.job.packages, provenance), tuple(self.watch.found())))
        return 0

    def _note_plugins(self, plugins: Plugins, snippets: SnippetFile) -> None:
        """Count the code of each kind of output whose tag a cell has as used: it decides what that output is."""
        tags = {tag for cell in snippets.cells for tag in cell.tags}
        for plugin in plugins.found:
            if getattr(plugin.brought, "tag", "") in tags:
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

    def _enter(self) -> dict[str, Any]:
        """Become the page's program: its folder, its arguments, its `__main__`."""
        os.chdir(self.job.scratch)
        os.environ |= {**self.job.variables, "HOME": self.job.scratch, "TMPDIR": self.job.scratch}
        sys.argv = [self.job.path]
        sys.path[0] = str(Path(self.job.path).parent)
        main = ModuleType("__main__")
        main.__dict__.update(__file__=self.job.path, __builtins__=__builtins__)
        sys.modules["__main__"] = main
        lines = list(io.StringIO(self.job.source))
        linecache.cache[self.job.path] = (len(self.job.source), None, lines, self.job.path)
        return main.__dict__

    def _failed(self, cell: Cell, error: BaseException) -> None:
        _flush()
        line = _line(error, self.job.path) or self.position.line
        what = f"the cell exited: {_named(error)}" if isinstance(error, SystemExit) else _named(error)
        with suppress(Exception):  # a hook that fails must not hide the failure itself
            if explained := self._hook("explain", error):
                what = f"{what}\n{explained}"
        if "claim" in cell.tags:
            what = f"the claim does not hold: «{cell.caption}» ({what})"
        self.tell(Failed(what, cell.name, line, _trace(error, self.job.path)))

    def _hook(self, name: str, *about: Any) -> Any:
        """What a hook of the guide returns; None where the guide has no such hook."""
        return self.hooks[name](self.context, *about) if name in self.hooks else None


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
    try:
        said = str(error)
    except Exception:  # the page's own exception class may have a mistake
        said = ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _own_frames(error: BaseException, path: str) -> TracebackType | None:
    """The traceback from the first frame of the snippet file on; galley's own frames help nobody."""
    frame = error.__traceback__
    while frame is not None and frame.tb_frame.f_code.co_filename != path:
        frame = frame.tb_next
    return frame or error.__traceback__


def _trace(error: BaseException, path: str) -> str:
    return "".join(traceback.format_exception(type(error), error, _own_frames(error, path)))


def _line(error: BaseException, path: str) -> int:
    """The last line of the snippet file that the error passed through."""
    frames = traceback.walk_tb(error.__traceback__)
    lines = [line for frame, line in frames if frame.f_code.co_filename == path]
    return lines[-1] if lines else 0
