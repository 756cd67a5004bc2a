"""What differs between two releases of a package, and what that reaches when it is imported.

In the command. A name whose value may be another one is `tainted`. Taint goes on through the statements that run at an
import: a name that is imported from a module, a constant made of another one, the base of a class. What is left out
must not change, so each step takes too much rather than too little.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from galley.record.facts import canonical
from galley.update.bodies import Bodies, weight
from galley.update.releases import Release
from galley.update.taint import VERSION, Cause, Tainted, files_of, put
from galley.update.units import Code, Statement

# Names that a package only tells of itself. What asks for `__version__` is found by the package's name before it.
OF_ITSELF = frozenset({"__all__", "__author__", "__doc__", "__license__", "__email__", "__copyright__"})


@dataclass
class Changes(Tainted):
    """All that differs: tainted names, bodies of functions by file and qualified name, what happens at imports."""

    new: Release = field(kw_only=True)
    package: str = field(kw_only=True)
    whole: Cause | None = None
    functions: dict[str, Bodies] = field(default_factory=dict)
    files: dict[str, Cause] = field(default_factory=dict)  # those that are no code
    requirements: tuple[str, ...] = ()
    known: tuple[str, ...] = ()  # the modules that some page imported
    asked_before: dict[tuple[str, str], Cause | None] = field(default_factory=dict, repr=False)  # of functions
    asked_by_own: dict[Path, Cause | None] = field(default_factory=dict, repr=False)  # of modules of the project

    @cached_property
    def number_alone(self) -> bool:
        """Whether nothing but the version number differs in all of the package's files."""
        tables: list[Mapping[str, Cause]] = [self.attributes, self.effects, self.files]
        tables += [*self.headers.values(), *self.names.values()]
        tables += self.functions.values()  # the last ones, since each function is compared for this
        found = (cause for table in tables for cause in table.values())
        others = {path for path in self.old.paths | self.new.paths if path.endswith(".py")}.difference(self.known)
        return all(each.number for each in found) and not any(_differs(self.old, self.new, path) for path in others)


def changes(package: str, old: Release, new: Release, modules: Iterable[str]) -> Changes:
    """What differs in the release's `modules`, which are those that some page imported."""
    found = Changes(old, new=new, package=package)
    if old.compiled or new.compiled:
        found.whole = Cause(f"{package} has compiled files and counts whole ({old.version} to {new.version})", 1000)
        return found
    found.requirements = tuple(_requirements(old, new))
    found.known = known = tuple(sorted(path for path in set(modules) if path in old.paths))
    for path in known:
        _compare(found, path)
    for path in old.paths | new.paths:
        if not path.endswith(".py") and ".dist-info/" not in path and _differs(old, new, path):
            found.files[path] = Cause(f"the file {path} {'changed' if path in new.paths else 'is gone'}")
    if old.metadata("entry_points.txt") != new.metadata("entry_points.txt"):
        found.effects |= {path: Cause(f"the entry points of {package} changed") for path in known}
    for path in known:
        found.effects.update(_broken(found, path))
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
    found.functions[path] = Bodies(path, old, new)
    for key in sorted({*was.by_name, *now.by_name}):
        before, after = was.by_name.get(key, ()), now.by_name.get(key, ())
        if [each.digest for each in before] != [each.digest for each in after]:
            _note(found, path, key, before, after, was)


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
    cause = Cause(f"`{symbol or path}` {how}", weight(before, after), number=key == ("", VERSION))
    if not name:
        at = f"the class body of `{scope}`" if scope else f"the top level of {path}"
        found.effects.setdefault(path, Cause(f"{at} changed", cause.weight))
    else:
        found.taint(path, scope, name, cause, passed=all(each.imports for each in (*before, *after)))
        if any(each.keeps for each in (*before, *after)):
            found.effects.setdefault(path, replace(cause, what=f"{cause.what}, which a decorator may keep"))
        if symbol in was.classes and before and after:
            found.headers.setdefault(path, {})[symbol] = cause


def _taint_all(found: Changes, path: str, code: Code | None) -> None:
    for each in code.statements if code else ():
        if each.binds:
            found.taint(path, each.scope, each.binds, found.effects[path], passed=each.imports)


def _broken(found: Changes, path: str) -> Iterator[tuple[str, Cause]]:
    """What fails at the import of a module in the new release, since a name that it still asks for is gone."""
    code = (found.new if path in found.functions else found.old).code(path)
    gone = {name for name in found.names.get(path, {}) if _is_gone(found, path, name)}
    for each in code.statements if code else ():
        for name in sorted(gone & each.mentions.globals):
            yield path, Cause(f"{path} asks for `{name}`, which is gone")
        for target in files_of(path, each.origin) if each.origin else ():
            if each.source in found.names.get(target, {}) and _is_gone(found, target, each.source):
                yield path, Cause(f"{path} imports `{each.source}`, which is gone from {target}")


def _is_gone(found: Changes, path: str, name: str) -> bool:
    """Whether a module does not bind a name any more that it bound."""
    was, now = (one.code(path) for one in (found.old, found.new))
    there = now is not None and (("", name) in now.by_name or now.stars or "__getattr__" in now.functions)
    return was is not None and ("", name) in was.by_name and not there


def _spread(found: Changes, known: tuple[str, ...]) -> bool:
    """Let taint go on by one step through what runs at an import; return whether it went anywhere."""
    went = False
    for path in known:
        code = found.old.code(path)
        for each in code.statements if code else ():
            cause = found.asked(path, each.mentions)
            if cause is None or each.binds in OF_ITSELF:
                continue
            if each.binds:
                went |= found.taint(path, each.scope, each.binds, cause, passed=each.imports)
            else:
                went |= put(found.effects, path, cause)
            symbol = f"{each.scope}.{each.binds}".strip(".")
            if code and symbol in code.classes:  # a base or a decorator of it
                went |= put(found.headers.setdefault(path, {}), symbol, cause)
    return went
