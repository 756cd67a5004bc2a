"""In the builder: MkDocs' live server, which shows a page that was saved at once and builds the rest afterwards.

MkDocs by itself builds the whole site at each save, and answers no browser meanwhile. Here the site of the last build
is kept with all that it was made from. What an author saves mostly belongs to one page: its Markdown, its snippet file
or its record. That page is converted and written again, within the site that is there. When nothing more is saved for a
moment, the whole site is built in a folder of its own, which takes the place of the other when it is done. Between two
of its pages the build looks whether something was saved, and shows that first.

Until the whole site was built since the last save, each page that was not made again itself says so at its foot.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mkdocs.__main__ import cli
from mkdocs.commands import build as building
from mkdocs.commands import serve as serving
from mkdocs.livereload import LiveReloadServer
from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from galley.site.built import Built, Keep, address, nothing
from galley.site.preview import preview_file
from galley.site.saved import Touched, touched
from galley.system.saves import SAVED

SETTLE = 0.02  # seconds without another save; editors save in several steps
LONGEST = 0.5  # seconds after which what is still being saved is shown as it is
QUIET = 1.0  # seconds without a save until the rest of the site is built
LOOK = 0.25  # seconds between two looks for the end, as MkDocs has it
NAME = "galley-live"
FOOT = (
    '<div role="status" style="position:fixed;bottom:0;left:0;right:0;z-index:9;padding:.4em 1em;'
    'background:#fd9;color:#000;font:14px sans-serif">{}</div>'
)
LATER = "This page may be older than the last save: the site is being built."
LOCAL = "localhost"
OTHER_NAME = (
    "This preview is for this machine alone. It is at {}; to reach it by another name: --address 0.0.0.0:8000\n"
)
FAILED = "This page may be older than the last save: the site could not be built, and the terminal says why."

log = logging.getLogger("mkdocs.galley")


def main() -> None:
    """MkDocs' command line, with this module's server in the place of its own."""
    preview = Preview()
    serving.build = preview.build  # type: ignore[attr-defined]
    serving.LiveReloadServer = preview.server  # type: ignore[attr-defined, assignment]
    cli()


@dataclass
class Preview:
    """The site that is shown, and what has been saved since it was built."""

    built: Built | None = None
    number: int = 0  # of the builds
    fresh: set[str] = field(default_factory=set)  # the addresses of the pages that were made again since
    again: Touched = field(default_factory=Touched)  # what was made again while the whole site is being built
    note: str = ""  # what stands at the foot of the others
    live: Live | None = None

    def server(self, **settings: Any) -> Live:
        """The server, as MkDocs asks for it."""
        self.live = Live(self, **settings)
        return self.live

    def build(self, config: Any, *, serve_url: str | None = None, dirty: bool = False) -> None:
        """Build the whole site into a folder of its own, then show it."""
        assert self.live is not None
        live, built = self.live, Built(config)
        self.number += 1
        folder = Path(config.site_dir, str(self.number))
        config.site_dir, config.strict = str(folder), False  # what MkDocs warns of is told, and shown all the same
        config.plugins[NAME] = keep = Keep(built, live.between)
        self.again = Touched()
        try:
            building.build(config, serve_url=serve_url, dirty=dirty)
            keep.between = nothing
            self._make(built, self.again)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        old, live.root = live.root, str(folder)
        self.built = built
        if old != str(folder.parent):
            shutil.rmtree(old, ignore_errors=True)

    def show(self, found: Touched) -> None:
        """Make what was saved again, within the site that is shown."""
        assert self.built is not None
        self.again |= found
        self.fresh |= self._make(self.built, found)

    @staticmethod
    def _make(built: Built, found: Touched) -> set[str]:
        for name in found.copied:
            built.copy(name)
        return {built.make(name) for name in sorted(found.pages)}


class Live(LiveReloadServer):
    """MkDocs' server, which tells a page that was saved from the rest."""

    def __init__(self, preview: Preview, **settings: Any) -> None:
        super().__init__(**settings)
        self.preview, self.bound = preview, str(settings["host"]).strip("[]")
        self.observer = Observer()  # type: ignore[assignment]  # MkDocs' own looks at each file twice a second
        self._paths: set[Path] = set()
        self._last = 0.0  # when something was saved last
        self._rest = False  # whether the whole site is to be built
        self._at_once = False  # and no page can be shown before
        self._hurries = False  # whether it is being built for that reason
        self._asked = threading.local()

    def watch(self, path: str, func: None = None, *, recursive: bool = True) -> None:
        """Add a file or a folder to those that are watched."""
        if (whole := str(Path(path).absolute())) not in self._watched_paths:
            self._watched_paths[whole] = 1
            self._watch_refs[whole] = self.observer.schedule(_Handler(self, Path(whole)), whole, recursive=recursive)

    def saved(self, paths: Iterable[Path]) -> None:
        """Files were saved. From now on a browser that asks for a page waits until it has been made again."""
        with self._rebuild_cond:
            self._paths.update(paths)
            self._last = time.monotonic()
            with self._epoch_cond:
                self._wanted_epoch = max(_now(), self._wanted_epoch, self._visible_epoch + 1)
            self._rebuild_cond.notify_all()

    def between(self) -> None:
        """Between two pages of a build of the whole site: show what was saved first.

        The build waits as long as more may be saved: a page that runs now needs the processor more than the rest does.
        """
        while self.preview.built and not self._shutdown:
            since = time.monotonic() - self._last
            if self._paths and since >= SETTLE:
                self._show()
            elif self._paths or (since < QUIET and not self._hurries):
                with self._rebuild_cond:
                    self._rebuild_cond.wait(SETTLE)
            else:
                return

    def _build_loop(self) -> None:
        """Show what is saved until the end, and build the rest when nothing more is."""
        while self._waited():
            if self._paths:
                self._show()
            if self._at_once or (self._rest and not self._paths and time.monotonic() - self._last >= QUIET):
                self._build()

    def _waited(self) -> bool:
        """Wait until something is to be done; False at the end."""
        with self._rebuild_cond:
            while not (self._shutdown or self._paths or self._at_once):
                left = self._last + QUIET - time.monotonic()
                if self._rest and left <= 0:
                    break
                self._rebuild_cond.wait(min(LOOK, left) if self._rest else LOOK)
            began = time.monotonic()
            while self._paths and self._rebuild_cond.wait(SETTLE) and time.monotonic() - began < LONGEST:
                pass
            return not self._shutdown

    def _show(self) -> None:
        """Make again what was saved, and tell the browsers."""
        with self._rebuild_cond:
            paths, self._paths = self._paths, set()
            wanted = self._wanted_epoch
        assert self.preview.built is not None
        try:
            found = touched(paths, self.preview.built.config, self.preview.built.files)
            if found.nothing:
                wanted = self._nothing_since(wanted)
                return
            self._rest = True
            self._at_once |= found.others
            if found.others:
                self.preview.fresh.clear()
            self.preview.note = LATER
            self.preview.show(found)
        except (Exception, SystemExit) as error:  # of any kind: the next save may mend it
            log.exception("what was saved cannot be shown: %s", error)
            self.preview.note, self._rest = FAILED, True
        finally:
            self._publish(wanted)

    def _nothing_since(self, wanted: int) -> int:
        """The site that browsers have is still what was saved until `wanted`."""
        with self._epoch_cond:
            if self._wanted_epoch == wanted:
                self._wanted_epoch = self._visible_epoch
            return self._visible_epoch

    def _build(self) -> None:
        """Build the whole site, and tell the browsers; where that fails, the old one stays and says so."""
        self._hurries, self._rest, self._at_once = self._at_once, False, False
        try:
            self.builder()
        except (Exception, SystemExit) as error:
            log.exception("the site cannot be built: %s", error)
            self.preview.note = FAILED
            return
        if not self._rest:
            self.preview.note = ""
            self.preview.fresh.clear()
        self._publish(None)

    def _publish(self, wanted: int | None) -> None:
        """Answer the browsers that wait for what was saved until `wanted`, and have the others load again."""
        with self._epoch_cond:
            if wanted is None:
                settled = self._visible_epoch == self._wanted_epoch
                wanted = max(_now(), self._visible_epoch + 1)
                self._wanted_epoch = wanted if settled else max(wanted, self._wanted_epoch)
            self._visible_epoch = wanted
            self._epoch_cond.notify_all()

    def _serve_request(self, environ: Any, start_response: Any) -> Any:
        if not is_meant(environ.get("HTTP_HOST", ""), self.bound):
            start_response("403 Forbidden", [("Content-Type", "text/plain; charset=utf-8")])
            return [OTHER_NAME.format(self.url).encode()]
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        self._asked.url = address(path.removeprefix(self.mount_path))
        return super()._serve_request(environ, start_response)

    def _inject_js_into_html(self, content: bytes, epoch: int) -> bytes:
        shown = self.preview.note and self._asked.url not in self.preview.fresh
        foot = FOOT.format(self.preview.note).encode() if shown else b""
        head, body, tail = content.rpartition(b"</body>")
        page = head + foot + body + tail if body else tail + foot
        return bytes(super()._inject_js_into_html(page, epoch))  # type: ignore[no-untyped-call]

    @property
    def error_handler(self) -> Callable[[int], bytes | None]:
        """What answers for a page that is not there: the page of the site that is shown for it."""
        return self._error_page

    @error_handler.setter
    def error_handler(self, _: object) -> None:
        """MkDocs' own looks in the folder of its first site."""

    def _error_page(self, code: int) -> bytes | None:
        with suppress(OSError):
            return Path(self.root, f"{code}.html").read_bytes()
        return None


