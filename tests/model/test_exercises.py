"""The catalogue of exercises: every solution is right, wrong ones are caught, and no split leaks into another."""

import ast
import builtins
import random
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from statistics import median

import pytest

from exercises import Case, Exercise, Pair, catalogue, functions, pairs, splits, streams
from exercises.declare import checks, fill
from exercises.manner import dressed, hasty, slip
from exercises.phrasing import gerund, imperative, normal_form
from exercises.splits import DEMO, held_out_forms, wordings
from exercises.streams import draw, identifiers
from exercises.synonyms import reworded
from judge import Judge

SEEN = [exercise for exercise in catalogue() if not exercise.unseen]
UNSEEN = [exercise for exercise in catalogue() if exercise.unseen]
FINITE = ("validation", "held-out", "held-out-exercises")
DRAWS = 4_000
"""From a stream without end: each exercise of train some forty times."""


@pytest.fixture(scope="module")
def judging() -> Iterator[Judge]:
    with Judge(jobs=2) as judging:
        yield judging


@pytest.fixture(scope="module")
def train() -> list[Pair]:
    return list(islice(pairs("train", 0), DRAWS))


@pytest.fixture(scope="module")
def code() -> list[str]:
    return list(islice(functions("train", 0), DRAWS))


def variations(exercise: Exercise, solution: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield `solution` in some variations: all solutions' together show each name and each constant."""
    options = {**exercise.names, **exercise.constants}
    taken = identifiers(solution)
    order = exercise.solutions.index(solution)
    for i in range(order, max(map(len, options.values())) + 2, len(exercise.solutions) - 1 or 1):
        values: dict[str, str] = {}
        for key, words in options.items():
            free = [word for word in words if key in exercise.constants or word not in {*taken, *values.values()}]
            values[key] = free[i % len(free)]
        yield fill(solution, values), values


def shape(text: str) -> str:
    """Return what is left of code when its names, but not Python's own, and its documentation are the same."""
    tree = ast.parse(text)
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and not hasattr(builtins, name):
                setattr(node, field, names.setdefault(name, f"n{len(names)}"))
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]
    return ast.dump(tree)


def test_there_is_enough_of_everything() -> None:
    assert len(SEEN) >= 60
    assert 6 <= len(UNSEEN) <= 8
    assert len({exercise.name for exercise in catalogue()}) == len(catalogue())
    for exercise in catalogue():
        assert len(exercise.solutions) >= 2, exercise.name
        assert len(exercise.held_out) >= 3, exercise.name
        assert len(exercise.cases) >= 3, exercise.name
        assert len(wordings(exercise).train) >= 12, exercise.name
        assert all(len(options) >= 3 for options in exercise.names.values()), exercise.name


def test_every_solution_passes_in_every_variation(judging: Judge) -> None:
    answers = [
        (text, Pair("", text, exercise.name, checks(exercise, values), values["f"], named=True))
        for exercise in catalogue()
        for solution in exercise.solutions
        for text, values in variations(exercise, solution)
    ]
    assert len(answers) > 900
    failed = [(*answer, verdict.reason) for answer, verdict in zip(answers, judging.verdicts(answers), strict=True)
              if not verdict.passed]  # fmt: skip
    assert not failed


@pytest.mark.parametrize("result", ["None", "args[0]", "True", "False", "1", "[]"])
def test_no_exercise_takes_the_same_value_for_all_cases(judging: Judge, result: str) -> None:
    answers = []
    for exercise in catalogue():
        values = draw(exercise, exercise.solutions[0], random.Random(0), leaning=1)
        lazy = Pair("", "", exercise.name, checks(exercise, values), "lazy")
        answers.append((f"def lazy(*args):\n    return {result}\n", lazy))
    passed = [pair.exercise for (_, pair), verdict in zip(answers, judging.verdicts(answers), strict=True)
              if verdict.passed]  # fmt: skip
    assert passed == []


def test_a_solution_of_another_exercise_fails(judging: Judge) -> None:
    answers = []
    for exercise, other in zip(catalogue(), (*catalogue()[1:], catalogue()[0]), strict=True):
        values = draw(exercise, other.solutions[0], random.Random(0), leaning=1)
        theirs = draw(other, other.solutions[0], random.Random(0), leaning=1)
        if {exercise.topic, other.topic} <= {"sorting", "divide"}:
            continue  # they differ in their algorithm alone
        pair = Pair("", "", exercise.name, checks(exercise, values), theirs["f"])
        answers.append((fill(other.solutions[0], theirs), pair))
    passed = [pair.exercise for (_, pair), verdict in zip(answers, judging.verdicts(answers), strict=True)
              if verdict.passed]  # fmt: skip
    assert passed == []


