"""Which folders and files the settings may name: below the project's root, and with names that every disk can hold.

In every process, but asked in the command and in the builder alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from galley.toml import Reader, form

MADE = ".galley-site.json"  # in a site's folder: the files there that galley made
ENVIRONMENTS = frozenset({"pyvenv.cfg", "conda-meta", MADE})  # what lies in a Python environment, or in a built site
PASSED = frozenset({"__pycache__", "node_modules"})
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)  # on Windows
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}(?<!\.)")  # a file's plain name on every system
DIGEST = ".sha256"  # the end of the name of a file with another file's digest


def _is_name(text: str) -> bool:
    return bool(NAME.fullmatch(text)) and not RESERVED.fullmatch(text) and not text.endswith(DIGEST)


FileName = Annotated[str, form("a file's plain name", _is_name)]


def folders_inside(root: Path, folders: Mapping[str, Path], reader: Reader) -> None:
    """Raises GalleyError where a setting would have galley read or write outside the project's own folders."""
    for name, path in folders.items():
        inside = path != root and path.is_relative_to(root)
        if not inside or not _can_be(path.relative_to(root)) or (name != "docs" and not _leads_inside(path, root)):
            what = f"{name} = {os.path.relpath(path, root)!r} under [tool.galley] is no folder below the project's"
            raise reader.wrong(what, (name,), f'write it as: {name} = "a/folder", from the folder of pyproject.toml')
        if os.path.lexists(path) and not path.is_dir():
            what = f"{name} = {os.path.relpath(path, root)!r} under [tool.galley] is there, and is no folder"
            raise reader.wrong(what, (name,), "name another, or move away what is there")
    for other in ("docs", "snippets"):
        held, records = (Path(str(each.resolve()).casefold()) for each in (folders[other], folders["outputs"]))
        if held.is_relative_to(records):
            what = f"outputs under [tool.galley] is the folder of {other}, or holds it"
            raise reader.wrong(what, ("outputs",), "records need a folder of their own, such as snippets/outputs")


def files_inside(root: Path, files: Mapping[str, str], reader: Reader) -> None:
    """Raises GalleyError where a setting names a file outside the project, which a checkout would not bring."""
    for name, path in files.items():
        place = Path(os.path.normpath(root / path))
        if path and not (place != root and place.is_relative_to(root) and _leads_inside(place, root)):
            what = f"{name} = {path!r} under [tool.galley] names no file of the project"
            raise reader.wrong(what, (name,), "name a file below the folder of pyproject.toml")


def _can_be(path: Path) -> bool:
    """Whether every disk can hold a folder of this name, and it is not one that another tool keeps for itself."""
    plain = all(
        part.isprintable()
        and part == part.strip()
        and not part.endswith(".")
        and not set(part) & set('<>:"|?*\\')
        and not part.startswith("~")
        and not RESERVED.fullmatch(part)
        and len(part.encode()) <= 255
        for part in path.parts
    )
    return plain and path.parts[0] not in (".git", ".cache")


def _leads_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link to itself
        return False


def links_inside(root: Path, snippets: Path, links: Sequence[str], reader: Reader) -> None:
    """Raises GalleyError where a link would lead a page outside the project."""
    mend = "name files or folders that lie in the snippets' folder"
    names = [link.casefold() for link in links]
    for link in links:
        if names.count(link.casefold()) > 1:
            raise reader.wrong(f"links under [tool.galley] has {link!r} twice", ("links",), "leave one of them out")
        if not NAME.fullmatch(link):
            what = f"links under [tool.galley] has {link!r}, which is no plain name"
            raise reader.wrong(what, ("links",), mend)
        if not (snippets / link).resolve().is_relative_to(root):
            what = f"links under [tool.galley] has {link!r}, which leads outside the project"
            raise reader.wrong(what, ("links",), mend)
        if not (snippets / link).exists():
            missing = (snippets / link).relative_to(root).as_posix()
            what = f"links under [tool.galley] has {link!r}, and there is no {missing}"
            raise reader.wrong(what, ("links",), f"make {missing}, or take {link!r} away")
