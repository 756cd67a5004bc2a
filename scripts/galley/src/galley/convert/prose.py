"""The prose of a notebook as a page's: pictures come along, and links lead where the page has them.

In the command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote

from galley.convert.beside import bytes_beside, why_left
from galley.convert.forms import DOC, REF, code, slug
from galley.convert.part import Part
from galley.convert.places import Places
from galley.source.lines import outside_code

# A piece of code, which stays as it is, or a link.
LINK = re.compile(r"`[^`]*`|(?P<bang>!?)\[(?P<text>[^\[\]]*)\]\((?P<to>[^()\s]+)(?P<title>\s+\"[^\"]*\")?\)")
IMAGE = re.compile(r'<img\s[^<>]*?src="(?P<to>[^"<>]+)"')
DIRECTIVE = re.compile(r"\s*+(?::::+|```+|~~~+)\s*+\{[^}]+\}.*+")
ODD = re.compile(r"[^\w.-]+")
WEB = ("http:", "https:", "mailto:", "data:", "#", "/")
ELSEWHERE = ("http:", "https:", "//")  # from where a reader's browser would fetch a picture
NOTEBOOKS = (".ipynb", ".qmd", ".rmd", ".rst", ".md")


@dataclass
class Prose:
    """The text of a page as it grows: `files` are those that come along, by name, in a folder of the page's."""

    beside: Path  # the folder of the notebook
    folder: str  # of the files, as the page names it
    places: Places  # where links lead
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
        if to.startswith(REF):
            label = to.removeprefix(REF)
            return self._led(part, found["text"], self.places.of_label(label), f"the label {label}")
        path, mark, place = to.removeprefix(DOC).partition("#")
        if to.startswith(DOC):
            return self._led(part, found["text"], self.places.of_page(self.beside, path), f"the page {path}")
        if Path(path).suffix.lower() in NOTEBOOKS:
            page = self.places.of_page(self.beside, unquote(path))
            address = page and (f"{page[0]}{mark}{place.lower()}", page[1])  # headings have small letters there
            return self._led(part, found["text"], address, path)
        if label := self.places.of_label(slug(to)):
            return self._led(part, found["text"], label, to)
        bare = "/" not in to and not to.startswith(".") and guess_type(to)[0] is None
        if bare and bytes_beside(self.beside, unquote(to)) is None:  # of MyST, to an object
            return self._led(part, found["text"], None, to)
        return f"[{found['text']}]({self._file(part, to)})"

    def _led(self, part: Part, text: str, page: tuple[str, str] | None, named: str) -> str:
        """A link to a page, whose title stands for a text that is missing; without one the text alone."""
        if page:
            return f"[{text or page[1] or Path(named.rpartition(' ')[2]).stem}]({page[0]})"
        self._lose(part, f"the link to {named} is left out: import that one together with this file")
        return text or code(named.rpartition(" ")[2])

    def _file(self, part: Part, to: str) -> str:
        """Where the page has a file that the notebook holds or names; the address as it is where there is no file."""
        if to.startswith(ELSEWHERE):
            self._lose(part, f"each reader would fetch {to} from another host: take it away, or put it beside the page")
        if to.startswith(WEB):
            return to
        name = unquote(to.removeprefix("attachment:"))
        data = part.attachments.get(name) if to.startswith("attachment:") else bytes_beside(self.beside, name)
        if why := why_left(name, data):
            self._lose(part, f"the file {name} {why}")
            return to
        assert data is not None
        kept = ODD.sub("-", Path(name).name).lstrip(".") or "file"
        while self.files.get(kept, data) != data:
            kept = f"{part.number}-{kept}"
        self.files[kept] = data
        return f"{self.folder}/{kept}"
