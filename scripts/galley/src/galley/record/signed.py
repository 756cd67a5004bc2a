"""Who signed for the records: the manifests beside them, with their signatures verified.

In the command and in the builder. A signature counts where the setting `signers` names a file that lists the signer.
A guide without manifests pays for none of this.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from galley.config import Project
from galley.errors import GalleyError, Place
from galley.record.manifest import (
    SIGNATURE,
    Statement,
    lock_of,
    manifests,
    name_of,
    read,
    record_digests,
    record_files,
    record_name,
)
from galley.record.move import RECORD
from galley.record.status import store_of
from galley.record.store import plain_bytes
from galley.system.signing import verify

SIGN = "galley manifest --sign KEY"


@dataclass(frozen=True)
class Signed:
    """Who signed for a record; `rerun` says that its page ran again for the signature and repeated it."""

    signer: str
    rerun: bool


@dataclass(frozen=True)
class Fault:
    """Why a manifest, a signature or a record does not count; one that is not `fatal` is only told."""

    what: str
    place: Place
    mend: str = SIGN
    fatal: bool = True


@dataclass(frozen=True)
class Signatures:
    """The manifests whose signature is good, each with its file's name and signer; and what is wrong with others."""

    good: tuple[tuple[str, str, Statement], ...] = ()
    faults: tuple[Fault, ...] = ()


def signed(project: Project, page: str, profile: str) -> Signed | None:
    """Who signed for a record as it is now; None where nobody did whom the guide lists."""
    if not project.signers or not manifests(project):
        return None
    good = signatures(project).good
    now = record_digests(project, page, profile) if good else {}
    found = [(signer, said) for _, signer, said in good if all(said.sha256(name) == now[name] for name in now)]
    for signer, said in sorted(found, key=lambda each: not _reran(each[1], profile)):
        return Signed(signer, _reran(said, profile))
    return None


def _reran(said: Statement, profile: str) -> bool:
    return any(each.rerun for each in said.predicate.profiles if each.name == profile)


def signatures(project: Project) -> Signatures:
    """Every manifest, verified; done once for each state of the files."""
    files = [project.outputs / name for each in manifests(project) for name in (each, each + SIGNATURE)]
    state = [_state(file) for file in (*files, project.root / project.signers)]
    known: dict[str, Any] = project.derived.setdefault("signatures", {})
    if known.get("state") != state:
        known.update(state=state, found=_signatures(project))
    found: Signatures = known["found"]
    return found


def _state(file: Path) -> tuple[str, int, int]:
    try:
        status = os.lstat(file)
    except OSError:
        return str(file), 0, 0
    return str(file), status.st_mtime_ns, status.st_size


def _signatures(project: Project) -> Signatures:
    good, faults = [], []
    for name in manifests(project):
        try:
            good.append((name, *_verified(project, name)))
        except GalleyError as error:
            place = error.place or Place(project.relative(project.outputs) / name)
            faults.append(Fault(error.what, place, error.mend or _sign(project, name)))
    return Signatures(tuple(good), tuple(faults))


def _sign(project: Project, name: str) -> str:
    """The command that signs a manifest of this name."""
    profile = next((each.name for each in project.profiles if name_of(each) == name), "")
    return SIGN + (f" --profile {profile}" if profile else "")


def _verified(project: Project, name: str) -> tuple[str, Statement]:
    """Who signed a manifest, and the manifest; raises GalleyError where it is none, or its signature does not count."""
    relative = project.relative(project.outputs)
    said, data = read(project, name)
    place = Place(relative / (name + SIGNATURE))
    if not os.path.lexists(project.outputs / (name + SIGNATURE)):
        raise GalleyError("nobody signed this manifest: there is no signature", place, _sign(project, name))
    seal = plain_bytes(project.outputs, name + SIGNATURE, relative)
    if not project.signers or not (project.root / project.signers).is_file():
        what = f"there is no file {project.signers}" if project.signers else "no setting names who may sign"
        mend = (
            'set signers = "allowed_signers" under [tool.galley], and list there: NAME namespaces="galley" PUBLIC-KEY'
        )
        raise GalleyError(what, project.place("signers"), mend)
    verified = verify(data, seal, project.root / project.signers)
    if not verified.signer:
        mend = f"{_sign(project, name)}, with a key that {project.signers} lists"
        raise GalleyError(f"the signature does not count: {verified.why}", place, mend)
    return verified.signer, said


def unsigned(project: Project) -> Iterator[Fault]:
    """Everything that keeps the records from being signed for, each by somebody whom the guide lists."""
    relative = project.relative(project.outputs)
    found = signatures(project)
    yield from found.faults
    if not manifests(project):
        yield Fault("there is no manifest of the records", Place(relative / name_of(None)))
    store = store_of(project)
    there = [each for each in store.folders() if (project.outputs / each.folder / RECORD).exists()]
    names = {name: each for each in there for name in record_files(project, *each)}
    for name, signer, said in found.good:
        mend = _sign(project, name)
        for subject in said.subject:
            if subject.name not in names:
                yield Fault(
                    f"{relative / name} names it, signed by {signer}, and it is gone", Place(Path(subject.name)), mend
                )
            elif record_digests(project, *names[subject.name])[subject.name] != said.sha256(subject.name):
                what = f"is another than {relative / name} names, signed by {signer}"
                yield Fault(what, Place(Path(subject.name)), mend)
        if said.predicate.lock != lock_of(project):
            what = f"{project.lock or 'the lock'} is another than when {signer} signed {relative / name}"
            yield Fault(what, Place(Path(project.lock or name)), mend, fatal=False)
    for page, profile in there:
        record = Path(record_name(project, page, profile))
        try:
            store.read(page, profile)  # the manifest has the digest of the record, and the record those of its outputs
        except GalleyError as error:
            yield Fault(error.what, error.place or Place(record), error.mend or _restore(record.parent))
    for file in sorted(names):
        if found.good and not any(said.sha256(file) for _, _, said in found.good):
            yield Fault("is in no signed manifest", Place(Path(file)))


def _restore(folder: Path) -> str:
    return f"restore what was signed: git checkout -- {quote(folder.as_posix())}; or run the page again, and: {SIGN}"
