"""The commands about records: whether they are true, who signs for them, and what changed in them.

In the command. What reviews and signs is imported where it is used, since `check` needs none of it.
"""

from __future__ import annotations

import atexit
import gc
import sys
from pathlib import Path

import click

from galley.commands.pages import run_and_end
from galley.config import find_project
from galley.errors import Exit, UsageError
from galley.kinds import kinds_of
from galley.record.findings import findings, unsigned_records
from galley.run.command import How
from galley.site.switched_on import switched_off
from galley.site.typed import typed_by_hand
from galley.source.guide import read_guide
from galley.terminal import err, out
from galley.words import counted


@click.command(short_help="Say what is missing, stale or damaged; runs nothing.")
@click.option(
    "--signed", is_flag=True, help="Fail also unless somebody whom the setting signers lists signed for each record."
)
def check(signed: bool) -> None:
    """Say which records are missing, stale, drifted, held, torn, tampered with or orphaned, and cells no page shows.

    Stale: code, values or files are others than those of the record. Drifted: versions of packages are others here; the
    record is still true of its own run. Held: the page is kept as recorded on purpose. Each line names a file and what
    mends it. Ends with 1 where a required record is not true. Runs nothing and needs none of what the pages import.
    """
    gc.disable()  # what is read is kept to the end, and a large guide is a million objects
    atexit.register(gc.freeze)  # or Python would look through all of them once more when it ends
    project = find_project(Path.cwd())
    guide = read_guide(project)
    found = [*switched_off(guide), *findings(guide, kinds_of(project)), *typed_by_hand(guide)]
    found += unsigned_records(project) if signed else ()
    for finding in found:
        (err if finding.fatal else out)(str(finding))
    fatal = sum(finding.fatal for finding in found)
    cells = sum(len(snippets.cells) for snippets in guide.snippets.values())
    if fatal:
        err(counted(fatal, "problem"))
        sys.exit(Exit.NOT_TRUE)
    pages = len(guide.snippets)
    out(f"{counted(pages, 'page')}, {counted(cells, 'cell')}: every required record is true")


@click.command(short_help="Write a file that names every record with its digest, and sign it.")
@click.option("--profile", "-p", default="", help="A manifest of this profile's records alone.")
@click.option(
    "--rerun",
    is_flag=True,
    help="Run the pages again first; the manifest says so, and is made only if each repeats its outputs.",
)
@click.option(
    "--sign",
    default="",
    metavar="KEY",
    help="Sign it with this SSH key: a private one, or a public one whose private part an agent holds.",
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
        run_and_end(read_guide(project), (), reran, False, 0, how=How(check=True, strict=True))
    for line in made.make(read_guide(project), chosen, reran, Path(sign) if sign else None):
        out(line)


@click.command(short_help="Show what changed in the records, and decide on it.")
@click.argument("base", default="HEAD")
@click.option("--only", multiple=True, metavar="PAGE", help="Look at this page alone; may be given several times.")
@click.option("--accept", multiple=True, metavar="PAGE/CELL", help="Keep what is new, of a cell or of a whole PAGE.")
@click.option("--reject", multiple=True, metavar="PAGE", help="Put the old record of a page back.")
@click.option(
    "--hold", multiple=True, metavar="PAGE", help="Put the old record back, and keep the page as recorded from now on."
)
@click.option("--reason", default="", help="With --hold: why, for readers and for whoever looks at the page next.")
@click.option("--decisions", default="", metavar="FILE", help="Decide as this file says, which --json wrote.")
@click.option("--html", default="", metavar="FILE", help="Write the review as one HTML file.")
@click.option("--markdown", is_flag=True, help="Write a summary for a pull request to standard output.")
@click.option("--json", "as_json", is_flag=True, help="Write the review as JSON to standard output.")
def review(
    base: str,
    only: tuple[str, ...],
    accept: tuple[str, ...],
    reject: tuple[str, ...],
    hold: tuple[str, ...],
    reason: str,
    decisions: str,
    html: str,
    markdown: bool,
    as_json: bool,
) -> None:
    """Show how the records differ from those of BASE, the gravest change first, and decide on each.

    BASE is a commit, HEAD when not given, or a folder of records. At a terminal it asks: accept, reject the page, hold
    the page. A record is all or nothing: what is rejected or held is the whole record of a page. Ends with 8 while
    anything waits for a decision. Runs nothing and needs none of what the pages import.
    """
    from galley.review.command import Asked, run_review

    if markdown and as_json:
        raise UsageError("--markdown and --json both write to standard output", mend="leave one of them out")
    asked = Asked(only, accept, reject, hold, reason, decisions, html, "markdown" if markdown else "json" * as_json)
    if run_review(read_guide(find_project(Path.cwd())), base, asked, out):
        sys.exit(Exit.UNDECIDED)
