"""The prose of a notebook as a page's: pictures come along, and links lead where the page has them.

In the command.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from galley.convert.read import Part
from galley.kinds.svg import is_harmless
from galley.source.lines import outside_code

# A piece of code, which stays as it is, or a link.
LINK = re.compile(r"`[^`]*`|(?P<bang>!?)\[(?P<text>[^\[\]]*)\]\((?P<to>[^()\s]+)(?P<title>\s+\"[^\"]*\")?\)")
IMAGE = re.compile(r'<img\s[^<>]*?src="(?P<to>[^"<>]+)"')
DIRECTIVE = re.compile(r"\s*+(?::::+|```+|~~~+)\s*+\{[^}]+\}.*+")
REST = re.compile(r":[a-z]+:`[^`]+`|^\.\. \w+", re.MULTILINE)
ODD = re.compile(r"[^\w.-]+")
WEB = ("http:", "https:", "mailto:", "data:", "#", "/")
PROGRAMS = (
    ".html",
    ".htm",
    ".xhtml",
    ".xht",
    ".shtml",
    ".xml",
    ".js",
    ".mjs",
    ".svgz",
    ".md",
)  # and what becomes a page
LARGEST = 64_000_000  # bytes of a file that comes along
NOTEBOOKS = (".ipynb", ".qmd", ".rmd")


@dataclass
class Prose:
    """The text of a page as it grows: `files` are those that come along, by name, in a folder of the page's."""

    beside: Path  # the folder of the notebook
    folder: str  # of the files, as the page names it
    pages: Callable[[str], bool]  # whether the guide has a page of that name
    files: dict[str, bytes] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)

    def of(self, part: Part) -> str:
        """The prose of a cell."""
        lines = part.text.strip("\n").split("\n")
        free = set(outside_code(lines))
        for at, line in enumerate(lines):
            if DIRECTIVE.fullmatch(line):
                self._lose(part, f"`{line.strip()}` is a directive: write it as Markdown has it, such as `!!! note`")
            elif at in free:
                lines[at] = IMAGE.sub(lambda found: self._image(part, found), line)
                lines[at] = LINK.sub(lambda found: self._link(part, found), lines[at])
        if REST.search(part.text):
            self._lose(part, "its prose is reStructuredText in part: write it as Markdown")
        return "\n".join(lines)

    def _lose(self, part: Part, said: str) -> None:
        self.lost.append(f"cell {part.number}: {said}")

    def _image(self, part: Part, found: re.Match[str]) -> str:
        start = found.start("to") - found.start()
        return found[0][:start] + self._file(part, found["to"]) + found[0][start + len(found["to"]) :]

    def _link(self, part: Part, found: re.Match[str]) -> str:
        to = found["to"]
        if to is None:
            return found[0]
        if found["bang"] or to.startswith("attachment:"):
            return f"{found['bang']}[{found['text']}]({self._file(part, to)}{found['title'] or ''})"
        if to.startswith(WEB):
            return found[0]
        path, mark, place = to.partition("#")
        if Path(path).suffix.lower() in NOTEBOOKS or path.endswith(".md"):
            name = Path(path).stem.replace("_", "-")
            if self.pages(name):
                return f"[{found['text']}]({name}.md{mark}{place})"
            self._lose(part, f"the link to {path} is left out: import that one too, then link to {name}.md")
            return found["text"]
        return f"[{found['text']}]({self._file(part, to)})"

    def _file(self, part: Part, to: str) -> str:
        """Where the page has a file that the notebook holds or names; the address as it is where there is no file."""
        if to.startswith(WEB):
            return to
        name = unquote(to.removeprefix("attachment:"))
        data = part.attachments.get(name) if to.startswith("attachment:") else self._beside(name)
        if why := _why_left(name, data):
            self._lose(part, f"the file {name} {why}")
            return to
        assert data is not None
        kept = ODD.sub("-", Path(name).name).lstrip(".") or "file"
        while self.files.get(kept, data) != data:
            kept = f"{part.number}-{kept}"
        self.files[kept] = data
        return f"{self.folder}/{kept}"

    def _beside(self, name: str) -> bytes | None:
        """The bytes of a file in the notebook's folder or below; a notebook is given no other file.

        What begins with a dot there is a program's own, such as `.env` or `.ssh` where the notebook lies in a home
        folder, and a guide is published.
        """
        folder = self.beside.resolve()
        with suppress(OSError, ValueError):
            file = (folder / name).resolve()
            if not file.is_relative_to(folder) or any(each.startswith(".") for each in file.relative_to(folder).parts):
                return None
            return file.read_bytes() if file.is_file() and file.stat().st_size <= LARGEST else None
        return None


def _why_left(name: str, data: bytes | None) -> str:
    """Why a file does not come along, and what to do; empty where it does. A site offers what a page has beside it."""
    if data is None:
        if any(each.startswith(".") and each.strip(".") for each in Path(name).parts):
            return "begins with a dot, as programs' own files do: put it beside the page if everybody may read it"
        return "is not beside the notebook: put it beside the page"
    if name.lower().endswith(PROGRAMS) or (name.lower().endswith(".svg") and not is_harmless(data)):
        return "can run in a browser: put it beside the page if you trust it"
    return ""
