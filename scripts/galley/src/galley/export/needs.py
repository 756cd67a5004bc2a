"""What an export needs: the packages that its code imports, and the files that must lie beside it.

In the command and in the builder. Nothing is imported to find out.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, metadata, packages_distributions
from pathlib import Path, PurePosixPath

from galley.config import Project
from galley.record.model import Record
from galley.source.cells import SnippetFile
from galley.source.digest import imported

SEPARATORS = re.compile(r"[-_.]+")
distributions = cache(packages_distributions)  # slow: it reads the files of every package


def needs(project: Project, snippets: SnippetFile, record: Record) -> str:
    """One line: the packages with the versions of the record, then the folders and files that must lie beside it."""
    names, modules = _imports(project, (name for cell in snippets.cells for name in cell.imports))
    packages = record.environment.packages
    versions = {_canonical(name): (name, version.partition("+")[0]) for name, version in packages.items()}
    brought = [name if name in packages else _package(name) for name in names]
    found = {_canonical(name): name for name in brought}  # two modules may be of one package
    pinned = ["==".join(versions.get(each, (name,))) for each, name in found.items()]
    beside = [f"{each}/" for each in _folders(project, record)] + modules
    declared = sorted({name for cell in snippets.cells for name in cell.uses if not _below(name, project.links)})
    parts = [f"pip install {' '.join(pinned)}"] if pinned else []
    source = project.relative(project.snippets).as_posix()
    parts += [f"beside this file, from {source}/ in the guide's repository: {', '.join(beside)}"] if beside else []
    parts += [f"from the root of the guide's repository: {', '.join(declared)}"] if declared else []
    return f"Needs: {'; '.join(parts) or 'Python alone'}"


def _below(name: str, links: Iterable[str]) -> bool:
    """Whether a path begins with one of the `links` that a page finds in its own folder."""
    return name.partition("/")[0] in links


def _imports(project: Project, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The packages among imported names, and the project's own modules with their imports; both sorted."""
    packages: set[str] = set()
    modules: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in sys.stdlib_module_names:
            continue
        file, folder = project.snippets / f"{name}.py", project.snippets / name
        files = [file] if file.is_file() else sorted(folder.rglob("*.py"))
        beside = f"{name}.py" if file.is_file() else f"{name}/"
        if beside in modules:
            continue
        if files:
            modules.add(beside)
            waiting += [each for file in files for each in _of_module(file, file.stat().st_mtime_ns)]
        else:
            packages.add(name)
    return sorted(packages), sorted(modules)


def _canonical(package: str) -> str:
    """The form in which two spellings of a package's name are equal."""
    return SEPARATORS.sub("-", package).lower()


@lru_cache(maxsize=1024)
def _package(module: str) -> str:
    """The package that brings a module, as far as this environment can tell: `PyYAML` brings `yaml`.

    A package with the name of the module is taken to bring it; so is a package that is not installed.
    """
    with suppress(PackageNotFoundError):
        return metadata(module)["Name"]
    return next(iter(distributions().get(module, [module])))


@lru_cache(maxsize=1024)
def _of_module(file: Path, modified: int) -> tuple[str, ...]:
    """The imports of a module; kept for each time of its file, `modified`."""
    return tuple(imported([ast.parse(file.read_text(encoding="utf-8"))]))


def _folders(project: Project, record: Record) -> list[str]:
    """The folders below the project's `links` in which the page used a file, without folders inside another."""
    folders = set()
    for used in record.dependencies:
        path = PurePosixPath(used.path)
        inside = Path(used.path).is_relative_to(project.relative(project.snippets))
        below = path.relative_to(project.relative(project.snippets).as_posix()) if inside else path
        if inside and used.kind in ("file", "listing") and below.parts[:1] and below.parts[0] in project.links:
            folders.add(below.parent if used.kind == "file" else below)
    return sorted(
        str(each) for each in folders if not any(each != other and each.is_relative_to(other) for other in folders)
    )
