"""The state of a page's record: fresh, drifted, held, stale, torn, tampered with, newer, unfounded, or missing.

In the command and in the builder. Nothing is run to find out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shlex import quote

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.profile import Profile
from galley.record.dependencies import ABSENT, GONE, declared, measure
from galley.record.facts import environment, other_versions
from galley.record.founded import unfounded
from galley.record.held import Held, held_pages
from galley.record.model import Dependency, Environment, Name, Record
from galley.record.settings import changed as settings_changed
from galley.record.store import Store
from galley.record.whole import NewerRecordError, TamperedError, TornError
from galley.source.cells import SnippetFile
from galley.source.parameters import has_own_code, with_values


class State(StrEnum):
    """What can be said of a page under a profile without running it."""

    FRESH = "fresh"
    DRIFTED = "drifted"  # a package or Python has another version here; the record is true of its own run
    HELD = "held"  # it is kept as it is on purpose, with a reason, and true of its own run
    STALE = "stale"
    TORN = "torn"
    TAMPERED = "tampered"
    NEWER = "newer"  # a newer galley wrote it, in a format that this one cannot read
    UNFOUNDED = "unfounded"  # it lacks what every record of its page and profile rests on
    MISSING = "missing"


STATES = {TornError: State.TORN, TamperedError: State.TAMPERED, NewerRecordError: State.NEWER}
STORE = "where the records stand"
SHOWABLE = frozenset({State.FRESH, State.DRIFTED, State.HELD})


@dataclass(frozen=True)
class Reason:
    """Why a record is not fresh, and where; `mend` is what to do where running the page does not help."""

    what: str
    place: Place
    mend: str = ""


@dataclass(frozen=True)
class Status:
    """The state of one page under one profile; `record` is there when it could be read, and `held` where it is."""

    snippets: SnippetFile
    profile: Profile
    state: State
    reasons: tuple[Reason, ...] = ()
    record: Record | None = None
    held: Held | None = None

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.snippets.page, self.profile.name)

    @property
    def mend(self) -> str:
        """What makes the record true again: the command that runs the page, or what has to be done before that."""
        if obstacle := next((reason.mend for reason in self.reasons if reason.mend), ""):
            return obstacle
        profile = "" if self.profile.required else f" --profile {self.profile.name}"
        drifted = " --drifted" if self.state is State.DRIFTED else ""  # nothing of it is stale
        return f"galley run{drifted} {quote(self.snippets.page)}{profile}"


def applies(project: Project, found: Status) -> bool:
    """Whether a profile applies to a page.

    It does where the profile is required, where the page has a record of it, and where the page's code under this
    profile differs from its code under every required profile.
    """
    others = [profile.parameters for profile in project.required]
    own = found.profile.required or found.state != State.MISSING
    return own or has_own_code(found.snippets, found.profile.parameters, others)


def store_of(project: Project) -> Store:
    """Where the project's records stand."""
    if STORE not in project.derived:
        project.derived[STORE] = Store(project.outputs, project.relative(project.outputs))
    found: Store = project.derived[STORE]
    return found


def status(project: Project, snippets: SnippetFile, profile: Profile, *, holds: bool = True) -> Status:
    """Compare a page's record with the code, the parameters and the files as they are now.

    Without `holds`, no hold excuses anything, as for records that come with a list of somebody else's. Raises
    GalleyError where the list of held pages cannot be read, whatever the record is.
    """
    place = Place(project.relative(snippets.path))
    held = held_pages(store_of(project)).get(Name(snippets.page, profile.name)) if holds else None
    try:
        record = store_of(project).read(snippets.page, profile.name)
    except (TornError, TamperedError, NewerRecordError) as error:
        state = STATES[type(error)]
        return Status(snippets, profile, state, (Reason(error.what, error.place or place, error.mend),))
    except GalleyError as error:
        return Status(snippets, profile, State.TAMPERED, (Reason(error.what, error.place or place),))
    if record is None:
        return Status(snippets, profile, State.MISSING, (Reason("never recorded", place),))
    settings = [Reason(what, at) for what, at in settings_changed(project, profile, record.settings)]
    changed = [*_code_changes(snippets, profile, record), *settings, *_file_changes(project, record, pins=held is None)]
    if stale := changed or _declarations(project, snippets, record):
        return Status(snippets, profile, State.STALE, tuple(stale), record)
    if lacks := [Reason(*each) for each in unfounded(project, snippets, profile, record)]:
        return Status(snippets, profile, State.UNFOUNDED, tuple(lacks), record)
    if held:
        return Status(snippets, profile, State.HELD, (Reason(str(held), place, held.mend),), record, held)
    if drift := _environment_changes(record.environment, place):
        return Status(snippets, profile, State.DRIFTED, tuple(drift), record)
    return Status(snippets, profile, State.FRESH, (), record)


