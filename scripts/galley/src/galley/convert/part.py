"""What every reader of notebooks makes of one: its title and its cells, with what the file says of each.

In the command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Part:
    """A cell of a notebook: its number from 1, its kind, its text, and what the notebook says of it.

    The text of prose is Markdown. `label` is a name that the author gave, `alt` what its picture shows, `error` the
    class of the error that it was recorded with. `drew` and `widget` say whether an output was a picture or a widget.
    `lost` has a sentence for what its reader had no form for.
    """

    number: int
    kind: str  # code, markdown or raw
    text: str
    tags: frozenset[str] = frozenset()
    label: str = ""
    alt: str = ""
    error: str = ""
    drew: bool = False
    widget: bool = False
    attachments: Mapping[str, bytes] = field(default_factory=dict)
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notebook:
    """What a file holds: a title, which may be empty, and its cells."""

    title: str
    parts: tuple[Part, ...]
