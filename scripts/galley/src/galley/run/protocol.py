"""The messages between the command, the runner and a page's child, as types that all three import.

In every process. The command sends a `Job` to the runner, with three file descriptors: the page's standard output, its
standard error and its lifeline. The answer is a line of JSON for each event. The page's child writes the events; the
last one, `Exited`, is the runner's. The code of a page could write to the same socket. So each event is checked when it
is read, and a line that is no event is that page's failure.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from galley.record.footprint import Footprint
from galley.record.model import Cost, Dependency, Environment, Shown

HEADER = 8  # bytes of a job's length, which carry the file descriptors along
DESCRIPTORS = 3
EVENT_LIMIT = 1 << 26  # bytes of one event; images travel inside
SLOWER = 5  # how many times as long a page may take that is watched for its footprint
SHOWS = 200  # outputs that a cell may show by itself
GO_ON = b"."  # sent by the command once it has read all that a page has written so far

Name = Annotated[str, msgspec.Meta(max_length=255)]
Line = Annotated[int, msgspec.Meta(ge=0, lt=1 << 31)]
Limit = Annotated[float, msgspec.Meta(gt=0, le=86400)]  # seconds


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One page under one profile.

    `cells` are the names of its cells, in the order in which they run: what the page says must be about these. Where
    they are a `part` of the page, its first ones, the page stops there and does not end as a program ends.
    `source` is the snippet file's text with the profile's values in place, `path` where the file stands, `relative` its
    path in messages, and `snippets` the folder of all snippet files. `scratch` is the folder that the page runs in,
    with a link for each of `links`. `uses` are the files and folders that the page's cells declare or name. `answers`
    are facts about `variables`, as the record has them. Times are in seconds, and are still to be multiplied by
    `patience`; `memory_mb` is the limit of private memory in MB (10^6 bytes), 0 for none; `output_limit` is in bytes.
    `sandbox` is the setting of that name, `network` says that a cell asks for the network; `reads` and `devices` are
    patterns of paths that the page may use beside its project. With `keep_going`, the page goes on past a cell that
    fails. For a backend that shares out several machines, `gpus` is how many the page needs, and `peak_mb` the memory
    of its last run in MB, 0 where that is not known.
    """

    page: str
    profile: str
    path: str
    relative: str
    source: str
    cells: Sequence[str]
    root: str
    snippets: str
    part: bool = False
    scratch: str = ""
    links: Sequence[str] = ()
    parameters: Mapping[str, Any] = {}
    hooks: Mapping[str, str] = {}
    plugins: Sequence[str] = ()
    variables: Mapping[str, str] = {}
    answers: Mapping[str, str] = {}
    packages: Sequence[str] = ()
    uses: Sequence[str] = ()
    threads: int = 1
    timeout: float = 60.0
    page_timeout: float = 600.0
    patience: float = 1.0
    memory_mb: int = 0
    output_limit: int = 65536
    sandbox: str = "on"
    network: bool = False
    reads: Sequence[str] = ()
    devices: Sequence[str] = ()
    keep_going: bool = False
    gpus: int = 0
    peak_mb: float = 0.0

    def cell_limit(self, own: float | None) -> float:
        """The seconds that a cell may take, which has a limit of its own or none."""
        return (own or self.timeout) * self.patience

    @property
    def page_limit(self) -> float:
        """The seconds that the page may take."""
        return self.page_timeout * self.patience


class Start(msgspec.Struct, frozen=True):
    """The runner's command line: the socket to listen on, what to import, and what to look up before it forks.

    `folder` is that of the snippets, `outputs` that of the records. With `footprint`, it notes what is entered.
    """

    socket: str
    folder: str
    imports: tuple[str, ...] = ()
    hooks: Mapping[str, str] = {}
    packages: tuple[str, ...] = ()
    plugins: tuple[str, ...] = ()
    root: str = ""
    outputs: str = ""
    footprint: bool = False


class Ready(msgspec.Struct, frozen=True, tag_field="event", tag="ready"):
    """The page is set up, and its first cell is next. The child waits for GO_ON.

    `protections` has each protection of the sandbox, with an empty text where it holds, or else the reason why not;
    `sandbox.SIGHT` is among them.
    """

    protections: Mapping[str, str] = {}


class CellBegins(msgspec.Struct, frozen=True, tag_field="event", tag="begins"):
    """A cell begins, at the line of its marker; `timeout` is its own limit in seconds, if it states one."""

    cell: Name
    line: Line
    timeout: Limit | None = None


class CellShows(msgspec.Struct, frozen=True, tag_field="event", tag="shows"):
    """A cell shows an output by itself. The child waits for GO_ON, so that what it prints next stands behind it."""

    cell: Name
    shown: Shown


class CellEnds(msgspec.Struct, frozen=True, tag_field="event", tag="ends"):
    """A cell ended well. The child waits for GO_ON, so that the next cell's output is its own.

    `shown` are its outputs beside what it wrote to its streams, and `provenance` is the answer of the guide's hook of
    this name at the cell's end.
    """

    cell: Name
    cost: Cost
    shown: tuple[Shown, ...] = ()
    provenance: Mapping[str, Any] = {}


class CellFailed(msgspec.Struct, frozen=True, tag_field="event", tag="fails"):
    """A cell failed in a page that goes on all the same; as `Failed`. The child waits for GO_ON.

    `follows` is the name of an earlier failed cell for whose names this one fails, or may fail; empty for none.
    """

    cell: Name
    what: str
    line: Line = 0
    detail: str = ""
    follows: str = ""


