"""The values of options that say how a cell's outputs are recorded and compared, read from the cell's line.

In every process, like the rows of the grammar that use them.
"""

from __future__ import annotations

# What galley changes in a recorded text, by name; galley.record.normalise has the rules.
NORMALISED = ("addresses", "frames", "names", "overwritten", "paths", "snippet-lines")


def reason(text: str) -> str:
    """A reason as it is written; raises ValueError for one that says nothing."""
    if not text.strip():
        raise ValueError(text)
    return text


def rules(text: str) -> tuple[str, ...]:
    """The names of normalisations, in order; `all` names every one. Raises ValueError for a name that is none."""
    named = set(text.split())
    if not named or named - {*NORMALISED, "all"}:
        raise ValueError(text)
    return NORMALISED if "all" in named else tuple(sorted(named))
