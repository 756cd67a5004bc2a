"""Whether files make up a record, wherever they come from: a folder, or a commit.

In the command and in the builder.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from shlex import quote

from galley.errors import GalleyError, Place
from galley.record.model import Name, Record
from galley.record.move import RECORD, RUN, beside
from galley.record.plain import WHOLE, TooLargeError
from galley.record.written import NewerError, from_json, with_run
from galley.source.digest import digest

UPGRADE = "upgrade galley: pip install --upgrade galley-docs"


class TornError(GalleyError):
    """The record was being written when its writer was interrupted."""


class TamperedError(GalleyError):
    """An output, or the record itself, is not what was recorded."""


class NewerRecordError(GalleyError):
    """A newer galley wrote the record: nothing is wrong with it, and this galley can neither read nor replace it."""


def whole(page: str, profile: str, present: Collection[str], read: Callable[[str], bytes], outputs: Path) -> Record:
    """The record that the files of a folder make up, with the bytes of its outputs; `read` gives the bytes of a file.

    `present` are the names of the files, and `outputs` is the folder of all records in messages. Raises TornError,
    TamperedError or NewerRecordError where the files are no record of this page and profile.
    """

    def at(file: str = "") -> Place:  # a path object takes longer than a file's digest, and most records have no fault
        return Place(outputs / Name(page, profile).folder / file)

    if RECORD not in present:
        raise TornError("torn: outputs without a record.json, its writer was interrupted", at())
    record = _claimed(page, profile, read(RECORD), at)
    contents: dict[str, bytes] = {}
    files, others = record.files, beside(record)
    for file in others:
        if file not in present:
            raise TamperedError("is in the record and not in the folder", at(file))
    left = WHOLE
    for file, expected in files.items():
        contents[file] = read(file)
        left -= len(contents[file])
        if left < 0:
            raise TamperedError(f"is not read: {TooLargeError(WHOLE)}", at())
        if digest(contents[file]) != expected:
            crlf = digest(contents[file].replace(b"\r\n", b"\n")) == expected
            how = "its lines end with CRLF now, as git may make them" if crlf else "its bytes changed"
            mend = _without_crlf(outputs, at().path) if crlf else ""
            raise TamperedError(f"is not what was recorded: {how}", at(file), mend)
    for name in sorted({*present}.difference(others, (RECORD,))):
        raise TamperedError("is in the folder and not in the record", at(name), move_out(name))
    if not record.has_run:
        return replace(record, contents=contents)
    try:
        return with_run(record, read(RUN), contents)
    except ValueError as error:
        raise TamperedError(f"cannot be read: {error}", at(RUN)) from error


def _claimed(page: str, profile: str, text: bytes, at: Callable[[str], Place]) -> Record:
    """The record in the text of a `record.json`, which must be of this page and profile; `at` gives a file's place."""
    try:
        record = from_json(text)
    except NewerError as error:
        raise NewerRecordError(str(error), at(RECORD), UPGRADE) from error
    except ValueError as error:
        raise TamperedError(f"cannot be read: {error}", at(RECORD)) from error
    if (record.page, record.profile) != (page, profile):
        raise TamperedError(f"is the record of {record.page} under {record.profile}", at(RECORD))
    return record


def _without_crlf(outputs: Path, record: Path) -> str:
    """What keeps git from changing the ends of lines, and how this record is had again."""
    name = quote(record.as_posix())
    line = f"write this line into .gitattributes: {outputs.as_posix()}/** -text"
    return f"{line}\n    then check the record out again: rm -r {name} && git checkout -- {name}"


def move_out(name: str) -> str:
    """What to do about a file that lies in a record's folder and belongs to no record."""
    return f"move {quote(name)} out of the folder: galley removes only what a record names"
