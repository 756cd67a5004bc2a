"""Where pages run other than on this machine, by what `galley run --on` names.

In the command. Adding a place is adding a row to the table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from galley.config import Project
from galley.errors import UsageError

if TYPE_CHECKING:
    from galley.run.backend import Backend


def _ray(project: Project, address: str) -> Backend:
    from galley.run.ray_cluster import RayCluster

    return RayCluster(project, f"ray:{address}" if address.startswith("//") else address)


PLACES: dict[str, Callable[[Project, str], Backend]] = {"ray": _ray}
NAMED = (
    "write ray://HOST:PORT for a cluster of Ray, ray:ADDRESS from inside of one, or ray for one of this machine alone"
)


def place(project: Project, named: str) -> Backend:
    """The backend that a text such as `ray://head:10001` names. Raises UsageError where it names none."""
    kind, _, address = named.partition(":")
    if kind not in PLACES:
        raise UsageError(f"there is no place '{named}' to run pages", mend=NAMED)
    return PLACES[kind](project, address)
