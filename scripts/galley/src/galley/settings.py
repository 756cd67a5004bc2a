"""The form that each value under `[tool.galley]` must have."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from galley.errors import GalleyError, Place

FUNCTION = re.compile(r"[\w.]+:\w+")


def _text(value: object) -> bool:
    return isinstance(value, str)


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _table(value: object) -> bool:
    return isinstance(value, dict)


def _table_of_texts(value: object) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


def _tables(value: object) -> bool:
    return isinstance(value, dict) and all(map(_table, value.values()))


def _functions(value: object) -> bool:
    return isinstance(value, dict) and all(_text(each) and FUNCTION.fullmatch(each) for each in value.values())


def _number(value: object, least: float = 0, *, whole: bool = False) -> bool:
    kinds = int if whole else (int, float)
    return isinstance(value, kinds) and not isinstance(value, bool) and value >= least


SECONDS = ("a number of seconds", lambda value: _number(value, 0.001))
Form = tuple[str, Callable[[Any], bool]]  # what a value must be, in words and as a test
FORMS: Mapping[str, Form] = {
    **dict.fromkeys(("docs", "snippets", "outputs"), ("a text", _text)),
    **dict.fromkeys(("imports", "links", "packages", "line"), ("a list of texts", _texts)),
    "environment": ("a table of texts", _table_of_texts),
    "hooks": ('a table of texts of the form "module:function"', _functions),
    "profiles": ("a table of tables", _tables),
    **dict.fromkeys(("timeout", "page_timeout"), SECONDS),
    "output_limit": ("a whole number of bytes", lambda value: _number(value, 1, whole=True)),
}
PROFILE_FORMS: Mapping[str, Form] = {
    "required": ("true or false", lambda value: isinstance(value, bool)),
    "title": ("a text", _text),
    "memory_mb": ("a whole number", lambda value: _number(value, whole=True)),
    "parameters": ("a table", _table),
}


def check(settings: Mapping[str, Any], forms: Mapping[str, Form], table: str, place: Place) -> None:
    """Raises GalleyError at the first value that is not of its form."""
    for key, (said, right) in forms.items():
        if key in settings and not right(settings[key]):
            raise GalleyError(f"{key} = {settings[key]!r} under [{table}] is not {said}", place)
