"""In the builder: the colours that a program asked its terminal for, as HTML. In the command: a text for a terminal.

Only colours are read. Any other sequence that a terminal would obey (a title, a movement of the cursor) is left out,
and a control character becomes U+FFFD, as in any other recorded text.
"""

from __future__ import annotations

import re

from galley.kinds.markup import ANSI, CONTROL, escape

UPPER = re.compile(r"[\x80-\x9f]")  # the control characters that some terminals take for an escape and a letter
COLOUR = re.compile(r"(\x1b\[[0-9;]{0,64}m)")


def plain(text: str) -> str:
    """A recorded text without colours and without control characters; not yet escaped for HTML."""
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", ANSI.sub("", text))


def for_terminal(text: str) -> str:
    """A text of a page's or a record's for the user's own terminal, which obeys nothing in it."""
    return UPPER.sub("\N{REPLACEMENT CHARACTER}", plain(text))


def only_colours(text: str) -> str:
    """A recorded text with the escape sequences of colours and no others; not yet escaped for HTML."""
    return "".join(each if COLOUR.fullmatch(each) else plain(each) for each in COLOUR.split(text))


def coloured(text: str) -> str:
    """A recorded text as HTML, with its colours; the names of their classes are pygments-ansi-color's."""
    if not COLOUR.search(text):
        return escape(text)  # most texts have no colours; importing Pygments takes time
    from pygments import format as formatted
    from pygments.formatters import HtmlFormatter
    from pygments_ansi_color import AnsiColorLexer

    tokens = AnsiColorLexer(stripnl=False, ensurenl=False).get_tokens(only_colours(text))
    shown = str(formatted(tokens, HtmlFormatter(nowrap=True)))
    return shown if text.endswith("\n") else shown.removesuffix("\n")
