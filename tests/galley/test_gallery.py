"""A gallery: a picture and the title of each page of a folder, by `list="gallery"`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from guide_folder import GuideFolder, fence

DRAWS = """\
class Drawn:
    def __init__(self, word):
        self.word = word
    def _repr_svg_(self):
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><text>{self.word}</text></svg>'
"""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
GALLERY = '```python exec="on" list="gallery"\n```\n'


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """Pages with pictures in two folders, one without a picture, and one with pixels alone."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("gallery")))
    folder.snippet("a", f'# %% one\n{DRAWS}# %% two alt="first"\nDrawn("one")\n# %% three alt="second"\nDrawn("two")\n')
    folder.snippet("b", "# %% one\nprint(1)\n")
    pixels = f'class Pixels:\n    def _repr_png_(self): return "{PIXEL}"\n\nPixels()\n'
    folder.snippet("sub/c", f'# %% one alt="a pixel"\n{pixels}', shown=False)
    folder.page("sub/c", fence("sub/c", "one"), title="A <b> & c")
    folder.snippet("index", f'# %% one alt="of the index"\n{DRAWS}\nDrawn("index")\n', shown=False)
    folder.page("index", f"{GALLERY}\n{fence('index', 'one')}", title="All")
    folder.page("sub/all", GALLERY, title="Below")
    assert folder.run().failures == {}
    return folder


def cards(site: Path, page: str) -> list[tuple[str, str, str]]:
    """The address and the title of each card of a gallery, and what its picture says."""
    found = re.findall(r"<li[^>]*>(.*?)</li>", article(site, page).partition('id="list-gallery"')[2], re.DOTALL)
    links = [re.findall(r'<a href="([^"]*)">(.*?)</a>', card, re.DOTALL)[0] for card in found]
    labels = [re.findall(r'(?:aria-label|alt)="([^"]*)"', card) for card in found]
    return [(*link, *label[:1]) if label else (*link, "") for link, label in zip(links, labels, strict=True)]


@pytest.mark.parametrize("builder", ["mkdocs", "properdocs"])
def test_each_page_with_cells_is_a_card_but_for_a_folders_introduction(guide: GuideFolder, builder: str) -> None:
    BUILDERS[builder](guide)
    site = guide.root / "site"
    assert cards(site, "index") == [
        ("a.html", "A page", "first"),
        ("b.html", "A page", ""),
        ("sub/c.html", "A &lt;b&gt; &amp; c", "a pixel"),
    ]
    assert cards(site, "sub/all") == [("c.html", "A &lt;b&gt; &amp; c", "a pixel")]
    html = article(site, "index")
    assert html.count("<h2") == 1
    assert '<h2 id="gallery-sub">sub</h2>' in html, "a folder without an introduction has its name"
    assert 'src="data:image/png;base64,' in html


def test_a_cell_that_no_page_shows_is_in_no_gallery(guide: GuideFolder) -> None:
    path = guide.root / "snippets/b.py"
    path.write_text(f"{path.read_text(encoding='utf-8')}# %% never\nprint(2)\n", encoding="utf-8")
    assert guide.run().failures == {}
    BUILDERS["mkdocs"](guide)
    assert [title for _, title, _ in cards(guide.root / "site", "index")] == ["A page", "A page", "A &lt;b&gt; &amp; c"]


def test_the_tag_chooses_the_picture_and_makes_no_record_stale(guide: GuideFolder) -> None:
    path = guide.root / "snippets/a.py"
    text = path.read_text(encoding="utf-8").replace("# %% three alt", "# %% three [thumbnail] alt")
    path.write_text(text, encoding="utf-8")
    assert guide.status("a").reasons == ()
    BUILDERS["mkdocs"](guide)
    assert cards(guide.root / "site", "index")[0] == ("a.html", "A page", "second")


@pytest.mark.parametrize("tag", ["remove-cell", "shell"])
def test_a_cell_that_shows_no_picture_stands_for_no_page(folder: GuideFolder, tag: str) -> None:
    folder.snippet("page", f"# %% one [thumbnail, {tag}]\n# $ ls\n")
    (error,) = folder.guide.errors
    assert "names the cell whose picture stands for the page" in str(error)


def test_a_gallery_as_markdown_is_a_list_of_titles(guide: GuideFolder) -> None:
    settings = guide.root / "pyproject.toml"
    text = settings.read_text(encoding="utf-8").replace("[tool.galley]\n", "[tool.galley]\nmarkdown = true\n", 1)
    settings.write_text(text, encoding="utf-8")
    done = guide.galley("build")
    assert done.returncode == 0, done.stdout
    assert "- A <b> & c (sub/c.md)\n" in (guide.root / "site/index.md").read_text(encoding="utf-8")
