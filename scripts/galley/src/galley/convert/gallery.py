"""Cuts a script of sphinx-gallery into its blocks of prose and of code.

In the command. Jupytext reads such scripts too, but leaves what sphinx-gallery takes as prose below `# %%` in the code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from galley.source.digest import is_string

UNDERLINED = re.compile(r"^(?P<line>[=\-~^#*+\"'`.:_]{3,}) *$")
SPLIT = re.compile(r"^(?:#{20,}|# ?%%)(?P<rest>.*)$")
SETTING = re.compile(r"^#\s*sphinx_gallery_(?P<name>\w++)(?:\s*=\s*(?P<value>\S.*))?$")
IGNORED, SHOWN = "start_ignore", "end_ignore"


@dataclass(frozen=True)
class Block:
    """A block of a script: reStructuredText, or code; `hidden` code runs and is not shown.

    `settings` are the values of the comments for sphinx-gallery, by name, which are no part of the code.
    """

    kind: str  # prose or code
    text: str
    hidden: bool = False
    settings: tuple[tuple[str, str], ...] = ()


def blocks_of(text: str) -> list[Block] | None:
    """The blocks of a script; None where it is none of sphinx-gallery, whose mark is a docstring with a title."""
    try:
        body = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if not body or not isinstance(body[0], ast.Expr) or not is_string(body[0]):
        return None
    docstring = ast.literal_eval(body[0].value).strip("\n")
    if not any(UNDERLINED.match(line) for line in docstring.split("\n")):
        return None
    below = text.split("\n")[body[0].end_lineno or 0 :]
    return [Block("prose", docstring), *_blocks(below)]


def _blocks(lines: list[str]) -> Iterator[Block]:
    at, code = 0, list[str]()
    while at < len(lines):
        split = SPLIT.match(lines[at])
        if not split:
            code.append(lines[at])
            at += 1
            continue
        yield from _of_code(code)
        prose, at, code = [split["rest"].strip()], at + 1, []
        while at < len(lines) and lines[at].startswith("#") and not SPLIT.match(lines[at]):
            prose.append(lines[at].removeprefix("#").removeprefix(" ").rstrip())
            at += 1
        if found := "\n".join(prose).strip("\n"):
            yield Block("prose", found)
    yield from _of_code(code)


def _of_code(lines: list[str]) -> Iterator[Block]:
    """The code of a block; what stands between the two comments that hide code is a block of its own."""
    kept, settings, hidden = list[str](), list[tuple[str, str]](), False
    for line in [*lines, f"# sphinx_gallery_{SHOWN}"]:
        setting = SETTING.match(line)
        if not setting:
            kept.append(line)
        elif setting["name"] in (IGNORED, SHOWN):
            if found := "\n".join(kept).strip("\n"):
                yield Block("code", found, hidden, tuple(settings))
                settings = []
            kept, hidden = [], setting["name"] == IGNORED
        else:
            settings.append((setting["name"], (setting["value"] or "").strip()))
