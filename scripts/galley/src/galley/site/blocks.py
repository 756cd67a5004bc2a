"""In the builder: an id for each block of code or output, so that a theme's copy button copies the block it stands on.

Material names a block after the nearest element around it that has an id, and its button copies the first block of that
name. All blocks of a cell, or of any other part of the page with an id, would share one name.
"""

from __future__ import annotations

import re
from itertools import count

# The beginning of a block without an id. What is looked at is bounded, so that no text costs its square.
BLOCK = re.compile(r"<pre(?=[\s>])(?![^>]{0,300}\sid=)")


def with_ids(html: str) -> str:
    """The HTML of a page in which each block has an id of its own.

    The ids have no quotes: in an attribute's value that happens to hold the beginning of a block, they end nothing.
    """
    numbers = count(1)
    return BLOCK.sub(lambda _: f"<pre id=galley-block-{next(numbers)}", html)
