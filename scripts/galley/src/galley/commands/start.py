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
