"""What changed: the items that wait for a decision, with what a person needs to see for it. Data alone.

In the command.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from galley.profile import Profile
from galley.record.difference import Change, Difference
from galley.record.held import Held
from galley.record.model import Name, Record, Shown
from galley.source.cells import Cell, SnippetFile


class Grave(StrEnum):
    """What an item is, the gravest first; for a changed output this is the class of its gravest change."""

    CLAIM_GONE = "a claim is gone"
    UNREADABLE = "the record cannot be read"
    GONE = "gone"
    ERROR = Change.ERROR.value
    STRUCTURE = Change.STRUCTURE.value
    TEXT = Change.TEXT.value
    NUMBERS = Change.NUMBERS.value
    TABLE = Change.TABLE.value
    IMAGE = Change.IMAGE.value
    BYTES = Change.BYTES.value
    WARNINGS = Change.WARNINGS.value
    NEW = "new"
    WITHIN = Change.WITHIN.value
    WHITESPACE = Change.WHITESPACE.value


ORDER = {each: number for number, each in enumerate(Grave)}


@dataclass(frozen=True)
class ChangedOutput:
    """An output that changed: its file and how it differs, what it was and what it is, and why it may differ."""

    file: str
    difference: Difference
    was: Shown | None = None
    now: Shown | None = None
    may: str = ""


@dataclass(frozen=True)
class Quote:
    """A sentence of a page that quotes a number which the cell does not print any more.

    A number that the page takes from the cell has become `now`; one that somebody typed stays as it is.
    """

    page: Path
    line: int
    sentence: str
    was: str
    now: str = ""


@dataclass(frozen=True)
class Item:
    """One thing to decide on: a cell of a page, or the whole page where `cell` is empty.

    `key` is what the user types for it. `state` is a digest of what it was and what it is: a decision is of this state
    and of no other. An item that the cell's line excuses needs no decision.
    """

    key: str
    cell: str
    grave: Grave
    what: str
    state: str
    claim: bool = False
    other_code: bool = False
    outputs: tuple[ChangedOutput, ...] = ()
    quotes: tuple[Quote, ...] = ()
    source: Cell | None = None

    @property
    def decides(self) -> bool:
        """Whether it needs a decision."""
        return not self.outputs or any(not each.may for each in self.outputs)

    @property
    def tags(self) -> tuple[str, ...]:
        """The words that stand beside it: whether it is a claim, and whether its code changed."""
        code = "its code changed" if self.other_code else "its code is the same"
        return (*(["claim"] if self.claim else []), *([code] if self.outputs and self.grave is not Grave.NEW else []))


@dataclass(frozen=True)
class Fact:
    """A fact about a page's run that is another than in the base; an empty text stands for a fact that is not there."""

    name: str
    was: str
    now: str


@dataclass(frozen=True)
class Page:
    """A page under a profile whose record differs from the base's; `was` or `now` is None where there is none."""

    key: str
    profile: Profile
    snippets: SnippetFile
    path: Path
    facts: tuple[Fact, ...] = ()
    items: tuple[Item, ...] = ()
    was: Record | None = None
    now: Record | None = None

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.snippets.page, self.profile.name)

    @property
    def versions(self) -> dict[str, str]:
        """The versions of packages that the new record has and the old one had not."""
        before = self.was.environment.packages if self.was else {}
        after = self.now.environment.packages if self.now else {}
        return {name: version for name, version in after.items() if before.get(name) != version}


@dataclass(frozen=True)
class Review:
    """All that changed since a base: pages, those with the gravest item first, and how many records claim the same.

    `held` are the pages that are held and were not.
    """

    base: str
    pages: tuple[Page, ...] = ()
    same: int = 0
    held: tuple[Held, ...] = ()

    @property
    def items(self) -> Iterator[tuple[Page, Item]]:
        """Each item with its page, the gravest first."""
        found = [(page, item) for page in self.pages for item in page.items]
        return iter(sorted(found, key=lambda each: ORDER[each[1].grave]))

    @property
    def facts(self) -> dict[Fact, list[str]]:
        """The facts about the runs that changed, each with the keys of its pages."""
        found: dict[Fact, list[str]] = {}
        for page in self.pages:
            for fact in page.facts:
                found.setdefault(fact, []).append(page.key)
        return found
