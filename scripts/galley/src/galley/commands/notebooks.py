"""The commands that make a notebook of a page, and a page of a notebook.

In the command. What makes and reads notebooks is imported where it is used.
"""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote

import click

from galley.config import find_project
from galley.errors import UsageError
from galley.source.guide import Guide, read_guide
from galley.terminal import err, out
from galley.words import counted


@click.command(short_help="Write pages as scripts or notebooks.")
@click.argument("page", default="")
@click.option("--all", "-a", "every", is_flag=True, help="Write all pages into a folder, for Jupyter Book or Sphinx.")
@click.option(
    "--profile", "-p", default="", help="The profile whose record is taken; the first required one when not given."
)
@click.option("--format", "-f", "form", default="", help="py for a script, ipynb for a notebook with the outputs.")
@click.option(
    "--output",
    "-o",
    default="",
    help="The file to write, PAGE.py when not given; - is standard output. With --all the folder.",
)
def export(page: str, every: bool, profile: str, form: str, output: str) -> None:
    """Write a page as one file that runs: a Python script, or a notebook with the recorded outputs.

    PAGE is a page's name, or the path of its file. Without --format, the ending of --output says which of the two is
    written. The file begins with what it needs, and a notebook's first cell fetches that. A file that is there already
    is not overwritten. Runs nothing and needs none of what the page imports.

    With --all, every page is written into a new folder, as a notebook unless --format says py. Links between pages and
    pictures lead to what is in the folder.
    """
    from galley.export import command
    from galley.site.settings import site_of

    if bool(page) == every:
        raise UsageError("one page is exported, or all of them", mend="name a PAGE, or give --all")
    guide = read_guide(find_project(Path.cwd()))
    if every:
        _export_all(guide, profile, form or "ipynb", output)
        return
    form = form or (Path(output).suffix.removeprefix(".") if output != "-" else "") or "py"
    text = command.export(guide, page, profile, form, site_of(guide.project))
    for each in command.lost(guide, page):
        err(f"not shown: {each}")
    if output == "-":
        sys.stdout.write(text)
        return
    path = command.write_new(Path(output or f"{Path(guide.find(page).stem).name}.{form}"), text)
    out(f"wrote {path}")


def _export_all(guide: Guide, profile: str, form: str, output: str) -> None:
    from galley.export.book import book, write_folder
    from galley.export.command import know
    from galley.site.settings import site_of

    know(form)
    if output in ("", "-"):
        raise UsageError("all pages are written into a folder", mend="name it: --output FOLDER")
    made = book(guide, profile, form, site_of(guide.project))
    for each in made.lost:
        out(f"not shown: {each}")
    out(f"wrote {counted(len(write_folder(Path(output), made)), 'file')} into {output}")


@click.command(name="import", short_help="Make pages and snippet files of notebooks.")
@click.argument("file", nargs=-1, required=True)
@click.option("--as", "name", default="", metavar="NAME", help="The page's name; that of the file when not given.")
def take(file: tuple[str, ...], name: str) -> None:
    """Make a page of each notebook: prose goes into the page, code into its snippet file.

    FILE is a notebook of Jupyter (.ipynb), Quarto (.qmd) or MyST (.md), a Python script with `# %%` lines or of
    sphinx-gallery, a page with sessions of Python's prompt (.md, .rst), or a folder of these. Links between files that
    are given together lead from page to page. What galley has no form for is told, with the number of its cell and what
    to do. Nothing is overwritten, and nothing runs: `galley run` then records the pages.
    """
    from galley.convert import command

    taken = command.take(find_project(Path.cwd()), *map(Path, file), name=name)
    for path in taken.files:
        out(f"wrote {path}")
    if taken.lost:
        out(f"could not take {counted(len(taken.lost), 'thing')}:")
    for each in taken.lost:
        out(f"    {each}")
    if taken.settings:
        out("write under [tool.galley] in pyproject.toml:")
    for line in taken.settings:
        out(f"    {line}")
    if taken.extensions:
        out(f"add to the site's markdown_extensions: {', '.join(taken.extensions)}")
    pages, them = " ".join(map(quote, taken.pages)), "them" if len(taken.pages) > 1 else "it"
    out(f"galley run {pages} runs {them}; add {them} to nav in mkdocs.yml where there is one")
