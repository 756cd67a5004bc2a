"""Executes cells statement by statement under the line numbers of the snippet file, and collects their outputs.

In a page's child.
"""

from __future__ import annotations
import __future__

import ast
import mmap
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import Any

from galley import system
from galley.kinds import Kinds
from galley.kinds.kind import Asked, Watcher, cut_text
from galley.record.model import Shown
from galley.run.protocol import CellEnds
from galley.source.cells import Cell, SnippetFile

FUTURE = reduce(or_, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names))


class NotRaisedError(Exception):
    """A cell that must raise did not, or raised something else."""


class Position:
    """The line that a page executes, in memory that the runner shares: it can be read after the page's process died."""

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
    """Runs the cells of one page in the page's namespace.

    Each statement is compiled by itself, so that the position and the watchers know which one runs. In a file, a
    `from __future__ import` holds for every statement after it. So the compiler flags that it sets are collected in
    `_flags` and given to each later statement; galley's own flags are kept out by `dont_inherit`.
    """

    snippets: SnippetFile
    namespace: dict[str, Any]
    position: Position
    kinds: Kinds
    asked: Asked
    _flags: int = 0
    _statements: Mapping[str, tuple[ast.stmt, ...]] = field(init=False)

    def __post_init__(self) -> None:
        """Parse the code before the page runs: a warning of Python's parser must not land in a cell's output."""
        self._statements = {cell.name: cell.statements for cell in self.snippets.cells}

    def run(self, cell: Cell) -> CellEnds:
        """Run a cell, and return what it took and its outputs.

        Raises whatever the cell raises, and NotRaisedError where it should have raised and did not.
        """
        watchers = self.kinds.watchers(cell, self.namespace, self.asked)
        looking = _looking(watchers)
        system.reset_peak()
        started = time.perf_counter()
        shown = self._run_raising(cell, watchers) if cell.raises else self._run(cell, watchers)
        shown += self.kinds.left_open(self.asked)
        seconds = time.perf_counter() - started - (_looking(watchers) - looking)
        seen = [Shown(name, forms) for name, each in watchers.items() if (forms := each.forms())]
        return CellEnds(cell.name, round(seconds, 3), round(system.peak_mb(), 1), (*seen, *shown))

    def _run(self, cell: Cell, watchers: Mapping[str, Watcher]) -> list[Shown]:
        value = None
        for number, statement in enumerate(self._statements[cell.name], start=1):
            self.position.line = statement.lineno
            self.kinds.begin()
            value = self._execute(statement)
            for watcher in watchers.values():
                watcher.after(number, statement)
        return self.kinds.of_value(value, cell, self.asked)

    def _run_raising(self, cell: Cell, watchers: Mapping[str, Watcher]) -> list[Shown]:
        try:
            self._run(cell, watchers)
        except BaseException as error:
            if type(error).__name__ != cell.raises:
                what = f'the cell says raises="{cell.raises}" and raised {type(error).__name__}: {error}'
                raise NotRaisedError(what) from error
            return [Shown("error", (cut_text(f"{type(error).__name__}: {error}", self.asked.limit),))]
        raise NotRaisedError(f'the cell says raises="{cell.raises}" and raised nothing')

    def _execute(self, statement: ast.stmt) -> object:
        """Execute one statement; return the value of an expression, None for any other statement."""
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


def _looking(watchers: Mapping[str, Watcher]) -> float:
    """The seconds that watching has taken so far, which are not counted as the cell's."""
    return sum(watcher.seconds for watcher in watchers.values())
