"""YAML that is nested more deeply than its reader in C can follow, which would end the whole process."""

from __future__ import annotations

import pytest

from galley.source.nested import DEEPEST, settings_too_deep, too_deep
from guide_folder import GuideFolder, fence

FATAL = 200_000  # levels at which libyaml's composer ends the process
WAYS = {
    "lists in brackets": "[" * FATAL,
    "brackets that are closed": "[" * FATAL + "]" * FATAL,
    "tables in braces": "{a: " * FATAL,
    "lists of one item": "- " * FATAL,
    "keys that are keys": "? " * FATAL,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_page_whose_settings_no_builder_survives_is_told_and_the_others_with_it(
    folder: GuideFolder, way: str
) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.page("deep", "Words.")
    page = (folder.root / "docs/deep.md").read_text()
    folder.write("docs/deep.md", f"--- \ntitle: x\ndeep:\n {WAYS[way]}\n...\n{page}")
    found = {str(each.place): each.what for each in folder.findings()}
    assert found["docs/deep.md:4"] == "the settings at its top are nested too deeply"
    assert any(place.startswith("snippets/page.py") for place in found)
    assert folder.galley("build").returncode == 1


@pytest.mark.parametrize("way", WAYS)
def test_a_settings_file_that_is_nested_too_deeply_is_told_with_its_line(folder: GuideFolder, way: str) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    settings = (folder.root / "mkdocs.yml").read_text()
    folder.write("mkdocs.yml", f"{settings}extra:\n {WAYS[way]}\n")
    done = folder.galley("check")
    line = settings.count("\n") + 2
    assert done.returncode > 0, done.stdout
    assert f"mkdocs.yml:{line}: unreadable: not readable as YAML: it is nested too deeply" in done.stdout


@pytest.mark.parametrize("text", [
    "[" * DEEPEST + "]" * DEEPEST,
    "nav:\n" + "  - a.md\n" * 10_000,
    "a: [b]\n" * 10_000,
    "words - with [ signs ? {\n" * 1_000,
    "a: 'x\n" + "[" * FATAL,
    "",
])  # fmt: skip
def test_what_people_write_and_what_is_no_yaml_is_not_too_deep(text: str) -> None:
    assert too_deep(text) == 0
    assert settings_too_deep([*text.split("\n")]) == 0


def test_only_the_settings_of_a_page_count(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.page("page", f"{fence('page', 'one')}\n---\n\n{WAYS['brackets that are closed'][:2000]}\n")
    assert not [each for each in folder.findings() if "nested" in each.what]
    assert settings_too_deep(["---", "[" * FATAL]) == 2
    assert settings_too_deep(["---", "a: 1", "---", "[" * FATAL]) == 0
