"""The `galley` command."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import chdir
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from galley.check.findings import findings
from galley.errors import Exit, GalleyError, Place, UsageError
from galley.pages.guide import read_guide
from galley.project import Project, find_project

# What runs pages and what serves them is imported where it is used: `check` needs none of it and takes two seconds.
if TYPE_CHECKING:
    from galley.run.result import Summary

app = typer.Typer(
    help="Run a guide's snippets, record what they printed, and build the site from the records.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
out = typer.echo
err = partial(typer.echo, err=True)

Pages = Annotated[list[str] | None, typer.Argument(help="Pages to look at, by name or path; all when none is given.")]
ProfileName = Annotated[
    list[str] | None,
    typer.Option("--profile", "-p", help="Run under this profile; the required ones when not given."),
]
All = Annotated[bool, typer.Option("--all", "-a", help="Run fresh pages too; equal outputs leave a record untouched.")]
Dry = Annotated[bool, typer.Option("--dry-run", "-n", help="Run nothing; say what would run, and exit with 1 if any.")]
Jobs = Annotated[int, typer.Option("--jobs", "-j", min=0, help="How many pages at once; 0 means one for each core.")]


Address = Annotated[str, typer.Option("--address", "-d", help="The address to serve at, as HOST:PORT.")]


@app.command()
def run(
    pages: Pages = None, profile: ProfileName = None, run_all: All = False, jobs: Jobs = 0, dry_run: Dry = False
) -> None:
    """Run the pages whose record is missing or stale, and record what they print.

    A page that fails writes nothing: its old record stays, and the other pages go on.
    """
    project = find_project(Path.cwd())
    if dry_run:
        from galley.run.tasks import tasks_of

        tasks = tasks_of(read_guide(project), pages or [], profile or [], everything=run_all)
        for task in tasks:
            out(f"{task.snippets.page} ({task.profile.name})")
        raise typer.Exit(Exit.NOT_TRUE if tasks else Exit.OK)
    _run(project, pages or [], profile or [], run_all, jobs)


@app.command()
def check() -> None:
    """Say which records are missing, stale, drifted, torn, tampered with or orphaned, and which cells no page shows.

    Runs nothing and needs none of what the pages import.
    """
    gc.disable()  # what is read is kept to the end, and a large guide is a million objects
    project = find_project(Path.cwd())
    guide = read_guide(project)
    found = findings(guide)
    for finding in found:
        (err if finding.fatal else out)(str(finding))
    fatal = sum(finding.fatal for finding in found)
    cells = sum(len(snippets.cells) for snippets in guide.snippets.values())
    if fatal:
        err(f"{fatal} problem{'s' * (fatal != 1)}")
        raise typer.Exit(Exit.NOT_TRUE)
    out(f"{len(guide.snippets)} pages, {cells} cells: every required record is true")


@app.command()
def build() -> None:
    """Run what is stale under the required profiles, then build the site, warnings as errors."""
    project = find_project(Path.cwd())
    _run(project, [], [], False, 0)
    gc.freeze()  # what was read so far need not be looked through again and again
    if _mkdocs(project):
        raise typer.Exit(Exit.NOT_TRUE)
    out(f"The site is in {_site(project)}; look at it with: python -m http.server -d {_site(project)}")


def _mkdocs(project: Project) -> int:
    """Build the site in this very process, which is half a second faster than in another; the exit code."""
    from mkdocs.__main__ import cli as mkdocs

    try:
        with chdir(project.root):
            mkdocs(["build", "--strict"])
    except SystemExit as end:
        return int(end.code or 0)
    return 0


@app.command()
def serve(address: Address = "127.0.0.1:8000") -> None:
    """Show the site live: a saved page re-renders, a saved snippet file runs again on a runner kept warm.

    A failing cell shows its traceback in the preview and only there; its record stays.
    """
    import asyncio

    from rich.console import Console

    from galley.serve.loop import serve as serve_site

    console = Console(soft_wrap=True, highlight=False, markup=False)
    try:
        code = asyncio.run(serve_site(find_project(Path.cwd()), address, console))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    if code:
        raise typer.Exit(Exit.NOT_TRUE)


@app.command()
def export(
    page: Annotated[str, typer.Argument(help="The page, by name or path.")],
    profile: Annotated[
        str, typer.Option("--profile", "-p", help="Its profile; the first required one if not given.")
    ] = "",
    form: Annotated[
        str, typer.Option("--format", "-f", help="py: a script. ipynb: a notebook with the outputs.")
    ] = "py",
    output: Annotated[str, typer.Option("--output", "-o", help="The file to write; - is standard output.")] = "",
) -> None:
    """Write a page as one file that runs: a Python script, or a notebook with the recorded outputs.

    Its first line says what it needs. Runs nothing and needs none of what the page imports.
    """
    from galley.export.command import export as exported

    guide = read_guide(find_project(Path.cwd()))
    text = exported(guide, page, profile, form)
    if output == "-":
        sys.stdout.write(text)
        return
    path = Path(output or f"{guide.find(page).stem}.{form}")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError("is there already", Place(path), "remove it, or name another file with --output") from None
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", Place(path)) from error
    out(f"wrote {path}")


def _site(project: Project) -> Path:
    return project.relative(project.root / "site")


def _run(project: Project, pages: list[str], profiles: list[str], everything: bool, jobs: int) -> None:
    from galley.run.command import run_pages

    try:
        _end(run_pages(project, pages, profiles, everything=everything, jobs=jobs, file=sys.stdout))
    except KeyboardInterrupt as stopped:
        err("stopped; records that were not complete stay as they were")
        raise typer.Exit(Exit.INTERRUPTED) from stopped


def _end(summary: Summary) -> None:
    for failure in summary.failures:
        err(f"\n{failure}")
        if failure.detail:
            err("\n".join(f"    {line}" for line in failure.detail.splitlines()))
    for error in summary.errors:
        err(f"\n{error}")
    if summary.failures:
        err(f"\npages that failed: {len(summary.failures)}; their old records stand")
    if summary.failures or summary.errors:
        raise typer.Exit(Exit.PAGE_FAILED if summary.failures else summary.errors[0].exit)


def main() -> NoReturn:
    """Run the command; every GalleyError becomes its message and its exit code."""
    if os.environ.get("PYTHONUNBUFFERED") is None and not sys.stdout.isatty():
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    try:
        code = app(standalone_mode=True)
    except GalleyError as error:
        err(str(error))
        code = error.exit
    sys.exit(code)
