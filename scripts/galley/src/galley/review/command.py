"""What `galley review` does: finds what changed, takes decisions, says or writes what is left, and how it ends.

In the command.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from galley.errors import Place, RefusedError, UsageError
from galley.record.days import today
from galley.record.facts import installed, other_packages
from galley.record.held import Held, check_reason, hold
from galley.record.model import Name
from galley.record.status import store_of
from galley.review.ask import TrueTerminal, ask
from galley.review.base import base_of
from galley.review.decide import Desk, as_json, asked_for, read_decisions
from galley.review.found import key_of, review
from galley.review.page import MADE, page_html
from galley.review.told import as_markdown, heading, item_lines
from galley.source.guide import Guide


@dataclass(frozen=True)
class Asked:
    """What the options of the command ask for."""

    only: Sequence[str] = ()
    accept: Sequence[str] = ()
    reject: Sequence[str] = ()
    hold: Sequence[str] = ()
    reason: str = ""
    decisions: str = ""
    html: str = ""
    form: str = ""  # json or markdown, which goes to standard output


def run_review(guide: Guide, said: str, asked: Asked, say: Callable[[str], None]) -> bool:
    """Do what the command asks for; returns whether anything waits for a decision."""
    desk = desk_of(guide, said, asked, say)
    if asked.form:
        text = as_json(desk.review, desk.decided) if asked.form == "json" else as_markdown(desk.review, desk.decided)
        sys.stdout.write(text)
    if asked.html:
        write_page(desk, guide, Path(asked.html))
        if not asked.form:
            say(f"wrote {asked.html}")
    quiet = asked.form or asked.html or asked.accept or asked.reject or asked.hold or asked.decisions
    if not quiet and desk.undecided and sys.stdin.isatty() and sys.stdout.isatty():
        ask(desk, TrueTerminal(say))
    elif not asked.form:
        for line in _listed(desk):
            say(line)
    if (left := how_to_decide(desk)) and not asked.form:
        say(left)
    return bool(desk.undecided)


def _listed(desk: Desk) -> Iterator[str]:
    """The review for a terminal that nobody sits at."""
    yield from heading(desk.review)
    for page, item in desk.review.items:
        yield ""
        yield from item_lines(page, item)
        if item.key in desk.decided:
            yield f"    decided: {desk.decided[item.key].verb}"
    if not any(True for _ in desk.review.items):
        yield "no output changed"


def desk_of(guide: Guide, said: str, asked: Asked, say: Callable[[str], None]) -> Desk:
    """The review since the base that a user named, with all decisions on it.

    Decisions are those of an earlier session, of a file and of the options; each is done, and what came of it is said
    before the next one: that may fail. Raises UsageError where one cannot be, before any is done.
    """
    only = [guide.find(name).page for name in asked.only]
    base = base_of(guide.project, said)
    found = review(guide, base, only)
    desk = Desk(guide.project, base, found, said)
    desk.resume()
    changed = {page.key for page in found.pages} | {item.key for _, item in found.items}
    alone = [key for key in asked.hold if key not in changed]
    held = [_held(guide, key, asked.reason) for key in alone]
    wanted = read_decisions(found, Path(asked.decisions)) if asked.decisions else []
    wanted += asked_for(
        found, asked.accept, asked.reject, [key for key in asked.hold if key not in alone], asked.reason
    )
    for page, _, decision in wanted:
        desk.check(page, decision)
    for page, items, decision in wanted:
        desk.decide(page, items, decision)
        _tell(desk, asked, say)
    if held:
        hold(store_of(guide.project), held)
        desk.told += [f"{each.page}: {each}\n    ends the hold: {each.mend}" for each in held]
        _tell(desk, asked, say)
    return desk


def _tell(desk: Desk, asked: Asked, say: Callable[[str], None]) -> None:
    """Say what a decision did, unless standard output is for a program."""
    for line in desk.told if not asked.form else ():
        say(line)
    desk.told.clear()


def _held(guide: Guide, key: str, reason: str) -> Held:
    """A page that did not change, to be held before it does: its versions are those that are installed."""
    check_reason(key, reason)
    name, _, profile = key.partition("@")
    page, under = guide.find(name).page, profile or guide.project.required[0].name
    record = store_of(guide.project).read(page, guide.project.profile(under).name)
    if record is None:
        known = f"{key_of(guide.project, Name(page, under))} has no record that could be held"
        raise UsageError(known, mend=f"galley run {quote(page)}")
    newer = [said.partition(" was ")[0] for said in other_packages(record.environment.packages, {})]
    versions = {name: installed(name) or "" for name in newer}
    return Held(page=page, profile=under, since=today(), reason=reason, versions=versions)


def write_page(desk: Desk, guide: Guide, file: Path) -> None:
    """Write the review as one HTML file; raises RefusedError where another file of that name is there."""
    if os.path.lexists(file):
        ours = file.is_file() and not file.is_symlink() and file.read_bytes().startswith(MADE.encode())
        if not ours:
            what = "is there, and is no review that galley wrote"
            raise RefusedError(what, Place(file), "name another file, or move it away")
    try:
        file.write_text(page_html(guide, desk), encoding="utf-8", newline="")
    except FileNotFoundError as error:
        raise UsageError("its folder is not there", Place(file), f"mkdir -p {quote(str(file.parent))}") from error


def how_to_decide(desk: Desk) -> str:
    """What waits, and what to type."""
    waiting = desk.undecided
    if not waiting:
        return ""
    page, item = waiting[0]
    again = desk.again
    more = "s wait" if len(waiting) != 1 else " waits"
    return (
        f"{len(waiting)} change{more} for a decision\n"
        f"    at a terminal: {again}; as a page: {again} --html review.html\n"
        f"    or: {again} --accept {quote(item.key)}; --reject {quote(page.key)}; "
        f'--hold {quote(page.key)} --reason "…"; --decisions FILE'
    )
