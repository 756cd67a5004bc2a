"""Reads a notebook in any of the forms that people have, by nbformat and Jupytext.

In the command. The two packages are imported here and nowhere else, when a file is read.
"""

from __future__ import annotations

import ast
import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from galley.errors import GalleyError, Place, UsageError
from galley.source.digest import is_string
from galley.source.text import LARGEST, read_text

# The names that Jupytext has for what a file's ending says.
FORMATS = {".ipynb": "ipynb", ".qmd": "Rmd", ".rmd": "Rmd", ".md": "md", ".py": "py"}
CLEAR = "jupyter nbconvert --clear-output --inplace"
INSTALL = 'pip install "galley-docs[import]"'
JUPYTEXTS = "%matplotlib inline"  # what Jupytext puts before a script of sphinx-gallery
UNDERLINED = re.compile(r"^(?P<text>\S[^\n]*)\n(?P<line>={3,}|-{3,}|~{3,}|\^{3,}) *$", re.MULTILINE)
MYST = "{code-cell"  # how a cell begins in MyST; elsewhere it is a block of code
HASHES = re.compile(r"^#{20,}$", re.MULTILINE)  # the line above prose, in a script of sphinx-gallery
OPTION = "#| "  # how a line begins in which Quarto says something of a cell
OF_QUARTO = {"echo": "hide-input", "include": "remove-cell", "output": "hide-output", "eval": "skip-execution"}
WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Part:
    """A cell of a notebook: its number from 1, its kind, its text, and what the notebook says of it.

    `label` is a name that the author gave, `alt` what its picture shows, `error` the class of the error that it was
    recorded with. `drew` and `widget` say whether an output was a picture or a widget.
    """

    number: int
    kind: str  # code, markdown or raw
    text: str
    tags: frozenset[str] = frozenset()
    label: str = ""
    alt: str = ""
    error: str = ""
    drew: bool = False
    widget: bool = False
    attachments: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Notebook:
    """What a file holds: a title, which may be empty, and its cells."""

    title: str
    parts: tuple[Part, ...]


def read(path: Path) -> Notebook:
    """Read a notebook; raises GalleyError for a file that is none, or none of Python, or where a package is missing."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path.name} is no notebook", mend=f"galley import takes files with {', '.join(FORMATS)}")
    text = _text(path)
    found = _parsed(text, form, path)
    try:
        return _notebook(found, text, form)
    except GalleyError as error:
        raise GalleyError(error.what, Place(path), error.mend) from error
    except Exception as error:  # nbformat reads what is no notebook, too: its parts may be anything
        raise GalleyError(f"cannot be read as a notebook: {error}", Place(path), "save it anew with Jupyter") from error


def _text(path: Path) -> str:
    """The text of a file; a notebook of Jupyter's that is too long has large outputs, which a page does not need."""
    with suppress(OSError):
        if path.suffix.lower() == ".ipynb" and path.is_file() and path.stat().st_size > LARGEST:
            what = f"has more than {LARGEST / 1e6:.0f} MB"
            mend = f"take its outputs out, which a run makes anew: {CLEAR} {quote(str(path))}"
            raise GalleyError(what, Place(path), mend)
    return read_text(path, path)


def _notebook(found: Any, text: str, form: str) -> Notebook:
    """What nbformat's notebook holds, which was made of a text in a form."""
    kernel, info = (found.metadata.get(each) or {} for each in ("kernelspec", "language_info"))
    language = kernel.get("language") or info.get("name")
    if language and language != "python":
        raise GalleyError(f"its code is {language}", mend="galley runs Python alone")
    parts = [_part(number, cell) for number, cell in enumerate(found.cells, start=1)]
    title = _plain(found.metadata.get("title"))
    if parts and parts[0].kind == "raw" and parts[0].text.startswith("---"):
        head = _yaml(parts.pop(0).text.strip().strip("-"))
        title = title or _plain(head.get("title"))
    if form == "py":
        own = (part for part in parts if part.text != JUPYTEXTS or JUPYTEXTS in text)
        parts = [each for part in own for each in _gallery(part)]
    return Notebook(title, tuple(part for part in parts if part.text.strip()))


