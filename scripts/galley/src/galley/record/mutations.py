"""What the guide's mutations found: which claim failed when a library was made to behave otherwise.

In the command. galley runs no mutation. The guide does, and writes a file of results that the setting `mutations`
names; each entry says which code of a claim failed under which mutation. An entry is of no use once the claim's code is
another.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated

import msgspec

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.record.facts import environment
from galley.source.cells import Cell
from galley.source.guide import Guide
from galley.source.text import read_text

FORMAT = 1
RUN = "run the mutations, and write their results"

ClaimName = Annotated[str, msgspec.Meta(pattern=r"^[^/\s]{1,200}/[^/\s]{1,100}\Z")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]


@dataclass(frozen=True)
class Broken:
    """A claim that failed under a mutation.

    `claim` is the name of the cell as a fence has it, `code` the digest of its code; `digest` is that of the mutation's
    code, and `packages` are the versions that it changed.
    """

    claim: ClaimName
    code: Digest
    mutation: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    digest: Digest
    packages: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Results:
    """The contents of the file."""

    broken: tuple[Broken, ...]
    format: Annotated[int, msgspec.Meta(ge=1, le=FORMAT)] = FORMAT


def to_json(broken: Iterable[Broken]) -> str:
    """The text of the file: a line for each entry, in the order of their names, so that two branches merge well."""
    lines = [json.dumps(asdict(each), ensure_ascii=False) for each in sorted(broken, key=_name)]
    return f'{{"format": {FORMAT}, "broken": [\n' + ",\n".join(lines) + "\n]}\n"


def _name(entry: Broken) -> tuple[str, str]:
    return entry.claim, entry.mutation


def read_results(project: Project) -> Results:
    """The results in the file that the setting names; raises GalleyError where there are none."""
    path = Path(os.path.normpath(project.root / project.mutations))
    if not path.exists():
        what = f"there is no file '{project.mutations}' with the results of mutations"
        raise GalleyError(what, project.place("mutations"), mend(project))
    text = read_text(path, project.relative(path))
    try:
        return msgspec.json.decode(text, type=Results)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        what = f"not the results of mutations: {error}"
        raise GalleyError(what, Place(project.relative(path)), mend(project)) from error


def mend(project: Project) -> str:
    """What brings the results up to date."""
    return project.mutate or RUN


def unbroken(guide: Guide) -> Iterator[tuple[GalleyError, bool]]:
    """What is wrong with the results, each with whether it is one: another version of a package is only told."""
    if not guide.project.mutations:
        return
    try:
        broken = read_results(guide.project).broken
    except GalleyError as error:
        yield error, True
        return
    yield from ((error, True) for error in _lacking(guide, broken))
    yield from ((error, False) for error in _drifted(guide.project, broken))


def _lacking(guide: Guide, broken: Sequence[Broken]) -> Iterator[GalleyError]:
    """An error for each claim that no mutation broke as it is now, and for results of what is no claim."""
    run, claims = mend(guide.project), dict(claims_of(guide))
    codes: dict[str, set[str]] = {}
    for entry in broken:
        codes.setdefault(entry.claim, set()).add(entry.code)
    for name, cell in claims.items():
        if name not in codes:
            what = f"no mutation broke the claim '{name}'"
            yield GalleyError(what, cell.place, f"write one that must break it, then: {run}")
        elif cell.digest not in codes[name]:
            yield GalleyError(f"the claim '{name}' changed since a mutation broke it", cell.place, run)
    for name in codes:
        if name not in claims and name.rpartition("/")[0] not in guide.unreadable:
            yield GalleyError(f"results of '{name}', which is no claim", Place(Path(guide.project.mutations)), run)


def _drifted(project: Project, broken: Sequence[Broken]) -> Iterator[GalleyError]:
    """For each package that has another version here than when mutations broke claims: how many these are."""
    here = environment(tuple(dict.fromkeys(name for entry in broken for name in entry.packages))).packages
    then = Counter(
        (name, version)
        for entry in broken
        for name, version in entry.packages.items()
        if here.get(name) and here[name].partition("+")[0] != version.partition("+")[0]
    )
    for (name, version), count in then.items():
        what = f"claims that a mutation broke: {count} of {len(broken)} with {name} {version}, here is {here[name]}"
        yield GalleyError(what, Place(Path(project.mutations)), mend(project))


def claims_of(guide: Guide) -> Iterator[tuple[str, Cell]]:
    """Each claim of the guide, with its name."""
    for snippets in guide.snippets.values():
        for cell in snippets.cells:
            if "claim" in cell.tags:
                yield f"{snippets.stem}/{cell.name}", cell
