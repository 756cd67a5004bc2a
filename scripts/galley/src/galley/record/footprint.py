"""A footprint: which functions of installed packages a page entered, cell by cell.

In every process: a page's child fills one in, the command keeps it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

import msgspec

from galley.record.facts import canonical

FORMAT = 1

Number = Annotated[int, msgspec.Meta(ge=0)]


class Package(msgspec.Struct, frozen=True):
    """An installed distribution: its version, and the top-level modules through which it was reached."""

    version: str
    modules: tuple[str, ...]


class Reached(msgspec.Struct, frozen=True):
    """What was reached of the installed packages. Paths are from the folder of the packages, with forward slashes.

    `functions` are `path:qualified.name`, sorted; `modules` are the files of the modules that were imported, whose
    top-level code and class bodies ran; `names` are the names that all this code mentions, by its top-level module;
    `data` are the files beside the code that were opened.
    """

    functions: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    names: Mapping[str, tuple[str, ...]] = {}
    data: tuple[str, ...] = ()


class Entered(msgspec.Struct, frozen=True):
    """What one cell reached: `functions` are numbers in the footprint's list, `data` are files that it opened.

    `versions` are the distributions whose metadata it read.
    """

    functions: tuple[Number, ...] = ()
    data: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()


class Footprint(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a page reached of the installed packages.

    `imports` is what was reached before any page ran, by the modules that the runner imports; pages have it in common.
    `own` is what the page reached beside it. `hooks` and `cells` say when: by the hook `setup`, and by each cell; their
    numbers count through the functions of `imports` and then of `own`. `programs` are the top-level modules that the
    page ran as programs of their own, such as with `python -m`. `opaque` says why the page may have reached more than
    could be seen; then it counts as reached by any change.
    """

    packages: Mapping[str, Package] = {}
    imports: Reached = Reached()
    own: Reached = Reached()
    hooks: Entered = Entered()
    cells: Mapping[str, Entered] = {}
    programs: tuple[str, ...] = ()
    opaque: str = ""

    @cached_property
    def functions(self) -> tuple[str, ...]:
        """All functions, as the numbers count them."""
        return (*self.imports.functions, *self.own.functions)

    @cached_property
    def modules(self) -> frozenset[str]:
        """The files of all modules that were imported."""
        return frozenset((*self.imports.modules, *self.own.modules))

    @cached_property
    def by_top(self) -> dict[str, list[str]]:
        """The files of the modules that were imported, by their top-level module."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.modules):
            found.setdefault(path.partition("/")[0].removesuffix(".py"), []).append(path)
        return found

    def names(self, top: str) -> frozenset[str]:
        """The names that the reached code of a top-level module mentions."""
        return frozenset((*self.imports.names.get(top, ()), *self.own.names.get(top, ())))

    def package(self, name: str) -> Package | None:
        """A distribution, by its name as the index compares it; None where the page reached none of it."""
        return next((each for known, each in self.packages.items() if canonical(known) == canonical(name)), None)
