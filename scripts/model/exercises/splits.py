"""Which wording and which function belongs to which split. Nothing here is drawn at random.

Wordings are split by normal form, so that two wordings that differ in politeness alone fall on the same side.
"""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from exercises.phrasing import Phrasing, asked, normal_form, phrasings
from exercises.records import Exercise
from exercises.topics import BY_NAME, CATALOGUE

DEMO = "Please write a function in Python that performs bubble sort."
"""The guide's own question: the first of the validation split. Train has no wording of the same form."""

VALIDATION_SHARE = 16
"""One in this many forms, and one in this many functions, is for validation."""


Forms = Mapping[str, tuple[Phrasing, ...]]


@dataclass(frozen=True)
class Wordings:
    """The wordings of one exercise by normal form: those from templates, and the whole questions it holds."""

    train: Forms
    asked: Forms
    validation: Forms


@cache
def held_out_forms() -> frozenset[str]:
    """Return the forms of all wordings that no training sees."""
    return frozenset(normal_form(question) for exercise in CATALOGUE for question in exercise.held_out)


@cache
def kept_forms() -> frozenset[str]:
    """Return the forms of all wordings that are not for train: held out, for validation, or of unseen exercises."""
    kept = set(held_out_forms())
    for exercise in CATALOGUE:
        known = wordings(exercise)
        kept.update(known.validation)
        if exercise.unseen:
            kept.update(known.train)
    return frozenset(kept)


def wordings(exercise: Exercise) -> Wordings:
    """Return the wordings of `exercise`, split by form; none that is held out."""
    return _wordings(exercise.name)


@cache
def _wordings(name: str) -> Wordings:
    whole = list(asked(BY_NAME[name]))
    whole_forms = {phrasing.form for phrasing in whole}
    sides: dict[str, dict[str, list[Phrasing]]] = {"train": {}, "asked": {}, "validation": {}}
    for phrasing in (*whole, *phrasings(BY_NAME[name])):
        form = phrasing.form
        if form in held_out_forms():
            continue
        side = "asked" if form in whole_forms else "train"
        if form == normal_form(DEMO) or for_validation(f"{name} {form}"):
            side = "validation"
        sides[side].setdefault(form, []).append(phrasing)
    return Wordings(**{side: {form: tuple(same) for form, same in forms.items()} for side, forms in sides.items()})


def for_validation(text: str) -> bool:
    """Return whether this text is kept for validation: the same answer on every machine."""
    return zlib.crc32(text.encode()) % VALIDATION_SHARE == 0