def _gallery(part: Part) -> Iterator[Part]:
    """The cell of a script, and before it what sphinx-gallery reads as prose: a docstring, comments at its top."""
    text = part.text.strip("\n")
    if part.kind != "code":
        yield replace(part, text=_titled(text))
        return
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        body = ast.parse(text).body
        if len(body) == 1 and isinstance(body[0], ast.Expr) and is_string(body[0]):
            yield replace(part, kind="markdown", text=_titled(ast.literal_eval(body[0].value).strip("\n")))
            return
    lines = text.split("\n")
    count = next((at for at, line in enumerate(lines) if not line.startswith("# ") and line != "#"), len(lines))
    if count and not part.label:
        prose = "\n".join(line.removeprefix("#").removeprefix(" ") for line in lines[:count])
        yield replace(part, kind="markdown", text=_titled(prose))
        text = "\n".join(lines[count:])
    yield replace(part, text=text)


def _titled(text: str) -> str:
    """Prose whose headings are underlined, as in reStructuredText, with the headings of Markdown."""
    return UNDERLINED.sub(lambda found: f"{'#' if found['line'][0] == '=' else '##'} {found['text']}", text)


def _parsed(text: str, form: str, path: Path) -> Any:
    """The notebook as nbformat has it."""
    try:
        import jupytext
        import nbformat
    except ImportError as error:
        raise GalleyError(f"a notebook is read by {error.name}, which is not installed", mend=INSTALL) from None
    read_notebook: Any = nbformat.reads  # which says of no type
    if form == "md" and MYST in text:
        form = "md:myst"
    if form == "py":
        guessed, _ = jupytext.formats.guess_format(text, ".py")
        form = "py:sphinx" if guessed == "light" and HASHES.search(text) else f"py:{guessed}"
    try:
        return read_notebook(text, as_version=4) if form == "ipynb" else jupytext.reads(text, form)
    except nbformat.ValidationError as error:
        what = str(error).partition("\n")[0]
        raise GalleyError(
            f"is no valid notebook: {what}", Place(path), "complete its head, such as kernelspec"
        ) from error
    except Exception as error:  # each reader raises what it likes
        raise GalleyError(f"cannot be read as a notebook: {error}", Place(path), "save it anew with Jupyter") from error


def _part(number: int, cell: Any) -> Part:
    said = {name: value for name, value in cell.metadata.items() if isinstance(name, str)}
    text, options = _clean(cell.source), dict[str, Any]()
    if cell.cell_type == "code":
        lines = text.split("\n")
        count = next((at for at, line in enumerate(lines) if not line.startswith(OPTION)), len(lines))
        options = _yaml("\n".join(line.removeprefix(OPTION) for line in lines[:count]))
        text = "\n".join(lines[count:])
    tags = {str(tag) for tag in said.get("tags", ()) or ()}
    tags |= {tag for name, tag in OF_QUARTO.items() if options.get(name) is False}
    tags |= {"raises-exception"} if options.get("error") is True else set()
    outputs = cell.get("outputs", ())
    types = {mime for output in outputs for mime in output.get("data", {})}
    names = (said.get("name"), said.get("label"), options.get("label"), said.get("title"))
    errors = (_plain(each.get("ename")) for each in outputs if each.get("output_type") == "error")
    return Part(
        number,
        cell.cell_type,
        text,
        frozenset(tags),
        next((name for each in names if (name := _plain(each))), ""),
        alt=_plain(options.get("fig-alt")) or _plain(options.get("fig-cap")),
        error=next((each for each in errors if each.isidentifier()), ""),
        drew=any(mime.startswith("image/") for mime in types),
        widget=WIDGET in types,
        attachments=dict(_attachments(cell)),
    )


def _attachments(cell: Any) -> Iterator[tuple[str, bytes]]:
    """The files that a cell holds, by name; of several forms of one the first."""
    for name, forms in cell.get("attachments", {}).items():
        for data in list(forms.values())[:1]:
            try:
                yield name, base64.b64decode("".join(data), validate=False)
            except (binascii.Error, ValueError):
                continue


def _yaml(text: str) -> dict[str, Any]:
    """A mapping in YAML; empty for anything else."""
    try:
        found = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _plain(value: object) -> str:
    """A text or a number as a text; empty for anything else, of which a few lines of YAML can hold gigabytes."""
    return _clean(str(value)) if isinstance(value, str | int | float) else ""


def _clean(text: str) -> str:
    """A text whose lines all end alike, without halves of characters, which no file holds.

    Python ends a line at a carriage return too, so that what looks like one comment could hold code.
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
