"""The command that runs pages again and compares them with their records.

In the command.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from galley.commands.pages import JOBS, ON, PROFILE, REQUIRE_SANDBOX, SHARD, run_and_end
from galley.config import find_project
from galley.record.shard import Part
from galley.run.command import How
from galley.run.places import place
from galley.source.guide import Guide, read_guide


@click.command(short_help="Run pages again and compare them with their records; write nothing.")
@click.argument("pages", nargs=-1)
@PROFILE
@click.option("--strict", is_flag=True, help="Fail also where a record is of other versions of packages.")
@click.option("--drifted", is_flag=True, help="Run only pages that were recorded with other versions of packages.")
@click.option("--keep-going", "-k", is_flag=True, help="Go on past a cell that fails, and tell all that fail.")
@click.option("--held", is_flag=True, help="Run pages too that are kept as recorded (galley review --hold).")
@click.option("--verbose", "-v", is_flag=True, help="Say of each cell what came of it.")
@click.option("--json", "as_json", is_flag=True, help="Write what came of each cell as JSON to standard output.")
@JOBS
@SHARD
@ON
@REQUIRE_SANDBOX
def test(
    pages: tuple[str, ...],
    profile: tuple[str, ...],
    strict: bool,
    drifted: bool,
    keep_going: bool,
    held: bool,
    verbose: bool,
    as_json: bool,
    jobs: int,
    shard: str,
    on: str,
    require_sandbox: bool,
) -> None:
    """Run pages again and compare what they print with their records; write nothing.

    PAGES are names of pages, or paths of their files; without any, all pages with a record run. PAGE/CELL, the name of
    a page and of one of its cells, runs the page as far as that cell and compares that cell alone. Ends with 7 where an
    output differs and nothing excuses it, with 4 where a page fails, and with 1 where a record is not true, so that
    nothing can be compared with it.
    """
    project = find_project(Path.cwd())
    if require_sandbox:
        project = replace(project, sandbox="required")
    guide = read_guide(project)
    named, only = asked(guide, pages)
    part = Part.read(shard) if shard else None
    how = How(check=True, strict=strict, only=only, each_cell=verbose, shard=part)
    how = replace(how, keep_going=keep_going, drifted=drifted, held=held)
    backend = place(project, on) if on else None
    run_and_end(guide, named, profile, False, jobs, how=how, backend=backend, as_json=as_json)


def asked(guide: Guide, pages: Sequence[str]) -> tuple[list[str], dict[str, frozenset[str]]]:
    """The pages that are named, and the cells of each of which cells alone are named.

    Raises what `Guide.find_cell` raises.
    """
    cells: dict[str, set[str]] = {}
    for page in pages:
        snippets, cell = guide.find_cell(page)
        cells.setdefault(snippets.page, set()).add(cell)
    return list(cells), {page: frozenset(names) for page, names in cells.items() if "" not in names}
