"""Typed tables of a TOML file: each value is checked against its field's type, and each error has its line.

In the command and in the builder. A field of a dataclass that is a setting is annotated with what its value must be
(`form`) and with what it is for (`says`); errors and the documentation are made from these.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from keyword import iskeyword
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from galley.errors import GalleyError, Place
from galley.hooks import NAMES as HOOKS

# What says where a value over several lines ends: strings whole, comments, brackets, ends of lines.
PARTS = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+"{3,5}|'
    r"'''(?:[^']|'(?!''))*+'{3,5}|"
    r'"(?:[^"\\\n]|\\.)*+"|'
    r"'[^'\n]*+'|#[^\n]*+|[\[\]{}\n]",
    re.DOTALL,
)
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
AT_LINE = re.compile(r"at line ([0-9]+)")  # in what tomllib says
MODULE = re.compile(r"\w+(\.\w+)*")
MEMBER = re.compile(r"\w+(\.\w+)*:\w+")
DIRECTIVES = (
    "default-src", "script-src", "style-src", "img-src", "font-src", "connect-src", "media-src", "frame-src",
    "worker-src", "manifest-src", "object-src", "base-uri", "form-action", "frame-ancestors",
)  # fmt: skip
LONGEST = 10**6  # seconds
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
MEND = "write it so, or leave it out"


def form(wanted: str, test: Callable[[Any], object] | None = None) -> Meta:
    """What a value must be, in words, and a test for what the value's type cannot express."""
    return Meta(extra={"wanted": wanted, "test": test})


def says(description: str, *, reaches: str = "", cannot: str = "") -> Meta:
    """What a setting is for, and whether it belongs to the key of a record.

    `reaches` says how the setting can influence what a page shows, `cannot` why it can not. Each setting says one.
    """
    return Meta(description=description, extra={"reaches": reaches, "cannot": cannot})


def _plain(text: str) -> bool:
    return not CONTROL.search(text)


Text = Annotated[str, form("a text without control characters", _plain)]
Folder = Annotated[Path, form("a text without control characters", lambda path: _plain(str(path)))]
Texts = Annotated[
    tuple[str, ...], form("a list of texts without control characters", lambda each: all(map(_plain, each)))
]
YesNo = Annotated[bool, form("true or false")]


