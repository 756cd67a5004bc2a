"""Plain values as JSON that keeps tuples, sets and keys of any kind apart, for messages to and from the sandbox.

Both sides load this module; it imports nothing of the project.
"""

from typing import Any

MOST_ITEMS = 100_000


class NotPlainError(ValueError):
    """A value is no literal, or too large for one."""


def encode(value: object) -> Any:
    """Return `value` as JSON data; an iterator counts as a list. Raises NotPlainError."""
    return _encode(value, [MOST_ITEMS])


def decode(data: Any) -> Any:
    """Return the value that `encode` made `data` from. Raises ValueError, TypeError or KeyError for other data."""
    if not isinstance(data, list):
        if data is None or isinstance(data, bool | int | float | str):
            return data
        raise ValueError("not a plain value")
    kind, *items = data
    if kind == "dict":
        return {decode(key): decode(item) for key, item in items}
    return {"list": list, "tuple": tuple, "set": set}[kind](decode(item) for item in items)


def _encode(value: object, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise NotPlainError("a value of too many items")
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, dict):
        return ["dict", *([_encode(key, left), _encode(item, left)] for key, item in value.items())]
    for kind, types in (("list", list), ("tuple", tuple), ("set", (set, frozenset))):
        if isinstance(value, types):
            return [kind, *(_encode(item, left) for item in value)]
    if hasattr(value, "__next__") or type(value).__name__ in ("range", "dict_keys", "dict_values", "dict_items"):
        return ["list", *(_encode(item, left) for item in value)]  # type: ignore[attr-defined]
    raise NotPlainError(f"a value of type {type(value).__name__}")
