"""Files of galley's own beside the records, in the folder that holds them: a manifest, and the list of held pages.

In the command.
"""

from __future__ import annotations

import os
from pathlib import Path

from galley.errors import Place, RefusedError
from galley.system.whole_file import write_whole

FRESH = ".staging-beside"  # a file there that takes its true name when it is whole


def put(folder: Path, relative: Path, name: str, data: bytes) -> None:
    """Write a file beside the records whole, or not at all, for who holds the folder's lock alone.

    `relative` is the folder's path in messages. Raises RefusedError where something else has the name of the file in
    which galley writes before.
    """
    fresh = folder / FRESH
    if os.path.lexists(fresh) and (fresh.is_symlink() or not fresh.is_file()):
        raise RefusedError("galley writes a file of this name", Place(relative / FRESH), "move it away")
    write_whole(folder / name, data, fresh)
