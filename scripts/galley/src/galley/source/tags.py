"""What an author can write on a cell's `# %%` line: one row for each tag and each option.

In every process: the command, the builder, the runner and a page's child read the same cells. Adding a tag or an option
is adding a row here and using it in one place; a plug-in brings rows of its own. The documentation is made from
these rows.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from galley.errors import GalleyError
from galley.source.asserted import asserts_something
from galley.source.commented import SKIP
from galley.source.shell import only_commands
from galley.source.values import (
    NORMALISED,
    best,
    class_name,
    columns,
    message,
    reason,
    rules,
    seconds,
    status,
    threads,
    tolerance,
    yes,
)

if TYPE_CHECKING:
    from galley.source.cells import Cell


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
    A cell with the option must have one of the tags that it `needs`, and the option that it stands `beside`.
    """

    name: str
    says: str
    form: str
    wanted: str = "a text"
    read: Callable[[str], Any] = str
    default: Any = ""
    outputs: Callable[[Any], object] | None = None
    needs: tuple[str, ...] = ()
    beside: str = ""


def _asks_for_nothing(cell: Cell, statements: Sequence[ast.stmt]) -> None:
    """Raises GalleyError for a cell that is not run and has an option: options say how it runs, or of its output."""
    given = [option.name for option in OPTIONS if cell.options[option.name] != option.default]
    if given:
        raise GalleyError(f"the cell is not run, and has the option '{given[0]}'", cell.place, "take the option away")


def _raises_something(cell: Cell, statements: Sequence[ast.stmt]) -> None:
    """Raises GalleyError for a cell that is to show a traceback and raises nothing."""
    if not cell.raises:
        raise GalleyError("a traceback without an error", cell.place, 'say which: raises="ValueError"')


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
    Tag(
        "remove-cell",
        "The cell runs and stands on no page. Copies, the script and the notebook have its code.",
        excludes=("claim", "folded", "remove-input", "setup", "trace"),
        because="keeps the cell from every page, and another tag says how a page shows it",
    ),
    Tag(
        "remove-input",
        "The page shows what the cell left, and not its code. Copies, the script and the notebook have the code.",
        excludes=("claim", "folded", "setup", "trace"),
        never_on=("parameters",),
        because="keeps the code from the page, and this cell is about its code",
    ),
    Tag("setup", "The page folds the whole cell: what it does is needed, and is not what the page is about."),
    Tag(
        "shell",
        "The cell has commands of a shell, each as a comment `# $ command`. They run in the page's working folder, and "
        "the page shows what they wrote.",
        outputs=True,
        excludes=("claim", "folded", "table", "trace"),
        never_on=("parameters",),
        because="is for commands in place of Python code, and this needs some",
        check=only_commands,
    ),
    Tag(
        SKIP,
        "The cell is shown and never run, and the page says so. Its code stands in comments, and must parse; no other "
        "cell can use its names.",
        excludes=("claim", "folded", "measured", "remove-cell", "remove-input", "setup", "table", "thumbnail", "trace"),
        never_on=("parameters",),
        because="shows code that is not run, and this says that it is",
        check=_asks_for_nothing,
    ),
    Tag("table", "The value of the last expression, a list of dicts or a DataFrame, is a table.", outputs=True),
    Tag(
        "thumbnail",
        "The cell's first picture stands for the page in the list `gallery`, in place of the page's first picture.",
        excludes=("remove-cell", "shell"),
        never_on=("parameters",),
        because="names the cell whose picture stands for the page, and this one shows none",
    ),
    Tag(
        "traceback",
        "The error that the cell must raise is shown with its traceback: causes, notes and members of a group. The "
        "record is stale when a line of the snippet file above the cell's end changes, since lines are shown.",
        outputs=True,
        check=_raises_something,
    ),
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
        needs=("claim",),
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
        needs=("table",),
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
        needs=("table",),
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
        "exit",
        "The status with which the last command of a `[shell]` cell must end, in place of 0.",
        form='exit="2"',
        wanted="a number from 1 to 255",
        read=status,
        default=0,
        outputs=str,
        needs=("shell",),
    ),
    Option(
        "fold",
        "The words that open the cell's fold, in place of *Set-up* or *See the code*.",
        form='fold="Answer: how many steps"',
        wanted="a text",
        read=reason,
        needs=("folded", "setup"),
    ),
    Option(
        "message",
        "What the error of `raises` must say, with `...` for any text in it.",
        form="message=\"invalid literal for int() ...: 'x'\"",
        wanted="a text with more than ... in it",
        read=message,
        outputs=str,
        beside="raises",
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
        "The cell must end with an error of exactly this class, and the page shows the error. Code that Python refuses "
        "(`SyntaxError`) stands in comments.",
        form='raises="ValueError"',
        wanted="the name of a class",
        read=class_name,
        outputs=str,
    ),
    Option(
        "subclasses",
        "The error of `raises` may be of a subclass.",
        form='subclasses="yes"',
        wanted='"yes"',
        read=yes,
        default=False,
        outputs=str,
        beside="raises",
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
LISTS = ("claims", "facts", "files", "gallery", "states")  # galley.site.listing has a class for each
