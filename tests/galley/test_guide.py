"""Reading a whole guide: what is readable, what is not, and what a name on the command line means."""

from __future__ import annotations

import pytest

from galley.errors import GalleyError, UsageError
from galley.source.guide import page_file
from guide_folder import GuideFolder, fence


def test_pages_and_snippet_files_are_read(folder: GuideFolder) -> None:
    folder.snippet("one", "# %% first\na = 1\n")
    folder.write("snippets/helper.py", "def helped(): ...\n")
    folder.write("docs/deep/below.md", f"# Below\n\n{fence('one', 'first')}")
    guide = folder.guide
    assert list(guide.snippets) == ["one"]
    assert [str(each.place) for each in guide.fences] == ["docs/deep/below.md:3", "docs/one.md:3"]
    assert guide.errors == ()
    assert page_file(guide.project, guide.snippets["one"]) == folder.root / "docs/one.md"


def test_what_cannot_be_read_is_kept_and_the_rest_is_read(folder: GuideFolder) -> None:
    folder.snippet("good", "# %% first\na = 1\n")
    folder.snippet("broken", "# %% first\na = (\n")
    folder.snippet("odd", "# %% parameters\nprint(1)\n")
    (folder.root / "snippets/latin.py").write_bytes(b"# %% caf\xe9\n")
    (folder.root / "docs/latin.md").write_bytes(b"caf\xe9\n")
    folder.page("bad", "```python exec\n```\n")
    guide = folder.guide
    assert list(guide.snippets) == ["good"]
    assert [str(error.place) for error in guide.errors] == [
        "snippets/broken.py:2",
        "snippets/latin.py",
        "snippets/odd.py:2",
        "docs/bad.md:3",
        "docs/latin.md",
    ]


def test_a_fence_keeps_its_line_below_front_matter_and_odd_characters(folder: GuideFolder) -> None:
    folder.snippet("one", "# %% first\na = 1\n", shown=False)
    text = f"\ufeff---\ntitle: x\n---\n\n# A\u2028B\x0cC\n\n{fence('one', 'first')}\n\n"
    folder.write("docs/one.md", text)
    assert [each.place.line for each in folder.guide.fences] == [7]


@pytest.mark.parametrize(
    "name", ["deep-dive", "deep_dive", "deep-dive.md", "docs/deep-dive.md", "snippets/deep_dive.py", "./deep_dive.py"]
)
def test_a_page_is_found_by_any_of_its_names(folder: GuideFolder, name: str) -> None:
    folder.snippet("deep_dive", "# %% first\na = 1\n")
    assert folder.guide.find(name).page == "deep-dive"


def test_a_page_that_is_not_there_is_told_with_those_that_are(folder: GuideFolder) -> None:
    folder.snippet("deep_dive", "# %% first\na = 1\n")
    with pytest.raises(UsageError, match=r"no page with cells is named 'x'\n    pages with cells: deep-dive"):
        folder.guide.find("x")


def test_asking_for_a_page_that_cannot_be_read_tells_why(folder: GuideFolder) -> None:
    folder.snippet("deep_dive", "# %% first\na = (\n")
    with pytest.raises(GalleyError, match=r"snippets/deep_dive\.py:2: syntax error"):
        folder.guide.find("deep-dive")


def test_two_snippet_files_of_one_page_are_an_error(folder: GuideFolder) -> None:
    folder.snippet("a_b", "# %% one\nprint(1)\n")
    folder.write("snippets/a-b.py", "# %% one\nprint(2)\n")
    assert "is the code of page a-b too" in str(folder.guide.errors[0])


@pytest.mark.parametrize(
    "text",
    [
        '"""A page begins a cell with\n# %% name\n"""\nhelped = 1\n',
        'FORM = "# %% name"\n',
        "if 1:\n    # %% no cell\n    helped = 1\n",
        '"""Only a docstring, with\n# %% name\n"""\n',
    ],
)
def test_a_module_that_only_speaks_of_cells_is_no_page(folder: GuideFolder, text: str) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    (folder.root / "snippets/helper.py").write_text(text)
    assert (list(folder.guide.snippets), folder.guide.errors) == (["page"], ())


def test_an_editors_lock_file_is_no_snippet_file(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    (folder.root / "snippets" / ".#page.py").symlink_to("nobody@nowhere")
    assert folder.guide.errors == ()


def test_a_parameter_that_no_page_has_is_an_error(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", "[tool.galley.profiles.laptop]\nrequired = true\nparameters = { devise = 'cpu' }\n")
    folder.snippet("page", "# %% parameters\ndevice = 'cpu'\n")
    assert str(folder.guide.errors[0]).startswith(
        "pyproject.toml:3: no page has the parameter 'devise' of profile laptop"
    )
