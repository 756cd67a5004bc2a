"""`galley bisect`: which release of a package changed a cell.

In the command. Each release is installed into a scratch environment of its own, in front of the packages of this one,
and the page runs there in a copy of the project. The releases are halved until one is left.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from packaging.version import InvalidVersion, Version

from galley.config import Project, find_project
from galley.errors import Exit, GalleyError, UsageError
from galley.kinds import kinds_of
from galley.record.compare import changes
from galley.record.facts import installed
from galley.record.model import Record
from galley.record.status import store_of
from galley.run.failure import Failure
from galley.source.cells import SnippetFile
from galley.source.guide import Guide
from galley.system import scratch
from galley.update.copied import copied
from galley.update.environment import ScratchEnvironment, Tell
from galley.update.releases import requirement, versions

RANGE = "name a range as OLD..NEW"
OTHERS = "mend that; or name a range as OLD..NEW that leaves the release out"


@dataclass(frozen=True)
class Found:
    """What a bisection found: the release before, the one that changed the cell, and how; `new` is empty for none."""

    old: str
    new: str
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Ran:
    """What a page did with one release: its record, or why it failed."""

    version: str
    record: Record | None
    failed: str = ""


def bisect(guide: Guide, asked: str, package: str, between: str, tell: Tell) -> Found:
    """The first release with which a page, or one of its cells, prints something else than with the oldest one.

    Raises UsageError for a page, a cell or a release that is not there.
    """
    snippets, cell = guide.find_cell(asked)
    releases = _releases(package, between)
    with scratch("galley-bisect-") as folder:
        bench = _Bench(guide.project, snippets, cell, package, folder, tell)
        first, last = bench.run(releases[0]), bench.run(releases[-1])
        if first.failed and first.failed == last.failed:
            said = f"{snippets.page} fails with {releases[0]} and with {releases[-1]} in the same way: {first.failed}"
            raise GalleyError(said, mend=f"{RANGE}, where OLD is a release with which it runs")
        if not (what := bench.differs(first, last)):
            return Found(releases[0], "")
        low, high = 0, len(releases) - 1
        while high - low > 1:
            middle = (low + high) // 2
            if now := bench.differs(first, bench.run(releases[middle])):
                high, what = middle, now
            else:
                low = middle
        return Found(releases[low], releases[high], what)


def _releases(package: str, between: str) -> list[str]:
    """The releases in a range, the oldest first, without pre-releases."""
    name, version = requirement(package)
    if version:
        raise UsageError(f"'{package}' names one release, and a bisection has many", mend=f"{RANGE}, behind {name}")
    have = [each for each in reversed(versions(name)) if _final(each)]
    old, dots, new = between.partition("..")
    if between and not dots:
        raise UsageError(f"'{between}' is no range of versions", mend=RANGE)
    old = old or (installed(package) or have[0]).partition("+")[0]
    new = new or have[-1]
    for each in (old, new):
        if each not in have:
            raise UsageError(f"no such release: {package} {each}", mend=f"the index has: {', '.join(have[-8:])}")
    if have.index(old) >= have.index(new):
        raise UsageError(f"{package} {old} is not older than {new}", mend=RANGE)
    return have[have.index(old) : have.index(new) + 1]


def _final(version: str) -> bool:
    try:
        return not Version(version).is_prerelease
    except InvalidVersion:
        return False


class _Bench:
    """Runs one page with one release after the other."""

    def __init__(
        self, project: Project, snippets: SnippetFile, cell: str, package: str, folder: Path, tell: Tell
    ) -> None:
        self.project, self.snippets, self.cell, self.package = project, snippets, cell, package
        self.folder, self.tell = folder, tell
        self._known: dict[str, _Ran] = {}

    def run(self, version: str) -> _Ran:
        """What the page does with a release."""
        if version not in self._known:
            self.tell(f"{self.package} {version}: runs {self.snippets.page}")
            self._known[version] = self._ran(version)
        return self._known[version]

    def differs(self, first: _Ran, other: _Ran) -> tuple[str, ...]:
        """How the cell, or any cell, differs from what it did first."""
        if first.record is None or other.record is None:
            return () if first.failed == other.failed else (other.failed or f"{first.version} fails: {first.failed}",)
        found = changes(first.record, other.record, self.snippets, kinds_of(self.project), self.project.machine)
        return tuple(str(each) for each in found if not each.may and self.cell in ("", each.cell.name))

    def _ran(self, version: str) -> _Ran:
        place = self.folder / version
        environment = ScratchEnvironment.make(place / "env")
        environment.install([f"{self.package}=={version}"])
        copy = place / "project"
        copied(self.project, copy)
        ended = environment.galley(["run", "--all", "--held", self.snippets.page], copy, CI="")
        if ended.code not in (Exit.OK, Exit.PAGE_FAILED):
            said = ended.said.strip() or f"it ended with {ended.code}"
            raise GalleyError(f"{self.package} {version}: {self.snippets.page} could not run: {said}", mend=OTHERS)
        at, why = Failure.read(ended.said, self.snippets.page, self._profile)
        failed = f"{at}: {why}" if why else ended.said
        record = None if ended.code else store_of(find_project(copy)).read(self.snippets.page, self._profile)
        shutil.rmtree(place)
        return _Ran(version, record, failed)

    @property
    def _profile(self) -> str:
        return self.project.required[0].name
