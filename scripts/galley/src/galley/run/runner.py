"""Starts a runner process and runs pages on it, each on a connection of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import PIPE, Process
from base64 import b64decode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from galley.config import Project
from galley.errors import Place, RunnerError
from galley.plugins import plugins_of
from galley.record.model import Dependency
from galley.run.capture import Capture
from galley.run.job import Job, send_job
from galley.run.result import CellRun, Failure, PageRun, RawOutput

EVENT_LIMIT = 1 << 26  # bytes of one event; images travel inside
ONE_THREAD = {f"{library}_NUM_THREADS": "1" for library in ("OMP", "MKL", "OPENBLAS", "NUMEXPR")}
KEPT = ("PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "SSL_CERT_FILE", "TMPDIR", "CUDA_VISIBLE_DEVICES")

Tell = Callable[[Job, str], None]  # a page, and the cell it begins


@dataclass(frozen=True)
class Runner:
    """A runner process that serves: its socket, and the project's files that it loaded."""

    socket: Path
    loaded: list[str]
    process: Process


@asynccontextmanager
async def runner(project: Project, folder: Path) -> AsyncIterator[Runner]:
    """A runner process that listens in `folder`; raises RunnerError when it cannot start."""
    path, log = folder / "runner.sock", folder / "runner.log"
    path.unlink(missing_ok=True)
    hooks = [hook for name, hook in project.hooks.items() if name != "prepare"]  # that one runs elsewhere
    modules = [*project.imports, *{hook.partition(":")[0] for hook in hooks}]
    with log.open("wb") as said:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "galley.run.server",
            str(path), str(project.snippets), ",".join(project.packages), ",".join(plugins_of(project).names), *modules,
            stdin=PIPE, stdout=PIPE, stderr=said, start_new_session=True, env=clean_environment(project, folder),
        )  # fmt: skip
    try:
        yield Runner(path, await _ready(process, log, project.how_to_install), process)
    finally:
        await _stop(process)


def clean_environment(project: Project, home: Path) -> dict[str, str]:
    """The variables a page sees: the same on every machine, and no token among them."""
    kept = {name: value for name, value in os.environ.items() if name in KEPT}
    fixed = {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(project.root / ".cache"),  # fonts and the like are worked out once a checkout
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "COLUMNS": "80",
        "MPLBACKEND": "agg",
        "PYTHONIOENCODING": "utf-8:backslashreplace",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return {**kept, **ONE_THREAD, **fixed, **project.environment}


async def _ready(process: Process, log: Path, mend: str) -> list[str]:
    assert process.stdout is not None
    if line := await process.stdout.readline():
        loaded: list[str] = json.loads(line)
        return loaded
    await process.wait()
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
    raise RunnerError("\n    ".join(["the runner process did not start:", *lines[-4:]]), mend=mend)


async def _stop(process: Process) -> None:
    assert process.stdin is not None
    process.stdin.close()
    with suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), 5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


async def run_page(path: Path, job: Job, tell: Tell) -> PageRun:
    """Run one page on the runner that listens on `path`; a page that fails is an answer, not an error."""
    started = time.perf_counter()
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            raise RunnerError(f"the runner went away: {error}") from error
        page = _Page(job, tell)
        try:
            return await page.follow(connection, started)
        except ConnectionError as error:
            raise RunnerError(f"the runner went away: {error}") from error
        finally:
            page.close()


