"""Who opens a file of code: the import system, which runs it, or somebody to whom its text matters.

In a page's child.
"""

from __future__ import annotations

from types import FrameType

IMPORT_SYSTEM = "<frozen importlib"
OF_LINES = ("/tokenize.py", "/linecache.py")


def as_text(frame: FrameType | None) -> bool:
    """Whether the text of a file matters to whom this frame belongs, which opens it.

    A warning or a traceback has one line of it, which is code, and the code counts anyway.
    """
    if frame is None or frame.f_code.co_filename.startswith(IMPORT_SYSTEM):
        return False
    while frame is not None and frame.f_code.co_filename.endswith(OF_LINES):
        if frame.f_code.co_name == "getline":
            return False
        frame = frame.f_back
    return True
