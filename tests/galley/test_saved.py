"""Which pages a saved file belongs to, in a site that MkDocs has built."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import pytest
from mkdocs.commands.build import build
from mkdocs.config import load_config

from builders import plain
from galley.site.built import Built, Keep, nothing
from galley.site.preview import VARIABLE, FailedPage, write_failures
from galley.site.saved import MOST, Touched, touched
from guide_folder import GuideFolder, fence

Asks = Callable[..., Touched]


@pytest.fixture
def asks(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> Asks:
    """What is touched by files, by their paths from the root of a guide that has been built as the preview is."""
    plain(folder)
    folder.snippet("one", "# %% a\nprint(1)\n")
    folder.page("both", f"{fence('one', 'a')}\n{fence('two', 'a')}")
    folder.page("says", "It is {value}`three/a`.")
    folder.snippet("two", "# %% a\nprint(2)\n")
    folder.snippet("three", "# %% a\nprint(3)\n")
    folder.write("docs/note.txt", "a note")
    folder.write("snippets/helper.py", "word = 1\n")
    for number in range(MOST):
        folder.page(f"of-two-{number}", fence("two", "a"))
    preview = folder.root / ".cache/galley/preview.json"
    write_failures(preview, [])
    monkeypatch.setenv(VARIABLE, str(preview))
    monkeypatch.setattr(os, "getppid", os.getpid)
    with chdir(folder.root):
        config = load_config(str(folder.root / "mkdocs.yml"), strict=False)
        built = Built(config)
        config.plugins["keep"] = Keep(built, nothing)
        build(config)
    return lambda *names: touched([folder.root / name for name in names], config, built.files)


def test_a_page_and_a_picture_are_themselves(asks: Asks) -> None:
    assert asks("docs/one.md", "docs/note.txt") == Touched({"one.md"}, {"note.txt"})


def test_a_snippet_file_and_its_record_are_the_pages_that_show_them(asks: Asks) -> None:
    assert asks("snippets/one.py") == Touched({"one.md", "both.md"})
    assert asks("snippets/outputs/one/laptop/record.json") == Touched({"one.md", "both.md"})
    assert asks("snippets/three.py") == Touched({"three.md", "says.md"}), "a number in prose is of a cell"


def test_what_may_be_of_any_page_is_of_others(folder: GuideFolder, asks: Asks) -> None:
    for name in ("mkdocs.yml", "snippets/helper.py", "snippets/outputs/gone/laptop/record.json", "theme/main.html"):
        assert asks(name) == Touched(others=True), name
    assert asks("docs/nothing.md").nothing, "an editor's own file, which is gone by now"
    folder.page("new", "Words.")
    assert asks("docs/new.md") == Touched(others=True)
    (folder.root / "docs/one.md").unlink()
    assert asks("docs/one.md") == Touched(others=True)


def test_of_many_pages_the_whole_site_is_made(asks: Asks) -> None:
    assert asks("snippets/two.py") == Touched(others=True)


def test_a_failure_is_shown_where_its_cells_are_until_it_is_gone(folder: GuideFolder, asks: Asks) -> None:
    preview = Path(os.environ[VARIABLE])
    name = str(preview.relative_to(folder.root))
    for failures in ([FailedPage("one", "laptop", "a", "it failed", "why")], []):
        write_failures(preview, failures)
        assert asks(name) == Touched({"one.md", "both.md"})
    assert asks(name) == Touched(others=True), "it is written anew where something may have been missed"
