"""The `galley` command: its words and options, how it ends, and no work of its own.

In the command.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from galley import __version__, system
from galley.config import find_project
from galley.errors import Exit, GalleyError, UsageError
from galley.kinds import kinds_of
from galley.record.findings import Finding, findings, unreadable, unsigned_records
from galley.run.choose import tasks_of
from galley.site.switched_on import switched_off
from galley.site.typed import typed_by_hand
from galley.source.guide import Guide, read_guide
from galley.terminal import can_say_anything, end, err, out, refused
from galley.update import commands

# What runs pages, builds and serves is imported where it is used, since `check` needs none of it.
option = partial(click.option, show_default=True)


class Commands(click.Group):
    """The commands; one that is interrupted ends as interrupted, and not, as click has it, like a failed check."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(Exit.INTERRUPTED)


@click.group(cls=Commands, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", "-V", prog_name="galley", message="%(prog)s %(version)s")
@click.pass_context
def app(ctx: click.Context) -> None:
    """Run a guide's snippets, record what they printed, and build the site from the records."""
    if ctx.invoked_subcommand is None:
        out(ctx.get_help())
        sys.exit(Exit.USAGE)


@app.command(short_help="Run what is missing or stale, and record what it prints.")
@click.argument("pages", nargs=-1)
@click.option("--profile", "-p", multiple=True, help="Run under this profile; the required ones when not given.")
@click.option(
    "--all", "-a", "run_all", is_flag=True, help="Run fresh pages too; equal outputs leave a record untouched."
)
@option(
    "--jobs", "-j", type=click.IntRange(min=0), default=0, help="How many pages at once; 0 means one for each core."
)
@click.option("--twice", is_flag=True, help="Run each page twice; one that does not repeat its outputs fails.")
@click.option(
    "--check", "compare", is_flag=True, help="Run pages again, compare them with their records; write nothing."
)
@click.option("--strict", is_flag=True, help="With --check: a record of other versions than this machine's fails too.")
@click.option("--held", is_flag=True, help="Run held pages too; one that is recorded anew is held no longer.")
@click.option("--dry-run", "-n", is_flag=True, help="Run nothing; say what would run, and exit with 1 if any.")
@click.option("--footprint", is_flag=True, help="Then note which functions of packages each page enters.")
@click.option("--require-sandbox", is_flag=True, help="Run nothing unless every protection of the sandbox holds.")
def run(
    pages: tuple[str, ...],
    profile: tuple[str, ...],
    run_all: bool,
    jobs: int,
    twice: bool,
    compare: bool,
    strict: bool,
    held: bool,
    dry_run: bool,
    footprint: bool,
    require_sandbox: bool,
) -> None:
    """Run the pages whose record is missing or stale, and record what they print.

    PAGES are pages to look at, by name or path. When none is given: all of them, and under a profile that is not
    required those whose values it changes and those with a record. A page that fails writes nothing: its old record
    stays, and the other pages go on.
    """
    if (compare and (twice or dry_run or footprint)) or (strict and not compare):
        what = "--strict goes with --check, and --twice, --dry-run and --footprint do not"
        raise UsageError(what, mend="leave one of them out")
    project = find_project(Path.cwd())
    if dry_run:
        tasks = tasks_of(read_guide(project), pages, profile, everything=run_all, held=held)
        for task in tasks:
            out(f"{task.snippets.page} ({task.profile.name})")
        sys.exit(Exit.NOT_TRUE if tasks else Exit.OK)
    if require_sandbox:
        project = replace(project, sandbox="required")
    everything = run_all and not footprint  # then --all is about the footprints
    _run(read_guide(project), pages, profile, everything, jobs, twice=twice, check=compare, strict=strict, held=held)
    if footprint:
        _run(read_guide(project), pages, profile, run_all, jobs, held=held, footprint=True)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


@app.command(short_help="Say what is missing, stale or damaged; runs nothing.")
@click.option("--signed", is_flag=True, help="Each record must stand in a manifest that a listed person signed.")
def check(signed: bool) -> None:
    """Say which records are missing, stale, drifted, held, torn, tampered with or orphaned, and cells no page shows.

    Runs nothing and needs none of what the pages import.
    """
    gc.disable()  # what is read is kept to the end, and a large guide is a million objects
    project = find_project(Path.cwd())
    guide = read_guide(project)
    found = [*switched_off(guide), *findings(guide, kinds_of(project)), *typed_by_hand(guide)]
    found += unsigned_records(project) if signed else ()
    for finding in found:
        (err if finding.fatal else out)(str(finding))
    fatal = sum(finding.fatal for finding in found)
    cells = sum(len(snippets.cells) for snippets in guide.snippets.values())
    if fatal:
        err(_counted(fatal, "problem"))
        sys.exit(Exit.NOT_TRUE)
    pages = len(guide.snippets)
    out(f"{_counted(pages, 'page')}, {_counted(cells, 'cell')}: every required record is true")


@app.command(short_help="Write a file that names every record with its digest, and sign it.")
@option("--profile", "-p", default="", help="A manifest of this profile's records alone.")
@option(
    "--rerun", is_flag=True, help="Run the pages again first; the manifest says so, and is only made if they repeat."
)
@option(
    "--sign", default="", metavar="KEY", help="Sign it with this SSH key; a public one's other half is in an agent."
)
def manifest(profile: str, rerun: bool, sign: str) -> None:
    """Write a manifest: an in-toto statement with the digest of every record, the commit, the lock and the profiles.

    It lies beside the records. `galley check --signed` verifies its signature against the setting `signers`.
    """
    from galley.record import manifest as made

    project = find_project(Path.cwd())
    chosen = project.profile(profile) if profile else None
    reran = [each.name for each in ([chosen] if chosen else project.required) if rerun]
    if rerun:
        _run(read_guide(project), (), reran, False, 0, check=True, strict=True)
    for line in made.make(read_guide(project), chosen, reran, Path(sign) if sign else None):
        out(line)


@app.command(short_help="Run what is stale, then build the site.")
@click.option("--site-dir", "-d", default="", help="The folder for the site; site_dir of mkdocs.yml when not given.")
@click.option("--publish", is_flag=True, help="Refuse where site_url of mkdocs.yml is a placeholder.")
def build(site_dir: str, publish: bool) -> None:
    """Run what is stale under the required profiles, then build the site, warnings as errors.

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
    _run(guide, (), (), False, 0, meanwhile=_import_builder)
    _stop_at(unreadable(guide))  # MkDocs would name whichever page it comes to first
    if build_site(project, site):
        sys.exit(Exit.NOT_TRUE)
    out(where(project, site, found))


@app.command(short_help="Give a site that was built its Content-Security-Policy.")
@click.argument("folder", metavar="SITE")
def csp(folder: str) -> None:
    """Give the pages of a site their Content-Security-Policy, as the settings csp and csp_sources say.

    SITE is the folder of a site that MkDocs, ProperDocs or Zensical has built. Its pages are changed, and a file
    `_headers` is added. `galley build` does this by itself.
    """
    from galley.site.build import protect_site

    protect_site(find_project(Path.cwd()), Path(folder))
    out(f"Every page in {folder} has its policy now, and {folder}/_headers has it for hosts that read such a file")


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


@app.command(short_help="Show the site live, with a runner kept warm.")
@option("--address", "-d", default="127.0.0.1:8000", help="The address to serve at, as HOST:PORT.")
def serve(address: str) -> None:
    """Show the site live: a saved page re-renders, a saved snippet file runs again on a runner kept warm.

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


@app.command(short_help="Write a page as one script or one notebook.")
@click.argument("page")
@click.option("--profile", "-p", default="", help="Its profile; the first required one if not given.")
@click.option("--format", "-f", "form", default="", help="py: a script. ipynb: a notebook with the outputs.")
@click.option("--output", "-o", default="", help="The file to write, PAGE.py if not given; - is standard output.")
def export(page: str, profile: str, form: str, output: str) -> None:
    """Write a page as one file that runs: a Python script, or a notebook with the recorded outputs.

    PAGE is its name or path. Without a format, the end of the file's name says which. Its head says what it needs, and
    a notebook's first cell fetches that. A file that is there already is not overwritten. Runs nothing and needs none
    of what the page imports.
    """
    from galley.export import command
    from galley.site.settings import site_of

    form = form or (Path(output).suffix.removeprefix(".") if output != "-" else "") or "py"
    guide = read_guide(find_project(Path.cwd()))
    text = command.export(guide, page, profile, form, site_of(guide.project))
    if output == "-":
        sys.stdout.write(text)
        return
    path = command.write_new(Path(output or f"{guide.find(page).stem}.{form}"), text)
    out(f"wrote {path}")


for each in (commands.affected, commands.update, commands.bisect):
    app.add_command(each)


def _run(
    guide: Guide,
    pages: Sequence[str],
    profiles: Sequence[str],
    everything: bool,
    jobs: int,
    meanwhile: Callable[[], object] | None = None,
    *,
    twice: bool = False,
    check: bool = False,
    strict: bool = False,
    held: bool = False,
    footprint: bool = False,
) -> None:
    from galley.run.command import run_pages

    system.hide_process()
    run = partial(run_pages, everything=everything, jobs=jobs, file=sys.stdout, meanwhile=meanwhile, twice=twice)
    try:
        end(run(guide, pages, profiles, check=check, strict=strict, held=held, footprint=footprint))
    except KeyboardInterrupt:
        err("stopped; records that were not complete stay as they were")
        sys.exit(Exit.INTERRUPTED)


def main() -> NoReturn:
    """Run the command; every GalleyError becomes its message and its exit code."""
    can_say_anything()
    try:
        app()
    except GalleyError as error:
        err(str(error))
        sys.exit(error.exit)
    except OSError as error:
        err(refused(error))
        sys.exit(Exit.BAD_INPUT)
    sys.exit(Exit.OK)
