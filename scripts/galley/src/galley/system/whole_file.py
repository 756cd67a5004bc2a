"""Writes a file as a whole: whoever reads it finds the old contents or the new ones, and never a part.

In the command, in the builder, and in a page's child.
"""

from __future__ import annotations

from pathlib import Path


def write_whole(file: Path, data: bytes, by: Path | None = None) -> None:
    """Write the bytes into a fresh file, which then takes the name of `file`; its folder must be there.

    `by` is the fresh file's path, on the same disk: beside `file` when not given, with a dot before the name. What an
    interrupted writer left there goes; so does a link, which would lead the writing elsewhere.
    """
    fresh = by or file.with_name(f".{file.name}.new")
    fresh.unlink(missing_ok=True)
    with fresh.open("xb") as opened:
        opened.write(data)
    fresh.replace(file)
