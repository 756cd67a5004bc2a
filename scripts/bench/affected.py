"""What another release of a package really changes of this guide, against what `galley affected` names.

Every page runs twice in environments of this machine: with the pinned packages, and with another release in front of
them. A page really changed where an output differs by the rules of `galley test`, or where it failed. Run
it with the guide's own Python, which has what the pages import.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.machine import commit, hardware
from bench.records import PROFILE

AFFECTED = Path(__file__).parent / "affected.json"
ROOT = Path(__file__).parents[2]
RELEASES = (
    "transformers==5.20.0",
    "transformers==5.21.0",
    "transformers==5.22.0",
    "transformers==5.22.2",
    "transformers==5.24.0",
    "peft==0.19.0",
    "peft==0.20.0",
    "peft==0.21.0",
    "peft==0.21.1",
)


@dataclass(frozen=True)
class Row:
    """One pair of releases: the pages that really changed, and those that `galley affected` named.

    `cells` are those with another output; a page that fails has no record, so that of such a page the cell that failed
    stands there. `cells_missed` of them are neither named nor behind a named cell of their page.
    """

    package: str
    old: str
    new: str
    pages: int
    changed: tuple[str, ...]
    failed: tuple[str, ...]
    named: tuple[str, ...]
    missed: tuple[str, ...]
    named_in_vain: tuple[str, ...]
    cells: tuple[str, ...]
    cells_missed: tuple[str, ...]


def affected(work: Path, releases: Sequence[str]) -> None:
    """Measure each release, and write affected.json; rows of other releases in it stay."""
    known = json.loads(AFFECTED.read_text(encoding="utf-8"))["pairs"] if AFFECTED.exists() else []
    rows = {f"{each['package']}=={each['new']}": each for each in known}
    base = _ran(work / "base", ())
    for release in releases or RELEASES:
        rows[release] = asdict(_row(base, work / release, release))
        said = {"ran_on": hardware(), "commit": commit(), "pairs": list(rows.values())}
        AFFECTED.write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")
        print(
            json.dumps({name: rows[release][name] for name in ("new", "changed", "missed", "named_in_vain")}),
            flush=True,
        )


def _ran(folder: Path, packages: Sequence[str]) -> Path:
    """A copy of the guide whose pages all ran in an environment with these packages in front; kept if it is there."""
    from galley.system.git import own_files
    from galley.update.environment import ScratchEnvironment

    guide, log = folder / "guide", folder / "run.txt"
    if log.exists():
        return guide
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    environment = ScratchEnvironment.make(folder / "env")
    if packages:
        environment.install(packages)
    shutil.copytree(ROOT / "scripts/galley/src/galley", environment.packages / "galley")
    known = own_files(ROOT)
    assert known is not None, "what git knows of the checkout is copied"
    for name in filter(_counts, known):
        (guide / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, guide / name)
    run = ["run", "--all", "--jobs", "1"]
    said = environment.galley(run, guide).said
    if slow := _stopped(said):
        said += environment.galley([*run, *slow], guide).said
    log.write_text(said, encoding="utf-8")
    return guide


def _stopped(said: str) -> list[str]:
    """The pages that took longer than they may, as on a machine that others use too: they have another try."""
    lines = (line.partition(" page ")[2] for line in said.splitlines() if "took longer than" in line)
    return sorted({line.partition(" ")[0] for line in lines})


def _counts(name: str) -> bool:
    """Whether a file of the checkout is there, and may matter to a page."""
    return (ROOT / name).is_file() and not name.startswith("tests/")


def _row(base: Path, folder: Path, release: str) -> Row:
    from galley.config import find_project
    from galley.record.status import store_of
    from galley.run.failure import Failure
    from galley.source.guide import read_guide
    from galley.update.affected import affected as named_by
    from galley.update.releases import requirement

    other = _ran(folder, [release])
    guide = read_guide(find_project(base))
    package, version = requirement(release)
    (found,) = named_by(guide, [(package, version)])
    said = (folder / "run.txt").read_text(encoding="utf-8")
    reasons = {each.page: Failure.read(said, each.page, PROFILE)[1] for each in guide.snippets.values()}
    records = store_of(find_project(other))
    ran = {page for page in reasons if _is_of(records.read(page, PROFILE), package, version)}
    in_cells = {page: why.partition(":")[0] for page, why in reasons.items() if why.startswith("cell ")}
    failed = {page: cell.removeprefix("cell ") for page, cell in in_cells.items() if page not in ran}
    cells = {f"{page}/{cell}" for page, cell in failed.items()}
    for snippets in guide.snippets.values():
        if snippets.page not in failed:
            old = store_of(guide.project).read(snippets.page, PROFILE)
            new = records.read(snippets.page, PROFILE)
            cells |= {f"{snippets.page}/{cell}" for cell in _differing(old, new, snippets, guide.project)}
    touched = [each for each in found.touched if each.profile == PROFILE]
    named = {each.page for each in touched}
    changed = {each.partition("/")[0] for each in cells}
    missed_cells = {each for each in cells if not _is_named(each, touched, guide)}
    pages = (changed, failed, named, changed - named, named - changed)
    listed = map(_sorted, (*pages, cells, missed_cells))
    return Row(package, found.old, version, len(guide.snippets), *listed)


def _is_of(record: Any, package: str, version: str) -> bool:
    """Whether a page was recorded with the release, at its first try or at another."""
    return record is not None and record.environment.packages.get(package, "").partition("+")[0] == version


def _differing(old: Any, new: Any, snippets: Any, project: Any) -> set[str]:
    from galley.kinds import kinds_of
    from galley.record.compare import changes

    return {each.cell.name for each in changes(old, new, snippets, kinds_of(project)) if not each.may}


def _is_named(cell: str, touched: Iterable[Any], guide: Any) -> bool:
    """Whether a cell is named itself, or stands behind one that is, or all of its page is."""
    page, _, name = cell.partition("/")
    for each in touched:
        if each.page == page:
            snippets = next(known for known in guide.snippets.values() if known.page == page)
            order = [known.name for known in snippets.cells]
            reached = [order.index(known) for reason in each.reasons for known in reason.cells]
            return any(not reason.cells for reason in each.reasons) or min(reached) <= order.index(name)
    return False


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


if __name__ == "__main__":
    affected(Path(sys.argv[1]).resolve(), sys.argv[2:])
