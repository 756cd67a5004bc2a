"""Write the tasks of the page on evaluating an adapter: python scripts/model/make_tasks.py

40 held-out questions, each of another exercise, whose results JSON can hold and compare. No training sees them.
"""

import json
import random
from pathlib import Path
from typing import Any

import exercises

FILE = Path(__file__).resolve().parents[2] / "snippets" / "models" / "tasks.jsonl"
COUNT = 40


def plain(value: Any) -> bool:
    """Whether JSON gives this value back, exactly and of the same type."""
    if isinstance(value, list):
        return all(map(plain, value))
    return value is None or type(value) in (bool, int, str)


def tasks() -> list[str]:
    """The lines of the file."""
    found: dict[str, str] = {}
    for pair in exercises.pairs("held-out", 0):
        calls = [[list(case.args), case.expected] for case in pair.tests.cases]
        judged_as_is = not (pair.tests.in_place or pair.tests.any_order)
        if judged_as_is and plain(calls) and pair.exercise not in found:
            task = {"prompt": f"Question: {pair.question}\n\nAnswer:", "calls": calls}
            found[pair.exercise] = json.dumps(task) + "\n"
    lines = list(found.values())
    random.Random(0).shuffle(lines)
    return lines[:COUNT]


if __name__ == "__main__":
    FILE.write_text("".join(tasks()), encoding="utf-8")
