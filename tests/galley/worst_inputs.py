"""The worst inputs of each regular expression of galley, and of what else walks over a long text.

As a program it feeds them all, and says before each what it feeds. The system ends it at an input that takes more than
a few seconds of processor time.
"""

from __future__ import annotations

import ast
import html
import re
import signal
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from galley import folders, toml
from galley.config import Project
from galley.convert import forms, gallery, myst, sessions
from galley.convert.command import DRAWS
from galley.convert.page import make
from galley.convert.part import Notebook, Part
from galley.convert.places import ANCHOR, OF_GALLERIES, Places, stem_of
from galley.convert.read import REST
from galley.errors import GalleyError, Place
from galley.export import book
from galley.export.document import document
from galley.export.of_mkdocs import not_shown
from galley.kinds.ansi import for_terminal, only_colours
from galley.kinds.describe import describe
from galley.kinds.latex import formula
from galley.kinds.markup import escape, inline
from galley.kinds.pictured import of_images
from galley.kinds.rich import MAY_LOAD, SCRIPT
from galley.kinds.richest import ID, SHEET
from galley.kinds.rows import read
from galley.kinds.sanitise import CLOSED, LONG, OPENS, TAG, left_out, sanitised
from galley.kinds.svg import image_html
from galley.kinds.table import NUMERAL, RANGE, WORD
from galley.profile import Profile
from galley.record.compare import FILE_LINE
from galley.record.difference import of_lines, of_text
from galley.record.founded import DIGEST
from galley.record.measured import mask_measured
from galley.record.model import KIND, OUTPUT, CellRecord, Environment, Form, Output, OutputFile, Record
from galley.record.normalise import Where, mask_numbers, normalise
from galley.record.numbers import numbers, repeated
from galley.record.shard import NAME, SHARD
from galley.record.status import State, States, Status
from galley.review.page import change_id
from galley.run.watch import Watch
from galley.site.blocks import with_ids
from galley.site.exec_options import CHECKS
from galley.site.heights import height
from galley.site.html import cell_id
from galley.site.on_code import marked, on_code
from galley.site.page import Page
from galley.site.styles import minified
from galley.site.switched_on import switched_off
from galley.site.typed import typed_by_hand
from galley.source import grammar, values
from galley.source.bound import bound
from galley.source.cells import cut
from galley.source.digest import code_digest
from galley.source.fences import Fence, find_fences, left_over
from galley.source.guide import Guide
from galley.source.magics import in_its_place
from galley.source.proof import unproved
from galley.source.typed import typed
from galley.start import in_toml, in_yaml
from galley.toml import line_of
from galley.update.releases import DEFINED

# Characters of an input: the slowest linear one takes a quarter of a second, a quadratic pattern at ten nanoseconds a
# step half a minute. They are more than `sanitise.LONG`, from which on HTML is read in another way.
SIZE = 70_000
LIMIT = 1.0  # seconds of processor time for one input; the dearest takes a quarter of it
ROOT = Path(tempfile.gettempdir(), "a-guide")  # nothing has to be there
MARKS = (
    "#",
    " ",
    "# ",
    "=",
    "-\n",
    "a\n=",
    "[",
    "](",
    "[](",
    "![a](b",
    "<img ",
    'src="',
    "::: {",
    ":a:`",
    "%%a",
    ".. ",
)
OF_OTHERS = (
    *("a", " ", "`", "a ", "< ", "<a", "{a}`", "{a", ":::{note}", ":a: ", "(a", "%", "# doctest:", " \t", "#", "# %%"),
    *('<a id="', "sphx-glr-", "-py", "# sphinx_gallery_a=", ">>> a", "~", "=", "```{a}", "::::"),
)
BOOK = ("HEADING", "LINK", "NO_SLUG", "STATED")
OF_MKDOCS = ("ADMONITION", "INCLUDED", "TAB", "TEMPLATE")
PAGE = Path("docs/page.md")
SVG = (
    '<svg viewBox="0 0 200 200" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">{}</svg>'
)


@dataclass(frozen=True)
class Worst:
    """Inputs for a function, and the patterns that it uses on them: NAME or text, after the module's name."""

    patterns: tuple[str, ...]
    feed: Callable[[str], object]
    inputs: tuple[str, ...]


def pumped(before: str, unit: str, after: str = "", size: int = SIZE) -> str:
    """`unit` again and again between two texts."""
    return f"{before}{unit * (size // len(unit))}{after}"


