"""Which tags, options and lists a project knows, and how a cell's are read and checked.

In every process: the command, the builder, the runner and a page's child read the same cells. The rows are those of
galley.source.tags, and what plug-ins bring.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from galley.errors import GalleyError, Place
from galley.plugins import Plugin, Plugins, plugins_of, told_at_setting
from galley.source.tags import LISTS, OPTIONS, TAGS, Option, Tag

if TYPE_CHECKING:
    from galley.config import Project
    from galley.source.cells import Cell

FORM = '# %% name [tag …] option="value"'
OPTION = re.compile(r"(\w+)=\"([^\"]*)\"")  # on the line of a cell and in the header of a fence
NAMES = {Tag: re.compile(r"[a-z0-9][a-z0-9-]*"), Option: re.compile(r"\w+"), str: re.compile(r"[a-z0-9][a-z0-9-]*")}
WORDS = {Tag: "a tag", Option: "an option", str: "a list"}
# In this order, also where a cell has none of them; any other row stands in a digest only where the cell has it.
IN_EVERY_DIGEST = ("raises", "measured", "threads")


class Grammar:
    """The tags, options and lists that a project knows: galley's own, then what plug-ins bring.

    `checks` are called with each finished cell, and raise GalleyError. A grammar is equal only to itself: the cache of
    cut snippet files must not take a file that was cut with one grammar for the same file cut with another.
    """

    def __init__(
        self,
        tags: Iterable[Tag] = TAGS,
        options: Iterable[Option] = OPTIONS,
        lists: Iterable[str] = LISTS,
        checks: Iterable[Callable[[Cell], None]] = (),
    ) -> None:
        self.tags = {tag.name: tag for tag in tags}
        self.options = {option.name: option for option in options}
        self.lists = tuple(lists)
        self.checks = tuple(checks)
        self.defaults: Mapping[str, Any] = {option.name: option.default for option in self.options.values()}
        self._plain = self._treated(frozenset(), self.defaults)  # what `treated` answers for most cells

    def read(self, given: Mapping[str, str], place: Place) -> Mapping[str, Any]:
        """The value of every option, from the texts that a cell's line gives; raises GalleyError for a wrong text."""
        if not given:
            return self.defaults
        values = dict(self.defaults)
        for name, text in given.items():
            option = self.options[name]
            try:
                values[name] = option.read(text)
            except ValueError as error:
                what = f"{name} '{text}' is not {option.wanted}"
                raise GalleyError(what, place, f"write it as: {option.form}") from error
        return values

    def check(self, cell: Cell, statements: Sequence[ast.stmt]) -> None:
        """Raises GalleyError where a tag stands beside another that it excludes, or any check fails."""
        if not cell.tags and not self.checks and cell.options is self.defaults:
            return  # as most cells are
        tags = [self.tags[name] for name in sorted(cell.tags)]
        for tag in tags:
            if cell.tags.intersection(tag.excludes) or cell.name in tag.never_on:
                raise GalleyError(f"[{tag.name}] {tag.because}", cell.place, "leave it out")
        for tag in tags:
            if tag.check:
                _told(cell, tag.check, cell, statements)
        for option in self.options.values():
            lacks = option.needs and not cell.tags.intersection(option.needs)
            if lacks and cell.options[option.name] != option.default:
                what = f"{option.name} is for a cell with the tag {' or '.join(f'[{tag}]' for tag in option.needs)}"
                raise GalleyError(what, cell.place, f"add the tag, or take {option.name} away")
            if option.beside and cell.options[option.name] != option.default and not cell.options[option.beside]:
                what = f"{option.name} is for a cell with the option {option.beside}"
                raise GalleyError(what, cell.place, f"add that option, or take {option.name} away")
        for check in self.checks:
            _told(cell, check, cell)

    def treated(self, tags: frozenset[str], options: Mapping[str, Any]) -> str:
        """The tags and options that can change a cell's outputs, as a text for the cell's digest."""
        return self._treated(tags, options) if tags or options is not self.defaults else self._plain

    def _treated(self, tags: frozenset[str], options: Mapping[str, Any]) -> str:
        parts = [f"{name}={self._always(name, tags, options)}" for name in IN_EVERY_DIGEST]
        here = [tag for tag in self.tags.values() if tag.outputs and tag.name in tags]
        parts += [tag.name for tag in here if tag.name not in IN_EVERY_DIGEST]
        given = [option for option in self.options.values() if options[option.name] != option.default]
        treating = [(each, each.outputs) for each in given if each.outputs and each.name not in IN_EVERY_DIGEST]
        parts += [f"{option.name}={outputs(options[option.name])}" for option, outputs in treating]
        return " ".join(parts)

    def _always(self, name: str, tags: frozenset[str], options: Mapping[str, Any]) -> object:
        row = self.options.get(name)
        return row.outputs(options[name]) if row and row.outputs else name in tags


