"""Plug-ins: what a guide, or an installed distribution, adds to galley.

In every process: the command, the builder, the runner and a page's child each load them, and the child is told their
names with its job. A plug-in is an object, or a class that is called without arguments, with any of these:

- `tags` and `options`, rows of `galley.source.grammar` for the lines of cells,
- `check(cell)`, which raises GalleyError for a cell that is wrong,
- what `galley.kinds.Kind` has: then it is a kind of output,
- what `galley.site.lists.List` has: then it is a list.

The setting `plugins` names the guide's plug-ins as `module:Name`, in modules that are installed or that lie in the
folder of the snippets; the entry-point group `galley.plugins` names those of installed distributions. A module in the
snippets' folder can be imported only while a plug-in is loaded: one process may open several projects, and no page may
come to depend on a plug-in's modules. So a plug-in imports what it needs at the top of its module. Each plug-in is
loaded by itself: two plug-ins share no state.
"""

from __future__ import annotations

import importlib
import os
import sys
import threading
import traceback
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from galley.config import Project
from galley.errors import GalleyError, Place

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "galley.plugins"
BRINGS = ("tags", "options", "lists", "check", "tag")
CACHED = 16  # how many sets of plug-ins a process keeps loaded, one for each project
T = TypeVar("T")


@dataclass(frozen=True)
class Plugin:
    """A plug-in that was loaded.

    `name` is `module:Name`, `origin` says which setting or entry point names the plug-in, and `brought` is the object.
    `files` are the modules in the snippets' folder that were imported for it.
    """

    name: str
    origin: str
    brought: object
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, eq=False)
class Plugins:
    """The plug-ins of a project: those that its setting names, in order, then those of entry points, by name."""

    found: tuple[Plugin, ...] = ()
    derived: dict[str, Any] = field(default_factory=dict)  # what other rooms make of these plug-ins, made once

    @property
    def names(self) -> tuple[str, ...]:
        """The names from which `load_plugins` makes the same plug-ins."""
        return tuple(plugin.name for plugin in self.found)

    @property
    def files(self) -> tuple[Path, ...]:
        """The modules in the snippets' folder that were imported for the plug-ins."""
        return tuple(dict.fromkeys(file for plugin in self.found for file in plugin.files))

    def of(self, kind: type[T]) -> tuple[T, ...]:
        """The plug-ins that are instances of a class."""
        return tuple(plugin.brought for plugin in self.found if isinstance(plugin.brought, kind))


def plugins_of(project: Project) -> Plugins:
    """The plug-ins of a project; raises GalleyError that says which name cannot be loaded, and what names it."""
    origins = dict.fromkeys(project.plugins, "plugins under [tool.galley]")
    for point in _entry_points():
        brand = point.dist.name if point.dist else "an unknown distribution"
        origins.setdefault(f"{point.module}:{point.attr}", f"the entry point '{point.name}' of {brand}")
    with told_at_setting(project):
        return load_plugins(list(origins), project.snippets, list(origins.values()))


@contextmanager
def told_at_setting(project: Project) -> Iterator[None]:
    """Give a GalleyError that has no place of its own the line of the setting `plugins`."""
    try:
        yield
    except GalleyError as error:
        raise type(error)(error.what, error.place or project.place("plugins"), error.mend) from error


@cache
def _entry_points() -> Sequence[EntryPoint]:
    """The entry points of installed plug-ins, by name. Read once: what is installed stays while a process runs."""
    if not any(map(_names_our_group, sys.path)):
        return []  # nearly always: importlib.metadata would take ten times as long to say so
    from importlib.metadata import entry_points

    return sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value))


def _names_our_group(folder: str) -> bool:
    """Whether a distribution in a folder of the path has entry points of galley's group.

    An archive on the path may have some, and is not opened to find out.
    """
    if os.path.isfile(folder):  # noqa: PTH113
        return True
    try:
        inside = [entry.path for entry in os.scandir(folder or ".") if entry.name.endswith((".dist-info", ".egg-info"))]
    except OSError:
        return False
    for path in inside:
        try:
            with open(f"{path}/entry_points.txt", "rb") as file:  # noqa: PTH123  a path object costs more than the look
                if GROUP.encode() in file.read():
                    return True
        except OSError:
            continue
    return False


# The plug-ins that this process has loaded, by the snippets' folder and the names, with the state of their files; the
# set that was asked for last stands last. The lock lets one thread at a time change what can be imported.
_loaded: OrderedDict[tuple[Path, tuple[str, ...]], tuple[Sequence[object], Plugins]] = OrderedDict()
_loading = threading.RLock()


