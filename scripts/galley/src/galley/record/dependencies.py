"""Digests of what a page used, computable without running anything, and what its cells declare that they use.

In every process: a page's child measures what the page used, and every command that asks whether a record is true
measures it again.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import stat
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError
from galley.record.model import Dependency, DependencyKind
from galley.record.plain import LIST
from galley.source.cells import Cell
from galley.source.digest import digest, module_digest
from galley.source.shell import commands, words

GONE = "gone"
ABSENT = "absent"  # what a page looked for and did not find
GALLEY = Path(__file__).parents[1]
LONG = 1024  # characters of a text that may be a path
CACHED = 1 << 14  # how many digests of files are kept in memory


@cache
def never_counts(root: Path) -> tuple[Path, ...]:
    """The folders below the project's root in which no file counts: caches, Python environments, galley itself."""
    prefix = Path(sys.prefix).resolve()
    environments = [prefix] if root in prefix.parents else []  # the project may lie below Python's prefix
    return (*environments, root / ".git", root / ".cache", GALLEY)


def measure(root: Path, used: Dependency) -> Dependency:
    """The dependency with the digest that it has now; the digest is GONE where there is nothing to digest.

    A pipe or a device is nothing to digest: its reading would wait, or never end.
    """
    try:
        return replace(used, sha256=DIGESTS[used.kind](root / used.path, used.part))
    except (OSError, KeyError, ValueError, RecursionError):
        return replace(used, sha256=GONE)


def _file(path: Path, part: str) -> str:
    status = _regular(path)
    return _file_digest(path, False, status.st_mtime_ns, status.st_size)


def _module(path: Path, part: str) -> str:
    status = _regular(path)
    return _file_digest(path, True, status.st_mtime_ns, status.st_size)


def _regular(path: Path) -> os.stat_result:
    """What the system says of a file; OSError for a device, a pipe or a socket, which may have no end."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise OSError(f"{path} is no regular file")
    return status


def _listing(path: Path, part: str) -> str:
    """The digest of the names in a folder."""
    return _digest_of(each.name for each in path.iterdir() if each.name != "__pycache__")


def _names(path: Path, part: str) -> str:
    """The digest of the names of the files in a folder that end as `part` says."""
    wanted = tuple(part.split())
    return _digest_of(each.name for each in path.iterdir() if each.name.endswith(wanted) and each.is_file())


def _digest_of(names: Iterable[str]) -> str:
    return digest(os.fsencode("\n".join(sorted(names))))  # a name need not be UTF-8


def _table(path: Path, part: str) -> str:
    """The digest of what a table of a TOML file says, however it is written; KeyError without the table.

    Of a file that would take too much memory as tables, all bytes count.
    """
    status = _regular(path)
    if status.st_size > LIST:
        return _file_digest(path, False, status.st_mtime_ns, status.st_size)
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError):
        return digest(path.read_bytes())  # a broken file is a changed one
    return digest(json.dumps(tables[part], sort_keys=True, default=str))


def _absent(path: Path, part: str) -> str:
    return "there" if os.path.exists(path) else ABSENT  # noqa: PTH110  a path's own raises for a name that cannot be


# How each kind of dependency is digested: adding a kind is adding a row here and its name in `Dependency`.
DIGESTS: dict[DependencyKind, Callable[[Path, str], str]] = {
    "file": _file,
    "module": _module,
    "listing": _listing,
    "names": _names,
    "table": _table,
    "absent": _absent,
}


def know_modules(files: Iterable[Path]) -> None:
    """Compute the digests of modules in the runner, before it forks.

    Each page's child inherits them. Computing them anew would take most of the time of a page that does little.
    """
    for file in files:
        if file.suffix == ".py" and file.is_file():
            _module(file.resolve(), "")


@lru_cache(CACHED)
def _file_digest(path: Path, module: bool, mtime_ns: int, size: int) -> str:
    """A file is digested once per state of it: many pages share one model."""
    with path.open("rb") as file:
        if module and size <= LIST:
            with suppress(SyntaxError, ValueError, RecursionError, MemoryError):  # broken code is still changed code
                return module_digest(file.read().decode())
            file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest()  # a piece at a time: a model may be larger than memory


def named(project: Project, cell: Cell) -> list[Path]:
    """The files of the project that a cell's code names: each string that is a relative path with a slash to one.

    So does each word of a command of a shell.

    Such a path counts from the project's root, from the folder of the snippets or from that of the cell's file, whether
    or not the cell opens it: code also asks whether a file is there, which no open tells. A bare name counts for
    nothing, since many folders have a `README.md`. Nor does a path of a page or of a record: it is more often a link.
    """
    texts = {node.value for each in cell.statements for node in ast.walk(each) if isinstance(node, ast.Constant)}
    texts |= {word for each in commands(cell) for word in words(each.text)}
    paths = [each for each in texts if isinstance(each, str) and "/" in each[1:] and len(each) <= LONG]
    bases = {project.root, project.snippets, (project.root / cell.place.path).parent}
    found = {file for each in paths for base in bases if (file := _plain(base, each))}
    apart = (*never_counts(project.root.resolve()), project.docs.resolve(), project.outputs.resolve())
    inside = [file for file in found if file.is_relative_to(project.root.resolve())]
    return sorted(file for file in inside if not any(file.is_relative_to(each) for each in apart))


def _plain(base: Path, text: str) -> Path | None:
    """The plain file that a relative path leads to, without symbolic links; None where there is none."""
    if text.startswith("/") or "\0" in text or "\n" in text:
        return None
    try:
        file = (base / text).resolve()
        return file if file.is_file() else None
    except (OSError, ValueError, RuntimeError):  # no disk can hold the name, or links lead in a circle
        return None


def declared(project: Project, cell: Cell) -> list[Path]:
    """The files and folders that a cell declares with `uses`, as absolute paths without symbolic links.

    A declared path starts at the project's root, or with the name of one of the setting's `links`.
    Raises GalleyError at the cell's line for a path that does not exist, that lies outside the project, or in a folder
    of which nothing counts.
    """
    return list(_declared(project, cell)) if cell.uses else []


def _declared(project: Project, cell: Cell) -> Iterator[Path]:
    root = project.root.resolve()
    for name in cell.uses:
        base = project.snippets if name.partition("/")[0] in project.links else project.root
        path = (base / name).resolve()
        if not path.is_relative_to(root):
            raise GalleyError(f"uses '{name}', which lies outside the project", cell.place, "keep it in the project")
        if not path.exists():
            mend = "name a file or a folder, from the project's root"
            raise GalleyError(f"uses '{name}', and there is no such file or folder", cell.place, mend)
        if not path.is_file() and not path.is_dir():
            what = f"uses '{name}', which is neither a plain file nor a folder"
            raise GalleyError(what, cell.place, "name what has contents that can be compared")
        if hidden := next((each for each in never_counts(root) if path.is_relative_to(each)), None):
            what = f"uses '{name}', and nothing in {project.relative(hidden)} ever counts"
            raise GalleyError(what, cell.place, "keep it elsewhere in the project")
        yield path
