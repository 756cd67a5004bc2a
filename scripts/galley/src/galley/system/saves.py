"""The files that somebody saves while a command goes on. In the command, and in the builder."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

SAVED = {"modified", "created", "moved", "deleted"}  # what happens to a file when somebody saves it


class Saves:
    """The files that were saved since the last `clear`, by their absolute paths."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self._more = asyncio.Event()

    def clear(self) -> frozenset[str]:
        """Forget what was saved until now, and return it."""
        paths = frozenset(self._paths)
        self._paths.clear()
        self._more.clear()
        return paths

    def add(self, path: str) -> None:
        """A file was saved."""
        self._paths.add(path)
        self._more.set()

    async def of_others(self, own: frozenset[str]) -> None:
        """Wait until a file is saved, or was since the last `clear`, that is none of `own`."""
        while self._paths <= own:
            self._more.clear()
            await self._more.wait()


class _Saved(FileSystemEventHandler):
    def __init__(self, changed: Saves, ignored: Sequence[Path]) -> None:
        self.changed, self.ignored, self.loop = changed, ignored, asyncio.get_running_loop()

    def on_any_event(self, event: FileSystemEvent) -> None:
        path = Path(str(event.src_path))
        counts = not any(path.is_relative_to(each) for each in self.ignored) and "__pycache__" not in path.parts
        if counts and event.event_type in SAVED and not event.is_directory:
            self.loop.call_soon_threadsafe(self.changed.add, str(path))


@contextmanager
def saved(paths: Sequence[Path], ignored: Sequence[Path]) -> Iterator[Saves]:
    """The saves of the files, and of the files below the folders."""
    changed = Saves()
    observer = Observer()
    for path in paths:
        observer.schedule(_Saved(changed, ignored), str(path), recursive=path.is_dir())
    observer.start()
    try:
        yield changed
    finally:
        observer.stop()
        observer.join()
