"""What `galley affected` says, for people and as JSON: what a release can change, and what it really changes.

In the command.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from galley.record.model import Name
from galley.update.affected import Affected, Reason, Touched
from galley.update.links import MovedLink
from galley.update.trial import Outcome, Tried
from galley.words import counted

VERBS = {Outcome.FAILS: "fails", Outcome.CHANGES: "changes", Outcome.UNKNOWN: "did not run"}
SHOWN = 5  # reasons of a page, and cells of a reason, that are told; --json has all


def told(found: Affected) -> Iterator[str]:
    """The lines of a report."""
    moved = f"{found.name} {found.old or 'unused'} to {found.new}"
    if found.old == found.new:
        yield f"{found.name} {found.old}: that is the release that the pages were recorded with"
        return
    pages = len(found.touched) + len(found.untouched)
    yield f"{moved}: {len(found.touched)} of {counted(pages, 'page', ',')} can change"
    for page in found.touched:
        yield from _page(page)
    if found.untouched:
        yield f"  no change reaches: {', '.join(found.untouched)}"
    yield from (f"  {note}" for note in found.notes)
    yield from _links(found)


def told_trial(found: Affected, tried: Sequence[Tried]) -> Iterator[str]:
    """The lines of what came of the pages that ran with the release."""
    if not tried:
        return
    by_outcome = {outcome: [each for each in tried if each.outcome is outcome] for outcome in Outcome}
    changed = len(by_outcome[Outcome.CHANGES]) + len(by_outcome[Outcome.FAILS])
    ran = len(tried) - len(by_outcome[Outcome.UNKNOWN])
    yield f"{found.name} {found.old} to {found.new}: {changed} of {counted(ran, 'page', ',')} that ran with it changed"
    for outcome in (Outcome.FAILS, Outcome.CHANGES, Outcome.UNKNOWN):
        for page in by_outcome[outcome]:
            yield f"  {page.name} {VERBS[outcome]}"
            yield from (f"    {f'{each.cell}: ' if each.cell else ''}{each.what}" for each in page.differences)
            yield from (f"    it also ran with another version: {each}" for each in page.also)
    if same := by_outcome[Outcome.SAME]:
        yield f"  same outputs: {', '.join(str(each.name) for each in same)}"


def to_json(found: Sequence[Affected], trials: Sequence[Sequence[Tried]] = ()) -> str:
    """All of it as JSON; with `trials`, one for each release, what came of its pages under `tried`."""
    said = [_plain(each) for each in found]
    for release, tried in zip(said, trials, strict=bool(trials)):
        release["tried"] = [asdict(each) for each in tried]
    return json.dumps(said, indent=1, ensure_ascii=False)


def _plain(found: Affected) -> dict[str, Any]:
    said = asdict(found)
    for page, known in zip(said["touched"], found.touched, strict=True):
        page["weight"] = known.weight
    for link, known_link in zip(said["links"], found.links, strict=True):
        link["place"] = str(known_link.place)
    return said


def _page(page: Touched) -> Iterator[str]:
    yield f"  {Name(page.page, page.profile)}: {counted(page.weight, 'line', ',')} that it reaches changed"
    for reason in page.reasons[:SHOWN]:
        yield f"    {reason.what}{_cells(reason)}"
    if (more := len(page.reasons) - SHOWN) > 0:
        yield f"    and {counted(more, 'more reason', ',')}"
    if page.claims:
        yield f"    claims: {_some(page.claims)}"


def _cells(reason: Reason) -> str:
    return f": {_some(reason.cells)}" if reason.cells else ""


def _links(found: Affected) -> Iterator[str]:
    if not found.links:
        return
    lost = [each for each in found.links if not each.line]
    changed = [each for each in found.links if each.changed]
    yield f"  {counted(len(found.links), 'link', ',')} into its source: {len(changed)} to code that changed"
    yield from (f"    {each.place}: {_lost(each)}" for each in lost)


def _lost(link: MovedLink) -> str:
    return f"{f'`{link.symbol}`' if link.symbol else 'the line'} of {link.path} is gone: {link.url}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
