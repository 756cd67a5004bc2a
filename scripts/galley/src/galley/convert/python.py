"""The code of a notebook's cell as plain Python: what IPython alone understands becomes a comment, and is told.

In the command.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
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
WHY = {
    "matplotlib": "galley draws figures without it",
    "load_ext": "galley has no IPython",
    "autoreload": "each run starts anew",
    "pip": "install it into the environment that runs galley",
    "conda": "install it into the environment that runs galley",
    "cd": "a page runs in a folder of its own; the setting `links` brings files into it",
    "run": "import what the file has",
}
INSTEAD = "write it in Python, or a command as `# $ …` in a cell tagged [shell]"


@dataclass(frozen=True)
class Code:
    """The code of a cell: as Python, or, with a `language`, as a text that the page shows and does not run.

    `lost` has a sentence for each thing that galley has no form for.
    """

    text: str
    lost: tuple[str, ...] = ()
    language: str = ""


def as_python(source: str) -> Code:
    """The code of a cell without what is no Python."""
    lost = []
    text = source.strip("\n")
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
    lost += [f"`{name}` is IPython's: print the value, or let it be the cell's last line" for name in _of_ipython(text)]
    return Code(_without_marks(_silenced(text)), tuple(lost))


def _why_timed(name: str) -> str:
    if name in ("time", "timeit"):
        return "galley records what each cell took; print a time in a cell tagged [measured]"
    return "the cell's output is recorded"


def _wrong(text: str) -> str:
    """What Python does not take of a text; empty where it takes it."""
    try:
        compile(text, "cell", "exec", dont_inherit=True)
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


def _of_ipython(text: str) -> Iterator[str]:
    """The names of IPython's own that code calls and does not import or define."""
    nodes = list(ast.walk(ast.parse(text)))
    used = {each.id for each in nodes if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Load)}
    imports = (each.names for each in nodes if isinstance(each, ast.ImportFrom))
    given = {alias.asname or alias.name for names in imports for alias in names}
    given |= {each.name for each in nodes if isinstance(each, ast.FunctionDef)}
    yield from sorted((OF_IPYTHON & used) - given)


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
    return (
        text if _wrong(named) else named
    )  # where the semicolon stood behind a backslash, say; it hides the value, too
