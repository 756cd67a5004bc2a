"""The commands for many machines: what there is to run, and the records of shards taken in.

In the command.
"""

from __future__ import annotations

import gc
import sys
from pathlib import Path

import click

from galley.config import find_project
from galley.errors import Exit
from galley.kinds import kinds_of
from galley.run.choose import chosen, look
from galley.source.guide import read_guide
from galley.terminal import err, out
from galley.words import counted


@click.command(short_help="Say what would run, how long and on what; runs nothing.")
@click.argument("pages", nargs=-1)
@click.option("--profile", "-p", multiple=True, help="Look under this profile; the required ones when not given.")
@click.option("--all", "-a", "run_all", is_flag=True, help="Count pages with a true record too.")
@click.option("--drifted", is_flag=True, help="Count only pages that were recorded with other versions of packages.")
@click.option(
    "--shards", type=click.IntRange(1, 10**6 - 1), default=1, help="Divide the pages among this many machines."
)
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
def plan(
    pages: tuple[str, ...], profile: tuple[str, ...], run_all: bool, drifted: bool, shards: int, as_json: bool
) -> None:
    """Say which pages `galley run` with the same words would run, and the time, memory and device of their last run.

    PAGES are names of pages, or paths of their files; without any, all pages are looked at. Runs nothing and needs none
    of what the pages import. `--shards 3` divides the pages into three shares of nearly equal time; on the second
    machine `galley run --shard 2/3` runs the second of them, and `galley collect` brings the records together.
    """
    from galley.run import plan as planned

    gc.disable()  # as in `galley check`
    guide = read_guide(find_project(Path.cwd()))
    found = look(guide, pages, profile)
    would = planned.plan(guide.project, found, chosen(found, everything=run_all, drifted=drifted), shards)
    if as_json:
        click.echo(planned.to_json(would, shards))
        return
    for each in would:
        out(str(each))
    seconds = sum(each.seconds or 0.0 for each in would)
    unknown = sum(each.seconds is None for each in would)
    more = f", and {unknown} of which no record says how long" if unknown else ""
    out(f"{counted(len(would), 'page')}, {seconds:.1f} s one after the other{more}")


@click.command(short_help="Take in the records that other machines made; runs nothing.")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
def collect(folders: tuple[Path, ...]) -> None:
    """Take in the records that `galley run --shard` made on other machines, each verified as `galley check` would.

    FOLDERS are copies of the folder of the records (snippets/outputs), one from each machine. A page's record is taken
    whole or not at all. What is missing is told with the command that makes it.
    """
    from galley.record.collect import collect as take

    project = find_project(Path.cwd())
    found = take(read_guide(project), folders, kinds_of(project))
    for name in found.taken:
        out(f"{name}: taken")
    for error in found.refused:
        err(f"\n{error}")
    for line in found.missing:
        err(f"missing: {line}")
    count = f"{len(found.taken)} taken, {len(found.same)} unchanged"
    left = bool(found.refused or found.missing)
    out(f"{count}, {len(found.refused)} refused; {'not complete' if left else 'complete'}")
    if left:
        sys.exit(Exit.NOT_TRUE)
