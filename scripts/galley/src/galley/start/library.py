"""The package that a new guide is about: its name on the index, the name of its module, and its version here.

In the command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from keyword import iskeyword

from packaging.utils import InvalidName, canonicalize_name

from galley.errors import UsageError


@dataclass(frozen=True)
class Library:
    """A package, with the name by which code imports it."""

    distribution: str
    module: str
    is_guessed: bool  # the module's name, from that of the package
    version: str = ""  # empty where the package is not installed here
    place: str = ""  # where pip got it, if not from an index: the address of a folder, a file or a repository

    @property
    def requirement(self) -> str:
        """The package as pip takes it: from the same place, at the version that is installed here, or at any."""
        if self.place:
            return f"{self.distribution} @ {self.place}"
        return f"{self.distribution}=={self.version}" if self.version else self.distribution


def library_of(name: str) -> Library:
    """The package of a name on the index, or the one that brings a module of that name.

    Raises UsageError for what is no name of a package, and for a module of Python itself.
    """
    try:
        canonicalize_name(name, validate=True)
    except InvalidName as error:
        what = f"--library {name!r}: this is no name of a package"
        raise UsageError(what, mend="give the name with which pip installs it, such as: --library numpy") from error
    modules = metadata.packages_distributions()
    try:
        return _installed(metadata.distribution(name), _modules(name, modules))
    except metadata.PackageNotFoundError:
        pass
    if name in modules:
        return _installed(metadata.distribution(modules[name][0]), [name])
    if name in sys.stdlib_module_names:
        what = f"--library {name}: this is a module of Python itself, which has no version of its own"
        raise UsageError(what, mend="leave --library out, and import the module in snippets/index.py")
    return Library(name, _guessed(name), is_guessed=True)


def _installed(found: metadata.Distribution, modules: list[str]) -> Library:
    name = found.metadata["Name"]
    module = next(iter(modules), "") or _guessed(name)
    return Library(name, module, not modules, found.version, _place(found.read_text("direct_url.json")))


def _modules(distribution: str, modules: Mapping[str, list[str]]) -> list[str]:
    """The public modules that an installed distribution brings, one of its own name first.

    They are none where only the sources are installed, of which pip notes no files.
    """
    wanted = canonicalize_name(distribution)
    own = [each for each, owners in modules.items() if wanted in map(canonicalize_name, owners)]
    public = [each for each in own if each.isidentifier() and not each.startswith("_")]
    return sorted(public, key=lambda each: (canonicalize_name(each) != wanted, each))


def _guessed(name: str) -> str:
    """The module that a package of a name most likely brings; raises UsageError where that can be no module."""
    module = name.replace("-", "_")
    if all(part.isidentifier() and not iskeyword(part) for part in module.split(".")):
        return module
    what = f"--library {name}: how its module is called cannot be seen from the name"
    raise UsageError(what, mend=f"install it into {sys.prefix}, and run the command again")


def _place(noted: str | None) -> str:
    """Where pip got a package that is from no index, as it noted it; empty for one from an index."""
    if not noted:
        return ""
    said = json.loads(noted)
    version = said.get("vcs_info")
    place = f"{version['vcs']}+{said['url']}@{version['commit_id']}" if version else str(said["url"])
    return f"{place}#subdirectory={said['subdirectory']}" if said.get("subdirectory") else place
