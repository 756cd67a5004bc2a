"""Where a project pins packages: what stands as `NAME==VERSION` in its settings and in its lock.

In the command.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from galley.config import FILE, Project
from galley.record.facts import canonical
from galley.update.texts import put_text, text_of

LETTERS = f"{string.ascii_letters}{string.digits}._-"  # of which names and versions are


@dataclass(frozen=True)
class Pin:
    """A package at one version, by the name with which a file pins it."""

    name: str
    version: str


def pins(project: Project) -> dict[str, Pin]:
    """Each package that the settings or the lock pin, by its name as the index compares it."""
    found: dict[str, Pin] = {}
    for path in files(project):
        for line in _lines(project, project.root / path):
            for name, version in _pinned(line):
                found.setdefault(canonical(name), Pin(name, version))
    return found


def is_version(text: str) -> bool:
    """Whether a text can be the version of a package: letters, digits and a few signs, and a digit first."""
    return text[:1].isdecimal() and text.isascii() and len(text) <= 100 and not text.strip(f"{LETTERS}+!")


def files(project: Project) -> list[Path]:
    """The files in which pins are looked for, from the project's root."""
    return [FILE, *([Path(project.lock)] if project.lock else [])]


def move(project: Project, versions: Mapping[str, str]) -> list[str]:
    """Write other versions into the pins, by names as the index compares them; return what was changed, in words."""
    told = []
    for path in files(project):
        file = project.root / path
        lines = _lines(project, file)
        before = list(lines)
        for number, line in enumerate(lines):
            for name, version in _pinned(line):
                new = versions.get(canonical(name), version)
                if new != version:
                    line = _with(line, name, version, new)
                    told.append(f"{path}:{number + 1}: {name} {version} to {new}")
            lines[number] = line
        if lines != before:
            put_text(file, "".join(lines))
    return told


def others(project: Project, moved: Mapping[str, tuple[str, str]]) -> list[str]:
    """Other files of the project that name an old version as a pin, such as locks with digests."""
    known = {project.root / path for path in files(project)}
    found = []
    for file in sorted(project.root.rglob("*.txt")):
        if file not in known and not any(part.startswith(".") for part in file.relative_to(project.root).parts):
            text = "".join(_lines(project, file))
            found += [str(project.relative(file)) for name, (old, _) in moved.items() if f"{name}=={old}" in text]
    return list(dict.fromkeys(found))


def _pinned(line: str) -> Iterator[tuple[str, str]]:
    """The packages that a line pins, as it writes them, extras left out; a comment pins none."""
    before, *behind = line.partition("#")[0].split("==")
    for rest in behind:
        named = before.rstrip()
        named = named[: named.rfind("[")] if named.endswith("]") else named
        name = named[len(named.rstrip(LETTERS)) :]
        said = rest.lstrip(" ")
        version = said[: len(said) - len(said.lstrip(LETTERS + "+!"))]
        if name[:1].isalnum() and version[:1].isdigit() and not said.startswith(f"{version}*"):
            yield name, version
        before = rest


def _with(line: str, name: str, version: str, new: str) -> str:
    """A line with another version behind a name, whatever stands between the two."""
    at = line.index(name)
    while not line[at + len(name) :].partition("==")[2].lstrip(" ").startswith(version):
        at = line.index(name, at + 1)
    behind = line.index(version, line.index("==", at))
    return line[:behind] + new + line[behind + len(version) :]


def _lines(project: Project, file: Path) -> list[str]:
    return (text_of(project.root, file) or "").splitlines(keepends=True)
