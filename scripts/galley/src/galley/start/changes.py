"""Changes several files of a guide: all of them or none, each as a whole. In the command."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from galley import system
from galley.errors import Place, RefusedError

LARGEST = 4_000_000  # bytes of a file that is read
BY_LINK = "is reached by a link, and galley follows none to what it writes"
NO_NEWLINE = "\\ No newline at end of file\n"


@dataclass(frozen=True)
class Change:
    """A file's new text, and what it was; `path` is from the guide's root, and `says` tells the user of it."""

    path: Path
    old: str | None  # None for a file that is made
    new: str
    says: str


def text_of(root: Path, path: Path) -> str | None:
    """The text of a file that is to be changed, the ends of its lines as they are; None where it is not there.

    Raises RefusedError for what no galley may write: a file reached by a link, no plain file, no UTF-8.
    """
    file = root / path
    if any((root / each).is_symlink() for each in (path, *path.parents[:-1])):
        raise RefusedError(BY_LINK, Place(path), "put the file itself in the place of the link, or change it by hand")
    if not os.path.lexists(file):
        return None
    found = file.stat()
    if not stat.S_ISREG(found.st_mode) or found.st_size > LARGEST:
        raise RefusedError("is no plain file, or too large a one", Place(path), "move it away, or change it by hand")
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise RefusedError(f"is no text in UTF-8: {error}", Place(path), "save it as UTF-8") from error


def diff_of(changes: Sequence[Change]) -> str:
    """The changes as `git apply` and `patch` take them."""
    lines: list[str] = []
    for each in changes:
        names = (f"a/{each.path.as_posix()}" if each.old is not None else os.devnull, f"b/{each.path.as_posix()}")
        lines += unified_diff(_lines(each.old or ""), _lines(each.new), *names)
    return "".join(line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}" for line in lines)


def _lines(text: str) -> list[str]:
    """The lines of a text, which end at a line feed alone, as git has them."""
    *ended, last = text.split("\n")
    return [f"{line}\n" for line in ended] + [last] * bool(last)


def write_all(root: Path, changes: Sequence[Change]) -> None:
    """Write the changes; where one of them cannot be written, all are taken back.

    Each new text is on the disk before the first takes its place. A command that is killed in between leaves some files
    changed, each whole; the next one changes the rest. Raises RefusedError where a file is no longer what was read, and
    OSError where the system refuses.
    """
    with system.scratch(".galley-add-", root) as scratch:
        for number, each in enumerate(changes):
            fresh = scratch / str(number)
            fresh.write_bytes(each.new.encode())
            if each.old is not None:
                shutil.copymode(root / each.path, fresh)
        done: list[Change] = []
        folders: list[Path] = []
        try:
            for number, each in enumerate(changes):
                if text_of(root, each.path) != each.old:
                    raise RefusedError("was changed meanwhile", Place(each.path), "run the command again")
                _make_folders(root, each.path, folders)
                done.append(each)
                (scratch / str(number)).replace(root / each.path)
        except BaseException:
            for each in done:
                _take_back(root, each, scratch)
            for folder in reversed(folders):
                with suppress(OSError):
                    folder.rmdir()
            raise


def _make_folders(root: Path, path: Path, made: list[Path]) -> None:
    """Make the folders of a file, and note those that were not there."""
    for parent in reversed(path.parents):
        if not (root / parent).exists():
            (root / parent).mkdir()
            made.append(root / parent)


def _take_back(root: Path, change: Change, scratch: Path) -> None:
    """Give a file its old text, or remove it, where it has the new one."""
    with suppress(OSError, RefusedError):
        if text_of(root, change.path) != change.new:
            return
        if change.old is None:
            (root / change.path).unlink()
            return
        old = scratch / "old"
        old.write_bytes(change.old.encode())
        shutil.copymode(root / change.path, old)
        old.replace(root / change.path)
