"""Which names of a package may stand for something else in another release, and what code asks for them.

In the command. A name whose value may be another one is tainted. A name at the top of a module is asked for by the
code of that module, by whoever imports it from there, and as an attribute of the module. An attribute of a class can be
asked of anything. What is left out must not change: where nobody knows which name is meant, all of that name count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from galley.update.asks import Mentions
from galley.update.releases import Release

Around = Callable[[], Mentions]  # the names in the code near some code, which few questions need

VERSION = "__version__"


@dataclass(frozen=True)
class Cause:
    """A difference, in words, and how much of the code is another: in lines.

    `number` says that nothing but the package's own version number differs.
    """

    what: str
    weight: int = 1
    number: bool = False


@dataclass
class Tainted:
    """The tainted names of a release: of modules and of classes, by file; headers of classes by qualified name."""

    old: Release
    headers: dict[str, dict[str, Cause]] = field(default_factory=dict)
    names: dict[str, dict[str, Cause]] = field(default_factory=dict)  # by module
    attributes: dict[str, Cause] = field(default_factory=dict)
    effects: dict[str, Cause] = field(default_factory=dict)  # what happens at the import of a module, by file

    _own: dict[str, Cause] = field(default_factory=dict, repr=False)  # what the package's modules alone may ask for
    _alone: dict[str, Cause] = field(default_factory=dict, repr=False)  # names without the modules that made them
    _passed: dict[str, dict[str, Cause]] = field(default_factory=dict, repr=False)  # names that modules only imported

    @cached_property
    def tops(self) -> frozenset[str]:
        """The names of the top-level modules of the old release."""
        paths = (PurePosixPath(path) for path in self.old.paths if path.endswith(".py"))
        return frozenset(path.parts[0].removesuffix(".py") for path in paths)

    def asked(self, file: str, mentions: Mentions) -> Cause | None:
        """The cause of the first tainted name that code in one of the package's own modules asks for."""
        code = self.old.code(file)
        named = [(self.names.get(file, {}), mentions.globals), (self._own, mentions.attributes)]
        if code and code.stars:  # nobody sees which names come from there
            named.append((self._alone, mentions.globals))
        for known, asked in named:
            if hit := min(known.keys() & asked, default=""):
                return known[hit]
        return self.asked_outside(mentions, lambda: code.mentions if code else mentions, file)

    def asked_outside(self, mentions: Mentions, around: Around, file: str = "") -> Cause | None:
        """The cause of the first tainted name that code asks for beside its own globals.

        `around` is the code near it. Without a `file` of the package, the code is somebody else's.
        """
        for origin, name in sorted(mentions.imports):
            if cause := self.imported(file, origin, name):
                return cause
        names = mentions.attributes | mentions.texts
        return self.asked_of_something(names) or self.asked_of_modules(names, around)

    def defined(self, names: Set[str]) -> Cause | None:
        """The cause of the first tainted name among these that a module made, and did not only import."""
        hit = min(self._alone.keys() & names, default="")
        return self._alone[hit] if hit else None

    def asked_of_something(self, names: Set[str]) -> Cause | None:
        """The cause of the first tainted attribute of a class that code asks for, of whichever object."""
        hit = min(self.attributes.keys() & names, default="")
        return self.attributes[hit] if hit else None

    def asked_of_modules(self, names: Set[str], around: Around) -> Cause | None:
        """The cause of the first tainted name that code may ask one of the package's modules for.

        A name that a module only imported is meant where the code around names that module too: imports it, or imports
        the package and asks for each part of the module's name.
        """
        passed = self.passed_on(names)
        return self.defined(names) or next((cause for path, _, cause in passed if _is_named(path, around())), None)

    def passed_on(self, names: Set[str]) -> Iterator[tuple[str, str, Cause]]:
        """The names among these that modules only imported: the file, the name, and why it is another."""
        for hit in sorted(self._passed.keys() & names):
            yield from ((path, hit, cause) for path, cause in self._passed[hit].items())

    def imported(self, file: str, origin: str, name: str) -> Cause | None:
        """Why `from origin import name` may give something else, in a file of the package or elsewhere ("")."""
        own = origin.startswith(".")
        if (own and not file) or not (own or origin.partition(".")[0] in self.tops):
            return None
        for target in files_of(file, origin):
            if target in self.old.paths:
                if cause := self.names.get(target, {}).get(name):
                    return cause
                code = self.old.code(target)
                if code and ("", name) in code.by_name:
                    return None
        return self._alone.get(name) or next(iter(self._passed.get(name, {}).values()), None)

    def taint(self, path: str, scope: str, name: str, cause: Cause, *, passed: bool = False) -> bool:
        """Taint a name of a module or class; return whether it was not yet.

        Nobody need name a special method, or an attribute of a class with a decorator: the class itself is tainted. A
        decorator may have put the class where it is found by no name that code mentions. `passed` says that the module
        has the name by an import.
        """
        went = False
        if scope:
            code, special = self.old.code(path), name.startswith("__") and name.endswith("__")
            if not special:
                went = put(self.attributes, name, cause)
                if not (code and scope in code.decorated):
                    return went
            elif code and scope in code.registered:
                went |= put(self.effects, path, cause)
            went |= put(self.headers.setdefault(path, {}), scope, cause)
            name, passed = scope.partition(".")[0], False
        if name == VERSION:  # which every package has: the name before it says whose it is
            put(self._alone, f"{PurePosixPath(path).parts[0]}.{name}", cause)
            put(self._own, f".{name}", cause)
        elif passed:
            put(self._passed.setdefault(name, {}), path, cause)
        else:
            put(self._alone, name, cause)
        return put(self.names.setdefault(path, {}), name, cause) or went


def put(known: dict[str, Cause], name: str, cause: Cause) -> bool:
    """Keep the cause for a name that has none yet; return whether it had none."""
    new = name not in known
    known.setdefault(name, cause)
    return new


def files_of(path: str, origin: str) -> Iterator[str]:
    """The files that an import in the file `path` may mean by `origin`, a module with its dots before it."""
    dots = len(origin) - len(origin.lstrip("."))
    parts = list(PurePosixPath(path).parts[:-dots]) if dots else []
    module = "/".join([*parts, *(part for part in origin.lstrip(".").split(".") if part)])
    yield f"{module}.py"
    yield f"{module}/__init__.py"


def module_of(path: str) -> tuple[str, ...]:
    """The parts of the name of the module in a file."""
    return PurePosixPath(path.removesuffix("/__init__.py").removesuffix(".py")).parts


def _is_named(path: str, around: Mentions) -> bool:
    top, *rest = module_of(path)
    return (rest or [top])[-1] in around.modules or (top in around.modules and around.words.issuperset(rest))
