"""In the builder: which pages of the site that is shown were made from a file that somebody saved."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from galley.config import Project
from galley.site.origin import folder_of, project_of
from galley.site.preview import USED, FailedPage, preview_file, read_failures

MOST = 10  # pages that are made again by themselves; of more, the whole site is


@dataclass
class Touched:
    """Pages and other files of the docs folder, by their paths in it, that were saved or whose cells were.

    `others` says that something was saved of which nobody knows which pages it belongs to.
    """

    pages: set[str] = field(default_factory=set)
    copied: set[str] = field(default_factory=set)
    others: bool = False

    def __ior__(self, more: Touched) -> Touched:
        self.pages |= more.pages
        self.copied |= more.copied
        self.others |= more.others
        return self

    @property
    def nothing(self) -> bool:
        """Whether nothing was saved that the site shows."""
        return not (self.pages or self.copied or self.others)


def touched(paths: Iterable[Path], config: Any, files: Any) -> Touched:
    """What the saved files belong to, in a site that MkDocs has built with this configuration from these files."""
    found, stems = Touched(), set[str]()
    project, preview = project_of(config.docs_dir, config.config_file_path), preview_file()
    for path in paths:
        if path == preview:
            changed = _newly_failed(path)
            found.others |= not changed
            stems |= changed
        elif path.is_relative_to(config.docs_dir):
            _in_docs(path, config, files, found)
        elif path.is_relative_to(project.outputs):
            stems.add(path.relative_to(project.outputs).parts[0].replace("-", "_"))
        elif path.suffix == ".py" and path.parent == project.snippets and path.is_file():
            stems.add(path.stem)
        else:
            found.others = True
    _using(stems, project, config, files, found)
    return found


def _in_docs(path: Path, config: Any, files: Any, found: Touched) -> None:
    name = path.relative_to(config.docs_dir).as_posix()
    file = files.get_file_from_path(name)
    if file is None:  # new to the site, or an editor's own, which is gone by now
        found.others |= path.is_file()
    elif not path.is_file():
        found.others = True
    elif file.is_documentation_page():
        found.pages.add(name)
    else:
        found.copied.add(name)


def _using(stems: set[str], project: Project, config: Any, files: Any, found: Touched) -> None:
    """Add the pages that show a cell or a number of a snippet file; what no page shows may be anybody's module."""
    left = set(stems)
    for file in files.documentation_pages():
        if used := stems & USED.get(folder_of(config.docs_dir) / file.src_uri, frozenset()):
            found.pages.add(file.src_uri)
            left -= used
    found.others |= bool(left) or len(found.pages) > MOST
    if found.others and len(found.pages) > MOST:
        found.pages.clear()


_seen: dict[FailedPage, None] = {}  # the failures when the file of the live preview was read last


def _newly_failed(file: Path) -> set[str]:
    """The snippet files that failed since the last look, and those that no longer do."""
    before, now = set(_seen), set(read_failures(file))
    _seen.clear()
    _seen.update(dict.fromkeys(now))
    return {each.page.replace("-", "_") for each in before ^ now}
