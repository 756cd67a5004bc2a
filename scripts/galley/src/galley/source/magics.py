"""What IPython takes and Python does not: magic commands, commands of a shell behind a `!`, questions with a `?`.

In the command and in the builder. Asked for a line at which Python found a mistake in the syntax.
"""

from __future__ import annotations

import re

MAGIC = re.compile(r"\s*+(?:[\w.,]++\s*+=\s*+)?+(?P<sign>%{1,2}+|!{1,2}+)(?P<word>[^\s%!]++)?+(?P<rest>.*+)$")
ASKS = re.compile(r"\s*+(?:\?{1,2}+[\w.%*]++|[\w.%*]++\?{1,2}+)\s*+$")
# Magic commands for commands of a shell: those whose name is the command's own, and those with a command behind it.
OWN = frozenset({"cat", "conda", "cp", "ls", "mkdir", "mv", "pip", "rm", "rmdir", "uv"})
SHELLS = frozenset({"bash", "script", "sh", "sx", "system"})
PLAIN = "leave it out, or write it as plain Python"


def in_its_place(line: str) -> tuple[str, str]:
    """What a line is that Python does not take, and what to write in its place; two empty texts for any other line."""
    if ASKS.match(line):
        return f"'{line.strip()}' is a question to IPython, and no Python", "leave it out, or call help()"
    found = MAGIC.match(line)
    if not found or not found["word"]:
        return "", ""
    sign, word = found["sign"], found["word"]
    said = f"'{sign}{word}'"
    if sign.startswith("!") or word in OWN:
        return f"{said} is a command of a shell in IPython, and no Python", _cell(f"{word}{found['rest']}".strip())
    if word in SHELLS:
        return f"{said} is a magic command of IPython for a shell, and no Python", _cell("command")
    return f"{said} is a magic command of IPython, and no Python", PLAIN


def _cell(command: str) -> str:
    return f"write a cell with commands of a shell: # %% name [shell], and in a line below it: # $ {command}"
