"""One file for one kind of output: how it is captured, shown on a page, put into a notebook, and compared.

In every process: a page's child captures, the command compares and exports, the builder shows. A kind is an object of
a class derived from `Kind`; galley's own stand in `BUILT_IN`, and a guide or a distribution brings others as plug-ins.
Adding a kind is adding one file, and one row in the table or in the guide's settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from galley.config import Project
from galley.errors import GalleyError
from galley.kinds.brought import Brought
from galley.kinds.figures import close
from galley.kinds.image import Image
from galley.kinds.kind import Asked, At, Kind, Watcher
from galley.kinds.rich import Rich
from galley.kinds.shell import Shell
from galley.kinds.table import TableKind
from galley.kinds.text import Error, Stderr, Stdout, Value
from galley.kinds.trace import TraceKind
from galley.plugins import Plugins, plugins_of, told_at_setting
from galley.record.compare import Compared
from galley.record.difference import Difference
from galley.record.model import UNKNOWN_KIND, UNKNOWN_KIND_MEND, Form, Shown
from galley.source.cells import Cell
from galley.source.shell import SHELL, commands
from galley.words import counted

# In the order in which they are asked for a value: the text of a value comes last, since it takes any value.
BUILT_IN: tuple[type[Kind], ...] = (Stdout, Stderr, Shell, TraceKind, TableKind, Image, Rich, Value, Error)


ALSO = "a text as the first thing in the cell, which becomes the caption"


class Kinds:
    """The kinds of output that a project knows, by name; those of plug-ins are asked before galley's own."""

    def __init__(self, brought: Iterable[Brought] = ()) -> None:
        own = {kind.name: kind() for kind in BUILT_IN}
        self._known: dict[str, Kind] = {}
        for kind in brought:
            if kind.name in own or kind.name in self._known:
                what = f"{kind.plugin.origin} has '{kind.plugin.name}': two kinds of output are called '{kind.name}'"
                raise GalleyError(what, mend="give the plug-in's kind another name")
            self._known[kind.name] = kind
        self._known |= own

    def __getitem__(self, name: str) -> Kind:
        try:
            return self._known[name]
        except KeyError:
            raise GalleyError(UNKNOWN_KIND.format(name), mend=UNKNOWN_KIND_MEND) from None

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def __iter__(self) -> Iterator[Kind]:
        return iter(self._known.values())

    def begin(self) -> None:
        """Tell each kind that a statement is about to run."""
        for kind in self:
            kind.begin()

    def watchers(self, cell: Cell, namespace: Mapping[str, Any], asked: Asked) -> dict[str, Watcher]:
        """The watchers of a cell, by the name of their kind: one for each tag of the cell that asks for one."""
        tagged = (kind for kind in self if kind.tag in cell.tags)
        return {kind.name: found for kind in tagged if (found := kind.watcher(namespace, asked))}

    def of_value(self, value: object, cell: Cell, asked: Asked) -> list[Shown]:
        """The output for a value, of the first kind that takes it; kinds that a tag of the cell asks for come first."""
        asking = [kind for kind in self if kind.tag in cell.tags]
        for kind in (*asking, *(kind for kind in self if not kind.tag)):
            if (forms := kind.of_value(value, asked)) is not None:
                return [Shown(kind.name, forms)] if forms else []
        return []

    def of_shown(self, value: object, asked: Asked) -> list[Shown]:
        """The output for a value that a page shows by itself, of the first kind without a tag that takes it."""
        close(value)
        for kind in (kind for kind in self if not kind.tag):
            if (forms := kind.of_value(value, asked)) is not None:
                return [Shown(kind.name, forms)] if forms else []
        return []

    def compared(self, name: str, form: Form) -> str:
        """What of a recorded form is compared with the next run's, as its kind says.

        A kind that nobody knows any more compares as any other kind does, so that its page can be recorded anew.
        """
        return (self[name] if name in self else Kind()).compared(form)

    def difference(self, name: str, was: Compared, now: Compared, tolerance: float) -> Difference:
        """How two forms of a kind differ, as the kind says, or any kind would where nobody knows this one any more."""
        return (self[name] if name in self else Kind()).difference(was, now, tolerance)

    def fault(self, shown: Shown, cell: Cell) -> str:
        """Why an output that a record has for a cell cannot be one, empty where it can; its kind must be known."""
        kind = self[shown.kind]
        if kind.tag and kind.tag not in cell.tags:
            return f"the cell has no tag [{kind.tag}]"
        return kind.fault(shown, At(cell, "x"))

    def miscounted(self, outputs: Sequence[Shown], cell: Cell) -> str:
        """Why a cell cannot have these outputs together; empty where it can. Of a shell, each command has one."""
        found, wanted = sum(each.kind == SHELL for each in outputs), len(commands(cell))
        return "" if found == wanted else f"{counted(found, 'output')} of {counted(wanted, 'command')}"

    def unlabelled(self, shown: Shown, cell: Cell) -> GalleyError | None:
        """The error at a cell whose picture has no label; None where it has one, and for what is no picture."""
        kind = self[shown.kind]
        if not kind.picture or kind.alt(shown, At(cell, "x")).strip():
            return None
        what = f"the picture of cell '{cell.name}' has no label for readers who do not see it"
        return GalleyError(what, cell.place, f'say what it shows: alt="…" on this line, or {ALSO}')

    def left_open(self, asked: Asked) -> list[Shown]:
        """The outputs for what the cell left open, such as figures, of every kind."""
        return [Shown(kind.name, forms) for kind in self for forms in kind.left_open(asked) if forms]


def kinds_of(project: Project) -> Kinds:
    """The kinds that a project knows: galley's own and those of its plug-ins.

    Raises GalleyError where a plug-in cannot be loaded, and where two kinds have one name.
    """
    with told_at_setting(project):
        return kinds_among(plugins_of(project))


def kinds_among(plugins: Plugins) -> Kinds:
    """galley's own kinds and those of the plug-ins."""
    return Kinds(Brought(plugin) for plugin in plugins.found if isinstance(plugin.brought, Kind))
