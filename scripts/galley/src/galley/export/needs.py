"""What an export needs: the packages that its code imports, and files, which the site may offer.

In the command and in the builder. Nothing is imported to find out.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path, PurePosixPath

from galley.config import Project
from galley.export.offered import Offered, offered
from galley.record.facts import canonical
from galley.record.model import Record
from galley.source.cells import SnippetFile
from galley.source.imports import imported, imported_by
from galley.source.reads import nodes

distributions = cache(packages_distributions)  # slow: it reads the files of every package


@dataclass(frozen=True)
class Needs:
    """What code needs to run: packages, with the versions of a record, and files.

    `offered` can be had from the site. `beside`, from the folder `source`, and `declared`, from the project's, cannot.
    A snippet file in a folder of its own has `source` there, and in `linked` what comes from the folder `links`.
    """

    packages: tuple[str, ...] = ()
    offered: tuple[Offered, ...] = ()
    beside: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()
    source: str = ""
    linked: tuple[str, ...] = ()
    links: str = ""


def needs(project: Project, snippets: SnippetFile, record: Record) -> Needs:
    """What a page needs: what its code imports, and the files that it used or declares."""
    own = snippets.path.parent
    names, modules = _imports(own, (name for cell in snippets.cells for name in cell.imports))
    declared = sorted({name for cell in snippets.cells for name in cell.uses if not _below(name, project.links)})
    files = offered(project)
    return _needs(project, own, _pinned(names, record), _used(project, record), modules, declared, files)


def parts_needs(project: Project, own: Path, record: Record) -> Callable[[Sequence[str]], Needs]:
    """A function that says what a part of a page's code needs: its imports, and the page's files that it names.

    The code is given in pieces of whole statements, since the copies of many cells begin with the same. `own` is the
    folder of the snippet file.
    """
    files, used = offered(project), _used(project, record)
    return lambda pieces: _part_needs(project, own, pieces, record, files, used)


def _part_needs(
    project: Project,
    own: Path,
    pieces: Sequence[str],
    record: Record,
    offers: Sequence[Offered],
    used: Mapping[str, str],
) -> Needs:
    code = [_said(each) for each in pieces]
    names, modules = _imports(own, (name for each in code for name in each.imports))
    mine = (own / each for each in modules)
    files = (file for each in mine for file in (sorted(each.rglob("*.py")) if each.is_dir() else [each]))
    texts = set().union(*(each.texts for each in code), *(_texts_of(each, each.stat().st_mtime_ns) for each in files))
    named = {PurePosixPath(each).parts for each in texts if _below(each, project.links)}
    ways = {path: PurePosixPath(path).parts for path in used}
    kept = {path: used[path] for path, way in ways.items() if any(way[: len(each)] == each for each in named)}
    return _needs(project, own, _pinned(names, record), kept, modules, [], offers)


def own_imports(own: Path, module: str) -> set[str] | None:
    """The modules that a module of the guide's own imports, beside a snippet file; None for any other module."""
    file = own / f"{module}.py"
    return set(imported_by(file)) if file.is_file() else None


@dataclass(frozen=True)
class _Said:
    """What stands in a piece of code: the modules that it imports, and its texts."""

    imports: tuple[str, ...]
    texts: frozenset[str]


@lru_cache(maxsize=1024)
def _said(code: str) -> _Said:
    tree = ast.parse(f"{code}\n\n")
    return _Said(tuple(imported([tree])), frozenset(_texts(tree)))


def _texts(tree: ast.Module) -> set[str]:
    """The texts that stand in some code."""
    found = (node.value for node in nodes(tree) if isinstance(node, ast.Constant))
    return {value for value in found if isinstance(value, str)}


@lru_cache(maxsize=256)
def _texts_of(file: Path, changed: int) -> set[str]:
    return _texts(ast.parse(file.read_text(encoding="utf-8")))