def test_names_and_constants_agree_in_question_answer_and_tests(judging: Judge, train: list[Pair]) -> None:
    sample = train[:400]
    assert all(verdict.passed for verdict in judging.verdicts([(pair.answer, pair) for pair in sample]))
    for pair in train:
        assert f"def {pair.function}(" in pair.answer
        assert "$" not in pair.question + pair.answer
        if pair.named:
            assert pair.function in pair.question
    for exercise in catalogue():
        for text in (*exercise.does, *exercise.about, *exercise.asks, *exercise.comments, *exercise.held_out):
            for constant in exercise.constants:
                assert f"${constant}" in text or f"${{{constant}}}" in text, text


def test_no_name_stands_for_two_things() -> None:
    rng = random.Random(0)
    for exercise in catalogue():
        for solution in exercise.solutions:
            values = [draw(exercise, solution, rng, leaning=0)[key] for key in exercise.names for _ in range(5)]
            assert not identifiers(solution) & set(values), exercise.name
            drawn = draw(exercise, solution, rng, leaning=1)
            assert len({drawn[key] for key in exercise.names}) == len(exercise.names), exercise.name


def test_streams_repeat_with_the_same_seed_only() -> None:
    for stream, split in ((pairs, "train"), (functions, "train"), (functions, "validation")):
        first, again, other = (list(islice(stream(split, seed), 200)) for seed in (1, 1, 2))
        assert first == again
        assert first != other
    for split in FINITE:
        once, twice, thrice = (list(pairs(split, seed)) for seed in (1, 1, 2))
        assert once == twice
        assert [pair.exercise for pair in once] == [pair.exercise for pair in thrice]
        assert len(once) >= 48


def test_train_draws_on_every_exercise(train: list[Pair]) -> None:
    counts = [sum(pair.exercise == exercise.name for pair in train) for exercise in SEEN]
    assert max(counts) - min(counts) <= 1
    assert len({pair.question for pair in train}) > DRAWS * 0.8


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="'test'"):
        pairs("test", 0)
    with pytest.raises(ValueError, match="'held-out'"):
        functions("held-out", 0)


def test_functions_are_code_and_nothing_else(code: list[str]) -> None:
    for text in code:
        assert isinstance(ast.parse(text).body[-1], ast.FunctionDef)
        assert "Question" not in text
        assert "Answer" not in text
        assert max(map(len, text.splitlines())) <= 100


def test_no_form_of_a_wording_is_in_two_splits() -> None:
    train = {form for exercise in SEEN for form in (*wordings(exercise).train, *wordings(exercise).asked)}
    validation = {form for exercise in SEEN for form in wordings(exercise).validation}
    assert normal_form(DEMO) in validation
    assert not train & validation
    assert not (train | validation) & held_out_forms()
    assert not train & {form for exercise in UNSEEN for form in wordings(exercise).train}
    assert len(held_out_forms()) == sum(len(exercise.held_out) for exercise in catalogue())


def test_a_held_out_wording_is_in_no_other_split(monkeypatch: pytest.MonkeyPatch) -> None:
    known = wordings(SEEN[0])
    forms = {next(iter(known.train)), next(iter(known.validation))}
    monkeypatch.setattr(splits, "held_out_forms", lambda: frozenset(forms))
    copy = replace(SEEN[0], name="copy")  # wordings are made once for each name
    monkeypatch.setitem(splits.BY_NAME, copy.name, copy)
    again = wordings(copy)
    assert again.train
    assert not forms & {*again.train, *again.asked, *again.validation}


def test_held_out_wordings_are_far_from_those_of_train() -> None:
    nearest = []
    for exercise in SEEN:
        train = [set(form.split()) for form in (*wordings(exercise).train, *wordings(exercise).asked)]
        for words in (set(normal_form(question).split()) for question in exercise.held_out):
            nearest += [max(len(words & other) / len(words | other) for other in train)]
    assert max(nearest) < 0.85
    assert median(nearest) < 0.5


def test_no_question_of_another_split_is_asked_in_train(train: list[Pair]) -> None:
    asked = {normal_form(pair.question) for pair in train}
    for split in FINITE:
        kept = [normal_form(pair.question) for pair in pairs(split, 0)]
        assert not asked & set(kept), split


def test_documentation_has_no_wording_of_another_split(code: list[str]) -> None:
    kept = {normal_form(pair.question) for split in FINITE for pair in pairs(split, 0)}
    documented = [ast.parse(text).body[-1] for text in code if '"""' in text]
    said = {normal_form(ast.get_docstring(node) or "") for node in documented if isinstance(node, ast.FunctionDef)}
    assert len(said) > 100
    assert not said & kept


def test_no_unseen_exercise_is_in_train(train: list[Pair], code: list[str]) -> None:
    names = {exercise.name for exercise in UNSEEN}
    assert not names & {pair.exercise for pair in train}
    shapes = {
        shape(text)
        for exercise in UNSEEN
        for solution in exercise.solutions
        for text, _ in variations(exercise, solution)
    }
    assert not shapes & {shape(text) for text in (*code[:1000], *(pair.answer for pair in train[:1000]))}
    assert shapes & {shape(text) for text in islice(functions("held-out-exercises", 0), 50)}


