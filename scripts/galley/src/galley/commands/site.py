"""The commands that show a guide: the site, its live preview, and a page as one file.

In the command. What builds and serves is imported where it is used: it takes longer than many a run.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from galley import system
from galley.commands.pages import run_and_end
from galley.config import find_project
from galley.errors import Exit, GalleyError
from galley.record.findings import Finding, unreadable
from galley.site.switched_on import switched_off
from galley.source.guide import read_guide
from galley.terminal import err, out


@click.command(short_help="Run what is stale, then build the site.")
@click.option("--site-dir", "-d", default="", help="The folder for the site; site_dir of mkdocs.yml when not given.")
@click.option(
    "--publish", is_flag=True, help="For a site that goes out: refuse where site_url of mkdocs.yml is a placeholder."
)
def build(site_dir: str, publish: bool) -> None:
    """Run what is stale under the required profiles, then build the site; a warning of MkDocs fails the build.

    The site replaces the one that galley built before. Other files in its folder stay; a folder that holds sources,
    that is a link, or that galley did not make is refused.
    """
    from galley.site.build import build_site, site_folder
    from galley.site.settings import site_of, to_publish, where

    project = find_project(Path.cwd())
    site = site_folder(project, site_dir)
    found = to_publish(project) if publish else site_of(project)
    guide = read_guide(project)
    _stop_at(switched_off(guide))
    run_and_end(guide, (), (), False, 0, meanwhile=_import_builder)
    _stop_at(unreadable(guide))  # MkDocs would name whichever page it comes to first
    if build_site(project, site):
        sys.exit(Exit.NOT_TRUE)
    out(where(project, site, found))


@click.command(short_help="Give a site that was built its Content-Security-Policy.")
@click.argument("folder", metavar="SITE")
def csp(folder: str) -> None:
    """Give the pages of a site their Content-Security-Policy, as the settings csp and csp_sources say.

    SITE is the folder of a site that MkDocs, ProperDocs or Zensical has built. Its pages are changed, and a file
    `_headers` is added. `galley build` does this by itself.
    """
    from galley.site.build import protect_site

    protect_site(find_project(Path.cwd()), Path(folder))
    out(f"Every page in {folder} has its policy now, and {folder}/_headers has it for hosts that read such a file")


@click.command(short_help="Show the site live while you write.")
@click.option(
    "--address", "-d", default="127.0.0.1:8000", show_default=True, help="The address to serve at, as HOST:PORT."
)
def serve(address: str) -> None:
    """Show the site live: a page that is saved is rendered again, a snippet file that is saved runs again.

    A process that has imported what the pages need stays ready, so that a page runs at once.
    A failing cell shows its traceback in the preview and only there; its record stays.
    """
    import asyncio

    from rich.console import Console

    from galley.serve import serve as serve_site

    system.hide_process()
    console = Console(soft_wrap=True, highlight=False, markup=False)
    project = find_project(Path.cwd())
    _stop_at(switched_off(read_guide(project)))
    try:
        code = asyncio.run(serve_site(project, address, console))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    if code:
        sys.exit(Exit.NOT_TRUE)


@click.command(short_help="Write a page as one script or one notebook.")
@click.argument("page")
@click.option(
    "--profile", "-p", default="", help="The profile whose record is taken; the first required one when not given."
)
@click.option("--format", "-f", "form", default="", help="py for a script, ipynb for a notebook with the outputs.")
@click.option("--output", "-o", default="", help="The file to write, PAGE.py when not given; - is standard output.")
def export(page: str, profile: str, form: str, output: str) -> None:
    """Write a page as one file that runs: a Python script, or a notebook with the recorded outputs.

    PAGE is a page's name, or the path of its file. Without --format, the ending of --output says which of the two is
    written. The file begins with what it needs, and a notebook's first cell fetches that. A file that is there already
    is not overwritten. Runs nothing and needs none of what the page imports.
    """
    from galley.export import command
    from galley.site.settings import site_of

    form = form or (Path(output).suffix.removeprefix(".") if output != "-" else "") or "py"
    guide = read_guide(find_project(Path.cwd()))
    text = command.export(guide, page, profile, form, site_of(guide.project))
    if output == "-":
        sys.stdout.write(text)
        return
    path = command.write_new(Path(output or f"{Path(guide.find(page).stem).name}.{form}"), text)
    out(f"wrote {path}")


def _stop_at(wrong: Sequence[Finding]) -> None:
    if wrong:
        err("\n".join(map(str, wrong)))
        sys.exit(Exit.NOT_TRUE)


def _import_builder() -> None:
    """Import what renders the pages: it is ready when the pages are. Raises GalleyError where it cannot be imported."""
    try:
        import galley.site.extension  # noqa: F401
    except ImportError as error:
        mend = f"install galley-docs again into {sys.prefix}, with all that it needs"
        raise GalleyError(f"what renders the pages cannot be imported: {error}", mend=mend) from error
