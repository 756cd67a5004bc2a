"""What a page does with its own file: it may read it, and not run it where a profile's values are not in place.

In a page's child. A page can start Python on `__file__`, import itself by its name, or run its path. The numbers that
come out would be recorded as the profile's, and be another's. Processes that Python itself starts anew are led to the
right text (`galley.run.spawned`); what a page starts itself can only be refused.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

from galley.run import execute

STARTS = {"subprocess.Popen": 1, "os.exec": 1, "os.posix_spawn": 1, "os.system": 0}  # which argument says what is run

MEND = "call a function of the page, or start it with multiprocessing"


class OwnFileError(RuntimeError):
    """The page is about to run its own file without the profile's values."""


class OwnText(list[str]):
    """The lines of the page, as `linecache` gives them; `taken` is called where somebody takes several at once.

    `inspect.getsource` does, and then comments are part of what the page may show. A traceback takes one line: it has
    the code that the page's own cell shows.
    """

    def __init__(self, lines: Iterable[str], taken: Callable[[], object]) -> None:
        super().__init__(lines)
        self._taken = taken

    def __iter__(self) -> Iterator[str]:
        self._taken()
        return super().__iter__()

    def __getitem__(self, which: Any) -> Any:
        if isinstance(which, slice):
            self._taken()
        return super().__getitem__(which)


class OwnFile:
    """The file at `path` of a page that runs `source` under `profile`; where the two are equal, nothing is refused."""

    def __init__(self, path: Path, source: str, profile: str) -> None:
        self._path, self._own = path, str(path)
        self._said = f"runs {path.name} as it stands on the disk, without the values of the profile '{profile}'"
        self._differs, self._code = False, None
        with suppress(OSError, ValueError, SyntaxError):  # gone or broken meanwhile, and then nothing runs it
            text = path.read_text(encoding="utf-8-sig")
            self._differs = text.splitlines() != source.splitlines()
            self._code = compile(text, self._own, "exec", dont_inherit=True) if self._differs else None

    def watch(self) -> None:
        """From now on let OwnFileError be raised by whatever starts the file, imports it, or executes its code."""
        if self._differs:
            sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "exec":
            code = arguments[0]
            is_own = getattr(code, "co_filename", "") == self._own or code == self._code  # as another name's text
            if is_own and sys._getframe(1).f_code.co_filename != execute.__file__:
                raise OwnFileError(f"this {self._said}; {MEND}")
        elif event in STARTS and self._starts(tuple(_words(arguments[STARTS[event]]))):
            raise OwnFileError(f"this {self._said}; {MEND}")

    def _starts(self, words: tuple[str, ...]) -> bool:
        """Whether a command names the file, or its module."""
        as_module = any(pair == ("-m", self._path.stem) for pair in pairwise(words))
        return as_module or any(_is_file(word, self._path) for word in words)


def _words(command: object) -> Iterable[str]:
    """The words of a command, which is a text for the shell or a list."""
    words = [command] if isinstance(command, str | bytes | os.PathLike) else command
    for word in words if isinstance(words, Iterable) else ():
        if isinstance(word, str | bytes | os.PathLike):
            yield from (os.fsdecode(word), *os.fsdecode(word).replace('"', " ").replace("'", " ").split())


def _is_file(word: str, path: Path) -> bool:
    """Whether a word of a command names the file."""
    return word.endswith(path.name) and os.path.realpath(word) == os.path.realpath(path)
