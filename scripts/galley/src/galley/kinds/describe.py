"""Describes a value for the table of a trace: its type, shape, number type, device and a short text.

In a page's child.

Nothing in this module may fail the page: an exception that a value's own code raises is noted in the description.
"""

from __future__ import annotations

import inspect
import re
import reprlib
from collections.abc import Callable, Iterator
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, TypedDict, TypeVar

from galley.errors import GalleyError

SHORT = 120  # characters of a text
SIZED = (list, tuple, dict, set, frozenset, str, bytes, bytearray)
BREAK = re.compile(r"(?<!\s)[^\S\n]*+\n\s*+")  # white space with the end of a line in it, from its first character
FUNCTIONS = (FunctionType, BuiltinFunctionType, MethodType)

T = TypeVar("T")
Brief = Callable[[object], str | None]


class Description(TypedDict, total=False):
    """What is said of a value: `type` and `value` always, the others where the value has them."""

    type: str
    shape: list[int]
    dtype: str
    device: str
    length: int
    value: str  # a short text
    error: str  # what the value's own code raised


def describe(value: object, brief: Brief) -> Description:
    """The description of a value; `brief` may have a better text for the value than its repr."""
    errors: list[str] = []
    if _is(value, ModuleType):
        return {"type": "module", "value": _shortened(str(value.__dict__.get("__name__")))}
    if _is(value, type):
        return {"type": "class", "value": _shortened(f"from {_home(value)}")}
    if _is(value, FUNCTIONS):
        return {"type": "function", "value": _shortened(_asked("signature", lambda: _signature(value), errors) or "")}
    said: Description = {"type": _shortened(type(value).__name__)}  # in the order in which the trace is recorded
    if (shape := _asked("shape", lambda: _shape(value), errors)) is not None:
        said["shape"] = shape
    if (dtype := _asked("dtype", lambda: _dtype(value), errors)) is not None:
        said["dtype"] = dtype
        # Of a value with a number type alone: where a device is no plain attribute, asking for it can start one.
        if (device := _asked("device", lambda: _device(value), errors)) is not None:
            said["device"] = device
    if (length := _asked("length", lambda: _length(value), errors)) is not None:
        said["length"] = length
    said["value"] = _text(value, brief, errors)
    if errors:
        said["error"] = "; ".join(errors)
    return said


def _text(value: object, brief: Brief, errors: list[str]) -> str:
    """The short text of a value: the hook's, or the value's repr; empty where both raised."""
    text = _asked("the hook brief", lambda: brief(value), errors)
    if text is None:
        text = _asked("repr", lambda: SHORTENER.repr(value), errors)
    return "" if text is None else _shortened(text)


def _is(value: object, kinds: type | tuple[type, ...]) -> bool:
    """Like isinstance, but by the value's true type: isinstance also believes the value's own `__class__`."""
    return issubclass(type(value), kinds)


def _asked(what: str, ask: Callable[[], T], errors: list[str]) -> T | None:
    try:
        return ask()
    except GalleyError as error:  # it says what raised
        errors.append(_shortened(error.what))
        return None
    except (Exception, SystemExit) as error:
        try:
            said = f"{what} raised {type(error).__name__}: {error}"
        except (Exception, SystemExit):
            said = f"{what} raised {type(error).__name__}"
        errors.append(_shortened(said))
        return None


def _shape(value: object) -> list[int] | None:
    shape = getattr(value, "shape", None)
    if not isinstance(shape, tuple) or not all(_is(size, int) for size in shape):
        return None
    return [int(size) for size in shape]


def _dtype(value: object) -> str | None:
    dtype = getattr(value, "dtype", None)
    known = not _is(dtype, type) and "dtype" in type(dtype).__name__.lower()
    return str(dtype).rpartition(".")[2] if known else None


def _device(value: object) -> str | None:
    device = getattr(value, "device", None)
    return str(device) if _is(device, str) or "device" in type(device).__name__.lower() else None


def _length(value: object) -> int | None:
    return len(value) if type(value) in SIZED else None  # type: ignore[arg-type]


def _home(found: object) -> str:
    module = type.__getattribute__(found, "__module__")
    return "this page" if module == "__main__" else str(module)


def _signature(function: Any) -> str:
    try:
        signature = str(inspect.signature(function))
    except ValueError:  # a function of C without one
        signature = "(…)"
    return f"{function.__name__}{signature}"


def _shortened(text: str) -> str:
    """One line of at most SHORT characters."""
    line = BREAK.sub(" ", text[: 20 * SHORT]).strip()
    return line if len(line) <= SHORT else f"{line[: SHORT - 1]}…"


class _Shortener(reprlib.Repr):
    """Short reprs of any value; a value inside another whose repr fails is replaced by a note."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxstring, self.maxother, self.maxlong = 3, SHORT, SHORT, SHORT
        self.maxdict = self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = 8

    def repr1(self, x: Any, level: int) -> str:
        """The repr, chosen by the value's exact type: reprlib chooses by the type's name, which any class may have."""
        kind = type(x)
        if kind in SIZED or kind is int:
            return super().repr1(x, level)
        try:
            text = repr(x)
        except (Exception, SystemExit) as error:
            if level == self.maxlevel:
                raise
            return f"<{kind.__name__}, whose repr raised {type(error).__name__}>"
        return text if len(text) <= 4 * SHORT else f"{text[: 4 * SHORT]}…"

    def repr_dict(self, x: dict[Any, Any], level: int) -> str:
        """In the dict's own order."""
        if level <= 0:
            return "{…}" if x else "{}"
        return f"{{{', '.join(self._pairs(x, level - 1))}}}"

    def _pairs(self, x: dict[Any, Any], level: int) -> Iterator[str]:
        for key, value in islice(x.items(), self.maxdict):
            yield f"{self.repr1(key, level)}: {self.repr1(value, level)}"
        if len(x) > self.maxdict:
            yield "…"


SHORTENER = _Shortener()
SHORTENER.fillvalue = "…"
