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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import msgspec

from galley.errors import GalleyError, Place

APART = frozenset({"prepare", "revisions"})  # each has a process of its own, with the user's variables and tokens


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

        galley has seeded `random` and numpy's shared generator by then, and knows no other: seed here what else draws
        numbers. What the hook prints belongs to no cell's output. An exception that it raises fails the page.
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

    def revisions(self, context: Context, models: Sequence[str]) -> Mapping[str, str] | None:
        """Report the newest revision of each of these models, by its name; called by `galley update`.

        The models are the tables of the files that the setting `pins` names. The hook is called in a process of its
        own, as `prepare` is, and `context` is about no profile. A model that is left out has no newer revision.
        """


NAMES = tuple(name for name in vars(Hooks) if not name.startswith("_"))  # in the order in which they are imported


# What looks like a function, and does not do its work when it is called.
NOT_CALLED: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (inspect.isclass, "a class, and a function is wanted"),
    (inspect.iscoroutinefunction, "an async function, of which nothing runs where nobody awaits it"),
    (inspect.isgeneratorfunction, "a generator, of which nothing runs where nobody asks it for values"),
    (inspect.isasyncgenfunction, "a generator, of which nothing runs where nobody asks it for values"),
)


class HookError(Exception):
    """A hook that cannot be called, or a module that cannot be imported.

    `setting` is the path, below `[tool.galley]`, of the setting that names the hook or the module. `missing` is the
    name of the module that is not installed, empty for any other cause. `detail` is a traceback, or says what to write.
    """

    def __init__(self, setting: tuple[str, ...], what: str, missing: str = "", detail: str = "") -> None:
        super().__init__(what)
        self.setting, self.what, self.missing, self.detail = setting, what, missing, detail


class CalledError(GalleyError):
    """A function of the guide's own raised, or answered with what it may not; the cause is what it raised."""


def at_fault(error: BaseException | None, function: object = None) -> Place | None:
    """The last line of a function's own file that an error passed through, or else where the function begins."""
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None) or getattr(type(function).__dict__.get("__call__"), "__code__", None)
    if code is None:
        return None
    import traceback  # which a command that meets no error need not wait for

    frames = traceback.walk_tb(error.__traceback__) if error else ()
    lines = [line for frame, line in frames if frame.f_code.co_filename == code.co_filename]
    return Place(Path(code.co_filename), lines[-1] if lines else code.co_firstlineno)


def called(name: str, named: str, hook: Callable[..., Any], *arguments: Any) -> Any:
    """What a hook answers; raises CalledError where it raises, or answers with what it may not."""
    what = f"the hook {name} ({named})"
    try:
        said = hook(*arguments)
    except (Exception, SystemExit) as error:
        raised = f"{what} raised {type(error).__name__}: {error}"
        raise CalledError(raised, at_fault(error, hook), "mend the hook") from error
    if wrong := _wrong(name, said):
        raise CalledError(f"{what} answered with {wrong}", at_fault(None, hook), "mend the hook")
    return said


def _wrong(name: str, said: object) -> str:
    """What is wrong with a hook's answer, and what is wanted; empty where it is right."""
    if said is None or name == "setup":
        return ""
    if name != "provenance":
        return "" if isinstance(said, str) else f"{_kind(said)}, and must with a text or None"
    if not isinstance(said, Mapping) or not all(isinstance(key, str) for key in said):
        return f"{_kind(said)}, and must with facts by name (a dict whose keys are texts) or None"
    try:
        msgspec.json.encode(dict(said))
    except UnicodeEncodeError:
        pass  # is written with backslashes
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        return f"what JSON cannot hold: {error}"
    return ""


def _kind(said: object) -> str:
    return f"an object of the class {type(said).__name__}"


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
    form = f"write it as: def {function}({', '.join(wanted)})"
    if odd := next((odd for test, odd in NOT_CALLED if test(found)), ""):
        raise HookError(setting, f'{name} = "{named}" is {odd}', detail=form)
    try:
        inspect.signature(found).bind(*wanted)
    except TypeError as error:
        raise HookError(setting, f'{name} = "{named}" cannot be called as the hook is: {error}', detail=form) from error
    except ValueError:
        pass  # a function of C that does not say what it takes
    hook: Callable[..., Any] = found
    return hook


def import_named(setting: tuple[str, ...], module: str) -> ModuleType:
    """The module that a setting names; raises HookError where it cannot be imported."""
    try:
        return importlib.import_module(module)
    except (Exception, SystemExit) as error:
        import traceback

        missing = str(error.name or "") if isinstance(error, ModuleNotFoundError) else ""
        what = f"importing '{module}' failed: {type(error).__name__}: {error}"
        raise HookError(setting, what, missing, "" if missing else traceback.format_exc()) from error


def find_hooks(hooks: Mapping[str, str]) -> dict[str, Callable[..., Any]]:
    """The functions of all hooks but those that have a process of their own, in a fixed order; raises HookError."""
    return {name: find_hook(name, hooks[name]) for name in NAMES if name in hooks and name not in APART}
