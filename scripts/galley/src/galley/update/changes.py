"""What differs between two releases of a package, and what that reaches when it is imported.

In the command. A name whose value may be another one is `tainted`. Taint goes on through the statements that run at an
import: a name that is imported from a module, a constant made of another one, the base of a class. What is left out
must not change, so each step takes too much rather than too little.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from galley.record.facts import canonical
from galley.update.releases import Release
from galley.update.units import Code, Mentions, Statement, Unit

# Names that a package only tells of itself. What asks for `__version__` is found by the package's name before it.
OF_ITSELF = frozenset({"__all__", "__author__", "__doc__", "__license__", "__email__", "__copyright__"})
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
class Changes:
    """All that differs: bodies of functions and headers of classes by file and qualified name, and what is tainted."""

    package: str
    old: Release
    new: Release
    whole: Cause | None = None
    functions: dict[str, dict[str, Cause]] = field(default_factory=dict)
    headers: dict[str, dict[str, Cause]] = field(default_factory=dict)
    names: dict[str, dict[str, Cause]] = field(default_factory=dict)  # by module
    attributes: dict[str, Cause] = field(default_factory=dict)
    effects: dict[str, Cause] = field(default_factory=dict)
    files: dict[str, Cause] = field(default_factory=dict)  # those that are no code
    requirements: tuple[str, ...] = ()
    asked_before: dict[tuple[str, str], Cause | None] = field(default_factory=dict, repr=False)  # of functions

    _own: dict[str, Cause] = field(default_factory=dict, repr=False)  # what the package's modules alone may ask for
    _alone: dict[str, Cause] = field(default_factory=dict, repr=False)  # the tainted names without their modules

    @cached_property
    def tops(self) -> frozenset[str]:
        """The names of the top-level modules of the old release."""
        paths = (PurePosixPath(path) for path in self.old.paths if path.endswith(".py"))
        return frozenset(path.parts[0].removesuffix(".py") for path in paths)

    def asked(self, file: str, mentions: Mentions) -> Cause | None:
        """The cause of the first tainted name that code in one of the package's own modules asks for."""
        for known, asked in ((self.names.get(file, {}), mentions.globals), (self._own, mentions.attributes)):
            if hit := min(known.keys() & asked, default=""):
                return known[hit]
        return self.asked_of_something(mentions.attributes) or self.asked_of_something(mentions.texts)

    def asked_of_something(self, names: Set[str]) -> Cause | None:
        """The cause of the first tainted name among those that code asks some object for, whichever object it is."""
        hit = min((self.attributes.keys() | self._alone.keys()) & names, default="")
        if hit:
            return self.attributes.get(hit) or self._alone[hit]
        return None

    def taint(self, path: str, scope: str, name: str, cause: Cause) -> bool:
        """Taint a name of a module or class; return whether it was not yet.

        Nobody need name a special method, or an attribute of a class with a decorator: the class itself is tainted.
        """
        went = bool(scope) and _put(self.attributes, name, cause)
        if scope:
            code = self.old.code(path)
            if not (name.startswith("__") and name.endswith("__")) and not (code and scope in code.decorated):
                return went
            _put(self.headers.setdefault(path, {}), scope, cause)
            name = scope.partition(".")[0]
        if name == VERSION:  # which every package has: the name before it says whose it is
            _put(self._alone, f"{PurePosixPath(path).parts[0]}.{name}", cause)
            _put(self._own, f".{name}", cause)
        else:
            _put(self._alone, name, cause)
        return _put(self.names.setdefault(path, {}), name, cause) or went


def _put(known: dict[str, Cause], name: str, cause: Cause) -> bool:
    """Keep the cause for a name that has none yet; return whether it had none."""
    new = name not in known
    known.setdefault(name, cause)
    return new


def changes(package: str, old: Release, new: Release, modules: Iterable[str]) -> Changes:
    """What differs in the release's `modules`, which are those that some page imported."""
    found = Changes(package, old, new)
    if old.compiled or new.compiled:
        found.whole = Cause(f"{package} has compiled files and counts whole ({old.version} to {new.version})", 1000)
        return found
    found.requirements = tuple(_requirements(old, new))
    known = sorted(path for path in set(modules) if path in old.paths)
    for path in known:
        _compare(found, path)
    for path in old.paths | new.paths:
        if not path.endswith(".py") and ".dist-info/" not in path and _differs(old, new, path):
            found.files[path] = Cause(f"the file {path} {'changed' if path in new.paths else 'is gone'}")
    if old.metadata("entry_points.txt") != new.metadata("entry_points.txt"):
        found.effects |= {path: Cause(f"the entry points of {package} changed") for path in known}
    while _spread(found, known):
        pass
    return found


def _differs(old: Release, new: Release, path: str) -> bool:
    return path not in old.paths or path not in new.paths or old.read(path) != new.read(path)


