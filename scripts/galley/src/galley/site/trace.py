"""A traced cell: a number beside each statement that did something, and a table of what it did.

The numbers lie over the code block and are no part of it, so that the code is copied as it is.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from galley.site.text import escape
from galley.source.cells import Cell

HOW = {"bound": "", "changed": "changed", "deleted": "deleted"}
SIZED = {"str": "character", "bytes": "byte", "bytearray": "byte"}  # whose length is not one of items
Step = Mapping[str, Any]


def with_numbers(code: str, cell: Cell, steps: Sequence[Step], group: str) -> str:
    """The highlighted code with its numbers; `group` begins the ids, and no other trace of the page has it."""
    marks = "".join(_mark(number, lines, group) for number, lines in enumerate(_lines(cell, steps), start=1))
    return f'<div class="galley-traced">{code}<div class="galley-numbers">{marks}</div></div>'


def table(cell: Cell, steps: Sequence[Step], group: str) -> str:
    """What each numbered statement did: name, type, shape and so on, value."""
    head = "<thead><tr><th></th><th>name</th><th>what it is</th><th>value</th></tr></thead>"
    numbered = enumerate(zip(steps, _lines(cell, steps), strict=True), start=1)
    bodies = "".join(_step(number, step, lines, group) for number, (step, lines) in numbered)
    return (
        '<div class="galley-trace" role="region" aria-label="What each numbered line did" tabindex="0">'
        f'<table class="galley-table">{head}{bodies}</table></div>'
    )


def read(data: bytes) -> list[Step]:
    """The steps that were recorded."""
    steps: list[Step] = json.loads(data)
    return steps


def _lines(cell: Cell, steps: Sequence[Step]) -> list[tuple[int, int]]:
    """First and last line of each step's statement, from 1 in the cell's code."""
    statements = cell.statements
    found = []
    for step in steps:
        statement = statements[step["statement"] - 1]
        first = min([statement.lineno, *(each.lineno for each in getattr(statement, "decorator_list", []))])
        last = statement.end_lineno or statement.lineno
        found.append((first - cell.first_line + 1, last - cell.first_line + 1))
    return found


def _said(lines: tuple[int, int]) -> str:
    first, last = lines
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _mark(number: int, lines: tuple[int, int], group: str) -> str:
    first, last = lines
    label = f"{number}: what {_said(lines)} did"
    return (
        f'<a id="{group}-code-{number}" href="#{group}-{number}" style="grid-row:{first}/{last + 1}"'
        f' aria-label="{label}"><span>{number}</span></a>'
    )


def _step(number: int, step: Step, lines: tuple[int, int], group: str) -> str:
    rows = [_row(each) for each in step["names"]]
    if "left_out" in step:
        rows.append(f'<td colspan="3">and {step["left_out"]:,} more names</td>')
    back = (
        f'<th scope="rowgroup" rowspan="{len(rows)}"><a href="#{group}-code-{number}"'
        f' aria-label="{number}: back to {_said(lines)} of the code">{number}</a></th>'
    )
    body = "</tr><tr>".join(rows)
    return f'<tbody id="{group}-{number}"><tr>{back}{body}</tr></tbody>'


def _row(each: Mapping[str, Any]) -> str:
    how = HOW[each["how"]]
    name = f"<code>{escape(each['name'])}</code>" + (f" <small>{how}</small>" if how else "")
    if how == "deleted":
        return f"<td>{name}</td><td></td><td></td>"
    was = each.get("before", {})
    return f"<td>{name}</td><td>{_what(each, was)}</td><td>{_value(each, was)}</td>"


def _what(each: Mapping[str, Any], was: Mapping[str, Any]) -> str:
    """Type, shape, number type, device; what was another before stands behind the new one."""
    parts = [f"<b>{escape(each['type'])}</b>"]
    parts += [escape(said) for said in _facts(each)]
    text = " ".join(f"<span>{part}</span>" for part in parts)
    before = [old for old, new in zip(_all_facts(was), _all_facts(each), strict=True) if old and old != new]
    return text + (f" <small>was {escape(', '.join(before))}</small>" if was and before else "")


def _facts(each: Mapping[str, Any]) -> list[str]:
    return [said for said in _all_facts(each)[1:] if said]


def _all_facts(each: Mapping[str, Any]) -> list[str]:
    shape = f"({', '.join(map(str, each['shape']))}{',' * (len(each['shape']) == 1)})" if "shape" in each else ""
    return [each.get("type", ""), shape, each.get("dtype", ""), each.get("device", ""), _length(each)]


def _length(each: Mapping[str, Any]) -> str:
    if "length" not in each:
        return ""
    count, noun = each["length"], SIZED.get(each["type"], "item")
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _value(each: Mapping[str, Any], was: Mapping[str, Any]) -> str:
    text = f"<code>{escape(each['value'])}</code>" if each["value"] else ""
    if was and was["value"] != each["value"]:
        text += f" <small>was <code>{escape(was['value'])}</code></small>"
    if "error" in each:
        text += f' <small class="galley-wrong">{escape(each["error"])}</small>'
    return text
