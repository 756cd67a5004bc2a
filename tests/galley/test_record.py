"""The record's text: what it holds, and that nothing else is taken for one."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from galley.record.model import FORMAT, CellRecord, Dependency, Environment, Output, OutputFile, Record
from galley.record.written import NewerError, from_json, to_json, to_run, with_run


def printed(sha256: str) -> tuple[Output, ...]:
    """The outputs of a cell that printed something."""
    return (Output("stdout", (OutputFile("text/plain", "one.stdout.txt", sha256, 3),)),)


RECORD = Record(
    page="a-page",
    profile="laptop",
    date="2030-01-02",
    environment=Environment(
        "3.11.7", "Linux x86_64", "A processor", packages={"rich": "14.0"}, provenance={"model": "ünï"}
    ),
    cells=(
        CellRecord("one", "d1", printed("s1"), seconds=0.5, peak_mb=20.0),
        CellRecord("two", "d2"),
    ),
    dependencies=(Dependency("data.txt", "file", "s2"),),
)


def read(claims: str, run: str = to_run(RECORD)) -> Record:
    """The record in its two texts."""
    return with_run(from_json(claims), run)


def test_a_record_reads_back_as_it_was() -> None:
    assert read(to_json(RECORD)) == RECORD


def test_a_day_in_what_is_claimed_is_none_of_the_records() -> None:
    claimed = json.dumps({**json.loads(to_json(RECORD)), "date": "2020-01-01"})
    assert from_json(claimed).date == ""
    assert type(from_json(claimed)) is Record


def test_what_no_other_run_repeats_stands_apart_from_what_is_claimed() -> None:
    cells = tuple(replace(cell, seconds=9.0, peak_mb=1.0) for cell in RECORD.cells)
    ran = replace(RECORD.environment, cpu="Another", system="Another")
    again = replace(RECORD, date="2031-01-01", cells=cells, environment=ran)
    assert to_json(again) == to_json(RECORD)
    assert read(to_json(RECORD), to_run(again)) == again
    assert to_run(RECORD) == (
        '{\n "date": "2030-01-02",\n "system": "Linux x86_64",\n "cpu": "A processor",\n "cells": {\n'
        '  "one": {"seconds": 0.5, "peak_mb": 20.0},\n  "two": {"seconds": 0.0, "peak_mb": 0.0}\n }\n}\n'
    )
    assert json.loads(to_run(replace(RECORD, cells=())))["cells"] == {}


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("", "says no run"),
        ("[]", "says no run"),
        (to_run(RECORD)[:-9], "says no run"),
        (to_run(RECORD).replace("0.5", "-1"), "says no run"),
        (to_run(RECORD).replace('"2030-01-02"', "[]"), "says no run"),
        (to_run(RECORD).replace('"two"', '"three"'), "of other cells"),
        (to_run(replace(RECORD, cells=RECORD.cells[:1])), "of other cells"),
        (f"<<<<<<< a\n{to_run(RECORD)}", "a merge in git was not ended"),
    ],
)
def test_anything_else_is_no_run_of_the_record(run: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read(to_json(RECORD), run)


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
        broken(environment="none"),
        to_json(RECORD)[:-40],
    ],
)
def test_anything_else_is_no_record(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_json(text)


FORMAT_1 = {
    "page": "a-page",
    "profile": "laptop",
    "date": "2030-01-02",
    "environment": {"python": "3.11.7", "system": "", "cpu": "", "packages": {"rich": "14.0"},
                    "provenance": {"model": "ünï"}},
    "cells": [
        {"name": "one", "digest": "d1", "seconds": 0.5, "peak_mb": 20.0, "provenance": {"model": "", "threads": 2},
         "outputs": [{"kind": "stdout", "file": "one.stdout.txt", "sha256": "s1", "cut": 3},
                     {"kind": "image", "file": "one.image.svg", "sha256": "s2", "cut": 0},
                     {"kind": "image", "file": "one.image-2.png", "sha256": "s3", "cut": 0},
                     {"kind": "trace", "file": "one.trace.json", "sha256": "s4", "cut": 0}]},
        {"name": "two", "digest": "d2", "seconds": 0.0, "peak_mb": 0.0, "outputs": [], "provenance": {}},
    ],
    "dependencies": [
        {"path": "a#b/list.toml#models/x", "kind": "table", "sha256": "t"},
        {"path": "folder#.json .txt", "kind": "names", "sha256": "n"},
        {"path": "with#sign.txt", "kind": "file", "sha256": "f"},
    ],
    "format": 1,
}  # fmt: skip


def test_a_record_of_galley_0_1_is_read() -> None:
    found = from_json(json.dumps(FORMAT_1))
    one = found.cells[0]
    assert [
        (each.kind, [(file.mime, file.file, file.sha256, file.cut) for file in each.files]) for each in one.outputs
    ] == [
        ("stdout", [("text/plain", "one.stdout.txt", "s1", 3)]),
        ("image", [("image/svg+xml", "one.image.svg", "s2", 0)]),
        ("image", [("image/png", "one.image-2.png", "s3", 0)]),
        ("trace", [("application/json", "one.trace.json", "s4", 0)]),
    ]
    assert one.provenance == {"model": None, "threads": 2}
    assert found.dependencies == (
        Dependency("a#b/list.toml", "table", "t", "models/x"),
        Dependency("folder", "names", "n", ".json .txt"),
        Dependency("with#sign.txt", "file", "f"),
    )
    assert (found.environment.python, found.environment.packages) == ("3.11.7", {"rich": "14.0"})
    assert found.format == 1
    assert found.same_conditions(from_json(to_json(found))), "its format alone makes no run another"


@pytest.mark.parametrize(
    "changed", [{"cells": ["one"]}, {"cells": 1}, {"cells": [FORMAT_1["cells"][0] | {"provenance": ["a"]}]}]
)  # type: ignore[index]
def test_what_is_no_record_of_galley_0_1_is_none(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="not a record"):
        from_json(json.dumps(FORMAT_1 | changed))


def test_an_output_of_galley_0_1_of_no_known_type_is_bytes() -> None:
    output = {"kind": "audio", "file": "one.audio.flac", "sha256": "s1", "cut": 0}
    cell = FORMAT_1["cells"][0] | {"outputs": [output]}  # type: ignore[index]
    (found,) = from_json(json.dumps(FORMAT_1 | {"cells": [cell]})).cells[0].outputs
    assert found.files[0].mime == "application/octet-stream"


def output(*names: str) -> dict[str, object]:
    """An output in these files, as a record has it."""
    return {
        "kind": "stdout",
        "files": [{"mime": "text/plain", "file": name, "sha256": "s", "cut": 0} for name in names],
    }


WRONG: dict[str, dict[str, object]] = {
    "it names an output without a file": {"cells": [{"name": "one", "digest": "d", "outputs": [output()]}]},
    "it names a file twice": {
        "cells": [{"name": "one", "digest": "d", "outputs": [output("one.stdout.txt"), output("one.stdout.txt")]}]
    },
    "'../a.txt' is no name of an output": {"cells": [{"name": "one", "digest": "d", "outputs": [output("../a.txt")]}]},
    **{
        f"{path!r} is no path inside the project": {"dependencies": [{"path": path, "kind": "file", "sha256": "s"}]}
        for path in ("/a", "a/../../b", "a\0b", "a\\b", "..\\a")
    },
}


@pytest.mark.parametrize("what", WRONG)
def test_what_leads_out_of_a_record_or_of_the_project_is_told(what: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"not a record: {what}")):
        from_json(broken(**WRONG[what]))


def test_a_merge_is_one_at_the_beginning_of_a_line() -> None:
    with pytest.raises(ValueError, match="a merge in git was not ended"):
        from_json(f"{{\n<<<<<<< a\n{to_json(RECORD)}")
    with pytest.raises(ValueError, match=r"^not a record: (?!two versions)"):
        from_json(broken(page="<<<<<<< a", cells=None))


def test_a_record_of_a_newer_galley_says_so() -> None:
    with pytest.raises(NewerError, match=f"format {FORMAT + 1}; this one reads formats up to {FORMAT}"):
        from_json(broken(format=FORMAT + 1))
    with pytest.raises(NewerError, match=r"a newer galley wrote it \(format 7; this one reads formats up to 3\)"):
        from_json(broken(format=7, cells="in a way that nobody knows yet"))


def test_what_a_newer_galley_adds_within_a_format_is_passed_over() -> None:
    assert read(broken(signature="x")) == RECORD


def test_a_record_of_galley_0_2_is_read() -> None:
    cells = [{**cell, "seconds": 0.5} for cell in json.loads(to_json(RECORD))["cells"]]
    said = {**json.loads(to_json(RECORD)), "date": "2030-01-02", "cells": cells, "format": 2}
    said["environment"]["cpu"] = "A processor"
    found = from_json(json.dumps(said))
    assert (found.date, found.environment.cpu, found.format, found.has_run) == ("2030-01-02", "A processor", 2, False)
    assert [cell.seconds for cell in found.cells] == [0.5, 0.5]
    assert found.same_conditions(RECORD)


FORGED = {
    "a file above": {"cells": [{"name": "a", "digest": "d", "outputs": [
        {"kind": "stdout", "files": [{"mime": "text/plain", "file": "../../pyproject.toml", "sha256": "s"}]}]}]},
    "a file twice": {"cells": [{"name": "a", "digest": "d", "outputs": [
        {"kind": "stdout", "files": [{"mime": "text/plain", "file": "a.txt", "sha256": "s"}] * 2}]}]},
    "a kind that is markup": {"cells": [{"name": "a", "digest": "d", "outputs": [{"kind": "<b>", "files": []}]}]},
    "a kind that is a list": {"cells": [{"name": "a", "digest": "d", "outputs": [{"kind": ["x"], "files": []}]}]},
    "a device": {"dependencies": [{"path": "/dev/zero", "kind": "file", "sha256": "s"}]},
    "a path above": {"dependencies": [{"path": "../x", "kind": "file", "sha256": "s"}]},
    "a path with nothing in it": {"dependencies": [{"path": "a\0b", "kind": "file", "sha256": "s"}]},
    "a path that is a number": {"dependencies": [{"path": 3, "kind": "file", "sha256": "s"}]},
    "a dependency of another kind": {"dependencies": [{"path": "a", "kind": "wish", "sha256": "s"}]},
    "seconds in words": {"cells": [{"name": "a", "digest": "d", "seconds": "1"}]},
    "a date that is a list": {"date": ["2030-01-02"], "format": 2},
    "a Python that is a number": {"environment": {"python": 3.11}},
    "packages in a list": {"environment": {"packages": ["rich"]}},
    "depth": {"environment": {"provenance": {"x": json.loads("[" * 400 + "]" * 400)}}, "format": "2"},
}  # fmt: skip


@pytest.mark.parametrize("case", FORGED)
def test_a_record_with_a_field_of_another_form_is_none(case: str) -> None:
    with pytest.raises(ValueError, match="not a record"):
        from_json(broken(**FORGED[case]))


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, date="2031-01-01"),
        replace(RECORD, cells=(replace(RECORD.cells[0], seconds=9.0, peak_mb=1.0), RECORD.cells[1])),
        replace(RECORD, cells=(replace(RECORD.cells[0], outputs=printed("other")),
                               RECORD.cells[1])),
    ],
    ids=["date", "cost", "bytes of an output, compared elsewhere"],
)  # fmt: skip
def test_what_differs_at_every_run_does_not_count(other: Record) -> None:
    assert RECORD.same_conditions(other)


def test_what_differs_on_another_machine_does_not_count() -> None:
    there = Environment("3.11.9", "Darwin arm64", "Another", {"rich": "14.0+local"}, {"model": "ünï", "cores": 4})
    other = replace(RECORD, environment=there)
    other = replace(other, cells=(replace(RECORD.cells[0], provenance={"cores": 2}), RECORD.cells[1]))
    assert RECORD.same_conditions(other, ["cores"])
    assert not RECORD.same_conditions(other)


@pytest.mark.parametrize(
    "other",
    [
        replace(RECORD, environment=Environment("3.12.0")),
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
