"""What came of each cell of a page that ran again.

In the command, and in pytest's process.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from galley.record.model import Name
from galley.source.cells import Cell


class Result(StrEnum):
    """How a cell ended that was to repeat its record."""

    SAME = "same"
    MAY = "differs and may"  # its line says why, or the record is of other versions
    DIFFERS = "differs"
    FAILED = "failed"
    UNKNOWN = "no result"  # its page failed, so that nothing is known of the cell


@dataclass(frozen=True)
class Outcome:
    """The result of a cell of a page under a profile; `said` is what there is to tell, `seconds` what the cell took."""

    page: Name
    cell: Cell
    result: Result
    said: str = ""
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.cell.name}: {self.result}"


def to_json(outcomes: Iterable[Outcome], errors: Iterable[str]) -> str:
    """The outcomes for other programs, with what cannot be said of a cell that ran."""
    cells = [
        {
            "page": each.page.page,
            "profile": each.page.profile,
            "cell": each.cell.name,
            "file": each.cell.place.path.as_posix(),
            "line": each.cell.place.line,
            "result": str(each.result),
            "seconds": each.seconds,
            "said": each.said,
        }
        for each in outcomes
    ]
    return json.dumps({"cells": cells, "errors": list(errors)}, indent=1, ensure_ascii=False)
