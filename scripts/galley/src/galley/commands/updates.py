"""The commands of an update: what another release touches, the move to it, and which release changed a cell.

In the command.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from galley.config import find_project
from galley.errors import Exit, UsageError
from galley.source.guide import read_guide
from galley.terminal import err, out


@click.command(short_help="Say what a newer release of a package can change.")
@click.argument("releases", nargs=-1)
@click.option(
    "--all", "-a", "everything", is_flag=True, help="The newest release of every package that a record names."
)
@click.option("--model", "-m", "models", multiple=True, metavar="NAME@REVISION", help="Another revision of a model.")
@click.option(
    "--run",
    "run_them",
    is_flag=True,
    help="Run these pages with the release, in a scratch environment, and say which really change.",
)
@click.option("--json", "as_json", is_flag=True, help="Say all of it as JSON.")
def affected(
    releases: tuple[str, ...], everything: bool, models: tuple[str, ...], run_them: bool, as_json: bool
) -> None:
    """Name the pages, cells, claims and links that another release of a package can change, with the reasons.

    RELEASES are packages with a version, NAME==VERSION; a package alone stands for its newest release. The release is
    fetched and read, and not installed; nothing runs. A page that is not named does not reach what changed, as far as
    its footprint tells (`galley run --footprint`). The page that reaches most of the changed code comes first. Ends
    with 1 where a page is named.

    With --run, each release is installed into a scratch environment, and the pages that are named run there, in a
    copy of the project. Nothing is recorded. Ends with 1 where a page changed, failed, or did not run.
    """
    from galley.update.affected import affected as found_by
    from galley.update.affected import of_model, recorded_packages
    from galley.update.releases import requirement
    from galley.update.report import to_json, told, told_trial
    from galley.update.trial import Outcome, Tried, tried

    guide = read_guide(find_project(Path.cwd()))
    wanted = [requirement(each) for each in releases]
    if run_them and models:
        raise UsageError("--run tries releases, and a model has none", mend="leave --model out, or --run")
    if everything:
        wanted += [(name, "") for name in recorded_packages(guide) if name not in {known for known, _ in wanted}]
    if not wanted and not models:
        raise UsageError("no release is named", mend="name one as NAME==VERSION, or all with --all")
    found = [*found_by(guide, wanted), *(of_model(guide, each) for each in models)]
    for each in () if as_json else found:
        for line in told(each):
            out(line)
    if not run_them:
        if as_json:
            out(to_json(found))
        sys.exit(Exit.NOT_TRUE if any(each.touched for each in found) else Exit.OK)
    trials: list[tuple[Tried, ...]] = []
    for each in found:
        trials.append(tried(guide, each, err if as_json else out))
        for line in () if as_json else told_trial(each, trials[-1]):
            out(line)
    if as_json:
        out(to_json(found, trials))
    same = all(page.outcome is Outcome.SAME for pages in trials for page in pages)
    sys.exit(Exit.OK if same else Exit.NOT_TRUE)


@click.command(short_help="Say which packages have newer releases; move to them on a branch.")
@click.argument("releases", nargs=-1)
@click.option(
    "--apply",
    "do_it",
    is_flag=True,
    help="Move to the releases that are named: on a branch, with pins, records and links.",
)
@click.option(
    "--branch", default="", metavar="NAME", help="With --apply: the branch's name; update/NAME-VERSION when not given."
)
@click.option("--all-pages", is_flag=True, help="With --apply: run also pages that the releases cannot change.")
@click.option(
    "--no-footprints",
    is_flag=True,
    help="With --apply: note no footprints of the pages that ran, which saves a run of each.",
)
@click.option(
    "--html", default="", metavar="FILE", help="With --apply: write the review of the new records as one HTML file."
)
@click.option("--json", "as_json", is_flag=True, help="Without --apply: say all of it as JSON.")
def update(
    releases: tuple[str, ...],
    do_it: bool,
    branch: str,
    all_pages: bool,
    no_footprints: bool,
    html: str,
    as_json: bool,
) -> None:
    """Say which pinned packages have newer releases, and what each can change; with --apply, move to some of them.

    RELEASES are packages with a version, NAME==VERSION; a package alone stands for its newest release. Without any,
    these are the newest releases of all packages that are pinned and that pages reach.

    --apply works on a copy of the last commit, in a scratch environment: pins, the pages that can change, links into
    the packages' sources, records. A page that fails keeps its record and is held. At the end a branch appears, with
    all of it in one commit; the working tree stays as it is.
    """
    from galley.update.apply import Plan, apply
    from galley.update.releases import requirement
    from galley.update.report import to_json
    from galley.update.table import newer, rows, told_update

    project = find_project(Path.cwd())
    wanted = [requirement(each) for each in releases]
    if not do_it:
        found = newer(read_guide(project), wanted)
        out(to_json(found) if as_json else "\n".join(rows(found)))
        sys.exit(Exit.NOT_TRUE if found else Exit.OK)
    if not wanted:
        raise UsageError("--apply moves to releases that you name", mend="galley update says which there are")
    done = apply(project, Plan(wanted, branch, all_pages, not no_footprints, html), out)
    for line in told_update(done):
        out(line)


@click.command(short_help="Find the release of a package that changed a cell.")
@click.argument("page", metavar="PAGE[/CELL]")
@click.argument("package")
@click.argument("between", default="", metavar="[OLD..NEW]")
def bisect(page: str, package: str, between: str) -> None:
    """Find the release of a package with which a cell first prints something else than with the oldest one.

    PAGE[/CELL] is a page or one of its cells, PACKAGE a package, and [OLD..NEW] the range of its versions: from the
    installed one to the newest when not given. The page runs with some of these releases, each in a scratch
    environment; nothing is recorded.
    """
    from galley.update.bisect import bisect as search

    found = search(read_guide(find_project(Path.cwd())), page, package, between, out)
    if not found.new:
        out(f"{page}: no release from {found.old} on changed it")
        return
    out(f"{page}: {package} {found.new} changed it; {found.old} is the last release before")
    for each in found.what:
        out(f"    {each}")
    sys.exit(Exit.NOT_TRUE)
