"""A path in a page's code that names a file of the project counts as used."""

from __future__ import annotations

from pathlib import Path

import pytest

from guide_folder import SETTINGS, GuideFolder

LITERALS = {
    "from the root": ("exists('data/words.txt')", True),
    "from the snippets": ("exists('near/words.txt')", True),
    "a link's name": ("exists('linked/words.txt')", True),
    "a bare name": ("exists('pyproject.toml')", False),
    "a page": ("exists('docs/page.md')", False),
    "no file": ("exists('data/nothing.txt')", False),
    "a folder": ("exists('data/../data')", False),
    "out of the project": ("exists('../outside.txt')", False),
    "a sentence": ("exists('and/or')", False),
}


@pytest.mark.parametrize("name", LITERALS)
def test_a_path_in_the_code_that_names_a_file_counts(tmp_path: Path, name: str) -> None:
    settings = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["linked"]\n')
    folder = GuideFolder.make(tmp_path / "guide", settings).without_sandbox()
    (tmp_path / "outside.txt").write_text("outside", encoding="utf-8")
    for file in ("data/words.txt", "snippets/near/words.txt", "snippets/linked/words.txt"):
        folder.write(file, "one")
    code, counts = LITERALS[name]
    folder.snippet("page", f"# %% one\nfrom os.path import exists\nprint({code})\n")
    assert not folder.run().failures
    assert {each.kind for each in folder.record("page").dependencies} == ({"file"} if counts else set())
