"""`galley import`: pages and snippet files from notebooks. Nothing is overwritten, and all files are made or none.

In the command.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from galley.config import Project
from galley.convert.data import Data, data_of
from galley.convert.page import Made, make
from galley.convert.part import Notebook
from galley.convert.places import HEADERS, Places, labels_of, page_of, stem_of, title_of
from galley.convert.read import FORMATS, is_notebook, read
from galley.errors import GalleyError, Place, RefusedError, UsageError
from galley.source.cells import cut, page_name
from galley.source.grammar import grammar_of
from galley.source.lines import outside_code
from galley.source.shadows import in_the_way, refuse_shadows

RENAME = "name the page otherwise: --as NAME"
PYPLOT = "matplotlib.pyplot"
DRAWS = re.compile(r"^[ \t]*+(?:import|from) matplotlib\b", re.MULTILINE)
SITES = ("mkdocs.yml", "properdocs.yml", "zensical.toml")
# What a line of prose has for which the site needs an extension of Markdown.
EXTENSIONS: Mapping[str, Callable[[str], bool]] = {
    "admonition": lambda line: line.startswith("!!! "),
    "pymdownx.details": lambda line: line.startswith("??? "),
    "pymdownx.arithmatex": lambda line: line.count("$") > 1,
}
GALLERY = '```python exec="on" list="gallery"\n```\n'


@dataclass(frozen=True)
class Taken:
    """What an import wrote, each page first, and what it could not take, in sentences.

    `pages` are the names of the pages that can run. `settings` are lines for the settings, which a run needs or which
    make it fast. `extensions` are those of Markdown that the pages use and that the site has not.
    """

    pages: tuple[str, ...]
    files: tuple[Path, ...]
    lost: tuple[str, ...]
    settings: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()


@dataclass(frozen=True)
class _File:
    """A notebook that becomes a page: where it lies, what it holds, and the name of its snippet file."""

    path: Path
    notebook: Notebook
    stem: str

    @property
    def page(self) -> str:
        return page_of(self.stem)


def take(project: Project, *paths: Path, name: str = "") -> Taken:
    """Make a page of each notebook, and of each in a folder; `name` is that of the one page, or of the folder.

    Raises UsageError for a name that is taken or cannot be, GalleyError for a file that cannot be read, and where no
    page can be made of it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Python's parser: a run tells what it warns of
        return _take(project, [_File(path, read(path), stem) for path, stem in _named(paths, name)])


def _named(paths: Sequence[Path], name: str) -> Iterator[tuple[Path, str]]:
    """Each file to read, and the name of its snippet file: its own, below the folder that all files have in common."""
    if name and len(paths) > 1:
        raise UsageError("one name is given for several files", mend="leave --as out, or import them one by one")
    base = Path(os.path.commonpath([path.resolve().parent for path in paths]))
    for path in paths:
        if not path.is_dir():
            relative = path.resolve().relative_to(base).with_suffix("")
            yield path, _stem(path, name.removesuffix(".md") or relative.as_posix())
            continue
        found = sorted(filter(is_notebook, path.rglob("*")))
        if not found:
            raise UsageError(f"{path} has no notebook", mend=f"galley import takes files with {', '.join(FORMATS)}")
        folder = Path(name) if name else path.resolve().relative_to(base)
        yield from ((each, _stem(each, (folder / each.relative_to(path).with_suffix("")).as_posix())) for each in found)


def _stem(path: Path, name: str) -> str:
    if found := stem_of(name):
        return found
    raise UsageError(f"no page can have the name of {path.name}", mend=RENAME)


def _take(project: Project, files: Sequence[_File]) -> Taken:
    pages = {file.page: file.notebook for file in files}
    if len(pages) < len(files):
        twice = next(file for at, file in enumerate(files) if file.page in [other.page for other in files[:at]])
        raise UsageError(f"two files would be the page {twice.page}", Place(twice.path), "import them one by one")
    resolved, labels = {file.path.resolve(): file.page for file in files}, labels_of(pages)
    titles = {page: title_of(notebook) for page, notebook in pages.items()}
    made, written, lost = dict[Path, Made](), dict[Path, bytes](), list[str]()
    data = [data_of(file.notebook, file.path.parent) for file in files]
    for file in files:
        places = Places(file.page, project.docs, resolved, labels, titles)
        each = made[file.path] = make(file.notebook, file.stem, file.path.parent, places)
        written |= _files(project, file, each)
        lost += [f"{file.path.name}, {said}" if len(files) > 1 else said for said in each.lost]
    if not any(each.snippets for each in made.values()):
        raise GalleyError("has no cell of Python", Place(files[0].path), "write its prose as a page by hand")
    lost += [said for each in data for said in each.lost]
    brought = _brought(project, files, data, written)
    _write({**brought, **written})
    code = "".join(each.snippets for each in made.values())
    settings = tuple(_settings(project, [name for each in data for name in each.links], code))
    ran = tuple(page_name(file.stem) for file in files if made[file.path].snippets)
    return Taken(
        ran,
        tuple(map(project.relative, [*written, *brought])),
        tuple(lost),
        settings,
        _extensions(project, made.values()),
    )


