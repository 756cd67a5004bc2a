"""Executes cells statement by statement under the line numbers of the snippet file, and collects their outputs.

In a page's child.
"""

from __future__ import annotations
import __future__

import ast
import inspect
import mmap
import struct
import time
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from types import CodeType
from typing import Any, TypeVar

from galley import system
from galley.kinds import Kinds
from galley.kinds.kind import Asked, Watcher, cut_text
from galley.kinds.text import TRACEBACK
from galley.record.model import Cost, Shown
from galley.run.compiling import compiled
from galley.run.loop import Loop
from galley.run.lost import Lost
from galley.run.protocol import CellEnds
from galley.run.shell import Background, run_commands
from galley.run.sides import Sides
from galley.run.told import as_python, class_names
from galley.source.cells import Cell, SnippetFile
from galley.source.matching import is_class, says
from galley.source.shell import SHELL, commands

SUBCLASS = '; it is a subclass, for which the cell must say subclasses="yes"'
Answer = TypeVar("Answer")
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

    def begins(self, line: int) -> None:
        """A statement or a command on this line is what runs now."""
        self.line = line


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
    loop: Loop
    background: Background = field(default_factory=Background)
    _flags: int = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    _statements: Mapping[str, tuple[ast.stmt, ...]] = field(init=False)
    _sides: Sides = field(init=False)
    _lost: Lost = field(default_factory=Lost)

    def __post_init__(self) -> None:
        """Parse the code before the page runs: a warning of Python's parser must not land in a cell's output."""
        self._statements = {cell.name: cell.statements for cell in self.snippets.cells}
        self._sides = Sides(self.snippets.source, str(self.snippets.path))

    def run(self, cell: Cell) -> CellEnds:
        """Run a cell, and return what it took and its outputs.

        Raises whatever the cell raises, and NotRaisedError where it should have raised and did not.
        """
        watchers = self.kinds.watchers(cell, self.namespace, self.asked)
        looking = _looking(watchers)
        system.reset_peak()
        started = time.perf_counter()
        if SHELL in cell.tags:
            asked = commands(cell), cell.options["exit"], self.asked.limit
            shown = run_commands(*asked, self.position.begins, self.background)
        else:
            shown = self._run_raising(cell, watchers) if cell.raises else self._run(cell, watchers)
        shown += self.kinds.left_open(self.asked)
        seconds = time.perf_counter() - started - (_looking(watchers) - looking)
        self.background.refuse(self.position.begins)
        seen = [Shown(name, forms) for name, each in watchers.items() if (forms := each.forms())]
        self._lost.ended(self._statements[cell.name])
        cost = Cost(seconds=round(seconds, 3), peak_mb=round(system.peak_mb(), 1))
        return CellEnds(cell.name, cost, (*seen, *shown))

    def compared(self, error: BaseException) -> str:
        """What the assertion that raised an error compared, a line for each value; empty for another error."""
        return self._sides.told(error, self.asked.brief)

    def failed(self, cell: Cell, error: BaseException) -> tuple[str, str]:
        """Note that a cell failed, and say whether that follows from a cell before: its name, and a sentence.

        What the cell left open, such as figures, is let go: no later cell shows it.
        """
        with suppress(Exception):
            self.kinds.left_open(self.asked)
        statements = self._statements[cell.name]
        cause = self._lost.cause(statements, error)
        self._lost.failed(cell.name, statements, self.position.line)
        return cause

    def _run(self, cell: Cell, watchers: Mapping[str, Watcher]) -> list[Shown]:
        """Run a cell's statements; those of a cell that awaits run all in one task of the page's loop."""
        running = self._to_the_end(cell, watchers)
        shown, error = self.loop.run(running) if cell.awaits else _at_once(running)
        try:
            if error is not None:
                raise error
            return shown
        finally:
            del error  # which holds this frame, which holds it

    async def _to_the_end(
        self, cell: Cell, watchers: Mapping[str, Watcher]
    ) -> tuple[list[Shown], BaseException | None]:
        """Run a cell's statements; return its outputs, or the error: a coroutine cannot raise a StopIteration."""
        statements = self._statements[cell.name]
        held: dict[str, Any] = {"value": None}
        try:
            if cell.commented and cell.raises:  # code that Python refuses; its lines count from the cell's first
                compile(cell.source, cell.name, "exec", dont_inherit=True)
            for number, statement in enumerate(statements, start=1):
                self.position.line = statement.lineno
                self.kinds.begin()
                code = self._code(statement, shows=number == len(statements) and not cell.hides_value)
                held["value"] = eval(code, self.namespace)  # None for a statement
                if code.co_flags & inspect.CO_COROUTINE:
                    held["value"] = await held["value"]
                for watcher in watchers.values():
                    watcher.after(number, statement)
            shown = self.kinds.of_value(held["value"], cell, self.asked)
            if held["value"] is not None:
                self._let_go(held, self.position.line)
        except BaseException as error:
            return [], error
        return shown, None

    def _run_raising(self, cell: Cell, watchers: Mapping[str, Watcher]) -> list[Shown]:
        try:
            self._run(cell, watchers)
        except BaseException as error:
            name, *above = class_names(error)
            if not is_class([name, *above], cell.raises, subclasses=cell.options["subclasses"]):
                mend = SUBCLASS if cell.raises in above else ""
                raise NotRaisedError(
                    f'the cell says raises="{cell.raises}" and raised {name}: {error}{mend}'
                ) from error
            if (pattern := cell.options["message"]) and not says(str(error), pattern):
                raise NotRaisedError(f'the cell says message="{pattern}" and the error says: {error}') from error
            forms = [cut_text(f"{name}: {error}", self.asked.limit)]
            if "traceback" in cell.tags:
                text = as_python(error, str(self.snippets.path))
                forms.append(cut_text(text, self.asked.limit, TRACEBACK, "traceback"))
            return [Shown("error", tuple(forms))]
        raise NotRaisedError(f'the cell says raises="{cell.raises}" and raised nothing')

    def _code(self, statement: ast.stmt, *, shows: bool) -> CodeType:
        """The code of a statement; that of an expression has its value where the cell `shows` it.

        The value of any other expression is gone at once, as in a file.
        """
        if shows and isinstance(statement, ast.Expr):
            return compiled(ast.Expression(statement.value), str(self.snippets.path), "eval", self._flags)
        code = self._sides.compiled(statement, self._flags)
        self._flags |= code.co_flags & FUTURE
        return code

    def _let_go(self, held: dict[str, Any], line: int) -> None:
        """Drop a value where the page would: what Python says of it then, such as of a coroutine, names this line."""
        code = compile("\n" * (line - 1) + "del value", str(self.snippets.path), "exec", dont_inherit=True)
        exec(code, self.namespace, held)


def _at_once(coroutine: Coroutine[Any, Any, Answer]) -> Answer:
    """What a coroutine returns that waits for nothing, without a loop."""
    try:
        coroutine.send(None)
    except StopIteration as ended:
        answer: Answer = ended.value
        return answer
    raise AssertionError("a cell that does not await has waited")


def _looking(watchers: Mapping[str, Watcher]) -> float:
    """The seconds that watching has taken so far, which are not counted as the cell's."""
    return sum(watcher.seconds for watcher in watchers.values())
