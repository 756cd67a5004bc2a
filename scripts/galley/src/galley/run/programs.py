"""Which packages another program reaches that a page starts, as far as its command line tells.

In a page's child, while its footprint is noted: nobody sees the functions of another program. A program that is no
Python is taken to reach none.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from galley.source.imports import imported

BETWEEN = str.maketrans(dict.fromkeys("/;&|()'\"", " "))  # what stands between the words of a shell's line
WITH_VALUE = ("-X", "-W", "--check-hash-based-pycs")
DYNAMIC = frozenset({"importlib", "runpy", "pkgutil", "code", "codeop"})  # import what no import statement names


def reached(program: object, arguments: object) -> set[str] | None:
    """The top-level modules that are not Python's own in a program; None where nobody can say."""
    words = _words(arguments)
    path = Path(os.fsdecode(program) if isinstance(program, str | bytes) else (words or [""])[0])
    if not _is_python(path.name):
        return None if _may_be_python(path, words) else set()
    return _of_python(words[1:])


def _words(arguments: object) -> list[str]:
    if isinstance(arguments, str | bytes):
        return [os.fsdecode(arguments)]
    return [os.fsdecode(each) if isinstance(each, bytes) else str(each) for each in arguments]  # type: ignore[attr-defined]


def _is_python(name: str) -> bool:
    """Whether a program's name is `python`, with a version or without."""
    return name.startswith("python") and set(name.removesuffix(".exe")[6:]) <= set("0123456789.")


def _may_be_python(program: Path, words: Sequence[str]) -> bool:
    """Whether a program that is called otherwise runs Python: a script of this environment, a line of a shell."""
    folder = Path(sys.executable).parent
    said = {word for each in words for word in each.translate(BETWEEN).split()}
    mine = program.parent == folder or (folder / program.name).exists()
    plain = (word for word in said if word.replace("-", "").replace("_", "").isalnum())
    return mine or any(map(_is_python, said)) or any(os.path.exists(folder / word) for word in plain)  # noqa: PTH110


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
