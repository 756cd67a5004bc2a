"""A page in several languages: one snippet file that runs once, and for each page its own prose, files and links."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from guide_folder import GuideFolder, fence

CODE = "# %% one\nprint(1)\n# %% two\nprint(2)\n# %% three\nprint(3)\n"
PLUGIN = """\
plugins:
  - i18n:
      docs_structure: {structure}
      languages:
        - {{locale: en, default: true, name: English, build: true}}
        - {{locale: de, name: Deutsch, build: true}}
"""
STRUCTURES = {"suffix": ("{page}.en", "{page}.de"), "folder": ("en/{page}", "de/{page}")}
SAID = ("English prose.", "Deutscher Text.")
LIST = '```python exec="on" list="states"\n```\n'


def bilingual(root: Path, structure: str, cells: str = "one two three") -> GuideFolder:
    """A guide with a page in two languages, which is recorded."""
    folder = GuideFolder.make(root)
    folder.snippet("x", CODE, shown=False)
    for name, said in zip(STRUCTURES[structure], SAID, strict=True):
        shown = "\n".join(fence("x", cell) for cell in cells.split())
        folder.page(name.format(page="x"), f"{said}\n\n{shown}", title=said)
    ended = folder.run()
    assert not ended.failures
    assert ended.said.count("x (laptop): recorded") == 1, "nothing runs twice"
    return folder


@pytest.mark.parametrize("structure", STRUCTURES)
def test_a_page_s_export_has_the_prose_of_that_page(tmp_path: Path, structure: str) -> None:
    folder = bilingual(tmp_path, structure)
    for name, said in zip(STRUCTURES[structure], SAID, strict=True):
        page = name.format(page="x")
        for asked in (f"docs/{page}.md", f"{page}.md", page, f"docs/{page}"):
            text = folder.galley("export", asked, "-o", "-").stdout
            assert [each for each in SAID if f"# {each}\n" in text] == [said], asked
            assert "# %% three" in text


def test_a_translation_comes_behind_the_page_of_the_plain_name(folder: GuideFolder) -> None:
    folder.snippet("x", CODE)
    for name in ("x.de", "x.zh"):
        folder.page(name, "\n".join(fence("x", cell) for cell in ("one", "two", "three")))
    guide = folder.guide
    snippets = guide.snippets["x"]
    assert guide.page_file(snippets) == folder.root / "docs/x.md"
    assert [each.name for each in guide.pages_of(snippets)] == ["x.de.md", "x.md", "x.zh.md"]
    assert guide.page_asked(snippets, "x") == folder.root / "docs/x.md"
    folder.page("x.zh", fence("x", "one"))
    guide = folder.guide
    assert [each.name for each in guide.pages_of(guide.snippets["x"])] == ["x.de.md", "x.md"]


def test_a_page_that_shows_a_part_of_another_s_file_can_be_exported(folder: GuideFolder) -> None:
    folder.snippet("x", CODE)
    folder.page("index", f"Welcome.\n\n{fence('x', 'one')}")
    assert not folder.run().failures
    text = folder.galley("export", "docs/index.md", "-o", "-").stdout
    assert "# Welcome." in text
    assert "# %% three" in text, "all of the code runs"


def test_a_page_called_after_a_version_keeps_its_files_beside_it(folder: GuideFolder) -> None:
    folder.snippet("x", CODE, shown=False)
    folder.page("release-1.2", "\n".join(fence("x", cell) for cell in ("one", "two", "three")))
    assert not folder.run().failures
    assert folder.mkdocs().returncode == 0
    assert (folder.root / "site/x.py").is_file()


def test_a_review_quotes_the_sentences_of_every_language(tmp_path: Path) -> None:
    folder = bilingual(tmp_path / "guide", "suffix")
    folder.write("snippets/x.py", CODE.replace("print(1)", "print(1234.5)"))
    for name, said in zip(("en", "de"), SAID, strict=True):
        text = (folder.root / f"docs/x.{name}.md").read_text(encoding="utf-8")
        folder.write(f"docs/x.{name}.md", text.replace(said, f"{said} 1234.5 {{value}}`x/one`."))
    assert not folder.run().failures
    before = folder.copied(tmp_path / "before")
    folder.write("snippets/x.py", CODE.replace("print(1)", "print(77777)"))
    assert not folder.run().failures
    said = folder.galley("review", str(before.root)).stdout
    for name in ("en", "de"):
        assert f"docs/x.{name}.md:3: it quotes 1234.5, which stays as it is" in said
        assert f"docs/x.{name}.md:3: 1234.5 becomes 77777" in said


@pytest.mark.parametrize("cells", ["one two three", "one three"])
@pytest.mark.parametrize("directories", [True, False])
def test_each_page_offers_its_own_files_without_a_plugin(tmp_path: Path, cells: str, directories: bool) -> None:
    folder = bilingual(tmp_path, "suffix", cells)
    folder.page("rest", fence("x", "two"))
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", settings.replace("urls: false", f"urls: {str(directories).lower()}"))
    done = folder.mkdocs()
    assert done.returncode == 0, done.stdout
    site = folder.root / "site"
    assert sorted(path.relative_to(site).as_posix() for path in site.rglob("x.py")) == ["x.de/x.py", "x.en/x.py"]
    for name, said in zip(("en", "de"), SAID, strict=True):
        page = (site / f"x.{name}{'/index' * directories}.html").read_text(encoding="utf-8")
        assert f'href="{"" if directories else f"x.{name}/"}x.py"' in page
        assert f"# {said}\n" in (site / f"x.{name}/x.py").read_text(encoding="utf-8")


@pytest.mark.skipif(not find_spec("mkdocs_static_i18n"), reason="mkdocs-static-i18n is not installed")
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("directories", [True, False])
def test_static_i18n_builds_each_language_with_its_own_files_and_links(
    tmp_path: Path, structure: str, directories: bool
) -> None:
    folder = bilingual(tmp_path, structure, "one two")
    folder.page("rest", fence("x", "three"), title="The rest")
    for name in STRUCTURES[structure]:
        folder.page(name.format(page="index"), LIST)
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8").replace("plugins: []\n", "")
    settings = settings.replace("urls: false", f"urls: {str(directories).lower()}")
    folder.write("mkdocs.yml", settings + PLUGIN.format(structure=structure))
    done = folder.mkdocs()
    assert done.returncode == 0, done.stdout
    site = folder.root / "site"
    for below, said in zip(("", "de/"), SAID, strict=True):
        way = f"{below}x/" if directories else below
        assert f"# {said}\n" in (site / f"{way}x.py").read_text(encoding="utf-8")
        listed = (site / f"{below}index.html").read_text(encoding="utf-8")
        assert f'<a href="{"x/" if directories else "x.html"}">{said}</a>' in listed
        assert (site / f"{below}{'x/index' if directories else 'x'}.html").is_file()
