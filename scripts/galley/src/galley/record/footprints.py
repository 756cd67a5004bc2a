"""Footprints on disk: kept beside the records, each with the digest of what its record rests on.

In the command. They lie in the folder `.footprints` of the records, compressed, so that no difference of records shows
them: a file for each page and profile, and one for what the imports reached, which pages have in common and which is
named by its digest. A footprint is a help and no promise of a page: without one, any change of a package is taken to
reach the page.
"""

from __future__ import annotations

import json
import lzma
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from shlex import quote
from typing import Annotated, Any

import msgspec

from galley import system
from galley.config import Project
from galley.errors import GalleyError, Place
from galley.record.footprint import FORMAT, Entered, Footprint, Package, Reached
from galley.record.model import Name, Record
from galley.record.plain import LIST, TooLargeError, bytes_of, is_plain
from galley.record.store import (
    FOOTPRINTS,
    IS_LINK,
    LINK_MEND,
    NO_FOLDER,
    NOT_PLAIN,
    PLAIN_MEND,
    plain_bytes,
)
from galley.source.digest import digest
from galley.system.whole_file import write_whole

SUFFIX = ".json.xz"
SHARED = "imports-"  # how the name of a file of what imports reached begins; 16 hexadecimal digits follow
LARGEST = LIST  # bytes of a footprint once it is unpacked; the largest of a large guide has two million
MEMORY = 1 << 26  # bytes that unpacking may take, which is several times what these filters ask for
FILTERS = [{"id": lzma.FILTER_LZMA2, "preset": 6}]


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """The file of a page: of which record it is, the name of the file of its imports, and the rest of the footprint."""

    page: str
    profile: str
    of: str
    imports: str
    packages: dict[str, Package]
    own: Reached
    hooks: Entered
    cells: dict[str, Entered]
    programs: tuple[str, ...] = ()
    opaque: str = ""
    format: Annotated[int, msgspec.Meta(ge=1, le=FORMAT)] = FORMAT


def rests_on(record: Record) -> str:
    """The digest of what a record rests on: its cells' code, files, settings and versions.

    Dates, costs and outputs are left out: a footprint stays true where the same code runs in the same packages.
    """
    cells = [[cell.name, cell.digest] for cell in record.cells]
    used = sorted([each.path, each.kind, each.sha256, each.part] for each in record.dependencies)
    versions = {name: version.partition("+")[0] for name, version in record.environment.packages.items()}
    python = record.environment.python.split(".")[:2]
    said = [record.page, record.profile, cells, used, dict(record.settings), versions, python]
    return digest(json.dumps(said, sort_keys=True))


def file_of(project: Project, page: str, profile: str) -> Path:
    """Where the footprint of a page under a profile lies."""
    return project.outputs / FOOTPRINTS / profile / f"{Name(page, profile).folder.parts[0]}{SUFFIX}"


def true_of(project: Project, record: Record) -> Footprint | None:
    """The footprint that belongs to a record, None where there is none or where it is of an older record.

    Raises GalleyError where it cannot be read.
    """
    stored = _read(project, record.page, record.profile)
    if stored is None or stored.of != rests_on(record):
        return None
    footprint = _whole(project, stored)
    parts = (footprint.hooks, *footprint.cells.values())
    if any(number >= len(footprint.functions) for each in parts for number in each.functions):
        raise _no_footprint(project, stored.page, stored.profile, "it names a function that it does not list")
    return footprint


def write(project: Project, record: Record, footprint: Footprint) -> bool:
    """Keep the footprint of a record; return whether its file changed. Equal contents leave the files untouched.

    Raises GalleyError where it is larger than any that is read again, and where a link or another thing that galley did
    not make stands in the way.
    """
    shared = _bytes(footprint.imports)
    name = f"{SHARED}{digest(shared)[:16]}"
    rest = {each: getattr(footprint, each) for each in ("packages", "own", "hooks", "cells", "programs", "opaque")}
    rest |= {"packages": dict(rest["packages"]), "cells": dict(rest["cells"])}
    stored = Stored(page=record.page, profile=record.profile, of=rests_on(record), imports=name, **rest)
    own, file = _bytes(stored), file_of(project, record.page, record.profile)
    if max(len(shared), len(own)) > LARGEST:
        mend = "the page needs none: any change of a package is taken to reach it"
        raise GalleyError(f"is not kept: {TooLargeError(LARGEST)}", Place(project.relative(file)), mend)
    project.outputs.mkdir(parents=True, exist_ok=True)
    with system.locked(project.outputs, alone=True):
        _see_way(project, record.profile, f"{name}{SUFFIX}", f"{record.profile}/{file.name}")
        changed = _put(project.outputs / FOOTPRINTS / f"{name}{SUFFIX}", shared)
        changed |= _put(file, own)
        for file in _unused(project):
            file.unlink()
    return changed


