"""Who runs this process, as the system has it and not as variables say. In the command."""

from __future__ import annotations

import os
from contextlib import suppress


def account() -> tuple[str, str]:
    """The name of this process's user and the user's home; two empty texts where the system does not say."""
    with suppress(ImportError, KeyError):  # Windows; a user whom no list names
        import pwd

        entry = pwd.getpwuid(os.getuid())
        return entry.pw_name, entry.pw_dir
    return "", ""
