"""The commands of an update: their words and options.

In the command.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from galley.config import find_project
from galley.errors import Exit, UsageError
from galley.source.guide import read_guide
from galley.terminal import out


@click.command(short_help="Say what a newer release of a package can change.")
@click.argument("releases", nargs=-1)
@click.option("--all", "-a", "everything", is_flag=True, help="The newest release of every package of the records.")
@click.option("--model", "-m", "models", multiple=True, metavar="NAME@REVISION", help="Another revision of a model.")
@click.option("--json", "as_json", is_flag=True, help="Say all of it as JSON.")
def affected(releases: tuple[str, ...], everything: bool, models: tuple[str, ...], as_json: bool) -> None:
    """Name the pages, cells, claims and links that another release of a package can change, with the reasons.

    RELEASES are such as NAME==VERSION; a package alone stands for its newest release. It is fetched and read, and not
    installed; nothing runs. A page that is not named does not reach what changed, as far as its footprint tells
    (`galley run --footprint`). The page that reaches most of the changed code comes first. Ends with 1 where a page is
    named.
    """
    from galley.update.affected import affected as found_by
    from galley.update.affected import of_model, recorded_packages
    from galley.update.releases import requirement
    from galley.update.report import to_json, told

    guide = read_guide(find_project(Path.cwd()))
    wanted = [requirement(each) for each in releases]
    if everything:
        wanted += [(name, "") for name in recorded_packages(guide) if name not in {known for known, _ in wanted}]
    if not wanted and not models:
        raise UsageError("no release is named", mend="name one as NAME==VERSION, or all with --all")
    found = [*found_by(guide, wanted), *(of_model(guide, each) for each in models)]
    if as_json:
        out(to_json(found))
    else:
        for each in found:
            for line in told(each):
                out(line)
    sys.exit(Exit.NOT_TRUE if any(each.touched for each in found) else Exit.OK)
