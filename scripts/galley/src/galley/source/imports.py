"""Which modules code imports, as its syntax tells: of statements, and of a file.

In every process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path


def imported(statements: Iterable[ast.AST]) -> Iterator[str]:
    """The modules that statements import, also inside other statements; no expression can hold an import."""
    waiting = list(statements)[::-1]
    while waiting:  # no recursion: an `if` with a thousand `elif` is a thousand statements deep
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]
        else:
            for part in ("cases", "finalbody", "handlers", "orelse", "body"):
                waiting += getattr(node, part, ())[::-1]


def imported_by(file: Path) -> tuple[str, ...]:
    """The modules that a module's file imports; found once for each state of the file. Raises OSError, SyntaxError."""
    return _imported_by(file, file.stat().st_mtime_ns)


@lru_cache(1 << 12)
def _imported_by(file: Path, modified: int) -> tuple[str, ...]:
    return tuple(imported([ast.parse(file.read_bytes())]))
