"""Snippet files: all code of one page, cut into cells by `# %% name` lines."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from galley.errors import GalleyError, Place
from galley.source.digest import code_digest, digest, imported, is_string

MARKER = re.compile(r"# %%(?P<rest>\s.*)?$")
HEAD = re.compile(r"(?P<name>[a-z0-9][a-z0-9_-]*)(?P<tags>(?:\s+\[[^\]]*\])?)(?P<options>(?:\s+\w+=\"[^\"]*\")*)\s*$")
OPTION = re.compile(r"(\w+)=\"([^\"]*)\"")
TAGS = frozenset({"claim", "folded", "measured", "setup", "tokens", "trace"})
OPTIONS = frozenset({"draft", "raises", "threads", "timeout", "uses", "verdict"})
VERDICTS = ("true", "false", "changed", "incomplete", "misleading", "bug", "trap")
FORM = '# %% name [tag …] option="value"'


@dataclass(frozen=True)
class Cell:
    """The code from one `# %%` line to the next."""

    name: str
    place: Place  # of the marker
    source: str  # what the page shows: no marker, no caption, no blank lines around it
    first_line: int  # of `source` in the snippet file
    digest: str  # of what the cell does and how its outputs are treated
    imports: tuple[str, ...] = ()  # the modules that its statements name, without what follows a dot
    caption: str = ""
    tags: frozenset[str] = frozenset()
    raises: str = ""
    timeout: float | None = None
    threads: int = 1
    uses: tuple[str, ...] = ()  # paths that the cell opens where Python does not see it
    draft: str = ""  # an earlier, unchecked statement that this claim settles
    verdict: str = ""  # one of VERDICTS, on that statement

    @property
    def statements(self) -> tuple[ast.stmt, ...]:
        """The code as Python reads it, anew at each call: kept trees would slow down the build of a large guide."""
        above, below = "\n" * (self.first_line - 1), "\n\n"  # a line that is continued needs one to go on with
        return tuple(ast.parse(f"{above}{self.source}{below}").body)


@dataclass(frozen=True)
class SnippetFile:
    """One page's code; `source` is the whole text, `path` where it stands."""

    page: str
    path: Path
    source: str
    cells: tuple[Cell, ...]

    @cached_property
    def stem(self) -> str:
        """What fences call the file: `stem/cell`."""
        return self.path.stem

    @property
    def threads(self) -> int:
        """How many threads the page asks for: the most that one of its cells does."""
        return max((cell.threads for cell in self.cells), default=1)

    def cell(self, name: str) -> Cell | None:
        """The cell of that name, if there is one."""
        return self._by_name.get(name)

    @cached_property
    def _by_name(self) -> dict[str, Cell]:
        return {cell.name: cell for cell in self.cells}


VERSIONS = 4  # texts of one file that are kept: one for each of a few profiles
_CUT: dict[tuple[Path, Path], dict[str, SnippetFile]] = {}


def page_name(path: Path) -> str:
    """The page that a snippet file belongs to: `deep_dive.py` is the code of page `deep-dive`."""
    return path.stem.replace("_", "-")


