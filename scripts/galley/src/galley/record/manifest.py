"""Manifests: one file that names every record with its digest, for somebody to sign.

In the command and in the builder. A manifest is a Statement of the in-toto framework, whose predicate says of which
commit, lock and profiles the records are. It holds no time and no name of a machine: the same records give the same
bytes. It lies beside the records, as `manifest.json`, or as `manifest.PROFILE.json` where it is of one profile alone:
so the machine with the GPU signs its own.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import msgspec

from galley import system
from galley.config import Project
from galley.errors import GalleyError, NotTrueError, Place, RefusedError
from galley.profile import Profile
from galley.record.beside import put
from galley.record.model import Name
from galley.record.move import RECORD, RUN
from galley.record.status import SHOWABLE, State, status, store_of
from galley.record.store import plain_bytes
from galley.source.digest import digest
from galley.source.guide import Guide
from galley.system.commit import Commit, commit_of
from galley.system.signing import BEGINS, sign

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://pypi.org/project/galley-docs/#records-v1"
MANIFEST = "manifest.json"
SIGNATURE = ".sig"
MOVE = "move it away: galley replaces only what it made"
ANEW = "make it anew: galley manifest --sign KEY"
OPTIONAL = frozenset({State.STALE})  # of a profile that is not required, what is no lie and is shown to nobody


@dataclass(frozen=True)
class Subject:
    """A file that the statement is about, by its path from the project's root."""

    name: str
    digest: Mapping[str, str]


@dataclass(frozen=True)
class Named:
    """The profile of some of the records; `rerun` says that its pages ran again for this manifest and repeated them."""

    name: str
    required: bool
    rerun: bool
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Predicate:
    """What the statement says of its subjects; `lock` is the file that pins what the pages import."""

    commit: Commit
    profiles: tuple[Named, ...]
    lock: Subject | None = None


@dataclass(frozen=True)
class Statement:
    """A manifest as it was read."""

    subject: tuple[Subject, ...]
    predicate: Predicate

    def sha256(self, name: str) -> str:
        """The digest of a record of this name; empty where it is not in the manifest."""
        return self._digests.get(name, "")

    @property
    def records(self) -> int:
        """How many records it names."""
        return sum(each.name.endswith(f"/{RECORD}") for each in self.subject)

    @cached_property
    def _digests(self) -> dict[str, str]:
        return {each.name: each.digest.get("sha256", "") for each in self.subject}


class _Header(msgspec.Struct, rename={"type": "_type", "predicate_type": "predicateType"}):
    """What says which kind of statement a file holds."""

    type: str
    predicate_type: str


def make(guide: Guide, profile: Profile | None, rerun: Collection[str], key: Path | None) -> list[str]:
    """Write the manifest of all records, or of one profile's, and sign it if there is a key; returns what to tell."""
    project, name = guide.project, name_of(profile)
    text = statement(guide, profile, rerun)
    changed = write(project, name, text, sign(text.encode(), key) if key else None)
    return [f"{'wrote' if changed else 'unchanged:'} {project.relative(project.outputs) / name}", told(text)]


def name_of(profile: Profile | None) -> str:
    """The file of the manifest of all profiles, or of one alone."""
    return f"manifest.{profile.name}.json" if profile else MANIFEST


def manifests(project: Project) -> list[str]:
    """The names of the manifests that lie beside the records, of all profiles first."""
    known = (name_of(each) for each in (None, *project.profiles))
    return [name for name in known if os.path.lexists(project.outputs / name)]


def record_name(project: Project, page: str, profile: str) -> str:
    """The name of a record in a manifest: its path from the project's root."""
    return (project.relative(project.outputs) / Name(page, profile).folder / RECORD).as_posix()


def record_files(project: Project, page: str, profile: str) -> dict[str, str]:
    """The names in a manifest of a `record.json`, which names its outputs with their digests, and of its `run.json`."""
    store = store_of(project)
    folder, relative = store.folder_of(page, profile), store.shown(page, profile)
    there = [name for name in (RECORD, RUN) if os.path.lexists(folder / name)]
    return {(relative / name).as_posix(): name for name in there}


def record_digests(project: Project, page: str, profile: str) -> dict[str, str]:
    """The digests of these files, by their names in a manifest."""
    store = store_of(project)
    folder, relative = store.folder_of(page, profile), store.shown(page, profile)
    files = record_files(project, page, profile)
    return {name: digest(plain_bytes(folder, file, relative)) for name, file in files.items()}