def _told(cell: Cell, check: Callable[..., None], *arguments: Any) -> None:
    """Call a check; whatever it raises becomes a GalleyError at the cell's line."""
    try:
        check(*arguments)
    except GalleyError as error:
        raise type(error)(error.what, error.place or cell.place, error.mend) from error
    except (Exception, SystemExit) as error:
        what = f"{check.__module__} could not check this cell: {type(error).__name__}: {error}"
        raise GalleyError(what, cell.place, f"mend {check.__module__}, which is a plug-in's") from error


BUILT_IN = Grammar()


def grammar_of(project: Project) -> Grammar:
    """The grammar of a project; raises GalleyError for a plug-in that cannot be loaded or that brings a taken name."""
    with told_at_setting(project):
        return grammar_among(plugins_of(project))


def grammar_among(plugins: Plugins) -> Grammar:
    """galley's own rows, then the rows of plug-ins, sorted by name: the order of plug-ins changes no digest."""
    if not plugins.found:
        return BUILT_IN
    if "grammar" not in plugins.derived:
        plugins.derived["grammar"] = _extended(plugins)
    made: Grammar = plugins.derived["grammar"]
    return made


def _extended(plugins: Plugins) -> Grammar:
    tags, options, lists = list(TAGS), list(OPTIONS), list(LISTS)
    for plugin in plugins.found:
        _add(tags, _tags(plugin.brought), Tag, plugin)
        _add(options, getattr(plugin.brought, "options", ()), Option, plugin)
        _add(lists, getattr(plugin.brought, "lists", ()), str, plugin)
    checks = [check for plugin in plugins.found if callable(check := getattr(plugin.brought, "check", None))]
    tags[len(TAGS) :] = sorted(tags[len(TAGS) :], key=lambda row: row.name)
    options[len(OPTIONS) :] = sorted(options[len(OPTIONS) :], key=lambda row: row.name)
    return Grammar(tags, options, lists, checks)


def _tags(brought: object) -> Sequence[Tag]:
    """The tags that a plug-in brings. The `tag` of a kind of output needs no row: the kind's docstring describes it."""
    tags = tuple(getattr(brought, "tags", ()))
    asked = getattr(brought, "tag", "")
    if not asked or asked in {getattr(tag, "name", "") for tag in tags}:
        return tags
    said = (type(brought).__doc__ or "").strip().partition("\n\n")[0]
    return (*tags, Tag(asked, " ".join(said.split()), outputs=True))


def _add(rows: list[Any], more: Iterable[Any], kind: type, plugin: Plugin) -> None:
    """Add a plug-in's rows; raises GalleyError for a thing that is no such row, and for a name that is taken."""
    known = {getattr(row, "name", row) for row in rows}
    for row in more:
        name = getattr(row, "name", row)
        if not isinstance(row, kind) or not NAMES[kind].fullmatch(name):
            what = f"{plugin.origin} has '{plugin.name}', which brings {row!r} where {WORDS[kind]} is wanted"
            raise GalleyError(what, mend="mend the plug-in, or take its name away")
        if name in known:
            what = f"{plugin.origin} has '{plugin.name}', which brings {WORDS[kind]} '{name}', and there is one already"
            raise GalleyError(what, mend="give it another name")
        known.add(name)
        rows.append(row)
