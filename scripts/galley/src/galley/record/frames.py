"""Takes galley's own frames out of a text.

In the command. A page's cells run on top of galley's code, and plain Python has nothing there. So a dump of the stack
begins with frames that no reader has, and a warning about a caller that is not there names galley's line. What stays
is what Python writes where the page is the program.
"""

from __future__ import annotations

import linecache
import re
from pathlib import Path

FRAME = re.compile(r'\s*File "([^"]*)", line \d+')
WARNED = re.compile(r"(.*?\.py):(\d+): ")
STARTER = "<frozen runpy>"  # `python -m` starts the runner, in frames next to galley's
NOBODY = "sys:1: "  # what Python writes for a caller that is not there
MESSAGE = 50  # the most lines of a warning's message, after which its line of source stands


def without_frames(text: str, galley: Path) -> str:
    """`text` without frames in that folder, and with warnings at its lines as Python gives them without a caller."""
    if f"{galley}/" not in text:
        return text
    blocks = _blocks(text.split("\n"))
    own = [_file(block).startswith(f"{galley}/") for block in blocks]
    dropped = _with_starters(blocks, own)
    lines = [line for block, drop in zip(blocks, dropped, strict=True) if not drop for line in block]
    return "\n".join(_warnings(lines, f"{galley}/"))


def _blocks(lines: list[str]) -> list[list[str]]:
    """The lines, each frame's together with those of its source, which stand deeper below it; others alone."""
    blocks: list[list[str]] = []
    depth: int | None = None  # of the frame that the last line belongs to
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if FRAME.match(line):
            blocks.append([line])
            depth = indent
        elif depth is not None and line.strip() and indent > depth:
            blocks[-1].append(line)
        else:
            blocks.append([line])
            depth = None
    return blocks


def _file(block: list[str]) -> str:
    found = FRAME.match(block[0])
    return found[1] if found else ""


def _with_starters(blocks: list[list[str]], own: list[bool]) -> list[bool]:
    """What is dropped: galley's own blocks, and what started the runner where that stands next to them."""
    dropped = list(own)
    forward = range(1, len(blocks))
    for step, numbers in ((-1, forward), (1, [number - 1 for number in reversed(forward)])):
        for number in numbers:
            dropped[number] |= dropped[number + step] and _file(blocks[number]) == STARTER
    return dropped


def _warnings(lines: list[str], galley: str) -> list[str]:
    """The lines with each warning that names galley's code told as one without a caller, and without its source."""
    kept: list[str] = []
    sources: dict[str, int] = {}  # the line of source that may follow a warning, and until which line
    for line in lines:
        if sources.get(line, -1) >= len(kept):
            sources.pop(line)
            continue
        found = WARNED.match(line) if line.startswith(galley) else None
        if found:
            sources[f"  {linecache.getline(found[1], int(found[2])).strip()}"] = len(kept) + MESSAGE
            line = NOBODY + line[found.end() :]
        kept.append(line)
    return kept
