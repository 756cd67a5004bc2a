"""Which installed distributions a page imported: their versions stand in its record without any setting.

In the runner, and in a page's child. A distribution counts where one of its modules was loaded while the page ran, for
the page itself or for another package. Of the modules that the runner loaded before, those count that the page or a
module of the project names in an `import`: the others are there for other pages, or for galley itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from types import ModuleType

from galley.record.facts import canonical, installed
from galley.source.imports import imported_by

GALLEY = "galley"
FOLDERS = ("site-packages", "dist-packages")  # what a folder of packages is called, the user's own too


def packages_of(loaded: Iterable[str], code: Iterable[str], own: Iterable[Path], folder: Path) -> tuple[str, ...]:
    """The distributions that a page imported, by name.

    `loaded` are the modules that came while it ran, `code` the names that its cells import, `own` the files of the
    project's modules that it used, and `folder` that of the snippets, whose modules are no packages.
    """
    tops = {name.partition(".")[0] for name in loaded}
    tops.update(name for name in (*code, *_imported_by(own)) if name in sys.modules)
    tops -= {GALLEY, "__main__", *sys.stdlib_module_names}
    found = {name for top in tops if not _below(top, folder) for name in brought_by(top)}
    return tuple(sorted(found, key=str.lower))


def merged(named: Iterable[str], found: Iterable[str]) -> tuple[str, ...]:
    """The packages that the settings name, as they are written there, and then those found beside them."""
    names = list(named)
    known = {canonical(name) for name in names}
    return (*names, *(name for name in found if canonical(name) not in known))


def know_packages(own: Iterable[str], folder: Path) -> None:
    """Look up ahead of the forks which distributions the project's loaded modules import, and their versions."""
    for name in packages_of((), (), [Path(file) for file in own], folder):
        installed(name)


def _imported_by(own: Iterable[Path]) -> Iterator[str]:
    for file in own:
        try:
            yield from imported_by(file)
        except (OSError, SyntaxError, ValueError):
            continue  # its code counts as it is; what it imports is loaded, or it failed


def _below(top: str, folder: Path) -> bool:
    file = _file(sys.modules.get(top))
    return file is not None and file.is_relative_to(folder)


def _file(module: ModuleType | None) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file) if isinstance(file, str) else None


@cache
def brought_by(top: str) -> tuple[str, ...]:
    """The distributions that bring a module: the one of its name, else those whose list of files has it."""
    try:
        return (str(metadata.distribution(top).metadata["Name"]),)
    except (metadata.PackageNotFoundError, ValueError):
        pass
    files = [file for file in _files(top) if file]
    listed = [line for file in files for line in _lines(file)]
    if not listed:
        return ()
    brought = [each for each, files in _all() if _brings(each, files, top, listed)]
    return tuple(sorted({str(each.metadata["Name"]) for each in brought}))


@cache
def _all() -> list[tuple[metadata.Distribution, str | None]]:
    """Every installed distribution with the list of its files, which takes a tenth of a second to read."""
    return [(each, each.read_text("RECORD")) for each in metadata.distributions()]


def _files(top: str) -> list[Path | None]:
    """The file of a module; of a package without one, those of its modules that are loaded."""
    if own := _file(sys.modules.get(top)):
        return [own]
    return [_file(module) for name, module in list(sys.modules.items()) if name.startswith(f"{top}.")]


def _lines(file: Path) -> Iterator[str]:
    """How the list of a distribution's files names a file of the installed packages."""
    for folder in map(Path, sys.path):
        if file.is_relative_to(folder):
            yield f"\n{file.relative_to(folder).as_posix()},"


def _brings(distribution: metadata.Distribution, files: str | None, top: str, listed: list[str]) -> bool:
    if files is None:  # a packager of a system left the list out
        return top in (distribution.read_text("top_level.txt") or "").split()
    return any(line in files or files.startswith(line[1:]) for line in listed)
