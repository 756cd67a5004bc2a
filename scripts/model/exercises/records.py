"""What the catalogue is made of: exercises, their cases, and the question-and-answer pairs drawn from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Literal = Any
"""None, bool, int, float, str, or a list, tuple, set or dict of these."""

Values = Mapping[str, str]
"""A value for each placeholder of an exercise: names, and constants as they stand in code."""


@dataclass(frozen=True)
class Case:
    """One call: arguments, and the value that a right function returns."""

    args: tuple[Literal, ...]
    expected: Literal


@dataclass(frozen=True)
class Checks:
    """The cases an answer must pass, and how its results are compared.

    With `in_place`, a function may change its first argument and return None instead. With `any_order`, lists
    are compared without regard to order.
    """

    cases: tuple[Case, ...]
    in_place: bool = False
    any_order: bool = False


@dataclass(frozen=True)
class Exercise:
    """One task: solutions, cases and phrasings as templates over the same placeholders, `$f` its function.

    `does` are phrases that follow "a function that", `about` are noun phrases, `asks` are whole questions,
    `comments` are lines to stand above the function.
    `held_out` are whole questions that no training sees. `unseen` keeps the exercise itself out of training.
    """

    name: str
    topic: str
    solutions: tuple[str, ...]
    cases: tuple[str, ...]
    does: tuple[str, ...]
    about: tuple[str, ...]
    asks: tuple[str, ...]
    comments: tuple[str, ...]
    held_out: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_place: bool = False
    any_order: bool = False
    unseen: bool = False


@dataclass(frozen=True)
class Pair:
    """A question, an answer to it (code), and how any other answer is judged.

    `function` is the name of the answer's function; `named` says that the question asks for that very name.
    """

    question: str
    answer: str
    exercise: str
    tests: Checks
    function: str
    named: bool = False
