"""Hears of each function that Python enters, in every thread that Python starts.

In the runner, from before its imports on, and in a page's child, which the runner forks. Up to Python 3.11 this is a
profile function, which Python calls for each call and each return. From Python 3.12 on it is `sys.monitoring`, which
tells of each code object once and is then silent about it until the listener asks anew.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

identity = object.__hash__  # `id` is an audit event, of which every hook is told; a code's own hash reads all of it
NAME = "galley"


class Listener:
    """The code objects that began since the last `take`."""

    def __init__(self) -> None:
        self._codes: dict[int, CodeType] = {}
        self._listen = _Monitoring if sys.version_info >= (3, 12) else _Profile

    def begin(self) -> None:
        """Begin to listen."""
        codes = self._codes

        def heard(code: CodeType) -> None:
            codes[identity(code)] = code  # the code is kept, so that no other gets its number

        self._how = self._listen(codes, heard)

    def take(self) -> list[CodeType]:
        """The code objects that began since the last call, each once."""
        found = list(self._codes.values())
        self._codes.clear()
        self._how.again()
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

        self._how = self._listen(None, heard)


class _Profile:
    """A profile function. Without a dictionary `into` each code object is `heard` at each of its calls."""

    def __init__(self, into: dict[int, CodeType] | None, heard: Callable[[CodeType], None]) -> None:
        def into_it(frame: FrameType, event: str, _: object) -> None:
            if event == "call":  # no call of a function more than needed: this runs millions of times
                code = frame.f_code
                codes[identity(code)] = code

        def to_another(frame: FrameType, event: str, _: object) -> None:
            if event == "call":
                heard(frame.f_code)

        codes = into if into is not None else {}
        self._function = to_another if into is None else into_it
        self.again()

    @property
    def deaf(self) -> bool:
        return sys.getprofile() is not self._function

    def again(self) -> None:
        threading.setprofile(self._function)
        sys.setprofile(self._function)


class _Monitoring:
    """The callbacks of `sys.monitoring` for code that starts, and for generators that go on."""

    def __init__(self, _: object, heard: Callable[[CodeType], None]) -> None:
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
