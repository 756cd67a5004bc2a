"""Which files are pages and which snippet files, by where they lie, and what these are called: `a/b` for `a/b.py`.

In the command and in the builder. A snippet file lies in the folder of the snippets or in a folder below it. A folder
below it has no snippet files, nor has what lies below that folder, where it is a package, where it is linked into each
page's working folder, and where it holds records, pages, a Python environment or a built site.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.folders import ENVIRONMENTS, PASSED

ENDING = ".py"
PAGE = ".md"
ALSO_PAGES = (".markdown", ".mdown", ".mkdn", ".mkd")  # to MkDocs
PACKAGE = "__init__.py"
ACCESS = "give yourself access to it: chmod u+rwX"


def pages_in(docs: Path) -> list[Path]:
    """The files that MkDocs takes for pages, in order: none whose name, or that of a folder, begins with a dot.

    Links to folders are followed, as MkDocs does it. A folder that is called like a page is among them.
    """
    return sorted(_pages(str(docs), ()))


def _pages(folder: str, above: tuple[str, ...]) -> Iterator[Path]:
    """The pages below a folder; `above` are the folders on the way to it, to which a link may lead back."""
    here = os.path.realpath(folder)
    if here in above:
        return
    try:
        with os.scandir(folder) as found:
            names = [(each.path, each.is_dir()) for each in found if not each.name.startswith(".")]
    except OSError:
        return
    for path, is_folder in names:
        if path.endswith((PAGE, *ALSO_PAGES)):
            yield Path(path)
        if is_folder:
            yield from _pages(path, (*above, here))


def stem_of(project: Project, path: Path) -> str:
    """What a snippet file is called in fences, by its path, absolute or from the root; empty for any other file."""
    whole = os.path.normpath(os.path.join(project.root, path))  # noqa: PTH118  every command asks it of every file
    above = f"{str(project.snippets).rstrip(os.sep)}{os.sep}"
    if not whole.startswith(above) or not whole.endswith(ENDING) or os.path.basename(whole) == ENDING:  # noqa: PTH119
        return ""
    return whole[len(above) : -len(ENDING)].replace(os.sep, "/")


def path_of(project: Project, stem: str) -> Path:
    """Where the snippet file of a name lies; raises GalleyError where none can lie."""
    parts = PurePosixPath(stem).parts
    if "/".join(parts) != stem or {".", "..", "/"}.intersection(parts):
        raise GalleyError(f"'{stem}' is no name of a snippet file", mend="name it from the folder of the snippets: a/b")
    folder = project.snippets
    for part in parts[:-1]:
        folder /= part
        if why := _apart(project, folder):
            shown = project.relative(folder).as_posix()
            raise GalleyError(f"no file in {shown} is a snippet file: {why}", mend="move the file to another folder")
    return folder / f"{parts[-1]}{ENDING}"


def python_files(project: Project, errors: list[GalleyError]) -> list[Path]:
    """The Python files among which the snippet files are, in order; an error for each folder that cannot be listed."""
    return sorted(path for folder in _folders(project, errors) for path in _in(project, folder, errors))


def _folders(project: Project, errors: list[GalleyError]) -> Iterator[Path]:
    waiting = [project.snippets]
    for folder in waiting:  # grows
        yield folder
        try:
            with os.scandir(folder) as found:
                inside = sorted(Path(each.path) for each in found if each.is_dir(follow_symlinks=False))
        except OSError:
            continue  # who lists its files says it
        waiting += [each for each in inside if not _apart(project, each)]


def _apart(project: Project, folder: Path) -> str:
    """Why no snippet file lies in a folder below that of the snippets; empty where one may."""
    if folder.is_symlink():
        return "it is a link"
    if folder in (project.outputs, project.docs):
        return "it holds records" if folder == project.outputs else "it holds pages"
    if folder.parent == project.snippets and folder.name in project.links:
        return f"links under [tool.galley] has '{folder.name}'"
    if folder.name.startswith(".") or folder.name in PASSED:
        return "its name says that it holds no sources"
    if (folder / PACKAGE).exists():
        return f"it is a package, since it has an {PACKAGE}"
    if any((folder / each).exists() for each in ENVIRONMENTS):
        return "it is an environment of Python, or a built site"
    return ""


def _in(project: Project, folder: Path, errors: list[GalleyError]) -> list[Path]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  a path's own search passes over a folder that it may not read
    except FileNotFoundError:
        return []
    except OSError as error:
        errors.append(GalleyError(f"cannot be read: {error.strerror}", Place(project.relative(folder)), ACCESS))
        return []
    return [folder / name for name in names if name.endswith(ENDING) and not name.startswith(".")]
