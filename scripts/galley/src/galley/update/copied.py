"""A copy of a project as it is in its folder, with what was not committed, in which pages can run with other releases.

In the command.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from galley.config import Project
from galley.system.git import own_files


def copied(project: Project, to: Path) -> None:
    """Copy a project: in a git repository what git knows or would take, elsewhere all but hidden folders."""
    for name in _files(project.root):
        source = project.root / name
        if source.is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, to / name, follow_symlinks=False)


def _files(root: Path) -> Sequence[str]:
    if (known := own_files(root)) is not None:
        return known
    found = (path.relative_to(root) for path in sorted(root.rglob("*")))
    return [str(path) for path in found if not any(part.startswith(".") for part in path.parts)]
