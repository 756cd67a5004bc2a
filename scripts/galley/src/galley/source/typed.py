"""Blocks of a page that its reader would take for an output, and that somebody typed.

In the command. A block of code is a source or an output. What it looks like is judged by its language, by its lines and
by where it stands; a block with nothing that makes it a source looks like an output. `MARK` at the beginning of a
fence's title tells the reader that it is none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from galley.errors import GalleyError, Place
from galley.source.fences import GALLEYS
from galley.source.lines import OPENER, Ends, front_matter, marked

MARK = "Typed by hand"
MEND = 'show the cell that prints it, or write above it: ```text title="Typed by hand: why"'
LONGEST = 1 << 20  # quotes around a line
TAB = 4  # columns that make a line of code or content of a list item, as Python-Markdown counts them

LANGUAGE = re.compile(r"[ \t]*+(?:\{[^.}]*+\.|\.)?+[ \t]*+(?P<language>[\w#+.-]*+)(?![ \t]*+=)")
TITLE = re.compile(r"\btitle[ \t]*+=[ \t]*+(?P<quote>[\"'])(?P<title>(?:(?!(?P=quote)).)*+)(?P=quote)")
CALLED = re.compile(r"\b(?:outputs?|stdout|stderr|prints|printed|results?)\b", re.IGNORECASE)
HTML = re.compile(r"(?<!\\)<(?P<name>pre|samp|output|xmp|listing|plaintext|textarea)\b(?P<rest>[^>]*+)", re.IGNORECASE)
SPAN = re.compile(r"(?<!`)(?P<ticks>`++)[^`]++(?P=ticks)")  # code in a sentence
QUOTE = re.compile(r" {0,3}+> ?+")
# What has its content indented below it: an item of a list, an admonition, a tab, a footnote, a definition.
CONTAINER = re.compile(r"(?:[-*+]|[0-9]{1,9}+[.)]|!!!|\?\?\?\+?|===[+!]{0,2}+|\[\^[^\]]++\]:|:)(?:\s|$)")
WORD = re.compile(r"\w++")
FIRST = re.compile(r"(?::::|#!)[ \t]*+(?P<language>[\w+#./-]++)")  # names a language above an indented block


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOURCES = _words("bash c css html ini javascript json make markdown md python py rust sh toml ts yaml yml")  # the usual
DRAWN = _words("math mermaid")  # what builders and themes draw, and no highlighter knows
PRINTED = _words("""
    ansi dmesg kmsg log logs none out output plain plaintext raw result stderr stdout terminal text traceback txt
    py2tb py3tb python-traceback pytb
    gap-console iex irb jlcon matlabsession postgres-console postgresql-console psql rbcon rconsole rout sqlite3
