"""Deterministic streams of functions and of question-and-answer pairs, by split."""

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import chain

from exercises import declare
from exercises.manner import dressed, hasty
from exercises.phrasing import Phrasing, imperative, normal_form
from exercises.records import Exercise, Pair
from exercises.splits import DEMO, for_validation, kept_forms, wordings
from exercises.synonyms import reworded
from exercises.topics import BY_NAME, CATALOGUE

PLAIN_NAMES = ("solve", "solution", "answer", "run", "compute", "helper", "process", "my_function", "task")
DOCSTRINGS = 0.2  # share of functions with a docstring
COMMENTS = 0.6  # share with a comment above them
PLAIN_NAMED = 0.2  # of those with either: share that has a plain name
WIDTH = 88  # of a docstring or comment
ODD_NAMES = 0.3  # of questions that name the function: share that has a plain name
WHOLE_QUESTIONS = 0.6  # share of train questions that were written whole; the others are from templates
PER_EXERCISE = 3  # validation questions
PER_UNSEEN_EXERCISE = 5  # questions from templates


def catalogue() -> tuple[Exercise, ...]:
    """Return every exercise, those of the split held-out-exercises included."""
    return CATALOGUE


def functions(split: str, seed: int) -> Iterator[str]:
    """Yield functions without end: `split` is train, validation or held-out-exercises.

    Train and validation hold the same exercises but never the same code. Raises ValueError for another split.
    """
    if split not in ("train", "validation", "held-out-exercises"):
        raise ValueError(f"Functions have no split '{split}'. Say train, validation or held-out-exercises.")
    return _functions(split, random.Random(f"functions {split} {seed}"))


def pairs(split: str, seed: int) -> Iterator[Pair]:
    """Yield pairs: without end for train; in a fixed order for validation, held-out and held-out-exercises.

    In the finite splits `seed` changes names and constants only. Raises ValueError for another split.
    """
    rng = random.Random(f"pairs {split} {seed}")
    if split == "train":
        return _train_pairs(rng)
    if split == "validation":
        return _validation_pairs(rng)
    if split == "held-out":
        return (_by_hand(e, question, rng) for e in CATALOGUE if not e.unseen for question in e.held_out)
    if split == "held-out-exercises":
        return _unseen_pairs(rng)
    raise ValueError(f"Pairs have no split '{split}'. Say train, validation, held-out or held-out-exercises.")


def _functions(split: str, rng: random.Random) -> Iterator[str]:
    for exercise in _endless([e for e in CATALOGUE if e.unseen == (split == "held-out-exercises")], rng):
        solution = rng.choice(exercise.solutions)
        values = draw(exercise, solution, rng, leaning=0.1)
        chance = rng.random()
        described = chance < DOCSTRINGS + COMMENTS and bool(_documentation(exercise.name))
        if described and rng.random() < PLAIN_NAMED:
            values["f"] = _plain_name(solution, rng)  # only the docstring or comment says what it does
        code = declare.fill(solution, values)
        if split == "held-out-exercises" or for_validation(code) == (split == "validation"):
            yield _described(code, exercise, values, rng, above=chance >= DOCSTRINGS) if described else code


def _train_pairs(rng: random.Random) -> Iterator[Pair]:
    for exercise in _endless([e for e in CATALOGUE if not e.unseen], rng):
        templates, whole = _train_phrasings(exercise.name)
        phrasing = rng.choice(whole if whole and rng.random() < WHOLE_QUESTIONS else templates)
        pair = _pair(exercise, _reworded(phrasing, rng), rng)
        yield replace(pair, question=dressed(pair.question, pair.tests.cases, rng))


@cache
def _train_phrasings(name: str) -> tuple[tuple[Phrasing, ...], tuple[Phrasing, ...]]:
    """Return what train may ask about an exercise: the wordings from templates, and the whole questions."""
    known = wordings(BY_NAME[name])
    templates, whole = (tuple(chain.from_iterable(forms.values())) for forms in (known.train, known.asked))
    return templates, whole


def _reworded(phrasing: Phrasing, rng: random.Random) -> Phrasing:
    """Return a phrasing in other words, or typed in haste, unless its new form is kept from train."""
    other = replace(phrasing, text=hasty(reworded(phrasing.text, rng), rng))
    return phrasing if other.form in kept_forms() else other


