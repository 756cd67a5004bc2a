"""What git should know of a guide: what not to keep, and that a record is its bytes. In the command."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from galley.config import Project
from galley.record.store import FOOTPRINTS
from galley.start.changes import Change, text_of
from galley.system.git import GitError, git, line

IGNORED, ATTRIBUTES = Path(".gitignore"), Path(".gitattributes")


def known_to_git(project: Project) -> list[Change]:
    """The changes of git's two files, where the guide is in a repository and git does not know it yet."""
    root = project.root
    if not any(os.path.lexists(each / ".git") for each in (root, *root.parents)):
        return []
    records = project.outputs.relative_to(root).as_posix()
    left_out = {
        "/.cache/galley/": ".cache/galley/x",
        f"/{records}/.staging*/": f"{records}/.staging/x",
        f"/{records}/shard-*.json": f"{records}/shard-1-of-2.json",
    }
    lacking = [pattern for pattern, path in left_out.items() if not _is_ignored(root, path)]
    attributes = {
        f"/{records}/** -text": ("text", f"{records}/x"),
        f"/{records}/{FOOTPRINTS}/** -diff linguist-generated": ("diff", f"{records}/{FOOTPRINTS}/x"),
    }
    kept = [pattern for pattern, (name, path) in attributes.items() if not _is_unset(root, name, path)]
    says = "git is to leave the bytes of records as they are, and to show none of a footprint, which is compressed"
    return [
        *_with_lines(root, IGNORED, lacking, "what galley makes on its way, and git should not keep"),
        *_with_lines(root, ATTRIBUTES, kept, says),
    ]


def _is_ignored(root: Path, path: str) -> bool:
    with suppress(GitError):  # where git would keep it, or is not installed
        git(root, "check-ignore", "--quiet", "--no-index", path)
        return True
    return False


def _is_unset(root: Path, attribute: str, path: str) -> bool:
    with suppress(GitError):
        return line(root, "check-attr", attribute, "--", path).endswith(f": {attribute}: unset")
    return False


def _with_lines(root: Path, path: Path, lines: list[str], says: str) -> list[Change]:
    """The change of a file that gets the lines which it does not have; none where it has all."""
    text = text_of(root, path)
    end = "\r\n" if "\r\n" in (text or "") else "\n"
    has = set((text or "").splitlines())
    lacking = [each for each in lines if each not in has]
    if not lacking:
        return []
    before = f"{text}{end if text and not text.endswith(chr(10)) else ''}" if text else ""
    return [Change(path, text, f"{before}{''.join(f'{each}{end}' for each in lacking)}", says)]
