"""The note of a shard: what all shards of a run were to do, and what this one has done. It lies beside the records.

In the command. `galley run --shard 3/15` writes `shard-3-of-15.json`. With it a shard that was interrupted goes on
where it was, although its records, from which the plan was made, are others by then. And `galley collect` reads in it
which pages are missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Self

import msgspec

from galley import system
from galley.errors import GalleyError, Place, UsageError
from galley.record.beside import put
from galley.record.model import Name
from galley.record.store import Store, plain_bytes

SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")  # as an option has it
NAME = re.compile(r"shard-([1-9][0-9]{0,5})-of-([1-9][0-9]{0,5})\.json")  # as the note's file is called
FORMAT = 1
AGAIN = "take the shard's folder from its machine again"
Number = Annotated[int, msgspec.Meta(ge=1, lt=10**6)]


@dataclass(frozen=True)
class Part:
    """One shard of several, counted from 1."""

    number: Number
    of: Number

    @classmethod
    def read(cls, text: str) -> Self:
        """The shard that a text such as `3/15` names. Raises UsageError where it names none."""
        found = SHARD.fullmatch(text)
        if not found or int(found[1]) > int(found[2]):
            raise UsageError(
                f"'{text}' is no shard", mend="write NUMBER/COUNT, from 1/COUNT to COUNT/COUNT: --shard 3/15"
            )
        return cls(int(found[1]), int(found[2]))

    @property
    def file(self) -> str:
        """The name of its note."""
        return f"shard-{self.number}-of-{self.of}.json"

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"


@dataclass(frozen=True)
class Note:
    """What a note says: `plan` has the pages of each shard, `done` those that this one has recorded or found unchanged.

    `asked` is a digest of what was asked and of the code of the pages: a note with another one is of another run.
    """

    part: Part
    asked: str
    plan: tuple[tuple[Name, ...], ...]
    done: tuple[Name, ...] = ()
    format: Annotated[int, msgspec.Meta(ge=FORMAT, le=FORMAT)] = FORMAT

    @property
    def own(self) -> tuple[Name, ...]:
        """The pages of this shard."""
        return self.plan[self.part.number - 1]


def note_of(store: Store, part: Part) -> Note | None:
    """The note of a shard beside the records; None where there is none, and where it cannot be read."""
    try:
        return read(store, part.file)
    except GalleyError:
        return None


def read(store: Store, name: str) -> Note:
    """The note in a file beside the records. Raises GalleyError where it is none."""
    try:
        found = msgspec.json.decode(plain_bytes(store.folder, name, store.relative, mend=AGAIN), type=Note)
        if found.part.file != name or len(found.plan) != found.part.of:
            raise ValueError("it is of another shard than its name says")
        pages = [key for share in found.plan for key in share]
        if len(set(pages)) < len(pages):
            raise ValueError("a page is in two shards")
        if not set(found.done) <= set(found.own):
            raise ValueError("it has done what is another shard's")
        return found
    except (ValueError, RecursionError) as error:
        raise GalleyError(f"is no note of a shard: {error}", Place(store.relative / name), AGAIN) from error


def write(store: Store, note: Note) -> None:
    """Write a note beside the records, whole or not at all."""
    store.folder.mkdir(parents=True, exist_ok=True)
    with system.locked(store.folder, alone=True):
        put(store.folder, store.relative, note.part.file, msgspec.json.encode(note) + b"\n")


class Progress:
    """Notes each page of a shard as it is done."""

    def __init__(self, store: Store, note: Note) -> None:
        self.store, self.note = store, note
        write(store, note)

    def done(self, name: Name) -> None:
        """A page was recorded, or its record was found to be as it would be."""
        self.note = replace(self.note, done=tuple(dict.fromkeys((*self.note.done, name))))
        write(self.store, self.note)
