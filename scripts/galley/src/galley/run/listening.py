"""Hears of each function that Python enters, in every thread that Python starts.

In the runner, from before its imports on, and in a page's child, which the runner forks. Up to Python 3.11 the main
thread is heard by the profiler behind `cProfile`, which is written in C, and others by a profile function, which
Python calls for each call and each return. From Python 3.12 on it is `sys.monitoring`, which tells of each code object
once and is then silent about it until the listener asks anew.
"""

from __future__ import annotations

import sys
import threading
from _lsprof import Profiler  # cProfile's own module would be imported for its report alone
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

identity = object.__hash__  # `id` is an audit event, of which every hook is told; a code's own hash reads all of it
NAME = "galley"
MONITORED = sys.version_info >= (3, 12)


class Listener:
    """The code objects that began since the last `take`."""

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}

    def begin(self) -> None:
        """Begin to listen."""
        codes = self._codes

        def heard(code: CodeType) -> None:
            codes[identity(code)] = code  # the code is kept, so that no other gets its number

        self._how: _Monitoring | _Profiler | _Profile = _Monitoring(heard) if MONITORED else _Profiler(codes)

    def take(self) -> list[CodeType]:
        """The code objects that began since the last call, each once."""
        self._how.again()
        found = list(self._codes.values())
        self._codes.clear()
        return found

    @property
    def deaf(self) -> bool:
        """Whether the page's own code put another listener in the place of this one."""
        return self._how.deaf

    def in_a_fork(self, tell: Callable[[CodeType], None]) -> None:
        """In a process that the page forked: tell of each code object as it begins for the first time there."""
        known = set(self._codes)

        def heard(code: CodeType) -> None:
            if identity(code) not in known:
                known.add(identity(code))
                tell(code)

        self._how.end()
        self._how = _Monitoring(heard) if MONITORED else _Profile(heard)


class _Profiler:
    """The profiler of the main thread, and a profile function for every other; both fill a dictionary."""

    def __init__(self, into: dict[int, CodeType]) -> None:
        def call(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                code = frame.f_code
                into[identity(code)] = code

        self._into, self._call = into, call
        self._profiler = Profiler(builtins=False)
        self._listen()

    @property
    def deaf(self) -> bool:
        heard: object = sys.getprofile()
        return heard is not self._profiler

    def again(self) -> None:
        """Take in what the profiler heard, and begin with another one.

        One that is not ended does not tell of functions that are not left yet, and one that is emptied meanwhile loses
        them.
        """
        self.end()
        for entry in self._profiler.getstats():
            if isinstance(entry.code, CodeType):
                self._into[identity(entry.code)] = entry.code
        self._profiler = Profiler(builtins=False)
        self._listen()

    def end(self) -> None:
        """Listen no longer: a profiler that goes while it listens takes the next listener of its thread along."""
        self._profiler.disable()

    def _listen(self) -> None:
        threading.setprofile(self._call)
        self._profiler.enable()


class _Profile:
    """A profile function: each code object is `heard` at each of its calls."""

    def __init__(self, heard: Callable[[CodeType], None]) -> None:
        def call(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                heard(frame.f_code)

        self._function = call
        self.again()

    @property
    def deaf(self) -> bool:
        return sys.getprofile() is not self._function

    def again(self) -> None:
        threading.setprofile(self._function)
        sys.setprofile(self._function)

    def end(self) -> None:
        """Listen no longer."""
        sys.setprofile(None)


class _Monitoring:
    """The callbacks of `sys.monitoring` for code that starts, and for generators that go on."""

    def __init__(self, heard: Callable[[CodeType], None]) -> None:
        self._monitoring: Any = getattr(sys, "monitoring")  # noqa: B009  which the oldest Python here lacks
        self._tool = self._monitoring.PROFILER_ID
        silent = self._monitoring.DISABLE

        def begins(code: CodeType, _: int) -> object:
            heard(code)
            return silent

        if self._monitoring.get_tool(self._tool) is None:
            self._monitoring.use_tool_id(self._tool, NAME)
        events = self._monitoring.events.PY_START, self._monitoring.events.PY_RESUME
        for event in events:
            self._monitoring.register_callback(self._tool, event, begins)
        self._monitoring.set_events(self._tool, events[0] | events[1])
        self.again()

    @property
    def deaf(self) -> bool:
        return bool(self._monitoring.get_tool(self._tool) != NAME)

    def again(self) -> None:
        self._monitoring.restart_events()

    def end(self) -> None:
        """Nothing: the next listener takes the place of this one."""
