"""The record's text: what it holds, and that nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from galley.record.model import CellRecord, Dependency, Output, Record, from_json, to_json

RECORD = Record(
    page="a-page",
    profile="laptop",
    date="2030-01-02",
    environment={"python": "3.11.7", "packages": {"rich": "14.0"}, "provenance": {"model": "ünï"}},
    cells=(CellRecord("one", "d1", 0.5, 20.0, (Output("stdout", "one.stdout.txt", "s1", 3),)), CellRecord("two", "d2")),
    dependencies=(Dependency("data.txt", "file", "s2"),),
)


def test_a_record_reads_back_as_it_was() -> None:
    assert from_json(to_json(RECORD)) == RECORD


def test_its_text_is_for_people_too() -> None:
    text = to_json(RECORD)
    assert text.endswith("}\n")
    assert "ünï" in text
    assert all(len(line) < 200 for line in text.splitlines())


def test_its_parts_are_found_by_name() -> None:
    assert RECORD.cell("two") == RECORD.cells[1]
    assert RECORD.cell("three") is None
    assert RECORD.files == {"one.stdout.txt": "s1"}


def broken(**changed: object) -> str:
    """The text of a record with some keys replaced."""
    return json.dumps(json.loads(to_json(RECORD)) | changed)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        broken(format=0),
        broken(cells=None),
        broken(cells=[1]),
        broken(cells=[{"name": "one"}]),
        broken(dependencies=[{"path": "x"}]),
        broken(unknown=1),
        broken(environment="none"),
        to_json(RECORD)[:-40],
    ],
)
def test_anything_else_is_no_record(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, date="2031-01-01"),
        replace(RECORD, cells=(replace(RECORD.cells[0], seconds=9.0, peak_mb=1.0), RECORD.cells[1])),
        replace(RECORD, cells=(replace(RECORD.cells[0], outputs=(Output("stdout", "one.stdout.txt", "other", 3),)),
                               RECORD.cells[1])),
    ],
    ids=["date", "cost", "bytes of an output, compared elsewhere"],
)  # fmt: skip
def test_what_differs_at_every_run_does_not_count(other: Record) -> None:
    assert RECORD.same_conditions(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, environment={"python": "3.12.0"}),
        replace(RECORD, dependencies=()),
        replace(RECORD, cells=RECORD.cells[:1]),
        replace(RECORD, cells=(replace(RECORD.cells[0], digest="d3"), RECORD.cells[1])),
        replace(RECORD, cells=(replace(RECORD.cells[0], outputs=()), RECORD.cells[1])),
        replace(RECORD, profile="cuda"),
    ],
    ids=["environment", "dependencies", "cells", "digest", "outputs", "profile"],
)
def test_what_makes_two_runs_unlike_counts(other: Record) -> None:
    assert not RECORD.same_conditions(other)