def statuses(project: Project, snippets: SnippetFile) -> list[Status]:
    """The state of a page's record under each profile that applies to the page, in the project's order."""
    found = (status(project, snippets, profile) for profile in project.profiles)
    return [each for each in found if applies(project, each)]


class States:
    """The states of a project's records, each found out once: many questions about a guide begin with them."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._found: dict[tuple[str, str], Status] = {}

    def of(self, snippets: SnippetFile, profile: Profile) -> Status:
        """What `status` says of a page under a profile."""
        name = (snippets.stem, profile.name)
        if name not in self._found:
            self._found[name] = status(self._project, snippets, profile)
        return self._found[name]


def _code_changes(snippets: SnippetFile, profile: Profile, record: Record) -> list[Reason]:
    wanted = {cell.name: cell for cell in with_values(snippets, profile.parameters).cells}
    recorded = {cell.name: cell.digest for cell in record.cells}
    reasons = []
    for name, cell in wanted.items():
        if name not in recorded:
            reasons.append(Reason(f"cell {snippets.stem}/{name} is new", cell.place))
        elif recorded[name] != cell.digest:
            reasons.append(Reason(f"cell {snippets.stem}/{name} changed", cell.place))
    place = Place(next(iter(wanted.values())).place.path) if wanted else Place(snippets.path)
    gone = [name for name in recorded if name not in wanted]
    reasons += [Reason(f"cell {snippets.stem}/{name} is gone", place) for name in gone]
    if not reasons and list(recorded) != list(wanted):
        reasons.append(Reason("its cells run in another order", place))
    return reasons


def _file_changes(project: Project, record: Record, *, pins: bool) -> list[Reason]:
    """What changed of what the page used; of a held page not the `pins`, the tables that name the state of a model."""
    reasons = []
    for used in (each for each in record.dependencies if pins or each.kind != "table"):
        now = measure(project.root, used).sha256
        if now != used.sha256:
            how = "is gone" if now == GONE else "changed since the page used it"
            how = "was not there when the page looked for it" if used.sha256 == ABSENT else how
            reasons.append(Reason(f"{_subject(used)} {how}", Place(Path(used.path))))
    return reasons


def _subject(used: Dependency) -> str:
    """What of a dependency counts, in words."""
    if used.kind == "table":
        return f"{used.part} in {used.path}"
    return f"the list of files in {used.path}" if used.kind in ("listing", "names") else used.path


def _declarations(project: Project, snippets: SnippetFile, record: Record) -> list[Reason]:
    """Declared files that the record does not list: a cell declares more than before, or a link leads elsewhere now."""
    known, reasons = {used.path for used in record.dependencies}, []
    for cell in snippets.cells:
        try:
            paths = [path.relative_to(project.root.resolve()).as_posix() for path in declared(project, cell)]
        except GalleyError as error:
            reasons.append(Reason(error.what, cell.place))
            continue
        new = [path for path in paths if path not in known]
        reasons += [Reason(f"cell {snippets.stem}/{cell.name} now uses {path}", cell.place) for path in new]
    return reasons


def _environment_changes(recorded: Environment, place: Place) -> list[Reason]:
    """The versions of the record that differ from this machine's; a package that is missing here counts as equal.

    Another processor is none of these: outputs are the same on any, or their cell's line says that they are not.
    """
    return [Reason(what, place) for what in other_versions(recorded, environment(()))]
