"""In the command, and in the builder: what the live preview knows beyond the records, which is the pages that failed.

It stands in a file outside the records, named by an environment variable that only `galley serve` sets, so
that no ordinary build can show a failure or a stale output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

VARIABLE = "GALLEY_PREVIEW"


@dataclass(frozen=True)
class FailedPage:
    """A page's failure as the preview shows it."""

    page: str
    profile: str
    cell: str
    what: str
    detail: str


def preview_file() -> Path | None:
    """The preview's file; None unless this process is the child of the `galley serve` that wrote it.

    A variable that some shell still carries shows nothing.
    """
    file = Path(os.environ.get(VARIABLE, ""))
    if not file.is_file() or json.loads(file.read_text(encoding="utf-8"))["server"] != os.getppid():
        return None
    return file


def write_failures(file: Path, failures: Sequence[FailedPage]) -> None:
    """Replace what the preview knows, and leave the file alone where nothing changed."""
    text = json.dumps({"server": os.getpid(), "failures": [asdict(failure) for failure in failures]}, indent=1)
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_suffix(".new")
        fresh.unlink(missing_ok=True)  # a link would lead the writing elsewhere
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)


def read_failures(file: Path) -> list[FailedPage]:
    """What `write_failures` wrote."""
    return [FailedPage(**each) for each in json.loads(file.read_text(encoding="utf-8"))["failures"]]
