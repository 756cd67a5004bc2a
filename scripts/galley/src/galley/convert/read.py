"""Reads a notebook in any of the forms that people have, by nbformat, Jupytext and docutils.

In the command. The packages are imported when a file is read that needs them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from shlex import quote
from typing import Any

import yaml

from galley.convert import myst
from galley.convert.gallery import Block, blocks_of
from galley.convert.part import Notebook, Part
from galley.convert.sessions import cells_of
from galley.errors import GalleyError, Place, UsageError
from galley.source.text import LARGEST, read_text

# The names that Jupytext has for what a file's ending says; docutils reads the last.
FORMATS = {".ipynb": "ipynb", ".qmd": "Rmd", ".rmd": "Rmd", ".md": "md", ".py": "py", ".rst": "rst"}
CLEAR = "jupyter nbconvert --clear-output --inplace"
INSTALL = 'pip install "galley-docs[import]"'
JUPYTEXTS = "%matplotlib inline"  # what Jupytext puts before some scripts
MYST = "{code-cell"  # how a cell begins in MyST; elsewhere it is a block of code
OPTION = "#| "  # how a line begins in which Quarto says something of a cell
OF_QUARTO = {"echo": "remove-input", "include": "remove-cell", "output": "remove-output", "eval": "skip-execution"}
REST = re.compile(r":[a-z]+:`[^`]+`|^\.\. \w+", re.MULTILINE)  # what prose has that is read as Markdown and is none
CELLS = ("# %%", "#%%", "# +")  # how a line of a script begins that begins a cell
WIDGET = "application/vnd.jupyter.widget-view+json"
IN_REST = "its prose is reStructuredText in part: write it as Markdown"
THUMBNAIL = "its picture in the gallery was number {}: write the tag [thumbnail] on the line of the cell that draws it"
UNHEARD = ("tags", "line_numbers", "multi_image", "multi_image_block")  # comments for a look that galley has not


def read(path: Path) -> Notebook:
    """Read a notebook; raises GalleyError for a file that is none, or none of Python, or where a package is missing."""
    form = FORMATS.get(path.suffix.lower())
    if form is None:
        raise UsageError(f"{path.name} is no notebook", mend=f"galley import takes files with {', '.join(FORMATS)}")
    text = _text(path)
    try:
        if form == "rst":
            found = Notebook("", _of_blocks([Block("prose", text)]))
        elif form == "py" and (blocks := blocks_of(text)):
            found = Notebook("", _of_blocks(blocks))
        else:
            found = _of_cells(path, form, text)
    except ImportError as error:
        raise GalleyError(f"a notebook is read by {error.name}, which is not installed", mend=INSTALL) from None
    except RecursionError:
        raise GalleyError("its prose is nested too deeply", Place(path), "take lists and directives apart") from None
    except GalleyError as error:
        raise GalleyError(error.what, error.place or Place(path), error.mend) from error
    except Exception as error:  # nbformat reads what is no notebook, too: its parts may be anything
        raise GalleyError(f"cannot be read as a notebook: {error}", Place(path), "save it anew with Jupyter") from error
    parts = [each for part in found.parts for each in (cells_of(part) if part.kind == "markdown" else [part])]
    return Notebook(found.title, tuple(part for part in parts if part.text.strip() or part.lost))


def _text(path: Path) -> str:
    """The text of a file; a notebook of Jupyter's that is too long has large outputs, which a page does not need."""
    with suppress(OSError):
        if path.suffix.lower() == ".ipynb" and path.is_file() and path.stat().st_size > LARGEST:
            what = f"has more than {LARGEST / 1e6:.0f} MB"
            mend = f"take its outputs out, which a run makes anew: {CLEAR} {quote(str(path))}"
            raise GalleyError(what, Place(path), mend)
    return read_text(path, path)


def is_notebook(path: Path) -> bool:
    """Whether a file in a folder is a notebook: by its ending, and a Python file by its cells or its title."""
    if path.suffix.lower() not in FORMATS or not path.is_file():
        return False
    if path.suffix != ".py":
        return True
    text = read_text(path, path)
    return any(line.startswith(CELLS) for line in text.split("\n")) or blocks_of(text) is not None


def _of_cells(path: Path, form: str, text: str) -> Notebook:
    """A notebook of Jupyter, or a text that Jupytext reads as one."""
    markdown = form in ("md", "ipynb") and (form == "ipynb" or myst.is_myst(text))
    found = _parsed(text, "md:myst" if form == "md" and markdown else form, path)
    kernel, info = (found.metadata.get(each) or {} for each in ("kernelspec", "language_info"))
    language = kernel.get("language") or info.get("name")
    if language and language != "python":
        raise GalleyError(f"its code is {language}", Place(path), "galley runs Python alone")
    parts = [_part(number, cell) for number, cell in enumerate(found.cells, start=1)]
    title = _plain(found.metadata.get("title"))
    if parts and parts[0].kind == "raw" and parts[0].text.startswith("---"):
        head = _yaml(parts.pop(0).text.strip().strip("-"))
        title = title or _plain(head.get("title"))
    own = (part for part in parts if part.text != JUPYTEXTS or JUPYTEXTS in text)
    return Notebook(title, tuple(_of_myst(part) if markdown and part.kind == "markdown" else part for part in own))


def _of_myst(part: Part) -> Part:
    return replace(part, text=myst.as_markdown(part.text))


def _of_blocks(blocks: Iterable[Block]) -> tuple[Part, ...]:
    """The blocks of a script of sphinx-gallery; their prose is reStructuredText."""
    from galley.convert.rest import as_markdown

    blocks = list(blocks)
    prose = iter(as_markdown([block.text for block in blocks if block.kind == "prose"]))
    parts = []
    for number, block in enumerate(blocks, start=1):
        if block.kind == "prose":
            text, lost = next(prose)
            parts.append(Part(number, "markdown", text, lost=lost))
            continue
        lost = tuple(_told(name, value) for name, value in block.settings if name not in UNHEARD)
        tags = frozenset({"remove-cell"} if block.hidden else ())
        parts.append(Part(number, "code", block.text, tags, lost=lost))
    return tuple(parts)


def _told(name: str, value: str) -> str:
    return THUMBNAIL.format(value) if name == "thumbnail_number" else f"`sphinx_gallery_{name}` means nothing to galley"


def _parsed(text: str, form: str, path: Path) -> Any:
    """The notebook as nbformat has it."""
    import jupytext
    import nbformat

    read_notebook: Any = nbformat.reads  # which says of no type
    if form == "md" and MYST in text:
        form = "md:myst"
    if form == "py":
        form = f"py:{jupytext.formats.guess_format(text, '.py')[0]}"
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
        lost=(IN_REST,) if cell.cell_type == "markdown" and REST.search(text) else (),
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
