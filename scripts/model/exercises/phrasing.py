"""The wordings a question can take: sentence templates over an exercise's own phrases, and their normal form."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from exercises.records import Exercise

THAT = """
    Please write a function in Python that {does}.
    Write a function in Python that {does}.
    Write a Python function that {does}.
    Please write a Python function that {does}.
    Write a function that {does}.
    Please write a function that {does}.
    Please write a function in Python which {does}.
    Write a Python function which {does}.
    Create a Python function that {does}.
    Please create a function that {does}.
    Create a function in Python which {does}.
    Can you write a Python function that {does}?
    Can you write a function in Python that {does}?
    Could you write a function that {does}?
    Could you please write a function that {does}?
    I need a Python function that {does}.
    I need a function which {does}. Can you write it in Python?
    I want a function that {does}.
    I'm looking for a function that {does}.
    Give me a Python function that {does}.
    Please give me a function that {does}.
    Implement a Python function that {does}.
    Implement a function that {does}.
    Define a function that {does}.
    Define a Python function that {does}.
    Show me a Python function that {does}.
    Using Python, write a function that {does}.
    In Python, write a function which {does}.
    Help me write a function that {does}.
    What does a function that {does} look like in Python?
    How would you write a function that {does}?
    How do I write a Python function that {does}?
    Write some Python code that {does}.
    Provide a Python function that {does}.
    Make a function that {does}.
    Python function that {does}
    Write a short function that {does}.
    Write a Python function named {f} that {does}.
    Write a function `{f}` that {does}.
    Please write a function called {f} in Python that {does}.
    Write a function called {f} which {does}.
    Define {f}, a function that {does}.
    Implement a function {f} that {does}.
    Create a function with the name {f} that {does}.
    Write me a function that {does}.
    Build a Python function that {does}.
    Code a function that {does}.
    Develop a Python function that {does}.
    We need a function that {does}.
    I'd like to have a function that {does}.
    Is there a function that {does}?
    Which function {does}?
    What function in Python {does}?
    A function that {does}, please.
    Code that {does}
    Python code that {does}, please.
    Task: a function that {does}.
    Your task: write a function that {does}.
    Exercise: write a function which {does}.
    Write a method that {does}.
    Write a helper that {does}.
    Write a little function that {does}.
    Write something that {does}.
    The function {does}. Write it in Python.
    My function {does}. What is its code?
    def {f}: a function that {does}
    Complete {f}, which {does}.
    It is called {f}, and it {does}.
"""

TO = """
    {do}.
    {do} in Python.
    Please {do} in Python.
    {do} using Python.
    How do I {do} in Python?
    How do I {do}?
    How can I {do} in Python?
    How can I {do}?
    How would you {do} in Python?
    How do you {do}?
    How could one {do}?
    Write a function to {do}.
    Please write a Python function to {do}.
    Write a Python function to {do}.
    Write Python code to {do}.
    Write code to {do}.
    Can you {do} in Python?
    Could you {do} for me?
    What is a simple way to {do} in Python?
    What is the easiest way to {do}?
    What's the Python code to {do}?
    What is the best way to {do}?
    Is there a way to {do} in Python?
    Show me how to {do} in Python.
    Could you show me how to {do}?
    I want to {do}.
    I want to {do} in Python. How?
    I'd like to {do} with Python.
    I need to {do}. How do I do that in Python?
    I have to {do}. What would the code look like?
    Help me {do} in Python.
    I am trying to {do}. Can you help?
    Give me code to {do}.
    My homework is to {do}. Can you show me?
    Write a function named {f} to {do}.
    Write {f}, a function to {do}.
    How to {do}?
    How to {do} in Python
    How can we {do}?
    In Python, how do you {do}?
    With Python, {do}.
    Python: {do}
    Your job is to {do}.
    The task is to {do}.
    The goal is to {do}.
    The function should {do}.
    Your function has to {do}.
    It should {do}.
    A function must {do}. Write it.
    Tell me how to {do}.
    Any idea how to {do}?
    I don't know how to {do}.
    I can't figure out how to {do}.
    Need to {do} in Python
    Trying to {do} here.
    We want to {do}.
    Let's {do}.
    What code would {do}?
    What function would {do}?
    Can Python {do}?
    Is it possible to {do}?
    A way to {do}, please.
    Some code to {do}?
    Use a function to {do}.
    `{f}` should {do}.