def _is_literal(value: object) -> bool:
    if isinstance(value, list):
        return all(map(_is_literal, value))
    return isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _all(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda texts: all(map(pattern.fullmatch, texts))


def _is_source(text: str) -> bool:
    """Whether a source of a policy can stand in a header and in an attribute without an escape."""
    return bool(text) and text.isascii() and text.isprintable() and not set(text) & set(' ;,"<>&')


Modules = Annotated[tuple[str, ...], form("a list of texts, each a module's name", _all(MODULE))]
Members = Annotated[tuple[str, ...], form('a list of texts of the form "module:Name"', _all(MEMBER))]
Member = Annotated[str, form('a text of the form "module:function"', MEMBER.fullmatch)]
Seconds = Annotated[float, form("a number of seconds from 0.001 to 1000000", lambda value: 0.001 <= value <= LONGEST)]
Factor = Annotated[float, form("a number from 1 to 1000", lambda value: 1 <= value <= 1000)]
Bytes = Annotated[int, form("a whole number of bytes, 1 or more", lambda value: value >= 1)]
Count = Annotated[int, form("a whole number, 0 or more", lambda value: value >= 0)]
Variable = Annotated[str, form("the name of a variable", VARIABLE.fullmatch)]
VariableValue = Annotated[str, form("a text without the character of code 0", lambda text: "\0" not in text)]
Parameter = Annotated[str, form("a name in Python", lambda text: text.isidentifier() and not iskeyword(text))]
ParameterValue = Annotated[Any, form("a text, a finite number, true, false or a list of these", _is_literal)]
Sandbox = Annotated[str, form('"on", "off" or "required"', ("on", "off", "required").__contains__)]
Builder = Annotated[
    str, form('"mkdocs", "properdocs" or "zensical"', ("mkdocs", "properdocs", "zensical").__contains__)
]
Directive = Annotated[str, form(f"one of the directives {', '.join(DIRECTIVES)}", DIRECTIVES.__contains__)]
Sources = Annotated[
    tuple[str, ...], form('a list of sources, such as "https://example.org"', lambda each: all(map(_is_source, each)))
]
Hook = Annotated[str, form(f"one of the hooks {', '.join(HOOKS)}", HOOKS.__contains__)]


@dataclass(frozen=True)
class Setting:
    """A setting as the documentation has it: its name, what it must be, its default, and what it is for.

    `reaches` and `cannot` are as in the function `says`.
    """

    name: str
    wanted: str
    default: Any
    says: str
    reaches: str = ""
    cannot: str = ""


@cache
def settings_of(kind: type) -> tuple[Setting, ...]:
    """The fields of a dataclass that are settings: those that say what they are for."""
    found, hints = [], _hints(kind)
    for each in fields(kind):
        metas = getattr(hints[each.name], "__metadata__", ())
        if said := next((meta for meta in metas if meta.description), None):
            default = each.default_factory() if callable(each.default_factory) else each.default
            found.append(Setting(each.name, _wanted(hints[each.name]), default, said.description or "", **said.extra))
    return tuple(found)


@cache
def _hints(kind: type) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _form(hint: Any) -> Mapping[str, Any]:
    """What `form` noted of a type; empty where it is a table."""
    return next((meta.extra for meta in getattr(hint, "__metadata__", ()) if "wanted" in (meta.extra or {})), {})


def _wanted(hint: Any) -> str:
    """What a value must be, in words."""
    if wanted := _form(hint).get("wanted"):
        return str(wanted)
    inner = [_form(part)["wanted"] for part in get_args(get_args(hint)[0]) if _form(part)]
    return f"a table: each name is {inner[0]}, each value is {inner[1]}" if len(inner) == 2 else "tables"


class Reader:
    """Reads the table at `above` in the text of a file; every error names the value and what is wanted, at its line."""

    def __init__(self, file: Path, text: str, above: tuple[str, ...]) -> None:
        self.file, self.text, self.above = file, text, above

    def wrong(self, what: str, path: tuple[str, ...], mend: str = MEND) -> GalleyError:
        """The error for what stands at a path below the table."""
        return GalleyError(what, Place(self.file, line_of(self.text, (*self.above, *path))), mend)

    def name(self, path: tuple[str, ...]) -> str:
        """How a table is called in the file."""
        return f"[{'.'.join((*self.above, *path))}]"

    def values(self, kind: type, table: object, path: tuple[str, ...], others: tuple[str, ...] = ()) -> dict[str, Any]:
        """The values in a table for the settings of a dataclass, by name; the caller reads the settings in `others`."""
        if not isinstance(table, dict):
            raise self.wrong(f"{path[-1]} = {table!r} under {self.name(path[:-1])} is not a table", path)
        known, hints = [setting.name for setting in settings_of(kind)], _hints(kind)
        for key in table:
            if key not in known:
                what = f"{self.name(path)} has no setting {key!r}"
                raise self.wrong(what, (*path, key), f"it knows: {', '.join(sorted(known))}")
        return {key: self.value(each, hints[key], (*path, key)) for key, each in table.items() if key not in others}

    def value(self, value: object, hint: Any, path: tuple[str, ...]) -> Any:
        """The value at a path, as its type has it."""
        kind, form = get_args(hint)[0], _form(hint)
        if get_origin(kind) is Mapping:
            return self.table(value, get_args(kind), path)
        try:
            read = msgspec.convert(value, kind, dec_hook=lambda made, given: made(given))
            if form["test"] is None or form["test"](read):
                return read
        except (msgspec.ValidationError, TypeError):
            pass
        raise self.wrong(f"{path[-1]} = {value!r} under {self.name(path[:-1])} is not {form['wanted']}", path)

    def table(self, value: object, hints: tuple[Any, Any], path: tuple[str, ...]) -> dict[str, Any]:
        """A table whose names are not settings; `hints` are the types of names and values."""
        if not isinstance(value, dict):
            raise self.wrong(f"{path[-1]} = {value!r} under {self.name(path[:-1])} is not a table", path)
        form = _form(hints[0])
        for key in value:
            if not form["test"](key):
                raise self.wrong(f"{self.name(path)} has {key!r}, which is not {form['wanted']}", (*path, key))
        return {key: self.value(each, hints[1], (*path, key)) for key, each in value.items()}


def table_in(file: Path, path: Sequence[str]) -> tuple[dict[str, Any], str] | None:
    """The table at a path in a file, and the file's text; None where it has none. Raises GalleyError for no TOML."""
    try:
        text = file.read_text(encoding="utf-8")
        found: Any = tomllib.loads(text)
    except RecursionError as error:
        raise GalleyError("not readable as TOML: it is nested too deeply", Place(file), "write it flatter") from error
    except UnicodeDecodeError as error:
        raise GalleyError(f"not readable as TOML: {error}", Place(file), "save it as UTF-8") from error
    except ValueError as error:  # of TOML's own, or of Python's for a number of thousands of digits
        at = AT_LINE.search(str(error))
        longest = max(enumerate(text.split("\n"), start=1), key=lambda each: len(each[1]))
        place = Place(file, int(at[1]) if at else longest[0])
        raise GalleyError(f"not readable as TOML: {error}", place, "mend what stands there") from error
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return (found, text) if isinstance(found, dict) else None


def line_of(text: str, path: Sequence[str]) -> int:
    """The line, counted from 1, on which the value at a path begins.

    Where the text has no such value: the line of the nearest table above it, and 0 where the text has no part of the
    path. The text must be readable TOML.
    """
    found, depth = 0, 0
    table: list[str] = []
    for line, chunk in statements(text):
        if chunk.lstrip().startswith("["):
            table = header(chunk)
            here = _common(table, path)
        else:
            here = _common(table, path)
            if here == len(table):
                here += _depth(tomllib.loads(chunk), path[here:])
        if here > depth:
            found, depth = line, here
    return found


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Each table's header and each value with its key, which may go over several lines, with its first line."""
    start, line, begun, depth = 0, 1, 1, 0
    for part in PARTS.finditer(f"{text}\n"):
        said = part[0]
        depth += (said in ("[", "{")) - (said in ("]", "}"))
        line += said.count("\n")
        if said == "\n" and not depth:
            chunk = text[start : part.start()]
            if tomllib.loads(chunk):
                yield begun, chunk
            start, begun = part.end(), line


def header(chunk: str) -> list[str]:
    """The path of the table that a header begins."""
    path: list[str] = []
    inside: Any = tomllib.loads(chunk)
    while inside:
        if isinstance(inside, list):
            inside = inside[0]
            continue
        key = next(iter(inside))
        path.append(key)
        inside = inside[key]
    return path


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of the first keys two paths share."""
    alike = (a == b for a, b in zip(one, other, strict=False))
    return next((number for number, same in enumerate(alike) if not same), min(len(one), len(other)))


def _depth(value: object, path: Sequence[str]) -> int:
    """How far a path leads into a value."""
    for number, key in enumerate(path):
        if not isinstance(value, dict) or key not in value:
            return number
        value = value[key]
    return len(path)
