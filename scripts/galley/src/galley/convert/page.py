"""Makes a page and a snippet file of a notebook's cells.

In the command.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from galley.convert import forms
from galley.convert.part import Notebook, Part
from galley.convert.places import HEADING, Places
from galley.convert.prose import Prose
from galley.convert.python import Code, as_python, given_by
from galley.source.cells import LONGEST
from galley.source.commented import REFUSED
from galley.source.lines import outside_code
from galley.source.parameters import PARAMETERS

TITLE = re.compile(r"#[ \t]+\S")
# A notebook's tags, and the tag that has the same meaning here; `hide` folds what `remove` takes away.
TAGS = {
    "hide-cell": "setup",
    "remove-cell": "remove-cell",
    "hide-input": "folded",
    "hide-code": "folded",
    "remove-input": "remove-input",
}
SHOWN = {"hide-output", "remove-output"}
KNOWN = {*TAGS, *SHOWN, "raises-exception", "skip-execution", "parameters", "injected-parameters"}
STOPS = ("KeyboardInterrupt",)  # what a notebook recorded because somebody stopped it


@dataclass(frozen=True)
class Made:
    """A page, a snippet file, the files beside the page by their names, and what could not be taken, in sentences."""

    page: str
    snippets: str
    files: dict[str, bytes]
    lost: tuple[str, ...]


def make(notebook: Notebook, stem: str, beside: Path, places: Places) -> Made:
    """The page of a notebook that lies in the folder `beside`, and whose snippet file will be named `stem`."""
    return _Making(notebook, stem, beside, places).made()


class _Making:
    def __init__(self, notebook: Notebook, stem: str, beside: Path, places: Places) -> None:
        self.notebook, self.stem = notebook, stem
        self.name = PurePosixPath(places.own).stem
        self.prose = Prose(beside, f"{self.name}-files", places)
        self.blocks: list[str] = []
        self.cells: list[str] = []
        self.names: set[str] = set()
        self.next: dict[str, int] = {}  # the number with which the next name is tried, by the name without one
        self.heading = ""
        self.given: set[str] = set()  # the names that the cells so far import and define

    def made(self) -> Made:
        """The page with all that belongs to it."""
        title = self.notebook.title or self.name.replace("-", " ").capitalize()
        for part in _title_first(self.notebook.parts, title):
            for said in part.lost:
                self._lose(part, said)
            if part.kind == "markdown":
                self._markdown(part)
            elif part.kind == "code":
                self._code(part)
            else:
                self._lose(part, f"the raw cell is left out: {part.text.strip()[:60]!r}")
        page, snippets = "\n\n".join(self.blocks), "\n\n".join(self.cells)
        return Made(
            f"{page}\n", f"{snippets}\n" if snippets else "", self.prose.files, tuple(dict.fromkeys(self.prose.lost))
        )

    def _lose(self, part: Part, said: str) -> None:
        self.prose.lost.append(f"cell {part.number}: {said}")

    def _markdown(self, part: Part) -> None:
        if not part.text.strip():
            return
        self.blocks.append(self.prose.of(part))
        if part.number:  # a title that was made up names no cell
            self.heading = next((found["text"] for found in reversed(list(HEADING.finditer(part.text)))), self.heading)

    def _code(self, part: Part) -> None:
        code = as_python(part.text, self.given)
        for said in code.lost:
            if part.error not in REFUSED:
                self._lose(part, said)
        if not code.language and "skip-execution" in part.tags:
            code = Code(code.text, language="python")
            self._lose(part, "it is shown without running, as its tag has it")
        if code.language == "python" and part.error in REFUSED:
            code = Code("\n".join(f"# {line}" for line in code.text.split("\n")))
        elif code.language:
            self.blocks.append(forms.block(code.text, code.language, forms.NOT_RUN))
            return
        if not code.shell and part.error not in REFUSED and not ast.parse(code.text).body:
            return  # comments alone, whose magics are told
        self.given |= given_by(code.text)
        name = self._named(part, code.text)
        tag = "shell" if code.shell else next((TAGS[each] for each in TAGS if each in part.tags), "")
        self.cells.append(f"# %% {' '.join([name, *self._words(part, name, tag)])}\n{code.text}")
        if tag == "remove-cell":
            return
        self.blocks.append(f'```python exec="on" cell="{self.stem}/{name}"\n```')

    def _words(self, part: Part, name: str, tag: str) -> Iterator[str]:
        """The tags and options on a cell's line."""
        if tag and name != PARAMETERS:
            yield f"[{tag}]"
        if part.alt:
            yield f'alt="{_quoted(part.alt)}"'
        elif part.drew:
            self._lose(part, f'its picture needs words, unless it has a title: alt="…" on the line of cell {name}')
        if part.error and part.error not in STOPS:
            yield f'raises="{part.error}"'
        elif "raises-exception" in part.tags:
            self._lose(part, f'any error will do: say which it is, raises="…", on the line of cell {name}')
            yield 'raises="BaseException" subclasses="yes"'
        if part.tags & SHOWN:
            self._lose(part, "its output is shown: galley hides none")
        if part.widget:
            self._lose(part, "a widget is shown as text: it needs a program behind it")
        for tag in sorted(part.tags - KNOWN):
            self._lose(part, f"the tag {tag!r} means nothing to galley")

    def _named(self, part: Part, code: str) -> str:
        """A name that no other cell has: the author's, that of the heading above, or the cell's number."""
        if part.tags & {"parameters", "injected-parameters"} and PARAMETERS not in self.names:
            if _literals(code):
                self.names.add(PARAMETERS)
                return PARAMETERS
            self._lose(part, "it is no cell of parameters: galley's holds `name = literal` lines alone")
        wanted = forms.slug(part.label) or forms.slug(self.heading) or f"cell-{part.number}"
        wanted = wanted[: LONGEST - 10].strip("-")
        wanted = f"{wanted}-1" if wanted == PARAMETERS else wanted
        name, number = wanted, self.next.get(wanted, 2)
        while name in self.names:
            name, number = f"{wanted}-{number}", number + 1
        self.names.add(name)
        self.next[wanted] = number  # a notebook can have thousands of cells below one heading
        return name


def _title_first(parts: Sequence[Part], title: str) -> list[Part]:
    """The cells with the page's title as the first: builders look for it there, and a badge may stand above it.

    The title is the first one above the code; where there is none, the `title` that is given.
    """
    for at, part in enumerate(parts):
        if part.kind != "markdown":
            break
        lines = part.text.split("\n")
        for number in outside_code(lines):
            if TITLE.match(lines[number]):
                above, below = ("\n".join(each).strip("\n") for each in (lines[:number], lines[number + 1 :]))
                rest = replace(part, text="\n\n".join(filter(None, (above, below))))
                return [replace(part, text=lines[number], lost=()), *parts[:at], rest, *parts[at + 1 :]]
    return [Part(0, "markdown", f"# {title}"), *parts]


def _literals(code: str) -> bool:
    """Whether code holds `name = literal` lines alone."""
    for each in ast.parse(code).body:
        try:
            assert isinstance(each, ast.Assign)
            (target,) = each.targets
            assert isinstance(target, ast.Name)
            ast.literal_eval(each.value)
        except (AssertionError, ValueError):
            return False
    return True


def _quoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())