def _normalised(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        snippets = Path(folder, "snippets")
        snippets.mkdir()
        (snippets / "page.py").touch()
        folders, names = (("/home/alice", "~"),), (("alice", "<user>"), ("node-7", "<host>"))
        normalise(text, Where(ROOT, snippets, (), folders, names, Path("/opt/galley")))


def _differing(text: str) -> None:
    for was, now in ((f"{text} 1", f"{text} 2"), (f"1 {text}", f"2 {text}"), (f"{text} a", f"{text} b")):
        of_text(was, now)
        of_lines(was, now)


def _other_drawing(inside: str) -> None:
    was, now = (Form("image/svg+xml", "svg", SVG.format(f"{inside}{end}").encode()) for end in ("a", "b"))
    of_images(was, now, 0.1)


def _converted(text: str) -> None:
    for kind in ("markdown", "code"):
        parts = (Part(1, kind, text, label=text), Part(2, "code", "x = 1"))
        make(Notebook("", parts), "a", ROOT, Places("a.md", ROOT, {}, {}, {}))
    DRAWS.search(text)
    REST.search(text)
    stem_of(text)


def _of_others(text: str) -> None:
    """The forms of prose that others have."""
    myst.is_myst(text)
    for each in (text, f":::{{note}}\n{text}\n:::", f"```{{doctest}}\n{text}\n```"):
        list(sessions.cells_of(Part(1, "markdown", myst.as_markdown(each))))
    for pattern in (ANCHOR, sessions.DIRECTIVE):
        pattern.sub("", text)
    for pattern in (OF_GALLERIES, gallery.UNDERLINED, gallery.SPLIT, gallery.SETTING, sessions.HEADER, sessions.OPTION):
        for line in (text, text.replace("\n", " ")):
            pattern.fullmatch(line)
            pattern.match(line)
    for name in ("ref", "func", "math", "pep"):
        forms.role(name, text)
    gallery.blocks_of(f'"""\nA title\n=====\n"""\n{text}')


def _in_docutils(text: str) -> None:
    """What docutils read, as Markdown, and what it said of what it could not read."""
    if find_spec("docutils") is None:
        return
    from docutils import nodes

    from galley.convert.doctree import DISABLED, MARK, UNKNOWN, Writer

    writer, document = Writer(), nodes.section()
    document += nodes.comment("", f"{MARK}0")
    document += nodes.paragraph("", "", nodes.Text(text), nodes.literal("", text))
    writer.document(document)
    writer.text(0)
    UNKNOWN.search(text)
    DISABLED.search(text)


def _cut(head: str) -> None:
    cut(f"# %%{head}\nx = 1\n", ROOT / "snippets/page.py", Path("snippets/page.py"))


def _on_code(text: str) -> None:
    (cell,) = cut(f"# %% one\nx = 1  # {text}\n", ROOT / "snippets/page.py", Path("snippets/page.py")).cells
    marked(cell)
    for name in ("hl_lines", "linenums"):
        with suppress(GalleyError):
            on_code(Fence(Place(PAGE, 1), "page", "one", options={name: text}), cell)


def _fences(text: str) -> None:
    lines = text.split("\n")
    find_fences(lines, PAGE)
    left_over(lines, lines, PAGE)


def _drawn(inside: str) -> None:
    image_html(Form("image/svg+xml", "svg", SVG.format(inside).encode()), "", "one")


def _painted(value: str) -> None:
    for name in ("fill", "style", "d"):
        _drawn(f'<rect {name}="{html.escape(value)}"/>')
        _drawn(f'<rect {name}="fill:{html.escape(value)}"/>')


def _project() -> Project:
    folders = {"docs": ROOT / "docs", "snippets": ROOT / "snippets", "outputs": ROOT / "outputs"}
    return Project(root=ROOT, **folders, profiles=(Profile("laptop", required=True),))


def _record(**packages: str) -> Record:
    facts = Environment("3.11", "Linux", "a CPU", packages)
    return Record("page", "laptop", "2025-01-01", facts, ())


SNIPPETS = cut("# %% one\nx = 1\n", ROOT / "snippets/page.py", Path("snippets/page.py"))


def _exported(text: str) -> None:
    project = _project()
    document(project, Status(SNIPPETS, project.profiles[0], State.FRESH, (), _record()), text.split("\n"))


def _listed_from(file_name: str) -> None:
    code = compile("import os\nos.listdir('/')\n", file_name, "exec")
    exec(code, {})


def _match_all(whole: Iterable[re.Pattern[str]], within: Iterable[re.Pattern[str]] = ()) -> Callable[[str], object]:
    """What holds a text against patterns as the code does: some must fit all of it, some are looked for."""

    def look(text: str) -> None:
        for pattern in whole:
            pattern.fullmatch(text)
        for pattern in within:
            pattern.search(text)

    return look


def _numbered(text: str) -> None:
    page = Page(_project(), PAGE)
    page.scan(text.split("\n"))
    for fence in page.fences:
        assert page.next_fence(fence.name) is fence
        cell_id(page, fence)


def _optioned(text: str) -> None:
    fence = Fence(Place(PAGE, 1), "page", "one", options={"source": "tabbed-left"})
    for name in ("tabs", "result"):
        CHECKS[name](Page(_project(), PAGE), fence, text)


def _cleaned(text: str) -> None:
    quoted = html.escape(text)
    for tag in (f'<p class="{quoted}">', f'<p id="{quoted}">', f'<a href="{quoted}">', f'<img src="{quoted}">', text):
        sanitised(tag, "one-")
        left_out(tag)


def _switched(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "mkdocs.yml").write_text(text, encoding="utf-8")
        (root / "zensical.toml").write_text(f"{text}\n", encoding="utf-8")
        project = replace(_project(), root=root)
        switched_off(Guide(project, {}, (Fence(Place(PAGE, 1), "page", "one"),), ()))


def _typed(text: str) -> None:
    typed(text.split("\n"), PAGE, lambda language: False)
    for language in ("console", "python"):
        typed(["```" + language, *text.split("\n"), "```"], PAGE, lambda language: True)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "mkdocs.yml").write_text(text, encoding="utf-8")
        project = replace(_project(), root=Path(folder))
        typed_by_hand(Guide(project, {}, (), (), {PAGE: "```nothing-known\n```"}))


