"""How a new run of a page differs from its record: each output in a few words, and what may excuse a difference.

In the command. Outputs must be equal wherever the versions are, whatever a record says of its machine, since anybody
can write the name of a processor. A cell that may differ says so on its line, in its source; for such a cell alone it
counts which processor the record names.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from galley.record.facts import other_versions
from galley.record.measured import mask_measured
from galley.record.model import Form, Record
from galley.record.normalise import mask_numbers
from galley.source.cells import Cell, SnippetFile
from galley.source.digest import digest

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
TOLERANCE = 1e-4  # relative; more than rounded float32 results differ between two processors


class Change(StrEnum):
    """The classes of change, from the least to the gravest."""

    SAME = "same"
    WHITESPACE = "whitespace"
    NUMBERS = "numbers within tolerance"
    TEXT = "text"
    BYTES = "bytes"  # of an image, a sound or the like, whose difference words cannot tell
    STRUCTURE = "structure"  # an output came or went


class Compares(Protocol):
    """What knows of each kind of output which text of a form is compared; `galley.kinds.Kinds` does."""

    def compared(self, name: str, form: Form) -> str:
        """The text that stands for a form of the kind of this name."""


@dataclass(frozen=True)
class CellChange:
    """How one output of a cell differs from the recorded one; `may` is the cell's reason why it may, on its line."""

    cell: Cell
    file: str
    change: Change
    what: str
    may: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.what}"


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
    """Every output that differs from the old record's, but for measurements of a measured cell, and a varying cell.

    Another processor may excuse a difference only where the cell's line says so, and no output that came or went.
    """
    then, now = old.environment, fresh.environment
    elsewhere = then.cpu != now.cpu or any(then.provenance.get(name) != now.provenance.get(name) for name in machine)
    for cell in (each for each in snippets.cells if not each.options["varies"]):
        before, after = (_forms(record, cell.name) for record in (old, fresh))
        for file in sorted(before.keys() | after.keys()):
            change, what = _changed(before.get(file), after.get(file), cell, kinds)
            if change is not Change.SAME:
                may = cell.options["by_processor"] if elsewhere and change is not Change.STRUCTURE else ""
                yield CellChange(cell, file, change, what, may)


def _forms(record: Record, cell: str) -> dict[str, tuple[str, Form]]:
    """The forms of a recorded cell with the names of their kinds, by the name of the file."""
    found = record.cell(cell)
    pairs = zip(found.outputs, record.shown(found), strict=True) if found else ()
    return {
        stored.file: (output.kind, form)
        for output, shown in pairs
        for stored, form in zip(output.files, shown.forms, strict=True)
    }


def _changed(
    old: tuple[str, Form] | None, new: tuple[str, Form] | None, cell: Cell, kinds: Compares
) -> tuple[Change, str]:
    was, now = (kinds.compared(*each) if each else None for each in (old, new))
    if old and new and was != now and (was, now) == (digest(old[1].data), digest(new[1].data)):
        return Change.BYTES, f"has other bytes ({new[1].mime})"
    if "measured" in cell.tags and was is not None and now is not None:
        was, now = mask_measured(was), mask_measured(now)
    return classify(was, now)


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


def classify(old: str | None, new: str | None) -> tuple[Change, str]:
    """The class of the change from one text to another, and words on it; None stands for an output that is missing."""
    if old == new:
        return Change.SAME, "same"
    if old is None or new is None:
        return Change.STRUCTURE, "is new" if old is None else "is gone"
    if old.split() == new.split():
        return Change.WHITESPACE, "differs in whitespace only"
    if mask_numbers(old) == mask_numbers(new) and _close(old, new):
        return Change.NUMBERS, f"differs in numbers, by less than {TOLERANCE:g} of their size"
    return Change.TEXT, _first_difference(old, new)


def _close(old: str, new: str) -> bool:
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new), strict=False)
    return all(abs(float(a) - float(b)) <= TOLERANCE * max(abs(float(a)), abs(float(b))) for a, b in pairs)


def _part(line: str, start: int) -> str:
    return ("…" if start else "") + repr(line[start : start + 60])


def _first_difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    for number, (was, now) in enumerate(zip(before, after, strict=False), start=1):
        if was != now:
            same = next(
                (at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now))
            )
            start = max(0, same - 20) if same >= 60 else 0  # a little of what is equal, to find the place
            return f"differs from line {number} on: {_part(was, start)} became {_part(now, start)}"
    return f"has {len(after)} lines, had {len(before)}"
