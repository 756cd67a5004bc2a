"""Tells the loop that something was saved."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

SAVED = {"modified", "created", "moved", "deleted"}


class _Saved(FileSystemEventHandler):
    def __init__(self, changed: asyncio.Event, ignored: Sequence[Path]) -> None:
        self.changed, self.ignored, self.loop = changed, ignored, asyncio.get_running_loop()

    def on_any_event(self, event: FileSystemEvent) -> None:
        path = Path(str(event.src_path))
        ours = not any(path.is_relative_to(each) for each in self.ignored) and "__pycache__" not in path.parts
        if ours and event.event_type in SAVED and not event.is_directory:
            self.loop.call_soon_threadsafe(self.changed.set)


@contextmanager
def saved(paths: Sequence[Path], ignored: Sequence[Path]) -> Iterator[asyncio.Event]:
    """An event that is set whenever one of the files, or a file below one of the folders, is saved.

    Whoever waits for it clears it.
    """
    changed = asyncio.Event()
    observer = Observer()
    for path in paths:
        observer.schedule(_Saved(changed, ignored), str(path), recursive=path.is_dir())
    observer.start()
    try:
        yield changed
    finally:
        observer.stop()
        observer.join()
