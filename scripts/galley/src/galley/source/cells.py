"""Snippet files: all code of one page, cut into cells by `# %% name` lines.

In every process: the command and the builder read the files, and a page's child cuts the text that it is sent.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from galley.errors import GalleyError, Place
from galley.source.awaited import fits_a_function
from galley.source.commented import SKIP, stands_in_comments, uncommented
from galley.source.digest import code_digest, digest, is_string
from galley.source.grammar import BUILT_IN, FORM, OPTION, Grammar
from galley.source.imports import imported
from galley.source.magics import in_its_place
from galley.source.one_file import compiles, futures_first
from galley.source.reads import awaits, hides_value
from galley.source.shell import SHELL, commands_in
from galley.source.text import read_text

MARKER = re.compile(r"# %%(?P<rest>\s.*)?$")
HEAD = re.compile(r"(?P<name>[a-z0-9][a-z0-9_-]*)(?P<tags>(?:\s+\[[^\]]*\])?)(?P<options>(?:\s+\w+=\"[^\"]*\")*)\s*$")
LONGEST = 100  # letters of a name
LANGUAGE, COMMANDS = 'language="', "# %% name [shell], and in lines below it: # $ command"  # as Jupytext has the first
NO_TAGS: frozenset[str] = frozenset()
CACHED = 2048  # how many cut snippet files are kept: a build asks for each several times


@dataclass(frozen=True)
class Cell:
    """The code from one `# %%` line to the next."""

    name: str
    place: Place  # of the marker
    source: str  # what the page shows: no marker, no caption, no blank lines around it
    first_line: int  # of `source` in the snippet file
    digest: str  # of the code, and of the tags and options that can change its outputs
    imports: tuple[str, ...] = ()  # the modules that its statements name, without what follows a dot
    caption: str = ""
    hides_value: bool = False  # of its last expression: a semicolon stands behind it
    commented: bool = False  # its code stands in comments in the file, so that plain Python does not run it
    tags: frozenset[str] = frozenset()
    options: Mapping[str, Any] = field(default_factory=lambda: BUILT_IN.defaults, hash=False)  # the value of each

    @property
    def raises(self) -> str:
        """The class of the error that the cell must end with; empty where it must not fail."""
        return str(self.options["raises"])

    @property
    def timeout(self) -> float | None:
        """How many seconds the cell may take; None for what the project allows."""
        seconds: float | None = self.options["timeout"]
        return seconds

    @property
    def threads(self) -> int:
        """How many threads the cell may use."""
        return int(self.options["threads"])

    @property
    def uses(self) -> tuple[str, ...]:
        """Paths that the cell declares, since what opens them does not go through Python's own `open`."""
        return tuple(self.options["uses"])

    @property
    def runs(self) -> bool:
        """Whether the cell is run; another is shown alone."""
        return SKIP not in self.tags

    @property
    def awaits(self) -> bool:
        """Whether the cell awaits outside of functions, so that it needs an event loop that runs."""
        return any(word in self.source for word in ("await", "async")) and any(map(awaits, self.statements))

    @property
    def statements(self) -> tuple[ast.stmt, ...]:
        """The code's statements, with the line numbers of the snippet file; none of code that stands in comments.

        They are parsed at each call: keeping the trees of all cells would slow down the build of a large guide.
        """
        if self.commented:
            return ()
        above, below = "\n" * (self.first_line - 1), "\n\n"  # code may end with a backslash, which needs a next line
        return tuple(ast.parse(f"{above}{self.source}{below}").body)


@dataclass(frozen=True)
class SnippetFile:
    """One page's code: its text as `source`, its absolute `path`, and the `grammar` that its cells were read with."""

    stem: str  # its name in fences, where `stem/cell` names a cell
    path: Path
    source: str
    cells: tuple[Cell, ...]
    grammar: Grammar = field(default=BUILT_IN, compare=False, repr=False)

    @cached_property
    def page(self) -> str:
        """The name under which its page is run and recorded."""
        return page_name(self.stem)

    @property
    def threads(self) -> int:
        """How many threads the page asks for: the most that one of its cells does."""
        return max((cell.threads for cell in self.cells), default=1)

    @property
    def network(self) -> bool:
        """Whether the page may reach the network: one of its cells asks for it."""
        return any(cell.options["network"] for cell in self.cells)

    def cell(self, name: str) -> Cell | None:
        """The cell of that name, if there is one."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Cell]:
        return {cell.name: cell for cell in self.cells}


class NoCellsError(GalleyError):
    """A file has code and no line that begins a cell: it is a module, not a page's code."""


