"""The commands with which a guide begins: a new one, and galley's part in one that is there.

In the command.
"""

from __future__ import annotations

from pathlib import Path

import click

from galley.terminal import out
from galley.words import counted


@click.command(short_help="Start a guide in an empty folder.")
@click.argument("folder", metavar="DIR")
@click.option(
    "--library", default="", metavar="NAME", help="The package that the guide is about: its first page imports it."
)
@click.option("--bare", is_flag=True, help="Write the four files of the smallest guide, and nothing beside them.")
def new(folder: str, library: str, bare: bool) -> None:
    """Write a new guide into the folder DIR that is empty or not there yet.

    The guide has two pages, settings for the site, tests, a workflow for GitHub and a Makefile, in which `make site`
    and `make test` work at once. Nothing is overwritten, and nothing is left of a guide that could not be written.
    """
    from galley.start.library import library_of
    from galley.start.made import make, next_steps

    about = library_of(library) if library else None
    made = make(Path(folder), about, bare=bare)
    out(f"made a guide in {folder}: {counted(len(made), 'file')}")
    for line in next_steps(Path(folder), about, bare=bare):
        out(line)


@click.command(short_help="Put galley into a site that is there.")
@click.option("--dry-run", "-n", is_flag=True, help="Print the changes, as git has them, and write nothing.")
@click.option(
    "--example",
    is_flag=False,
    flag_value="index.md",
    default="",
    metavar="PAGE",
    help="Give a page a section with an example cell; index.md where no PAGE is named.",
)
@click.option(
    "--snippets", default="", metavar="DIR", help="The folder for the code of the pages; snippets when not given."
)
def add(dry_run: bool, example: str, snippets: str) -> None:
    """Put galley into the site of this folder, which has mkdocs.yml, properdocs.yml or zensical.toml.

    The settings get the one line that loads galley, and pyproject.toml gets galley's own settings. In a git repository,
    .gitignore and .gitattributes get lines for the records. All else of these files stays as it is, to the byte, and
    all of them are changed or none. What is there already is left alone, so that the command can be run again.
    """
    from galley.start.added import next_steps, plan
    from galley.start.changes import diff_of, write_all

    root = Path.cwd()
    found = plan(root, snippets, example)
    if not found.changes:
        out("galley is in this site already: nothing was changed")
        return
    if dry_run:
        click.echo(diff_of(found.changes), nl=False)
        return
    write_all(root, found.changes)
    for each in found.changes:
        out(f"{each.path.as_posix()}: {each.says}")
    for line in next_steps(found):
        out(line)
