"""The kind of output of a cell with commands of a shell: what one command wrote, to standard output or to error.

In every process. A cell has such an output for each of its commands, in their order; a command that wrote nothing has
an empty one. `galley.run.shell` captures them.
"""

from __future__ import annotations

from typing import Any

from galley.kinds.kind import At
from galley.kinds.text import Stdout, Text
from galley.record.model import Shown
from galley.source.shell import SHELL


class Shell(Text):
    """What a command wrote, in the order in which a terminal shows it."""

    name = tag = SHELL
    columns = True
    # The prompt is no text, so that nobody copies it.
    css = '.galley-command code::before { content: "$ "; opacity: .6; }\n'

    def html(self, shown: Shown, at: At) -> str:
        """The text as it is; nothing of a command that wrote nothing."""
        return super().html(shown, at) if shown.forms[0].data else ""

    def notebook(self, shown: Shown, number: int) -> dict[str, Any] | None:
        """A stream, as the cell magic for a shell makes it."""
        made = super().notebook(shown, number)
        return {**made, "name": Stdout.name} if made and shown.forms[0].data else None
