"""How deep a text of YAML is nested: asked before it is read.

In the command and in the builder. The reader of YAML that is written in C calls itself for each list in a list, and
Python cannot stop it: at some ten thousand levels the system ends the process, and with it every other page. That
reader's parser, which tells of one list after the other, has no such limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from itertools import takewhile

DEEPEST = 100  # levels; settings that people write have ten
OPENERS = ("[", "{", "- ", "? ", "-\t", "?\t", "-\n", "?\n")


def too_deep(text: str) -> int:
    """The line, from 1, on which a list or a table lies below too many others; 0 where none does.

    A text that is not YAML is too deep as far as it can be read, or it is not: what else is wrong is not told here.
    Each level needs a sign of its own, or a line that is indented further than the one above: so most texts are not
    parsed at all, and one whose levels are all lines would have more bytes than any that is read.
    """
    if sum(map(text.count, OPENERS)) <= DEEPEST:
        return 0
    import yaml

    depth = 0
    with suppress(yaml.YAMLError, ValueError):
        for event in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
            if depth > DEEPEST:
                return int(event.start_mark.line) + 1
    return 0


def settings_too_deep(lines: Sequence[str]) -> int:
    """As `too_deep`, of the settings at a page's top: what MkDocs takes for them, which is more than what it should."""
    if not lines or lines[0].rstrip() != "---":
        return 0
    line = too_deep("\n".join(takewhile(lambda each: each.rstrip() not in ("---", "..."), lines[1:])))
    return line + 1 if line else 0
