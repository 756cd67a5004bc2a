"""Held pages: records that are kept as they are on purpose, each with a reason, through an update of what they ran on.

In every process. All of them stand in one file beside the records, `held.json`, which a reviewer reads like any other:
the page, the profile, the day, the reason, and the versions at which the record was not renewed. What a held record
says is true of its own run. So a hold excuses that packages, Python, or a pinned model are others now. It does not
excuse that the page's code is another: then the page would show code that never ran.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import msgspec

from galley import system
from galley.errors import GalleyError, Place, RefusedError, UsageError
from galley.record.beside import put
from galley.record.days import date_fault
from galley.record.model import Name
from galley.record.store import Store, plain_bytes
from galley.record.whole import UPGRADE, NewerRecordError

HELD = "held.json"
FORMAT = 1
REASON = 'say why, for readers and for whoever looks at the page next: --reason "…"'
LONGEST = 1000  # characters of a reason, and of any other text in the list
Said = Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST)]
UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # categories: control characters, halves of characters, ends of lines
TURNS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # text around


@dataclass(frozen=True, kw_only=True)
class Held:
    """A page under a profile that is held since a day, `since`, in ISO 8601.

    `versions` are those of packages, and revisions of models, that the record was not renewed for, by name.
    """

    page: Said
    profile: Said
    since: Said
    reason: Said
    versions: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> Name:
        """The page and the profile: a page is held once under a profile."""
        return Name(self.page, self.profile)

    @property
    def mend(self) -> str:
        """What ends the hold: the command that runs the page all the same."""
        return f"galley run --held {quote(self.page)} --profile {quote(self.profile)}"

    @property
    def why(self) -> str:
        """What the record was not renewed for, and the reason, in one line."""
        others = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        said = f"{f', not renewed for {others}' if others else ''}: {self.reason}"
        return " ".join(said.split()).rstrip(".")

    def __str__(self) -> str:
        return f"held since {self.since}{self.why}"


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    """An entry as `held.json` holds it; one with a field that this galley does not know says more than it reads."""

    page: Said
    profile: Said
    since: Said
    reason: Said
    versions: dict[Said, Said] = {}

    @property
    def fault(self) -> str:
        """Why nothing of it can be believed; empty where it can be."""
        if day := date_fault(self.since):
            return day.replace("date", "day", 1)
        if not self.reason.strip():
            return "it has no reason"
        texts = (self.page, self.profile, self.reason, *self.versions, *self.versions.values())
        return next((f"{wrong} stands in it" for each in texts if (wrong := _unseen(each))), "")


class _Format(msgspec.Struct):
    """What of the file says in which form the rest is."""

    format: Annotated[int, msgspec.Meta(ge=1)]


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """What `held.json` holds."""

    format: int
    held: list[_Entry]


def _unseen(text: str) -> str:
    """The first character of a text that nobody sees, or that turns the text around it, by its number; or nothing."""
    found = next((each for each in text if each in TURNS or unicodedata.category(each) in UNSEEN), "")
    return f"the character U+{ord(found):04X}" if found else ""


def seen(text: str) -> str:
    """A text as a reason may have it: in one line, with a sign for each character that nobody sees, and cut."""
    line = " ".join(text.split())
    return "".join("\N{REPLACEMENT CHARACTER}" if _unseen(each) else each for each in line)[:LONGEST]


def held_pages(store: Store) -> Mapping[Name, Held]:
    """The held pages by page and profile. Raises GalleyError where the file cannot be read."""
    try:
        found = os.lstat(f"{store.folder}/{HELD}")  # a path object costs more than the look
    except OSError:
        return {}
    return _read(store, found.st_mtime_ns, found.st_size, found.st_ino)


@lru_cache(16)
def _read(store: Store, *_: int) -> Mapping[Name, Held]:
    """The held pages in a file in the state that the numbers tell: each page asks, and the file is read once."""
    path = store.relative / HELD
    return parsed(plain_bytes(store.folder, HELD, store.relative, mend=_mend(path)), path)


def parsed(data: bytes, path: Path, mend: str = "") -> Mapping[Name, Held]:
    """The held pages in the bytes of a `held.json`.

    Raises GalleyError, which names `path`, where it is none, or where any entry cannot be believed: then nothing is
    held, and nothing is excused. Raises NewerRecordError where a newer galley wrote it.

    `mend` is what to do where it is not the list of this checkout.
    """
    try:
        said = msgspec.json.decode(data, type=_Format).format
        if said > FORMAT:
            what = f"a newer galley wrote it (format {said}; this one reads formats up to {FORMAT})"
            raise NewerRecordError(what, Place(path), UPGRADE)
        entries = msgspec.json.decode(data, type=_File).held
        for number, entry in enumerate(entries, start=1):
            if wrong := entry.fault:
                raise ValueError(f"entry {number}, {seen(entry.page)} ({seen(entry.profile)}): {wrong}")
        pages = [Held(**msgspec.structs.asdict(each)) for each in entries]
        if len({each.key for each in pages}) < len(pages):
            raise ValueError("it names a page twice under a profile")
    except (ValueError, RecursionError) as error:
        raise GalleyError(f"is no list of held pages: {error}", Place(path), mend or _mend(path)) from error
    return {each.key: each for each in pages}


def _mend(path: Path) -> str:
    return f"mend it, or take it back from git: git checkout -- {quote(path.as_posix())}"


def hold(store: Store, pages: Sequence[Held]) -> None:
    """Note pages as held; a page that is held already gets the new reason, versions and day.

    Raises RefusedError in CI, UsageError for a reason that cannot stand in the list.
    """
    for each in pages:
        check_reason(each.page, each.reason)
    pages = [replace(each, reason=seen(each.reason)) for each in pages]
    _change(store, lambda known: known | {each.key: each for each in pages})


def check_reason(page: str, reason: str) -> None:
    """Raises UsageError where a page would be held for no reason, or for one that nobody could read."""
    if not reason.strip():
        raise UsageError(f"{page} cannot be held without a reason", mend=REASON)
    if wrong := _unseen(" ".join(reason.split())):
        raise UsageError(f"{page} cannot be held for this reason: {wrong} stands in it", mend=REASON)
    if len(reason) > LONGEST:
        what = f"{page} cannot be held for this reason: it has more than {LONGEST} characters"
        raise UsageError(what, mend="say it in fewer, and name a page or an issue that says the rest")


def release(store: Store, page: str, profile: str) -> bool:
    """End the hold of a page; returns whether it was held. Raises RefusedError in CI."""
    if (page, profile) not in held_pages(store):
        return False
    _change(store, lambda known: {key: each for key, each in known.items() if key != (page, profile)})
    return True


Pages = dict[Name, Held]


def _change(store: Store, change: Callable[[Pages], Pages]) -> None:
    """Write the list anew, whole or not at all; without any page the file goes."""
    if os.environ.get("CI"):
        raise RefusedError("CI holds no pages", Place(store.relative / HELD))
    store.folder.mkdir(parents=True, exist_ok=True)
    with system.locked(store.folder, alone=True):
        known = dict(held_pages(store))
        pages = change(dict(known))
        if pages == known:
            return
        if pages:
            put(store.folder, store.relative, HELD, _text(pages).encode())
        else:
            (store.folder / HELD).unlink()


def _text(pages: Pages) -> str:
    listed: list[dict[str, Any]] = [asdict(pages[key]) for key in sorted(pages)]
    return msgspec.json.format(msgspec.json.encode({"format": FORMAT, "held": listed}), indent=1).decode() + "\n"
