"""Whether a result equals the expected value: types as in Python's literals, floats within a tolerance."""

import math
from typing import Any

from exercises.records import Case, Checks

TOLERANCE = 1e-6


def problem(tests: Checks, case: Case, result: Any, first_argument: Any) -> str:
    """Return what is wrong with `result`, or an empty string.

    `first_argument` is the first argument after the call, for functions that work in place.
    """
    if result is None and tests.in_place:
        result = first_argument
    same = _same_items if tests.any_order else equal
    if same(result, case.expected):
        return ""
    shown = ", ".join(_short(arg) for arg in case.args)
    return f"for ({shown}) the result is {_short(result)}, not {_short(case.expected)}"


def equal(result: Any, expected: Any) -> bool:
    """Return whether two plain values are equal; True is not 1, a tuple is not a list, 2.0 is 2."""
    if isinstance(result, bool) or isinstance(expected, bool):
        return result is expected
    if isinstance(result, int | float) and isinstance(expected, int | float):
        return _equal_numbers(result, expected)
    if type(result) is not type(expected):
        return False
    if isinstance(expected, list | tuple):
        return len(result) == len(expected) and all(map(equal, result, expected))
    if isinstance(expected, dict):
        return result.keys() == expected.keys() and all(equal(result[key], expected[key]) for key in expected)
    return bool(result == expected)


def _equal_numbers(result: float, expected: float) -> bool:
    if isinstance(result, int) and isinstance(expected, int):
        return result == expected
    try:
        return math.isclose(result, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    except OverflowError:
        return False


def _same_items(result: Any, expected: list[Any]) -> bool:
    """Return whether `result` is a list of the same items in any order."""
    if not isinstance(result, list) or len(result) != len(expected):
        return False
    left = list(result)
    for item in expected:
        match = next((i for i, other in enumerate(left) if equal(other, item)), None)
        if match is None:
            return False
        del left[match]
    return True


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except ValueError:  # an int of more digits than Python prints
        text = "a very large value"
    return text if len(text) <= 60 else text[:57] + "..."
