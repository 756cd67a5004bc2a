"""Pages on a cluster of Ray: `galley run --on ray://HOST:10001`.

In the command. The project goes out once as the runtime environment of the job. On each machine an actor keeps a runner
warm. A page is a task that asks for processors, GPUs and memory as its profile and its record say, so that Ray places
it; it runs on the runner of the machine where it was placed. What comes back is recorded by this command and by nobody
else. So a page that a machine took down with it was never recorded: it runs again elsewhere.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from galley.config import Project
from galley.errors import GalleyError, Place, RunnerError, UsageError
from galley.run import there
from galley.run.client import PageRun, Tell
from galley.run.failure import Failure
from galley.run.parcel import pack
from galley.run.prepare import Answers
from galley.run.protocol import Job
from galley.run.room import SPARE, UNKNOWN_MB, Room
from galley.system import cores, scratch
from galley.words import counted

INSTALL = 'pip install "galley-docs[ray]", here and on every machine of the cluster'
TRIES = 3  # how often a page that was lost runs in all
LOOK = 5.0  # seconds between two looks whether a page that waits has a machine that could run it
PATIENCE = 60.0  # seconds that such a machine may be away
AHEAD = 4  # times the processors of the cluster: so many pages are out, so that no machine waits for this command
STEP = 1 << 28  # bytes: memory is asked in steps, since Ray keeps processes ready for each different request


class _Out(Room):
    """How many pages are out at once. One that runs alone has a machine for itself, not the cluster."""

    @asynccontextmanager
    async def held(self, threads: int, peak_mb: float, alone: bool) -> AsyncIterator[None]:
        """Wait until fewer pages are out."""
        async with super().held(threads, peak_mb, False):
            yield


class RayCluster:
    """Runs pages on a cluster of Ray: at an address, or without one on a cluster of this machine alone."""

    def __init__(self, project: Project, address: str) -> None:
        """`address` is one that `ray.init` takes, such as `ray://head:10001` or `10.0.0.1:6379`; empty for none.

        Raises UsageError where Ray is not installed.
        """
        try:
            import ray
        except ImportError as error:
            raise UsageError(f"Ray is not installed: {error}", mend=INSTALL) from error
        self.ray, self.project, self.address = ray, project, address
        self._name = f"galley-{os.urandom(6).hex()}"  # of the actors of this run
        self._actors: dict[str, Any] = {}  # by the id of their machine
        self._stack = AsyncExitStack()
        self._again: Counter[str] = Counter()  # how often pages were lost, by why
        self._gone: set[str] = set()
        self._known: tuple[float, list[dict[str, Any]]] | None = None

    async def __aenter__(self) -> Self:
        archive = self._stack.enter_context(scratch("galley-ray-")) / "project.zip"
        pack(self.project, archive)
        where: dict[str, Any] = {"address": self.address} if self.address else {"address": "local", "num_cpus": cores()}
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR, "configure_logging": False}
        # A failure inside a page is a result. What stops a task is that its machine is gone: galley itself tries again.
        environment = {"working_dir": str(archive), "env_vars": {"RAY_TQDM": "0"}}
        try:
            self.ray.init(**where, namespace=self._name, runtime_env=environment, **quiet)
        except Exception as error:  # whatever gRPC, a wrong address or another version of Ray raises
            await self._stack.aclose()
            mend = "see whether the cluster runs, with the same versions of Ray and Python: ray status"
            raise RunnerError(
                f"no cluster of Ray answers at {self.address or 'this machine'}: {error}", mend=mend
            ) from error
        self._stack.callback(self.ray.shutdown)
        self._task = self.ray.remote(there.run_there)
        self._see_machines()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        closing = [actor.close.remote() for actor in self._actors.values()]
        with suppress(Exception):  # of machines that are gone, or a connection that is
            self._gone |= self._actors.keys() - {each["NodeID"] for each in self._look()}
            self.ray.wait(closing, num_returns=len(closing), timeout=5) if closing else None
        await self._stack.aclose()

    @property
    def told(self) -> str:
        """How many machines there were, and what was lost with one and ran again."""
        said = f"ray: {counted(len(self._actors), 'machine')}"
        if self._gone:
            said += f", of which {len(self._gone)} went away"
        if lost := self._again.total():
            why = ", ".join(f"{count} × {each}" for each, count in self._again.most_common())
            said += f"; {counted(lost, 'page')} ran again elsewhere ({why})"
        return said

    def room(self, jobs: int) -> Room:
        """Pages go out ahead of the processors; where each runs, and beside what, Ray decides."""
        return _Out(jobs or AHEAD * max(1, int(self._total("CPU"))), free=lambda: float("inf"))

    async def prepare(self, profiles: Iterable[str], known: Answers) -> Sequence[GalleyError]:
        """Nothing is fetched here: each machine calls the hook for itself, before its first page of a profile."""
        known |= {name: {} for name in profiles}
        return []

    async def run(self, job: Job, tell: Tell, *, alone: bool) -> PageRun:
        """Run a page on a machine that has what it needs, again elsewhere where that machine was lost."""
        failed: GalleyError | None = None
        why = ""
        for _ in range(TRIES):
            asked = self._asked(job, alone)
            tell(job, "on the cluster")
            try:
                came = await self._came(job, asked, alone)
            except self.ray.exceptions.RayError as error:
                why = type(error).__name__
                self._again[why] += 1
                self._see_machines()
                continue
            if came.run is not None:
                return came.run
            failed = came.error
        if failed:
            raise failed
        failure = f"the machine that it ran on was lost, {TRIES} times: {why}"
        return PageRun(
            job.page, job.profile, failure=Failure(job.page, job.profile, "", Place(Path(job.relative)), failure)
        )

    async def _came(self, job: Job, asked: Mapping[str, Any], alone: bool) -> there.Came:
        """Send a page out and wait for what comes of it. Raises RayError where it was lost, else RunnerError."""
        try:
            reference = self._task.options(**asked).remote(there.Sent(job, self._name, alone))
            coming = asyncio.wrap_future(reference.future())
        except (ConnectionError, RuntimeError) as error:
            raise _broken(error) from error
        missing = 0.0
        try:
            while True:
                done, _ = await asyncio.wait([coming], timeout=LOOK)
                if done:
                    found: there.Came = coming.result()
                    return found
                missing = 0.0 if self._fits(asked) else missing + LOOK
                if missing >= PATIENCE:
                    raise RunnerError(
                        f"no machine of the cluster has what page {job.page} needs any more: {_words(asked)}"
                    )
        except ConnectionError as error:
            raise _broken(error) from error
        finally:
            if not coming.done():
                with suppress(Exception):
                    self.ray.cancel(reference, force=True)

    def _asked(self, job: Job, alone: bool) -> dict[str, Any]:
        """What a page asks of a machine. Raises RunnerError where no machine has so many GPUs."""
        nodes = [each["Resources"] for each in self._alive() if each["Resources"].get("GPU", 0) >= job.gpus]
        if not nodes:
            what = f"profile {job.profile} asks for {job.gpus} GPUs, and no machine of the cluster has as many"
            raise RunnerError(
                what, self.project.place("profiles", job.profile, "gpus"), "start one, or run another profile"
            )
        most = max(each.get("CPU", 0) for each in nodes)
        memory = max(each.get("memory", 0) for each in nodes)
        need = (job.peak_mb or min(UNKNOWN_MB, job.memory_mb or UNKNOWN_MB)) * SPARE * 1e6
        asked = {"num_cpus": most if alone else min(job.threads, most), "max_retries": 0}
        asked |= {"num_gpus": job.gpus} if job.gpus else {}
        return asked | {"memory": int(min(-(-need // STEP) * STEP, memory))}

    def _fits(self, asked: Mapping[str, Any]) -> bool:
        wanted = {"CPU": asked["num_cpus"], "GPU": asked.get("num_gpus", 0), "memory": asked["memory"]}
        return any(
            all(each["Resources"].get(name, 0) >= need for name, need in wanted.items()) for each in self._alive()
        )

    def _alive(self) -> list[dict[str, Any]]:
        """The machines that are there, asked again after a while: every page wants to know."""
        if self._known and time.monotonic() - self._known[0] < LOOK:
            return self._known[1]
        return self._look()

    def _look(self) -> list[dict[str, Any]]:
        """The machines that are there now."""
        try:
            found = [each for each in self.ray.nodes() if each["Alive"]]
            self._known = time.monotonic(), found
            return found
        except (ConnectionError, RuntimeError, self.ray.exceptions.RayError) as error:
            raise _broken(error) from error

    def _total(self, name: str) -> float:
        return float(sum(each["Resources"].get(name, 0) for each in self._alive()))

    def _see_machines(self) -> None:
        """Start an actor on each machine that has none, and note those that are gone."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        alive = {each["NodeID"] for each in self._look()}
        self._gone |= self._actors.keys() - alive
        for node in sorted(alive - self._actors.keys()):
            at = NodeAffinitySchedulingStrategy(node, soft=False)
            made = self.ray.remote(there.Machine).options(
                name=f"{self._name}-{node}", namespace=self._name, num_cpus=0, scheduling_strategy=at, max_restarts=-1
            )
            self._actors[node] = made.remote()
            self._actors[node].socket.remote()  # the runner starts while the first pages are still on their way


def _broken(error: Exception) -> RunnerError:
    what = f"the connection to the cluster broke: {error}"
    return RunnerError(what, mend="what had come back is recorded; the same command runs the rest")


def _words(asked: Mapping[str, Any]) -> str:
    gpus = f"{asked['num_gpus']} GPUs, " if "num_gpus" in asked else ""
    return f"{asked['num_cpus']:g} processors, {gpus}{asked['memory'] / 1e6:.0f} MB"
