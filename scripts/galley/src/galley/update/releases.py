"""A release of a package as files that can be read: the installed one, or one that pip fetches and nobody installs.

In the command. pip asks the index that its own configuration names. A wheel is read as it is. Of a package without one
for this machine nothing is fetched: pip runs the code of a package's sources only to learn what it requires. A package
with compiled files is not looked into: it counts whole, so that nobody fetches it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import BytesParser
from functools import cached_property, partial
from importlib import metadata
from pathlib import Path, PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from galley.errors import GalleyError, UsageError
from galley.record.facts import canonical
from galley.system import scratch
from galley.update.units import Code, read_code

COMPILED = (".so", ".pyd", ".dylib", ".dll")
CODE = (".py",)
NONE_LIKE_IT = "from versions: "  # before the versions that the index has instead
AVAILABLE = "Available versions: "
OUT_OF_REACH = ("connection", "temporary failure", "timed out", "max retries", "name or service", "ssl")
BROKEN = "leave this release out, and tell its makers"
DEFINED = re.compile(
    rb"(?:def|class) ++(\w++)"
)  # as formatters write it; a module that is missed is found nowhere else
LARGEST = 1 << 28  # bytes of one file of a release
NONE_OF_ITS_KIND = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
REQUIREMENT = "name a release as NAME==VERSION, or a package alone for its newest release"


class NoWheelError(GalleyError):
    """A release has nothing but sources that this Python can use."""

    def __init__(self, name: str, version: str) -> None:
        named = f"{name}=={version}"
        what = f"{named} has no wheel here, and pip would run the code of its sources"
        super().__init__(what, mend=f"pip wheel --no-deps {named} -w wheels runs it, then set PIP_FIND_LINKS=wheels")


@dataclass(frozen=True)
class Release:
    """One release: its files by their path in a folder of packages, with forward slashes; what it requires."""

    name: str
    version: str
    paths: frozenset[str]
    requires: tuple[str, ...] = ()
    read: Callable[[str], bytes] = field(default=lambda path: b"", compare=False, repr=False)
    codes: dict[str, Code | None] = field(default_factory=dict, compare=False, repr=False)

    @cached_property
    def compiled(self) -> bool:
        """Whether it has files that nobody can look into."""
        return any(path.endswith(COMPILED) or ".so." in path for path in self.paths)

    def code(self, path: str) -> Code | None:
        """A module taken apart; None where it is not there, or no code of this Python."""
        if path not in self.codes:
            try:
                self.codes[path] = read_code(self.read(path)) if path in self.paths else None
            except (SyntaxError, ValueError, RecursionError):
                self.codes[path] = None
        return self.codes[path]

    def defining(self, symbol: str) -> list[str]:
        """The modules that have a definition of each part of a symbol's name, sorted: the symbol may be there."""
        parts = [part.encode() for part in symbol.split(".") if part != "<locals>"]
        found = [self._defining.get(part, frozenset()) for part in parts]
        return sorted(frozenset.intersection(*found)) if found else []

    @cached_property
    def _defining(self) -> dict[bytes, frozenset[str]]:
        """For each name the modules that define a function or a class so called; each module is read once."""
        found: dict[bytes, set[str]] = {}
        for path in self.paths:
            for name in DEFINED.findall(self.read(path)) if path.endswith(".py") else ():
                found.setdefault(name, set()).add(path)
        return {name: frozenset(paths) for name, paths in found.items()}

    def metadata(self, name: str) -> bytes:
        """A file of the release's metadata, such as `entry_points.txt`; empty where it has none."""
        found = (path for path in sorted(self.paths) if path.endswith(f".dist-info/{name}"))
        return next((self.read(path) for path in found), b"")

    def file_of(self, path: str) -> str:
        """The release's file that a path of its repository ends with, such as of `src/NAME/module.py`; "" for none."""
        parts = PurePosixPath(path).parts
        tails = ("/".join(parts[number:]) for number in range(len(parts)))
        return next((tail for tail in tails if tail in self.paths), "")


def requirement(text: str) -> tuple[str, str]:
    """The name and the version of a release as a user names it; no version stands for the newest.

    Raises UsageError for any other text.
    """
    try:
        found = Requirement(text)
    except InvalidRequirement as error:
        raise UsageError(f"'{text}' names no release", mend=REQUIREMENT) from error
    exact = [each for each in found.specifier if each.operator == "==" and not each.version.endswith(".*")]
    if found.url or found.marker or len(exact) != len(found.specifier) or len(exact) > 1:
        raise UsageError(f"'{text}' names no one release", mend=REQUIREMENT)
    return found.name, exact[0].version if exact else ""


def installed(name: str, version: str) -> Release | None:
    """The installed release, if it is of this version and its files are listed."""
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None
    files = [str(each).replace(os.sep, "/") for each in found.files or ()]
    if found.version.partition("+")[0] != version or not any(not each.startswith("..") for each in files):
        return None
    top = Path(str(found.locate_file("")))
    paths = frozenset(each for each in files if not each.startswith(".."))
    if all(".dist-info/" in path or path.endswith(".pth") for path in paths):
        return None  # an editable installation, whose code lies elsewhere
    return Release(name, version, paths, tuple(found.requires or ()), lambda path: (top / path).read_bytes())


