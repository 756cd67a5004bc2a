"""Files of the snippets that stand in the way of a module that other code means: Python finds the file first.

In the command and in the builder. A page runs with its own folder first on the path, as plain `python` has it. So
`import random` in `random.py`, or beside it, gives that file and not Python's module.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.machinery import FrozenImporter
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.source.cells import SnippetFile


def in_the_way(folder: Path) -> dict[str, Path]:
    """The modules and packages in a folder that have the name of one of Python's own, by that name."""
    files = {path.stem: path for path in folder.glob("*.py")}
    packages = {path.parent.name: path.parent for path in folder.glob("*/__init__.py")}
    own = sys.stdlib_module_names
    return {name: path for name, path in {**packages, **files}.items() if name in own and not _comes_first(name)}


def refuse_shadows(text: str, path: Path, relative: Path, hiding: dict[str, Path]) -> None:
    """Raises GalleyError at the `import` in a file's text that would get the file itself, or one of those `hiding`."""
    wanted = hiding if _comes_first(path.stem) else {**hiding, path.stem: path}
    if not any(f"import {name}" in text or f"from {name}" in text for name in wanted):
        return
    try:
        tree = ast.parse(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return  # whoever reads the file says what is wrong with it
    for name, line in _imports(tree):
        if name in wanted:
            other = relative.with_name(wanted[name].name)
            what = f"imports '{name}' and would get {other.as_posix()}, not the module of that name"
            raise GalleyError(what, Place(relative, line), f"rename {other.as_posix()}")


def refuse_far(project: Project, snippets: SnippetFile) -> None:
    """Raises GalleyError at the `import` of a module that the folder of the snippets has, and that of the file has not.

    Plain `python` looks beside the file alone. A page could find the module all the same where the runner has it.
    """
    folder, top, seen = snippets.path.parent, project.snippets, set[Path]()
    waiting = [(snippets.path, 0)]  # a file, and the line of the snippet file that imports it
    for file, at in waiting:  # grows
        for name, line in _imports(_tree(file)) if file not in seen else ():
            if own := _module(folder, name):
                waiting += [(own, at or line)]
            elif name not in sys.stdlib_module_names and (far := _module(top, name)):
                where, whose = project.relative(folder).as_posix(), f"{file.name} " if at else ""
                what = f"{whose}imports '{name}', which is {project.relative(far).as_posix()}"
                place = Place(project.relative(snippets.path), at or line)
                mend = f"move it to {where}, or the snippet file to {project.relative(top).as_posix()}"
                raise GalleyError(f"{what}: Python looks for it in {where}", place, mend)
        seen.add(file)


def _module(folder: Path, name: str) -> Path | None:
    """The file of a module or package in a folder."""
    files = (folder / name / "__init__.py", folder / f"{name}.py")
    return next((each for each in files if each.is_file()), None)


def _tree(file: Path) -> ast.AST:
    try:
        return ast.parse(file.read_bytes())
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return ast.Module([], [])  # whoever reads the file says what is wrong with it


def _comes_first(name: str) -> bool:
    """Whether a module is built into Python or frozen in it, and found before any file: nothing stands in its way."""
    return name in sys.builtin_module_names or FrozenImporter.find_spec(name) is not None


def _imports(tree: ast.AST) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((each.name.partition(".")[0], node.lineno) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno
