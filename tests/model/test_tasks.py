"""The tasks of the page on evaluating are held-out questions of the catalogue, and its own answers pass them."""

import json

import exercises
import make_tasks
import pass_at_k


def test_the_file_is_what_is_made_today() -> None:
    assert make_tasks.FILE.read_text(encoding="utf-8") == "".join(make_tasks.tasks())


def test_the_catalogues_own_answers_pass() -> None:
    answers = {f"Question: {pair.question}\n\nAnswer:": pair.answer for pair in exercises.pairs("held-out", 0)}
    tasks = [json.loads(line) for line in make_tasks.tasks()]
    assert len(tasks) == make_tasks.COUNT
    assert all(each == [True] for each in pass_at_k.verdicts([[answers[task["prompt"]]] for task in tasks], tasks))
