"""What the site tells other programs: each page's head, the feed, llms.txt, the badge, and what is left out."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from galley.config import find_project
from galley.record.status import status
from galley.source.guide import Guide, read_guide
from guide_site import DOCS, built, own_pages, pages_of_galley

ROOT = Path(__file__).parents[2]
ADDRESS, REPOSITORY = "https://guide.example/path/", "https://github.com/someone/guide"
ATOM = "{http://www.w3.org/2005/Atom}"
LONGEST = 155  # characters of a description that search engines show
ADDRESSES = {"SITE_URL": ADDRESS, "REPO_URL": REPOSITORY}


class Head(HTMLParser):
    """The title of a page, its `meta` and `link` elements, its data for programs, and its links."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.title, self.meta, self.links, self.anchors, self.data = "", {}, [], [], ""
        self._open = ""
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._open = "data" if given.get("type") == "application/ld+json" else tag
        if tag == "meta" and (name := given.get("property") or given.get("name")):
            assert name not in self.meta or name == "theme-color", f"{name} stands twice"
            self.meta[name] = given["content"]
        if tag == "link":
            self.links.append(given)
        if tag == "a" and given.get("href"):
            self.anchors.append(given["href"])

    def handle_data(self, data: str) -> None:
        if self._open == "title" and not self.title:
            self.title = data
        if self._open == "data":
            self.data += data

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def linked(self, kind: str) -> list[str]:
        """The addresses of the `link` elements of a `type` or a `rel`."""
        return [each["href"] for each in self.links if kind in (each.get("type"), each.get("rel"))]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as readers find it."""
    return built(tmp_path_factory.mktemp("published"), **ADDRESSES)


@pytest.fixture(scope="module")
def heads(site: Path) -> dict[str, Head]:
    """What the head of each page of the guide says."""
    return {page: Head(site / page / "index.html") for page in own_pages(site)}


@pytest.fixture(scope="module")
def below(site: Path) -> dict[str, Head]:
    """What the head of each page of galley's documentation says."""
    return {page: Head(site / page / "index.html") for page in pages_of_galley(site)}


@pytest.fixture(scope="module")
def guide() -> Guide:
    """The guide, read once."""
    return read_guide(find_project(ROOT))


def test_each_page_has_a_title_and_a_description_of_its_own(heads: dict[str, Head], below: dict[str, Head]) -> None:
    assert len(heads) > 10
    assert len(below) > 10
    for what in ("og:title", "og:description", "description", "og:url"):
        said = [head.meta[what] for head in (*heads.values(), *below.values())]
        assert len(set(said)) == len(said), what
    for page, head in {**heads, **below}.items():
        assert head.title == f"{head.meta['og:title']} · {head.meta['og:site_name']}"
        assert head.meta["og:description"] == head.meta["description"]
        assert 50 <= len(head.meta["description"]) <= LONGEST, f"{page}: {len(head.meta['description'])}"


def test_the_card_is_there_in_the_size_that_is_stated(site: Path, heads: dict[str, Head]) -> None:
    for head in heads.values():
        assert head.meta["og:image"] == f"{ADDRESS}assets/card.png"
        assert head.meta["twitter:card"] == "summary_large_image"
    card = (site / "assets/card.png").read_bytes()
    assert card.startswith(b"\x89PNG")
    size = tuple(int.from_bytes(card[at : at + 4], "big") for at in (16, 20))
    assert size == tuple(int(heads["."].meta[f"og:image:{side}"]) for side in ("width", "height"))


