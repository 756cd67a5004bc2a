"""How a page ends: as a Python program does after its last line, and within a time limit.

In a page's child. Where cells await, the page's event loop is closed first, as `asyncio.run` closes its own. Python
joins the threads that are no daemons, ends the executors, calls the exit handlers in the reverse order of their
registration, and finalises what `__main__` held. All this can print, and what it prints is the last cell's. A page
shares its process's past with the runner, which has registered exit handlers while it imported: they clean up what is
the runner's, such as a temporary folder, and another page may still need it. So a page calls those that were registered
since it began, and those of the standard library.

Objects that other modules hold are not finalised, which Python does not promise either.
"""

from __future__ import annotations

import _thread
import atexit
import gc
import sys
import threading
import traceback
import weakref
from collections.abc import Callable
from types import FrameType, ModuleType

from galley.run.loop import Loop

Late = Callable[[str, int, str], None]  # what still runs, on which line of the snippet file (0 for none), its stack
FROM_LIBRARY = (("logging", "shutdown"), ("multiprocessing.util", "_exit_function"))


def forget_inherited() -> None:
    """Forget the exit handlers that this process has from the runner, but for the standard library's own."""
    atexit._clear()
    for module, name in FROM_LIBRARY:  # each module registers its own when it is imported
        if module in sys.modules:
            atexit.register(getattr(sys.modules[module], name))
    finalizers = vars(weakref.finalize)
    if finalizers["_registered_with_atexit"]:
        atexit.register(finalizers["_exitfunc"].__func__, weakref.finalize)
        for each in list(finalizers["_registry"]):
            each.atexit = False


def end(path: str, limit: float, late: Late, loop: Loop) -> None:
    """End the page's program, whose `__main__` nothing in galley may hold any more.

    Where that takes longer than `limit` seconds, `late` is called in another thread, with what still runs, and must
    end the process. `path` is the snippet file's, `loop` is the page's.
    """
    watching, decided = _thread.allocate_lock(), _thread.allocate_lock()
    watching.acquire()

    def watch() -> None:  # no thread of the threading module: the page neither sees it nor waits for it
        if not watching.acquire(timeout=limit) and decided.acquire(blocking=False):
            late(*_still_running(path, main, limit, loop))

    main = threading.get_ident()
    _thread.start_new_thread(watch, ())
    loop.close()
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.modules["__main__"] = ModuleType("__main__")
    gc.collect()
    if decided.acquire(blocking=False):
        watching.release()
    else:
        watching.acquire()  # `late` ends the process


def _still_running(path: str, main: int, limit: float, loop: Loop) -> tuple[str, int, str]:
    """What keeps the program from ending, in words; its line of the snippet file; its stack from there on."""
    frames = sys._current_frames()
    tasks = loop.left()
    waited_for = [each for each in threading.enumerate() if not each.daemon and each.ident not in (main, None)]
    if tasks:
        what = ", ".join(f"the task '{name}'" for name, _ in tasks)
        mend = "await it before the page's end, or let it end when it is cancelled"
        stack = _stack(tasks[0][1], path)
    elif waited_for:
        what = ", ".join(f"the thread '{each.name}'" for each in waited_for)
        mend = "join it before the page's end, or make it a daemon"
        stack = _stack(frames.get(waited_for[0].ident or 0), path)
    else:
        processes = sys.modules.get("multiprocessing.process")
        children = processes.active_children() if processes else []
        what = ", ".join(f"the process '{each.name}'" for each in children) or "an exit handler or a finaliser"
        mend = "let it end by itself, or give the last cell a longer timeout"
        stack = _stack(frames.get(main), path)
    said = f"the page does not end: {what} still ran {limit:g} s after the last cell; {mend}"
    own = [each.lineno or 0 for each in stack if each.filename == path]
    return said, own[-1] if own else 0, "".join(stack.format())


def _stack(frame: FrameType | None, path: str) -> traceback.StackSummary:
    """The stack of a frame from the first line of the snippet file on; all of it where none is in it."""
    stack = traceback.extract_stack(frame) if frame else traceback.StackSummary()
    first = next((number for number, each in enumerate(stack) if each.filename == path), 0)
    return traceback.StackSummary.from_list(stack[first:])