def _with_extension(text: str) -> None:
    with suppress(in_yaml.UnprovenError):
        in_yaml.Settings(text).with_extension()
    with suppress(in_yaml.UnprovenError, tomllib.TOMLDecodeError):
        in_toml.with_extension(text, dict)


def _bound(text: str) -> None:
    for around in ("{}", "{{value}}`{}`", "{{given}}`{}`", "# {{value}}`{}`"):
        bound(around.format(text).split("\n"), PAGE)
    files = (OutputFile("text/plain", "one.stdout.txt", "", 0),)
    record = replace(
        _record(),
        cells=(CellRecord("one", "", (Output("stdout", files),)),),
        contents={"one.stdout.txt": text.encode()},
    )
    numbers(record, "one")
    guide = Guide(_project(), {}, (), (), {PAGE: text})
    list(repeated(guide, States(guide.project)))


FENCE = '```python exec="on" cell="page/one"\n'
TYPED = (
    "LANGUAGE",
    "TITLE",
    "CALLED",
    "HTML",
    "SPAN",
    "QUOTE",
    "CONTAINER",
    "WORD",
    "FIRST",
    "COMMAND",
    "INPUT",
    "PROMPT",
)
CLAIM = frozenset({"claim"})
BLANKS, BREAKS = pumped("x", " ", "x"), pumped("x", " \n", "x")
DIGITS = (pumped("", "1"), pumped("", "1", "."), pumped("", "1."), pumped("", "1e"), pumped("0.", "0", "1"))
TABLE = {
    "normalise": Worst(
        (
            "galley.record.normalise.ADDRESS",
            "galley.record.normalise.RUNNERS",
            "galley.record.normalise.ID",
            "galley.record.normalise.DRAWN",
            "galley.record.normalise.STEP",
            r"galley.record.normalise: (?:(?<![\w.-])|(?<=-[A-Z])){}(?![\w.-])",
            "galley.record.normalise: anywhere if _is_no_word(name) else alone",
            "galley.record.frames.FRAME",
            "galley.record.frames.WARNED",
            r"galley.record.normalise: {}(?![\w.-])",
            r"galley.record.normalise: \b({}):\d+:",
            r'galley.record.normalise: (File "(?:{})"), line \d+',
        ),
        _normalised,
        (
            *(pumped("page.py", unit) for unit in ("page.py:", "page.py:1", 'File "page.py"', str(ROOT))),
            *(pumped(before, "1") for before in ("page.py:", 'File "page.py", line ')),
            *(pumped("page.py ", unit) for unit in ("0xfffff", "0xffffff", " 0x", "\r")),
            *(pumped("a", unit, "\b") for unit in ("\b", "a\b", "\x1b[", "\x1b[1;", "\x1b[1m")),
            pumped("page.py 0x", "f"),
            *(
                pumped('id="T_12345" ', unit)
                for unit in ('id="', 'id="T_12345', "0", "T_", "T_0", "00000000-", "0000-")
            ),
            *(
                pumped("<0x ", unit)
                for unit in ("&lt;", "-&gt;", "&", "<", "-", " at 0x", "<A at 0xffffff>", " started 999999999", "=")
            ),
            *(
                pumped("/home/alice", unit)
                for unit in ("/tmp/galley-", "/home/alice", "-I/home/alice", "alice@", "'alice'", "node-7-")
            ),
            *(pumped("/opt/galley/", unit) for unit in (".py", ".py:1", "\n/opt/galley/x.py:1: W", " ")),
            *(pumped("/opt/galley/x", unit) for unit in ('\n  File "<frozen runpy>", line 1', '\n  File "', "\n    a")),
        ),
    ),
    "a formula": Worst(
        tuple(f"galley.kinds.latex.{name}" for name in ("COMMAND", "NESTED", "ENVIRONMENT")),
        formula,
        (
            *(pumped("$", unit, "$") for unit in ("\\", "\\a", "a", "$", " ", "\\begin", "\\begin{", "{")),
            *(pumped("\\begin", unit) for unit in (" ", "{", "a", "{a}")),
        ),
    ),
    "a value": Worst(
        ("galley.kinds.rich.SCRIPT", "galley.kinds.rich.MAY_LOAD"),
        _match_all((), (SCRIPT, MAY_LOAD)),
        (pumped("", "<scrip"), pumped("", "javascript"), pumped("", "!"), pumped("", "data")),
    ),
    "styles of a value": Worst(
        ("galley.kinds.richest.SHEET", "galley.kinds.richest.ID"),
        _match_all((), (SHEET, ID)),
        (*(pumped("", unit) for unit in ("<style", "<style>", "<style>a", 'id="', "id", "a")), pumped('id="', "a")),
    ),
    "mask_measured": Worst(
        ("galley.record.measured.MEASURED",),
        mask_measured,
        (
            pumped("", "1 "),
            pumped("", "1,"),
            pumped("", "1"),
            pumped("a", "_1"),
            pumped("1 ", "a"),
            pumped("", "a: "),
            pumped("", "1 a b c "),
            pumped("", "1 a/"),
            pumped("", "time='"),
        ),
    ),
    "bound": Worst(
        (
            *(f"galley.source.bound.{name}" for name in ("TICKS", "ASKED", "HEADING")),
            *(f"galley.record.numbers.{name}" for name in ("NUMBER", "BESIDE", "FIGURE")),
        ),
        _bound,
        (
            *DIGITS,
            *(
                pumped("1", unit)
                for unit in ("`", "``` `", "{value}`", "{value}`a/b`", "{value}`` ", ",111", "1,", "e1", "-1")
            ),
            *(pumped("a/b", unit, after) for unit in ("a", "#1", "/1", "/a", "e1", ":,", ".1") for after in ("", "`")),
            pumped("{value}`a", "/b", "`"),
            pumped("{value}`a", "/1", "#`"),
            *(
                pumped("1", unit)
                for unit in ("](", "](a", "<", "<a", "{", "{a", " #", "-->", "<!-- ", "<!--\n", "    a\n\n")
            ),
        ),
    ),
    "mask_numbers": Worst(
        ("galley.record.normalise.PADDING", "galley.record.normalise.NUMBER"),
        mask_numbers,
        (*DIGITS, BLANKS, pumped("1", " "), pumped("", " ", "-"), pumped("", "  -"), pumped("1e", "1,", "e")),
    ),
    "the line of a file": Worst(
        ("galley.record.compare.FILE_LINE",),
        lambda text: FILE_LINE.sub("#", text),
        (pumped("", ".py:1"), pumped(".py:", "1"), pumped('.py", line ', "1", ":"), pumped("", '.py", line 1')),
    ),
    "another drawing": Worst(
        ("galley.kinds.pictured.WORDS",),
        _other_drawing,
        (
            *(pumped("", unit) for unit in ("<text", "<text ", "<text>", "<text>a<", "<title>", "<desc >")),
            *(pumped("<text", unit, "<") for unit in (" ", "a", "text ", "-")),
            pumped("<text>", "a"),
        ),
    ),
    "the name of a change": Worst(
        ("galley.review.page.UNNAMED",),
        change_id,
        (pumped("", "/"), pumped("", "a/"), pumped("a", "@")),
    ),
    "a difference": Worst(
        ("galley.record.difference.NUMBER", "galley.record.difference.WORD"),
        _differing,
        (
            pumped("", "a "),
            pumped("", "a"),
            pumped("", "\n"),
            *DIGITS,
            BLANKS,
            BREAKS,
            pumped("", "+"),
            pumped("", "-1"),
            pumped("1e", "1"),
            pumped("1e-", "1"),
        ),
    ),
    "cut": Worst(
        ("galley.source.cells.MARKER", "galley.source.cells.HEAD", "galley.source.grammar.OPTION"),
        _cut,
        (
            *(pumped(" ", unit, "!") for unit in (" ", "a", "-", "a ", "[", "a=", 'a="', '"', " \t")),
            *(pumped(" one", unit, "!") for unit in (" ", "[", " [", " []", " a", ' a="', ' a=""', ' a="b"')),
            *(pumped(" one [claim]", unit, "!") for unit in (" ", " [", ' a="', ' a=""', ' draft="b"')),
            *(pumped(f" one {name}", "9", '"') for name in ('timeout="', 'threads="')),
            *(pumped(" one ", "a", end) for end in ("", "=", '="', '=""')),
        ),
    ),
    "a line that IPython may take": Worst(
        ("galley.source.magics.MAGIC", "galley.source.magics.ASKS"),
        in_its_place,
        (
            *(pumped("", unit, "x") for unit in (" ", "%", "!", "?", "a", "a.", "a ", "a=", "=")),
            *(pumped("a =", unit, "x") for unit in (" ", "%", "!", "?")),
            *(pumped("?", unit, "!") for unit in ("a", " ", ".")),
            *(pumped("a", unit, "!") for unit in ("?", "? ", "=")),
            pumped("%a", " b"),
        ),
    ),
    "a line that may be a fence": Worst(
        (
            "galley.source.lines.OPENER",
            "galley.source.fences.ALIKE",
            "galley.source.fences.GALLEYS",
            "galley.source.fences.HEADER",
            "galley.source.lines.CLOSER",
            "galley.source.lines.LETTERED",
            "galley.source.fences.WRITTEN",
            "galley.source.fences.CELL",
        ),
        _fences,
        (
            *(
                pumped("", unit, after)
                for unit in (" ", ">", "> ", "\t", "1", "- ", "`", "~")
                for after in ("x``", "`")
            ),
            f"{pumped('', 'a')}\n\n    ```python exec=",
            pumped("a\n\n", "    ```python exec=\n\n"),
            *(pumped("~~~", unit, "`x") for unit in (" ", "~", "~ ", "a")),
            *(pumped(before, " ", after) for before in ("- ", "1. ", "> - ") for after in ("x``", "x ```exec")),
            *(
                pumped("``` ", unit, after)
                for unit in ("exec ", "cell  ", "list ", " ", "python ")
                for after in ("", "!")
            ),
            *(pumped("```python list", unit, "!") for unit in (" ", " list", "list=", "\t")),
            *(pumped("```python exec", " ", after) for after in ("", "=")),
            *(pumped('```python exec="on"', unit, "!") for unit in (" ", "a", ' a="', ' a=""', ' a="b"', '"', " a")),
            *(pumped('```python exec="on" ', "a", after) for after in ("", "=", '="', '=""')),
            *(pumped("```\n", unit, after) for unit in (" ", ">", "`", "~", "``` ") for after in ("x", "\n```")),
        ),
    ),
    "many lines that may be fences": Worst(
        (),
        _fences,
        (
            4 * pumped("", "```x\n````exec=\n````\n") + "```",
            *(pumped("", unit, after) for unit in ("<!--\n", "<!--", "<!-- ` ") for after in ("", "-->")),
            pumped("", "```x\n````exec=\n````\n"),
            pumped("", "```text\n```python exec=\n", "```"),
            *(
                pumped("", unit)
                for unit in ("```\n", "~~~\n", "```x\n", "```x`\n", "````\n~~~\n", FENCE, f"{FENCE}```\n")
            ),
            "".join(f"``{number}``\n" for number in range(SIZE)),
            "".join(f"{'`' * (3 + number % 50)}x\n" for number in range(SIZE // 30)),
        ),
    ),
    "a block that looks like an output": Worst(
        (*(f"galley.source.typed.{name}" for name in TYPED), "galley.site.typed.WORD"),
        _typed,
        (
            *(
                pumped("```", unit, f"{after}\n```")
                for unit in (" ", "a", ".", "{.", "title", "title=", 'title="', "title ")
                for after in ("", "=", '"')
            ),
            *(pumped('```text title="', unit, '"\n```') for unit in ("output", "result ", "s", "'")),
            *(
                pumped("", unit, after)
                for unit in ("<pre", "<pre ", "<", "\\<pre", "`", "``` <", "a`", "> ", ">", "    > ")
                for after in ("", ">", "`")
            ),
            *(
                pumped("", unit, after)
                for unit in (
                    "- ",
                    "1",
                    "[^",
                    "[^a",
                    "=",
                    "!!! ",
                    "(",
                    "(a) ",
                    "a",
                    "a@",
                    "PS ",
                    "In [",
                    ">>> ",
                    " ",
                    "\t",
                    "#!",
                    "#!/",
                    ":::",
                )
                for after in ("", "\n", ")", "$ ")
            ),
            *(
                pumped("", f"{unit}\n")
                for unit in (
                    "- a",
                    "    - a",
                    "    a\n",
                    "> a",
                    ">",
                    "\n    a\nb",
                    "$ a \\",
                    "* * *",
                    "!!! a\n",
                    "<pre>",
                    "```\n```",
                )
            ),
            *(pumped("In [", "1", after) for after in ("", "]:")),
            pumped("[^", "a", "]:"),
            "".join(f"{' ' * (4 * (number % 40))}- a\n\n" for number in range(SIZE // 80)),
        ),
    ),
    "a name that may hold a constant": Worst(
        tuple(f"galley.source.proof.{name}" for name in ("CONSTANT", "SEVERAL", "IMPORTED", "WORD")),
        lambda text: unproved(replace(SNIPPETS, source=text, cells=(replace(SNIPPETS.cells[0], tags=CLAIM),))),
        tuple(
            pumped(before, unit, after)
            for before in ("", "a", "a:", "a,", "import ", "\n")
            for unit in ("a", " ", ",", ", ", "a\n", "a :", "a,b\n", "import a\n", "\t\n")
            for after in ("", "=", " = 1", "a = ")
        ),
    ),
    "many fences": Worst(
        (),
        _numbered,
        (
            4 * pumped("", f"{FENCE}```\n"),
            "".join(f"{FENCE.replace('one', f'c{number}')}```\n" for number in range(SIZE // 20)),
        ),
    ),
    "a notebook": Worst(
        (
            "galley.convert.command.DRAWS",
            "galley.convert.forms.OTHERS",
            "galley.convert.page.TITLE",
            "galley.convert.read.REST",
            *(f"galley.convert.places.{name}" for name in ("HEADING", "OTHERS")),
            *(f"galley.convert.prose.{name}" for name in ("DIRECTIVE", "IMAGE", "LINK", "ODD")),
            *(f"galley.convert.python.{name}" for name in ("CELL_MAGIC", "LINE_MAGIC", "SHELL_LINE")),
        ),
        _converted,
        (
            *(pumped(before, unit, "x") for before in ("", "# ", "[a](", '<img src="') for unit in MARKS),
            *(pumped("", f"{unit}{end}") for unit in (*MARKS, "`") for end in ("", "\n")),
            *(pumped("x ", unit, "= = ") for unit in ("a", " ", ",", "a=", "%", "!", "?")),
        ),
    ),
    "a notebook in another form": Worst(
        (
            *(f"galley.convert.forms.{name}" for name in ("TICKS", "TITLED")),
            *(f"galley.convert.gallery.{name}" for name in ("SETTING", "SPLIT", "UNDERLINED")),
            *(f"galley.convert.myst.{name}" for name in ("COMMENT", "LABEL", "OPENER", "OPTION", "PLAIN", "ROLE")),
            *(f"galley.convert.places.{name}" for name in ("ANCHOR", "OF_GALLERIES")),
            *(f"galley.convert.sessions.{name}" for name in ("DIRECTIVE", "HEADER", "OPTION")),
        ),
        _of_others,
        (
            *(
                pumped(before, unit, after)
                for before in ("", "`", ">>> ")
                for unit in OF_OTHERS
                for after in ("", "`x")
            ),
            *(pumped("", f"{unit}\n") for unit in OF_OTHERS),
            f"{'`' * (SIZE // 2)}{'x' * (SIZE // 2)}",
        ),
    ),
    "reStructuredText": Worst(
        tuple(f"galley.convert.doctree.{name}" for name in ("DISABLED", "SPECIAL", "UNKNOWN")),
        _in_docutils,
        tuple(pumped("", unit) for unit in ("_", "a_", "*", "`", "\\", "[", 'Unknown directive type "', "a")),
    ),
    "a book": Worst(
        tuple(f"galley.export.book.{name}" for name in BOOK),
        lambda text: [getattr(book, name).sub("", text) for name in BOOK],
        (
            *(pumped(before, unit, "x") for before in ("", "# ", "[a](") for unit in (*MARKS, "{ #", "{", "a }", "- ")),
            *(pumped("", f"{unit}{end}") for unit in (*MARKS, "`", "!!! ", "=== ") for end in ("", "\n")),
        ),
    ),
    "what MkDocs alone reads": Worst(
        tuple(f"galley.export.of_mkdocs.{name}" for name in OF_MKDOCS),
        lambda text: list(not_shown(Path("a.md"), text.split("\n"))),
        tuple(
            pumped(before, unit, after)
            for before in ("", "a`")
            for unit in ("a", "`", "``a", "{", "!!! ", "=== ", "--8<-- ")
            for after in ("", "{{")
        ),
    ),
    "document": Worst(
        ("galley.export.document.LINK", "galley.export.document.OPENS", "galley.export.document.CLOSES"),
        _exported,
        (
            *(
                pumped("", unit, after)
                for unit in ("[", "![", "[x](", "[x]", "](", "[](#", "[]")
                for after in ("", "](")
            ),
            *(pumped("[x](", unit) for unit in ("a", ".md", "a.md#", "/", "#")),
            *(pumped("[x](a.md#", "a", after) for after in ("", "#", ")")),
            *(pumped("", unit, "``") for unit in (" ", ">", "> ")),
            *(pumped(FENCE, unit, "x\n```") for unit in (" ", ">", "> ", "`", "~", "``` ")),
            pumped("", FENCE),
        ),
    ),
    "an output's name": Worst(
        ("galley.record.model.OUTPUT",),
        OUTPUT.fullmatch,
        (pumped("", "a"), pumped("a.", "a"), pumped("a.a.", "a", "-"), pumped("", "a.")),
    ),
    "a kind's name": Worst(("galley.record.model.KIND",), KIND.fullmatch, (pumped("", "a"), pumped("a", "-"))),
    "a line of TOML": Worst(
        ("galley.toml.PARTS",),
        lambda text: line_of(text, ("a",)),
        (
            *(pumped("a = [\n", unit, "]\n") for unit in ('"]",\n', "1,\n", "[1],\n", "'}',\n", "# ]\n")),
            *(pumped('a = """', unit, '"""\n') for unit in ("x", '"x', '""x', "\\\\", "\n", "]\n")),
            *(pumped("a = '''", unit, "'''\n") for unit in ("x", "'x", "''x", "\n", "]\n")),
            *(pumped('a = "', unit, '"\n') for unit in ("x", "\\\\", "[", "#")),
            pumped("#", "#", "\na = 1\n"),
            pumped("", "#\n", "a = 1\n"),
        ),
    ),
    "the settings of a builder": Worst(
        (),
        _with_extension,
        tuple(
            pumped(before, unit, after, SIZE // 4)  # PyYAML's parser that marks all places is Python, and slow
            for before, unit, after in (
                ("markdown_extensions:\n", "- a\n", ""),
                ("markdown_extensions:\n- a\n", " # a\n", "x: 1\n"),
                ("markdown_extensions: [", "a,", "]\n"),
                ("markdown_extensions: ", "[", ""),
                ("a: &a [", "[*a],", "]\n"),
                ("", "a: 1\n", ""),
                ("project.markdown_extensions = [\n", "'a', # ]\n", "]\n"),
                ("[project.markdown_extensions.a]\n", "# a\n", ""),
            )
        ),
    ),
    "HTML": Worst(
        tuple(f"galley.kinds.sanitise.{name}" for name in ("TAG", "OPENS", "CLOSED")),
        lambda text: (
            *(sum(1 for _ in each.finditer(text)) for each in (TAG, OPENS, CLOSED)),
            *(left_out(text), left_out(f"{text[:LONG]}>"), sanitised(text[:LONG], "x")),
        ),
        tuple(
            pumped("", unit, after)
            for unit in (
                "<a",
                "<a ",
                '<a b="c" ',
                '<a href="',
                "<!--",
                "<?",
                "<![CDATA[",
                "<div>",
                "<b><i>",
                "<b >x",
                "<b ",
                "&",
                "<",
            )
            for after in ("", ">")
        ),
    ),
    "a setting": Worst(
        (
            *(f"galley.toml.{name}" for name in ("VARIABLE", "MODULE", "MEMBER")),
            "galley.toml.AT_LINE",
            "galley.folders.NAME",
            "galley.folders.RESERVED",
            "galley.toml.CONTROL",
        ),
        _match_all(
            (folders.NAME, folders.RESERVED, toml.VARIABLE, toml.MODULE, toml.MEMBER),
            (toml.CONTROL, toml.AT_LINE),
        ),
        tuple(
            pumped(before, unit, after)
            for before, unit in (
                ("", "a"),
                ("", "a."),
                ("a:", "a"),
                ("", "."),
                ("", "-"),
                ("", "com1."),
                ("", "at line "),
                ("at line ", "1"),
            )
            for after in ("", "!", ":")
        ),
    ),
    "a digest": Worst(
        ("galley.source.digest.REFERENCE",),
        lambda text: code_digest(ast.parse(f"x = {text!r}").body),
        (pumped("", "\0"), pumped("\0", "1"), pumped("", "\0001")),
    ),
    "grammar": Worst(
        ("galley.source.values.DIGITS", "galley.source.grammar: [a-z0-9][a-z0-9-]*", r"galley.source.grammar: \w+"),
        _match_all((values.DIGITS, *grammar.NAMES.values())),
        (pumped("", "1"), pumped("", "a"), pumped("", "a-"), pumped("", "-")),
    ),
    "escape": Worst(
        ("galley.kinds.markup.ANSI", "galley.kinds.markup.CONTROL"),
        escape,
        (
            *(pumped("", unit) for unit in ("\x1b", "\x1b[", "\x1b]", "\x1b[0", "\x1b]x", "\x1b\\", "\x07")),
            *(pumped("\x1b[", unit, after) for unit in ("0", " ", ";", "0 ") for after in ("", "\n", "é")),
            *(pumped("\x1b]", unit, after) for unit in ("0", " ", "]") for after in ("", "\x1b", "\x1b]")),
        ),
    ),
    "colours": Worst(
        ("galley.kinds.ansi.COLOUR", "galley.kinds.ansi.UPPER"),
        lambda text: (only_colours(text), for_terminal(text)),
        (
            *(pumped("", unit) for unit in ("\x1b[", "\x1b[0;", "\x1b[0m", "\x1b")),
            *(pumped("\x1b[", unit, after) for unit in ("0", ";", "0;") for after in ("", "m", "x")),
        ),
    ),
    "a cell of a table": Worst(
        ("galley.kinds.rows.ESCAPED",),
        read,
        tuple(pumped("a\n", unit, "\n") for unit in ("\\", "\\t", "\\x", "a")),
    ),
    "the number in a cell": Worst(
        ("galley.kinds.table.NUMERAL", "galley.kinds.table.RANGE", "galley.kinds.table.WORD"),
        lambda text: (NUMERAL.fullmatch(text), RANGE.fullmatch(text), WORD.findall(text)),
        (
            *(pumped("", unit, after) for unit in ("1", ",111", "1,111", "a", "–") for after in ("", "!1", "–1")),
            *(pumped("1e", unit, "x") for unit in ("1", "-")),
            *(pumped("1 a–1", unit, "–") for unit in ("1", "a", "%–1")),
        ),
    ),
    "an option of a fence": Worst(
        (r"galley.site.exec_options: (?<!\\)\|", "galley.site.exec_options: [\\w+#.-]*"),
        _optioned,
        (pumped("", "\\"), pumped("", "\\|"), pumped("", "a", "!"), pumped("", "+#.-", " ")),
    ),
    "HTML of a record": Worst(
        (
            *(f"galley.kinds.sanitise.{name}" for name in ("CLASSES", "PICTURE", "UNSEEN", "NUMBERED")),
            "galley.kinds.sanitise: [A-Za-z][A-Za-z0-9+.-]*",
        ),
        _cleaned,
        (
            *(pumped(before, "a", after) for before in ("", "-Color", "language-", "tabbed-") for after in ("", "!")),
            *(pumped("", unit) for unit in ("exec-1--", "exec-1", "-", "/", "\\", " ", "\x01", "a:", "a+", "note ")),
            *(pumped(before, "1", after) for before in ("exec-", "data:image/png;") for after in ("", "--", ",")),
            pumped("", "<p>"),
            pumped("", "<"),
        ),
    ),
    "what a catalogue pins": Worst(
        ("galley.record.founded.DIGEST",),
        DIGEST.fullmatch,
        (pumped("", "a"), pumped("", "a:"), pumped("", "a-", ":"), pumped("sha256:", "f"), pumped("", "f", ":x")),
    ),
    "a shard": Worst(
        ("galley.record.shard.SHARD",),
        SHARD.fullmatch,
        (pumped("", "1"), pumped("1/", "1"), pumped("", "0"), pumped("1", "/1")),
    ),
    "the note of a shard": Worst(
        ("galley.record.shard.NAME",),
        NAME.fullmatch,
        (pumped("shard-", "1"), pumped("shard-1-of-", "1"), pumped("shard-", "1", ".json"), pumped("", "shard-")),
    ),
    "what a module of a release defines": Worst(
        ("galley.update.releases.DEFINED",),
        lambda text: DEFINED.findall(text.encode()),
        (
            *(pumped("", unit, after) for unit in ("def ", "class ", "d", "def") for after in ("", "(")),
            pumped("def", " "),
        ),
    ),
    "the blocks of a page": Worst(
        ("galley.site.blocks.BLOCK",),
        with_ids,
        (pumped("", "<pre "), pumped("<pre ", "a", " id="), pumped("<pre", " "), pumped("<pre ", " id", "=")),
    ),
    "how high a cell is": Worst(
        ("galley.site.heights.TAG",),
        lambda text: height(f"<pre>{text}</pre>"),
        (
            *(pumped("", unit) for unit in ("<", "<a", "</", "<a ", "<pre", "</pre>", "<svg ", "<details ", "x\n")),
            *(pumped("<", "a", after) for after in ("", ">", "<")),
            *(pumped('<svg viewBox="', unit, after) for unit in ("1 ", "1", " ") for after in ("", '">')),
        ),
    ),
    "a style sheet of galley's": Worst(
        ("galley.site.styles.TOKEN",),
        minified,
        (
            *(pumped("", unit) for unit in ('"', "'", "/*", "*/", "/**", "/* a ", " ", " ;", '"\\', "/* *", "{ ")),
            *(pumped("/*", unit, after) for unit in ("*", "a", "* ") for after in ("", "/")),
            *(pumped('"', unit, after) for unit in ("a", '\\"', "\\") for after in ("", '"', "\n")),
        ),
    ),
    "a builder's settings": Worst(
        ("galley.site.switched_on.FORMER", "galley.site.switched_on.TABLE"),
        _switched,
        (
            *(pumped("", unit) for unit in (" ", "#", "!", "!!python/name:", "a")),
            *(pumped("#", unit) for unit in ("!!python/name:galley.", " ")),
            *(pumped("[", unit) for unit in ("project.", "markdown_extensions", " ")),
            pumped("", " ", "markdown_extensions = []"),
        ),
    ),
    "inline": Worst(
        ("galley.kinds.markup.CODE",),
        inline,
        (pumped("", "`"), pumped("`", "a"), pumped("", "``a"), pumped("", "`a"), pumped("", "` ")),
    ),
    "a style sheet": Worst(
        ("galley.kinds.svg.EVERYTHING",),
        lambda text: _drawn(f"<style>{html.escape(text)}</style>"),
        (
            *(pumped(before, " ", "x") for before in ("", "*", "*{", "*{}")),
            *(pumped("*{", unit, after) for unit in ("a", ";", " ;", "a: b;") for after in ("", "{", "}", "}x")),
        ),
    ),
    "an attribute": Worst(
        (
            "galley.kinds.svg.URL",
            "galley.kinds.svg.REFERRED",
            "galley.kinds.svg.FINE",
            "galley.kinds.svg.OUTSIDE",
            "galley.kinds.svg.BLACK",
            "galley.kinds.svg.WHITE",
        ),
        _painted,
        (
            *(
                pumped("", unit, after)
                for unit in ("url(", "url(#a", "url('", "url( ", "URL(", "#", "#a", "# ", "1", ".1")
                for after in ("", "'", ")")
            ),
            *(
                pumped("url(", unit, after)
                for unit in (" ", "#", "'", '"', "' ", "# ")
                for after in ("", "'", "' x)", "\"' )")
            ),
            *(pumped("url('", " ", after) for after in ("", "'", "' x", "')")),
            *(pumped("", unit) for unit in ("image", "src", "rgb(0, ", ";", "fill:", "url(#a)", "javascript", "/")),
            pumped("rgb(0,", " "),
        ),
    ),
    "a picture": Worst(
        ("galley.kinds.svg.PIXELS",),
        lambda text: _drawn(f'<image href="{html.escape(text)}"/>'),
        (
            pumped("", " "),
            *(pumped("data:image/png;base64,", unit, after) for unit in ("A", " ", "A ") for after in ("", "!")),
        ),
    ),
    "options that are about code": Worst(
        (
            "galley.site.on_code.LINES",
            "galley.site.on_code.NUMBERS",
            "galley.site.on_code.MARK",
            r"galley.site.on_code: \d+",
        ),
        _on_code,
        (
            *(pumped("", unit, after) for unit in ("1", "1 ", "1-1 ", "12-34\t") for after in ("", "x")),
            *(pumped("1", unit, after) for unit in (" ", "\t", "-") for after in ("", "x")),
            *(pumped("", unit) for unit in ("(", "(1", "(1)", "#(1")),
        ),
    ),
    "describe": Worst(
        ("galley.kinds.describe.BREAK",),
        lambda text: describe(text, lambda value: str(value)),
        (BLANKS, BREAKS, pumped("", "\n"), pumped("", " "), pumped("", "\t ", "\n")),
    ),
    "a listing": Worst(
        ("galley.run.watch.IMPORTING",),
        _listed_from,
        (pumped("", "/"), pumped("", "/importlib"), pumped("<frozen ", "<frozen "), pumped("", "importlib/")),
    ),
}


def main() -> None:
    """Feed everything; standard output says what is fed now."""
    Watch(ROOT).start()
    for name, worst in TABLE.items():
        for text in worst.inputs:
            print(f"{name}: {text[:40]!r} … {text[-20:]!r}", flush=True)
            signal.setitimer(signal.ITIMER_PROF, LIMIT)  # its signal ends a process also while a pattern looks
            with suppress(GalleyError):
                worst.feed(text)


if __name__ == "__main__":
    main()