class _Page:
    """One page as it runs: its captures, its lifeline, what is known so far."""

    def __init__(self, job: Job, tell: Tell) -> None:
        self.job, self.tell = job, tell
        self.captures = {kind: Capture(job.output_limit) for kind in ("stdout", "stderr")}
        self.lifeline, self.held = os.pipe()
        self.cells: list[CellRun] = []
        self.cell, self.line, self.allowed = "", 0, job.timeout
        self.failed: tuple[str, str] | None = None  # what happened, and a traceback
        self.finished: dict[str, Any] = {}
        self.lost = False

    async def follow(self, connection: socket.socket, started: float) -> PageRun:
        """Send the job and take in its events until its process is gone."""
        descriptors = [capture.writing for capture in self.captures.values()]
        send_job(connection, self.job, [*descriptors, self.lifeline])
        os.close(self.lifeline)
        for capture in self.captures.values():
            capture.sent()
        reader, writer = await asyncio.open_unix_connection(sock=connection.dup(), limit=EVENT_LIMIT)
        try:
            await self._take_events(reader, writer)
        finally:
            self._cut()
            writer.close()
        if self.failed:
            return PageRun(self.job.page, self.job.profile, failure=self._failure(*self.failed), lost=self.lost)
        return PageRun(
            self.job.page,
            self.job.profile,
            tuple(self.cells),
            self.finished["environment"],
            tuple(Dependency(**each) for each in self.finished["dependencies"]),
            time.perf_counter() - started,
        )

    async def _take_events(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        begun = started = time.monotonic()
        while True:
            ends = [(begun + self.allowed, f"took longer than {self.allowed:g} s and was stopped")]
            ends += [(started + self.job.page_timeout, f"the page took longer than {self.job.page_timeout:g} s")]
            end, what = min(ends)
            try:
                line = await asyncio.wait_for(reader.readline(), None if self.failed else end - time.monotonic())
            except TimeoutError:
                self.failed = what, ""
                self._cut()  # the runner kills the page and says where it was
                continue
            except ConnectionError:
                line = b""  # the page died while it was told to go on
            except ValueError:
                self.failed = f"shows an image of more than {EVENT_LIMIT * 3 // 4 >> 20} MB", ""
                return
            if not line:
                if not self.failed and not self.finished:
                    self.failed, self.lost = ("the runner went away while the page ran", ""), True
                return
            if line.strip():
                try:
                    event = json.loads(line)
                except ValueError:
                    continue  # half an event: its page was killed while it spoke, and the exit follows
                self._take(event, writer)
                if event["event"] == "exit":
                    return  # not at the connection's end: what the page left behind may hold it open
                begun = time.monotonic()

    def _take(self, event: dict[str, Any], writer: asyncio.StreamWriter) -> None:
        match event["event"]:
            case "ready":
                for capture in self.captures.values():
                    capture.take()  # what the project's own setup says is no cell's output
                writer.write(b".")
            case "cell":
                self.cell, self.line = event["cell"], event["line"]
                self.allowed = event["timeout"] or self.job.timeout
                self.tell(self.job, self.cell)
            case "done":
                ran = event["cell"], event["seconds"], event["peak_mb"]
                self.cells.append(CellRun(*ran, self._outputs(event), event["provenance"]))
                self.allowed = self.job.timeout
                writer.write(b".")  # the page may go on
            case "failed":
                self.line = event["line"] or self.line
                self.failed = event["what"], event["detail"]
            case "finished":
                self.finished = event
            case "exit":
                self._ended(event["code"], event["line"])

    def _outputs(self, event: dict[str, Any]) -> tuple[RawOutput, ...]:
        taken = [(kind, *capture.take()) for kind, capture in self.captures.items()]
        written = [RawOutput(kind, "txt", data, cut) for kind, data, cut in taken if data or cut]
        shown = [
            RawOutput(each["kind"], each["suffix"], b64decode(each["data"]), each["cut"]) for each in event["shown"]
        ]
        return (*written, *shown)

    def _ended(self, code: int, line: int) -> None:
        if self.failed and self.failed[1]:
            return  # its traceback knows the line better
        self.line = line or self.line
        if not self.failed and not self.finished:
            how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"exited with status {code}"
            self.failed = f"the page's process {how}", ""

    def _failure(self, what: str, trace: str) -> Failure:
        """The failure with what the cell had written by then."""
        said = b"".join(capture.take()[0] for capture in self.captures.values()).decode("utf-8", "replace")
        detail = "\n".join(each for each in (said[-2000:].strip(), trace) if each)
        place = Place(Path(self.job.shown), self.line)
        return Failure(self.job.page, self.job.profile, self.cell, place, what, detail)

    def _cut(self) -> None:
        if self.held >= 0:
            os.close(self.held)
            self.held = -1

    def close(self) -> None:
        """Let go of every descriptor; the runner kills what still runs."""
        self._cut()
        for capture in self.captures.values():
            capture.close()
