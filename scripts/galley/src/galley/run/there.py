"""What runs on a machine of a cluster: a warm runner for each machine, and the pages that are sent there.

In the command's part on another machine, that is in workers of Ray, whose working folder is the project as it was sent.
`Machine` is an actor: one on each machine keeps the runner warm. `run_there` is a task: it asks for what the page needs
of the machine, and follows the page on that runner, as a command on the machine itself would.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from galley import __version__
from galley.config import Project, find_project
from galley.errors import GalleyError, Place, RunnerError
from galley.run.backend import LocalBackend
from galley.run.client import Failure, PageRun
from galley.run.prepare import Answers, facts_of, prepare
from galley.run.protocol import Job

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


class Machine:
    """Keeps a runner warm on a machine, and what the hook `prepare` answered there for each profile."""

    def __init__(self) -> None:
        self._backend = LocalBackend(find_project(Path.cwd()))
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

    async def shared(self) -> Path:
        """The socket of the machine's runner."""
        if self.actor is None:
            return await super().shared()
        found = await self.actor.socket.remote()
        if isinstance(found, GalleyError):
            raise found
        return Path(found)

    async def drop(self, used: Path) -> None:
        """Have the machine start another runner."""
        if self.actor is None:
            await super().drop(used)
        else:
            await self.actor.drop.remote(str(used))


def run_there(sent: Sent) -> Came:
    """Run a page on this machine, under the settings of the project as it was sent."""
    import ray

    node = ray.get_runtime_context().get_node_id()
    here = (__version__, tuple(sys.version_info[:2]))
    if here != (sent.galley, tuple(sent.python)):
        versions = [
            f"galley {galley} on Python {'.'.join(map(str, python))}"
            for galley, python in (here, (sent.galley, sent.python))
        ]
        what = f"a machine of the cluster has {versions[0]}, and this one {versions[1]}"
        return Came(node, error=RunnerError(what, mend="install the same versions on every machine"))
    try:
        return Came(node, asyncio.run(_run(sent, node)))
    except GalleyError as error:
        return Came(node, error=error)


async def _run(sent: Sent, node: str) -> PageRun:
    import ray

    project = find_project(Path.cwd())
    try:
        actor = ray.get_actor(f"{sent.actors}-{node}", namespace=sent.actors)
    except ValueError:  # the machine joined later, and its actor is not there yet
        actor = None
    job, visible = moved(sent.job, project), os.environ.get(VISIBLE)
    if "prepare" in project.hooks:
        answered = await actor.prepared.remote(job.profile) if actor else await _prepared(project, job.profile)
        if isinstance(answered, GalleyError):
            failure = Failure(
                job.page,
                job.profile,
                "",
                answered.place or Place(Path(job.relative)),
                f"{answered.what}\n{answered.mend}",
            )
            return PageRun(job.page, job.profile, failure=failure)
        reads = (*project.reads, *filter(os.path.isabs, answered.values()))
        job = msgspec.structs.replace(job, variables=answered, answers=facts_of(project, answered), reads=reads)
    if job.gpus and visible is not None:
        job = msgspec.structs.replace(job, variables={**job.variables, VISIBLE: visible})
    async with _OnNode(project, actor) as backend:
        return await backend.run(job, lambda *_: None, alone=sent.alone)


async def _prepared(project: Project, profile: str) -> Mapping[str, str] | GalleyError:
    answers: Answers = {}
    errors = await prepare(project, [profile], answers)
    return errors[0] if errors else answers[profile]


def moved(job: Job, project: Project) -> Job:
    """The job with the paths that the project has on this machine."""

    def here(path: str) -> str:
        return str(project.root / Path(path).relative_to(job.root))

    return msgspec.structs.replace(
        job, root=str(project.root), path=here(job.path), uses=[here(each) for each in job.uses]
    )
