"""Digests of what a page used, computable without running anything."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from galley.pages.code import digest, module_digest
from galley.records.record import Dependency

GONE = "gone"


def measure(root: Path, path: str, kind: str) -> Dependency:
    """The dependency as it stands now; its digest is 'gone' where there is nothing to digest."""
    target = root / path
    try:
        if kind == "listing":
            return Dependency(path, kind, digest("\n".join(sorted(_names(target)))))
        status = target.stat()
        return Dependency(path, kind, _file_digest(target, kind, status.st_mtime_ns, status.st_size))
    except OSError:
        return Dependency(path, kind, GONE)


def _names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir() if each.name != "__pycache__"]


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
