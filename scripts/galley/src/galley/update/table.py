"""What `galley update` says: the newer releases as a table, and what an update did.

In the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from galley.record.facts import canonical
from galley.run.prepare import revisions
from galley.source.guide import Guide
from galley.update.affected import Affected, affected, models_of, of_model, recorded_packages, revision_of
from galley.update.apply import Update
from galley.update.pins import pins
from galley.update.releases import is_newer, versions

SHOWN = 12  # characters of a version or of a commit that stand in the table
HEAD = ("package", "pinned", "newest", "pages", "what weighs most")


def newer(guide: Guide, wanted: Sequence[tuple[str, str]]) -> list[Affected]:
    """What each release can touch; without `wanted`, the newest of each package that is pinned and reached, and of
    each model that is pinned.
    """
    if not wanted:
        reached = {canonical(name) for name in recorded_packages(guide)}
        pinned = (pin for name, pin in pins(guide.project).items() if name in reached)
        wanted = [
            (pin.name, have[0]) for pin in pinned if (have := versions(pin.name)) and is_newer(have[0], pin.version)
        ]
        return [*affected(guide, wanted), *_newer_models(guide)]
    return affected(guide, wanted)


def _newer_models(guide: Guide) -> list[Affected]:
    """The models with another revision than the pinned one, as the guide's hook says."""
    tables = models_of(guide.project)
    pinned = {name: revision_of(table) for name, (_, table) in tables.items() if revision_of(table)}
    newest = revisions(guide.project, sorted(pinned))
    return [
        of_model(guide, f"{name}@{newest[name]}") for name in pinned if newest.get(name, pinned[name]) != pinned[name]
    ]


def rows(found: Sequence[Affected]) -> Iterator[str]:
    """The releases as the lines of a table."""
    if not found:
        yield "every package that is pinned and that pages reach has its newest release"
        return
    lines = [HEAD, *(_row(each) for each in found)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD) - 1)]
    for line in lines:
        cells = [each.ljust(width) for each, width in zip(line, widths, strict=False)]
        yield "  ".join([*cells, line[-1]]).rstrip()


def _row(found: Affected) -> tuple[str, ...]:
    all_pages = len(found.touched) + len(found.untouched)
    reasons = [reason for page in found.touched for reason in page.reasons]
    most = max(reasons, key=lambda each: each.weight).what if reasons else ""
    return found.name, found.old[:SHOWN], found.new[:SHOWN], f"{len(found.touched)} of {all_pages}", most


def told_update(done: Update) -> Iterator[str]:
    """What an update did, and what to type next."""
    for name, (old, new) in done.moved.items():
        yield f"moved {name} {old} to {new}"
    yield f"recorded anew: {', '.join(done.pages) or 'nothing'}"
    yield from (f"held: {each.key}: {each.reason}" for each in done.held)
    yield f"links moved: {done.links}"
    yield from (f"{each.place}: leads nowhere in the new release: {each.url}" for each in done.lost)
    yield from done.todo
    yield f"branch {done.branch} has all of it: git switch {done.branch}"
