"""What MkDocs and its plug-ins alone read in the prose of a page, and an export therefore does not show.

In the command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from galley.source.lines import front_matter, outside_code
from galley.words import counted

ADMONITION = re.compile(r"(?:!!!|\?\?\?\+?) \w")
TAB = re.compile(r'===[!+]? "')
INCLUDED = re.compile(r'--8<-- "')
TEMPLATE = re.compile(r"(?:[^`{]|`[^`]*+`|\{(?![{%]))*+\{[{%]")  # outside of code in the line
BY_NAME = {
    "admonition": (ADMONITION, "MkDocs alone reads"),
    "tab": (TAB, "MkDocs alone reads"),
    "included file": (INCLUDED, "MkDocs alone reads"),
    "template's line": (TEMPLATE, "a plug-in of the builder fills in; the copy that the site offers has it"),
}


def not_shown(page: Path, lines: Sequence[str]) -> Iterator[str]:
    """What of a page an export does not show, a sentence for each form."""
    below = lines[front_matter(lines) :]
    free = [below[at].strip() for at in outside_code(below)]
    for name, (pattern, who) in BY_NAME.items():
        if number := sum(bool(pattern.match(line)) for line in free):
            yield f"{page}: {counted(number, name)}, which {who}"