def test_validation_functions_are_not_in_train(code: list[str]) -> None:
    assert not {bare(text) for text in code} & {bare(text) for text in islice(functions("validation", 0), 500)}


def bare(text: str) -> str:
    """Return code without the comment above it and without its docstring."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("#", '"""')))


def test_what_describes_a_function_is_in_no_kept_wording(code: list[str]) -> None:
    above = [text.splitlines()[0].removeprefix("# ") for text in code if text.startswith("# ")]
    within = [line.strip().strip('"') for text in code for line in text.splitlines() if line.startswith('    """')]
    assert min(len(above) / 3, len(within)) > DRAWS / 10
    assert not {normal_form(line) for line in (*above, *within)} & splits.kept_forms()
    plain = [text for text in code if any(f"def {name}(" in text for name in streams.PLAIN_NAMES)]
    assert len(plain) > DRAWS / 20
    assert sum(text.startswith("# ") or '"""' in text for text in plain) == len(plain)


def test_written_lines_are_short_and_hold_no_word_of_the_prompt() -> None:
    for exercise in catalogue():
        for line in (*exercise.asks, *exercise.comments):
            assert not re.search("Question|Answer", line), line
            assert len(line) < 110, line
        assert all(len(line) <= 85 for line in exercise.comments), exercise.name
        assert exercise.unseen or min(len(exercise.asks), len(exercise.comments)) >= 15, exercise.name


def test_the_guides_question_comes_first_and_is_not_in_train(train: list[Pair]) -> None:
    first = next(iter(pairs("validation", 0)))
    assert (first.question, first.exercise) == (DEMO, "bubble_sort")
    bubble = next(exercise for exercise in SEEN if exercise.name == "bubble_sort")
    assert any("performs" in form for form in wordings(bubble).train)
    assert any(pair.question.startswith("Please write a function in Python that") for pair in train)


def test_the_imperative_changes_verbs_only() -> None:
    assert (
        imperative("splits a list, sorts both halves and merges them")
        == "split a list, sort both halves and merge them"
    )
    assert imperative("is") == "be"
    assert imperative("multiplies matches and values") == "multiply matches and values"
    for exercise in catalogue():
        for does in exercise.does:
            assert does.split()[0].endswith("s"), does


def test_the_gerund_changes_verbs_only() -> None:
    assert gerund("splits a list, sorts both halves and merges them") == (
        "splitting a list, sorting both halves and merging them"
    )
    assert [gerund(verb) for verb in ("is", "does", "makes", "sums", "applies")] == [
        "being", "doing", "making", "summing", "applying",
    ]  # fmt: skip


def test_haste_leaves_placeholders_and_names() -> None:
    rng = random.Random(0)
    text = 'Write a function `$f` named $f that returns the $xs with "words" of ${k}th place'
    typed = {hasty(text, rng) for _ in range(600)}
    assert len(typed) > 50
    for each in typed:
        assert all(part in each for part in ("`$f`", "$xs", '"words"'))
        assert each.count("$f") == 2
        assert "${k}th" in each
    assert all(slip("word", rng)[0] == "w" for _ in range(50))


def test_other_words_leave_placeholders_and_quotations() -> None:
    rng = random.Random(0)
    said = {reworded('an integer in $list by "list"', rng, share=1) for _ in range(50)}
    assert said == {f'{word} in $list by "list"' for word in ("a number", "a whole number", "an int")}
    assert reworded("a list of numbers", rng, share=0) == "a list of numbers"


def test_other_words_never_make_a_question_of_another_split(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streams, "hasty", lambda text, _: text)
    monkeypatch.setattr(streams, "dressed", lambda question, *_: question)
    for text, asked in (("Do it.", 100), (DEMO, 0), (UNSEEN[0].held_out[0], 0), (SEEN[0].held_out[0], 0)):
        monkeypatch.setattr(streams, "reworded", lambda *_, text=text: text)
        drawn = [normal_form(pair.question) for pair in islice(pairs("train", 0), 100)]
        assert drawn.count(normal_form(text)) == asked


def test_a_dressed_question_still_holds_it() -> None:
    rng = random.Random(0)
    questions = [dressed("Sort a list.", (Case(([2, 1],), [1, 2]), Case(("a",), "b")), rng) for _ in range(400)]
    assert all("ort a list" in question and question == question.strip() for question in questions)
    assert any("[2, 1]" in question and "[1, 2]" in question for question in questions)
    assert 100 < questions.count("Sort a list.") < 300


def test_a_normal_form_knows_no_politeness() -> None:
    assert normal_form(DEMO) == normal_form("write a Python function that performs BUBBLE SORT")
    assert normal_form("Sort up to 5") != normal_form("Sort up to 6")