def load_plugins(names: Sequence[str], snippets: Path, origins: Sequence[str] = ()) -> Plugins:
    """The plug-ins of these names, each as `module:Name`; they are loaded again where one of their files changed.

    `origins` says for each name which setting or entry point names it. Raises GalleyError with the plug-in's name, its
    origin, and what to do.
    """
    if not names:
        return NONE
    key = snippets, tuple(names)
    with _loading:
        if key in _loaded:
            stamps, plugins = _loaded.pop(key)
            if stamps == _stamps(plugins.files):
                _loaded[key] = stamps, plugins
                return plugins
        given = zip(names, origins or ["the page's job"] * len(names), strict=True)
        plugins = Plugins(tuple(_plugin(name, origin, snippets) for name, origin in given))
        _loaded[key] = _stamps(plugins.files), plugins
        while len(_loaded) > CACHED:
            _loaded.popitem(last=False)
    return plugins


NONE = Plugins()


def _stamps(files: Iterable[Path]) -> list[object]:
    """Time and size of each file, which differ once a file was saved; None for a file that is gone."""
    found: list[object] = []
    for file in files:
        try:
            status = file.stat()
            found.append((status.st_mtime_ns, status.st_size))
        except OSError:
            found.append(None)
    return found


def _plugin(name: str, origin: str, snippets: Path) -> Plugin:
    """Load the plug-in of a name; raises GalleyError where that fails."""
    module, _, attribute = name.partition(":")
    came: list[Path] = []
    try:
        with _importable(module, snippets, came):
            found: Any = importlib.import_module(module)
            for part in attribute.split("."):
                found = getattr(found, part)
            brought = found() if isinstance(found, type) else found
    except (Exception, SystemExit) as error:
        raise _not_loaded(name, origin, snippets, error) from error
    if not any(hasattr(brought, each) for each in BRINGS):
        what = f"{origin} has '{name}', which is no plug-in: it has none of {', '.join(BRINGS)}"
        raise GalleyError(what, mend="name the object that brings them, as module:Name")
    return Plugin(name, origin, brought, tuple(came))


def _not_loaded(name: str, origin: str, snippets: Path, error: BaseException) -> GalleyError:
    """The error to raise for a plug-in that could not be loaded."""
    module, _, attribute = name.partition(":")
    file = snippets / f"{module.replace('.', os.sep)}.py"
    what = f"{origin} has '{name}', which cannot be loaded: "
    if isinstance(error, ModuleNotFoundError) and error.name and f"{module}.".startswith(f"{error.name}."):
        return GalleyError(f"{what}there is no module '{error.name}'", mend=f"write {file}, or install what has it")
    if isinstance(error, ModuleNotFoundError) and error.name:
        missing = f"{what}it imports '{error.name}', which is not installed"
        return GalleyError(missing, _line(error, snippets), f"install it into the environment of galley, {sys.prefix}")
    said = f"{type(error).__name__}: {error}"
    place = _line(error, snippets)
    if place is None and isinstance(error, AttributeError):
        return GalleyError(f"{what}the module has no '{attribute}'", mend=f"give {module} one, or correct the name")
    return GalleyError(f"{what}{said}", place, "mend the module, or take its name away")


def _line(error: BaseException, snippets: Path) -> Place | None:
    """The last line in the snippets' folder that an error passed through."""
    if isinstance(error, SyntaxError) and error.filename and Path(error.filename).is_relative_to(snippets):
        return Place(Path(error.filename), error.lineno or 0)
    passed = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    inside = [Place(Path(file), line) for file, line in passed if Path(file).is_relative_to(snippets)]
    return inside[-1] if inside else None


@contextmanager
def _importable(module: str, folder: Path, came: list[Path]) -> Iterator[None]:
    """Make the modules of a folder importable inside the block alone, and add the files of those imported to `came`.

    Afterwards `sys.modules` is as it was. A package with the first name in `module` may have been imported from another
    place, such as another project: it is taken out of `sys.modules` for the block and put back. The runner has imported
    modules of the folder before, for its pages: those are used and stay.
    """
    top = module.partition(".")[0]
    before = dict(sys.modules)
    away = {name: each for name, each in before.items() if name.partition(".")[0] == top and not _below(each, folder)}
    for name in away:
        del sys.modules[name]
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True  # leaves no __pycache__ among the snippets
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        sys.dont_write_bytecode = written
        for name, each in list(sys.modules.items()):
            if before.get(name) is not each and _below(each, folder):
                del sys.modules[name]
                came += [Path(file) for file in [getattr(each, "__file__", None)] if file]
        sys.modules.update(away)


def _below(module: ModuleType | None, folder: Path) -> bool:
    """Whether a module, or a package without a file of its own, lies in a folder."""
    file = getattr(module, "__file__", None)
    places = [file] if file else list(getattr(module, "__path__", ()))
    return any(Path(place).is_relative_to(folder) for place in places)