def kept(project: Project) -> Iterator[Name]:
    """Page and profile of every footprint that lies beside the records; links are not followed."""
    folder = project.outputs / FOOTPRINTS
    if folder.is_dir() and not folder.is_symlink():
        for profile in sorted(each for each in folder.iterdir() if each.is_dir() and not each.is_symlink()):
            for file in sorted(profile.iterdir()):
                if file.name.endswith(SUFFIX) and not file.name.startswith("."):
                    yield Name.of_folder(file.name.removesuffix(SUFFIX), profile.name)


def _read(project: Project, page: str, profile: str) -> Stored | None:
    file = file_of(project, page, profile)
    if not os.path.lexists(file):
        return None
    relative = project.relative(file)
    _see_way(project, profile)
    data = plain_bytes(file.parent, file.name, relative.parent, mend=_again(relative, page, profile))
    try:
        found = msgspec.json.decode(_unpacked(data), type=Stored)
        if (found.page, found.profile) != (page, profile):
            raise ValueError(f"it is of {found.page} under {found.profile}")
        if not _is_shared(found.imports):
            raise ValueError(f"it names {found.imports!r:.80} as its imports")
    except (ValueError, lzma.LZMAError, EOFError) as error:
        raise _no_footprint(project, page, profile, str(error)) from error
    return found


def _whole(project: Project, stored: Stored) -> Footprint:
    """The footprint of a page's file with what the imports reached."""
    folder = project.outputs / FOOTPRINTS
    try:
        data = plain_bytes(folder, f"{stored.imports}{SUFFIX}", project.relative(folder))
        shared = _shared(data, stored.imports)
    except (GalleyError, ValueError, lzma.LZMAError, EOFError) as error:
        raise _no_footprint(project, stored.page, stored.profile, f"of its imports: {error}") from error
    rest: dict[str, Any] = {name: getattr(stored, name) for name in ("packages", "own", "hooks", "cells", "programs")}
    return Footprint(imports=shared, opaque=stored.opaque, **rest)


@lru_cache(4)
def _shared(data: bytes, name: str) -> Reached:
    """What imports reached, from its file's bytes; ValueError where they are not what the name says."""
    text = _unpacked(data)
    if f"{SHARED}{digest(text)[:16]}" != name:
        raise ValueError("its bytes are not what its name says")
    return msgspec.json.decode(text, type=Reached)


def _is_shared(name: str) -> bool:
    return (
        name.startswith(SHARED)
        and len(name) == len(SHARED) + 16
        and set(name[len(SHARED) :]) <= set("0123456789abcdef")
    )


def _no_footprint(project: Project, page: str, profile: str, why: str) -> GalleyError:
    file = project.relative(file_of(project, page, profile))
    return GalleyError(f"is no footprint: {why}", Place(file), _again(file, page, profile))


def _again(file: Path, page: str, profile: str) -> str:
    return f"rm {quote(file.as_posix())} && galley run --footprint {quote(page)} --profile {quote(profile)}"


def _see_way(project: Project, profile: str, *names: str) -> None:
    """Raises GalleyError where the way to the footprints of a profile is a link, or these names of files are none's."""
    top = project.outputs / FOOTPRINTS
    for folder in (top, top / profile):
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            link = folder.is_symlink()
            place = Place(project.relative(folder))
            raise GalleyError(IS_LINK if link else NO_FOLDER, place, LINK_MEND if link else PLAIN_MEND)
    for file in (top / name for name in names):
        if os.path.lexists(file) and not is_plain(file):
            mend = LINK_MEND if file.is_symlink() else PLAIN_MEND
            raise GalleyError(NOT_PLAIN, Place(project.relative(file)), mend)


def _unused(project: Project) -> list[Path]:
    """The files of imports that no page names any more; none where a page's file cannot be read."""
    folder = project.outputs / FOOTPRINTS
    try:
        used = {stored.imports for each in kept(project) if (stored := _read(project, *each))}
    except GalleyError:
        return []
    found = (each for each in folder.iterdir() if _is_shared(each.name.removesuffix(SUFFIX)))
    return [each for each in found if each.name.removesuffix(SUFFIX) not in used]


def _bytes(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted") + b"\n"


def _put(file: Path, text: bytes) -> bool:
    """Write a file whole or not at all, unless it holds this text already."""
    try:
        if _unpacked(bytes_of(file, LARGEST)) == text:
            return False
    except (OSError, ValueError, lzma.LZMAError, EOFError):
        pass  # it is not there, or is no footprint: this one takes its place
    file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(file, lzma.compress(text, lzma.FORMAT_XZ, filters=FILTERS))
    return True


def _unpacked(data: bytes) -> bytes:
    """The text of a file; ValueError where it is larger than any can be."""
    unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MEMORY)
    text = unpacker.decompress(data, LARGEST)
    if not unpacker.eof:
        raise ValueError(f"it is cut off, or has more than {LARGEST >> 20} MiB")
    return text
