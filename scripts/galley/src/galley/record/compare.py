"""How a new run of a page differs from its record: each output in a few words, and what may excuse a difference.

In the command. Outputs must be equal wherever the versions are, whatever a record says of its machine, since anybody
can write the name of a processor. A cell that may differ says so on its line, in its source; for such a cell alone it
counts which processor the record names. What differs at every run is no difference: measurements of a measured cell,
and the line of a library's file that a warning or a traceback names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from galley.record.difference import TOLERANCE, Change, Difference
from galley.record.facts import other_versions
from galley.record.measured import mask_measured
from galley.record.model import Form, Record
from galley.source.cells import Cell, SnippetFile

# The line of a file that a warning or a traceback names: `a/file.py:7: UserWarning: …` and `File "a/file.py", line 7`.
FILE_LINE = re.compile(r'(?<=\.py:)\d++(?=: )|(?<=\.py", line )\d++')

STDERR = "stderr"  # the kind of output whose lines are warnings


@dataclass(frozen=True)
class Compared:
    """A form of an output, and the text that stands for it, without what differs at every run."""

    form: Form
    text: str


class Compares(Protocol):
    """What knows how outputs of each kind differ; `galley.kinds.Kinds` does."""

    def compared(self, name: str, form: Form) -> str:
        """The text that stands for a form of the kind of this name."""

    def difference(self, name: str, was: Compared, now: Compared, tolerance: float) -> Difference:
        """How two forms of the kind of this name differ, whose texts are not the same."""


@dataclass(frozen=True)
class CellChange:
    """How one output of a cell differs from the recorded one; `may` is the reason why it may, on the cell's line."""

    cell: Cell
    file: str
    difference: Difference
    may: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.difference.what}"


@dataclass(frozen=True)
class Comparison:
    """A record against a new run of its page.

    `versions` are those that differ, in words: where there are any, the outputs may differ too, which is drift. `facts`
    are other facts that the record states and the run does not.
    """

    changes: tuple[CellChange, ...] = ()
    versions: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()

    @property
    def wrong(self) -> tuple[CellChange, ...]:
        """The differences that nothing excuses."""
        return () if self.versions else tuple(each for each in self.changes if not each.may)

    @property
    def drift(self) -> tuple[str, ...]:
        """What differs and may, in words, beside the versions."""
        excused = [f"{each}" + (f" (it may: {each.may})" if each.may else "") for each in self.changes]
        kept = [said for each, said in zip(self.changes, excused, strict=True) if each not in self.wrong]
        return (*kept, *(self.facts if self.versions else ()))


def compare(
    old: Record, fresh: Record, snippets: SnippetFile, kinds: Compares, machine: Collection[str] = ()
) -> Comparison:
    """Compare a record with a new run; `machine` names the facts of `provenance` that are another machine's own."""
    versions = tuple(other_versions(old.environment, fresh.environment))
    facts = tuple(dict.fromkeys(_other_facts(old, fresh, machine)))
    return Comparison(tuple(changes(old, fresh, snippets, kinds, machine)), versions, facts)


def changes(
    old: Record, fresh: Record, snippets: SnippetFile, kinds: Compares, machine: Collection[str] = ()
) -> Iterator[CellChange]:
    """Every output that differs from the old record's, but for noise, and for the outputs of a varying cell.

    Another processor may excuse a difference only where the cell's line says so, and no output that came or went. Nor
    does a tolerance that the cell's line states excuse more than numbers.
    """
    then, now = old.environment, fresh.environment
    elsewhere = then.cpu != now.cpu or any(then.provenance.get(name) != now.provenance.get(name) for name in machine)
    for cell in (each for each in snippets.cells if not each.options["varies"]):
        before, after = (_forms(record, cell.name) for record in (old, fresh))
        for file in sorted(before.keys() | after.keys()):
            if found := _difference(before.get(file), after.get(file), cell, kinds):
                yield CellChange(cell, file, found, _excuse(cell, found.change, elsewhere=elsewhere))


def _excuse(cell: Cell, change: Change, *, elsewhere: bool) -> str:
    """Why a cell's output may differ in this way, as the cell's line has it; empty where it may not."""
    stated = cell.options["tolerance"]
    if change is Change.WITHIN and stated is not None:
        return f"its numbers have the tolerance {stated:g}"
    return str(cell.options["by_processor"]) if elsewhere and change is not Change.STRUCTURE else ""


def _forms(record: Record, cell: str) -> dict[str, tuple[str, Form]]:
    """The forms of a recorded cell with the names of their kinds, by the name of the file."""
    found = record.cell(cell)
    pairs = zip(found.outputs, record.shown(found), strict=True) if found else ()
    return {
        stored.file: (output.kind, form)
        for output, shown in pairs
        for stored, form in zip(output.files, shown.forms, strict=True)
    }


def _difference(
    old: tuple[str, Form] | None, new: tuple[str, Form] | None, cell: Cell, kinds: Compares
) -> Difference | None:
    """How an output differs, None where it does not."""
    old, new = _with_silence(old, new), _with_silence(new, old)
    if old is None or new is None:
        return Difference(Change.STRUCTURE, "is new" if old is None else "is gone")
    was, now = (Compared(form, _without_noise(kinds.compared(name, form), cell)) for name, form in (old, new))
    if was.text == now.text:
        return None
    stated = cell.options["tolerance"]
    found = kinds.difference(new[0], was, now, TOLERANCE if stated is None else stated)
    return None if found.change is Change.SAME else found


def _with_silence(one: tuple[str, Form] | None, other: tuple[str, Form] | None) -> tuple[str, Form] | None:
    """The output `one`, or an empty standard error where `one` is missing and `other` is standard error.

    So a warning that came or went is a line that differs, and no output that came or went.
    """
    if one is None and other is not None and other[0] == STDERR:
        return STDERR, replace(other[1], data=b"", cut=0)
    return one


def _without_noise(text: str, cell: Cell) -> str:
    """The text without what another run of the same says otherwise."""
    text = FILE_LINE.sub("#", text) if ".py" in text else text
    return mask_measured(text) if "measured" in cell.tags else text


def _other_facts(old: Record, fresh: Record, machine: Collection[str]) -> Iterator[str]:
    """Each fact in a line under an output that the new run does not state so, in words."""
    for cell in old.cells:
        again = fresh.cell(cell.name)
        if again is None:
            continue
        was = {**old.environment.provenance, **cell.provenance}
        now = {**fresh.environment.provenance, **again.provenance}
        for name in sorted({*was, *now} - {*machine}):
            texts = [each if isinstance(each, str | int | float) else None for each in (was.get(name), now.get(name))]
            if texts[0] != texts[1]:
                recorded, here = ("nothing" if each is None else repr(each) for each in texts)
                yield f"the record says of {name}: {recorded}, this run says: {here}"
