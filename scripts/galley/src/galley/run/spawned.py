"""The text that a page's processes run where Python starts them anew, as `spawn` and `forkserver` do.

In a page's child. Such a process does not inherit the page's names. It runs the file of `__main__` once more, all but
what stands below `if __name__ == "__main__"`; and on the disk that file has no profile's values, and nothing guards a
cell that must raise, or runs one that awaits. So the process is led to a file of the page's own folder: the same code,
compiled under the snippet file's name and line numbers, with the values in place, each raising cell guarded, and each
that awaits in a function.
"""

from __future__ import annotations

import ast
import functools
import importlib.util
import marshal
import os
from bisect import bisect_right
from pathlib import Path
from types import ModuleType
from typing import Any

from galley.source.awaited import free
from galley.source.cells import SnippetFile
from galley.source.digest import is_string
from galley.source.effects import bound
from galley.system.whole_file import write_whole

# The modules that tell a new process where the code of `__main__` is, by a function of one name: Python's own, and
# those that stand in for it.
SPAWNING = ("multiprocessing.spawn", "multiprocess.spawn", "loky.backend.spawn", "joblib.externals.loky.backend.spawn")
MAIN = "init_main_from_path"
# What the process does first: its file and its arguments are the snippet file's, its lines come out as they are ended.
FIRST = """\
__file__ = __import__("sys").argv[0] = {path!r}
__import__("sys").stdout.reconfigure(line_buffering=True)
"""
AWAITED = """\
async def {name}():
    pass
__import__("asyncio").run({name}())
"""
GUARDED = """\
try:
    pass
except BaseException:
    if {raises!r} not in [each.__name__ for each in __import__("sys").exc_info()[0].__mro__][:{classes}]:
        raise
"""


class Spawned:
    """The file that a page's new processes run; it is written when the first of them is started."""

    def __init__(self, snippets: SnippetFile, scratch: Path) -> None:
        self.snippets, self._path = snippets, scratch / f".{snippets.path.stem}.pyc"

    def lead(self, module: ModuleType) -> None:
        """Let what a module of SPAWNING tells a new process lead to this file."""
        told = module.get_preparation_data

        @functools.wraps(told)
        def get_preparation_data(*arguments: Any, **named: Any) -> dict[str, Any]:
            data: dict[str, Any] = told(*arguments, **named)
            if data.get(MAIN) == os.path.normpath(self.snippets.path):
                data[MAIN] = str(self._written())
            return data

        module.get_preparation_data = get_preparation_data  # type: ignore[attr-defined]

    def _written(self) -> Path:
        """The path of the file, in the form in which Python keeps compiled code; raises SyntaxError as Python does."""
        if not self._path.exists():
            code = compile(program(self.snippets), self.snippets.path, "exec", dont_inherit=True)
            write_whole(self._path, importlib.util.MAGIC_NUMBER + bytes(12) + marshal.dumps(code))
        return self._path


def program(snippets: SnippetFile) -> ast.Module:
    """The whole snippet file as one program, as a new process runs it."""
    body = ast.parse(snippets.source).body
    at_first = next((number for number, each in enumerate(body) if not _stays_first(each)), len(body))
    first = ast.parse(FIRST.format(path=str(snippets.path))).body
    for statement in first:
        _on_line(statement, 1)
    return ast.Module([*body[:at_first], *first, *_guarded(snippets, body[at_first:])], [])


def _stays_first(statement: ast.stmt) -> bool:
    """Whether Python wants a statement before all others: a docstring, a future import."""
    return is_string(statement) or (isinstance(statement, ast.ImportFrom) and statement.module == "__future__")


def _guarded(snippets: SnippetFile, body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements, with those of each cell that must raise in a `try` of their own."""
    starts = [cell.place.line for cell in snippets.cells]
    by_cell: dict[int, list[ast.stmt]] = {}
    for statement in body:
        by_cell.setdefault(max(bisect_right(starts, statement.lineno) - 1, 0), []).append(statement)
    found: list[ast.stmt] = []
    for number, statements in by_cell.items():
        cell = snippets.cells[number]
        if cell.raises:
            (guard,) = ast.parse(
                GUARDED.format(raises=cell.raises, classes="" if cell.options["subclasses"] else 1)
            ).body
            assert isinstance(guard, ast.Try)
            _on_line(guard, cell.place.line)
            guard.body = statements
            statements = [guard]
        if cell.awaits:
            statements = _awaited(statements, cell.place.line, free("_awaiting", snippets.source))
        found += statements
    return found


def _awaited(statements: list[ast.stmt], line: int, name: str) -> list[ast.stmt]:
    """The statements of a cell that awaits, in a loop of their own: a new process has not the page's.

    `name` is that of the function in which they stand.
    """
    function, call = ast.parse(AWAITED.format(name=name)).body
    assert isinstance(function, ast.AsyncFunctionDef)
    names = bound(statements)
    function.body = [ast.Global(names)] if names else []
    _on_line(call, line)
    for each in (function, *function.body):
        each.lineno = each.end_lineno = line
        each.col_offset = each.end_col_offset = 0
    function.body += statements
    return [function, call]


def _on_line(tree: ast.AST, line: int) -> None:
    """Let every part of a tree stand on one line, as far as errors say."""
    for node in ast.walk(tree):
        if hasattr(node, "lineno"):
            node.lineno = node.end_lineno = line  # type: ignore[attr-defined]
