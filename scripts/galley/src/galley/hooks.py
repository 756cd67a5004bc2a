"""Hooks: the functions of a guide that galley calls while pages run, what they are told, and how they are found.

In every process. In the runner the hooks are imported and checked once, before any page; in a page's child they are
called. The settings name a function for each: `[tool.galley.hooks] setup = "module:function"`, in a module of the
snippets' folder or an installed one. All have one form: the first argument is a `Context`, and a hook that is about
something gets that as its second.
"""

from __future__ import annotations

import importlib
import inspect
import os
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

APART = "prepare"  # this hook has a process of its own, where tokens and the network are


class Notes(Protocol):
    """What takes in what a page uses."""

    def note(self, path: Path) -> None:
        """A file, or every file of a folder."""

    def note_names(self, folder: Path, endings: tuple[str, ...]) -> None:
        """The names in a folder that end so."""

    def note_table(self, path: Path, table: str) -> None:
        """One table of a TOML file."""


@dataclass(frozen=True)
class Context:
    """What a hook is told: the page, its profile with its parameters, its folders and its threads.

    `page` is empty and `scratch` is the root in the hook `prepare`, which is about a profile and no page. The methods
    state what the page uses where Python does not open it itself; outside a page they do nothing.
    """

    page: str
    profile: str
    parameters: Mapping[str, Any]
    root: Path
    scratch: Path
    threads: int = 1
    notes: Notes | None = field(default=None, repr=False)

    def note(self, path: str | os.PathLike[str]) -> None:
        """State that the page uses a file, or every file of a folder."""
        if self.notes:
            self.notes.note(Path(path))

    def note_names(self, folder: str | os.PathLike[str], endings: tuple[str, ...]) -> None:
        """State that the page depends on which files with one of these endings are in a folder."""
        if self.notes:
            self.notes.note_names(Path(folder), endings)

    def note_table(self, path: str | os.PathLike[str], table: str) -> None:
        """State that of a TOML file the page uses one top-level table only."""
        if self.notes:
            self.notes.note_table(Path(path), table)


class Hooks(Protocol):
    """The hooks that a guide may have; each is optional, and a function of the same form as the method here."""

    def prepare(self, context: Context) -> Mapping[str, str] | None:
        """Fetch what a profile needs, once before its pages run.

        Called in a process of its own with the user's variables, tokens included. The answer is the variables that
        the profile's pages are to see. An exception of the guide's own says why the profile cannot run here.
        """

    def setup(self, context: Context) -> None:
        """Give a page its start: seeds, threads, defaults. Called in the page's process before its first cell.

        galley has seeded `random` and numpy's shared generator by then, and knows no other: seed here what else draws
        numbers. What the hook prints is no output of any cell.
        """

    def summarise(self, context: Context, value: object) -> str | None:
        """Say what a cell's value is, where its own repr says too much or too little; None leaves it to the repr."""

    def brief(self, context: Context, value: object) -> str | None:
        """Say in a few words what a value is, for the table of a traced cell; None leaves it to the value's repr."""

    def explain(self, context: Context, error: BaseException) -> str | None:
        """Say what a page's failure means where the libraries hide it; None adds nothing."""

    def provenance(self, context: Context) -> Mapping[str, Any] | None:
        """Say what the page ran on, by name: texts and numbers for the line under its outputs, the rest for the record.

        Called after each cell.
        """


NAMES = tuple(name for name in vars(Hooks) if not name.startswith("_"))  # in the order in which they are imported


class HookError(Exception):
    """A hook that cannot be called, or a module that cannot be imported.

    `setting` is the path of the setting that names it, below `[tool.galley]`. `missing` is the module that is not
    installed, if one is, and `detail` says more: a traceback, or what to write.
    """

    def __init__(self, setting: tuple[str, ...], what: str, missing: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.setting, self.what, self.missing, self.detail = setting, what, missing, detail


def find(name: str, named: str) -> Callable[..., Any]:
    """The function that the setting `name` names as `module:function`.

    Raises HookError where the module cannot be imported, has no such function, or the function cannot be called as
    the hook is.
    """
    setting, (module, _, function) = ("hooks", name), named.partition(":")
    found = getattr(load(setting, module), function, None)
    if not callable(found):
        known = [each for each, value in vars(load(setting, module)).items() if inspect.isfunction(value)]
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


def load(setting: tuple[str, ...], module: str) -> Any:
    """The module that a setting names; raises HookError where it cannot be imported."""
    try:
        return importlib.import_module(module)
    except Exception as error:
        missing = str(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
        what = f"importing '{module}' failed: {type(error).__name__}: {error}"
        raise HookError(setting, what, missing, "" if missing else traceback.format_exc()) from error


def find_all(hooks: Mapping[str, str]) -> dict[str, Callable[..., Any]]:
    """The functions of all hooks but the one that has its own process, in a fixed order; raises HookError."""
    return {name: find(name, hooks[name]) for name in NAMES if name in hooks and name != APART}
