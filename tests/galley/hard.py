"""How much of the tests that could go on for ever is done: a little of each, or with `make test-hard` all of it.

The variable GALLEY_HARD asks for all; a number in it, such as 0.1, for that part of it. What each test did is counted
where it is done, and stands in a table at the end of `make test-hard`.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

ASKED = os.environ.get("GALLEY_HARD", "")
PART = float(ASKED or 0)
COUNTED = "counted"  # the name of what a test's report carries to the table


def size(little: int, all_of_it: int) -> int:
    """How many inputs, trials or saves: a little, or the asked part of all."""
    return max(little, round(all_of_it * PART)) if ASKED else little


class Counts:
    """Counts what a test does, by what came of it."""

    def __init__(self, node: pytest.Item) -> None:
        self.of: Counter[str] = Counter()
        self._told: dict[str, int] = {}  # a plain one, since the report of the test takes it to another process
        node.user_properties.append((COUNTED, self._told))

    def add(self, what: str, number: int = 1) -> None:
        """Count something."""
        self.of[what] += number
        self._told[what] = self.of[what]


def table(reports: Sequence[Any]) -> list[str]:
    """The lines of the table: each test that counted, with what came of its inputs."""
    lines, total = [], 0
    for report in reports:
        for name, counted in report.user_properties:
            if name == COUNTED and counted:
                total += (number := sum(counted.values()))
                parts = ", ".join(f"{what} {count:,}" for what, count in sorted(counted.items()))
                lines.append(f"{number:>11,}  {report.nodeid.rpartition('/')[2]}: {parts}")
    return [*sorted(lines, key=lambda line: line.split(maxsplit=1)[1]), f"{total:>11,}  in all"] if lines else []
