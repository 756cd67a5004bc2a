"""A page's child process: a fresh namespace, its cells in order, an event for each."""

from __future__ import annotations

import gc
import importlib
import io
import json
import linecache
import os
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NoReturn

from galley import system
from galley.record.facts import environment
from galley.run.execute import Execution, Position
from galley.run.job import Job, receive_job
from galley.run.modules import before_any_page
from galley.run.watch import Watch
from galley.source.cells import Cell, cut


class Context:
    """What a hook is told: the page, its profile, parameters and threads, and how to note what is used."""

    def __init__(self, job: Job, watch: Watch) -> None:
        self.page, self.profile, self.parameters = job.page, job.profile, dict(job.parameters)
        self.root, self.scratch, self.threads = Path(job.root), Path(job.scratch), job.threads
        self._watch = watch

    def note(self, path: str | os.PathLike[str]) -> None:
        """State that the page uses a file, or every file of a folder, that Python does not open itself."""
        self._watch.note(Path(path))

    def note_names(self, folder: str | os.PathLike[str], endings: tuple[str, ...]) -> None:
        """State that the page depends on which files with one of these endings are in a folder."""
        self._watch.note_names(Path(folder), endings)

    def note_table(self, path: str | os.PathLike[str], table: str) -> None:
        """State that of a TOML file the page uses one top-level table only."""
        self._watch.note_table(Path(path), table)


def run_job(connection: socket.socket, length: int, stdout: int, stderr: int, position: Position) -> NoReturn:
    """Run the page that the connection describes and end the process; nothing is ever returned to the server."""
    code = 70
    try:
        job = receive_job(connection, length)
        _become_a_page(stdout, stderr)
        code = _Page(job, connection, position).run()
    except BaseException as error:
        _send(
            connection,
            {"event": "failed", "cell": "", "line": 0, "what": _named(error), "detail": _trace(error, "")},
        )
    finally:
        _flush()
        os._exit(code)


class _Page:
    def __init__(self, job: Job, connection: socket.socket, position: Position) -> None:
        self.job, self.connection, self.position, self.pid = job, connection, position, os.getpid()
        ignored = Path(job.path), Path(job.scratch)
        self.watch = Watch(Path(job.root), ignored, before_any_page())
        self.context = Context(job, self.watch)
        for path in job.uses:
            self.watch.note(Path(path))

    def run(self) -> int:
        """Run the cells; the exit code is 0 when all of them did what they should."""
        snippets = cut(self.job.source, Path(self.job.path), Path(self.job.shown))
        namespace = self._enter()
        if self.job.memory_mb:
            system.limit_memory(self.job.memory_mb)
        self.watch.start()
        self._hook("setup")
        asked = (self._summarise, self.job.output_limit, self._brief)
        execution = Execution(snippets, namespace, self.position, *asked)
        self._settle(event="ready")
        gc.freeze()
        provenance: dict[str, Any] = {}
        for cell in snippets.cells:
            self.tell(event="cell", cell=cell.name, line=cell.place.line, timeout=cell.timeout)
            try:
                done = execution.run(cell)
            except BaseException as error:
                self._failed(cell, error)
                return 1
            provenance = dict(self._hook("provenance") or {})
            self._settle(event="done", cell=cell.name, provenance=provenance, **done)
        facts = environment(self.job.packages)
        facts["provenance"] = provenance
        self.tell(event="finished", environment=facts, dependencies=[asdict(each) for each in self.watch.found()])
        return 0

    def tell(self, **event: Any) -> None:
        """Send an event to the command that asked for the page; a fork that the page made has no say and ends."""
        if os.getpid() != self.pid:
            os._exit(0)
        _send(self.connection, event)

    def _settle(self, **event: Any) -> None:
        """Send an event, and wait until what was written so far is taken: the next cell's output is its own."""
        _flush()
        self.tell(**event)
        self.connection.recv(1)

    def _enter(self) -> dict[str, Any]:
        """Become the page's program: its folder, its arguments, its `__main__`."""
        os.chdir(self.job.scratch)
        os.environ |= {**self.job.environment, "HOME": self.job.scratch, "TMPDIR": self.job.scratch}
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
        self.tell(event="failed", cell=cell.name, line=line, what=what, detail=_trace(error, self.job.path))

    def _hook(self, name: str, *arguments: Any) -> Any:
        function = hook(self.job.hooks, name)
        return function(self.context, *arguments) if function else None

    def _summarise(self, value: object) -> str | None:
        function = hook(self.job.hooks, "summarise")
        return function(value) if function else None

    def _brief(self, value: object) -> str | None:
        function = hook(self.job.hooks, "brief")
        return function(value) if function else None


def hook(hooks: Any, name: str) -> Callable[..., Any] | None:
    """The function that `[tool.galley.hooks]` names as `module:function`."""
    if name not in hooks:
        return None
    module, _, function = hooks[name].partition(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return found


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
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):  # a cell may have put others in place
        with suppress(Exception):
            stream.flush()  # type: ignore[union-attr]
    system.flush_c()


def _send(connection: socket.socket, event: dict[str, Any]) -> None:
    with suppress(OSError):  # nobody listens any more; the lifeline ends this process
        connection.sendall((json.dumps(event) + "\n").encode())


def _named(error: BaseException) -> str:
    try:
        said = str(error)
    except Exception:  # a cell may bring its own exception, and a mistake in it
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
