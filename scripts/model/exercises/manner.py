"""What people write around a question: a greeting, a reason, an example; and slips of haste. Train questions only."""

import random
import re

from exercises.records import Case

BEFORE = """
    Hi!
    Hello,
    Hello there.
    Quick question:
    A question about Python:
    I am new to Python.
    I'm learning Python.
    I'm learning to program.
    I have a small problem.
    I've got a task here.
    I got stuck with this.
    I'm preparing for an interview.
    I need this for a project.
    I need this for school.
    This is for my homework:
    My teacher gave us this exercise:
    My boss wants me to do this:
    Here is what I want:
    Here is an exercise:
    Here's the task:
    I was asked this at work:
    I wonder about something.
    Maybe you can help me.
    Suppose I am writing a program.
    For a game I am writing:
    For my website:
    For a data analysis:
"""

AFTER = """
    Thanks!
    Thank you.
    How?
    How is that done?
    How would you do it?
    How do I do this?
    Can you help me?
    Please help.
    Any idea?
    Keep it short.
    Keep it simple.
    Nothing fancy.
    No libraries, please.
    A short function is enough.
    Only the code, please.
    Show me the code.
    I'd like to see the code.
    Please write it in Python.
    What would the code look like?
    What does that look like in Python?
    I need it for my homework.
    I want to understand it.
    One function, please.
    It should be one function.
    A function with an argument, please.
"""

EXAMPLE = """
    For example, {args} should give {result}.
    For example, {args} gives {result}.
    So {args} becomes {result}.
    E.g. {args} -> {result}.
    From {args} I want {result}.
    With {args} the result is {result}.
    It should turn {args} into {result}.
    Example: {args} gives {result}
"""

LONGEST_EXAMPLE = 50


def dressed(question: str, cases: tuple[Case, ...], rng: random.Random) -> str:
    """Return `question`, sometimes with a sentence before or after it, or with an example from `cases`."""
    if rng.random() < 0.2:
        question = f"{rng.choice(_lines(BEFORE))} {question}"
    if rng.random() < 0.1:
        question = _with(question, _example(rng.choice(cases[:2]), rng))
    if rng.random() < 0.2:
        question = _with(question, rng.choice(_lines(AFTER)))
    if rng.random() < 0.15:
        question = (question[:1].lower() + question[1:]).rstrip(".?")
    return question


def _with(question: str, more: str) -> str:
    ended = question if question[-1:] in ".?!:" else f"{question}."
    return f"{ended} {more}".rstrip()


def _example(case: Case, rng: random.Random) -> str:
    """Return a sentence that shows `case`, or nothing where that would be long."""
    args, result = " and ".join(map(_written, case.args)), _written(case.expected)
    if len(args) + len(result) > LONGEST_EXAMPLE:
        return ""
    return rng.choice(_lines(EXAMPLE)).format(args=args, result=result)


def _written(value: object) -> str:
    """Return a literal as people type it."""
    return f'"{value}"' if isinstance(value, str) else repr(value).replace("'", '"')


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


SMALL = frozenset(("a", "an", "the", "of", "in", "to", "for", "that", "which", "with", "is", "it", "its", "by", "as"))
PLAIN_WORD = re.compile(r"(?<![\w$\"'`{}.-])[a-z]{4,}(?![\w\"'`{}(-])")


def hasty(text: str, rng: random.Random) -> str:
    """Return a template as someone in a hurry types it: sometimes without small words, or with one slip."""
    if rng.random() < 0.08:
        words = text.split(" ")
        kept = [word for word in words if word.casefold() not in SMALL or rng.random() < 0.3]
        text = " ".join(kept) or text
    if rng.random() < 0.08 and (found := list(PLAIN_WORD.finditer(text))):
        match = rng.choice(found)
        text = text[: match.start()] + slip(match.group(), rng) + text[match.end() :]
    return text


def slip(word: str, rng: random.Random) -> str:
    """Return a word with one letter missing, doubled, or changed for the next one; its first letter stays."""
    i = rng.randrange(1, len(word) - 1)
    return rng.choice((
        word[:i] + word[i + 1 :],
        word[:i] + word[i] + word[i:],
        word[:i] + word[i + 1] + word[i] + word[i + 2 :],
    ))  # fmt: skip