class Ending(msgspec.Struct, frozen=True, tag_field="event", tag="ending"):
    """Every cell of the page ran, and now it ends as a program does; it may take `limit` seconds for that."""

    limit: Annotated[float, msgspec.Meta(ge=0, le=10**6)]


class Failed(msgspec.Struct, frozen=True, tag_field="event", tag="failed"):
    """The page failed: in which cell and line (0 for none), what happened, and a traceback.

    `wrote` are the absolute paths of the project's files that the page itself changed.
    """

    what: str
    cell: Name = ""
    line: Line = 0
    detail: str = ""
    wrote: tuple[str, ...] = ()


class Finished(msgspec.Struct, frozen=True, tag_field="event", tag="finished"):
    """Every cell of the page ended well: what the page ran on, what it used, and its footprint if one was asked for."""

    environment: Environment
    dependencies: tuple[Dependency, ...]
    footprint: Footprint | None = None


class Exited(msgspec.Struct, frozen=True, tag_field="event", tag="exited"):
    """From the runner: the page's process has ended.

    `code` is its exit status, or the negative number of the signal that killed it; `line` is the line of the statement
    that began last, 0 before the first.
    """

    code: int
    line: Line


class Started(msgspec.Struct, frozen=True, tag_field="event", tag="started"):
    """The runner's first message: it serves, and these files of the project are loaded in it."""

    loaded: tuple[str, ...]


class NotStarted(msgspec.Struct, frozen=True, tag_field="event", tag="not-started"):
    """The runner's first message where it cannot serve.

    `setting` is the path of the setting at fault below `[tool.galley]`, `what` says what is wrong with it, `missing` is
    the module that is not installed, if that is the cause, and `detail` is a traceback or says what to write.
    """

    setting: tuple[str, ...]
    what: str
    missing: str = ""
    detail: str = ""


class Prepare(msgspec.Struct, frozen=True):
    """What the process of a hook is asked: the hook as `module:function`, and the profile it is for.

    The hook is `prepare`, or `revisions` where there are `models`.
    """

    hook: str
    snippets: str
    root: str
    profile: str
    parameters: Mapping[str, Any] = {}
    models: tuple[str, ...] = ()


class Prepared(msgspec.Struct, frozen=True):
    """What that process answers: the variables that the profile's pages are to see, or revisions; or why it cannot.

    `mend` says what to do about the error, where the error itself does not.
    """

    variables: Mapping[str, str] = {}
    error: str = ""
    mend: str = ""


PageEvent = Ready | CellBegins | CellShows | CellEnds | CellFailed | Ending | Failed | Finished | Exited
RunnerEvent = Started | NotStarted


class EventError(ValueError):
    """A line is no event, or an event that does not come here."""


_page_events: msgspec.json.Decoder[PageEvent] = msgspec.json.Decoder(PageEvent)
_runner_events: msgspec.json.Decoder[RunnerEvent] = msgspec.json.Decoder(RunnerEvent)
_jobs = msgspec.json.Decoder(Job)


def encode(event: PageEvent | RunnerEvent | Prepare | Prepared) -> bytes:
    """A message as its line; text that no encoding can carry is written with backslashes."""
    try:
        return msgspec.json.encode(event) + b"\n"
    except (UnicodeEncodeError, ValueError):
        return msgspec.json.encode(_writable(msgspec.to_builtins(event))) + b"\n"


def written(text: str) -> str:
    """A text with backslashes in the place of what no encoding can carry."""
    return text.encode("utf-8", "backslashreplace").decode()


def _writable(value: Any) -> Any:
    """The value without lone halves of surrogate pairs, which the name of a file that is no UTF-8 may hold."""
    if isinstance(value, str):
        return written(value)
    if isinstance(value, dict):
        return {_writable(key): _writable(each) for key, each in value.items()}
    return [_writable(each) for each in value] if isinstance(value, list | tuple) else value


def page_event(line: bytes) -> PageEvent:
    """The event of a page's line; raises EventError where it is none."""
    try:
        return _page_events.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise EventError(str(error)) from error


def runner_event(line: bytes) -> RunnerEvent:
    """The event of a runner's first line; raises EventError where it is none."""
    try:
        return _runner_events.decode(line)
    except (msgspec.DecodeError, msgspec.ValidationError, RecursionError) as error:
        raise EventError(str(error)) from error


def send_job(connection: socket.socket, job: Job, descriptors: Sequence[int]) -> None:
    """Send a job with the descriptors of its standard output, its standard error and its lifeline."""
    payload = msgspec.json.encode(job)
    socket.send_fds(connection, [len(payload).to_bytes(HEADER, "big")], list(descriptors))
    connection.sendall(payload)


def receive_header(connection: socket.socket) -> tuple[int, list[int]]:
    """The length of the job to come and the descriptors sent with it; length 0 when nothing was sent."""
    try:
        header, descriptors, _, _ = socket.recv_fds(connection, HEADER, DESCRIPTORS)
    except ConnectionError:
        return 0, []
    return (int.from_bytes(header, "big") if len(header) == HEADER else 0), descriptors


def receive_job(connection: socket.socket, length: int) -> Job:
    """The job that follows a header."""
    with connection.makefile("rb") as stream:
        return _jobs.decode(stream.read(length))
