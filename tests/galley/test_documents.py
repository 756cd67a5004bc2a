"""What galley's own documentation shows works as it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import galley
from builders import article, plain, text_of
from guide_folder import GuideFolder, fence

DOCUMENTS = Path(__file__).parents[2] / "scripts" / "galley" / "docs"
FILE = re.compile(r"^`([\w./]+)`:\n\n```\w+\n(.*?\n)```\n", re.MULTILINE | re.DOTALL)


@pytest.fixture
def extended(folder: GuideFolder) -> GuideFolder:
    """The guide of `extending.md`, and a page that shows its cells."""
    for path, text in FILE.findall((DOCUMENTS / "extending.md").read_text(encoding="utf-8")):
        folder.write(path, text)
    folder.page("index", fence("index", "letters") + "\n" + fence("index", "squares"))
    return plain(folder)


def test_the_hook_and_the_kind_do_what_the_page_says(extended: GuideFolder) -> None:
    assert extended.run().failures == {}
    assert extended.output("index", "letters.value.txt").strip() == "{'a', 'b', 'n'}"
    assert extended.output("index", "squares.rows.tsv") == "n\tsquare\n2\t4\n3\t9"
    done = extended.mkdocs()
    assert done.returncode == 0, done.stdout
    html = article(extended.root / "site", "index")
    assert "<table><tr><td>n</td><td>square</td></tr><tr><td>2</td><td>4</td></tr>" in html
    assert "{'a', 'b', 'n'}" in text_of(html)


def test_what_can_be_imported_is_named() -> None:
    named = set(re.findall(r"`(\w+)`", (DOCUMENTS / "extending.md").read_text(encoding="utf-8").split("\n\n")[1]))
    assert named - {"galley"} == set(galley.__all__) - {"__version__"}


def test_each_document_is_named_in_the_readme() -> None:
    readme = (DOCUMENTS.parent / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in DOCUMENTS.glob("*.md")} <= set(re.findall(r"docs/(\w+\.md)", readme))
