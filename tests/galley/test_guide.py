"""Reading a whole guide: what is readable, what is not, and what a name on the command line means."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from galley.errors import GalleyError, UsageError
from guide_folder import GuideFolder, command, fence


def test_pages_and_snippet_files_are_read(folder: GuideFolder) -> None:
    folder.snippet("one", "# %% first\na = 1\n")
    folder.write("snippets/helper.py", "def helped(): ...\n")
    folder.write("docs/deep/below.md", f"# Below\n\n{fence('one', 'first')}")
    guide = folder.guide
    assert list(guide.snippets) == ["one"]
    assert [str(each.place) for each in guide.fences] == ["docs/deep/below.md:3", "docs/one.md:3"]
    assert guide.errors == ()


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


def page_of(folder: GuideFolder, stem: str) -> str:
    """The page that a snippet file belongs to."""
    guide = folder.guide
    return str(guide.project.relative(guide.page_file(guide.snippets[stem])))


CODE = "# %% first\na = 1\n# %% second\nb = 2\n# %% third\nc = 3\n"


@pytest.mark.parametrize(
    ("pages", "own"),
    [
        ({"sub/deep": "first second third"}, "docs/sub/deep.md"),
        ({"my_page": "third"}, "docs/my_page.md"),
        ({"a": "first", "b": "first second third"}, "docs/b.md"),
        ({"a": "second third", "b": "first"}, "docs/a.md"),
        ({"a": "second", "b": "first"}, "docs/b.md"),
        ({"a": "second second second", "b": "first third"}, "docs/b.md"),
        ({"a": "first", "b": "first"}, "docs/a.md"),
        ({}, "docs/my-code.md"),
    ],
)
def test_a_snippet_file_belongs_to_the_page_that_shows_most_of_it(
    folder: GuideFolder, pages: dict[str, str], own: str
) -> None:
    folder.snippet("my_code", CODE, shown=False)
    for page, cells in pages.items():
        folder.page(page, "\n".join(fence("my_code", cell) for cell in cells.split()))
    assert page_of(folder, "my_code") == own


@pytest.mark.parametrize("name", ["docs/sub/deep.md", "sub/deep", "deep", "my_code", "my-code", "snippets/my_code.py"])
def test_a_snippet_file_is_found_by_the_page_that_shows_it(folder: GuideFolder, name: str) -> None:
    folder.snippet("my_code", CODE, shown=False)
    folder.page("sub/deep", fence("my_code", "first"))
    assert folder.guide.find(name).stem == "my_code"


def test_a_page_of_two_snippet_files_is_told_with_both(folder: GuideFolder) -> None:
    for stem in ("one", "two"):
        folder.snippet(stem, CODE, shown=False)
    folder.page("both", fence("one", "first") + fence("two", "first"))
    with pytest.raises(UsageError, match=r"several snippet files belong to 'both'\n    name one: one, two"):
        folder.guide.find("both")


def test_a_parameter_that_no_page_has_is_an_error(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", "[tool.galley.profiles.laptop]\nrequired = true\nparameters = { devise = 'cpu' }\n")
    folder.snippet("page", "# %% parameters\ndevice = 'cpu'\n")
    assert str(folder.guide.errors[0]).startswith(
        "pyproject.toml:3: no page has the parameter 'devise' of profile laptop"
    )


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero"), Path.mkdir])
@pytest.mark.parametrize("name", ["docs/odd.md", "snippets/odd.py"])
def test_a_page_or_snippet_file_that_is_no_plain_file_is_told_and_not_waited_for(
    folder: GuideFolder, name: str, make: Callable[[Path], object]
) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    make(folder.root / name)
    (error,) = folder.guide.errors
    assert str(error).startswith(f"{name}: is no plain file")
    assert list(folder.guide.snippets) == ["page"]


@pytest.mark.parametrize("name", ["docs/odd.md", "snippets/odd.py"])
def test_a_page_or_snippet_file_that_would_fill_the_memory_is_told_and_not_read(folder: GuideFolder, name: str) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    for size, told in ((16_050_001, "has 16.1 MB, and a text may have 16 MB"), (40_000_000, "has 40.0 MB")):
        with (folder.root / name).open("wb") as file:
            file.truncate(size)
        (error,) = folder.guide.errors
        assert str(error).startswith(f"{name}: {told}")
        assert list(folder.guide.snippets) == ["page"]


@pytest.mark.parametrize("stem", ['a"b', "a\nb", "-all", "<img src=x>", "a`b"])
def test_a_snippet_file_that_no_fence_or_command_can_name_is_told(folder: GuideFolder, stem: str) -> None:
    folder.snippet(stem, "# %% one\nprint(1)\n", shown=False)
    (error,) = folder.guide.errors
    assert f"{stem!r} cannot be named in a fence or on a command line" in str(error)


def test_two_snippet_files_whose_names_differ_in_their_letters_alone_are_told(folder: GuideFolder) -> None:
    for stem in ("page", "Page"):
        folder.snippet(stem, "# %% one\nprint(1)\n", shown=False)
    (error,) = folder.guide.errors
    assert "is the code of page page too" in str(error)


def test_a_command_that_mends_can_be_typed_whatever_the_files_name(folder: GuideFolder) -> None:
    folder.snippet("a page; ls", "# %% one\nprint(1)\n")
    (finding,) = folder.findings()
    assert finding.mend == "galley run 'a page; ls'"
    assert folder.call(["sh", "-c", f"{command('galley')} {finding.mend.removeprefix('galley ')}"]).returncode == 0
    assert folder.findings() == []


def test_a_folder_without_cells_is_not_said_to_have_true_records(folder: GuideFolder) -> None:
    assert folder.run().said == "nothing to run: no file in snippets has cells\n"