class _Handler(FileSystemEventHandler):
    """Tells the server of what is saved below a folder, but for what nobody writes by hand."""

    def __init__(self, live: Live, folder: Path) -> None:
        self.live, self.folder, self.preview = live, folder, preview_file()

    def on_any_event(self, event: FileSystemEvent) -> None:
        if event.event_type in SAVED and not event.is_directory:
            paths = [Path(str(each)) for each in (event.src_path, event.dest_path) if each]
            if saved := [path for path in paths if not self._passing(path)]:
                self.live.saved(saved)

    def _passing(self, path: Path) -> bool:
        """Whether a file is an editor's own, a record that is still being written, or the like."""
        if self.preview and path.is_relative_to(self.preview.parent):
            return path != self.preview  # other commands of galley's work there
        parts = path.relative_to(self.folder).parts if path.is_relative_to(self.folder) else (path.name,)
        return path.name.endswith("~") or any(part.startswith(".") or part == "__pycache__" for part in parts)


def is_meant(header: str, bound: str) -> bool:
    """Whether a request is for the preview that listens at the host `bound`, by the host that its header names.

    Any web page can have a name of its own lead to this machine, and would then read what the browser is shown. So a
    preview for this machine alone answers to no name of others; an address in numbers is nobody's name.
    """
    try:
        found = urlsplit(f"//{header}")
    except ValueError:
        return False
    name = found.hostname or ""
    known = name in ("", bound, LOCAL) or _address(name) is not None
    return not _is_local(bound) or (known and found.username is None)


def _is_local(host: str) -> bool:
    """Whether only programs of this machine reach a server that listens there."""
    found = _address(host)
    return host == LOCAL or (found is not None and found.is_loopback)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    with suppress(ValueError):
        return ip_address(host)
    return None


def _now() -> int:
    """The time as MkDocs tells browsers of it, in milliseconds."""
    return round(time.monotonic() * 1000)
