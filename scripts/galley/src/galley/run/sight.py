"""The folders of a project in which a page is told what compiled code and other programs open.

In the runner, which looks for the folders before it forks, and in a page's child, which looks again only where a folder
has changed since: a walk over a project takes longer than all else that a page waits for.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from galley.folders import ENVIRONMENTS, PASSED

MOST = 256  # folders of a project that are watched: each takes a page some 15 µs


@dataclass
class Folders:
    """A project's folders as they were when somebody looked; `never` lists those in which no file counts."""

    root: str
    snippets: str
    never: frozenset[str]
    _known: dict[str, tuple[int, tuple[str, ...] | None]] = field(default_factory=dict)

    def there(self, within: Iterable[str], but: Collection[str] = ()) -> Iterator[str]:
        """The folders `within` others, the snippets' first, then the nearest, without `but` and what lies in them."""
        passed, done = self.never.union(but), set[str]()
        for start in (self.snippets, *within):
            waiting = deque([start])
            while waiting:
                folder = waiting.popleft()
                below = None if folder in passed or folder in done else self._below(folder)
                if below is not None:
                    done.add(folder)
                    yield folder
                    waiting.extend(below)

    def _below(self, folder: str) -> tuple[str, ...] | None:
        """The folders in a folder; None where nothing in it is of interest, or it is not there."""
        try:
            changed = os.stat(folder).st_mtime_ns
            known = self._known.get(folder)
            if known is None or known[0] != changed:
                self._known[folder] = known = (changed, self._listed(folder))
        except OSError:
            return None
        return known[1]

    def _listed(self, folder: str) -> tuple[str, ...] | None:
        with os.scandir(folder) as found:
            entries = list(found)
        if folder != self.root and ENVIRONMENTS.intersection(each.name for each in entries):
            return None
        hidden = folder == self.root  # what begins with a dot there is closed to pages
        return tuple(
            each.path
            for each in sorted(entries, key=lambda each: each.name)
            if each.is_dir(follow_symlinks=False)
            and each.name not in PASSED
            and not (hidden and each.name.startswith("."))
        )


_folders: Folders | None = None


def know(root: str, snippets: str, never: Iterable[str]) -> None:
    """Look for the folders now; the pages that are forked later begin with what was found.

    No more are looked for than are watched: a project may be a whole home folder.
    """
    global _folders
    _folders = Folders(os.path.realpath(root), os.path.realpath(snippets), frozenset(map(os.path.realpath, never)))
    _most_of(_folders.there([_folders.root]))


def watched(within: Iterable[str], declared: Collection[str]) -> tuple[list[str], str]:
    """The folders to watch `within` those that the page reads, and why that is not all of them, or empty.

    A folder that the page declares is none of them: all that lies in it counts anyway.
    """
    found = _most_of(_folders.there(map(os.path.realpath, within), declared)) if _folders else []
    left = found[MOST:]
    return found[:MOST], f"of more than {MOST} folders these are not watched: {left[0]} and others" if left else ""


def _most_of(folders: Iterator[str]) -> list[str]:
    return list(islice(folders, MOST + 1))
