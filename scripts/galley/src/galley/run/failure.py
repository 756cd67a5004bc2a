"""A page's failure: where it failed and why, as galley says it on a terminal, and as that is read again.

In the command. `galley update` and `galley bisect` run galley in another environment, and read what it said there.
"""

from __future__ import annotations

from dataclasses import dataclass

from galley.errors import Place
from galley.record.model import Name


@dataclass(frozen=True)
class Failure:
    """Why a page has no new record; `detail` is a traceback, or what the cell had written.

    `wrote` are the absolute paths of the project's files that the page itself changed. `follows` names the earlier
    failed cell whose names this one lacked, or may have lacked.
    """

    page: str
    profile: str
    cell: str
    place: Place
    what: str
    detail: str = ""
    wrote: tuple[str, ...] = ()
    follows: str = ""

    @property
    def name(self) -> Name:
        """The page and the profile."""
        return Name(self.page, self.profile)

    def __str__(self) -> str:
        cell = f" in cell {self.cell}" if self.cell else ""
        return f"{self.place}: page {self.name}{cell}: {self.what}"

    @staticmethod
    def read(said: str, page: str, profile: str) -> tuple[str, str]:
        """The place and the reason of a page's first failure, in what a command said on its terminal.

        The reason is one line, which begins with the cell. Both are empty where nothing was said of the page.
        """
        for line in said.splitlines():
            place, found, rest = line.partition(f": page {Name(page, profile)}")
            if found:
                return place, " ".join(rest.removeprefix(":").split()).removeprefix("in ")
        return "", ""