def _validation_pairs(rng: random.Random) -> Iterator[Pair]:
    yield _pair(BY_NAME["bubble_sort"], Phrasing(DEMO, named=False), rng)
    for exercise in CATALOGUE:
        if not exercise.unseen:
            yield from _some(exercise, wordings(exercise).validation, PER_EXERCISE, rng)


def _unseen_pairs(rng: random.Random) -> Iterator[Pair]:
    for exercise in CATALOGUE:
        if exercise.unseen:
            yield from (_by_hand(exercise, question, rng) for question in exercise.held_out)
            yield from _some(exercise, wordings(exercise).train, PER_UNSEEN_EXERCISE, rng)


def _some(
    exercise: Exercise, forms: Mapping[str, Sequence[Phrasing]], count: int, rng: random.Random
) -> Iterator[Pair]:
    """Yield one pair for each of `count` forms, the same forms for every seed."""
    spread = random.Random(exercise.name)
    left = [form for form in forms if form != normal_form(DEMO)]
    for form in spread.sample(left, min(count, len(left))):
        yield _pair(exercise, spread.choice(forms[form]), rng)


def _by_hand(exercise: Exercise, question: str, rng: random.Random) -> Pair:
    return _pair(exercise, Phrasing(question, named=False), rng)


def _pair(exercise: Exercise, phrasing: Phrasing, rng: random.Random) -> Pair:
    solution = rng.choice((exercise.solutions[0], *exercise.solutions))
    values = draw(exercise, solution, rng, leaning=0.5)
    if phrasing.named and rng.random() < ODD_NAMES:
        values["f"] = _plain_name(solution, rng)
    return Pair(
        question=declare.fill(phrasing.text, values),
        answer=declare.fill(solution, values),
        exercise=exercise.name,
        tests=declare.checks(exercise, values),
        function=values["f"],
        named=phrasing.named,
    )


def draw(exercise: Exercise, solution: str, rng: random.Random, leaning: float) -> dict[str, str]:
    """Return a value for each placeholder; with probability `leaning` a name is the first that is free.

    No name is one that `solution` already uses for something else.
    """
    values: dict[str, str] = {}
    taken = set(identifiers(solution))
    for key, options in exercise.names.items():
        free = [name for name in options if name not in taken]
        values[key] = free[0] if rng.random() < leaning else rng.choice(free)
        taken.add(values[key])
    for key, options in exercise.constants.items():
        values[key] = rng.choice(options)
    return values


def _plain_name(solution: str, rng: random.Random) -> str:
    return rng.choice([name for name in PLAIN_NAMES if name not in identifiers(solution)])


@cache
def identifiers(solution: str) -> frozenset[str]:
    """Return the words of a solution's template that are not placeholders."""
    return frozenset(re.findall(r"(?<![$\w])[a-z_]\w*", solution))


def _described(code: str, exercise: Exercise, values: Mapping[str, str], rng: random.Random, *, above: bool) -> str:
    """Return `code` with a comment above it or a docstring that says what it does, in a wording that train may have."""
    template = rng.choice(_documentation(exercise.name))
    other = reworded(template, rng)
    chosen = template if normal_form(other) in kept_forms() or len(other) > WIDTH else other
    phrase = declare.fill(chosen, values).removesuffix(".")
    line = f"{phrase[:1].upper()}{phrase[1:]}."
    if above:
        return f"# {line}\n{code}"
    head, colon, body = code.partition("):\n")
    return f'{head}{colon}    """{line}"""\n{body}'


@cache
def _documentation(name: str) -> tuple[str, ...]:
    """Return the phrases that may document an exercise's function, without those whose wording is kept from train."""
    exercise = BY_NAME[name]
    phrases = (*map(imperative, exercise.does), *exercise.about, *exercise.comments)
    return tuple(phrase for phrase in phrases if normal_form(phrase) not in kept_forms())


def _endless(exercises: Sequence[Exercise], rng: random.Random) -> Iterator[Exercise]:
    """Yield all of `exercises` in a new order, again and again."""
    while True:
        yield from rng.sample(exercises, len(exercises))