def page_name(stem: str) -> str:
    """The name under which a snippet file's page is run and recorded: `basics/deep-dive` for `basics/deep_dive`."""
    return stem.replace("_", "-")


def read_snippets(path: Path, relative: Path, grammar: Grammar = BUILT_IN, stem: str = "") -> SnippetFile:
    """Read and cut a snippet file; `relative` is its path in messages, `stem` its name where the file's is not all.

    Raises GalleyError with the line at fault: a syntax error, code before the first cell, a cell without
    a name, a name used twice, an unknown tag or option, a cell that begins inside a statement.
    """
    return cut(read_text(path, relative), path, relative, grammar, stem)


@lru_cache(maxsize=CACHED)
def cut(source: str, path: Path, relative: Path, grammar: Grammar = BUILT_IN, stem: str = "") -> SnippetFile:
    """Cut the text of a snippet file into its cells; errors as in `read_snippets`."""
    lines = source.split("\n")  # as Python counts lines; splitlines also ends a line at other characters
    body = _parsed(source, lines, relative)
    starts = [each.lineno for each in body]
    futures_first(body, relative)
    try:
        markers = _markers(source, lines, body, starts)
    except (SyntaxError, tokenize.TokenError) as error:  # tokenize refuses a few texts that the parser takes
        raise GalleyError(
            f"syntax error: {error}", Place(relative), "mend what stands on the file's last lines"
        ) from error
    text = _Text(lines, body, starts, relative, grammar)
    _nothing_above(text, markers[0][0] if markers else 0)
    return SnippetFile(stem or path.stem, path, source, text.cells(markers), grammar)


def _parsed(source: str, lines: Sequence[str], relative: Path) -> list[ast.stmt]:
    """The statements of the source; raises GalleyError at the line that Python does not take."""
    try:
        return ast.parse(source).body
    except SyntaxError as error:
        line = error.lineno or (source.partition("\0")[0].count("\n") + 1 if "\0" in source else 0)
        what, mend = in_its_place(lines[line - 1]) if 0 < line <= len(lines) else ("", "")
        raise GalleyError(what or f"syntax error: {error.msg}", Place(relative, line), mend) from error
    except (RecursionError, MemoryError, ValueError) as error:
        what = f"Python cannot take this code in: {str(error) or type(error).__name__}"
        mend = "split the expression or the statement that is nested too deeply, or is too long"
        raise GalleyError(what, Place(relative, _line_at_fault(lines)), mend) from error


def _line_at_fault(lines: Sequence[str]) -> int:
    """The first line of the cell that Python cannot parse even by itself; 0 where it can parse each cell alone.

    The error that Python raises for code that is nested too deeply has no line.
    """
    starts = [at for at, line in enumerate(lines) if MARKER.match(line)]
    for start, end in zip([0, *starts], [*starts, len(lines)], strict=True):
        try:
            ast.parse("\n".join(lines[start:end]))
        except SyntaxError:
            continue  # a marker inside a string cuts it in two
        except (RecursionError, MemoryError, ValueError):
            return start + 1
    return 0


def _markers(source: str, lines: list[str], body: list[ast.stmt], starts: list[int]) -> list[tuple[int, str]]:
    """The line of each marker, and the text behind its `# %%`. Such a line inside a string is no marker."""
    likely = ((line, text) for line, text in enumerate(lines, start=1) if text.startswith("# %%"))
    matches = ((line, MARKER.match(text)) for line, text in likely)
    found = [(line, (match["rest"] or "").strip()) for line, match in matches if match]
    # Where a line lies inside a statement, only tokens, which are slow to get, tell a comment from a part of a string.
    if any(line <= _end_before(body, starts, line) for line, _ in found):
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        comments = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
        found = [(line, rest) for line, rest in found if line in comments]
    return found


def _nothing_above(text: _Text, first: int) -> None:
    """Raises GalleyError for code above line `first`, where the first cell begins; 0 for a file without cells."""
    for statement in text.body:
        if (first and statement.lineno >= first) or is_string(statement):
            continue
        place = Place(text.relative, statement.lineno)
        kind = GalleyError if first else NoCellsError
        raise kind("code stands before the first cell", place, f"put it below a line such as: {FORM}")


def _end_before(body: list[ast.stmt], starts: list[int], line: int) -> int:
    """The last line of the last statement that begins before a line."""
    number = bisect_left(starts, line)
    return (body[number - 1].end_lineno or 0) if number else 0


