"""Runs one page on a runner, over a connection of its own, and takes in the page's events and its output.

In the command. Whatever a page does, says or leaves out, the result is a `PageRun`: every wait has an end, and an event
that cannot be read is the page's failure.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from galley.errors import Place, RunnerError
from galley.record.footprint import Footprint
from galley.record.model import Dependency, Environment, Form, Name, Shown
from galley.record.normalise import Where
from galley.run.capture import CHUNK, Capture
from galley.run.failure import Failure
from galley.run.order import Order
from galley.run.protocol import (
    EVENT_LIMIT,
    GO_ON,
    CellBegins,
    CellEnds,
    CellFailed,
    CellShows,
    Ending,
    EventError,
    Exited,
    Failed,
    Finished,
    Job,
    PageEvent,
    Ready,
    page_event,
    send_job,
)

GRACE = 10.0  # seconds for the runner to kill a page and say so
SAYS_WHY = 1.0  # seconds for a page that does not end to say what keeps it
TOLD = 2000  # how many characters of a failed cell's output its failure shows
LAST = 1 << 12  # bytes of what a page said that are kept once it failed: the runner's word is among them
STREAMS = ("stdout", "stderr")

Tell = Callable[[Job, str], None]  # is told a job and what it does: the name of the cell that begins, or a wait


@dataclass(frozen=True)
class PageRun:
    """What came of one page under one profile: either `failure` is set, or all the rest is complete.

    `seconds` is wall time, `where` the paths of this run. `lost` says that the runner went away while the page ran, so
    that the page may run well on another runner. `also` are the failures after the first, of a page that went on past
    it; if such a page came to its end, `cells` are those that ended well. `protections` says what holds of the sandbox,
    and why the rest does not; it is empty where the page failed before its first cell.
    """

    page: str
    profile: str
    cells: tuple[CellEnds, ...] = ()
    environment: Environment = field(default_factory=Environment)
    dependencies: tuple[Dependency, ...] = ()
    seconds: float = 0.0
    where: Where | None = None
    failure: Failure | None = None
    also: tuple[Failure, ...] = ()
    lost: bool = False
    protections: Mapping[str, str] = field(default_factory=dict)
    footprint: Footprint | None = None

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.page, self.profile)


async def run_page(path: Path, job: Job, where: Where, tell: Tell) -> PageRun:
    """Run one page on the runner that listens on the socket `path`; a page's failure is a result, not an exception.

    Raises RunnerError where no runner listens.
    """
    with socket.socket(socket.AF_UNIX) as connection:
        try:
            connection.connect(str(path))
        except OSError as error:
            raise RunnerError(f"the runner went away: {error}") from error
        page = _Follower(job, where, tell)
        try:
            return await page.follow(connection)
        except ConnectionError as error:
            raise RunnerError(f"the runner went away: {error}") from error
        finally:
            page.close()


class _Follower:
    """Follows one page as it runs: its events, its captured output, its time.

    The lifeline is a pipe: the runner has its reading end, and this process alone has the writing end, `held`. When
    `held` is closed, by `_cut` or by the end of this process, the runner kills the page with its process group.
    """

    def __init__(self, job: Job, where: Where, tell: Tell) -> None:
        self.job, self.where, self.tell = job, where, tell
        self.captures = {kind: Capture(job.output_limit) for kind in STREAMS}
        self.lifeline, self.held = os.pipe()
        self.cells: list[CellEnds] = []
        self.placed: list[Shown] = []  # what the cell has printed and shown up to its last output of its own
        self.order = Order(job.cells, keep_going=job.keep_going, part=job.part)
        self.broken: list[Failure] = []  # of cells, in a page that goes on
        self.cell, self.line = "", 0
        self.started = self.begun = time.monotonic()
        self.allowed = job.cell_limit(None)
        self.failed: tuple[str, str] | None = None  # what happened, and a traceback
        self.wrote: tuple[str, ...] = ()
        self.garbled = ""  # what was wrong with a line that was no event
        self.blank = False  # whether an empty line came
        self.finished: Finished | None = None
        self.lost = False
        self.protections: Mapping[str, str] = {}

    async def follow(self, connection: socket.socket) -> PageRun:
        """Send the job and take in its events until its process is gone."""
        descriptors = [capture.writing for capture in self.captures.values()]
        send_job(connection, self.job, [*descriptors, self.lifeline])
        os.close(self.lifeline)
        for capture in self.captures.values():
            capture.sent()
        reader, writer = await asyncio.open_unix_connection(sock=connection.dup(), limit=EVENT_LIMIT)
        try:
            while await self._took_one(reader, writer):
                pass
        finally:
            self._cut()
            writer.close()
        seconds = time.monotonic() - self.started
        if self.failed or self.finished is None:
            failed = self._failure(*(self.failed or ("the page ended before its time", "")))
            first, *also = *self.broken, failed
            run = PageRun(self.job.page, self.job.profile, failure=first, also=tuple(also), lost=self.lost)
            return replace(run, protections=self.protections)
        end = self.finished
        run = PageRun(self.job.page, self.job.profile, tuple(self.cells), end.environment, end.dependencies, seconds)
        run = replace(run, where=self.where, protections=self.protections, footprint=end.footprint)
        return replace(run, failure=self.broken[0], also=tuple(self.broken[1:])) if self.broken else run

    async def _took_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Take in the next line; return whether more lines are to come."""
        if self.failed:
            return await self._passed_over(reader)
        try:
            async with asyncio.timeout(self._left()):
                line = await reader.readline()
        except TimeoutError:
            self._out_of_time()
            return True
        except ConnectionError:
            line = b""  # the page died while galley wrote to it
        except ValueError:
            self._fail(f"one event of the page has more than {EVENT_LIMIT >> 20} MiB")
            return True
        if not line:  # after its last cell too: nobody knows whether the page ended well
            self.failed, self.lost = ("the runner went away while the page ran", ""), True
            return False
        if line == b"\n" and not self.blank:  # the runner's, which ends what a page began to say when it died
            self.blank = True
            return True
        try:
            event = page_event(line)
            self.order.take(event)
        except EventError as error:
            self._not_an_event(str(error))
        else:
            self._take(event, writer)
            return not isinstance(event, Exited)  # a process that the page left behind may hold the connection open
        return True

    async def _passed_over(self, reader: asyncio.StreamReader) -> bool:
        """Once the page failed: take no notice of what it said, but for the runner's word on how it ended; False."""
        kept = b""
        try:
            async with asyncio.timeout(GRACE):
                while data := await reader.read(CHUNK):
                    kept = (kept + data)[-LAST:]
                    with suppress(EventError):
                        event = page_event(kept.removesuffix(b"\n").rpartition(b"\n")[2])
                        if isinstance(event, Exited):
                            self._ended(event)
                            break
        except TimeoutError:  # the runner was to kill the page, and does not say that it did
            self.lost = True
        except ConnectionError:
            pass  # the page died while it was told to go on
        return False

    def _left(self) -> float:
        """The seconds until the next line must have come."""
        ends = (self.begun + self.allowed, self.started + self.job.page_limit)
        return max(0.0, min(ends) - time.monotonic())

    def _out_of_time(self) -> None:
        if self.garbled:
            self._fail(self.garbled)
        elif time.monotonic() - self.started >= self.job.page_limit:
            self._fail(f"the page took longer than {self.job.page_limit:g} s")
        else:
            self._fail(f"took longer than {self.allowed:g} s and was stopped")

    def _fail(self, what: str) -> None:
        """Note why the page fails and cut its lifeline: the runner kills it, and reports the line that it was on."""
        self.failed = self.failed or (what, "")
        self._cut()

    def _not_an_event(self, error: str) -> None:
        """Take in a line that is no event: half an event, or something that the page's own code wrote.

        A page that is killed while it sends an event leaves half of it, and the runner's `Exited` follows at once. So
        there is half a second for that event, which knows better what happened.
        """
        if self.garbled:
            self._fail(self.garbled)
        self.garbled = f"something in the page wrote to galley's own connection: {error}"
        self.begun, self.allowed = time.monotonic(), min(self.allowed, 0.5)

    def _take(self, event: PageEvent, writer: asyncio.StreamWriter) -> None:
        if self.garbled and not isinstance(event, Exited):
            self._fail(self.garbled)
            return
        if not isinstance(event, CellShows):
            self.begun = time.monotonic()
        match event:
            case Ready():
                for capture in self.captures.values():
                    capture.take()  # what the hook setup wrote is no cell's output
                self.protections = event.protections
                writer.write(GO_ON)
            case CellBegins():
                self.cell, self.line = event.cell, event.line
                self.allowed = self.job.cell_limit(event.timeout)
                self.tell(self.job, self.cell)
            case CellShows():
                self._place(event.shown)
                writer.write(GO_ON)
            case CellEnds():
                self.cells.append(msgspec.structs.replace(event, shown=(*self._written(), *event.shown)))
                self.allowed = self.job.cell_limit(None)
                writer.write(GO_ON)
            case CellFailed():
                self.line = event.line or self.line
                failure = self._failure(event.what, event.detail)
                self.broken.append(replace(failure, cell=event.cell, follows=event.follows))
                self.allowed = self.job.timeout
                writer.write(GO_ON)
            case Ending():
                self.allowed = event.limit + SAYS_WHY
            case Failed():
                self.line, self.failed = event.line or self.line, (event.what, event.detail)
                self.wrote = event.wrote
                self._cut()
            case Finished():
                self.finished = event
            case Exited():
                self._ended(event)

    def _place(self, shown: Shown) -> None:
        """Take in an output that stands behind what the cell has printed so far."""
        printed = self._printed("stdout")
        self.captures["stdout"].limit -= sum(len(form.data) for each in printed for form in each.forms)
        self.placed += [*printed, shown]

    def _written(self) -> list[Shown]:
        """What the cell printed and showed by itself, in order; standard error stands behind the first printed text."""
        written = [*self.placed, *self._printed("stdout")]
        first = 1 if written and written[0].kind == "stdout" else 0
        written[first:first] = self._printed("stderr")
        self.placed, self.captures["stdout"].limit = [], self.job.output_limit
        return written

    def _printed(self, kind: str) -> list[Shown]:
        data, cut = self.captures[kind].take()
        return [Shown(kind, (Form("text/plain", "txt", data, cut),))] if data or cut else []

    def _ended(self, event: Exited) -> None:
        if self.failed and self.failed[1]:
            return  # the traceback of the failure has a better line
        self.line = event.line or self.line
        if not self.failed and not self.finished:
            self.failed = self.garbled if self.garbled and not event.code else _how(event.code), ""

    def _failure(self, what: str, trace: str) -> Failure:
        """The failure with what the cell had written by then."""
        texts = [form.data for each in self._written() if each.kind in STREAMS for form in each.forms]
        said = b"".join(texts).decode("utf-8", "replace")
        detail = "\n".join(each for each in (said[-TOLD:].strip(), trace) if each)
        place = Place(Path(self.job.relative), self.line)
        return Failure(self.job.page, self.job.profile, self.cell, place, what, detail, self.wrote)

    def _cut(self) -> None:
        if self.held >= 0:
            os.close(self.held)
            self.held = -1

    def close(self) -> None:
        """Close every descriptor; at the end of the lifeline the runner kills what still runs."""
        self._cut()
        for capture in self.captures.values():
            with suppress(OSError):
                capture.close()


def _how(code: int) -> str:
    """How a page's process ended, in words."""
    if code == os.EX_SOFTWARE:  # what the child itself ends with where it cannot speak any more
        return (
            f"the page's process exited with status {code}, as it does where a cell closes files that are not its own"
        )
    if code >= 0:
        return f"the page's process exited with status {code}"
    names = {each.value: each.name for each in signal.Signals}
    return f"the page's process was killed by {names.get(-code, f'signal {-code}')}"
