"""The one line that switches galley on: the fence, the styles and the scan, beside whatever else a site loads."""

from __future__ import annotations

import json
import re
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import markdown
import pytest
from markdown_exec import MarkdownConverter

import galley
from builders import BUILDERS, STYLE, article, builds, plain, text_of
from galley.site.extension import GalleyExtension
from guide_folder import GuideFolder, command, fence, python

ROOT = Path(__file__).parents[2]
GOOD = fence("one", "first")
ONE_LINE = "site_name: A guide\nuse_directory_urls: false\ntheme:\n  name: material\nplugins: []\n"
ORDERS = {
    "alone": "markdown_extensions: [galley]\n",
    "before": "markdown_extensions: [galley, pymdownx.highlight, pymdownx.superfences]\n",
    "after": "markdown_extensions: [pymdownx.superfences, galley]\n",
    "with others": "markdown_extensions: [galley, fenced_code, tables]\n",
    "in a bundle": "markdown_extensions: [galley, pymdownx.extra]\n",
    "with a class for the language": (
        "markdown_extensions: [{pymdownx.highlight: {pygments_lang_class: true, anchor_linenums: true}}, galley]\n"
    ),
    "as a mapping": "markdown_extensions:\n  galley: {}\n  pymdownx.superfences: {}\n",
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page with a true record."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("recorded"))
    folder.snippet("one", "# %% first\nprint('printed')\n# %% drawn\nprint('drawn')\n")
    folder.page("prose", "Words alone.\n")
    assert not folder.run().failures
    return folder


@pytest.fixture
def guide(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of it that a test may spoil, with a theme of one line."""
    return plain(recorded.copied(tmp_path))


@pytest.mark.parametrize("builder", BUILDERS)
def test_each_block_has_an_id_of_its_own_for_the_copy_button(guide: GuideFolder, builder: str) -> None:
    held = '<div id="held" markdown="1">\n\n```python\n1\n```\n\n```python\n2\n```\n\n</div>\n<pre id="mine">3</pre>\n'
    guide.page("one", fence("one", "first") + held + fence("one", "drawn") + '<p title="<pre >">a title</p>\n')
    set_extensions(guide, "markdown_extensions: [galley, md_in_html]\n")
    html = builds(builder, "one")(guide)
    names = re.findall(r"<pre\b[^>]*? id=\"?([\w-]+)", html)
    assert len(names) == len(re.findall(r"<pre\b[^>]*>", html.replace('title="<pre', ""))) + 1 >= 8
    assert len(set(names)) == len(names)
    assert "mine" in names
    assert '<p title="<pre id=galley-block-7 >">a title</p>' in html


def set_extensions(guide: GuideFolder, lines: str) -> None:
    """Write mkdocs.yml with these lines for the extensions."""
    guide.write("mkdocs.yml", ONE_LINE + lines)
    plain(guide)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("builder", BUILDERS)
def test_the_line_brings_the_fence_wherever_superfences_stands(guide: GuideFolder, builder: str, order: str) -> None:
    set_extensions(guide, ORDERS[order])
    html = builds(builder, "one")(guide)
    assert text_of(html).count("printed") == 2, "the code, and what it printed"
    assert "exec=" not in html
    assert re.search(r'class="(?:language-python )?galley-code highlight"', html)


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_page_with_a_fence_carries_the_styles_once_and_any_other_none(guide: GuideFolder, builder: str) -> None:
    builds(builder, "one")(guide)
    text = (guide.root / "site/one.html").read_text(encoding="utf-8")
    assert len(STYLE.findall(text)) == 1
    assert re.match(r"<article>\s*<style>[^<]*\.galley-cell", text)
    assert ".galley-token" not in text, "no cell here shows tokens"
    assert not STYLE.search((guide.root / "site/prose.html").read_text(encoding="utf-8"))


TOML = '[project]\nsite_name = "A guide"\nuse_directory_urls = false\n\n[project.markdown_extensions.galley]\n'


def test_the_line_works_in_zensicals_own_settings(guide: GuideFolder) -> None:
    pytest.importorskip("zensical")
    (guide.root / "mkdocs.yml").unlink()
    guide.write("zensical.toml", TOML)
    done = guide.call([command("zensical"), "build", "--clean"])
    assert done.returncode == 0, done.stdout
    assert "printed" in text_of(article(guide.root / "site", "one"))
    assert len(STYLE.findall((guide.root / "site/one.html").read_text(encoding="utf-8"))) == 1


SEARCHES = {
    "mkdocs": ("null", ["mkdocs", "build"], "search/search_index.json"),
    "material": ("material", ["mkdocs", "build"], "search/search_index.json"),
    "properdocs": ("null", ["properdocs", "build", "-f", "mkdocs.yml"], "search/search_index.json"),
    "zensical": ("material", ["zensical", "build", "--clean"], "search.json"),
}


@pytest.mark.parametrize("case", SEARCHES)
def test_the_search_does_not_take_the_styles_for_words(recorded: GuideFolder, tmp_path: Path, case: str) -> None:
    theme, (name, *words), index = SEARCHES[case]
    guide = recorded.copied(tmp_path)
    settings = guide.root / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("plugins: []", "plugins: [search]"))
    if theme == "null":
        plain(guide)  # Material brings a search of its own
    else:
        pytest.importorskip(theme, reason="the theme is not installed")
        settings.write_text(settings.read_text().replace("name: mkdocs", f"name: {theme}"))
    done = guide.call([command(name), *words])
    assert done.returncode == 0, done.stdout
    found = json.dumps(json.loads((guide.root / "site" / index).read_text(encoding="utf-8")))
    assert "printed" in found
    assert "galley-cell" not in found
    assert len(STYLE.findall((guide.root / "site/one.html").read_text(encoding="utf-8"))) == 1


OTHERS = """\
markdown_extensions:
  - galley
  - pymdownx.superfences:
      custom_fences:
        - name: mermaid
          class: mermaid
        - name: python
          class: mine
"""


def test_other_custom_fences_go_on_working(guide: GuideFolder) -> None:
    set_extensions(guide, OTHERS)
    text = (guide.root / "mkdocs.yml").read_text()
    guide.write("mkdocs.yml", text.replace("plugins: []", "plugins: [markdown-exec]"))
    others = "```mermaid\na --> b\n```\n\n```python\nx = 1\n```\n\n```tree\nroot\n  leaf\n```\n"
    guide.page("one", f"{others}\n{GOOD}\n{others}")
    html = builds("mkdocs", "one")(guide)
    assert len(re.findall('<pre id=[\\w-]+ class="mermaid"><code>a --&gt; b', html)) == 2
    assert len(re.findall('<pre id=[\\w-]+ class="mine"><code>x = 1', html)) == 2
    assert html.count("</span>leaf") == 2, "markdown-exec's own"
    assert html.count('id="cell-one-first"') == 1


def test_a_part_of_a_page_that_another_fence_converts_is_not_scanned_again(
    guide: GuideFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(guide.root)
    assert "printed" in text_of(converted(GOOD, made="*words*"))
    assert "<em>words</em>" in converted(GOOD, made="*words*")
    assert "not closed" in converted(GOOD, made="```text\nnot closed"), "the scan would refuse it"
    with pytest.raises(Exception, match="a fence of galley's in what another fence made"):
        converted(GOOD, made=GOOD)


def converted(body: str, made: str) -> str:
    """A page converted by Python-Markdown alone, with a fence of the user's own that makes Markdown."""

    def form(src: str, language: str, class_name: str, options: Any, md: Any, **rest: Any) -> str:
        return str(MarkdownConverter(md).convert(made))

    return markdown.markdown(
        f"{body}\n```made\n```\n\n{body.replace('first', 'drawn')}",
        extensions=["galley", "pymdownx.superfences", "toc"],
        extension_configs={
            "pymdownx.superfences": {"custom_fences": [{"name": "made", "class": "made", "format": form}]}
        },
    )


def test_the_extension_is_found_by_its_name_and_by_its_module() -> None:
    assert galley.makeExtension is GalleyExtension
    file = ROOT / "scripts/galley/pyproject.toml"
    if file.is_file():
        group = tomllib.loads(file.read_text(encoding="utf-8"))["project"]["entry-points"]["markdown.extensions"]
        assert EntryPoint("galley", group["galley"], "markdown.extensions").load() is GalleyExtension


def test_importing_galley_stays_cheap(guide: GuideFolder) -> None:
    done = guide.call(
        python("import sys, galley; print([n for n in sys.modules if n.split('.')[0] in ('markdown', 'click')])")
    )
    assert done.stdout.strip() == "[]"