def _extensions(project: Project, made: Iterable[Made]) -> tuple[str, ...]:
    """The extensions of Markdown that pages use and that no settings of a builder name."""
    lines = [each.page.split("\n") for each in made]
    prose = [text[at].lstrip() for text in lines for at in outside_code(text)]
    files = [project.root / name for name in SITES]
    named = "".join(file.read_text(encoding="utf-8", errors="replace") for file in files if file.is_file())
    return tuple(name for name, used in EXTENSIONS.items() if name not in named and any(map(used, prose)))


def _settings(project: Project, links: Sequence[str], code: str) -> Iterator[str]:
    """Lines for the settings: what pages find in their folder, and what is imported once for all of them."""
    if set(links) - set(project.links):
        yield f"links = {json.dumps([*dict.fromkeys([*project.links, *links])])}"
    if DRAWS.search(code) and PYPLOT not in project.imports:  # its fonts are then looked up once
        yield f"imports = {json.dumps([*project.imports, PYPLOT])}"


def _files(project: Project, file: _File, made: Made) -> dict[Path, bytes]:
    """The files that a notebook becomes: its page, its snippet file, and what lies beside the page."""
    page, code = project.docs / file.page, project.snippets / f"{file.stem}.py"
    text = f"{made.page}\n{GALLERY}" if file.path.stem.lower() in HEADERS else made.page
    found = {page: text.encode()}
    if made.snippets:
        _readable(project, made.snippets, code, file.path)
        found[code] = made.snippets.encode()
    folder = page.with_name(f"{page.stem}-files")
    if folder.is_symlink():
        raise UsageError("is a link, through which galley writes nothing", Place(folder), f"remove it, or {RENAME}")
    return found | {folder / name: data for name, data in made.files.items()}


def _brought(
    project: Project, files: Sequence[_File], data: Sequence[Data], written: Mapping[Path, bytes]
) -> dict[Path, bytes]:
    """The data and the modules of notebooks that are not among the snippets yet, with these very bytes.

    A module that is imported as a page is none beside: a snippet file can be imported as well.
    """
    found = {project.snippets / name: content for each in data for name, content in each.files.items()}
    for file, each in zip(files, data, strict=True):
        folder = (project.snippets / file.stem).parent
        found |= {folder / name: content for name, content in each.modules.items() if folder / name not in written}
    return {path: content for path, content in found.items() if not path.is_file() or path.read_bytes() != content}


def _readable(project: Project, text: str, path: Path, notebook: Path) -> None:
    """Raises GalleyError where galley would not read the snippet file that is to be written; it names the notebook."""
    relative = project.relative(path)
    try:
        refuse_shadows(text, path, relative, in_the_way(project.snippets))
    except GalleyError as error:
        raise UsageError(error.what, error.place, RENAME) from error
    try:
        cut(text, path, relative, grammar_of(project))
    except GalleyError as error:
        line = text.split("\n")[error.place.line - 1].strip() if error.place and error.place.line else ""
        raise GalleyError(f"{error.what}: `{line}`" if line else error.what, Place(notebook), error.mend) from error


def _write(files: Mapping[Path, bytes]) -> None:
    """Write files none of which is there; where one cannot be written, none is left, nor a folder made for them."""
    for path in files:
        if os.path.lexists(path):
            raise UsageError("is there already", Place(path), f"remove it, or {RENAME}")
    done: list[Path] = []
    made: list[Path] = []
    try:
        for path, data in files.items():
            made += [each for each in (path.parent, *path.parent.parents) if not each.is_dir()]
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as opened:
                done.append(path)
                opened.write(data)
    except BaseException as error:
        for each in done:
            each.unlink(missing_ok=True)
        for each in sorted(made, key=lambda each: -len(each.parts)):
            with suppress(OSError):
                each.rmdir()
        if isinstance(error, OSError):
            raise RefusedError(f"cannot be written: {error.strerror}", Place(path), "nothing was written") from error
        raise
