"""Digests of what a page used, computable without running anything."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from galley.record.model import Dependency
from galley.source.digest import digest, module_digest

GONE = "gone"
ABSENT = "absent"  # what a page looked for and did not find
TABLE = "#"  # stands between a path and what of it counts: a table of a TOML file, endings of names


GALLEY = Path(__file__).parents[1]


@cache
def never_counts(root: Path) -> tuple[Path, ...]:
    """The folders below the project's root of which nothing counts: caches, environments, galley itself."""
    prefix = Path(sys.prefix).resolve()
    environments = [prefix] if root in prefix.parents else []  # the project may lie below Python's prefix
    return (*environments, root / ".git", root / ".cache", GALLEY)


def measure(root: Path, path: str, kind: str) -> Dependency:
    """The dependency as it stands now; its digest is 'gone' where there is nothing to digest."""
    target = root / path
    try:
        if kind == "listing":
            return Dependency(path, kind, digest("\n".join(sorted(_names(target)))))
        if kind == "names":
            return Dependency(path, kind, _names_digest(root, path))
        if kind == "absent":
            return Dependency(path, kind, "there" if target.exists() else ABSENT)
        if kind == "table":
            return Dependency(path, kind, _table_digest(root, path))
        status = target.stat()
        return Dependency(path, kind, _file_digest(target, kind, status.st_mtime_ns, status.st_size))
    except (OSError, KeyError):
        return Dependency(path, kind, GONE)


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name != "__pycache__"]


def _names_digest(root: Path, path: str) -> str:
    """The digest of the names of the files in a folder that end as the path says after its last #."""
    folder, _, endings = path.rpartition(TABLE)
    wanted = tuple(endings.split())
    names = [each.name for each in (root / folder).iterdir() if each.name.endswith(wanted) and each.is_file()]
    return digest("\n".join(sorted(names)))


def _table_digest(root: Path, path: str) -> str:
    """The digest of what a table says, however it is written; KeyError without the table."""
    file, _, table = path.rpartition(TABLE)
    try:
        tables = tomllib.loads((root / file).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return digest((root / file).read_bytes())  # broken is changed
    return digest(json.dumps(tables[table], sort_keys=True, default=str))


def know_modules(files: Iterable[Path]) -> None:
    """Digest modules ahead of the forks that need it: that is most of what a page with no work of its own does."""
    for file in files:
        if file.suffix == ".py" and file.is_file():
            path, status = file.resolve(), file.stat()
            _file_digest(path, "module", status.st_mtime_ns, status.st_size)


@cache
def _file_digest(path: Path, kind: str, mtime_ns: int, size: int) -> str:
    """A file is digested once per state of it: many pages share one model."""
    data = path.read_bytes()
    if kind == "module":
        try:
            return module_digest(data.decode())
        except (SyntaxError, UnicodeDecodeError):
            pass  # broken code is still changed code
    return digest(data)