@dataclass(frozen=True)
class _Text:
    """A snippet file as it is cut: its lines, and its statements with the lines on which they begin."""

    lines: list[str]
    body: list[ast.stmt]
    starts: list[int]
    relative: Path
    grammar: Grammar

    def cells(self, markers: Sequence[tuple[int, str]]) -> tuple[Cell, ...]:
        """The cells that begin at these lines, each with the text behind its `# %%`."""
        ends = [*(line for line, _ in markers), len(self.lines) + 1][1:]
        cells: dict[str, Cell] = {}
        for (start, head), end in zip(markers, ends, strict=True):
            cell = self._cell(head, start, end)
            if cell.name in cells:
                raise GalleyError(f"a second cell is named '{cell.name}'", cell.place, "give each cell its own name")
            cells[cell.name] = cell
        return tuple(cells.values())

    def _cell(self, head: str, start: int, end: int) -> Cell:
        """The cell from the marker in line `start` to the line before `end`."""
        place = Place(self.relative, start)
        name, tags, options = _head(head, place, self.grammar)
        statements = self.body[bisect_right(self.starts, start) : bisect_left(self.starts, end)]
        if start < _end_before(self.body, self.starts, start):
            raise GalleyError("the cell begins inside a statement", place, "move the line above or below it")
        caption, code_start = "", start
        if statements and is_string(statements[0]):
            caption, code_start = _caption(statements.pop(0))
            if statements and statements[0].lineno == code_start:
                where = Place(place.path, code_start)
                raise GalleyError("code stands on the caption's line", where, "give it a line of its own")
        source, first_line = _trimmed(self.lines, code_start, end)
        if commented := stands_in_comments(tags, options, statements, place):
            source = uncommented(source, place, first_line, must_parse=not options["raises"])
        if options["raises"] and not commented:
            compiles(statements, place)
        text = source if commented and options["raises"] else ""  # what counts as it stands, and not for what it does
        text = "\n".join(self.lines[: end - 1]) if "traceback" in tags else text
        code = code_digest(statements) + (digest(text) if text else "")
        hides = hides_value(statements, self.lines[: end - 1])
        cell = Cell(
            name=name,
            place=place,
            source=source,
            first_line=first_line,
            digest=digest(f"{code}{';' * hides} {self.grammar.treated(tags, options)}{_said(source, tags)}"),
            imports=tuple(imported(statements)) if "import" in source else (),
            caption=caption,
            hides_value=hides,
            commented=commented,
            tags=tags,
            options=options,
        )
        fits_a_function(cell, statements)
        self.grammar.check(cell, statements)
        return cell


def _said(source: str, tags: frozenset[str]) -> str:
    """What a cell says beside its Python code: its commands, which are comments to Python."""
    return f" {[each.text for each in commands_in(source)]}" if SHELL in tags else ""


def _head(head: str, place: Place, grammar: Grammar) -> tuple[str, frozenset[str], Mapping[str, Any]]:
    """The name, the tags and the options on a cell's line."""
    match = HEAD.match(head)
    if LANGUAGE in head:
        raise GalleyError("a cell is in Python, or has commands of a shell", place, f"write it as: {COMMANDS}")
    if not match:
        raise GalleyError(f"not a cell line: '# %% {head}'", place, f"write it as: {FORM}")
    if len(match["name"]) > LONGEST:
        what = f"the cell's name has {len(match['name'])} letters, and files are named after it"
        raise GalleyError(what, place, f"shorten it: at most {LONGEST}")
    if not (match["tags"] or match["options"]):
        return match["name"], NO_TAGS, grammar.defaults
    tags = frozenset(match["tags"].strip().strip("[]").replace(",", " ").split())
    given = OPTION.findall(match["options"])
    options = dict(given)
    for words, known, kind in ((tags, grammar.tags, "tag"), (options, grammar.options, "option")):
        if unknown := set(words) - known.keys():
            raise GalleyError(f"unknown {kind} '{min(unknown)}'", place, f"cells know: {', '.join(sorted(known))}")
    if len(options) < len(given):
        twice = next(name for name, _ in given if sum(name == other for other, _ in given) > 1)
        raise GalleyError(f"the option '{twice}' is given twice", place, "leave one of them out")
    return match["name"], tags, grammar.read(options, place)


def _caption(statement: ast.stmt) -> tuple[str, int]:
    assert isinstance(statement, ast.Expr)
    assert isinstance(statement.value, ast.Constant)
    return " ".join(str(statement.value.value).split()), statement.end_lineno or statement.lineno


def _trimmed(lines: list[str], start: int, end: int) -> tuple[str, int]:
    """Lines `start` + 1 to `end` - 1 without blank ones around them, and the number of the first."""
    first, last = start + 1, end - 1
    while first <= last and not lines[first - 1].strip():
        first += 1
    while last >= first and not lines[last - 1].strip():
        last -= 1
    return "\n".join(lines[first - 1 : last]), first
