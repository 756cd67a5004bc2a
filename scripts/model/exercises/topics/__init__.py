"""The catalogue: a module per topic, each a list of exercises in the order in which a reader meets them."""

from collections.abc import Iterator
from types import ModuleType

from exercises.records import Exercise
from exercises.topics import (
    arithmetic,
    bases,
    calendars,
    casing,
    characters,
    codes,
    dates,
    dictionaries,
    digits,
    divide,
    divisors,
    elementwise,
    extremes,
    filters,
    formulas,
    grouping,
    letters,
    lists,
    matrices,
    moving,
    nesting,
    numbers,
    ordering,
    primes,
    recursion,
    reordering,
    searching,
    sets,
    shaping,
    sorting,
    strings,
    text,
    words,
)

MODULES = (
    sorting,
    divide,
    ordering,
    searching,
    extremes,
    strings,
    casing,
    characters,
    letters,
    words,
    reordering,
    text,
    codes,
    numbers,
    digits,
    primes,
    divisors,
    bases,
    arithmetic,
    formulas,
    lists,
    sets,
    filters,
    elementwise,
    shaping,
    moving,
    dictionaries,
    grouping,
    recursion,
    nesting,
    matrices,
    dates,
    calendars,
)


def _exercises(module: ModuleType) -> Iterator[Exercise]:
    return (value for value in vars(module).values() if isinstance(value, Exercise))


CATALOGUE = tuple(exercise for module in MODULES for exercise in _exercises(module))
BY_NAME = {exercise.name: exercise for exercise in CATALOGUE}
