"""Links into the source of a package, at a version and a line: where they lead in another release.

In the command. A link has the form `https://HOST/OWNER/NAME/blob/VERSION/PATH#LLINE`, with a `v` before the version or
without. PATH ends like the path of one of the package's files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from galley.errors import Place
from galley.source.guide import Guide
from galley.update.releases import Release
from galley.update.units import Code

AROUND = str.maketrans(dict.fromkeys("()<>\"'", " "))  # what stands around an address in Markdown and HTML


@dataclass(frozen=True)
class SourceLink:
    """An address that names a version, a path and a line; `before` is all that stands before the version."""

    url: str
    before: str
    version: str
    path: str
    line: int

    def at(self, version: str, line: int) -> str:
        """The address of another version and line."""
        return f"{self.before}{version}/{self.path}#L{line}"


@dataclass(frozen=True)
class MovedLink:
    """A link of a page, what it names, and where it leads in the new release; `line` 0 where it leads nowhere."""

    place: Place
    url: str
    symbol: str
    path: str
    line: int
    new_url: str = ""
    changed: bool = False


def source_links(text: str) -> Iterator[SourceLink]:
    """The links in a line of a page into the source of some package at a version."""
    for word in text.translate(AROUND).split():
        if word.startswith(("https://", "http://")):
            before, blob, rest = word.partition("/blob/")
            version, _, path = rest.partition("/")
            path, _, line = path.partition("#L")
            mark = "v" if version.startswith("v") else ""
            if blob and path and version[len(mark) :][:1].isdigit() and line.isdecimal() and len(line) < 8:
                yield SourceLink(word, f"{before}{blob}{mark}", version[len(mark) :], path, int(line))


def rewritten(text: str, urls: Mapping[str, str]) -> str:
    """A text with addresses replaced by others; an address that goes on with a digit is that of another line."""
    for old, new in urls.items():
        first, *behind = text.split(old)
        text = first + "".join(f"{old if each[:1].isdigit() else new}{each}" for each in behind)
    return text


def moved_links(guide: Guide, old: Release, new: Release) -> Iterator[MovedLink]:
    """Each link of the guide's pages into the old release, and where it leads in the new one."""
    for page, text in guide.pages.items():
        for number, line in enumerate(text.split("\n"), start=1):
            for found in source_links(line):
                if found.version == old.version and (path := old.file_of(found.path)):
                    yield _moved(Place(page, number), found, path, old, new)


def _moved(place: Place, found: SourceLink, path: str, old: Release, new: Release) -> MovedLink:
    was, now = old.code(path), new.code(path)
    symbol = _symbol(was, found.line) if was else ""
    there = now.line(symbol) if now and symbol else 0
    if not there and path in new.paths:
        there = _same_line(old.read(path), new.read(path), found.line)
    changed = bool(symbol and was and now and was.functions.get(symbol) != now.functions.get(symbol))
    new_url = found.at(new.version, there) if there else ""
    return MovedLink(place, found.url, symbol, path, there, new_url, changed)


def _symbol(code: Code, line: int) -> str:
    """The qualified name of what a line defines; empty for a line inside of something."""
    for name, units in code.functions.items():
        if any(each.line == line for each in units):
            return name
    lines = {**{at: name for name, at in code.bound.items()}, **{at: name for name, at in code.classes.items()}}
    return lines.get(line, "")


def _same_line(old: bytes, new: bytes, line: int) -> int:
    """The line of the new file with the text of a line of the old one; 0 where it is not there exactly once."""
    before, after = old.splitlines(), new.splitlines()
    if not 0 < line <= len(before):
        return 0
    wanted = before[line - 1].strip()
    at = [number for number, each in enumerate(after, start=1) if each.strip() == wanted and wanted]
    return at[0] if len(at) == 1 else 0
