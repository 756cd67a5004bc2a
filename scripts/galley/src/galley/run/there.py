"""What runs on a machine of a cluster: a warm runner for each machine, and the pages that are sent there.

In the command's part on another machine, that is in workers of Ray, whose working folder is the project as it was sent.
`Machine` is an actor: one on each machine keeps the runner warm. `run_there` is a task: it asks for what the page needs
of the machine, and follows the page on that runner, as a command on the machine itself would.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from galley import __version__
from galley.config import Project, find_project
from galley.errors import GalleyError, Place, RunnerError
from galley.run.backend import LocalBackend
from galley.run.client import PageRun
from galley.run.failure import Failure
from galley.run.prepare import Answers, facts_of, prepare
from galley.run.protocol import Job

UNPACKED = 60.0  # seconds that a machine may take to unpack the project
VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Sent:
    """What a page's task is told: the job as the command made it, and by which name the machines' actors are called.

    `galley` and `python` are the versions there.
    """

    job: Job
    actors: str
    alone: bool
    galley: str = __version__
    python: tuple[int, ...] = sys.version_info[:2]


@dataclass(frozen=True)
class Came:
    """What a page's task answers: how the page ran, or why no page can run on this machine, `node`."""

    node: str
    run: PageRun | None = None
    error: GalleyError | None = None


def sent_project() -> Project:
    """The project as it was sent to this machine.

    Two machines of a cluster may be one in truth, and share the folder into which Ray unpacks the archive. Then a
    worker may start while the other one still unpacks. `pyproject.toml` comes last in the archive.
    """
    end = time.monotonic() + UNPACKED
    while True:
        try:
            return find_project(Path.cwd())
        except GalleyError:
            if time.monotonic() > end:
                raise
            time.sleep(0.1)


class Machine:
    """Keeps a runner warm on a machine, and what the hook `prepare` answered there for each profile."""

    def __init__(self) -> None:
        self._backend = LocalBackend(sent_project())
        self._answers: Answers = {}
        self._asking = asyncio.Lock()

    async def socket(self) -> str | GalleyError:
        """Where the runner listens, which is started where none runs; or why it cannot be."""
        try:
            return str(await self._backend.shared())
        except GalleyError as error:
            return error

    async def drop(self, used: str) -> None:
        """Forget a runner that went away."""
        await self._backend.drop(Path(used))

    async def prepared(self, profile: str) -> Mapping[str, str] | GalleyError:
        """What the hook `prepare` answers here, asked once for each profile; or why the profile cannot run."""
        async with self._asking:
            for error in await prepare(self._backend.project, [profile], self._answers):
                return error
        return self._answers[profile]

    async def close(self) -> None:
        """End the runner."""
        await self._backend.__aexit__(None, None, None)


class _OnNode(LocalBackend):
    """This machine, with the runner that its actor keeps warm; without an actor, with one of its own."""

    def __init__(self, project: Project, actor: Any) -> None:
        super().__init__(project)
        self.actor = actor
        self._used: Path | None = None

    async def shared(self) -> Path:
        """The socket of the machine's runner; where its actor is gone, of one that this worker keeps until it ends."""
        from ray.exceptions import RayActorError

        if self._used is None and self.actor is not None:
            try:
                found = await self.actor.socket.remote()
            except RayActorError:
                self.actor = None
            else:
                if isinstance(found, GalleyError):
                    raise found
                self._used = Path(found)
        return self._used or await super().shared()

    async def drop(self, used: Path) -> None:
        """Have the machine start another runner."""
        from ray.exceptions import RayActorError

        self._used = None
        with suppress(RayActorError):
            await (super().drop(used) if self.actor is None else self.actor.drop.remote(str(used)))


@cache
def _here(actors: str, node: str) -> _OnNode:
    """The machine, as the pages see it that one after the other run in this worker."""
    import ray

    try:
        actor = ray.get_actor(f"{actors}-{node}", namespace=actors)
    except ValueError:  # the machine joined later, and its actor is not there yet
        actor = None
    return _OnNode(sent_project(), actor)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The loop of this worker: to make one for each page takes longer than many a page."""
    return asyncio.new_event_loop()


def run_there(sent: Sent) -> Came:
    """Run a page on this machine, under the settings of the project as it was sent."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    if wrong := _other_versions(sent):
        return Came(node, error=RunnerError(wrong, mend="install the same versions on every machine"))
    try:
        return Came(node, _loop().run_until_complete(_run(sent, _here(sent.actors, node))))
    except GalleyError as error:
        return Came(node, error=error)


def _other_versions(sent: Sent) -> str:
    """What this machine has otherwise than the one where the command runs; empty where it is the same."""
    pairs = ((__version__, tuple(sys.version_info[:2])), (sent.galley, tuple(sent.python)))
    if pairs[0] == pairs[1]:
        return ""
    theirs, ours = (f"galley {galley} on Python {'.'.join(map(str, python))}" for galley, python in pairs)
    return f"a machine of the cluster has {theirs}, and this one {ours}"


async def _run(sent: Sent, backend: _OnNode) -> PageRun:
    project = backend.project
    job, visible = moved(sent.job, project), os.environ.get(VISIBLE)
    if "prepare" in project.hooks:
        actor = backend.actor
        answered = await actor.prepared.remote(job.profile) if actor else await _prepared(project, job.profile)
        if isinstance(answered, GalleyError):
            what, place = f"{answered.what}\n{answered.mend}", answered.place or Place(Path(job.relative))
            return PageRun(job.page, job.profile, failure=Failure(job.page, job.profile, "", place, what))
        reads = (*project.reads, *filter(os.path.isabs, answered.values()))
        job = msgspec.structs.replace(job, variables=answered, answers=facts_of(project, answered), reads=reads)
    if job.gpus and visible is not None:
        job = msgspec.structs.replace(job, variables={**job.variables, VISIBLE: visible})
    ran = await backend.run(job, lambda *_: None, alone=sent.alone)
    return told_at_home(ran, project.root, sent.job.root)


async def _prepared(project: Project, profile: str) -> Mapping[str, str] | GalleyError:
    answers: Answers = {}
    errors = await prepare(project, [profile], answers)
    return errors[0] if errors else answers[profile]


def told_at_home(run: PageRun, here: Path, home: str) -> PageRun:
    """The run with the paths of its failures as they are where the project came from."""

    def told(failure: Failure) -> Failure:
        wrote = tuple(path.replace(str(here), home) for path in failure.wrote)
        return replace(failure, detail=failure.detail.replace(str(here), home), wrote=wrote)

    return replace(run, failure=told(run.failure), also=tuple(map(told, run.also))) if run.failure else run


def moved(job: Job, project: Project) -> Job:
    """The job with the paths that the project has on this machine."""

    def here(path: str) -> str:
        return str(project.root / Path(path).relative_to(job.root))

    root, snippets = str(project.root), str(project.snippets)
    uses = [here(each) for each in job.uses]
    return msgspec.structs.replace(job, root=root, snippets=snippets, path=here(job.path), uses=uses)
