"""In the builder: the styles of what galley puts on a page, in parts, so that a page carries those that it needs.

`base.css` is on every page that shows a cell. Each other file is named after what needs it: a kind of output
(`trace`, `tokens`, `image`), a list (`claims`, `corrections`) or a form of text (`ansi`).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache
from pathlib import Path

BASE = "base"
FOLDER = Path(__file__).parent
# What may not be touched (a string), what goes (a comment), and what can be said shorter (white space).
TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'|/\*[^*]*\*+(?:[^/*][^*]*\*+)*/|\s*[{};,]\s*|\s+')


def styles(used: Collection[str]) -> str:
    """The style sheet of a page that shows what `used` names; a name without styles of its own adds nothing."""
    return "".join(_part(name) for name in (BASE, *sorted(set(used) & _parts())))


def minified(css: str) -> str:
    """The same rules without comments and without white space that means nothing; strings stay as they are.

    A space before or after a colon, a bracket or a combinator may mean something, and stays.
    """
    return TOKEN.sub(_shorter, css).replace(";}", "}").strip()


def _shorter(match: re.Match[str]) -> str:
    token = match[0]
    return "" if token.startswith("/*") else token.strip() or " "  # a string has no white space around it


@cache
def _parts() -> frozenset[str]:
    return frozenset(path.stem for path in FOLDER.glob("*.css")) - {BASE}


@cache
def _part(name: str) -> str:
    return minified((FOLDER / f"{name}.css").read_text(encoding="utf-8"))
