"""Asks at a terminal, one change after the other, and does what the answer says at once.

In the command.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import click

from galley.errors import GalleyError
from galley.review.changed import Item, Page
from galley.review.decide import Decision, Desk, Verb
from galley.review.told import heading, item_lines

QUITS = ("q", "\x1b", "\x03", "\x04")  # the key, Esc, Ctrl-C, Ctrl-D
# Each key: what the line below a change says of it, with the number of the page's changes at `{}`, and what it means.
KEYS = {
    "a": ("accept", "accept this change"),
    "A": ("accept all {} of the page", "accept all that is left of this page"),
    "r": ("reject page", "reject the page: its whole record is the old one again"),
    "h": ("hold page", "hold the page: its whole record is the old one again, with a reason that readers see"),
    "s": ("skip", "skip this change for now"),
    "S": ("skip all {}", "skip the rest of this page for now"),
    "q": ("quit", "quit; what was decided is kept"),
    "?": ("help", "say what the keys mean"),
}


class Terminal(Protocol):
    """Where a person is asked: tests have one of their own, and the command has a true one."""

    def say(self, text: str) -> None:
        """Show a line; whatever stands in it, the terminal obeys nothing in it."""

    def key(self) -> str:
        """The key that is pressed next."""

    def line(self, question: str) -> str:
        """A line that is typed."""


class TrueTerminal:
    """The terminal of the command."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say

    def key(self) -> str:
        """One key, without the Enter key behind it; the end of the input quits."""
        try:
            return click.getchar()
        except EOFError:
            return "q"

    def line(self, question: str) -> str:
        """A line that is typed; without any, nothing is said."""
        said: str = click.prompt(question, default="", show_default=False)
        return said


def ask(desk: Desk, terminal: Terminal) -> None:
    """Ask about each change that waits, the gravest first, until all are decided or the user quits."""
    for line in heading(desk.review):
        terminal.say(line)
    skipped: set[str] = set()
    while waiting := [each for each in desk.undecided if each[1].key not in skipped]:
        page, item = waiting[0]
        here = [other for at, other in waiting if at is page]
        terminal.say(f"\n[{len(waiting)} to decide]")
        for line in item_lines(page, item):
            terminal.say(line)
        terminal.say(_line(len(here)))
        pressed = terminal.key()
        if pressed in QUITS:
            return
        if pressed in ("s", "S"):
            skipped |= {other.key for other in here} if pressed == "S" else {item.key}
            continue
        try:
            _answered(desk, terminal, page, item, here, pressed)
        except GalleyError as error:
            terminal.say(str(error))
            skipped.add(item.key)
        for line in desk.told:
            terminal.say(line)
        desk.told.clear()


def _line(here: int) -> str:
    """The keys for a change of a page with so many undecided ones; those for several are left out for one."""
    words = [f"{key} {short.format(here)}" for key, (short, _) in KEYS.items() if here > 1 or "{}" not in short]
    return "  ".join(["", *words])


def _answered(desk: Desk, terminal: Terminal, page: Page, item: Item, here: list[Item], pressed: str) -> None:
    """Do what a key says; a key that says nothing gets the keys explained."""
    match pressed:
        case "a":
            desk.decide(page, [item], Decision(Verb.ACCEPT))
        case "A":
            desk.decide(page, here, Decision(Verb.ACCEPT))
        case "r" | "R":
            desk.decide(page, here, Decision(Verb.REJECT))
        case "h" | "H":
            if reason := terminal.line("why is it held? (nothing: do not hold it)").strip():
                desk.decide(page, here, Decision(Verb.HOLD, reason))
        case _:
            for key, (_, means) in KEYS.items():
                terminal.say(f"    {key}  {means}")