def _requirements(old: Release, new: Release) -> Iterator[str]:
    was, now = (sorted({_plain(each) for each in one.requires if "extra ==" not in each}) for one in (old, new))
    yield from (f"requires {each} now" for each in now if each not in was)
    yield from (f"no longer requires {each}" for each in was if each not in now)


def _plain(requirement: str) -> str:
    """A requirement as any release would write it."""
    try:
        found = Requirement(requirement)
    except InvalidRequirement:
        return requirement
    found.name = canonical(found.name)
    return str(found)


def _compare(found: Changes, path: str) -> None:
    """Note what differs in one module."""
    old, new = found.old, found.new
    if path not in new.paths:
        found.effects[path] = Cause(f"the module {path} is gone", 20)
        _taint_all(found, path, old.code(path))
        return
    if not _differs(old, new, path):
        return
    was, now = old.code(path), new.code(path)
    if was is None or now is None:
        found.effects[path] = Cause(f"the module {path} changed, and cannot be taken apart", 20)
        _taint_all(found, path, was)
        return
    found.functions[path] = dict(_functions(found, path, was, now))
    for key in sorted({*was.by_name, *now.by_name}):
        before, after = was.by_name.get(key, ()), now.by_name.get(key, ())
        if [each.digest for each in before] != [each.digest for each in after]:
            _note(found, path, key, before, after, was)


def _functions(found: Changes, path: str, was: Code, now: Code) -> Iterator[tuple[str, Cause]]:
    for name, units in was.functions.items():
        other = now.functions.get(name, ())
        if [each.digest for each in units] == [each.digest for each in other]:
            continue
        how = "changed"
        if not other:
            moved = _moved(found, path, name, units)
            how = f"moved to {moved}" if moved else "is gone"
        yield name, Cause(f"`{name}` {how}", _weight(units, other))


def _moved(found: Changes, path: str, name: str, units: tuple[Unit, ...]) -> str:
    """The module that has the same function now, if there is one near."""
    wanted = [each.digest for each in units]
    folder = PurePosixPath(path).parts[0]
    for each in found.new.defining(name):
        code = found.new.code(each) if each != path and each.startswith(f"{folder}/") else None
        if code and [unit.digest for unit in code.functions.get(name, ())] == wanted:
            return each
    return ""


def _note(
    found: Changes,
    path: str,
    key: tuple[str, str],
    before: tuple[Statement, ...],
    after: tuple[Statement, ...],
    was: Code,
) -> None:
    """Note that a name is bound to something else, or that something else happens at the import."""
    scope, name = key
    if name in OF_ITSELF:
        return
    symbol = f"{scope}.{name}".strip(".")
    how = "changed" if before and after else "is new" if after else "is gone"
    cause = Cause(f"`{symbol or path}` {how}", _weight(before, after), number=key == ("", VERSION))
    if not name:
        at = f"the class body of `{scope}`" if scope else f"the top level of {path}"
        found.effects.setdefault(path, Cause(f"{at} changed", cause.weight))
    else:
        found.taint(path, scope, name, cause)
        if symbol in was.classes and before and after:
            found.headers.setdefault(path, {})[symbol] = cause


def _taint_all(found: Changes, path: str, code: Code | None) -> None:
    for each in code.statements if code else ():
        if each.binds:
            found.taint(path, each.scope, each.binds, found.effects[path])


def _spread(found: Changes, known: list[str]) -> bool:
    """Let taint go on by one step through what runs at an import; return whether it went anywhere."""
    went = False
    for path in known:
        code = found.old.code(path)
        for each in code.statements if code else ():
            cause = _reached(found, path, each)
            if cause is None:
                continue
            if each.binds:
                went |= found.taint(path, each.scope, each.binds, cause)
            else:
                went |= _put(found.effects, path, cause)
    return went


def _reached(found: Changes, path: str, statement: Statement) -> Cause | None:
    """The cause of the tainted name that a statement asks for when it runs; None where it asks for none."""
    if not statement.origin:
        return found.asked(path, statement.mentions)
    for target in _files(path, statement.origin, statement.source):
        if target in found.old.paths:
            return found.names.get(target, {}).get(statement.source)
    return None


def _files(path: str, origin: str, source: str) -> Iterator[str]:
    """The files that `from origin import source` may read the name from."""
    dots = len(origin) - len(origin.lstrip("."))
    parts = list(PurePosixPath(path).parts[:-dots]) if dots else []
    module = "/".join([*parts, *(part for part in origin.lstrip(".").split(".") if part)])
    yield f"{module}.py"
    yield f"{module}/__init__.py"


def _weight(before: Iterable[Unit | Statement], after: Iterable[Unit | Statement]) -> int:
    """How many lines of code differ."""
    was, now = ([line for each in one for line in _lines(each.node)] for one in (before, after))
    return max(1, sum(line[:1] in "+-" for line in difflib.unified_diff(was, now, n=0, lineterm="")) - 2)


def _lines(node: ast.AST) -> list[str]:
    try:
        return ast.unparse(ast.fix_missing_locations(node)).splitlines()
    except (ValueError, RecursionError, AttributeError):
        return []
