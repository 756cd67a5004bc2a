"""Takes from Python what other systems lack. In every process that has this folder on PYTHONPATH.

`GALLEY_WITHOUT` lists it: a module (`fcntl`), a name in a module (`os.fork`), or `/proc`.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from typing import Any


def hide_proc(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: whoever opens or lists something in /proc is told that it is not there."""
    if event in ("open", "os.listdir", "os.scandir") and str(arguments[0]).startswith("/proc"):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), arguments[0])


for each in os.environ["GALLEY_WITHOUT"].split():
    module, _, name = each.partition(".")
    if each == "/proc":
        sys.addaudithook(hide_proc)
    elif name:
        delattr(importlib.import_module(module), name)
    else:
        sys.modules[module] = None  # type: ignore[assignment]
