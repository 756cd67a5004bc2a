"""The value of a `[tokens]` cell: a text token by token, each with its probability and the runners-up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from operator import index
from typing import Any

from galley.run.show import Shown, fitting

KEYS = {"id", "token", "probability", "others"}
FORM = '[{"id": 7, "token": "text", "probability": 0.5, "others": [("other text", 0.25)]}, …]'
MORE = 1e-6  # by how much rounding may carry a probability over 1


class NotTokensError(Exception):
    """The value of a cell tagged `tokens` is no list of tokens."""


def shown(value: object, limit: int) -> Shown:
    """The tokens as a JSON text, one a line; those that do not fit into `limit` bytes are left out at the end.

    `value` is a list of mappings with `id` (an integer), `token` (text), `probability` (from 0 to 1, or None
    for a token that was given) and, if there are any, `others` (pairs of text and probability). Raises
    NotTokensError on anything else.
    """
    if not isinstance(value, list | tuple) or not value:
        raise _wrong(f"the cell's last expression is {_kind(value)}")
    lines = [json.dumps(_token(number, each), ensure_ascii=False) for number, each in enumerate(value)]
    sizes = [len(line.encode("utf-8", "backslashreplace")) + 2 for line in lines]
    kept = fitting(sizes, limit - 4)
    text = "[\n" + ",\n".join(lines[:kept]) + "\n]\n"
    return Shown("tokens", "json", text.encode("utf-8", "backslashreplace"), sum(sizes[kept:]))


def _token(number: int, given: object) -> dict[str, Any]:
    where = f"token {number}"
    if not isinstance(given, Mapping):
        raise _wrong(f"{where} is {_kind(given)}")
    if unknown := given.keys() - KEYS:
        raise _wrong(f"{where} has the unknown key {min(map(repr, unknown))}")
    if missing := KEYS - {"others"} - given.keys():
        raise _wrong(f"{where} has no '{min(missing)}'")
    if not isinstance(given["token"], str):
        raise _wrong(f"{where}: its text is {_kind(given['token'])}")
    written: dict[str, Any] = {"id": _id(where, given["id"]), "token": given["token"]}
    sure = given["probability"]
    written["probability"] = None if sure is None else _probability(where, sure)
    if others := given.get("others"):
        written["others"] = [_other(where, other) for other in others]
    return written


def _id(where: str, given: Any) -> int:
    try:
        if isinstance(given, bool):
            raise TypeError
        return int(index(given))
    except TypeError as error:
        raise _wrong(f"{where}: its id is {_kind(given)}") from error


def _probability(where: str, given: Any) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError) as error:
        raise _wrong(f"{where}: its probability is {_kind(given)}") from error
    if not 0 <= number <= 1 + MORE:
        raise _wrong(f"{where}: its probability is {number}")
    return round(min(number, 1.0), 3)


def _other(where: str, given: Any) -> list[Any]:
    if not isinstance(given, list | tuple) or len(given) != 2 or not isinstance(given[0], str):
        raise _wrong(f"{where}: its runner-up is {_kind(given)}")
    return [given[0], _probability(where, given[1])]


def _kind(value: object) -> str:
    return "nothing" if value is None else f"of type {type(value).__name__}" + ("" if value else ", and empty")


def _wrong(what: str) -> NotTokensError:
    return NotTokensError(f"the cell is tagged tokens, and {what}; it must end in an expression like {FORM}")
