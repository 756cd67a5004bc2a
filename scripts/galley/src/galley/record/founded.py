"""Whether a record rests on what every record of its page and profile rests on: a statement without it is no record.

In the command and in the builder. The machines that check an optional profile can often not run it, and anybody can
write a `record.json`. So a record must list the modules that each page of the guide loads, and the pins of the large
things that its profile names; what it cannot list, no page has used.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePosixPath
from shlex import quote
from typing import Any

from galley.config import Project
from galley.errors import Place
from galley.hooks import APART
from galley.profile import Profile
from galley.record.days import date_fault
from galley.record.model import Record
from galley.record.move import RECORD, RUN
from galley.source.cells import SnippetFile
from galley.source.parameters import parameters

DIGEST = re.compile(r"(?:[a-z0-9-]+:)?[0-9a-f]{40,128}")  # a commit or a digest, which names one state of a thing


def unfounded(
    project: Project, snippets: SnippetFile, profile: Profile, record: Record
) -> Iterator[tuple[str, Place, str]]:
    """What a record lacks that it must have, in words, each with its place and with what mends it."""
    for what, file in _lacking(project, snippets, profile, record):
        folder = project.relative(project.outputs) / record.name.folder
        under = "" if profile.required else f" --profile {profile.name}"
        away = f"git rm -r {quote(folder.as_posix())}"
        mend = f"galley run {quote(record.page)}{under}; or, where nobody can run it: {away}"
        yield what, Place(folder / file) if isinstance(file, str) else file, mend


def _lacking(
    project: Project, snippets: SnippetFile, profile: Profile, record: Record
) -> Iterator[tuple[str, str | Place]]:
    """What a record lacks, in words, each with its place or with the name of the record's file where that is it."""
    modules = {used.path for used in record.dependencies if used.kind == "module"}
    loaded = _loaded(project)
    missing = [path for path in loaded if path not in modules]
    if missing and (record.settings or len(missing) == len(loaded)):  # an old one does not say which hooks it had
        yield f"it does not list {missing[0]}, which every page here loads", RECORD
    yield from _pins(project, snippets, profile, record)
    if wrong := date_fault(record.date):
        yield wrong, RUN if record.has_run else RECORD


def _loaded(project: Project) -> list[str]:
    """The modules of the snippets' folder that the runner imports for any page, hooks that pages call among them."""
    known: list[str] | None = project.derived.get("the modules that every page loads")
    if known is None:
        hooks = (named.partition(":")[0] for name, named in project.hooks.items() if name not in APART)
        paths = (project.snippets / Path(*name.split(".")) for name in (*project.imports, *hooks))
        files = (file for path in paths for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file())
        known = sorted({project.relative(file).as_posix() for file in files})
        project.derived["the modules that every page loads"] = known
    return known


def _pins(
    project: Project, snippets: SnippetFile, profile: Profile, record: Record
) -> Iterator[tuple[str, str | Place]]:
    """What a page's parameters name and the record does not pin, by the profile's setting `pins`."""
    if not profile.pins:
        return
    tables = {(PurePosixPath(used.path), used.part) for used in record.dependencies if used.kind == "table"}
    own = parameters(snippets)
    for name, file in profile.pins.items():
        value = profile.parameters.get(name, own.get(name))
        if name not in own or not isinstance(value, str):
            continue  # this page does not know the parameter
        listed = Place(Path(file))
        if not _is_pinned(project.root / file, value):
            yield (
                f"{value}, which the parameter {name} names, is not pinned there: it has no commit and no digest",
                listed,
            )
        elif (PurePosixPath(file), value) not in tables:
            yield f'it does not depend on the table ["{value}"] of {file}, which pins its {name}', RECORD


def _is_pinned(file: Path, name: str) -> bool:
    """Whether a table of a TOML file has a commit or a digest among its values."""
    try:
        status = file.stat()
        return any(map(DIGEST.fullmatch, _texts(_tables(file, status.st_mtime_ns, status.st_size).get(name))))
    except (OSError, ValueError, RecursionError):
        return False


def tables_of(file: Path) -> dict[str, Any]:
    """The tables of a TOML file that pins things, by name; none where it cannot be read, which `check` says."""
    try:
        status = file.stat()
        return {
            name: each
            for name, each in _tables(file, status.st_mtime_ns, status.st_size).items()
            if isinstance(each, dict)
        }
    except (OSError, ValueError, RecursionError):
        return {}


@lru_cache(64)
def _tables(file: Path, modified: int, size: int) -> dict[str, Any]:
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
