"""What the runner is asked to run, and what a page's child answers, as both cross a socket."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

HEADER = 8  # bytes of the payload's length, which carry the file descriptors along


@dataclass(frozen=True)
class Job:
    """One page under one profile. `source` is the snippet file's text with the profile's values in place."""

    page: str
    profile: str
    path: str
    shown: str
    source: str
    root: str
    scratch: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    hooks: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)  # what `prepare` wants the page to see
    plugins: Sequence[str] = ()  # as `galley.plugins.load` takes them
    packages: Sequence[str] = ()
    uses: Sequence[str] = ()  # files and folders that the page's cells declare
    threads: int = 1
    timeout: float = 60.0  # seconds for a cell that states none
    page_timeout: float = 600.0
    memory_mb: int = 0  # private memory; 0 sets no limit
    output_limit: int = 65536


def send_job(connection: socket.socket, job: Job, descriptors: Sequence[int]) -> None:
    """Send a job with the descriptors of its standard output, its standard error and its lifeline."""
    payload = json.dumps(asdict(job)).encode()
    socket.send_fds(connection, [len(payload).to_bytes(HEADER, "big")], list(descriptors))
    connection.sendall(payload)


def receive_header(connection: socket.socket) -> tuple[int, list[int]]:
    """The length of the job to come and the descriptors sent with it; length 0 when nothing was sent."""
    try:
        header, descriptors, _, _ = socket.recv_fds(connection, HEADER, 3)
    except ConnectionError:
        return 0, []
    return (int.from_bytes(header, "big") if len(header) == HEADER else 0), descriptors


def receive_job(connection: socket.socket, length: int) -> Job:
    """The job that follows a header."""
    with connection.makefile("rb") as stream:
        return Job(**json.loads(stream.read(length)))
