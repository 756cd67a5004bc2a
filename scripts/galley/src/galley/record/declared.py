"""What cells declare that they use: `uses="data/one.csv models/two"`."""

from __future__ import annotations

from pathlib import Path

from galley.config import Project
from galley.errors import GalleyError
from galley.record.dependencies import never_counts
from galley.source.cells import Cell


def declared(project: Project, cell: Cell) -> list[Path]:
    """The files and folders that a cell declares, absolute and without links.

    A path is from the project's root, or begins with one of the `links` that a page sees beside it.
    Raises GalleyError at the cell's line where one does not exist, lies outside the project, or never counts.
    """
    if not cell.uses:
        return []
    found, root = [], project.root.resolve()
    for name in cell.uses:
        base = project.snippets if name.partition("/")[0] in project.links else project.root
        path = (base / name).resolve()
        if not path.is_relative_to(root):
            raise GalleyError(f"uses '{name}', which lies outside the project", cell.place, "keep it in the project")
        if not path.exists():
            mend = "name a file or a folder, from the project's root"
            raise GalleyError(f"uses '{name}', and there is no such file or folder", cell.place, mend)
        if hidden := next((each for each in never_counts(root) if path.is_relative_to(each)), None):
            what = f"uses '{name}', and nothing in {project.relative(hidden)} ever counts"
            raise GalleyError(what, cell.place, "keep it elsewhere in the project")
        found.append(path)
    return found
