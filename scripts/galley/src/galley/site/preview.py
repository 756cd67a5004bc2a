"""In the command, and in the builder: the pages that failed, which the live preview shows beside the records.

`galley serve` writes the failures into a file outside of the records, and names the file in an environment variable of
its MkDocs alone. So no ordinary build can show a failure or a stale output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from galley.system.whole_file import write_whole

VARIABLE = "GALLEY_PREVIEW"
USED: dict[Path, frozenset[str]] = {}  # in the builder, the snippet files that each page names, by its Markdown file


@dataclass(frozen=True)
class FailedPage:
    """A page's failure as the preview shows it."""

    page: str
    profile: str
    cell: str
    what: str
    detail: str


def preview_file() -> Path | None:
    """The file of the live preview; None unless this process is a child of the `galley serve` that wrote the file.

    So the variable alone, which a shell may still have, shows nothing.
    """
    file = Path(os.environ.get(VARIABLE, ""))
    if not file.is_file() or json.loads(file.read_text(encoding="utf-8"))["server"] != os.getppid():
        return None
    return file


def write_failures(file: Path, failures: Sequence[FailedPage]) -> None:
    """Write the failures into the preview's file, unless it has them already: MkDocs renders again at each write."""
    text = json.dumps({"server": os.getpid(), "failures": [asdict(failure) for failure in failures]}, indent=1)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, text.encode())


def read_failures(file: Path) -> list[FailedPage]:
    """What `write_failures` wrote."""
    return [FailedPage(**each) for each in json.loads(file.read_text(encoding="utf-8"))["failures"]]
