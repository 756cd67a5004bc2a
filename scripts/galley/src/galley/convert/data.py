"""The files that a notebook's code reads or imports from its own folder.

In the command. The code is read and not run. So a file counts that a text in the code names, and all files of a folder
that one names. A page finds data by the setting `links`, and modules beside its snippet file.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from galley.convert.beside import is_hidden
from galley.convert.part import Notebook
from galley.convert.python import as_python
from galley.folders import NAME
from galley.source.imports import imported

CODE = (".py", ".ipynb")  # the endings of files that are no data
LARGEST = 20_000_000  # bytes of what comes along


@dataclass(frozen=True)
class Data:
    """Files by their paths in the notebook's folder, the names that `links` needs for them, and what stayed behind.

    `modules` are what the code imports from there.
    """

    files: Mapping[str, bytes]
    links: tuple[str, ...]
    lost: tuple[str, ...] = ()
    modules: Mapping[str, bytes] = field(default_factory=dict)


def data_of(notebook: Notebook, beside: Path) -> Data:
    """What the code of a notebook in the folder `beside` names there, and what it imports from there."""
    codes = [as_python(part.text) for part in notebook.parts if part.kind == "code"]
    texts = [code.text for code in codes if not code.language]
    modules = {file: (beside / file).read_bytes() for text in texts for file in _modules(beside, text)}
    named = {each for text in texts for each in _texts(text)}
    found = sorted({file for text in named for file in _named(beside.resolve(), text) if file.suffix not in CODE})
    names = tuple(dict.fromkeys(file.relative_to(beside.resolve()).parts[0] for file in found))
    size = sum(file.stat().st_size for file in found)
    if size > LARGEST:
        said = f"the files that its code reads have {size // 1_000_000} MB: copy {', '.join(names)} into the snippets"
        return Data({}, names, (said,), modules)
    files = {file.relative_to(beside.resolve()).as_posix(): file.read_bytes() for file in found}
    return Data(files, names, modules=modules)


def _modules(beside: Path, code: str) -> Iterator[str]:
    """The modules in a folder that code imports: a file each, or all files of a package."""
    for name in imported(ast.parse(code).body):
        if (beside / f"{name}.py").is_file():
            yield f"{name}.py"
        elif (beside / name / "__init__.py").is_file():
            yield from (each.relative_to(beside).as_posix() for each in (beside / name).rglob("*.py"))


def _texts(code: str) -> Iterator[str]:
    """The texts in code, and of a formatted one what stands before its first value; the words of its commands."""
    for line in code.split("\n"):
        if line.startswith("# $ "):
            yield from line.split()[2:]
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _named(folder: Path, text: str) -> Iterable[Path]:
    """The files in a folder that a text names: one file, or all files of a folder below it."""
    name = PurePosixPath(text)
    if not text or len(text) > 200 or name.is_absolute() or not name.parts or not NAME.fullmatch(name.parts[0]):
        return []
    with suppress(OSError, ValueError):
        path = (folder / name).resolve()
        if not path.is_relative_to(folder) or is_hidden(path.relative_to(folder)):
            return []
        if path.is_file():
            return [path]
        if path.is_dir() and ("/" in text or path.parent == folder):
            inside = (each for each in path.rglob("*") if not is_hidden(each.relative_to(folder)))
            return [each for each in inside if each.is_file() and not each.is_symlink()]
    return []
