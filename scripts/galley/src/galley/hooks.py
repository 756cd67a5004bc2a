"""Hooks: the functions of a guide that galley calls while pages run, what they are told, and how they are found.

In every process. In the runner the hooks are imported and checked once, before any page; in a page's child they are
called. The settings name a function for each: `[tool.galley.hooks] setup = "module:function"`, in a module of the
snippets' folder or an installed one. All hooks have one form: the first argument is a `Context`; a hook about a value
or an error gets the value or the error as its second argument.
"""

from __future__ import annotations

import importlib
import inspect
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

APART = "prepare"  # this hook runs in a process of its own, with the user's variables and tokens


class Notes(Protocol):
    """Where the notes of a `Context` go: in a page's child, to the watch over its process."""

    def note(self, path: Path) -> None:
        """Count a file, or every file below a folder, as used."""

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None:
        """Count the names in a folder that end with one of the endings as used."""

    def note_table(self, path: Path, table: str) -> None:
        """Count one top-level table of a TOML file as used."""


@dataclass(frozen=True)
class Context:
    """What a hook is told: the page, its profile with its parameters, its folders and its threads.

    `root` is the project's folder, `scratch` the folder in which the page runs, and `threads` the number of threads
    that the page may use. In the hook `prepare`, which is about a profile and not about a page, `page` is empty and
    `scratch` is the root. The methods declare files that the page uses and Python does not open itself; a later change
    of such a file makes the record stale. Outside of a page's process the methods do nothing.
    """

    page: str
    profile: str
    parameters: Mapping[str, Any]
    root: Path
    scratch: Path
    threads: int = 1
    notes: Notes | None = field(default=None, repr=False)

    def note(self, path: str | os.PathLike[str]) -> None:
        """Declare that the page uses a file, or every file below a folder."""
        if self.notes:
            self.notes.note(Path(path))

    def note_names(self, folder: str | os.PathLike[str], endings: tuple[str, ...]) -> None:
        """Declare that the page depends on which files whose names end with one of the `endings` are in a folder."""
        if self.notes:
            self.notes.note_names(Path(folder), endings)

    def note_table(self, path: str | os.PathLike[str], table: str) -> None:
        """Declare that the page uses one top-level table of a TOML file, and no other part of the file."""
        if self.notes:
            self.notes.note_table(Path(path), table)


class Hooks(Protocol):
    """The hooks that a guide may have; each is optional, and a function of the same form as the method here."""

    def prepare(self, context: Context) -> Mapping[str, str] | None:
        """Fetch what a profile needs; called once, before the first page of the profile runs.

        The hook is called in a process of its own that has the user's environment variables, tokens included. It
        returns the environment variables that the profile's pages are to see. It raises an exception of a class of the
        guide's own where the profile cannot run here; the exception's text is told to the user.
        """

    def setup(self, context: Context) -> None:
        """Set seeds, threads and defaults; called in the page's process before its first cell.

        What the hook prints belongs to no cell's output. An exception that it raises fails the page.
        """

    def summarise(self, context: Context, value: object) -> str | None:
        """Describe the value of a cell's last expression where its repr says too much or too little.

        None shows the repr.
        """

    def brief(self, context: Context, value: object) -> str | None:
        """Describe a value in a few words, for the table of a traced cell; None shows the value's repr, shortened."""

    def explain(self, context: Context, error: BaseException) -> str | None:
        """Explain the error that a cell failed with, where the library's own message does not; None adds nothing."""

    def provenance(self, context: Context) -> Mapping[str, Any] | None:
        """Report what the page ran on, as values by name; called after each cell.

        The line under an output can show texts and numbers. Any other value is kept in the record alone, and must be
        one that JSON can hold.
        """


NAMES = tuple(name for name in vars(Hooks) if not name.startswith("_"))  # in the order in which they are imported


class HookError(Exception):
    """A hook that cannot be called, or a module that cannot be imported.

    `setting` is the path, below `[tool.galley]`, of the setting that names the hook or the module. `missing` is the
    name of the module that is not installed, empty for any other cause. `detail` is a traceback, or says what to write.
    """

    def __init__(self, setting: tuple[str, ...], what: str, missing: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.setting, self.what, self.missing, self.detail = setting, what, missing, detail


def find_hook(name: str, named: str) -> Callable[..., Any]:
    """The function of the hook `name`, which its setting names as `named`: `module:function`.

    Raises HookError where the module cannot be imported, has no such function, or the function cannot be called as
    the hook is.
    """
    setting, (module, _, function) = ("hooks", name), named.partition(":")
    found = getattr(import_named(setting, module), function, None)
    if not callable(found):
        known = [each for each, value in vars(import_named(setting, module)).items() if inspect.isfunction(value)]
        have = f"it has: {', '.join(sorted(each for each in known if not each.startswith('_')))}" if known else ""
        raise HookError(setting, f"{name} = \"{named}\": {module} has no function '{function}'", detail=have)
    wanted = list(inspect.signature(getattr(Hooks, name)).parameters)[1:]
    try:
        inspect.signature(found).bind(*wanted)
    except TypeError as error:
        form = f"write it as: def {function}({', '.join(wanted)})"
        raise HookError(setting, f'{name} = "{named}" cannot be called as the hook is: {error}', detail=form) from error
    except ValueError:
        pass  # a function of C that does not say what it takes
    hook: Callable[..., Any] = found
    return hook


def import_named(setting: tuple[str, ...], module: str) -> ModuleType:
    """The module that a setting names; raises HookError where it cannot be imported."""
    try:
        return importlib.import_module(module)
    except Exception as error:
        missing = str(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
        what = f"importing '{module}' failed: {type(error).__name__}: {error}"
        raise HookError(setting, what, missing, "" if missing else traceback.format_exc()) from error


def find_hooks(hooks: Mapping[str, str]) -> dict[str, Callable[..., Any]]:
    """The functions of all hooks but `prepare`, which has its own process, in a fixed order; raises HookError."""
    return {name: find_hook(name, hooks[name]) for name in NAMES if name in hooks and name != APART}