def test_the_day_in_each_page_is_that_of_its_record(heads: dict[str, Head], guide: Guide) -> None:
    project, dated = guide.project, 0
    owners = {guide.page_file(each).relative_to(project.docs): each for each in guide.snippets.values()}
    for page, head in heads.items():
        data = json.loads(head.data)
        assert data["@type"] == "TechArticle"
        assert (data["headline"], data["url"]) == (head.meta["og:title"], head.meta["og:url"])
        own = owners.get(Path("index.md" if page == "." else f"{page}.md"))
        if own:
            dated += 1
            assert data["dateModified"] == status(project, own, project.required[0]).record.date
        elif page in ("status", "claims", "how-it-works", "changes"):
            assert "dateModified" not in data, "nothing on this page was run"
    assert dated == len(guide.snippets)


def test_each_page_leads_to_itself_as_markdown_with_what_was_printed(site: Path, guide: Guide) -> None:
    for page in (*own_pages(site), *pages_of_galley(site)):
        (twin,) = Head(site / page / "index.html").linked("text/markdown")
        file = site / page / twin
        assert file.resolve().is_relative_to(site)
        assert file.is_file()
    for page in own_pages(site):
        (twin,) = Head(site / page / "index.html").linked("text/markdown")
        file = site / page / twin
        text = file.read_text(encoding="utf-8")
        assert "# " in text
        assert 'exec="on"' not in re.sub(r"````markdown.*?````|    ```.*?\n    ```", "", text, flags=re.DOTALL), page
    printed = guide.project.outputs / "deep-dive" / "laptop"
    text = (site / "deep-dive.md").read_text(encoding="utf-8")
    files = sorted(printed.glob("*stdout*.txt"))
    assert len(files) > 5
    for file in files:
        assert file.read_text(encoding="utf-8").rstrip() in text, file.name


def test_llms_txt_leads_to_every_page_and_to_that_of_the_site_below(
    site: Path, heads: dict[str, Head], below: dict[str, Head]
) -> None:
    named = []
    for file, more in (("llms.txt", [f"{ADDRESS}{DOCS}/llms.txt"]), (f"{DOCS}/llms.txt", [])):
        text = (site / file).read_text(encoding="utf-8")
        assert text.startswith("# ")
        links = re.findall(r"^- \[[^]]+\]\(([^)]+)\): ", text, flags=re.MULTILINE)
        assert links[len(links) - len(more) :] == more
        named += links
    assert len(named) == len(heads) + len(below) + 1
    for link in named:
        assert (site / link.removeprefix(ADDRESS)).is_file(), link


