"""The judge's side of the sandbox: starts the clean interpreter, sends an answer, reads back its results."""

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from exercises.records import Case
from galley.system import sandbox as confined
from judge import wire

SANDBOX = Path(__file__).with_name("sandbox.py")
GRACE_SECONDS = 10.0  # after an answer's time is over, until the interpreter counts as dead


@dataclass(frozen=True)
class Limits:
    """What one answer may use for all its cases together."""

    cpu_seconds: float = 0.5
    wall_seconds: float = 10.0
    memory_bytes: int = 256 * 2**20
    output_bytes: int = 256 * 2**10


@dataclass(frozen=True)
class Run:
    """For each case the result and the first argument after the call; or the problem, why there are none."""

    results: tuple[tuple[Any, Any], ...] = ()
    problem: str = ""


class Sandbox:
    """One clean interpreter, with an empty folder, in which answers run one after another."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._folder = tempfile.TemporaryDirectory(prefix="judge-")
        Path(self._folder.name).chmod(0o500)
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, code: str, function: str, cases: tuple[Case, ...]) -> Run:
        """Return what `function` returns for each case. Nothing that the code does raises here."""
        request = {"code": code, "function": function, "cases": [wire.encode(case.args) for case in cases]}
        line = json.dumps(request).encode() + b"\n"
        for _ in range(2):  # the interpreter may have died before: then a new one runs the answer
            reply = self._ask(line)
            if reply is not None:
                return _read(reply, len(cases))
            self._stop()
        return Run(problem="the sandbox ended")

    def close(self) -> None:
        """End the interpreter and remove its folder."""
        self._stop()
        self._folder.cleanup()

    def _ask(self, request: bytes) -> dict[str, Any] | None:
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(request)
            process.stdin.flush()
            if select.select([process.stdout], [], [], self._limits.wall_seconds + GRACE_SECONDS)[0]:
                reply: dict[str, Any] = json.loads(process.stdout.readline())
                return reply
        except (OSError, ValueError):
            pass
        return None

    def _start(self) -> subprocess.Popen[bytes]:
        # As -I, but with a hash seed: an answer that lists a set must get the same verdict each time.
        command = [sys.executable, "-P", "-s", "-S", str(SANDBOX), self._folder.name, json.dumps(asdict(self._limits))]
        allowed = confined.Allowed(read=(str(SANDBOX.parent), self._folder.name), users=True)
        return subprocess.Popen(
            [*confined.command(allowed), *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={"PYTHONHASHSEED": "0"},
            start_new_session=True,
        )

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _read(reply: dict[str, Any], count: int) -> Run:
    """Return what a child reports. The answer can forge it, so nothing but plain values is taken from it."""
    if reply["stopped"]:
        return Run(problem={"time": "too slow", "output": "too much output"}[reply["stopped"]])
    if reply["status"] < 0:
        number = -reply["status"]
        slow = (signal.SIGVTALRM, signal.SIGALRM, signal.SIGXCPU)
        return Run(problem="too slow" if number in slow else f"killed by signal {number}")
    try:
        report = json.loads(reply["report"])
        for key in ("blocked", "error"):
            if key in report:
                return Run(problem=f"{key}: {report[key]}"[:200])
        results = tuple((wire.decode(result), wire.decode(first)) for result, first in report["results"])
    except (ValueError, TypeError, KeyError, RecursionError, AttributeError):
        return Run(problem="ended without results")
    return Run(results) if len(results) == count else Run(problem="ended without results")