""")
SHELLS = _words("bash bat fish ksh powershell ps1 pwsh sh shell zsh")
SESSIONS = _words("bash-session console doscon ps1con pwsh-session shell-session shellsession tcshcon")
COMMAND = re.compile(r"[ \t]*+(?:\([^()]*+\)[ \t]*+)?(?:[\w.-]++@[^\s$#%]*+)?(?:[$#%>]|PS[^>]*+>)(?:[ \t]|$)")
INPUT = re.compile(r"[ \t]*+(?:>>>|\.\.\.|In \[[0-9 ]*+\]:)(?:[ \t]|$)")
PROMPT = re.compile(r"[ \t]*+(?:>>> |In \[[0-9 ]*+\]:)")
TRACEBACK = "Traceback (most recent call last):"

Known = Callable[[str], bool]  # whether a highlighter knows a language, or a builder's settings name it


@dataclass(frozen=True)
class Block:
    """A block of code of a page: its language, its title, its text, and whether it stands directly below a cell."""

    language: str
    title: str
    lines: Sequence[str]
    below_a_cell: bool = False

    def looks(self, known: Known) -> str:
        """What makes a reader take it for an output; empty where nothing does."""
        if self.title.startswith(MARK) or self.language in DRAWN:
            return ""
        if self.language in PRINTED or not self.language:
            return f"a block of {self.language}" if self.language else "a block without a language"
        if CALLED.search(self.title):
            return f"a block with the title '{self.title}'"
        if answer := self._answer():
            return f"a session with the answer '{answer.strip():.40}'"
        if self.below_a_cell:
            return "a block directly below a cell"
        if self.language in SOURCES | SHELLS | SESSIONS or known(self.language):
            return ""
        return f"a block of {self.language}, which no highlighter knows,"

    def _answer(self) -> str:
        """The first line that a program printed: in a traceback, in a session of Python or in one of commands."""
        if trace := next((line for line in self.lines if TRACEBACK in line), ""):
            return trace
        if any(map(PROMPT.match, self.lines)):
            return self._other(INPUT)
        shell = self.language in SHELLS and any(line.lstrip().startswith("$ ") for line in self.lines)
        return self._other(COMMAND) if shell or self.language in SESSIONS else ""

    def _other(self, entered: re.Pattern[str]) -> str:
        """The first line that the user of a session did not enter, behind a prompt or as the rest of a command."""
        goes_on = False
        for line in self.lines:
            if line.strip() and not goes_on and not entered.match(line):
                return line
            goes_on = line.rstrip().endswith(("\\", "`", "^"))
        return ""


def typed(lines: Sequence[str], path: Path, known: Known) -> list[GalleyError]:
    """An error for each block of a page that looks like an output and is none."""
    return list(_Reader(lines, path, known).errors())


class _Reader:
    """Goes through the lines of a page once, from top to bottom.

    `_inside` has the columns at which the content of each open list item, admonition and the like begins. `_blank`
    says that the line above is blank, `_below` that only blank lines stand between here and a cell.
    """

    def __init__(self, lines: Sequence[str], path: Path, known: Known) -> None:
        self._lines, self._path, self._known = lines, path, known
        self._inside: list[int] = []
        self._quoted, self._blank, self._below = 0, True, False

    def errors(self) -> Iterator[GalleyError]:
        """Each error, in the order of the lines."""
        ends, at = Ends(self._lines), front_matter(self._lines)
        while at < len(self._lines):
            line, first = self._lines[at], at
            at += 1
            if "<!--" in line and (closed := ends.of_comment(first)):
                at = closed
            elif marked(line) and (opener := OPENER.match(line.rstrip())):
                at = ends.after(at, opener["fence"]) + 1
                yield from self._fence(opener, first, at - 1)
            elif not line.strip(" \t>"):
                self._blank = True
            else:
                depth, text = _unquoted(line)
                column = self._enter(depth, text)
                if self._blank and column >= TAB and not text.lstrip().startswith("<"):
                    at = self._end_of_block(first, len(text) - len(text.lstrip()) - column + TAB)
                    yield from self._indented(first, at)
                else:
                    self._open(text, column)
                    yield from self._html(line, first)
                    self._blank = self._below = False

    def _fence(self, opener: re.Match[str], first: int, end: int) -> Iterator[GalleyError]:
        header, quotes = opener["header"], opener["indent"].count(">")
        self._blank = True  # superfences puts a blank line around it
        self._enter(quotes, _unquoted(self._lines[first], quotes)[1])
        if GALLEYS.search(header):
            self._below = True
            return
        language, title = LANGUAGE.match(header), TITLE.search(header)
        lines = [_unquoted(line, quotes)[1] for line in self._lines[first + 1 : end]]
        yield from self._block(language["language"] if language else "", title["title"] if title else "", lines, first)

    def _indented(self, first: int, end: int) -> Iterator[GalleyError]:
        lines = [_unquoted(line, self._quoted)[1] for line in self._lines[first:end]]
        named = FIRST.match(lines[0].lstrip())
        yield from self._block(named["language"].rpartition("/")[2] if named else "", "", lines, first)

    def _block(self, language: str, title: str, lines: Sequence[str], first: int) -> Iterator[GalleyError]:
        block = Block(language.lower(), title.strip(), lines, self._below)
        self._blank, self._below = True, False
        if looks := block.looks(self._known):
            yield self._error(looks, first)

    def _error(self, looks: str, at: int) -> GalleyError:
        return GalleyError(f"{looks} looks like an output, and no cell printed it", Place(self._path, at + 1), MEND)

    def _enter(self, depth: int, text: str) -> int:
        """Close what ends above a line; return the line's column inside of what is still open."""
        if depth != self._quoted:
            self._quoted, self._inside, self._blank = depth, [], True
        column = len(text) - len(text.lstrip())
        if self._blank or CONTAINER.match(text.lstrip()):
            self._inside = [each for each in self._inside if each <= column]
        return column - (self._inside[-1] if self._inside else 0)

    def _open(self, text: str, column: int) -> None:
        """Note an item of a list and the like, whose content is the indented lines below."""
        words = text.strip()
        rule = len(words) > 2 and words[0] in "-*_" and not set(words) - {words[0], " "}
        if column < TAB and not rule and CONTAINER.match(words):
            self._inside.append(TAB + (self._inside[-1] if self._inside else 0))

    def _end_of_block(self, first: int, least: int) -> int:
        """The index behind the last line of an indented block, whose lines begin at column `least` or further right."""
        end = at = first + 1
        while at < len(self._lines):
            depth, text = _unquoted(self._lines[at])
            if text.strip() and (depth != self._quoted or len(text) - len(text.lstrip()) < least):
                break
            at += 1
            end = at if text.strip() else end
        return end

    def _html(self, line: str, at: int) -> Iterator[GalleyError]:
        found = HTML.finditer(SPAN.sub("", line)) if "<" in line else ()
        if names := [each["name"].lower() for each in found if not DRAWN.intersection(WORD.findall(each["rest"]))]:
            yield self._error(f"what stands in <{names[0]}>", at)


def _unquoted(line: str, most: int = LONGEST) -> tuple[int, str]:
    """How many quotes a line stands in, of at most so many, and its text inside of them, with blanks for tabs."""
    depth, at = 0, 0
    while ">" in line and depth < most and (mark := QUOTE.match(line, at)):
        depth, at = depth + 1, mark.end()
    return depth, line[at:].expandtabs(TAB)