def versions(name: str) -> list[str]:
    """The versions of a package that the index has, the newest first; raises GalleyError where it has none."""
    said = _pip(["index", "versions", name, "--disable-pip-version-check"], name, "")
    return _listed(said.partition(AVAILABLE)[2].partition("\n")[0])


def has_compiled(name: str) -> bool:
    """Whether the installed release of a package has files that nobody can look into."""
    try:
        files = metadata.distribution(name).files or ()
    except metadata.PackageNotFoundError:
        return False
    return any(str(each).endswith(COMPILED) or ".so." in str(each) for each in files)


def _listed(versions: str) -> list[str]:
    return [each.strip() for each in versions.split(",") if each.strip()]


@contextmanager
def fetched(name: str, version: str) -> Iterator[Release]:
    """The release of a version, or the newest one, fetched into a folder that is removed afterwards.

    Raises NoWheelError where it has sources alone, GalleyError where there is none, or no index to be reached.
    """
    with scratch("galley-release-") as folder:
        asked = f"{name}=={version}" if version else name
        options = ["--no-deps", "--only-binary", ":all:", "--disable-pip-version-check", "--retries", "1", "-q"]
        try:
            _pip(["download", *options, "-d", str(folder), asked], name, version)
        except UsageError as error:
            have = versions(name)  # raises the same where there is none
            if (version or have[0]) in have:
                raise NoWheelError(name, version or have[0]) from error
            raise
        found = list(folder.iterdir())
        if len(found) != 1:
            raise GalleyError(f"pip fetched {len(found)} files for {asked}, and one was asked for", mend=BROKEN)
        with _opened(name, found[0]) as release:
            yield release


def is_newer(one: str, other: str) -> bool:
    """Whether a version is newer than another."""
    try:
        return Version(one) > Version(other)
    except InvalidVersion:
        return one > other


@contextmanager
def _opened(name: str, file: Path) -> Iterator[Release]:
    try:
        with zipfile.ZipFile(file) as archive:
            by_path = {_placed(each.filename): each for each in archive.infolist() if not each.is_dir()}
            yield _release(name, frozenset(by_path), partial(_one_of, archive, by_path))
    except NONE_OF_ITS_KIND as error:
        raise GalleyError(f"{file.name} is no archive that can be read: {error}", mend=BROKEN) from error


def _one_of(archive: zipfile.ZipFile, by_path: Mapping[str, zipfile.ZipInfo], path: str) -> bytes:
    """One file of an archive; a file that would fill the memory is none of a release that can be looked into."""
    name = Path(str(archive.filename)).name
    if by_path[path].file_size > LARGEST:
        raise GalleyError(f"{name}: {path} is not read: it has more than {LARGEST >> 20} MiB", mend=BROKEN)
    try:
        return archive.read(by_path[path])
    except NONE_OF_ITS_KIND as error:
        raise GalleyError(f"{name}: {path} cannot be read: {error}", mend=BROKEN) from error


def _placed(path: str) -> str:
    """Where a file of a wheel is installed, from the folder of packages."""
    top, _, rest = path.partition(".data/")
    part, _, placed = rest.partition("/")
    return placed if rest and "/" not in top and part in ("purelib", "platlib") else path


def _release(name: str, paths: frozenset[str], read: Callable[[str], bytes]) -> Release:
    told = next((path for path in sorted(paths) if path.endswith(".dist-info/METADATA")), "")
    header = BytesParser().parsebytes(read(told) if told else b"", headersonly=True)
    return Release(name, str(header["Version"] or ""), paths, tuple(header.get_all("Requires-Dist") or ()), read)


def _pip(arguments: Sequence[str], name: str, version: str) -> str:
    """What pip says on standard output; raises GalleyError with the reason where it fails."""
    command = [sys.executable, "-m", "pip", *arguments]
    ran = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, stdin=subprocess.DEVNULL
    )
    if ran.returncode == 0:
        return ran.stdout
    raise pip_failed(ran.stderr, name, version)


def pip_failed(said: str, name: str, version: str) -> GalleyError:
    """What went wrong, in words, from what pip says of it on standard error."""
    lower = said.lower()
    if "no module named pip" in lower:
        return GalleyError(
            "pip is not installed, and nothing else fetches releases", mend=f"{sys.executable} -m ensurepip"
        )
    if any(each in lower for each in OUT_OF_REACH):
        return GalleyError(f"the index cannot be reached, to ask it for {name}", mend="try again with a network")
    known = said.partition(NONE_LIKE_IT)[2]
    have = _listed(known.partition(")")[0])
    if have and have != ["none"]:
        what = f"no such release: {name} {version}".rstrip()
        return UsageError(what, mend=f"the index has: {', '.join(have[-5:])}")
    if known or "no matching distribution" in lower:
        what = f"no such release: the index has no package '{canonical(name)}' that this Python can use"
        return UsageError(what, mend="mind its spelling; pip's own settings say which index is asked: pip config list")
    last = next((line for line in reversed(said.strip().splitlines()) if line.strip()), "")
    return GalleyError(f"pip could not fetch {name} {version}: {last}", mend="mend what it says, and try again")
