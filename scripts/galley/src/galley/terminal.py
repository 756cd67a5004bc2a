"""What a command says on its terminal, and the code with which it ends after pages ran.

In the command.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from galley.errors import Exit
from galley.kinds.ansi import for_terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from galley.run.command import Summary
    from galley.run.failure import Failure


def out(text: str) -> None:
    """Say something on standard output."""
    click.echo(for_terminal(text))


def err(text: str) -> None:
    """Say something on standard error."""
    click.echo(for_terminal(text), err=True)


def end(summary: Summary) -> None:
    """Say what failed while pages ran, and end with its code; where nothing failed, go on."""
    for failure in summary.failures:
        err(f"\n{failure}")
        if failure.detail:
            err("\n".join(f"    {line}" for line in failure.detail.splitlines()))
    for error in summary.errors:
        err(f"\n{error}")
    if summary.failures:
        err(f"\n{_counted(summary.failures)}")
    if summary.mend:
        err(f"    {summary.mend}")
    if summary.failures or summary.errors:
        codes = [error.exit for error in summary.errors]
        first = Exit.DIFFERS if Exit.DIFFERS in codes else next(iter(codes), Exit.OK)
        sys.exit(Exit.PAGE_FAILED if summary.failures else first)


def _counted(failures: Sequence[Failure]) -> str:
    """How many pages failed; where one failed in several cells, in how many, and which of these only follow."""
    pages = len({each.name for each in failures})
    said = f"pages that failed: {pages}; their old records stand"
    if len(failures) == pages:
        return said
    follow = sum(bool(each.follows) for each in failures)
    return f"{said}\ncells that failed: {len(failures)}, of which {follow} may follow from another"


def refused(error: OSError) -> str:
    """What the system refuses, where, and what to do."""
    where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
    return f"{where and f'{where}: '}the system refuses: {error.strerror or error}\n    {_access(error)}"


def can_say_anything() -> None:
    """Have standard output and error take every character, also where they are closed or know ASCII alone."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115  to the process's end
            continue
        lines = True if os.environ.get("PYTHONUNBUFFERED") is None and not stream.isatty() else None
        stream.reconfigure(line_buffering=lines, errors="backslashreplace")


def _access(error: OSError) -> str:
    """What to do where the system refuses something."""
    if isinstance(error, PermissionError):
        return "give yourself access to it, for example with: chmod -R u+rwX"
    return "mend that, and run the command again"
