"""Makes a page and a snippet file of a notebook's cells.

In the command.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from galley.convert.prose import Prose
from galley.convert.python import Code, as_python
from galley.convert.read import Notebook, Part
from galley.source.cells import LONGEST
from galley.source.parameters import PARAMETERS

HEADING = re.compile(r"^#{1,6}[ \t]+(?P<text>\S.*)$", re.MULTILINE)
TITLE = re.compile(r"^#[ \t]+\S", re.MULTILINE)
OTHERS = re.compile(r"[^a-z0-9]+")
NOT_RUN = "Typed by hand: shown, and not run"
TICKS = re.compile(r"`+")
SETUP = {"hide-cell", "remove-cell"}
FOLDED = {"hide-input", "remove-input", "hide-code"}
SHOWN = {"hide-output", "remove-output"}
KNOWN = SETUP | FOLDED | SHOWN | {"raises-exception", "skip-execution", "parameters", "injected-parameters"}


@dataclass(frozen=True)
class Made:
    """A page, a snippet file, the files beside the page by their names, and what could not be taken, in sentences."""

    page: str
    snippets: str
    files: dict[str, bytes]
    lost: tuple[str, ...]


def make(notebook: Notebook, stem: str, beside: Path, has_page: Callable[[str], bool]) -> Made:
    """The page of a notebook that lies in the folder `beside`, and whose snippet file will be named `stem`."""
    return _Making(notebook, stem, beside, has_page).made()


class _Making:
    def __init__(self, notebook: Notebook, stem: str, beside: Path, has_page: Callable[[str], bool]) -> None:
        self.notebook, self.stem = notebook, stem
        self.name = stem.replace("_", "-")
        self.prose = Prose(beside, f"{self.name}-files", has_page)
        self.blocks: list[str] = []
        self.cells: list[str] = []
        self.names: set[str] = set()
        self.next: dict[str, int] = {}  # the number with which the next name is tried, by the name without one
        self.heading = ""

    def made(self) -> Made:
        """The page with all that belongs to it."""
        texts = [part.text for part in self.notebook.parts if part.kind == "markdown"]
        if not any(TITLE.search(text) for text in texts[:1]):
            self.blocks.append(f"# {self.notebook.title or self.name.replace('-', ' ').capitalize()}")
        for part in self.notebook.parts:
            if part.kind == "markdown":
                self._markdown(part)
            elif part.kind == "code":
                self._code(part)
            else:
                self._lose(part, f"the raw cell is left out: {part.text.strip()[:60]!r}")
        page, snippets = "\n\n".join(self.blocks), "\n\n".join(self.cells)
        return Made(f"{page}\n", f"{snippets}\n", self.prose.files, tuple(self.prose.lost))

    def _lose(self, part: Part, said: str) -> None:
        self.prose.lost.append(f"cell {part.number}: {said}")

    def _markdown(self, part: Part) -> None:
        self.blocks.append(self.prose.of(part))
        self.heading = next((found["text"] for found in reversed(list(HEADING.finditer(part.text)))), self.heading)

    def _code(self, part: Part) -> None:
        code = as_python(part.text)
        for said in code.lost:
            self._lose(part, said)
        if not code.language and "skip-execution" in part.tags:
            code = Code(code.text, language="python")
            self._lose(part, "it is shown without running, as its tag has it")
        if code.language:
            fence = "`" * max(3, 1 + max(map(len, TICKS.findall(code.text)), default=0))
            self.blocks.append(f'{fence}{code.language} title="{NOT_RUN}"\n{code.text}\n{fence}')
            return
        if not ast.parse(code.text).body:
            return  # comments alone, whose magics are told
        name = self._named(part, code.text)
        self.cells.append(f"# %% {' '.join([name, *self._words(part, name)])}\n{code.text}")
        self.blocks.append(f'```python exec="on" cell="{self.stem}/{name}"\n```')

    def _words(self, part: Part, name: str) -> Iterator[str]:
        """The tags and options on a cell's line."""
        tags = "setup" if part.tags & SETUP else "folded" if part.tags & FOLDED else ""
        if tags and name != PARAMETERS:
            yield f"[{tags}]"
        if part.alt:
            yield f'alt="{_quoted(part.alt)}"'
        elif part.drew:
            self._lose(part, f'its picture needs words, unless it has a title: alt="…" on the line of cell {name}')
        if "raises-exception" in part.tags:
            if not part.error:
                self._lose(part, f'which error it raises is not known: raises="…" on the line of cell {name}')
            yield f'raises="{part.error or "Exception"}"'
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
        wanted = _slug(part.label) or _slug(self.heading) or f"cell-{part.number}"
        wanted = f"{wanted}-1" if wanted == PARAMETERS else wanted
        name, number = wanted, self.next.get(wanted, 2)
        while name in self.names:
            name, number = f"{wanted}-{number}", number + 1
        self.names.add(name)
        self.next[wanted] = number  # a notebook can have thousands of cells below one heading
        return name


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


def _slug(text: str) -> str:
    return OTHERS.sub("-", text.lower())[: LONGEST - 10].strip("-")


def _quoted(text: str) -> str:
    return " ".join(text.replace('"', "'").split())
