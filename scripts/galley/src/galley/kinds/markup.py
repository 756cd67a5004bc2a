"""Recorded text as HTML: escaped, without terminal colours and without control characters.

In the builder.
"""

from __future__ import annotations

import html
import re

ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")  # and halves of characters, which no file holds
CODE = re.compile(r"`([^`]+)`")


def escape(text: str) -> str:
    """`text` as it may stand in HTML, without terminal sequences."""
    return html.escape(CONTROL.sub("\N{REPLACEMENT CHARACTER}", ANSI.sub("", text)))


def inline(text: str) -> str:
    """A caption as HTML; only `code` in backticks is marked up."""
    return CODE.sub(r"<code>\1</code>", escape(text))


def plain(text: str) -> str:
    """A caption as a text without marks, such as an attribute holds."""
    return CODE.sub(r"\1", text)


def cut_note(cut: int, done: str) -> str:
    """The line under an output that was cut; `done` is the verb for the missing bytes, `printed` or `recorded`."""
    return f'<p class="galley-cut">{cut:,} more bytes were {done} and are cut here</p>' if cut else ""
