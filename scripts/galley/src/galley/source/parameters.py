"""The `parameters` cell: `name = literal` lines, whose values a profile replaces.

In the command and in the builder.
"""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from galley.errors import GalleyError, Place
from galley.source.cells import Cell, SnippetFile, cut

PARAMETERS = "parameters"


def literal(value: Any) -> str:
    """`value` as Python source, strings in double quotes."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return repr(value)


def parameters(snippets: SnippetFile) -> dict[str, Any]:
    """The names and values of a snippet file's parameters cell; raises GalleyError for any other line in it."""
    cell = snippets.cell(PARAMETERS)
    return {name: ast.literal_eval(value) for name, value in _assignments(cell)} if cell else {}


def has_own_code(snippets: SnippetFile, values: Mapping[str, Any], others: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the file runs other code with these values than with each of the others."""
    code = _text(snippets, values)
    return all(_text(snippets, other) != code for other in others)


def with_values(snippets: SnippetFile, values: Mapping[str, Any]) -> SnippetFile:
    """The snippet file as a profile runs it: values replaced, claims about other values left out.

    Every line number is kept.
    """
    source = _text(snippets, values)
    if source == snippets.source:
        return snippets
    return cut(source, snippets.path, snippets.cells[0].place.path, snippets.grammar, snippets.stem)


def _text(snippets: SnippetFile, values: Mapping[str, Any]) -> str:
    cell = snippets.cell(PARAMETERS)
    if cell is None or not values:
        return snippets.source
    lines, assignments = list(io.StringIO(snippets.source)), _assignments(cell)
    for name, value in reversed(assignments):
        if name in values:
            _replace(lines, value, literal(values[name]))
    own = {name: ast.literal_eval(value) for name, value in assignments}
    others = {name for name in own if name in values and literal(values[name]) != literal(own[name])}
    for each, after in zip(snippets.cells, (*snippets.cells[1:], None), strict=True):
        if others.intersection(each.options["about"]):
            first, end = each.place.line - 1, after.place.line - 1 if after else len(lines)
            lines[first:end] = ["\n"] * (end - first)
    return "".join(lines)


def left_out(snippets: SnippetFile, profiles: Sequence[Mapping[str, Any]]) -> Iterator[GalleyError]:
    """An error for each claim that is about a parameter that the file does not have, or that none of the profiles runs.

    `profiles` are the values of the required ones, which alone are sure to be run.
    """
    known = parameters(snippets)
    for cell in (each for each in snippets.cells if each.options["about"]):
        if unknown := sorted({*cell.options["about"]} - {*known}):
            what = f"about names '{unknown[0]}', and the file has no such parameter"
            yield GalleyError(what, cell.place, f"it has: {', '.join(known)}" if known else "take it away")
        elif not any(with_values(snippets, values).cell(cell.name) for values in profiles):
            what = "no required profile runs this claim: each has another value of what it is about"
            yield GalleyError(what, cell.place, f"give {', '.join(cell.options['about'])} a required profile's values")


def _replace(lines: list[str], value: ast.expr, text: str) -> None:
    first, last = value.lineno - 1, (value.end_lineno or value.lineno) - 1
    before = lines[first].encode()[: value.col_offset].decode()
    after = lines[last].encode()[value.end_col_offset :].decode()
    lines[first : last + 1] = [f"{before}{text}{after}", *["\n"] * (last - first)]


def _assignments(cell: Cell) -> list[tuple[str, ast.expr]]:
    found = []
    for statement in cell.statements:
        try:
            assert isinstance(statement, ast.Assign)
            (target,) = statement.targets
            assert isinstance(target, ast.Name)
            ast.literal_eval(statement.value)
        except (AssertionError, ValueError) as error:
            place = Place(cell.place.path, statement.lineno)
            what = "the parameters cell holds something else than a `name = literal` line"
            raise GalleyError(what, place, "move it to a cell of its own") from error
        found.append((target.id, statement.value))
    return found
