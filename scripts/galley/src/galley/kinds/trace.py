"""The kind of output of a traced cell: what each of its statements did to the page's names.

In a page's child the namespace is looked at after each statement: which names it bound, changed and deleted. In the
builder, a number stands beside each statement that did something, and a table says what it did. The numbers lie over
the code block and are no part of it, so that the code is copied as it is.
"""

from __future__ import annotations

import ast
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NotRequired, TypedDict, cast

from galley.kinds.describe import Description, describe
from galley.kinds.kind import Asked, At, Kind, Watcher, fitting
from galley.kinds.markup import cut_note, escape
from galley.record.model import Form, Shown
from galley.source.cells import Cell
from galley.words import counted

JSON = "application/json"
HOW = {"bound": "", "changed": "changed", "deleted": "deleted"}
SIZED = {"str": "character", "bytes": "byte", "bytearray": "byte"}  # types whose length does not count items
SCOPES = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
NAMES = 40  # the most of one statement; `from x import *` binds hundreds
FRAME_BYTES = 1024  # room for the brackets and the note on names that are left out


class Name(Description, total=False):
    """One name that a statement bound, changed or deleted (`how`); a deleted name has no description."""

    name: str
    how: str
    before: Description  # of a changed name


class Step(TypedDict):
    """What one statement, counted from 1, did; `left_out` is how many names more than NAMES it bound."""

    statement: int
    names: list[Name]
    left_out: NotRequired[int]


class TraceKind(Kind):
    """The trace of a cell tagged `trace`."""

    name = tag = "trace"
    css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    def watcher(self, namespace: Mapping[str, Any], asked: Asked) -> Watcher | None:
        """What looks at the namespace after each statement."""
        return Trace(namespace, asked)

    def html(self, shown: Shown, at: At) -> str:
        """The note on what was cut; the table itself stands with the code."""
        return cut_note(shown.forms[0].cut, "recorded")

    def code_html(self, code: str, shown: Shown, at: At) -> str:
        """The code with its numbers, and the table."""
        steps, group = read(shown.forms[0].data), f"{at.ids}-trace"
        return with_numbers(code, at.cell, steps, group) + table(at.cell, steps, group)


class Trace:
    """Watches a namespace while a cell runs; names that begin with `_` are left out.

    Whether a name was bound to another object is told by the object's `id`. The watcher keeps no object, so that each
    one is freed when it would be in plain Python; a new object may then have the id of a freed one. So a statement
    that certainly binds a name counts as binding it whatever the id says (`_bound`).
    """

    def __init__(self, namespace: Mapping[str, Any], asked: Asked) -> None:
        self._namespace, self._brief, self._limit = namespace, asked.brief, asked.limit
        self._steps: list[Step] = []
        self.seconds = 0.0  # that the watching took
        self._before = self._look()

    def after(self, number: int, statement: ast.stmt) -> None:
        """Note what the statement did, which is the cell's `number`-th, from 1."""
        now, before = self._look(), self._before
        bound = set(_bound(statement))
        names: list[Name] = []
        for name, (identity, said) in now.items():
            if name in bound or name not in before or before[name][0] != identity:
                names.append(cast("Name", {"name": name, "how": "bound", **said}))
            elif before[name][1] != said:
                names.append(cast("Name", {"name": name, "how": "changed", **said, "before": before[name][1]}))
        names.sort(key=lambda each: each["how"])  # the bound names, then the changed ones, in the namespace's order
        names += [{"name": name, "how": "deleted"} for name in before if name not in now]
        if names:
            step: Step = {"statement": number, "names": names[:NAMES]}
            if len(names) > NAMES:
                step["left_out"] = len(names) - NAMES
            self._steps.append(step)
        self._before = now

    def forms(self) -> tuple[Form, ...]:
        """The trace as a JSON text with a line for each name; nothing where no statement did anything.

        What does not fit into the limit is left out, whole statements from the end.
        """
        if not self._steps:
            return ()
        texts = [_written(step) for step in self._steps]
        sizes = [len(text.encode("utf-8", "backslashreplace")) for text in texts]
        kept = fitting(sizes, self._limit - FRAME_BYTES)
        text = "[\n" + ",\n".join(texts[:kept]) + "\n]\n"
        return (Form(JSON, "json", text.encode("utf-8", "backslashreplace"), sum(sizes[kept:])),)

    def _look(self) -> dict[str, tuple[int, Description]]:
        """The id and the description of the object behind each name."""
        started = time.perf_counter()
        names = [name for name in self._namespace if isinstance(name, str) and not name.startswith("_")]
        seen = {name: (id(self._namespace[name]), describe(self._namespace[name], self._brief)) for name in names}
        self.seconds += time.perf_counter() - started
        return seen


