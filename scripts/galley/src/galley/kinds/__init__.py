"""One file for one kind of output: how it is captured, shown on a page, put into a notebook, and compared.

In every process: a page's child captures, the command compares and exports, the builder shows. A kind is an object of
a class derived from `Kind`; galley's own stand in `BUILT_IN`, and a guide or a distribution brings others as plug-ins.
Adding a kind is adding one file, and one row in the table or in the guide's settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from galley.config import Project
from galley.errors import GalleyError
from galley.kinds.image import Image
from galley.kinds.kind import Asked, Kind, Watcher
from galley.kinds.text import Error, Stderr, Stdout, Value
from galley.kinds.trace import TraceKind
from galley.plugins import Plugins, plugins_of
from galley.record.model import Shown
from galley.source.cells import Cell

# In the order in which they are asked for a value: the text of a value comes last.
BUILT_IN: tuple[type[Kind], ...] = (Stdout, Stderr, TraceKind, Image, Value, Error)


class Kinds:
    """The kinds that a project knows, by name, in the order in which they are asked for a value."""

    def __init__(self, brought: Iterable[Kind] = ()) -> None:
        own, others = [kind() for kind in BUILT_IN], list(brought)
        known: dict[str, Kind] = {}
        for kind in (*own, *others):
            if known.setdefault(kind.name, kind) is not kind:
                what = f"two kinds of output are called '{kind.name}'"
                raise GalleyError(what, mend=f"give the kind of {type(kind).__module__} another name")
        self._known = {kind.name: kind for kind in (*others, *own)}  # galley's own text takes any value: it comes last

    def __getitem__(self, name: str) -> Kind:
        try:
            return self._known[name]
        except KeyError:
            what = f"an output of the kind '{name}', which neither galley nor a plug-in knows"
            raise GalleyError(what, mend="name the plug-in that brings it under [tool.galley] plugins") from None

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._known.values())

    def begin(self) -> None:
        """Tell each kind that a statement is about to run."""
        for kind in self:
            kind.begin()

    def watchers(self, cell: Cell, namespace: Mapping[str, Any], asked: Asked) -> dict[str, Watcher]:
        """What watches a cell, by the name of the kind."""
        tagged = (kind for kind in self if kind.tag in cell.tags)
        return {kind.name: found for kind in tagged if (found := kind.watcher(namespace, asked))}

    def of_value(self, value: object, cell: Cell, asked: Asked) -> list[Shown]:
        """A value as the first kind has it that takes it: kinds that a tag asks for first."""
        asking = [kind for kind in self if kind.tag in cell.tags]
        for kind in (*asking, *(kind for kind in self if not kind.tag)):
            if (forms := kind.of_value(value, asked)) is not None:
                return [Shown(kind.name, forms)] if forms else []
        return []

    def left_open(self, asked: Asked) -> list[Shown]:
        """What the cell left open, of every kind."""
        return [Shown(kind.name, forms) for kind in self for forms in kind.left_open(asked) if forms]


def kinds_of(project: Project) -> Kinds:
    """The kinds that a project knows: galley's own and those of its plug-ins."""
    return kinds_among(plugins_of(project))


def kinds_among(plugins: Plugins) -> Kinds:
    """galley's own kinds and those of the plug-ins."""
    return Kinds(plugins.of(Kind))
