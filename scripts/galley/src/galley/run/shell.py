"""Runs the commands of a shell cell, and collects what each of them writes, in the order in which it was written.

In a page's child. One `sh` runs all commands of the cell, so that what one command changes, such as the folder or a
variable, holds for the next. Behind each command the shell writes its status and waits for a word of this process: what
is read until then was written by that command. Both go through descriptors of their own, which no command has.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import Any

from galley import system
from galley.errors import GalleyError
from galley.record.model import Form, Shown
from galley.source.shell import SHELL, Command

PROGRAM = "/bin/sh"
WORD, TOLD = 8, 9  # the shell's ends: it reads when to go on, and writes the status of a command
# A command is run by `eval`, so that one with a mistake in its syntax ends nothing but itself. None of these words is a
# function or an alias that a command made.
EACH = (
    "\\command eval {command} {word}<&- {told}>&-\n"
    "{{ \\command echo $? >&{told}; \\command read -r _ <&{word} || exit; }} 2>/dev/null\n"
)
NOT_FOUND = 127
CHUNK = 1 << 16
SHORT = 80  # characters of what a failure quotes


class CommandError(GalleyError):
    """A command ended with another status than it must."""


class Background:
    """The programs that a page's commands left running: what these write once their cell has ended is in no output."""

    def __init__(self) -> None:
        self._left: list[tuple[Command, int]] = []  # the last command of a cell, and where its programs write to

    def keep(self, command: Command, out: int) -> None:
        """Keep this process's end of a cell's output, where a program may still write to the other end."""
        try:
            said = os.read(out, CHUNK)
        except BlockingIOError:
            self._left.append((command, out))
            return
        os.close(out)
        if said:
            raise _late(command, said)

    def refuse(self, begins: Callable[[int], None]) -> None:
        """Raises CommandError where one of these programs has written; `begins` is told the line of its command."""
        left, self._left = self._left, []
        for command, out in left:
            begins(command.line)
            self.keep(command, out)


def _late(command: Command, said: bytes) -> CommandError:
    text = said.decode(errors="replace").strip().partition("\n")[0][:SHORT]
    what = f"a program that the cell of `{command.text.splitlines()[0]}` left running wrote when the cell had ended"
    return CommandError(
        f"{what}: {text!r}", None, "let the cell wait for it, or have it write to a file: … > log 2>&1 &"
    )


def run_commands(
    commands: Sequence[Command], last: int, limit: int, begins: Callable[[int], None], background: Background
) -> list[Shown]:
    """Run commands, and return an output for each of them.

    `last` is the status with which the last command must end; all others must end with 0. `limit` is the most bytes
    that are kept of an output. `begins` is told the line of each command. What goes on is left to `background`. Raises
    CommandError.
    """
    shell, shown = _Shell(commands, limit), list[Shown]()
    try:
        for number, command in enumerate(commands, start=1):
            begins(command.line)
            status, over = shell.ended()
            if number == len(commands) and not over:
                shell.close()
            form = shell.taken()
            wanted = last if number == len(commands) else 0
            if status != wanted or (over and number < len(commands)):
                os.write(2, form.data)  # so that the failure shows it
                raise CommandError(*_why(command, status, wanted, is_last=number == len(commands)))
            shown.append(Shown(SHELL, (form,)))
            if number < len(commands):
                shell.go_on()
            else:
                background.keep(command, shell.left())
    finally:
        shell.end()
    return shown


def _why(command: Command, status: int, wanted: int, *, is_last: bool) -> tuple[str, None, str]:
    """What is wrong with a command's end, and what to do."""
    first = command.text.split("\n")[0]
    name = next((word for word in first.split() if "=" not in word), "")
    if status == NOT_FOUND and name.replace("-", "").replace("_", "").isalnum() and not shutil.which(name):
        return (
            f"there is no program '{name}', which the command `{first}` names",
            None,
            f"install {name} on this machine",
        )
    if status == wanted:
        return (
            f"the command `{first}` ended the shell, and other commands follow",
            None,
            "put them into a cell of their own",
        )
    how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
    mend = (
        f'say exit="{status}" on the cell\'s line, if that is meant' if is_last and status > 0 else "mend the command"
    )
    return f"the command `{first}` {how}, and must end with {wanted}", None, mend


