"""The command that makes a page of a notebook.

In the command. What reads notebooks is imported where it is used.
"""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from galley.config import find_project
from galley.terminal import out
from galley.words import counted


@click.command(name="import", short_help="Make a page and a snippet file of a notebook.")
@click.argument("file")
@click.option("--as", "name", default="", metavar="NAME", help="The page's name; that of the file when not given.")
def take(file: str, name: str) -> None:
    """Make a page of a notebook: prose goes into the page, code into its snippet file.

    FILE is a notebook of Jupyter (.ipynb), Quarto (.qmd) or MyST (.md), or a Python script with `# %%` lines or of
    sphinx-gallery. What galley has no form for is told, with the number of its cell and what to do. Nothing is
    overwritten, and nothing runs: `galley run` then records the page.
    """
    from galley.convert import command

    taken = command.take(find_project(Path.cwd()), Path(file), name)
    for path in taken.files:
        out(f"wrote {path}")
    if taken.lost:
        out(f"could not take {counted(len(taken.lost), 'thing')}:")
    for each in taken.lost:
        out(f"    {each}")
    out(f"galley run {quote(taken.page)} runs it; add the page to nav in mkdocs.yml where there is one")
