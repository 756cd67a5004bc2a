"""How an exercise is written down: one call of `exercise`, its texts one entry a line."""

import inspect
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from string import Template

from exercises.records import Case, Checks, Exercise, Values

QUESTIONS = Path(__file__).parent / "questions"
COMMENTS = Path(__file__).parent / "comments"

# Names for a parameter, by what it holds; the likeliest first.
LISTS = "numbers values items nums data"
MIXED = "items values elements data things"
WORDS = "words strings names items texts"
TEXT = "text string s word sentence"
NUMBER = "n number num value x"
DICT = "mapping data d table counts"


def exercise(
    name: str,
    *,
    f: str,
    does: str,
    about: str,
    held_out: str,
    solutions: Sequence[str],
    cases: str,
    constants: Mapping[str, str] | None = None,
    in_place: bool = False,
    any_order: bool = False,
    unseen: bool = False,
    **names: str,
) -> Exercise:
    """Return the exercise `name`: `f` and `names` list what each placeholder may be called, the likeliest first.

    `does`, `about`, `held_out` and `cases` hold one entry a line; a case reads `arguments -> result`. Whole questions
    for training stand in `questions/<name>.txt`, and what may stand above the function in `comments/<name>.txt`.
    """
    caller = inspect.currentframe()
    module = caller.f_back.f_globals["__name__"] if caller and caller.f_back else ""
    return Exercise(
        name=name,
        topic=module.rpartition(".")[2],
        solutions=tuple(inspect.cleandoc(solution) + "\n" for solution in solutions),
        cases=_lines(cases),
        does=_lines(does),
        about=_lines(about),
        asks=_written(QUESTIONS, name),
        comments=_written(COMMENTS, name),
        held_out=_lines(held_out),
        names={"f": tuple(f.split()), **{key: tuple(value.split()) for key, value in names.items()}},
        constants={key: tuple(value.split()) for key, value in (constants or {}).items()},
        in_place=in_place,
        any_order=any_order,
        unseen=unseen,
    )


def _written(folder: Path, name: str) -> tuple[str, ...]:
    """The lines on an exercise in a folder; their author never saw a held-out question."""
    path = folder / f"{name}.txt"
    return _lines(path.read_text(encoding="utf-8")) if path.is_file() else ()


def fill(template: str, values: Values) -> str:
    """Return `template` with its placeholders filled in; KeyError for one that has no value."""
    return Template(template).substitute(values)


def checks(exercise: Exercise, values: Values) -> Checks:
    """Return the checks that hold for these constants."""
    lines = tuple(fill(line, values) for line in exercise.cases)
    return _checks(lines, exercise.in_place, exercise.any_order)


@cache
def _checks(lines: tuple[str, ...], in_place: bool, any_order: bool) -> Checks:
    return Checks(tuple(_case(line) for line in lines), in_place, any_order)


def _case(line: str) -> Case:
    """Evaluate the two sides of a case; they are the catalogue's own text, plain arithmetic on literals."""
    args, _, expected = line.rpartition(" -> ")
    nothing: dict[str, object] = {"__builtins__": {}}
    return Case(eval(f"({args},)", nothing), eval(expected, nothing))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines() if line.strip())