class _Shell:
    """The process of one cell's shell, and this process's ends of its pipes."""

    def __init__(self, commands: Sequence[Command], limit: int) -> None:
        self.limit, self.kept, self.cut, self.line, self.writes = limit, bytearray(), 0, b"", True
        pipes = [os.pipe() for _ in range(3)]
        (self.out, out), (word, self.word), (self.told, told) = [tuple(map(_high, pair)) for pair in pipes]
        os.set_blocking(self.out, False)
        moves: list[tuple[Any, ...]] = [
            (os.POSIX_SPAWN_DUP2, out, 1),
            (os.POSIX_SPAWN_DUP2, out, 2),
            (os.POSIX_SPAWN_DUP2, word, WORD),
        ]
        moves += [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), (os.POSIX_SPAWN_DUP2, told, TOLD)]
        each = (EACH.format(command=quote(command.text), word=WORD, told=TOLD) for command in commands)
        try:
            words, ours = ["sh", "-c", "".join(each)], (signal.SIGPIPE, signal.SIGXFSZ)  # Python ignores these
            self.pid = os.posix_spawn(PROGRAM, words, _environment(), file_actions=moves, setsigdef=ours)
        finally:
            for end in (out, word, told):
                os.close(end)

    def ended(self) -> tuple[int, bool]:
        """Wait for a command's end; its status, and whether the shell has ended with it."""
        while b"\n" not in self.line:
            ready, _, _ = select.select([*([self.out] if self.writes else []), self.told], [], [])
            if self.out in ready:
                self.writes = self._read() > 0  # nobody has its other end any more, perhaps
            elif data := os.read(self.told, CHUNK):
                self.line += data
            else:
                return self._status(), True
        status, _, self.line = self.line.partition(b"\n")
        return int(status), False

    def go_on(self) -> None:
        """Let the shell begin its next command."""
        os.write(self.word, b"\n")

    def close(self) -> None:
        """End the shell behind its last command, and take in what it writes then, as a trap may."""
        os.close(self.word)
        self.word = -1
        self.line = b""
        with suppress(ValueError):
            self.ended()

    def taken(self) -> Form:
        """What was written since the last call, as far as it waits to be read."""
        waiting = system.waiting_bytes(self.out)
        while waiting > 0 and (read := self._read()):
            waiting -= read
        form = Form("text/plain", "txt", bytes(self.kept), self.cut)
        self.kept, self.cut = bytearray(), 0
        return form

    def left(self) -> int:
        """The end of the output, which is another's to close now."""
        out, self.out = self.out, -1
        return out

    def end(self) -> None:
        """Close the pipes, at which a shell that still waits ends, and bury it."""
        for end in (self.out, self.told, self.word):
            if end >= 0:
                os.close(end)
        self.out = self.told = self.word = -1
        self._status()

    def _status(self) -> int:
        """The status of the shell itself, which is waited for once."""
        if self.pid:
            _, status = os.waitpid(self.pid, 0)
            self.pid, self._last = 0, os.waitstatus_to_exitcode(status)
        return self._last

    def _read(self) -> int:
        try:
            data = os.read(self.out, CHUNK)
        except BlockingIOError:  # where the system does not tell how much waits
            return 0
        room = self.limit - len(self.kept)
        self.kept += data[:room]
        self.cut += max(0, len(data) - room)
        return len(data)


def _high(descriptor: int) -> int:
    """The descriptor under a number above those that the shell has."""
    lower = []
    while descriptor <= TOLD:
        lower.append(descriptor)
        descriptor = os.dup(descriptor)
    for each in lower:
        os.close(each)
    return descriptor


def _environment() -> dict[str, str]:
    """The page's variables; its own Python, and what is installed beside that, come first on the path."""
    own = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": path if path.split(os.pathsep)[0] == own else f"{own}{os.pathsep}{path}"}
