"""What an author can write on a cell's `# %%` line: one row for each tag and each option.

In every process: the command, the builder, the runner and a page's child read the same cells. Adding a tag or an option
is adding a row here and using it in one place; a plug-in brings rows of its own. The documentation is made from
these rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from galley.errors import GalleyError, Place
from galley.plugins import Plugin, Plugins, plugins_of, told_at_setting
from galley.source.asserted import asserts_something
from galley.source.values import (
    NORMALISED,
    best,
    class_name,
    columns,
    reason,
    rules,
    seconds,
    threads,
    tolerance,
    yes,
)

if TYPE_CHECKING:
    from galley.config import Project
    from galley.source.cells import Cell

FORM = '# %% name [tag …] option="value"'
OPTION = re.compile(r"(\w+)=\"([^\"]*)\"")  # on the line of a cell and in the header of a fence


@dataclass(frozen=True)
class Tag:
    """One tag, as `[name]` on a cell's line.

    `says` is a sentence for the reader of the documentation. A tag with `outputs` can change what the cell's outputs
    are, and is therefore part of the cell's digest. The tag may not stand beside a tag that it `excludes`, and not on a
    cell whose name is in `never_on`; `because` gives the reason, as the end of a sentence that begins with the tag.
    `check` is called with the cell and its statements, and raises GalleyError where the tag is wrong on that cell.
    """

    name: str
    says: str
    outputs: bool = False
    excludes: tuple[str, ...] = ()
    never_on: tuple[str, ...] = ()
    because: str = ""
    check: Callable[[Cell, Sequence[ast.stmt]], None] | None = None


@dataclass(frozen=True)
class Option:
    """One option, as `name="value"` on a cell's line.

    `says` is a sentence for the reader of the documentation, `form` shows how the option is written, and `wanted` says
    what its value must be. `read` makes the value from the text, and raises ValueError where it cannot; `default`
    stands in `Cell.options` where the line does not give it. `outputs` is called with the value and returns the part
    that can change the cell's outputs, which the cell's digest then includes; None leaves the option out of the digest.
    A cell with the option must have the tag that it `needs`.
    """

    name: str
    says: str
    form: str
    wanted: str = "a text"
    read: Callable[[str], Any] = str
    default: Any = ""
    outputs: Callable[[Any], object] | None = None
    needs: str = ""


TAGS = (
    Tag(
        "claim",
        "The caption is a sentence that the cell's code proves: by an assertion, or by the error that it must raise.",
        check=asserts_something,
    ),
    Tag(
        "folded",
        "The page shows what the cell printed, and its code folded below that.",
        excludes=("claim", "setup", "trace"),
        never_on=("parameters",),
        because="folds code below its output, and this cell shows it otherwise",
    ),
    Tag(
        "measured",
        "Times, amounts of memory and rates in the outputs differ at every run and are not compared; the page runs "
        "with no other beside it.",
        outputs=True,
    ),
    Tag("setup", "The page folds the whole cell: what it does is needed, and is not what the page is about."),
    Tag("table", "The value of the last expression, a list of dicts or a DataFrame, is a table.", outputs=True),
    Tag("trace", "Under the code stands a table of the values that each line gave to its names.", outputs=True),
)
OPTIONS = (
    Option(
        "about",
        "The parameters whose values in this file the claim is about: a profile that sets another one runs the page "
        "without the cell, so no later cell may need what it makes.",
        form='about="checkpoint"',
        wanted="names of parameters with blanks between them",
        read=lambda text: tuple(text.split()),
        default=(),
        needs="claim",
    ),
    Option(
        "alt",
        "What the cell's picture shows, in words, for readers who do not see it. A picture needs this, a title of its "
        "own, or the cell's caption.",
        form='alt="a curve that falls from 3 to 1"',
        wanted="a text",
        read=reason,
    ),
    Option(
        "best",
        "The columns of a `[table]` whose best cell is marked, with commas between them: the highest number, or with "
        "`:low` the lowest.",
        form='best="score, memory:low"',
        wanted="the names of columns",
        read=best,
        default=(),
        needs="table",
    ),
    Option(
        "by_processor",
        "Why the cell's outputs are others on another processor; they are compared with those of the same one alone.",
        form='by_processor="it names the instructions"',
        wanted="a reason",
        read=reason,
    ),
    Option(
        "choose",
        "The columns of a `[table]` in which the reader chooses a value, and sees the rows that were recorded with it.",
        form='choose="temperature, seed"',
        wanted="the names of columns, each once",
        read=columns,
        default=(),
        needs="table",
    ),
    Option(
        "exact",
        "The cell's texts are recorded without these of galley's normalisations; `all` names every one.",
        form='exact="addresses paths"',
        wanted=f"`all`, or some of: {', '.join(NORMALISED)}",
        read=rules,
        default=(),
        outputs=" ".join,
    ),
    Option(
        "network",
        "The page may reach the network, which pages otherwise cannot; it says so under its outputs.",
        form='network="yes"',
        wanted='"yes"',
        read=yes,
        default=False,
        outputs=str,
    ),
    Option(
        "raises",
        "The cell must end with an error of exactly this class, and the page shows the error.",
        form='raises="ValueError"',
        wanted="the name of a class",
        read=class_name,
        outputs=str,
    ),
    Option(
        "threads",
        "How many threads the cell may use; the page gets the most that one of its cells asks for.",
        form='threads="2"',
        wanted="a number of threads from 1 to 1023",
        read=threads,
        default=1,
        outputs=str,
    ),
    Option(
        "timeout",
        "How many seconds the cell may take, in place of the setting `timeout`.",
        form='timeout="120"',
        wanted="a number of seconds, above 0 and below 86400",
        read=seconds,
        default=None,
    ),
    Option(
        "tolerance",
        "By what part of its size a number in the cell's outputs may differ at another run; less is no difference.",
        form='tolerance="1e-3"',
        wanted="a number above 0 and below 1",
        read=tolerance,
        default=None,
    ),
    Option(
        "uses",
        "Files and folders that the cell opens where nobody sees it: from the project's root, or through one "
        "of the setting `links`; a change of one makes the record stale.",
        form='uses="models/tiny data.csv"',
        wanted="paths with blanks between them",
        read=lambda text: tuple(text.split()),
        default=(),
        outputs=sorted,
    ),
    Option(
        "varies",
        "Why the cell's outputs are others at every run; they are then compared with no other run's.",
        form='varies="it reads the clock"',
        wanted="a reason",
        read=reason,
    ),
)
LISTS = ("claims", "facts", "files", "states")  # what galley itself can list; galley.site.listing has a class for each
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
        for name in sorted(cell.tags):
            tag = self.tags[name]
            if cell.tags.intersection(tag.excludes) or cell.name in tag.never_on:
                raise GalleyError(f"[{name}] {tag.because}", cell.place, "leave it out")
            if tag.check:
                _told(cell, tag.check, cell, statements)
        for option in self.options.values():
            if option.needs and option.needs not in cell.tags and cell.options[option.name] != option.default:
                what = f"{option.name} is for a cell with the tag [{option.needs}]"
                raise GalleyError(what, cell.place, f"add the tag, or take {option.name} away")
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
