"""`galley import`: a page and a snippet file from a notebook. Nothing is overwritten, and all files are made or none.

In the command.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from galley.config import Project
from galley.convert.page import make
from galley.convert.read import read
from galley.errors import GalleyError, Place, RefusedError, UsageError
from galley.source.cells import cut, page_name
from galley.source.grammar import grammar_of
from galley.source.shadows import in_the_way, refuse_shadows

OTHERS = re.compile(r"\W+", re.ASCII)
RENAME = "name the page otherwise: --as NAME"


@dataclass(frozen=True)
class Taken:
    """What an import wrote, the page first, and what it could not take, in sentences; `page` is the page's name."""

    page: str
    files: tuple[Path, ...]
    lost: tuple[str, ...]


def take(project: Project, file: Path, name: str = "") -> Taken:
    """Make a page of a notebook; `name` is the page's, that of the file when empty.

    Raises UsageError for a name that is taken or cannot be, GalleyError for a file that cannot be read, and where no
    page can be made of it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's parser: a run tells what it warns of
        return _take(project, file, name)


def _take(project: Project, file: Path, name: str) -> Taken:
    notebook = read(file)
    stem = OTHERS.sub("_", (name or file.stem).removesuffix(".md").lower()).strip("_")
    if not stem:
        raise UsageError(f"no page can have the name of {file.name}", mend=RENAME)
    page, code = project.docs / f"{stem.replace('_', '-')}.md", project.snippets / f"{stem}.py"
    made = make(notebook, stem, file.parent, lambda other: (project.docs / f"{other}.md").is_file())
    if not made.snippets.strip():
        raise GalleyError("has no cell of Python", Place(file), "write its prose as a page by hand")
    _readable(project, made.snippets, code, file)
    files = {code: made.snippets.encode(), page: made.page.encode()}
    folder = page.with_name(f"{page.stem}-files")
    if folder.is_symlink():
        raise UsageError("is a link, through which galley writes nothing", Place(folder), f"remove it, or {RENAME}")
    beside = {folder / each: data for each, data in made.files.items()}
    _write({**beside, **files})
    written = [page, code, *beside]
    return Taken(page_name(stem), tuple(map(project.relative, written)), made.lost)


def _readable(project: Project, text: str, path: Path, notebook: Path) -> None:
    """Raises GalleyError where galley would not read the snippet file that is to be written; it names the notebook."""
    relative = project.relative(path)
    try:
        refuse_shadows(text, path, relative, in_the_way(project.snippets))
    except GalleyError as error:
        raise UsageError(error.what, error.place, RENAME) from error
    try:
        cut(text, path, relative, grammar_of(project))
    except GalleyError as error:
        line = text.split("\n")[error.place.line - 1].strip() if error.place and error.place.line else ""
        raise GalleyError(f"{error.what}: `{line}`" if line else error.what, Place(notebook), error.mend) from error


def _write(files: Mapping[Path, bytes]) -> None:
    """Write files none of which is there; where one cannot be written, none is left, nor a folder made for them."""
    for path in files:
        if os.path.lexists(path):
            raise UsageError("is there already", Place(path), f"remove it, or {RENAME}")
    done: list[Path] = []
    made: list[Path] = []
    try:
        for path, data in files.items():
            made += [] if path.parent.is_dir() else [path.parent]
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as opened:
                done.append(path)
                opened.write(data)
    except BaseException as error:
        for each in done:
            each.unlink(missing_ok=True)
        for each in made:
            with suppress(OSError):
                each.rmdir()
        if isinstance(error, OSError):
            raise RefusedError(f"cannot be written: {error.strerror}", Place(path), "nothing was written") from error
        raise