def read_snippets(path: Path, shown: Path) -> SnippetFile:
    """Read and cut a snippet file; `shown` is its path in messages.

    Raises GalleyError with the line at fault: a syntax error, code before the first cell, a cell without
    a name, a name used twice, an unknown tag or option, a cell that begins inside a statement.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise GalleyError(f"cannot be read: {error}", Place(shown)) from error
    return cut(source, path, shown)


def cut(source: str, path: Path, shown: Path) -> SnippetFile:
    """Cut the text of a snippet file into its cells; errors as in `read_snippets`.

    A build asks for the same text several times, so the last few of each file are kept.
    """
    kept = _CUT.setdefault((path, shown), {})
    if source not in kept:
        if len(kept) == VERSIONS:
            kept.pop(next(iter(kept)))
        kept[source] = _cut(source, path, shown)
    return kept[source]


def _cut(source: str, path: Path, shown: Path) -> SnippetFile:
    lines = source.split("\n")  # as Python counts them; splitlines knows more ends of a line
    try:
        tree = ast.parse(source)
        starts = [each.lineno for each in tree.body]
        markers = _markers(source, lines, tree.body, starts)
    except (SyntaxError, tokenize.TokenError) as error:
        line = getattr(error, "lineno", None) or 0
        raise GalleyError(f"syntax error: {getattr(error, 'msg', error)}", Place(shown, line)) from error
    ends = [line for line, _ in markers[1:]] + [len(lines) + 1]
    first = markers[0][0] if markers else len(lines) + 1
    for statement in tree.body:
        if statement.lineno < first and not is_string(statement):
            place = Place(shown, statement.lineno)
            raise GalleyError("code stands before the first cell", place, f"put it below a line such as: {FORM}")
    cells: dict[str, Cell] = {}
    for (start, head), end in zip(markers, ends, strict=True):
        cell = _cell(head, Place(shown, start), lines, start, end, tree.body, starts)
        if cell.name in cells:
            raise GalleyError(f"a second cell is named '{cell.name}'", cell.place, "give each cell its own name")
        cells[cell.name] = cell
    return SnippetFile(page_name(path), path, source, tuple(cells.values()))


def _markers(source: str, lines: list[str], body: list[ast.stmt], starts: list[int]) -> list[tuple[int, str]]:
    """The line and the text of each marker; a marker inside a string is none."""
    likely = ((line, text) for line, text in enumerate(lines, start=1) if text.startswith("# %%"))
    matches = ((line, MARKER.match(text)) for line, text in likely)
    found = [(line, (match["rest"] or "").strip()) for line, match in matches if match]
    within = any(line <= _end_before(body, starts, line) for line, _ in found)
    if within:  # tokens tell a comment from a string; they are slow, and seldom needed
        tokens = tokenize.generate_tokens(io.StringIO(source).readline)
        comments = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
        found = [(line, rest) for line, rest in found if line in comments]
    return found


def _cell(
    head: str, place: Place, lines: list[str], start: int, end: int, body: list[ast.stmt], starts: list[int]
) -> Cell:
    match = HEAD.match(head)
    if not match:
        raise GalleyError(f"not a cell line: '# %% {head}'", place, f"write it as: {FORM}")
    tags = frozenset(match["tags"].strip().strip("[]").replace(",", " ").split())
    options = dict(OPTION.findall(match["options"]))
    for given, known, kind in ((tags, TAGS, "tag"), (options, OPTIONS, "option")):
        if unknown := set(given) - known:
            raise GalleyError(f"unknown {kind} '{min(unknown)}'", place, f"cells know: {', '.join(sorted(known))}")
    if "folded" in tags and (tags & {"claim", "setup", "trace"} or match["name"] == "parameters"):
        raise GalleyError(
            "[folded] folds code below its output, and this cell shows it otherwise", place, "leave it out"
        )
    statements = body[bisect_right(starts, start) : bisect_left(starts, end)]
    if start < _end_before(body, starts, start):
        raise GalleyError("the cell begins inside a statement", place, "move the line above or below it")
    caption, code_start = "", start
    if statements and is_string(statements[0]):
        caption, code_start = _caption(statements.pop(0))
        if statements and statements[0].lineno == code_start:
            where = Place(place.path, code_start)
            raise GalleyError("code stands on the caption's line", where, "give it a line of its own")
    source, first_line = _trimmed(lines, code_start, end)
    raises, threads = options.get("raises", ""), _threads(options.get("threads", "1"), place)
    uses = tuple(options.get("uses", "").split())
    verdict = _verdict(options, tags, place)
    if "claim" in tags:
        _proved(caption, statements, raises, place)
    return Cell(
        name=match["name"],
        place=place,
        source=source,
        first_line=first_line,
        digest=_digest(statements, tags, raises, threads, uses),
        imports=tuple(imported(statements)) if "import" in source else (),
        caption=caption,
        tags=tags,
        raises=raises,
        timeout=_seconds(options.get("timeout"), place),
        threads=threads,
        uses=uses,
        **verdict,
    )


def _digest(statements: list[ast.stmt], tags: frozenset[str], raises: str, threads: int, uses: tuple[str, ...]) -> str:
    """What a cell does and how its outputs are treated, as one digest."""
    treated = f"raises={raises} measured={'measured' in tags} threads={threads}"
    treated += "".join(f" {tag}" for tag in ("trace", "tokens") if tag in tags)
    treated += f" uses={sorted(uses)}" if uses else ""
    return digest(f"{code_digest(statements)} {treated}")


def _proved(caption: str, statements: list[ast.stmt], raises: str, place: Place) -> None:
    """Raises GalleyError for a claim that says nothing, or that nothing tests."""
    if not caption:
        raise GalleyError("a claim without a sentence", place, 'begin its code with """The sentence."""')
    within = (node for statement in statements for node in ast.walk(statement))
    if not raises and not any(isinstance(node, ast.Assert) or _called(node).startswith("assert") for node in within):
        raise GalleyError("the claim asserts nothing", place, "add an assert, or take the tag away")


def _called(node: ast.AST) -> str:
    """The name of the function that a call calls; empty for other nodes."""
    function = node.func if isinstance(node, ast.Call) else None
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _end_before(body: list[ast.stmt], starts: list[int], line: int) -> int:
    """The last line of the last statement that begins before a line."""
    number = bisect_left(starts, line)
    return (body[number - 1].end_lineno or 0) if number else 0


def _verdict(options: dict[str, str], tags: frozenset[str], place: Place) -> dict[str, str]:
    """The statement that a claim settles, and the verdict on it: both or neither, and on a claim alone."""
    draft, verdict = options.get("draft", ""), options.get("verdict", "")
    mend = f'write it as: [claim] draft="what was said" verdict="{"|".join(VERDICTS)}"'
    if bool(draft) != bool(verdict):
        raise GalleyError("a draft and its verdict go together", place, mend)
    if verdict and verdict not in VERDICTS:
        raise GalleyError(f"'{verdict}' is no verdict", place, mend)
    if draft and "claim" not in tags:
        raise GalleyError("only a claim settles what a draft said", place, mend)
    return {"draft": draft, "verdict": verdict}


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


def _seconds(text: str | None, place: Place) -> float | None:
    try:
        seconds = None if text is None else float(text)
    except ValueError:
        seconds = 0.0
    if seconds is not None and not 0 < seconds < 86400:
        raise GalleyError(f"timeout '{text}' is not a number of seconds", place, 'write it as: timeout="120"')
    return seconds


def _threads(text: str, place: Place) -> int:
    if not (text.isdecimal() and len(text) < 5 and 0 < int(text) < 1024):  # int() refuses thousands of digits
        raise GalleyError(f"threads '{text}' is not a number of threads", place, 'write it as: threads="2"')
    return int(text)
