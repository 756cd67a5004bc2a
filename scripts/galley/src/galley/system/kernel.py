"""Calls of the Linux kernel for which Python has no function. In every process.

Importing this loads ctypes; a page's runner holds it before it forks.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import Any


@cache
def libc() -> Any:
    """C's own library, whose error numbers `ctypes.get_errno` has."""
    return ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: Any) -> int:
    """A system call by its number; raises OSError where the kernel refuses it."""
    given = [ctypes.c_long(each) if isinstance(each, int) else each for each in arguments]
    answer: int = libc().syscall(ctypes.c_long(number), *given)
    if answer < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return answer
