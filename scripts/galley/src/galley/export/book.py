"""All pages as notebooks in one folder, for Jupyter Book, MyST and Sphinx, with the links between them.

In the command. The folder has the shape of the guide's folder of pages. A page with cells is a notebook, a page without
any stays Markdown.
"""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from markdown.extensions.toc import slugify

from galley.errors import UsageError
from galley.export.address import NOWHERE, Site
from galley.export.document import document, plain, without_links
from galley.export.notebook import notebook
from galley.export.of_mkdocs import not_shown
from galley.export.script import script
from galley.export.true import naming, true_record, with_page_numbers
from galley.source.cells import SnippetFile
from galley.source.fences import find_fences
from galley.source.guide import Guide
from galley.source.lines import front_matter
from galley.words import counted

# A piece of code, which stays as it is, or a link.
LINK = re.compile(r"`[^`]*`|(?P<bang>!?)\[(?P<text>[^\[\]]*)\]\((?P<to>[^()\s]+)(?P<title>\s+\"[^\"]*\")?\)")
HEADING = re.compile(r"#{1,6} ")
STATED = re.compile(r"(?<! ) *+\{ *+#(?P<id>[\w-]++) *+\}$")  # the id that a heading states
NO_SLUG = re.compile(r"[^\w -]")
IN_A_SITE = ("cell-", "figure-", "file-")  # how the ids of galley's own blocks begin


@dataclass
class Book:
    """The files of the folder by their paths, and what the other builder does not show, in sentences."""

    files: dict[str, bytes] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)


def book(guide: Guide, profile: str, form: str, site: Site = NOWHERE) -> Book:
    """Every page in a form, with what the pages show; errors as those of `export`."""
    return _Binding(guide, profile, form, site).bound()


class _Binding:
    def __init__(self, guide: Guide, profile: str, form: str, site: Site) -> None:
        self.guide, self.profile, self.form, self.site = guide, profile, form, site
        self.docs = guide.project.relative(guide.project.docs)
        self.snippets = _by_page(guide)
        self.anchors = {page: dict(_anchors(text)) for page, text in guide.pages.items()}
        self.made = Book()

    def bound(self) -> Book:
        """All files of the folder."""
        pages = dict.fromkeys([*self.guide.pages, *self.snippets])
        for page in pages:
            inside = page.relative_to(self.docs)
            links = self._links(inside) if self.form == "ipynb" else without_links
            lines = with_page_numbers(self.guide, self.guide.project.root / page) if page in self.guide.pages else []
            lines = [STATED.sub("", line) if HEADING.match(line) else line for line in lines]
            self.made.lost += not_shown(page, lines)
            self.made.lost += self._elsewhere(page)
            if found := self.snippets.get(page):
                first, *others = sorted(found, key=lambda each: each.page != inside.stem)
                for snippets, name in ((first, inside.stem), *((each, each.page) for each in others)):
                    path = inside.with_name(f"{name}.{self.form}").as_posix()
                    self.made.files[path] = self._text(snippets, lines, links).encode()
            elif self.form == "ipynb":
                fenced = self._fenced(lines, page)
                kept = [line for at, line in enumerate(lines) if at not in fenced]
                self.made.files[inside.as_posix()] = plain(kept[front_matter(kept) :], links).encode()
        return self.made

    def _text(self, snippets: SnippetFile, lines: Sequence[str], links: Callable[[str], str]) -> str:
        found = true_record(self.guide, snippets, self.profile)
        with naming(self.guide, found):
            made = document(self.guide.project, found, lines, self.site, links)
            return script(made) if self.form == "py" else notebook(made, in_book=True)

    def _fenced(self, lines: Sequence[str], page: Path) -> set[int]:
        """The lines of galley's own fences, which no other builder knows."""
        fences, _ = find_fences(lines, page)
        return {each.place.line - 1 + more for each in fences for more in (0, 1)}

    def _elsewhere(self, page: Path) -> Iterator[str]:
        """What stands for fences whose cells or lists the exported page does not have, in words."""
        own = {each.stem for each in self.snippets.get(page, ())}
        shown = self.guide.shown_on(page)
        if others := [each for each in shown if not each.listing and each.file not in own]:
            yield f"{page}: {counted(len(others), 'cell')} of other pages, whose files have them"
        yield from (f"{page}: the list {each.listing}, which galley makes in a site" for each in shown if each.listing)

    def _links(self, page: Path) -> Callable[[str], str]:
        """What rewrites the links of a page, by its path below the folder of pages, in a piece of prose."""

        def led(found: re.Match[str]) -> str:
            to = found["to"]
            if to is None:
                return found[0]
            led_to = self._to(page, to)
            return f"{found['bang']}[{found['text']}]({led_to}{found['title'] or ''})" if led_to else found["text"]

        return lambda text: LINK.sub(led, text)

    def _to(self, page: Path, to: str) -> str:
        """The address of what a page links to, empty where it has none; a file that the guide has comes along."""
        path, mark, place = to.partition("#")
        if ":" in path or path.startswith("/"):
            return to
        inside = posixpath.normpath(posixpath.join(page.parent.as_posix(), unquote(path))) if path else page.as_posix()
        if inside.startswith(".."):  # out of the folder of pages, and of the one that is written
            return to
        file = self.docs / inside
        if place.startswith(IN_A_SITE):
            mark = place = ""
        place = self.anchors.get(file, {}).get(place, place)
        if file in self.snippets and path:
            path = f"{path.removesuffix('.md')}.ipynb"
        source = (self.guide.project.root / file).resolve()
        if file not in self.guide.pages and source.is_relative_to(self.guide.project.docs.resolve()):
            self.made.files |= {inside: source.read_bytes()} if source.is_file() else {}
        return f"{path}{mark}{place}"


def _by_page(guide: Guide) -> dict[Path, list[SnippetFile]]:
    """The snippet files of each page, by its path from the root.

    A page in another language has none of its own, and shows all cells of one.
    """
    own: dict[Path, list[SnippetFile]] = {}
    others: dict[Path, list[SnippetFile]] = {}
    for each in guide.snippets.values():
        for page in guide.pages_of(each):
            found = own if page == guide.page_file(each) else others
            found.setdefault(guide.project.relative(page), []).append(each)
    return {page: files for page, files in others.items() if len(files) == 1} | own


def _anchors(text: str) -> Iterator[tuple[str, str]]:
    """The id of each heading in the site, and the one that other builders make of its words."""
    for line in text.split("\n"):
        if HEADING.match(line):
            stated, words = STATED.search(line), STATED.sub("", line).lstrip("# ")
            yield (stated["id"] if stated else slugify(words, "-")), NO_SLUG.sub("", words.lower()).replace(" ", "-")


def write_folder(folder: Path, made: Book) -> list[Path]:
    """Write the files into a folder that is not there yet, or is empty; raises UsageError for any other.

    Where one of them cannot be written, none is left, and the OSError is raised.
    """
    there = os.path.lexists(folder)
    if there and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError(f"{folder} is there already", mend="remove it, or name another folder with --output")
    done: list[Path] = []
    try:
        for name, data in made.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            done.append(path)
    except BaseException:
        for path in done:
            path.unlink(missing_ok=True)
        made_here = {each for path in done for each in path.parents if each.is_relative_to(folder)}
        for each in sorted(made_here - ({folder} if there else set()), reverse=True):
            with suppress(OSError):
                each.rmdir()
        raise
    return done
