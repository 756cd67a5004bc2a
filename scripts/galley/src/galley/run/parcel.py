"""The project as it travels to other machines: one archive with every file that a page may read.

In the command. Left out is what counts for no page: records, caches, environments, built sites. A folder that is left
out is there all the same, empty, since a page that lists the folder around it must find its name. Equal projects give
equal bytes, so that an archive that a cluster has already is not sent again. The settings come last: where they are,
everything is.
"""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from galley.config import FILE, Project
from galley.errors import RunnerError
from galley.folders import ENVIRONMENTS, PASSED

LARGEST = 500_000_000  # bytes of an archive: Ray carries up to 512 MiB
FIRST = (1980, 1, 1, 0, 0, 0)  # the day of every entry: the time of a file counts for no page
EXECUTABLE = 0o100755 << 16
PLAIN = 0o100644 << 16


def pack(project: Project, archive: Path) -> int:
    """Write the project's archive and return its bytes; raises RunnerError where it is too large, or cannot be read."""
    sizes: Counter[str] = Counter()
    try:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as made:
            for name, path in sorted(_found(project), key=lambda each: (each[0] == str(FILE), each[0])):
                if path is None:
                    made.writestr(zipfile.ZipInfo(f"{name}/", FIRST), b"")
                    continue
                entry = zipfile.ZipInfo(name, FIRST)
                entry.external_attr = EXECUTABLE if os.access(path, os.X_OK) else PLAIN
                entry.compress_type = zipfile.ZIP_DEFLATED
                made.writestr(entry, path.read_bytes(), compresslevel=1)
                sizes[name.partition("/")[0]] += made.getinfo(name).compress_size
    except OSError as error:
        raise RunnerError(f"the project cannot be packed for other machines: {error}") from error
    size = archive.stat().st_size
    if size > LARGEST:
        most = ", ".join(f"{name} {each / 1e6:.0f} MB" for name, each in sizes.most_common(3))
        what = f"the project has {size / 1e6:.0f} MB packed, and Ray carries {LARGEST / 1e6:.0f} MB: most are in {most}"
        raise RunnerError(what, mend="have a profile's hook prepare fetch what is large, on each machine")
    return size


def _found(project: Project) -> Iterator[tuple[str, Path | None]]:
    """Each file by its path from the root, and each empty folder, or one that is left out, without a path."""
    never = {project.root / ".git", project.root / ".cache", project.outputs}
    for folder, folders, files in os.walk(project.root):
        here = Path(folder)
        apart = here != project.root and not ENVIRONMENTS.isdisjoint((*folders, *files))
        left = [name for name in folders if here / name in never or name in PASSED or (here / name).is_symlink()]
        if apart:
            folders[:], files = [], []
        else:
            folders[:] = sorted(set(folders) - set(left))
        relative = here.relative_to(project.root)
        if here != project.root and not folders and not files:
            yield relative.as_posix(), None
        for name in () if apart else left:
            if not (here / name).is_symlink() and name != "__pycache__":
                yield (relative / name).as_posix(), None
            elif (here / name).is_symlink():
                yield from _linked(relative / name, here / name)
        for name in files:
            if (here / name).is_file():
                yield (relative / name).as_posix(), here / name


def _linked(relative: Path, link: Path) -> Iterator[tuple[str, Path | None]]:
    """The files of a folder that a link leads to: an archive has no links. A link in it is not followed."""
    for folder, _, files in os.walk(link):
        for name in files:
            if (path := Path(folder, name)).is_file():
                yield (relative / path.relative_to(link)).as_posix(), path
