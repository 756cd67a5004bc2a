"""In the builder: what a page's outputs ran on, said once below the title, and under an output only what differs.

All outputs of a page share most of their facts: the day, the versions, the device. Said under each output, they would
be most of what a reader sees there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from galley.config import Project
from galley.kinds.markup import escape
from galley.record.facts import NOT_RERUN, ran_on
from galley.record.held import Held
from galley.record.model import CellRecord, Record
from galley.record.signed import signed
from galley.record.status import SHOWABLE, State, Status
from galley.site.page import Page, View

Facts = Mapping[str, str]
DAY, NETWORK, SIGNED, RERUN = "date", "network", "signed", "rerun"
WHY = ", "  # what comes before a fact's reason: "cpu, as the profile says"; the reason is folded
LONG = 1.0  # seconds: what took less is not worth a reader's time
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def checked_note(page: Page) -> str:
    """The strip below a page's title: when it was checked and on what, and what else is known folded under it.

    Empty for a page that shows no record.
    """
    found = [each for snippets in page.files for each in page.statuses(snippets)]
    records = [each.record for each in found if each.record and each.profile.required and each.state in SHOWABLE]
    missing = [_missing(each) for each in found if each.state not in SHOWABLE]
    kept = [_kept(each) for each in found if each.held]
    notes = "".join([*kept, *missing])
    if not records:
        return f'<div class="galley-strip" data-search-exclude>{notes}</div>' if notes else ""
    shared = common(page)
    names = (*page.project.line, NETWORK, SIGNED)
    brief = {name: shared[name].partition(WHY)[0] for name in names if name in shared}
    parts = [*map(escape, brief.values()), *(["held as recorded"] if kept else [])]
    line = " · ".join(parts)
    more = " · ".join(escape(said) for name, said in shared.items() if name != DAY and said != brief.get(name))
    when = days_in_words([record.date for record in records])
    rest = f"<p>{more}</p>" if more else ""
    return (
        f'<details class="galley-strip" data-search-exclude><summary>Checked {when}{" · " * bool(line)}{line}</summary>'
        f"{rest}{notes}</details>"
    )


def told(page: Page) -> dict[str, str | list[str]]:
    """What a theme's templates are told of a page: its cells and claims by name, and the last day of its records.

    A page that shows no true record of a required profile has no such day.
    """
    shown = {fence.name for fence in page.fences if not fence.listing}
    cells = {f"{each.stem}/{cell.name}": cell for each in page.files for cell in each.cells}
    own = {name: cell for name, cell in cells.items() if name in shown}
    found = [each for snippets in page.files for each in page.statuses(snippets)]
    days = [each.record.date for each in found if each.record and each.profile.required and each.state in SHOWABLE]
    claims = [name for name, cell in own.items() if "claim" in cell.tags]
    facts: dict[str, str | list[str]] = {"cells": list(own), "claims": claims}
    return {**facts, "checked": max(days)} if days else facts


def not_run(found: Status) -> str:
    """What stands at a profile without a true record: why it is not shown, and what to type."""
    why = "not run yet" if found.state is State.MISSING else f"not shown, its record is {found.state}"
    return (
        f"{why}; <code>{escape(found.mend)}</code> {'runs it' if found.mend.startswith('galley run') else 'mends it'}"
    )


def differing(page: Page, view: View, record: Record, recorded: CellRecord) -> str:
    """What an output ran on, as far as the page's strip does not say it, and how long it took if that is long."""
    shared = common(page)
    own = facts(page.project, record, recorded)
    if SIGNED in shared:
        own.setdefault(SIGNED, "not signed")  # the strip speaks of the required profiles
    names = (RERUN, DAY, *page.project.line, NETWORK, SIGNED)
    parts = [beyond(own[name], shared.get(name, ""), "with ") for name in names if name in own]
    if not view.profile.required and RERUN not in own:
        parts.insert(0, escape(view.profile.title))
    if recorded.seconds >= LONG:
        parts.append(f"took {recorded.seconds:.1f} s")
    return escape(" · ".join(filter(None, parts)))


def facts(project: Project, record: Record, recorded: CellRecord | None = None) -> dict[str, str]:
    """Each fact of an output by name: those of its run, the day, who signed for it, and whether a gate reran it."""
    signature = signed(project, record.page, record.profile)
    own = {DAY: record.date, **ran_on(record, recorded)}
    if signature:
        own[SIGNED] = f"{'rerun and ' * signature.rerun}signed by {signature.signer}"
    required = any(profile.name == record.profile for profile in project.required)
    if not required and not (signature and signature.rerun):
        own[RERUN] = NOT_RERUN
    return own


def common(page: Page) -> Facts:
    """What all outputs under the required profiles ran on."""
    if page.common is None:
        page.common = shared_facts(list(_all(page)))
    return page.common


def shared_facts(every: Sequence[Facts]) -> dict[str, str]:
    """For each fact the text with which all its texts begin, where one of them is that beginning.

    A cell before the model is loaded has no fact about it, so that a fact counts where it is.
    """
    texts: dict[str, set[str]] = {}
    for each in every:
        for name, said in each.items():
            texts.setdefault(name, set()).add(said)
    shortest = {name: min(found, key=len) for name, found in texts.items()}
    return {name: said for name, said in shortest.items() if all(_begins(each, said) for each in texts[name])}


def _all(page: Page) -> Iterator[Facts]:
    for snippets in page.named:
        for found in page.statuses(snippets):
            if found.record and found.profile.required and found.state in SHOWABLE:
                outputs: Iterable[CellRecord] = [each for each in found.record.cells if each.outputs]
                for recorded in outputs:
                    yield facts(page.project, found.record, recorded)


def _begins(text: str, said: str) -> bool:
    """Whether a text begins with these whole words."""
    return text.startswith(said) and text[len(said) : len(said) + 1] in {"", " ", ",", ";", ":"}


def beyond(said: str, shared: str, joint: str = "") -> str:
    """What a fact's text says beyond its beginning that all share; `joint` stands for the *and* between the two."""
    if not shared or not _begins(said, shared):
        return said
    more = said.removeprefix(shared).lstrip(" ,;:")
    return f"{joint}{more.removeprefix('and ')}" if more.startswith("and ") else more


def _missing(found: Status) -> str:
    return f'<p class="galley-missing"><b>{escape(found.profile.title)}</b>: {not_run(found)}.</p>'


def _kept(found: Status) -> str:
    assert found.held
    return f'<p class="galley-held"><b>{escape(found.profile.title)}</b>: {escape(held_line(found.held))}.</p>'


def held_line(held: Held) -> str:
    """Why a page is kept as it was recorded, since when and before which versions, in words."""
    return f"held as recorded since {in_words(held.since)}{held.why}"


def days_in_words(days: Iterable[str]) -> str:
    """The first and the last of these days, as HTML."""
    ordered = sorted(set(days))
    first, last = in_words(ordered[0]), in_words(ordered[-1])
    if first.partition(" ")[2] == last.partition(" ")[2]:
        first = first.partition(" ")[0]  # of one month and year
    ends = {ordered[0]: first, ordered[-1]: last}
    return " to ".join(f'<time datetime="{escape(day)}">{escape(said)}</time>' for day, said in ends.items())


def in_words(day: str) -> str:
    """A day of the form 2026-11-29 as people write it."""
    try:
        known = date.fromisoformat(day)
    except ValueError:  # in the live preview, of a record that was edited
        return day
    return f"{known.day} {MONTHS[known.month - 1]} {known.year}"
