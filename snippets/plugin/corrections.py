"""The list of what this guide's first draft said: each statement, a verdict on it, and the claim that settles it.

A cell tagged `claim` says `draft="what was said" verdict="false"`, and `docs/corrections.md` shows them all. In every
process that reads cells; it imports nothing but galley.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from galley.errors import GalleyError
from galley.kinds.markup import inline
from galley.site.lists import List, Listed
from galley.source.cells import Cell
from galley.source.grammar import Option

VERDICTS = ("true", "false", "changed", "incomplete", "misleading", "bug", "trap")
MEND = f'write it as: [claim] draft="what was said" verdict="{"|".join(VERDICTS)}"'


def _verdict(text: str) -> str:
    if text not in VERDICTS:
        raise ValueError(text)
    return text


class Corrections(List):
    """What the draft said, the verdict, and the claim that holds in its place."""

    name, entry = "corrections", "statement"
    css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")
    columns = ("The draft said", "Verdict", "What holds, and where it is checked")
    options = (
        Option(
            "draft",
            "What the first draft of this guide said, unchecked, and this claim settles.",
            form='draft="what was said"',
        ),
        Option(
            "verdict",
            "The verdict on what the draft said.",
            form='verdict="false"',
            wanted=f"a verdict: {', '.join(VERDICTS)}",
            read=_verdict,
        ),
    )

    def check(self, cell: Cell) -> None:
        """A draft and its verdict go together, and on a claim alone."""
        draft, verdict = cell.options["draft"], cell.options["verdict"]
        if bool(draft) != bool(verdict):
            raise GalleyError("a draft and its verdict go together", mend=MEND)
        if draft and "claim" not in cell.tags:
            raise GalleyError("only a claim settles what a draft said", mend=MEND)

    def holds(self, cell: Cell) -> bool:
        """The claims that settle a statement of the draft."""
        return bool(cell.options["draft"])

    def row(self, each: Listed) -> Sequence[str]:
        """Statement, verdict, claim."""
        options = each.cell.options
        return inline(options["draft"]), options["verdict"], each.link