def statement(guide: Guide, profile: Profile | None, rerun: Collection[str]) -> str:
    """The text of a manifest of all records, or of one profile's; `rerun` names the profiles that ran again for it.

    Raises NotTrueError where a record is not true, since nobody should sign such a one.
    """
    project = guide.project
    if guide.errors:
        raise guide.errors[0]
    profiles = [profile] if profile else project.profiles
    found = [(each, status(project, each, under)) for each in guide.snippets.values() for under in profiles]
    there = [(each, at) for each, at in found if at.state is not State.MISSING or at.profile.required]
    for _, at in there:
        if at.state not in SHOWABLE and (at.profile.required or at.state not in OPTIONAL):
            what = f"the {at.profile.name} record is {at.state}: {at.reasons[0].what}"
            raise NotTrueError(f"{what}; a manifest vouches for true records", at.reasons[0].place, at.mend)
    if not there:
        raise NotTrueError("there is no record to vouch for", Place(project.relative(project.outputs)), "galley run")
    subjects = sorted(
        found for each, at in there for found in record_digests(project, each.page, at.profile.name).items()
    )
    here = {at.profile.name for _, at in there}
    named = [Named(each.name, each.required, each.name in rerun, each.parameters) for each in profiles]
    kept = tuple(sorted((each for each in named if each.name in here), key=lambda each: each.name))
    beside = project.relative(project.outputs).as_posix()
    said = Predicate(commit_of(project.root, [f"{beside}/manifest*"]), kept, lock_of(project))
    written = {
        "_type": STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": sha256}} for name, sha256 in subjects],
        "predicateType": PREDICATE,
        "predicate": asdict(said),
    }
    return json.dumps(written, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def lock_of(project: Project) -> Subject | None:
    """The lock with its digest as it is now; None where the guide names none. Raises GalleyError where it is gone."""
    if not project.lock:
        return None
    try:
        return Subject(project.lock, {"sha256": digest((project.root / project.lock).read_bytes())})
    except OSError as error:
        what = f'lock = "{project.lock}" cannot be read: {error.strerror}'
        raise GalleyError(what, project.place("lock"), "name the file that pins what the pages import") from error


def read(project: Project, name: str) -> tuple[Statement, bytes]:
    """A manifest and its bytes; raises GalleyError where it cannot be read or is none."""
    relative = project.relative(project.outputs)
    data = plain_bytes(project.outputs, name, relative, mend=f"{MOVE}, then {ANEW}")
    try:
        if not _is_ours(data):
            raise ValueError("it is another kind of statement")
        return msgspec.json.decode(data, type=Statement), data
    except (ValueError, RecursionError) as error:
        place = Place(relative / name)
        raise GalleyError(f"is no manifest: {error}", place, f"{MOVE}, then {ANEW}") from error


def told(text: str) -> str:
    """What a manifest says, in a line."""
    said = msgspec.json.decode(text, type=Statement)
    commit = said.predicate.commit
    at = f"commit {commit.name[:12]}" if commit.name else "no commit, since this is no git repository with one"
    differs = ", from which files here differ" if commit.modified else ""
    return f"{said.records} record{'s' * (said.records != 1)}; {at}{differs}"


def _is_ours(data: bytes) -> bool:
    header = msgspec.json.decode(data, type=_Header)
    return (header.type, header.predicate_type) == (STATEMENT, PREDICATE)


def write(project: Project, name: str, text: str, signature: bytes | None) -> bool:
    """Put a manifest and its signature beside the records; True where anything changed.

    A signature of another text goes: it would be none of this one. Raises RefusedError, and changes nothing, where
    something lies there that galley did not make.
    """
    folder, data = project.outputs, text.encode()
    with system.locked(folder, alone=True):
        old, seal = _replaced(project, name), _replaced(project, name + SIGNATURE)
        if data == old and signature in (None, seal):
            return False
        if seal is not None and (data != old or signature is not None):
            (folder / (name + SIGNATURE)).unlink()
        if data != old:
            put(folder, project.relative(folder), name, data)
        if signature is not None:
            put(folder, project.relative(folder), name + SIGNATURE, signature)
    return True


def _replaced(project: Project, name: str) -> bytes | None:
    """What galley's file of a name holds now, None where there is none; raises RefusedError where it is another's."""
    folder, relative = project.outputs, project.relative(project.outputs)
    if not os.path.lexists(folder / name):
        return None
    try:
        data = plain_bytes(folder, name, relative)
        ours = data.startswith(BEGINS) if name.endswith(SIGNATURE) else _is_ours(data)
    except (GalleyError, ValueError, RecursionError):
        ours = False
    if not ours:
        raise RefusedError("is there, and galley did not make it", Place(relative / name), MOVE)
    return data
