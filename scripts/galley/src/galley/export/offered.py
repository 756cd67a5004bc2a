"""The files that a guide offers on its site, as `[tool.galley.files]` names them: files, and folders as archives.

In the command and in the builder. An archive has the same bytes on each machine: its members are sorted, have one time
and one mode, and are stored as they are, since what a compressor makes of them differs between its versions.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError

FOLDER = "files"  # of the site
ARCHIVE = ".zip"
TIME = (1980, 1, 1, 0, 0, 0)  # the first that an archive can hold
MODE = 0o100644 << 16
UNIX = 3

Key = tuple[tuple[str, int, int], ...]  # of each file in it: its path, the time when it was written, its size


@dataclass(frozen=True)
class Offered:
    """A file of the site: its name there, what lies beside a page's script once it is there, and its bytes.

    `place` is the file itself, or the folder that an archive unpacks to. `last` is what appears last of it.
    """

    name: str
    place: str
    members: tuple[tuple[str, int], ...]  # their places and sizes, sorted; of a single file, the file
    data: bytes
    sha256: str

    @property
    def address(self) -> str:
        """Its address, from the site's root."""
        return f"{FOLDER}/{self.name}"

    @property
    def is_archive(self) -> bool:
        """Whether it is a folder, packed."""
        return self.name.endswith(ARCHIVE)

    @property
    def last(self) -> str:
        """The place of what is unpacked last: where it is, all of it is."""
        return self.members[-1][0]


def offered(project: Project) -> tuple[Offered, ...]:
    """All files that the guide offers; each is packed anew only when one of its files was written since.

    Raises GalleyError for a setting that names nothing, or something outside the project.
    """
    names = [name.casefold() for name in project.files]
    if twin := next((name for name in project.files if names.count(name.casefold()) > 1), ""):
        what = f"[tool.galley.files] has '{twin}' twice, in other letters, which are one file on some disks"
        raise GalleyError(what, project.place("files", twin), "give one of them another name")
    return tuple(_offered(project, name, path) for name, path in project.files.items())


def _offered(project: Project, name: str, setting: str) -> Offered:
    source = Path(os.path.normpath(project.root / setting))
    found = sorted(_files(source), key=Path.as_posix) if source.is_dir() else [source] * source.is_file()
    mend = f"name a file of the project, or a folder for a name that ends with {ARCHIVE}"
    if not found or source.is_dir() != name.endswith(ARCHIVE) or not _inside(project, source):
        what = f"files.{name} = {setting!r} under [tool.galley] cannot be offered as that"
        raise GalleyError(what, project.place("files", name), mend)
    stats = [(each, each.stat()) for each in found]
    key = tuple((str(each), stat.st_mtime_ns, stat.st_size) for each, stat in stats)
    return _packed(name, str(source), str(_beside(project, source)), key)


def _inside(project: Project, path: Path) -> bool:
    return path.resolve().is_relative_to(project.root.resolve())


def _files(folder: Path) -> Iterator[Path]:
    """The files in a folder and below, without links, hidden names and what Python compiles."""
    for path in folder.iterdir():
        if path.name.startswith(".") or path.name == "__pycache__" or path.is_symlink():
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _beside(project: Project, source: Path) -> Path:
    """The folder from which what a page uses is named: that of the snippets, or else the project's."""
    return project.snippets if source.is_relative_to(project.snippets) else project.root


@lru_cache(maxsize=16)
def _packed(name: str, source: str, beside: str, key: Key) -> Offered:
    paths = [Path(path) for path, _, _ in key]
    places = [path.relative_to(beside).as_posix() for path in paths]
    contents = [path.read_bytes() for path in paths]
    data = _archive(zip(places, contents, strict=True)) if name.endswith(ARCHIVE) else contents[0]
    members = tuple((place, len(content)) for place, content in zip(places, contents, strict=True))
    return Offered(name, Path(source).relative_to(beside).as_posix(), members, data, sha256(data).hexdigest())


def _archive(members: Iterator[tuple[str, bytes]]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for place, content in members:
            info = zipfile.ZipInfo(place, TIME)
            info.create_system, info.external_attr = UNIX, MODE
            archive.writestr(info, content)
    return made.getvalue()


def size(number: int) -> str:
    """A number of bytes for readers, in the units of file managers."""
    if number >= 999_500:
        return f"{number / 1e6:.0f} MB" if number >= 9_950_000 else f"{number / 1e6:.1f} MB"
    return f"{number / 1e3:.0f} kB" if number >= 1000 else f"{number} bytes"
