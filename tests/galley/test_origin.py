"""The project of a page that a builder converts, and the lines of its file that messages name."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.errors import GalleyError, Place
from galley.export.of_mkdocs import not_shown
from galley.site.origin import folder_of, origin, project_of
from galley.site.switched_on import switched_off
from guide_folder import GuideFolder, fence

PAGE = Path("docs/a.md")
FILE = "---\ntitle: A\n---\n# A\n\n\tindented\n  \nonce\n\ntwice\n\ntwice\n"


def lines_named(folder: GuideFolder, text: str) -> list[int]:
    """The line of the file that is named for each line of a text that is converted."""
    found = origin(folder.root, PAGE, text.split("\n"))
    errors = [GalleyError("wrong", Place(PAGE, found.above + line)) for line in range(1, text.count("\n") + 2)]
    placed = found.placed(errors)
    return [error.place.line for error in placed if isinstance(error, GalleyError) and error.place]


@pytest.fixture
def page(folder: GuideFolder) -> GuideFolder:
    """A guide with a page that has front matter, a tab, a line of blanks, and a line that it has twice."""
    folder.write("docs/a.md", FILE)
    return folder


def test_lines_of_the_file_keep_their_number_below_front_matter(page: GuideFolder) -> None:
    assert lines_named(page, "# A\n\n    indented\n\nonce\n\ntwice\n\ntwice") == [*range(4, 13)]


def test_of_other_lines_the_one_is_named_that_both_have_once(page: GuideFolder) -> None:
    assert lines_named(page, "# A\nnew\n    indented\nonce\ntwice") == [4, 0, 6, 8, 0]
    assert lines_named(page, "once\nnew\nonce") == [0, 0, 0]
    assert lines_named(page, f"{FILE}\nmore than the file has")[-1] == 0


def test_a_page_without_a_file_has_no_lines_and_an_error_elsewhere_keeps_its_own(page: GuideFolder) -> None:
    found = origin(page.root, Path("docs/none.md"), ["# None"])
    (here,) = found.placed([GalleyError("wrong", Place(Path("docs/none.md"), 1))])
    assert str(here) == "docs/none.md: wrong"
    others = [GalleyError("wrong", Place(Path("snippets/a.py"), 7)), GalleyError("no place"), ValueError("another")]
    assert found.placed(others) == others


def test_the_project_is_that_of_the_folder_of_pages_or_else_of_the_settings(
    folder: GuideFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    away = tmp_path_factory.mktemp("away")
    settings = str(folder.root / "mkdocs.yml")
    assert project_of(str(folder.root / "docs"), None).root == folder.root.resolve()
    assert project_of(str(away / "docs"), settings).root == folder.root.resolve()
    with pytest.raises(GalleyError, match=r"no pyproject\.toml"):
        project_of(str(away / "docs"), str(away / "mkdocs.yml"))
    (away / "docs").mkdir()
    (folder.root / "linked").symlink_to(away / "docs")
    assert folder_of(str(folder.root / "linked")) == folder.root.resolve() / "linked"
    (away / "guide").symlink_to(folder.root)
    assert folder_of(str(away / "guide/docs")) == folder.root.resolve() / "docs"


def test_settings_that_changed_are_read_again(folder: GuideFolder) -> None:
    docs = str(folder.root / "docs")
    assert not project_of(docs, None).csp
    text = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    folder.write("pyproject.toml", text.replace("[tool.galley]\n", "[tool.galley]\ncsp = true\n"))
    assert project_of(docs, None).csp


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("zensical.toml", '[project]\nsite_name = "A"\ndocs_dir = "pages"\n[project.markdown_extensions.galley]\n', ""),
        ("mkdocs.yml", "site_name: A\nmarkdown_extensions: [galley]\ndocs_dir: ./pages/\n", ":3"),
        ("mkdocs.yml", "INHERIT: base.yml\nmarkdown_extensions: [galley]\n", ":1"),
    ],
)
def test_a_builder_that_reads_other_pages_is_told_by_its_settings(
    folder: GuideFolder, name: str, text: str, line: str
) -> None:
    (folder.root / "mkdocs.yml").unlink()
    folder.write("base.yml", "docs_dir: pages\nsite_name: A\n")
    folder.write(name, text)
    folder.snippet("a", "# %% one\n1\n")
    (found,) = switched_off(folder.guide)
    place = "base.yml:1" if "INHERIT" in text else f"{name}{line}"
    assert str(found).startswith(f"{place}: other pages: the builder makes its site of the pages in ")
    folder.write(name, text.replace("pages", "docs"))
    folder.write("base.yml", "docs_dir: docs\nsite_name: A\n")
    assert switched_off(folder.guide) == []


def test_what_mkdocs_alone_reads_is_counted_in_prose() -> None:
    text = "---\ntitle: '{{ a }}'\n---\n# A\n\n{% if a %}\n`{{ code }}` {{ b }}\n\n```\n!!! note\n{{ c }}\n```\n"
    more = f'!!! note\n    A.\n\n=== "Tab"\n\n--8<-- "a.md"\n\n{fence("a", "one")}'
    assert list(not_shown(PAGE, f"{text}\n{more}".split("\n"))) == [
        "docs/a.md: 1 admonition, which MkDocs alone reads",
        "docs/a.md: 1 tab, which MkDocs alone reads",
        "docs/a.md: 1 included file, which MkDocs alone reads",
        "docs/a.md: 2 template's lines, which a plug-in of the builder fills in; the copy that the site offers has it",
    ]
