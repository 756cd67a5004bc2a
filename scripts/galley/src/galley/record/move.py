"""How a staged record takes the place of an old one, and how a move that was interrupted is known.

In the command and in the builder.

In the record's own folder, one step after the other: `replacing.json` moves in, which lists the files of the old record
and of the new one; the old `record.json` is removed; the new output files and `run.json` move in; files of the old
record that the new one does not have are removed; the new `record.json` moves in; `replacing.json` is removed. Each
move is a rename, which happens as a whole or not at all. So as long as there is no `record.json`, each file of the new
record is in one of two places, and to take the same steps again ends the move.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from galley.record.model import Record, is_output
from galley.record.plain import LIST, OUTPUT, bytes_of, is_plain
from galley.record.written import from_json
from galley.source.digest import digest

RECORD = "record.json"
RUN = "run.json"
REPLACING = "replacing.json"  # the files of a record and of its successor, while one takes the other's place
OWN = (RECORD, RUN, REPLACING)


def is_own(name: str) -> bool:
    """Whether galley gives a file in a record's folder this name."""
    return name in OWN or is_output(name)


def beside(record: Record) -> list[str]:
    """The names of the files that lie beside a record's `record.json`."""
    return [*record.files, *([RUN] if record.has_run else [])]


def move(staged: Path, folder: Path, record: Record, old: set[str]) -> None:
    """Move a record from where it is staged to its folder; what moved before is left where it is.

    `old` are the files of the record that it replaces.
    """
    files = beside(record)
    folder.mkdir(parents=True, exist_ok=True)
    _in(staged, folder, REPLACING)
    (folder / RECORD).unlink(missing_ok=True)
    for file in files:
        _in(staged, folder, file)
    for file in sorted(old - set(files)):
        (folder / file).unlink(missing_ok=True)
    _in(staged, folder, RECORD)
    (folder / REPLACING).unlink()


def _in(staged: Path, folder: Path, file: str) -> None:
    if (staged / file).exists():
        (staged / file).replace(folder / file)


def interrupted(staged: Path, outputs: Path) -> Record | None:
    """The record whose move below `outputs` began and did not end, if what is left of it makes up the whole record."""
    try:
        found = from_json(bytes_of(staged / RECORD, LIST))
    except (OSError, ValueError):
        return None
    if not found.name.is_plain:
        return None  # somebody else wrote it, and it could lead elsewhere
    folder = outputs / found.name.folder
    begun = is_plain(folder / REPLACING) and not (folder / RECORD).exists() and not (staged / REPLACING).exists()
    whole = (_is_in(staged, name, sha) or _is_in(folder, name, sha) for name, sha in found.files.items())
    ran = not found.has_run or is_plain(staged / RUN) or is_plain(folder / RUN)
    return found if begun and ran and all(whole) else None


def _is_in(folder: Path, name: str, expected: str) -> bool:
    try:
        return digest(bytes_of(folder / name, OUTPUT)) == expected
    except (OSError, ValueError):
        return False


def content(file: Path) -> dict[str, Any]:
    """The JSON object in a file of a record's folder; empty where it is no plain file, too large, or cannot be read."""
    try:
        said = json.loads(bytes_of(file, LIST))
    except (OSError, ValueError, RecursionError):
        said = None
    return said if isinstance(said, dict) else {}


def named(file: Path) -> set[str]:
    """The plain file names in a `record.json` of any format, or in a `replacing.json`."""
    said = content(file)
    if "files" in said:
        names = said["files"]
    else:
        try:
            outputs = [output for cell in said["cells"] for output in cell["outputs"]]
            names = [each["file"] for output in outputs for each in output.get("files", [output])]
        except (KeyError, TypeError, AttributeError):
            return set()
    return {name for name in names if isinstance(name, str) and is_output(name)} if isinstance(names, list) else set()