def _needs(
    project: Project,
    own: Path,
    packages: tuple[str, ...],
    used: Mapping[str, str],
    modules: list[str],
    declared: list[str],
    offers: Sequence[Offered],
) -> Needs:
    """What code needs, with the files that the site offers told apart from those that it does not."""
    below = own.relative_to(project.snippets).as_posix()
    linked = [file for file in offers if any(_brings(file, each) for each in (*used, *declared))]
    near = [file for each in offers if (file := _from(each, below))]
    beside = [file for file in near if any(_brings(file, each) for each in modules)]
    brought = {file.name: file for file in (*linked, *beside)}

    def left(names: Iterable[str], files: Iterable[Offered]) -> tuple[str, ...]:
        return tuple(name for name in names if not any(_brings(file, name) for file in files))

    folders, mine = tuple(_folders({path: used[path] for path in left(used, linked)})), left(modules, beside)
    source, links = (project.relative(each).as_posix() for each in (own, project.snippets))
    files = tuple(brought[each.name] for each in offers if each.name in brought)
    told = left(declared, linked)
    if below == ".":
        return Needs(packages, files, (*folders, *mine), told, source)
    return Needs(packages, files, mine, told, source, folders, links)


def _from(file: Offered, below: str) -> Offered | None:
    """A file of the site as it lies from a folder below that of the snippets; None for one that lies elsewhere.

    What is in an archive unpacks as it lies from the folder of the snippets itself.
    """
    if below == ".":
        return file
    inside = PurePosixPath(file.place).is_relative_to(below) and not file.is_archive
    if not inside:
        return None
    place = PurePosixPath(file.place).relative_to(below).as_posix()
    return replace(file, place=place, members=((place, file.members[0][1]),))


def _below(name: str, links: Iterable[str]) -> bool:
    """Whether a path begins with one of the `links` that a page finds in its own folder."""
    return name.partition("/")[0] in links


def _brings(file: Offered, name: str) -> bool:
    """Whether a file of the site is what code needs, or holds it."""
    place = _parts(file.place)
    return _parts(name)[: len(place)] == place


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str, ...]:
    return PurePosixPath(path).parts


def _pinned(names: list[str], record: Record) -> tuple[str, ...]:
    """The packages that bring these modules, each once and with the version of the record where that has one."""
    packages = record.environment.packages
    versions = {canonical(name): (name, version.partition("+")[0]) for name, version in packages.items()}
    brought = [name if name in packages else _package(name) for name in names]
    found = {canonical(name): name for name in brought}  # two modules may be of one package
    return tuple("==".join(versions.get(each, (name,))) for each, name in found.items())


def _imports(own: Path, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The packages among imported names, and the modules in a folder of the guide with their imports; both sorted."""
    packages: set[str] = set()
    modules: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in sys.stdlib_module_names:
            continue
        file, folder = own / f"{name}.py", own / name
        files = [file] if file.is_file() else sorted(folder.rglob("*.py"))
        beside = f"{name}.py" if file.is_file() else f"{name}/"
        if beside in modules:
            continue
        if files:
            modules.add(beside)
            waiting += [each for file in files for each in imported_by(file)]
        else:
            packages.add(name)
    return sorted(packages), sorted(modules)


@lru_cache(maxsize=1024)
def _package(module: str) -> str:
    """The package that brings a module, as far as this environment can tell: `PyYAML` brings `yaml`.

    A package with the name of the module is taken to bring it; so is a package that is not installed.
    """
    with suppress(PackageNotFoundError):
        return metadata(module)["Name"]
    return next(iter(distributions().get(module, [module])))


def _used(project: Project, record: Record) -> dict[str, str]:
    """The files and listed folders below the project's `links` that the page used, each with the folder that it needs.

    The paths are from the folder of the snippets, where the links are.
    """
    found: dict[str, str] = {}
    source = project.relative(project.snippets)
    for used in record.dependencies:
        if used.kind in ("file", "listing") and Path(used.path).is_relative_to(source):
            below = PurePosixPath(used.path).relative_to(source.as_posix())
            if below.parts[:1] and below.parts[0] in project.links:
                found[str(below)] = str(below.parent if used.kind == "file" else below)
    return found


def _folders(used: Mapping[str, str]) -> list[str]:
    """The folders of what a page used, without those inside another."""
    folders = {PurePosixPath(folder) for folder in used.values()}
    return sorted(
        f"{each}/" for each in folders if not any(each != other and each.is_relative_to(other) for other in folders)
    )