"""

FOR = """
    {about}
    {about} in Python
    {about} in Python, please.
    Python code for {about}
    Write a function for {about}.
    Write a Python function for {about}.
    Please write Python code for {about}.
    Show me {about} in Python.
    Can you show me {about}?
    Give me a function for {about}.
    I need code for {about}.
    I need a Python function for {about}.
    How does {about} look in Python?
    What is the code for {about}?
    How is {about} done in Python?
    What would {about} look like as a Python function?
    I'd like to see {about} in Python.
    Write a function called {f} for {about}.
    {about}?
    Python {about}
    How to code {about}?
    Implement {about}.
    Explain {about} with code.
    I want {about}.
    An example of {about}, please.
    My task is {about}.
    Let me see {about}.
"""

DOING = """
    {doing}
    {doing} in Python
    {doing} with Python, how?
    Code for {doing}.
    A function for {doing}.
    Write a function for {doing}.
    Please write a Python function for {doing}.
    I need help with {doing}.
    Help me with {doing} in Python.
    What about {doing} in Python?
    How does {doing} work?
    How does {doing} look in code?
    Show me {doing} in Python.
    I have trouble {doing}.
    I'm stuck {doing}.
    What is the way of {doing}?
    The task is {doing}.
    Is there code for {doing}?
"""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


FILLERS = _set("a an the that which please python in using some me you can could would code function")
AFTER_AND = _set("returns gives removes counts sorts merges adds joins keeps puts drops divides")
DOUBLED = _set("clip cut drop flip get let map put run set split strip sum swap trim zip")
IRREGULAR = {"does": "do", "has": "have", "is": "be", "goes": "go"}


@dataclass(frozen=True)
class Phrasing:
    """One wording of an exercise's question, placeholders still open."""

    text: str
    named: bool

    @property
    def form(self) -> str:
        """The wording's normal form."""
        return normal_form(self.text)


def normal_form(question: str) -> str:
    """Return what is left of a question without case, punctuation, politeness and filler words."""
    words = re.findall(r"[$\w']+|[^\s\w.,?!:;`\"]", question.casefold())
    return " ".join(word for word in words if word not in FILLERS)


def asked(exercise: Exercise) -> Iterator[Phrasing]:
    """Yield the whole questions that the exercise itself holds for train and validation."""
    return (Phrasing(text, named=False) for text in exercise.asks)


def phrasings(exercise: Exercise) -> Iterator[Phrasing]:
    """Yield every wording that the templates give for `exercise`."""
    slots = [
        (THAT, "does", exercise.does),
        (TO, "do", [imperative(d) for d in exercise.does]),
        (FOR, "about", exercise.about),
        (DOING, "doing", [gerund(d) for d in exercise.does]),
    ]
    for templates, slot, phrases in slots:
        for line in templates.strip().splitlines():
            template = line.strip()
            for phrase in phrases:
                text = template.replace(f"{{{slot}}}", phrase).replace("{f}", "$f")
                yield Phrasing(_capitalised(text), "{f}" in template)


def imperative(does: str) -> str:
    """Return the phrase "sorts a list and returns it" as "sort a list and return it"."""
    return _with_verbs(does, _plain)


def gerund(does: str) -> str:
    """Return the phrase "sorts a list and returns it" as "sorting a list and returning it"."""
    return _with_verbs(does, lambda verb: _ing(_plain(verb)))


def _with_verbs(does: str, change: Callable[[str], str]) -> str:
    words = does.split(" ")
    for i, word in enumerate(words):
        if i == 0 or (word in AFTER_AND and (words[i - 1] == "and" or words[i - 1].endswith(","))):
            words[i] = change(word)
    return " ".join(words)


def _ing(verb: str) -> str:
    if verb in DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("e") and not verb.endswith(("ee", "oe")) and verb != "be":
        return verb[:-1] + "ing"
    return verb + "ing"


def _plain(verb: str) -> str:
    if verb in IRREGULAR:
        return IRREGULAR[verb]
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    if verb.endswith(("ches", "shes", "sses", "xes", "zzes")):
        return verb[:-2]
    return verb.removesuffix("s")


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]
