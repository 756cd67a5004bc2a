"""The code of a notebook's cell as plain Python: what IPython alone understands becomes a comment, and is told.

In the command.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass

# A line that is IPython's own: a magic, a shell's command, a question, or one of these whose answer has a name.
LINE_MAGIC = re.compile(r"\s*+(?:[\w, ]*+=\s*+)?(?P<sign>%|!|\?)(?P<rest>.*+)")
CELL_MAGIC = re.compile(r"%%(?P<name>\w+)(?P<rest>[^\n]*+)\n?")
AS_IS = ("time", "timeit", "capture", "prun", "python", "python3")  # whose code is Python all the same
LANGUAGES = {
    "bash": "bash",
    "sh": "sh",
    "script": "sh",
    "html": "html",
    "javascript": "js",
    "js": "js",
    "latex": "latex",
}
MARK, MARKED = "# %%", "#  %%"  # how a cell's line begins, and how a comment does instead
OF_IPYTHON = {"display", "get_ipython"}
TIMED = "galley records what each cell took; print a time in a cell tagged [measured]"
WHY = {
    "time": TIMED,
    "timeit": TIMED,
    "matplotlib": "galley draws figures without it",
    "load_ext": "galley has no IPython",
    "autoreload": "each run starts anew",
    "pip": "install it into the environment that runs galley",
    "conda": "install it into the environment that runs galley",
    "cd": "a page runs in a folder of its own; the setting `links` brings files into it",
    "run": "import what the file has",
}
INSTEAD = "write it in Python, or a command as `# $ …` in a cell tagged [shell]"
SHELL_LINE = re.compile(r"!(?P<command>[^!\s].*+)")
INSTALLS = ("pip", "conda", "mamba", "uv")  # what a page's sandbox cannot do
DISPLAY = "from IPython.display import display"
OF_DISPLAY = "`display` comes from IPython, which the page then needs: pip install ipython"


@dataclass(frozen=True)
class Code:
    """The code of a cell: as Python, or, with a `language`, as a text that the page shows and does not run.

    `lost` has a sentence for each thing that galley has no form for. The text of a `shell` cell is comments with
    commands.
    """

    text: str
    lost: tuple[str, ...] = ()
    language: str = ""
    shell: bool = False


def as_python(source: str, given: Collection[str] = ()) -> Code:
    """The code of a cell without what is no Python; `given` are names that cells above it import or define."""
    lost = []
    text = source.strip("\n")
    if commands := _commands(text):
        return Code("\n".join(f"# $ {each}" for each in commands), shell=True)
    while (magic := CELL_MAGIC.match(text.lstrip())) and magic["name"] in AS_IS:
        text = text.lstrip()[magic.end() :]
        lost.append(f"`%%{magic['name']}` is left out: {_why_timed(magic['name'])}")
    if magic:
        language = LANGUAGES.get(magic["name"], "text")
        said = f"`%%{magic['name']}{magic['rest'].rstrip()}` is shown and does not run: {INSTEAD}"
        return Code(text.lstrip()[magic.end() :].strip("\n"), (*lost, said), language)
    if wrong := _wrong(text):
        text, told = _without_magics(text)
        lost += told
        wrong = _wrong(text) if told else wrong
    if wrong:
        return Code(text, (*lost, f"is no Python, and is shown without running: {wrong}"), "python")
    own = {*given, *given_by(text)}
    text = text if "display" in own else _shown_last(text)
    for name in _of_ipython(text, own):
        if name == "display":
            text = _with_import(text)
            lost.append(OF_DISPLAY)
        else:
            lost.append(f"`{name}` is IPython's, and there is none: take the line away")
    return Code(_without_marks(_silenced(text)), tuple(lost))


def _commands(text: str) -> list[str]:
    """The commands of a cell that has lines of a shell and no others; none where one installs something."""
    found = [SHELL_LINE.fullmatch(line) for line in text.split("\n") if line.strip()]
    commands = [each["command"].rstrip() for each in found if each]
    odd = any(set(command) & set("\\{$") or command.startswith(INSTALLS) for command in commands)  # or it is changed
    return commands if len(commands) == len(found) and not odd else []


def _shown_last(text: str) -> str:
    """The code whose last statement shows one value with `display`, with the value in its place."""
    body = ast.parse(text).body
    last = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if not (isinstance(last, ast.Call) and isinstance(last.func, ast.Name) and last.func.id == "display"):
        return text
    if len(last.args) != 1 or last.keywords:
        return text
    value, lines = ast.get_source_segment(text, last.args[0]) or "", text.split("\n")
    shown = "\n".join([*lines[: last.lineno - 1], value, *lines[last.end_lineno :]])
    # The lines of a value may belong together by the brackets of the call alone, `*values` is no value, and something
    # may stand before the call on its line.
    return shown if not _wrong(shown) and len(ast.parse(shown).body) == len(body) else text


def _with_import(text: str) -> str:
    """The code with the import of `display` before its first statement; one of the future stays above it."""
    body = ast.parse(text).body
    future = [each for each in body if isinstance(each, ast.ImportFrom) and each.module == "__future__"]
    lines, at = text.split("\n"), (future[-1].end_lineno or 0) if future else 0
    return "\n".join([*lines[:at], DISPLAY, *([] if at else [""]), *lines[at:]])


def _why_timed(name: str) -> str:
    return TIMED if name in ("time", "timeit") else "the cell's output is recorded"


def _wrong(text: str) -> str:
    """What Python does not take of a text; empty where it takes it."""
    try:
        compile(text, "cell", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if MARK in text:
            list(tokenize.generate_tokens(io.StringIO(text).readline))  # which refuses a few texts that Python takes
    except (SyntaxError, tokenize.TokenError, ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    return ""


def _without_magics(text: str) -> tuple[str, list[str]]:
    """The text with IPython's lines as comments, and a sentence for each."""
    lines, lost = text.split("\n"), []
    for at, line in enumerate(lines):
        magic = LINE_MAGIC.fullmatch(line)
        asks = line.rstrip().endswith("?") and not line.lstrip().startswith("#")
        if not magic and not asks:
            continue
        blanks = line[: len(line) - len(line.lstrip())]
        lines[at] = f"{blanks}# {line.strip()}" if at == 0 or not blanks else f"{blanks}pass  # {line.strip()}"
        words = magic["rest"].split() if magic else []
        asks = asks or (magic is not None and magic["sign"] == "?")
        why = "it asks IPython for help" if asks else WHY.get(words[0], INSTEAD) if words else INSTEAD
        lost.append(f"`{line.strip()}` is a comment now: {why}")
    return "\n".join(lines), lost


