"""A small server that speaks the hub's protocol on 127.0.0.1: as much of it as a pinned download needs.

It serves model repositories held in memory, at any of their commits, and can be told to refuse or to break off.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

LARGE = (".safetensors", ".bin")  # kept outside git, and redirected to
API = re.compile(r"/api/models/(?P<id>[^/]+/[^/]+)(?:/(?P<what>tree|revision)/(?P<revision>[^/]+))?$")
RESOLVE = re.compile(r"/(?P<id>[^/]+/[^/]+)/resolve/(?P<revision>[^/]+)/(?P<file>.+)$")
STORED = re.compile(r"/stored/(?P<id>[^/]+/[^/]+)/(?P<revision>[^/]+)/(?P<file>.+)$")


@dataclass
class Repository:
    """A model on the hub: the files of each commit, oldest first, and how it treats who asks."""

    commits: dict[str, dict[str, bytes]] = field(default_factory=dict)
    licence: str = "apache-2.0"
    gated: bool = False
    private: bool = False
    forbidden: bool = False  # to every token, whatever it is
    broken: bool = False  # the hub fails at it, whoever asks
    elsewhere: str = ""  # another host, to which it redirects even small files
    members: set[str] = field(default_factory=set)  # tokens whose account accepted the licence
    break_after: int | None = None  # bytes of a large file, after which the connection is reset

    def commit(self, files: Mapping[str, bytes]) -> str:
        """Add a commit; the answer is its 40 hex digits."""
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
            headers = {"X-Linked-Etag": f'"{sha256(data)}"', "X-Linked-Size": str(len(data))}
            self._answer(
                302,
                b"",
                {**headers, "X-Repo-Commit": commit, "Location": f"{self.hub.storage}/stored/{id}/{commit}/{file}"},
            )
        else:
            self._answer(200, data, {"X-Repo-Commit": commit, "ETag": f'"{git_sha1(data)}"'})

    def _stored(self, repository: Repository, id: str, revision: str, file: str) -> None:
        data = repository.commits[revision][file]
        self._answer(200, data, {"ETag": f'"{sha256(data)}"'}, repository.break_after)

    def _json(self, value: object) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _error(self, status: int, code: str, message: str = "", commit: str = "") -> None:
        named = {"X-Error-Code": code, "X-Error-Message": message, "X-Repo-Commit": commit}
        self._answer(status, b"{}", {name: value for name, value in named.items() if value})

    def _answer(self, status: int, data: bytes, headers: Mapping[str, str], break_after: int | None = None) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "HEAD":
            return
        self.wfile.write(data[:break_after])
        if break_after is not None:
            self.wfile.flush()
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()  # a reset, as when a cable is pulled
            self.close_connection = True


def _entry(name: str, data: bytes) -> dict[str, object]:
    entry: dict[str, object] = {"type": "file", "path": name, "size": len(data), "oid": git_sha1(data)}
    if name.endswith(LARGE):
        entry["lfs"] = {"oid": sha256(data), "size": len(data), "pointerSize": 134}
    return entry


def sha256(data: bytes) -> str:
    """How the hub names a large file."""
    return hashlib.sha256(data).hexdigest()


def git_sha1(data: bytes) -> str:
    """How git names a file."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
