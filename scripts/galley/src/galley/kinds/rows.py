"""Rows of a table: read from a value, and written as a text of which a diff shows the rows that changed.

In a page's child, which writes the text; in the command and the builder, which read it.

The text has a line for each row, and a tab between two cells; the first line has the names of the columns. A tab, the
end of a line, and a backslash inside a cell are written with a backslash. No column is padded, so that a longer number
changes its own line alone.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROWS, COLUMNS = 1_000, 100  # the most that a table of a page has
WANTED = "a cell tagged table ends in a list of dicts that is not empty, or in a DataFrame"
ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"}
WRITTEN = str.maketrans(ESCAPES)
ESCAPED = re.compile(r"\\[\\tnr]")  # any other backslash stands for itself: half a character is written with one
MEANT = {written: meant for meant, written in ESCAPES.items()}


@dataclass(frozen=True)
class Rows:
    """A table: the names of its columns, and its rows, each with a text for every column."""

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def rows_of(value: object) -> Rows:
    """The table in a list of dicts or in a DataFrame; raises TypeError or ValueError where there is none.

    A key that a row lacks, and None, are an empty cell.
    """
    found, strict = (value, True) if isinstance(value, list | tuple) else (_records(value), False)
    if not found or not all(isinstance(row, Mapping) for row in found):
        raise TypeError(f"{WANTED}, and this one in {_named(value)}")
    keys = list(dict.fromkeys(key for row in found for key in row))
    if not keys or len(keys) > COLUMNS:
        raise ValueError(f"a table has from 1 to {COLUMNS} columns, and this one {len(keys):,}: choose some")
    if strict and (other := next((key for key in keys if not isinstance(key, str)), None)) is not None:
        raise TypeError(f"the name of a column is a text, and this one is {_named(other)}: {other!r:.80}")
    rows = [
        tuple(_cell(row.get(key), key, number, strict) for key in keys) for number, row in enumerate(found, start=1)
    ]
    return Rows(tuple(map(str, keys)), tuple(rows))


def _records(value: object) -> Sequence[Any]:
    """The rows of a DataFrame of polars or pandas, as these name what gives them; none for any other value.

    The index of a pandas DataFrame is a column, where it is more than the numbers of the rows.
    """
    found: Any = value
    if hasattr(type(value), "to_dicts"):
        return list(found.to_dicts())
    if hasattr(type(value), "to_dict") and hasattr(type(value), "reset_index") and hasattr(value, "columns"):
        numbered = type(found.index).__name__ == "RangeIndex"
        return list((found if numbered else found.reset_index()).to_dict("records"))
    return []


def _cell(value: object, key: object, number: int, strict: bool) -> str:
    """The text of a cell. A number is written as Python writes it, whatever its class is."""
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case str():
            return str.__str__(value)
        case int():
            return int.__repr__(value)
        case float():
            return float.__repr__(value)
    if strict:
        what = f"row {number} has {_named(value)} under {key!r:.80}"
        raise TypeError(f"{what}, and a table has texts, numbers, bools and None: write it as a text")
    return str(value)


def _named(value: object) -> str:
    """An object's class, as the object of a sentence."""
    name = type(value).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}" if value is not None else "None"


def written(table: Rows) -> list[str]:
    """The lines of a table's text, that of the names first."""
    return ["\t".join(cell.translate(WRITTEN) for cell in row) + "\n" for row in (table.names, *table.rows)]


def read(text: str) -> Rows:
    """The table in such a text; raises ValueError where the text is none that galley writes."""
    *lines, rest = text.split("\n")
    if rest or not lines:
        raise ValueError("the last line has no end")
    names, *rows = [tuple(ESCAPED.sub(_meant, cell) for cell in line.split("\t")) for line in lines]
    if len(names) > COLUMNS or len(rows) > ROWS:
        raise ValueError(f"a table has at most {COLUMNS} columns and {ROWS:,} rows")
    for number, row in enumerate(rows, start=2):
        if len(row) != len(names):
            raise ValueError(f"line {number} has {len(row)} cells, and the first has {len(names)}")
    return Rows(names, tuple(rows))


def _meant(found: re.Match[str]) -> str:
    return MEANT[found[0]]
