"""How a change between two releases reaches a page: through what it entered, imported, opened, or asks for by a name.

In the command.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from galley.profile import Profile
from galley.record.facts import canonical
from galley.record.footprint import Entered, Footprint
from galley.record.model import Name, Record
from galley.source.cells import SnippetFile
from galley.update.asks import Mentions, mentions
from galley.update.changes import Changes
from galley.update.outside import asked_by
from galley.update.taint import Cause


@dataclass(frozen=True)
class RecordedPage:
    """A page under a profile, with its record and its footprint, or why it has none that can be read."""

    root: Path
    snippets: SnippetFile
    profile: Profile
    record: Record
    footprint: Footprint | None
    error: str = ""

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return self.record.name


def causes(page: RecordedPage, footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """Each difference that the page reaches, with the cells that do."""
    if footprint.opaque:
        yield Cause(f"{footprint.opaque}, so that any change may touch it", 1), ()
    if top := next((each for each in footprint.programs if each in found.tops), ""):
        yield Cause(f"it runs {top} as a program of its own", number=found.number_alone), ()
    cells = _by_function(footprint)
    for number, function in enumerate(footprint.functions):
        file, _, name = function.partition(":")
        if file in found.old.paths and (cause := _of_function(found, file, name)):
            yield cause, cells.get(number, ())
    for path in sorted(footprint.modules & found.effects.keys()):
        yield found.effects[path], ()
    yield from _of_others(footprint, found)
    yield from _of_files(footprint, found)
    yield from _of_own_code(page, footprint, found)


def _by_function(footprint: Footprint) -> dict[int, tuple[str, ...]]:
    found: dict[int, list[str]] = {}
    for cell, entered in footprint.cells.items():
        for number in entered.functions:
            found.setdefault(number, []).append(cell)
    return {number: tuple(cells) for number, cells in found.items()}


def _of_function(found: Changes, file: str, name: str) -> Cause | None:
    """Why a function that was entered can do something else."""
    key = file, name
    if key not in found.asked_before:
        found.asked_before[key] = _why(found, file, name)
    return found.asked_before[key]


def _why(found: Changes, file: str, name: str) -> Cause | None:
    if (bodies := found.functions.get(file)) is not None and (cause := bodies.get(name)):
        return cause
    for header, cause in found.headers.get(file, {}).items():
        if name.startswith(f"{header}."):
            return cause
    code = found.old.code(file)
    for unit in code.functions.get(name, ()) if code else ():
        if cause := found.asked(file, unit.mentions):
            return replace(cause, what=f"{cause.what}, which `{name}` asks for")
    return None


def _of_others(footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """What the code of other packages asks for by a name."""
    for package, each in footprint.packages.items():
        for top in each.modules:
            names = footprint.names(top)
            if top in found.tops or not names:
                continue
            cause = found.asked_of_something(names)
            if cause := cause or asked_by(package, each.version, footprint.by_top.get(top, ()), names, found):
                yield replace(cause, what=f"{cause.what}, a name that {package} asks for"), ()


def _of_files(footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    for path in footprint.imports.data:
        if path in found.files:
            yield found.files[path], ()
    parts: list[tuple[tuple[str, ...], Entered]] = [((), footprint.hooks)]
    for cells, entered in [*parts, *(((cell,), each) for cell, each in footprint.cells.items())]:
        yield from ((found.files[path], cells) for path in entered.data if path in found.files)
        if any(canonical(each) == canonical(found.package) for each in entered.versions):
            yield Cause(f"it asks for the version of {found.package}", number=True), cells


def _of_own_code(page: RecordedPage, footprint: Footprint, found: Changes) -> Iterator[tuple[Cause, tuple[str, ...]]]:
    """What the page's cells, and the project's modules that they use, ask for by a name.

    Their plain names are left out: this code binds them itself.
    """
    cells = [ast.Module(list(cell.statements), []) for cell in page.snippets.cells]
    for cell, code in zip(page.snippets.cells, cells, strict=True):
        if cause := found.asked_outside(mentions(code), lambda: mentions(ast.Module(cells, []))):  # type: ignore[arg-type]
            yield replace(cause, what=f"{cause.what}, which the cell asks for"), (cell.name,)
    for used in page.record.dependencies:
        if used.kind == "module" and (cause := _of_module(found, page.root / used.path)):
            yield replace(cause, what=f"{cause.what}, which {used.path} asks for"), ()


def _of_module(found: Changes, file: Path) -> Cause | None:
    """Why a module of the project's own, which many pages may use, can do something else."""
    if file not in found.asked_by_own:
        said = _said_by(file)
        found.asked_by_own[file] = found.asked_outside(said, lambda: said) if said else None
    return found.asked_by_own[file]


def _said_by(file: Path) -> Mentions | None:
    try:
        return mentions(ast.parse(file.read_bytes()))
    except (OSError, SyntaxError, ValueError, RecursionError):
        return None  # the record is stale, and `check` says so