def _bound(node: ast.AST) -> Iterator[str]:
    """The names that a statement certainly binds.

    Which names a branch, a loop or a `try` binds depends on the run, and only the namespace after it can tell.
    """
    match node:
        case ast.If() | ast.For() | ast.AsyncFor() | ast.While() | ast.Try() | ast.TryStar() | ast.Match():
            return
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
            return
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.partition(".")[0] for alias in node.names)
        case ast.Name(ctx=ast.Store()):
            yield node.id
    if not isinstance(node, SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _bound(child)


def _written(step: Step) -> str:
    lines = ",\n".join("  " + json.dumps(name, ensure_ascii=False) for name in step["names"])
    more = f', "left_out": {step["left_out"]}' if "left_out" in step else ""
    return f' {{"statement": {step["statement"]}{more}, "names": [\n{lines}\n ]}}'


def with_numbers(code: str, cell: Cell, steps: Sequence[Step], group: str) -> str:
    """The highlighted code with its numbers; `group` begins the ids, and no other trace of the page has it."""
    marks = "".join(_mark(number, lines, group) for number, lines in enumerate(_lines(cell, steps), start=1))
    return f'<div class="galley-traced">{code}<div class="galley-numbers">{marks}</div></div>'


def table(cell: Cell, steps: Sequence[Step], group: str) -> str:
    """What each numbered statement did: name, type, shape and so on, value."""
    head = "<thead><tr><th><span>from</span></th><th>name</th><th>what it is</th><th>value</th></tr></thead>"
    numbered = enumerate(zip(steps, _lines(cell, steps), strict=True), start=1)
    bodies = "".join(_step(number, step, lines, group) for number, (step, lines) in numbered)
    return (
        f'<div class="galley-trace" role="region" aria-label="What each numbered line of {cell.name} did" tabindex="0">'
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


def _row(each: Name) -> str:
    how = HOW[each["how"]]
    name = f"<code>{escape(each['name'])}</code>" + (f" <small>{how}</small>" if how else "")
    if how == "deleted":
        return f"<td>{name}</td><td></td><td></td>"
    was: Description = each.get("before", {})
    return f"<td>{name}</td><td>{_what(each, was)}</td><td>{_value(each, was)}</td>"


def _what(each: Name, was: Description) -> str:
    """Type, shape, number type and device, and behind them those that were different before."""
    parts = [f"<b>{escape(each['type'])}</b>"]
    parts += [escape(said) for said in _facts(each)]
    text = " ".join(f"<span>{part}</span>" for part in parts)
    before = [old for old, new in zip(_all_facts(was), _all_facts(each), strict=True) if old and old != new]
    return text + (f" <small>was {escape(', '.join(before))}</small>" if was and before else "")


def _facts(each: Description) -> list[str]:
    return [said for said in _all_facts(each)[1:] if said]


def _all_facts(each: Description) -> list[str]:
    shape = f"({', '.join(map(str, each['shape']))}{',' * (len(each['shape']) == 1)})" if "shape" in each else ""
    return [each.get("type", ""), shape, each.get("dtype", ""), each.get("device", ""), _length(each)]


def _length(each: Description) -> str:
    if "length" not in each:
        return ""
    return counted(each["length"], SIZED.get(each["type"], "item"), ",")


def _value(each: Name, was: Description) -> str:
    text = f"<code>{escape(each['value'])}</code>" if each["value"] else ""
    if was and was["value"] != each["value"]:
        text += f" <small>was <code>{escape(was['value'])}</code></small>"
    if "error" in each:
        text += f' <small class="galley-wrong">{escape(each["error"])}</small>'
    return text