def test_the_feed_has_an_entry_for_each_day_of_the_changelog(site: Path, heads: dict[str, Head]) -> None:
    feed = ElementTree.parse(site / "feed.xml").getroot()
    days = re.findall(r"^## (\S+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    entries = feed.findall(f"{ATOM}entry")
    assert [each.findtext(f"{ATOM}title") for each in entries] == days
    assert feed.findtext(f"{ATOM}updated") == f"{days[0]}T00:00:00Z"
    anchors = (site / "changes/index.html").read_text(encoding="utf-8")
    for each, day in zip(entries, days, strict=True):
        assert each.find(f"{ATOM}link").get("href") == f"{ADDRESS}changes/#{day}"
        assert f'id="{day}"' in anchors
        content = each.findtext(f"{ATOM}content")
        assert "<li>" in content
        assert "<h2" not in content, "an entry holds its own day alone"
    ways = {f"{up}feed.xml" for up in ("", "../", "../../")}
    assert {head.linked("application/atom+xml")[0] for head in heads.values()} == ways


def test_robots_and_the_sitemaps_name_both_sites(site: Path, heads: dict[str, Head], below: dict[str, Head]) -> None:
    robots = (site / "robots.txt").read_text(encoding="utf-8").splitlines()
    for folder, found in (("", heads), (f"{DOCS}/", below)):
        assert f"Sitemap: {ADDRESS}{folder}sitemap.xml" in robots
        listed = re.findall(r"<loc>(.*?)</loc>", (site / folder / "sitemap.xml").read_text(encoding="utf-8"))
        assert set(listed) == {head.linked("canonical")[0] for head in found.values()}
        assert all(each.startswith(f"{ADDRESS}{folder}") for each in listed)


def test_the_site_below_has_nothing_that_is_about_the_guide(site: Path, below: dict[str, Head]) -> None:
    for name in ("badge.svg", "feed.xml", "robots.txt", "assets/card.png"):
        assert (site / name).is_file(), name
        assert not (site / DOCS / name).exists(), name
    for head in below.values():
        assert not head.linked("application/atom+xml")
        assert "og:image" not in head.meta
        assert "image" not in json.loads(head.data)
        assert head.meta["twitter:card"] == "summary"


def test_the_site_below_looks_as_the_guide_does(site: Path) -> None:
    own = [*(site / "stylesheets").iterdir(), *(site / "assets/fonts").glob("*.woff2"), site / "assets/mark.svg"]
    assert len(own) > 4
    for path in own:
        assert (site / DOCS / path.relative_to(site)).read_bytes() == path.read_bytes()


def test_both_sites_lead_to_each_other(site: Path, heads: dict[str, Head], below: dict[str, Head]) -> None:
    for found, there in ((heads, site / DOCS), (below, site)):
        for page, head in found.items():
            ways = [each for each in head.anchors if (site / page / each).resolve() == there.resolve()]
            assert len(ways) >= 2, f"{page} leads there in its menu and at its foot"


def test_a_link_into_the_documentation_leads_there_on_the_page_and_in_its_markdown(site: Path) -> None:
    anchors = Head(site / "how-it-works/index.html").anchors
    assert f"../{DOCS}/records/" in anchors
    assert f"]({DOCS}/records.md)" in (site / "how-it-works.md").read_text(encoding="utf-8")


def test_the_badge_says_what_the_records_say(site: Path, guide: Guide) -> None:
    badge = ElementTree.parse(site / "badge.svg").getroot()
    claims = sum("claim" in cell.tags for each in guide.snippets.values() for cell in each.cells)
    records = [status(guide.project, each, guide.project.required[0]).record for each in guide.snippets.values()]
    assert badge.get("aria-label") == f"{claims} claims, checked {min(record.date for record in records)}"


def test_each_page_says_where_to_mend_it_and_under_which_licence(
    heads: dict[str, Head], below: dict[str, Head]
) -> None:
    for page, head in below.items():
        source = page.removeprefix(DOCS).removeprefix("/") or "index"
        assert f"{REPOSITORY}/edit/main/scripts/galley/docs/{source}.md" in head.anchors
    for page, head in heads.items():
        source = f"{page}/index".removeprefix("./") if (ROOT / "docs" / page).is_dir() else page
        assert f"{REPOSITORY}/edit/main/docs/{source}.md" in head.anchors
        assert any(each.startswith(f"{REPOSITORY}/issues/new?title=Error%3A%20") for each in head.anchors), page
        assert "https://www.apache.org/licenses/LICENSE-2.0" in head.anchors


def test_a_wrong_address_leads_to_every_page(site: Path, heads: dict[str, Head]) -> None:
    text = (site / "404.html").read_text(encoding="utf-8")
    article = text.partition("<article")[2].partition("</article>")[0]
    anchors = {each.rstrip("/.") for each in re.findall(r'<a href="/path/([^"]*)"', article)}
    assert {"" if page == "." else page for page in heads} <= anchors


def test_without_an_address_nothing_states_one(plain_site: Path) -> None:
    site = plain_site
    assert not (site / "feed.xml").exists()
    for page in (*own_pages(site), *pages_of_galley(site)):
        head = Head(site / page / "index.html")
        assert not head.linked("canonical") + head.linked("application/atom+xml")
        assert not {"og:url", "og:image"} & set(head.meta)
        assert "url" not in json.loads(head.data)
        assert not [each for each in head.anchors if "/issues/new" in each or "/edit/main/" in each]
    assert "Sitemap" not in (site / "robots.txt").read_text(encoding="utf-8")
