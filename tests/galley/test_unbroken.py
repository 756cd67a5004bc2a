"""A guide that keeps results of mutations: each claim must have been broken by one, as it is now."""

from __future__ import annotations

import json
from typing import Any

import pytest

from galley.record.mutations import Broken, read_results, to_json
from guide_folder import SETTINGS, GuideFolder

FILE = "tests/results.json"
NAMED = SETTINGS.replace("[tool.galley]\n", f'[tool.galley]\nmutations = "{FILE}"\nmutate = "make mutations"\n', 1)
SOURCE = """\
# %% one
import json
# %% lists [claim]
"A list is written in brackets."
assert json.dumps([1]) == "[1]"
# %% texts [claim]
"A text is written in quotes."
assert json.dumps("a") == '"a"'
"""
ZEROS = "0" * 64


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page with two claims, of which one has been broken by a mutation."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), NAMED)
    folder.snippet("a_page", SOURCE)
    assert not folder.run().failures
    write(folder, entry(folder, "lists"))
    return folder


def entry(folder: GuideFolder, cell: str, **packages: str) -> Broken:
    """What is kept of a mutation that broke a claim."""
    found = folder.guide.snippets["a_page"].cell(cell)
    assert found
    return Broken(f"a_page/{cell}", found.digest, "brackets-are-round", ZEROS, packages)


def write(folder: GuideFolder, *entries: Broken) -> None:
    """Write the file of results."""
    folder.write(FILE, to_json(entries))


def told(folder: GuideFolder) -> list[str]:
    """Each finding in words."""
    return [str(finding) for finding in folder.findings()]


def test_a_claim_that_no_mutation_broke_is_told_at_its_line_and_fails_the_check(guide: GuideFolder) -> None:
    assert told(guide) == [
        "snippets/a_page.py:6: unbroken: no mutation broke the claim 'a_page/texts'\n"
        "    write one that must break it, then: make mutations"
    ]
    assert guide.galley("check").returncode == 1


def test_a_claim_that_one_broke_is_not(guide: GuideFolder) -> None:
    write(guide, entry(guide, "texts"), entry(guide, "lists"))
    assert told(guide) == []


def test_results_of_other_code_count_as_none_and_those_of_another_sentence_count(guide: GuideFolder) -> None:
    write(guide, entry(guide, "texts"), entry(guide, "lists"))
    changed = SOURCE.replace("json.dumps([1])", "json.dumps([1], indent=None)").replace("A text is", "Any text is")
    guide.snippet("a_page", changed)
    assert not guide.run().failures
    assert told(guide) == [
        "snippets/a_page.py:3: unbroken: the claim 'a_page/lists' changed since a mutation broke it\n    make mutations"
    ]
    write(guide, entry(guide, "texts"), entry(guide, "lists"), Broken("a_page/lists", ZEROS, "older", ZEROS))
    assert told(guide) == [], "one current entry is enough"


def test_results_of_no_claim_are_told(guide: GuideFolder) -> None:
    write(guide, entry(guide, "texts"), entry(guide, "lists"), entry(guide, "one"), Broken("b/c", ZEROS, "m", ZEROS))
    assert told(guide) == [
        f"{FILE}: unbroken: results of 'a_page/one', which is no claim\n    make mutations",
        f"{FILE}: unbroken: results of 'b/c', which is no claim\n    make mutations",
    ]


def test_results_of_a_file_that_cannot_be_read_are_left_alone(guide: GuideFolder) -> None:
    guide.write("snippets/a_page.py", "# %% one\nprint(\n")
    assert not any("no claim" in each for each in told(guide))


def test_another_version_of_a_package_is_told_and_fails_nothing(guide: GuideFolder) -> None:
    write(
        guide,
        entry(guide, "texts", pytest="0.1", nothing="1"),
        entry(guide, "lists", pytest=f"{pytest.__version__}+cpu"),
    )
    (finding,) = guide.findings()
    assert not finding.fatal
    assert str(finding) == (
        f"{FILE}: drifted (no failure): claims that a mutation broke: 1 of 2 with pytest 0.1, here is "
        f"{pytest.__version__}\n    make mutations"
    )


def test_without_the_setting_nothing_is_asked(guide: GuideFolder) -> None:
    guide.write("pyproject.toml", SETTINGS)
    assert told(guide) == []


def test_a_file_that_is_not_there_is_told_at_the_setting(guide: GuideFolder) -> None:
    (guide.root / FILE).unlink()
    assert told(guide) == [
        f"pyproject.toml:2: unbroken: there is no file '{FILE}' with the results of mutations\n    make mutations"
    ]
    guide.write("pyproject.toml", NAMED.replace('mutate = "make mutations"\n', ""))
    assert told(guide)[0].endswith("\n    run the mutations, and write their results")


VALID: dict[str, Any] = {"claim": "a_page/lists", "code": ZEROS, "mutation": "m", "digest": ZEROS, "packages": {}}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format": 2, "broken": []}',
        "[" * 100_000,
        *(
            json.dumps({"format": 1, "broken": [VALID | change]})
            for change in (
                {"claim": "lists"},
                {"claim": 1},
                {"claim": "a/b/c"},
                {"code": "x"},
                {"digest": ZEROS[1:]},
                {"mutation": ""},
                {"packages": {"a": 1}},
                {"packages": []},
            )
        ),
    ],
)
def test_a_file_with_anything_else_is_told(guide: GuideFolder, text: str) -> None:
    guide.write(FILE, text)
    (found,) = told(guide)
    assert found.startswith(f"{FILE}: unbroken: not the results of mutations: ")
    assert found.endswith("\n    make mutations")


def test_what_is_written_is_read_again_with_a_line_for_each_entry(guide: GuideFolder) -> None:
    entries = [entry(guide, "texts", torch="2"), entry(guide, "lists")]
    write(guide, *entries)
    assert read_results(guide.project).broken == (entries[1], entries[0])
    assert (guide.root / FILE).read_text(encoding="utf-8").count("\n") == 4
    write(guide)
    assert read_results(guide.project).broken == ()
