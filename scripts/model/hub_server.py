"""A small server that speaks the hub's protocol on 127.0.0.1: as much of it as a pinned download needs.

It serves model repositories at any of their commits, their files from memory or from the disk, and can be told to
refuse, to break off or to wait. The tests download from it, and `rehearse.py` does, at the true size.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin")  # kept outside git, and redirected to
API = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)(?:/(?P<what>tree|revision)/(?P<revision>[^/]+))?$")
RESOLVE = re.compile(r"/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)$")
RANGE = re.compile(r"bytes=(\d+)-")
CHUNK = 1 << 20
STORED = re.compile(r"/stored/(?P<id>[^/]+/[^/]+)/(?P<revision>[^/]+)/(?P<file>.+)$")

File = bytes | Path


@dataclass
class Repository:
    """A model on the hub: the files of each commit, oldest first, and how it treats who asks."""

    commits: dict[str, dict[str, File]] = field(default_factory=dict)
    licence: str = "apache-2.0"
    gated: bool = False
    private: bool = False
    forbidden: bool = False  # to every token, whatever it is
    broken: bool = False  # the hub fails at it, whoever asks
    elsewhere: str = ""  # another host, to which it redirects even small files
    members: set[str] = field(default_factory=set)  # tokens whose account accepted the licence
    break_after: int | None = None  # bytes of a large file, after which the connection is reset
    cut: dict[str, int] = field(default_factory=dict)  # large files that arrive short: the bytes that are sent
    hold_after: int | None = None  # bytes of a large file, after which the hub sends nothing more, and stays connected
    given: Callable[[str], object] = lambda file: None  # told of each large file that went out whole

    def commit(self, files: Mapping[str, File]) -> str:
        """Add a commit of files in memory or on the disk; the answer is its 40 hex digits."""
        contents = [f"{len(self.commits)}", *(f"{name} {sha256(data)}" for name, data in sorted(files.items()))]
        name = hashlib.sha1("\n".join(contents).encode()).hexdigest()
        self.commits[name] = dict(files)
        return name

    @property
    def main(self) -> str:
        """The newest commit."""
        return list(self.commits)[-1]


@dataclass
class Hub:
    """The hub: its repositories, the tokens it knows, and every request it got."""

    endpoint: str
    storage: str  # another host, as on the real hub, so that no token is sent to it
    repositories: dict[str, Repository] = field(default_factory=dict)
    tokens: set[str] = field(default_factory=set)
    requests: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, token
    sent: list[tuple[str, int]] = field(default_factory=list)  # each large file, and the byte from which it was asked

    def repository(self, name: str, **settings: object) -> Repository:
        """A new repository."""
        self.repositories[name] = Repository(**settings)  # type: ignore[arg-type]
        return self.repositories[name]


@contextmanager
def hub_server() -> Iterator[Hub]:
    """A hub that serves until the context ends."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that hangs up is no news."""

    server = Server(("127.0.0.1", 0), Handler)
    hosts = (f"http://{host}:{server.server_port}" for host in ("127.0.0.1", "localhost"))
    server.hub = Hub(*hosts)  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.hub  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    @property
    def hub(self) -> Hub:
        """The hub that answers."""
        return self.server.hub  # type: ignore[attr-defined, no-any-return]

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: tests read `requests`."""

    def do_HEAD(self) -> None:
        """Headers only."""
        self.do_GET()

    def do_GET(self) -> None:
        """Find what is asked for, unless whoever asks may not have it."""
        path = unquote(urlsplit(self.path).path)
        token = self.headers.get("authorization", "").removeprefix("Bearer ")
        self.hub.requests.append((self.command, path, token))
        for form, answer in ((API, self._api), (STORED, self._stored), (RESOLVE, self._resolve)):
            if found := form.fullmatch(path):
                repository = self.hub.repositories.get(found["id"])
                signed = form is STORED  # the address itself is the permission
                if signed or not self._refused(found["id"], repository, token, api=form is API):
                    answer(repository, **found.groupdict())  # type: ignore[operator]
                return
        self._error(404, "")

    def _refused(self, name: str, repository: Repository | None, token: str, *, api: bool) -> bool:
        """Answer with the hub's own refusal where there is cause for one."""
        if token and token not in self.hub.tokens:
            self._error(401, "", "Invalid credentials in Authorization header")
        elif repository is not None and repository.broken:
            self._error(500, "", "Internal error")
        elif repository is None or (repository.private and token not in repository.members):
            self._error(404 if token else 401, "RepoNotFound", "Repository not found")
        elif repository.forbidden:
            self._error(403, "", "This token may not read it")
        elif repository.gated and token not in repository.members and not api:
            self._error(403 if token else 401, "GatedRepo", f"Access to model {name} is restricted")
        else:
            return False
        return True

    def _api(self, repository: Repository, id: str, what: str | None, revision: str | None) -> None:
        commit = revision if revision in repository.commits else repository.main
        if revision not in (None, "main", commit):
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif what == "tree":
            self._json([_entry(name, data) for name, data in repository.commits[commit].items()])
        else:
            card = {"license": repository.licence}
            info = {"id": id, "sha": commit, "private": repository.private, "tags": [], "siblings": []}
            self._json({**info, "gated": "auto" if repository.gated else False, "cardData": card})

    def _resolve(self, repository: Repository, id: str, revision: str, file: str) -> None:
        commit = repository.main if revision == "main" else revision
        if commit not in repository.commits:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        elif (data := repository.commits[commit].get(file)) is None:
            self._error(404, "EntryNotFound", "Entry not found", commit)
        elif repository.elsewhere and self.headers["host"] not in repository.elsewhere:
            self._answer(302, b"", {"X-Repo-Commit": commit, "Location": f"{repository.elsewhere}{self.path}"})
        elif file.endswith(LARGE):
            headers = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(size_of(data))}
            self._answer(
                302,
                b"",
                {**headers, "X-Repo-Commit": commit, "Location": f"{self.hub.storage}/stored/{id}/{commit}/{file}"},
            )
        else:
            self._answer(200, data, {"X-Repo-Commit": commit, "ETag": f'"{git_sha1(data)}"'})

    def _stored(self, repository: Repository, id: str, revision: str, file: str) -> None:
        data = repository.commits[revision][file]
        whole = size_of(data)
        begins = RANGE.fullmatch(self.headers.get("range", ""))
        start, end = int(begins[1]) if begins else 0, min(whole, repository.cut.get(file, whole))
        headers = {"ETag": f'"{sha256(data)}"'}
        if begins and start >= end:
            self._answer(416, b"", headers | {"Content-Range": f"bytes */{end}"})
            return
        self.hub.sent.append((file, start))
        headers |= {"Content-Range": f"bytes {start}-{end - 1}/{end}"} if begins else {}
        self._head(206 if begins else 200, headers, end - start)
        if self.command == "HEAD":
            return
        stops = [each for each in (repository.break_after, repository.hold_after) if each is not None]
        with opened(data) as stream:
            stream.seek(start)
            left = min([end - start, *stops])
            while left and (chunk := stream.read(min(CHUNK, left))):
                self.wfile.write(chunk)
                left -= len(chunk)
        self.wfile.flush()
        if repository.break_after is not None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()  # a reset, as when a cable is pulled
            self.close_connection = True
        elif repository.hold_after is not None:
            self.rfile.read(1)  # until whoever asked is gone
            self.close_connection = True
        else:
            repository.given(file)

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, message: str = "", commit: str = "") -> None:
        named = {"X-Error-Code": code, "X-Error-Message": message, "X-Repo-Commit": commit}
        self._answer(status, b"{}", {name: value for name, value in named.items() if value})

    def _answer(self, status: int, data: File, headers: Mapping[str, str]) -> None:
        self._head(status, headers, size_of(data))
        if self.command != "HEAD":
            with opened(data) as stream:
                self.wfile.write(stream.read())

    def _head(self, status: int, headers: Mapping[str, str], length: int) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()


def _entry(name: str, data: File) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": name, "size": size_of(data)}
    if not name.endswith(LARGE):
        return {**entry, "oid": git_sha1(data)}
    pointer = git_sha1(f"oid sha256:{sha256(data)}".encode())  # what git keeps in its place
    return {**entry, "oid": pointer, "lfs": {"oid": sha256(data), "size": size_of(data), "pointerSize": 134}}


@cache
def size_of(data: File) -> int:
    """Bytes of a file."""
    return data.stat().st_size if isinstance(data, Path) else len(data)


def opened(data: File) -> BinaryIO:
    """A file to read from its beginning."""
    return data.open("rb") if isinstance(data, Path) else io.BytesIO(data)


@cache
def sha256(data: File) -> str:
    """How the hub names a large file. A file on the disk is read once, and must stay as it is."""
    with opened(data) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def git_sha1(data: File) -> str:
    """How git names a file that it keeps itself."""
    with opened(data) as stream:
        return hashlib.sha1(b"blob %d\0" % size_of(data) + stream.read()).hexdigest()
