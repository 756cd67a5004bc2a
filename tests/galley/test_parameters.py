"""The parameters cell: only `name = literal` lines, whose values a profile replaces in place."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from galley.errors import GalleyError
from galley.record.status import State
from galley.source.cells import SnippetFile, cut
from galley.source.parameters import has_own_code, left_out, literal, parameters, with_values
from guide_folder import SETTINGS, GuideFolder

SOURCE = """\
# %% parameters
checkpoint = "tiny"  # a path
größe = ["ü", "ö"]; device = "cpu"
prompt = (
    "one "
    "two"
)
steps = 3
# %% next
print(checkpoint, device)
"""


def snippets(source: str = SOURCE) -> SnippetFile:
    """The cells of some source."""
    return cut(source, Path("/guide/snippets/a_page.py"), Path("snippets/a_page.py"))


def test_values_are_read_from_the_cell() -> None:
    read = {"checkpoint": "tiny", "größe": ["ü", "ö"], "device": "cpu", "prompt": "one two", "steps": 3}
    assert parameters(snippets()) == read
    assert parameters(snippets("# %% one\na = 1\n")) == {}


def test_values_are_replaced_and_every_line_number_is_kept() -> None:
    values = {"checkpoint": 'big "7b"\n', "größe": [1], "device": "cuda:0", "prompt": "short", "steps": None}
    changed = with_values(snippets(), values | {"unknown": 1})
    assert parameters(changed) == values
    assert changed.source.count("\n") == SOURCE.count("\n")
    assert [cell.place for cell in changed.cells] == [cell.place for cell in snippets().cells]
    assert changed.source.splitlines()[1] == r'checkpoint = "big \"7b\"\n"  # a path'
    assert changed.cells[1].digest == snippets().cells[1].digest
    assert changed.cells[0].digest != snippets().cells[0].digest


def test_no_values_leave_the_file_as_it_is() -> None:
    assert with_values(snippets(), {}).source == SOURCE
    without = snippets("# %% one\na = 1\n")
    assert with_values(without, {"a": 2}) is without


def test_a_strange_line_end_in_a_string_moves_no_value() -> None:
    source = "# %% parameters\na = 'x\x0cy\u2028z'\nb = 1\n# %% two\nc = 3\n"
    assert parameters(with_values(snippets(source), {"b": 2})) == {"a": "x\x0cy\u2028z", "b": 2}


@pytest.mark.parametrize("value", ["a'b\"c\\", "é\n\t", 3, -1.5, True, None, ["a", 1, [2.5]], 1e300, "\x7f\u2028"])
def test_a_literal_reads_back_as_its_value(value: Any) -> None:
    assert ast.literal_eval(literal(value)) == value


@pytest.mark.parametrize(
    "line", ["print(1)", "a = b", "a: int = 1", "a = b = 1", "a, b = 1, 2", "a += 1", "import os", "a.b = 1", "a = f()"]
)
def test_anything_else_in_the_cell_is_refused_at_its_line(line: str) -> None:
    with pytest.raises(GalleyError, match=r"snippets/a_page\.py:3: the parameters cell holds something else"):
        parameters(snippets(f"# %% parameters\nx = 1\n{line}\n"))


@pytest.mark.parametrize(("value", "changes"), [(1, False), (True, True), (1.0, True), (2, True)])
def test_a_value_of_another_type_is_another_value(value: object, changes: bool) -> None:
    snippets = cut("# %% parameters\nflag = 1\n", Path("one.py"), Path("one.py"))
    assert has_own_code(snippets, {"flag": value, "unknown": 1}, [{}]) is changes
    assert not has_own_code(snippets, {"flag": value}, [{"flag": value}, {}])


CLAIMS = """\
# %% parameters
model = "small"
steps = 3
# %% one
print(model)
# %% answers [claim] about="model"
"It answers."
assert model == "small"
# %% two
print(steps)
# %% last [claim] about="model steps"
"It ends."
assert steps == 3
"""


@pytest.mark.parametrize(
    ("values", "left"),
    [
        ({}, ["parameters", "one", "answers", "two", "last"]),
        ({"model": "small"}, ["parameters", "one", "answers", "two", "last"]),
        ({"model": "large"}, ["parameters", "one", "two"]),
        ({"steps": 4}, ["parameters", "one", "answers", "two"]),
        ({"steps": True, "other": 1}, ["parameters", "one", "answers", "two"]),
    ],
)
def test_a_claim_about_other_values_is_left_out_and_every_line_number_is_kept(values: Any, left: list[str]) -> None:
    whole, changed = snippets(CLAIMS), with_values(snippets(CLAIMS), values)
    assert [cell.name for cell in changed.cells] == left
    assert all(whole.cell(cell.name).place == cell.place for cell in changed.cells)  # type: ignore[union-attr]
    assert changed.source.count("\n") == CLAIMS.count("\n")


@pytest.mark.parametrize(
    ("source", "values", "said"),
    [
        ('about="modle"', [{}], r"a_page\.py:6: about names 'modle', and the file has no such parameter"),
        ('about="model"', [{"model": "x"}], r"a_page\.py:6: no required profile runs this claim"),
        ('about="model"', [{"model": "x"}, {"model": "small"}], ""),
    ],
)
def test_a_claim_that_no_required_profile_runs_is_an_error(source: str, values: Any, said: str) -> None:
    found = list(left_out(snippets(CLAIMS.replace('about="model"', source, 1).partition("# %% two")[0]), values))
    assert len(found) == bool(said)
    assert re.match(f".*{said}", str(found[0]) if found else "")
    assert all(error.mend for error in found)


def test_a_page_is_recorded_under_each_profile_with_its_own_claims(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS + '[tool.galley.profiles.large]\nparameters = { model = "large" }\n')
    folder.snippet("page", CLAIMS)
    ended = folder.run("page", profiles=("laptop", "large"))
    assert not ended.failures
    assert [cell.name for cell in folder.record("page", "large").cells] == ["parameters", "one", "two"]
    assert [cell.name for cell in folder.record("page").cells][2] == "answers"
    assert folder.status("page", "large").state is State.FRESH
    assert not folder.mkdocs().returncode
    html = (folder.root / "site" / "page.html").read_text(encoding="utf-8")
    assert html.count("Left out here: the sentence is about other values") == 2


def test_about_is_for_claims() -> None:
    with pytest.raises(GalleyError, match=r"about is for a cell with the tag \[claim\]"):
        snippets('# %% parameters\na = 1\n# %% one about="a"\nprint(a)\n')
