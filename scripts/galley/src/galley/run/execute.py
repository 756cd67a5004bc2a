"""Executes cells statement by statement under their true lines, and collects what each leaves to show."""

from __future__ import annotations
import __future__

import ast
import base64
import mmap
import struct
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from galley import system
from galley.run import figures, show, tokens
from galley.run.describe import Brief
from galley.run.trace import Trace
from galley.source.cells import Cell, SnippetFile

FUTURE = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


class NotRaisedError(Exception):
    """A cell that must raise did not, or raised something else."""


class Position:
    """The line that a page executes, in memory that outlives its process."""

    SIZE = struct.calcsize("q")

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    @property
    def line(self) -> int:
        """The line of the statement that began last; 0 before the first."""
        found: int = struct.unpack_from("q", self._memory)[0]
        return found

    @line.setter
    def line(self, line: int) -> None:
        struct.pack_into("q", self._memory, 0, line)


@dataclass
class Execution:
    """One page's namespace, and how to run a cell in it."""

    snippets: SnippetFile
    namespace: dict[str, Any]
    position: Position
    summarise: Callable[[object], str | None]
    limit: int = 65536
    brief: Brief = lambda value: None
    _flags: int = 0
    _styled: bool = False
    _statements: Mapping[str, tuple[ast.stmt, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Read the code before the page runs: what Python warns of while reading is not the page's."""
        self._statements = {cell.name: cell.statements for cell in self.snippets.cells}

    def run(self, cell: Cell) -> dict[str, Any]:
        """Run a cell; the answer holds its seconds, its peak memory in MB and what it leaves to show.

        Raises whatever the cell raises, and NotRaisedError where it should have raised and did not.
        """
        trace = Trace(self.namespace, self.brief) if "trace" in cell.tags else None
        looking = trace.seconds if trace else 0.0
        system.reset_peak()
        started = time.perf_counter()
        shown = self._run_raising(cell, trace) if cell.raises else self._run(cell, trace)
        shown += figures.drawn()
        seconds = time.perf_counter() - started
        if trace:
            seconds -= trace.seconds - looking
            shown = [*trace.shown(self.limit), *shown]
        return {
            "seconds": round(seconds, 3),
            "peak_mb": round(system.peak_mb(), 1),
            "shown": [
                {
                    "kind": each.kind,
                    "suffix": each.suffix,
                    "data": base64.b64encode(each.data).decode(),
                    "cut": each.cut,
                }
                for each in shown
            ],
        }

    def _run(self, cell: Cell, trace: Trace | None) -> list[show.Shown]:
        value = None
        for number, statement in enumerate(self._statements[cell.name], start=1):
            self.position.line = statement.lineno
            self._styled = self._styled or figures.use_style()
            value = self._execute(statement)
            if trace:
                trace.after(number, statement)
        if "tokens" in cell.tags:
            return [tokens.shown(value, self.limit)]
        shown = show.value(value, self.summarise, self.limit)
        return [shown] if shown else []

    def _run_raising(self, cell: Cell, trace: Trace | None) -> list[show.Shown]:
        try:
            self._run(cell, trace)
        except BaseException as error:
            if type(error).__name__ != cell.raises:
                what = f'the cell says raises="{cell.raises}" and raised {type(error).__name__}: {error}'
                raise NotRaisedError(what) from error
            return [show.text("error", f"{type(error).__name__}: {error}", self.limit)]
        raise NotRaisedError(f'the cell says raises="{cell.raises}" and raised nothing')

    def _execute(self, statement: ast.stmt) -> Any:
        """Execute one statement; the answer is an expression's value."""
        path, flags = str(self.snippets.path), self._flags
        if isinstance(statement, ast.Expr):
            return eval(
                compile(ast.Expression(statement.value), path, "eval", flags, dont_inherit=True),
                self.namespace,
            )
        code = compile(ast.Module([statement], []), path, "exec", flags, dont_inherit=True)
        self._flags |= code.co_flags & FUTURE
        exec(code, self.namespace)
        return None
