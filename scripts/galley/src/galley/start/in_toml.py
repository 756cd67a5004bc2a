"""Puts galley's settings into a `pyproject.toml`, its extension into a `zensical.toml`, and shows that no more changed.

In the command. Text is put in and nothing is written anew, so that comments, order and quotes stay as they are. The
proof reads the text before and after.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from galley.start.in_yaml import EXTENSION, KEY, UnprovenError
from galley.toml import PARTS, header, line_of, statements

WHY = "# Once one extension is named, Zensical brings none by itself: these are what it brought, and galley."
PROJECT = "project"  # the table of Zensical's settings; they may stand outside of tables, too


def with_table(text: str, lines: Sequence[str], added: Mapping[str, Any]) -> str:
    """The text with the lines of one more table at its end, which hold `added`; raises UnprovenError."""
    return _proven(text, _at_the_end(text, lines), added)


def with_extension(text: str, brought: Callable[[], Mapping[str, Any]]) -> str:
    """Zensical's settings with galley's extension.

    Where they name no extensions, `brought` tells those that Zensical brings then and leaves out otherwise: they are
    named, too. Raises UnprovenError.
    """
    end = "\r\n" if "\r\n" in text else "\n"
    plain = text.replace("\r\n", "\n")
    if plain.replace("\n", end) != text:
        raise UnprovenError("its lines end in two ways")
    return _with_extension(plain, brought).replace("\n", end)


def _with_extension(text: str, brought: Callable[[], Mapping[str, Any]]) -> str:
    settings = tomllib.loads(text)
    above = (PROJECT,) if PROJECT in settings else ()
    path = (*above, KEY)
    found = settings[PROJECT] if above else settings
    if not isinstance(found, dict):
        raise UnprovenError(f"{PROJECT} is no table")
    named = found.get(KEY)
    if named is None:
        tables = {**brought(), EXTENSION: {}}
        return with_table(text, [WHY, *_tables(path, tables)], _below(path, tables))
    if not isinstance(named, list | dict):
        raise UnprovenError(f"{KEY} is no list and no table", line_of(text, path))
    is_list = isinstance(named, list)
    added = _below(path, [*named, EXTENSION] if is_list else {EXTENSION: {}})
    ways = [partial(_inside, text, line_of(text, path), f'"{EXTENSION}"' if is_list else f"{EXTENSION} = {{}}")]
    for way in (*ways, *([] if is_list else [partial(_behind_tables, text, path)])):
        with suppress(UnprovenError):
            return _proven(text, way(), added)
    raise UnprovenError(f"{KEY} is written in a form that this command does not know", line_of(text, path))


def _below(path: Sequence[str], value: object) -> dict[str, Any]:
    """A value in the tables of a path."""
    for key in reversed(path):
        value = {key: value}
    assert isinstance(value, dict)
    return value


def _tables(path: Sequence[str], tables: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = []
    for name, options in tables.items():
        lines.append(f"[{'.'.join((*path, name if name.isidentifier() else _value(name)))}]")
        lines += [f"{key} = {_value(value)}" for key, value in options.items()]
    return lines


def _value(value: object) -> str:
    """What stands for a value in TOML; raises UnprovenError for one that has no form there, such as a function."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.isprintable() and not set(value) & set('"\\'):
        return f'"{value}"'
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {_value(each)}' for key, each in value.items())} }}"
    raise UnprovenError(f"an extension of Zensical's has the option {value!r:.80}")


def _inside(text: str, line: int, item: str) -> str:
    """The text with one more item before the last bracket of the statement that begins on a line."""
    chunk = next(chunk for begun, chunk in statements(text) if begun == line)
    parts = list(PARTS.finditer(chunk))
    close = next((each.start() for each in reversed(parts) if each[0] in "]}"), 0)
    kept = chunk[:close]
    for each in parts:
        if each[0].startswith("#") and each.end() <= close:  # the item stands before a comment
            kept = f"{kept[: each.start()]}{' ' * len(each[0])}{kept[each.end() :]}"
    before = kept.rstrip()
    comma = "" if before.endswith((",", "[", "{")) else ","
    space = "" if before.endswith(("[", "{")) else " "
    at = sum(len(each) + 1 for each in text.split("\n")[: line - 1]) + len(before)
    return f"{text[:at]}{comma}{space}{item}{text[at:]}"


def _behind_tables(text: str, path: Sequence[str]) -> str:
    """The text with a table for the extension behind those of the others, or else at its end."""
    table: list[str] = []
    last = 0
    for begun, chunk in statements(text):
        if chunk.lstrip().startswith("["):
            table = header(chunk)
        if table[: len(path)] == list(path):
            last = begun + chunk.count("\n")
    name = f"[{'.'.join((*path, EXTENSION))}]"
    if not last:
        return _at_the_end(text, [name])
    lines = text.split("\n")
    are_parted = any(not line.strip() for line in lines[line_of(text, path) : last - 1])
    return "\n".join([*lines[:last], *([""] if are_parted else []), name, *lines[last:]])


def _at_the_end(text: str, lines: Sequence[str]) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    ended = text if not text or text.endswith("\n") else f"{text}{end}"
    return f"{ended}{end if ended.strip() else ''}{''.join(f'{line}{end}' for line in lines)}"


def _proven(text: str, new: str, added: Mapping[str, Any]) -> str:
    """The new text, which says what the old one said and what was added; raises UnprovenError where it does not."""
    try:
        now = tomllib.loads(new)
    except tomllib.TOMLDecodeError as error:
        raise UnprovenError(f"the lines would break it: {error}") from error
    if now != _merged(tomllib.loads(text), added):
        raise UnprovenError("the lines would change another setting")
    return new


def _merged(old: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Tables with what is added to them."""
    merged = dict(old)
    for key, value in added.items():
        there = merged.get(key)
        merged[key] = _merged(there, value) if isinstance(value, dict) and isinstance(there, dict) else value
    return merged
