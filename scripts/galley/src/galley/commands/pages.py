"""The command that runs pages, and how every command ends that ran some.

In the command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from galley import system
from galley.config import find_project
from galley.errors import Exit, UsageError
from galley.record.shard import Part
from galley.run.command import How, run_pages, would_run
from galley.run.outcome import to_json
from galley.run.places import place
from galley.source.guide import Guide, read_guide
from galley.terminal import end, err, out

if TYPE_CHECKING:
    from galley.run.backend import Backend

PROFILE = click.option(
    "--profile", "-p", multiple=True, help="Run under this profile; the required ones when not given."
)
JOBS = click.option(
    "--jobs",
    "-j",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="How many pages run at once; 0 stands for one for each core.",
)
SHARD = click.option(
    "--shard",
    default="",
    metavar="N/OF",
    help="Run one share of several, such as 3/15: for several machines, see galley plan.",
)
ON = click.option(
    "--on",
    default="",
    metavar="PLACE",
    help="Run pages on a cluster of Ray: ray://HOST:PORT, or ray for one of this machine.",
)
REQUIRE_SANDBOX = click.option(
    "--require-sandbox", is_flag=True, help="Run nothing unless every protection of the sandbox holds."
)


@click.command(short_help="Run what is missing or stale, and record what it prints.")
@click.argument("pages", nargs=-1)
@PROFILE
@click.option(
    "--all", "-a", "run_all", is_flag=True, help="Run pages with a true record too; equal outputs leave it untouched."
)
@click.option(
    "--renew", is_flag=True, help="As --all, and write each record anew: its measurements, its date and its machine."
)
@click.option("--drifted", is_flag=True, help="Run only pages that were recorded with other versions of packages.")
@JOBS
@click.option("--twice", is_flag=True, help="Run each page twice; one that does not repeat its outputs fails.")
@click.option("--keep-going", "-k", is_flag=True, help="Go on past a cell that fails; such a page is not recorded.")
@click.option(
    "--held", is_flag=True, help="Run pages too that are kept as recorded (galley review --hold); this ends it."
)
@click.option("--dry-run", "-n", is_flag=True, help="Run nothing; say what would run, and exit with 1 if any.")
@click.option(
    "--footprint",
    is_flag=True,
    help="Then run pages once more and note what they call of packages: for galley affected.",
)
@SHARD
@ON
@REQUIRE_SANDBOX
def run(
    pages: tuple[str, ...],
    profile: tuple[str, ...],
    run_all: bool,
    renew: bool,
    drifted: bool,
    jobs: int,
    twice: bool,
    keep_going: bool,
    held: bool,
    dry_run: bool,
    footprint: bool,
    shard: str,
    on: str,
    require_sandbox: bool,
) -> None:
    """Run the pages whose record is missing or stale, and record what they print.

    PAGES are names of pages, or paths of their files; without any, all pages are looked at. Under a profile that is not
    required these are the pages whose values it changes, and those with a record of it. A page that fails writes
    nothing: its old record stays, and the other pages go on.
    """
    if footprint and (on or shard or keep_going):
        raise UsageError("--footprint goes with no --on, --shard or --keep-going", mend="leave one of them out")
    if renew and (footprint or shard):
        raise UsageError("--renew goes with no --footprint or --shard", mend="leave one of them out")
    run_all = run_all or renew
    if drifted and run_all:
        raise UsageError(f"{'--renew' if renew else '--all'} runs what has drifted, too", mend="leave --drifted out")
    project = find_project(Path.cwd())
    part = Part.read(shard) if shard else None
    how = How(twice=twice, keep_going=keep_going, renew=renew, drifted=drifted, held=held, shard=part)
    if dry_run:
        tasks = would_run(read_guide(project), pages, profile, everything=run_all, how=how)
        for task in tasks:
            out(str(task.name))
        sys.exit(Exit.NOT_TRUE if tasks else Exit.OK)
    if require_sandbox:
        project = replace(project, sandbox="required")
    if not footprint:
        backend = place(project, on) if on else None
        run_and_end(read_guide(project), pages, profile, run_all, jobs, how=how, backend=backend)
        return
    run_and_end(read_guide(project), pages, profile, False, jobs, how=how)  # with --all, all footprints are noted
    run_and_end(read_guide(project), pages, profile, run_all, jobs, how=replace(how, footprint=True))


def run_and_end(
    guide: Guide,
    pages: Sequence[str],
    profiles: Sequence[str],
    everything: bool,
    jobs: int,
    meanwhile: Callable[[], object] | None = None,
    how: How | None = None,
    backend: Backend | None = None,
    as_json: bool = False,
) -> None:
    """Run pages, say what failed, and end with its code; where nothing failed, go on.

    With `as_json`, standard output has what came of each cell that was compared, and standard error everything else.
    """
    system.hide_process()
    file = sys.stderr if as_json else sys.stdout
    run = partial(run_pages, everything=everything, jobs=jobs, file=file, meanwhile=meanwhile, how=how or How())
    try:
        summary = run(guide, pages, profiles, backend=backend)
        if as_json:
            errors = (str(each) for each in summary.errors if each.exit is not Exit.DIFFERS)
            click.echo(to_json(summary.cells, errors))
        end(summary)
    except KeyboardInterrupt:
        err("stopped; records that were not complete stay as they were")
        sys.exit(Exit.INTERRUPTED)
