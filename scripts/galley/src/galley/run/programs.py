"""Which packages another program reaches that a page starts, as far as its command line tells.

In a page's child, while its footprint is noted: nobody sees the functions of another program. A program that is no
Python is taken to reach none.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from galley.source.digest import imported

PYTHON = re.compile(r"python[0-9.]*(?:\.exe)?")
WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
DYNAMIC = frozenset({"importlib", "runpy", "pkgutil", "code", "codeop"})  # import what no import statement names


def reached(program: object, arguments: object) -> set[str] | None:
    """The top-level modules that are not Python's own in a program; None where nobody can say."""
    words = _words(arguments)
    name = os.path.basename(str(program or (words[0] if words else "")))
    if not PYTHON.fullmatch(name):
        return None if _may_be_python(str(program or words[0] if words else ""), words) else set()
    return _of_python(words[1:])


def _words(arguments: object) -> list[str]:
    if isinstance(arguments, str | bytes):
        return [os.fsdecode(arguments)]
    return [os.fsdecode(each) if isinstance(each, bytes) else str(each) for each in arguments]  # type: ignore[attr-defined]


def _may_be_python(program: str, words: Sequence[str]) -> bool:
    """Whether a program that is called otherwise runs Python: a script of this environment, a line of a shell."""
    bin_folder = os.path.dirname(sys.executable)
    mine = os.path.dirname(program) == bin_folder or os.path.exists(os.path.join(bin_folder, program or "-"))
    said = (word for each in words for word in re.split(r"[\s/;&|]", each))
    return mine or any(PYTHON.fullmatch(word) for word in said)


def _of_python(words: list[str]) -> set[str] | None:
    """The modules of a Python command line: of `-m`, of the code of `-c`, of a script."""
    while words and words[0].startswith("-") and words[0] not in ("-c", "-m", "-"):
        words = words[2 if words[0] in WITH_VALUE else 1 :]
    if len(words) < 2 and words[:1] in ([], ["-"], ["-c"], ["-m"]):
        return None  # it reads its code from somewhere else
    if words[0] == "-m":
        return {words[1].partition(".")[0]} - sys.stdlib_module_names
    try:
        text = words[1] if words[0] == "-c" else Path(words[0]).read_text(encoding="utf-8")
        tree = ast.parse(text)
    except (OSError, ValueError, SyntaxError):
        return set() if words[0] == "-c" else None  # code that is none reaches nothing
    tops = set(imported([tree]))
    dynamic = any(isinstance(each, ast.Name) and each.id == "__import__" for each in ast.walk(tree))
    return None if dynamic or tops & DYNAMIC else tops - sys.stdlib_module_names
