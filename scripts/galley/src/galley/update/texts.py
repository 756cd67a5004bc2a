"""The texts of a project that an update changes: plain files inside of it, with the ends of their lines as they are.

In the command. A commit can have links, and a link that leads out of the copy would lead into the user's own files.
"""

from __future__ import annotations

from pathlib import Path

from galley.record.plain import LIST, bytes_of


def text_of(root: Path, file: Path) -> str | None:
    """The text of a file; None where it lies outside of `root`, is no plain file, is too large, or is no UTF-8."""
    try:
        there = file.resolve()
        return bytes_of(there, LIST).decode() if there.is_relative_to(root.resolve()) else None
    except (OSError, ValueError, RuntimeError):  # links lead in a circle, among others
        return None


def put_text(file: Path, text: str) -> None:
    """Write what `text_of` has read, changed or not."""
    file.resolve().write_bytes(text.encode())
