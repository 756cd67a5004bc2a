"""The links of the project through which a page reached a file, a folder, or nothing at all.

In a page's child. What a page opens counts by its true path. Where a link of the project stood on the way, the page's
next run may be led elsewhere without that file changing, so the path through the link counts as well.
"""

from __future__ import annotations

from pathlib import Path

MOST = 40  # links on one way, as the system follows them


def through(path: str, root: Path) -> str:
    """The path, from the root and with forward slashes, through the first link of the project on the way to `path`.

    Empty where no link of the project is on the way. `path` is absolute, and has no `..` in it.
    """
    at, waiting, followed = Path("/"), list(Path(path).parts[1:]), 0
    while waiting and followed < MOST:
        at = at.parent if (name := waiting.pop(0)) == ".." else at / name
        try:
            target = at.readlink()
        except OSError:  # no link, or nothing that the page may ask for
            continue
        if at.is_relative_to(root) and ".." not in waiting:
            return at.relative_to(root).joinpath(*waiting).as_posix()
        at, followed = at.parent, followed + 1
        waiting[:0] = target.parts
    return ""