def _without_marks(text: str) -> str:
    """The code with a blank more in each comment that would begin a cell of its own, with tags and options.

    A line of a string is no comment, and stays as it is.
    """
    lines = text.split("\n")
    if not any(line.startswith(MARK) for line in lines):
        return text
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        row, column = token.start
        if column == 0 and token.string.startswith(MARK):
            lines[row - 1] = lines[row - 1].replace(MARK, MARKED, 1)
    return "\n".join(lines)


def _of_ipython(text: str, own: Collection[str]) -> Iterator[str]:
    """The names of IPython's own that code calls, but for those that the notebook imports or defines."""
    nodes = ast.walk(ast.parse(text))
    used = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    yield from sorted((OF_IPYTHON & used).difference(own))


def given_by(text: str) -> set[str]:
    """The names that code imports from modules or defines."""
    nodes = list(ast.walk(ast.parse(text)))
    imports = (each.names for each in nodes if isinstance(each, ast.ImportFrom))
    given = {alias.asname or alias.name for names in imports for alias in names}
    return given | {each.name for each in nodes if isinstance(each, ast.FunctionDef | ast.ClassDef)}


def _silenced(text: str) -> str:
    """The code with a name for the value of a last expression that a semicolon keeps from being shown."""
    body = ast.parse(text).body
    if not body or not isinstance(body[-1], ast.Expr) or not text.rstrip().endswith(";"):
        return text
    lines = text.split("\n")
    first = body[-1].lineno - 1
    at = len(lines[first].encode()[: body[-1].col_offset].decode())
    lines[first] = f"{lines[first][:at]}_ = {lines[first][at:]}"
    named = "\n".join(lines).rstrip().removesuffix(";")
    # Where the semicolon stood behind a backslash, say, the code stays: the semicolon hides the value, too.
    return text if _wrong(named) else named
