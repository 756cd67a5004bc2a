"""The styles of what galley puts on a page, in parts, so that a page has only the parts that it needs.

In the builder. `base.css` is on every page that shows a cell, `ansi.css` on pages with a terminal's colours. The styles
of a kind of output or a list stand beside its code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent
# A string, which stays as it is, a comment, which goes, and white space, which is shortened. A string or a comment that
# is never closed reaches to the end of its line or of the text, as in CSS; if it did not match, looking for its end
# again from each quotation mark would take the square of its length.
TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\[\s\S])*+"?|' r"'(?:[^'\\\n]|\\[\s\S])*+'?|" r"/\*(?:[^*]|\*(?!/))*+(?:\*/)?|\s*[{};,]\s*|\s+"
)


def styles(parts: Iterable[str] = (), *, colours: bool = False) -> str:
    """The style sheet of a page: what every page needs, and the `parts` of the page's kinds of output and lists."""
    own = [_own("base"), *([_own("ansi")] if colours else [])]
    return "".join([*own, *(minified(part) for part in parts)])


@lru_cache(64)
def minified(css: str) -> str:
    """The same rules without comments and without white space that means nothing; strings stay as they are.

    A space before or after a colon, a bracket or a combinator may mean something, and stays.
    """
    return TOKEN.sub(_shorter, css).replace(";}", "}").strip()


def _shorter(match: re.Match[str]) -> str:
    token = match[0]
    return "" if token.startswith("/*") else token.strip() or " "  # a string has no white space around it


@lru_cache(8)
def _own(name: str) -> str:
    return minified((FOLDER / f"{name}.css").read_text(encoding="utf-8"))
