"""The guide's own site: three builders give the same articles, and a real browser finds nothing wrong with it."""

from __future__ import annotations

import ast
import html
import json
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from first_visit import own_scripts, weight
from galley.config import find_project
from galley.export.address import NOWHERE
from galley.export.runnable import runnables
from galley.kinds.rows import read
from galley.record.status import status
from galley.source.guide import read_guide
from galley.source.parameters import with_values
from guide_site import BUILDERS, built, own_pages
from screenshots import WIDTHS, served, settled, visit
from violations import grave, violations
from visiting import THEME_RAN, at_both_widths, new_tab

ROOT = Path(__file__).parents[2]


class Article(HTMLParser):
    """The words of a page's article, without what builders add to headings."""

    def __init__(self) -> None:
        super().__init__()
        self.depth, self.words = 0, []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "article"

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "article"

    def handle_data(self, data: str) -> None:
        if self.depth:
            self.words += data.replace("¶", " ").split()


def address_of(page: Path) -> str:
    """The address of a Markdown file's page, from the site's root."""
    name = page.relative_to(ROOT / "docs").with_suffix("").as_posix()
    return "." if name == "index" else name.removesuffix("/index")


def article(page: Path) -> list[str]:
    """The words of a built page."""
    parser = Article()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser.words


@pytest.fixture(scope="module")
def sites(plain_site: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The site as each builder makes it."""
    others = [name for name in BUILDERS if name != "mkdocs"]
    return {"mkdocs": plain_site} | {name: built(tmp_path_factory.mktemp(name), name) for name in others}


@pytest.mark.parametrize("builder", [name for name in BUILDERS if name != "mkdocs"])
def test_every_builder_gives_the_same_article(builder: str, sites: dict[str, Path]):
    for page in own_pages(sites["mkdocs"]):
        ours, theirs = (article(sites[name] / page / "index.html") for name in ("mkdocs", builder))
        assert len(ours) > 100
        assert ours == theirs, f"{page}: {builder} gives another text"


def test_every_output_of_every_page_is_in_the_site(sites: dict[str, Path]):
    project = find_project(ROOT)
    guide = read_guide(project)
    for snippets in guide.snippets.values():
        page = sites["mkdocs"] / address_of(guide.page_file(snippets)) / "index.html"
        words = set(article(page))
        for file in sorted((project.outputs / snippets.page / "laptop").glob("*.txt")):
            text = file.read_text(encoding="utf-8")
            if file.name.endswith(".table.txt"):  # which has its lines' ends written out
                table = read(text)
                text = " ".join(cell for row in (table.names, *table.rows) for cell in row)
            text = re.sub("\x1b[^m]*m", "", text)  # colours, which the page shows
            missing = [word for word in text.split() if word not in words]
            assert not missing, f"{file.name} is not in {page.name}: {missing[:5]}"


@pytest.mark.parametrize("builder", BUILDERS)
def test_the_search_finds_what_a_page_says_and_no_facts_of_its_run(builder: str, sites: dict[str, Path]):
    (index,) = [path for name in ("search/search_index.json", "search.json") for path in sites[builder].glob(name)]
    found = json.loads(index.read_text(encoding="utf-8"))
    said = "\n".join(each["text"] for each in found.get("docs") or found["items"])
    assert "PeftModel.from_pretrained" in said
    for noise in (" · 20", "Run this page", "less sure", "See the check", "token 96"):
        assert noise not in said, noise
    words = html.unescape(re.sub("<[^<>]*>", "", said))
    cells = [cell for each in read_guide(find_project(ROOT)).snippets.values() for cell in each.cells]
    asserted = {
        line: cell
        for cell in cells
        for line in cell.source.splitlines()
        if line.startswith("assert ") and len(line) > 40
    }
    assert any(asserted[line].tags for line in asserted)
    for line, cell in asserted.items():
        assert ("claim" in cell.tags) != (line in words), f"{cell.name}: {line}"


class Links(HTMLParser):
    """The links of a page, and the names that a link may end in."""

    def __init__(self) -> None:
        super().__init__()
        self.links, self.names = [], set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.names |= {found[key] for key in ("id", "name") if found.get(key)}
        if tag == "a" and found.get("href"):
            self.links.append(found["href"])


def links_of(page: Path) -> Links:
    """What a built page links to and has."""
    parser = Links()
    parser.feed(page.read_text(encoding="utf-8"))
    return parser


def test_every_link_within_the_site_leads_somewhere(sites: dict[str, Path]):
    site = sites["mkdocs"]
    files = {page: links_of(page) for page in site.rglob("*.html") if page.name != "404.html"}
    count, broken = 0, []
    for page, found in files.items():
        for link in found.links:
            address, _, anchor = unquote(link).partition("#")
            if urlsplit(link).scheme:
                continue
            target = (page.parent / address).resolve() if address else page
            target = target / "index.html" if target.is_dir() else target
            count += 1
            if target not in files and not target.is_file():
                broken.append(f"{page.relative_to(site)}: {link}: no such page")
            elif anchor and not anchor.startswith("__") and anchor not in files[target].names:
                broken.append(f"{page.relative_to(site)}: {link}: no such place")
    assert count > 300
    assert broken == []


@pytest.fixture(scope="module")
def address(sites: dict[str, Path]) -> Iterator[str]:
    with served(sites["mkdocs"]) as found:
        yield found


STOPS = """
addEventListener("securitypolicyviolation", stop => {
  console.error(`stopped: ${stop.effectiveDirective} ${stop.blockedURI}`)
})
"""  # the policy stands in the page


@pytest.fixture(scope="module")
def contexts(browser: Browser, address: str) -> Iterator[dict[int, BrowserContext]]:
    """A wide window and a phone, by their width."""
    with at_both_widths(browser, address, [STOPS]) as found:
        yield found


def begin(
    contexts: dict[int, BrowserContext], address: str, page: str, width: int, scheme: str
) -> tuple[Page, list[str]]:
    """Begin to open a page; the list takes in errors, what its policy stops, and requests that leave the site."""
    opened, wrong = new_tab(contexts[width]), []
    opened.emulate_media(color_scheme=scheme)
    opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on(
        "request", lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else wrong.append(asked.url)
    )
    opened.goto(f"{address}/{page}/", wait_until="commit")
    return opened, wrong


def visited(contexts: dict[int, BrowserContext], address: str, page: str) -> tuple[Page, list[str]]:
    """A page that has loaded on a wide screen, and the list of what is wrong with it."""
    opened, wrong = begin(contexts, address, page, 1440, "light")
    settled(opened)
    return opened, wrong


PAGES = sorted(address_of(page) for page in (ROOT / "docs").rglob("*.md"))
SCHEMES = ("light", "dark")
# Each page is opened twice, on a wide screen and on a phone, and turned to the other scheme there. The many pages of
# error messages have the same kinds of block: all but a few of them are opened once.
MESSAGES = [page for page in PAGES if page.startswith("errors/")]
ALIKE = {*MESSAGES} - {*MESSAGES[::5]}
SEEN = [page for page in PAGES if page not in ALIKE]
LOADS = [
    (page, width, scheme)
    for page in PAGES
    for width, scheme in list(zip(WIDTHS, SCHEMES, strict=True))[: 1 if page in ALIKE else None]
]
VISITS = [(page, width, each) for page, width, _ in LOADS for each in SCHEMES]
THEIR_NAMES = {"light": "default", "dark": "slate"}  # what the theme calls its schemes
AT_ONCE = 3  # pages that are open at a time: a page counts as loaded half a second after its last request


COPIED = (1440, "light")  # where every copy button is clicked
AT_A_TIME = 20  # buttons: a browser lets a script copy for five seconds after it believes that somebody did something
COPIES = """
([first, many]) => {
  let text = null
  document.addEventListener("copy", () => { text = document.activeElement.value })
  const blocks = [...document.querySelectorAll("pre")]
  return [...document.querySelectorAll("button[data-clipboard-target]")].slice(first, first + many).map(button => {
    for (let fold = button.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true
    const tab = button.closest(".tabbed-block")
    if (tab) {
      const number = [...tab.parentElement.children].indexOf(tab)
      tab.closest(".tabbed-set").querySelectorAll(":scope > input")[number].click()
    }
    text = null
    button.click()
    const block = button.closest("pre"), alike = document.querySelectorAll(button.dataset.clipboardTarget)
    return {block: blocks.indexOf(block), "named alike": alike.length, shown: block.textContent, text}
  })
}
"""  # the block that each button stands on, the number of those that it could copy, its text, and what it copies


ASKED = "performance.getEntriesByType('resource').map(entry => entry.name)"
SHIFTED = """
() => new Promise(done => {
  let sum = 0
  new PerformanceObserver(seen => { for (const shift of seen.getEntries()) sum += shift.value })
    .observe({type: "layout-shift", buffered: true})
  setTimeout(() => done(sum), 100)
})
"""


CUT = """
() => [...document.querySelectorAll("main *")].filter(each => {
  const style = getComputedStyle(each), hides = /auto|scroll|hidden|clip/
  if (!each.checkVisibility() || style.clipPath !== "none" || each.closest("svg")) return false
  const down = hides.test(style.overflowY) && each.scrollHeight > each.clientHeight + 1
  const across = hides.test(style.overflowX) && each.scrollWidth > each.clientWidth + 1
  return each.clientHeight > 1 && (down || across)
}).map(each => `${each.tagName} ${each.className} ${each.textContent.slice(0, 60)}`)
"""  # what is larger than the box that it is seen in
BESIDE = """
() => [...document.querySelectorAll(".galley-traced")].flatMap(traced => {
  const code = traced.querySelector("pre > code"), style = getComputedStyle(code)
  const top = code.getBoundingClientRect().top + parseFloat(style.paddingTop), height = parseFloat(style.lineHeight)
  const lines = code.textContent.replace(/\\n$/, "").split("\\n").length
  const inner = code.clientHeight - parseFloat(style.paddingTop) - parseFloat(style.paddingBottom)
  return [["lines that wrap", Math.round(inner / height) - lines],
    ...[...traced.querySelectorAll(".galley-numbers > a")].map(a => {
      const line = top + height * (parseInt(getComputedStyle(a).gridRowStart) - 1)
      return [a.textContent, Math.abs(a.getBoundingClientRect().top - line)]
    })]
})
"""  # how far each number of a trace is from the line that it belongs to
FOLDS = """
() => { dispatchEvent(new Event("beforeprint"))
  document.querySelectorAll("details").forEach(each => { each.open = true })
  return [...document.querySelectorAll(".galley-folded > :not(summary), .md-code__nav, .md-header, .md-sidebar")]
    .filter(each => each.checkVisibility()).length }
"""  # what is folded, and what is for a screen alone
SMALL = """
() => [...document.querySelectorAll("main :is(a, button, summary, input, label, [tabindex])")].filter(each => {
  if (!each.checkVisibility() || each.closest("svg, .headerlink, .galley-legend")) return false
  const inline = getComputedStyle(each).display === "inline" && !each.matches(".galley-token")
  const target = each.matches("input") ? each.closest(".galley-token, .galley-choices label") ?? each : each
  if (inline || each.matches("a.source, .tabbed-set > input")) return false  // its sentence sets its height
  const {width, height} = target.getBoundingClientRect()
  return height < 23.9 || (width < 23.9 && !target.matches(".galley-token"))
}).map(each => `${each.tagName} ${each.className} ${each.parentElement.className} ${each.textContent.slice(0, 30)} ` +
  `${each.getBoundingClientRect().width} x ${each.getBoundingClientRect().height}`)
"""  # what a finger could miss
COVERED = """
() => [...[...document.querySelectorAll(".galley-cell > .galley-copy")].flatMap(button => {
  const {left, top, right, bottom} = button.getBoundingClientRect(), words = document.createRange()
  return [...button.parentElement.querySelectorAll(".galley-ran")].filter(ran => {
    words.selectNodeContents(ran)
    return [...words.getClientRects()].some(line =>
      line.right > left + 1 && line.left < right && line.top < bottom - 4 && line.bottom > top + 4)
  }).map(ran => ran.textContent.slice(0, 60))
}), ...[...document.querySelectorAll(".md-code__button")].filter(button => button.checkVisibility()).flatMap(button => {
  const code = button.closest("pre").querySelector("code"), right = code.scrollWidth
  code.scrollLeft = right
  const words = document.createRange()  // of a line that wraps, its last blank counts
  const {left, top, bottom} = button.getBoundingClientRect()
  words.selectNodeContents(code)
  const below = [...words.getClientRects()].some(line =>
    line.width && line.right > left + 8 && line.top < bottom - 2 && line.bottom > top + 2)
  code.scrollLeft = 0
  return below ? [code.textContent.slice(0, 60)] : []
})]
"""  # what stands behind the button that copies it, code even where it was scrolled to its end
INDENTED = """
() => [...document.querySelectorAll(".galley-rows tbody td")].filter(each => each.checkVisibility())
  .filter(each => parseFloat(getComputedStyle(each).paddingLeft)).map(each => each.textContent.slice(0, 60))
"""  # cells of a table that stand behind where their card begins
LETTERS = """
() => [...document.querySelectorAll("figure svg text")].map(text => {
  const svg = text.closest("svg"), scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width
  return parseFloat(getComputedStyle(text).fontSize) * scale
})
"""
HIDDEN = """
() => [...document.querySelectorAll("article *, .md-header *")].filter(each => {
  const style = getComputedStyle(each), hides = /hidden|clip/
  if (!each.checkVisibility() || each.closest("svg, [data-md-component=search]")) return false
  if (style.clipPath !== "none" || style.textOverflow === "ellipsis" || each.clientHeight < 2) return false
  return (hides.test(style.overflowX) && each.scrollWidth > each.clientWidth + 1) ||
    (hides.test(style.overflowY) && each.scrollHeight > each.clientHeight + 1)
}).map(each => `${each.tagName} ${each.className} ${each.textContent.slice(0, 60)}`)
"""  # what is cut, and nobody can scroll to it
MOVES = """
() => [...document.querySelectorAll("*")].filter(each => {
  const {transitionDuration, animationDuration, animationName} = getComputedStyle(each)
  const seconds = durations => Math.max(...durations.split(",").map(parseFloat))
  return seconds(transitionDuration) > 0.01 || (animationName !== "none" && seconds(animationDuration) > 0.01)
}).map(each => `${each.tagName} ${each.className}`)
"""  # what moves
NARROW = {"the smallest phone": (320, 568), "a laptop at 200 %": (640, 400), "a tablet": (768, 1024)}
SCROLLED = "[...document.querySelectorAll('.galley-figure')].filter(each => each.scrollWidth > each.clientWidth).length"


@dataclass(frozen=True)
class Paper:
    """A page as it is printed."""

    unfolded: int  # what is folded, or for a screen alone
    cut: list[str]
    beside: list[tuple[str, float]]


@dataclass(frozen=True)
class Narrow:
    """A page in narrow windows, for somebody who wants nothing to move."""

    wide: list[int]  # how wide the page is in each
    hidden: list[str]  # what is cut
    moves: list[str]
    letters: list[float]  # the height of each, in the figures
    scrolled: int  # figures that are wider than their place


@dataclass(frozen=True)
class Phone:
    """A page on a phone."""

    coarse: bool  # whether the browser says that it is pointed at with a finger
    small: list[str]  # what a finger could miss
    covered: list[str]  # code and texts behind a copy button
    indented: list[str]  # cells of a table, set in from where their card begins


@dataclass(frozen=True)
class Visit:
    """What is wrong with a visit of a page, how wide the page is, and what it is like to those who use it.

    What was not looked at is None.
    """

    wrong: list[str]
    scheme: str  # that it is shown in, as the theme calls it
    wide: int
    shifted: float  # how much of the page moved while it loaded
    weight: int  # bytes of all that was asked for
    scripts: int  # bytes of the guide's own scripts
    copies: list[dict[str, Any]] | None = None  # what the copy buttons gave
    violations: list[dict[str, Any]] | None = None  # of axe-core's rules
    paper: Paper | None = None
    narrow: Narrow | None = None
    phone: Phone | None = None


def copies(opened: Page) -> list[dict[str, Any]]:
    """What each copy button of a page gives."""
    many = opened.locator("button[data-clipboard-target]").count()
    return [each for first in range(0, many, AT_A_TIME) for each in opened.evaluate(COPIES, [first, AT_A_TIME])]


def on_paper(opened: Page) -> Paper:
    """Print a page, and go on with it on the screen."""
    window = opened.viewport_size
    opened.set_viewport_size({"width": 680, "height": 960})
    opened.emulate_media(media="print")
    found = Paper(opened.evaluate(FOLDS), opened.evaluate(CUT), opened.evaluate(BESIDE))
    opened.evaluate("dispatchEvent(new Event('afterprint'))")
    opened.emulate_media(media="screen")
    opened.set_viewport_size(window)
    return found


def in_narrow_windows(opened: Page) -> Narrow:
    """Look at a page in narrow windows, and go on with it in its own."""
    window, wide, hidden = opened.viewport_size, [], []
    opened.emulate_media(reduced_motion="reduce")
    for width, height in NARROW.values():
        opened.set_viewport_size({"width": width, "height": height})
        wide.append(opened.evaluate("document.documentElement.scrollWidth"))
        hidden += opened.evaluate(HIDDEN)
    moves = opened.evaluate(MOVES)
    opened.set_viewport_size({"width": 360, "height": 780})
    found = Narrow(wide, hidden, moves, opened.evaluate(LETTERS), opened.evaluate(SCROLLED))
    opened.emulate_media(reduced_motion="no-preference")
    opened.set_viewport_size(window)
    return found


def looked_at(site: Path, opened: Page, wrong: list[str], page: str, width: int, scheme: str) -> Visit:
    """A page that is loading, in the scheme that it is opened in."""
    settled(opened)
    wide, shifted = opened.evaluate("document.documentElement.scrollWidth"), opened.evaluate(SHIFTED)
    shown = opened.evaluate("document.body.dataset.mdColorScheme")
    asked = [opened.url, *opened.evaluate(ASKED)]
    opened.locator(THEME_RAN).first.wait_for(state="attached")  # a busy machine rests before the theme's script has run
    found = Visit(wrong, shown, wide, shifted, weight(site, asked), own_scripts(site, asked))
    if page in SEEN and width == 390:
        coarse = opened.evaluate("matchMedia('(pointer: coarse)').matches")
        found = replace(found, phone=Phone(coarse, *(opened.evaluate(each) for each in (SMALL, COVERED, INDENTED))))
    elif page in SEEN:  # paper has what is folded open, so that it comes second
        found = replace(found, narrow=in_narrow_windows(opened), paper=on_paper(opened))
    if page in SEEN:  # axe opens it too, and has nothing move
        found = replace(found, violations=violations(opened))
    return replace(found, copies=copies(opened)) if (width, scheme) == COPIED else found


def turned(opened: Page, scheme: str) -> int:
    """Turn a page to a scheme; return how wide it is then."""
    opened.emulate_media(color_scheme=scheme)
    opened.evaluate(
        "name => document.querySelector(`input[data-md-color-scheme=${name}]`).click()", THEIR_NAMES[scheme]
    )
    opened.locator(f"body[data-md-color-scheme={THEIR_NAMES[scheme]}]").wait_for(state="attached")
    return opened.evaluate("document.documentElement.scrollWidth")


@pytest.fixture(scope="module")
def visits(
    sites: dict[str, Path], address: str, contexts: dict[int, BrowserContext]
) -> dict[tuple[str, int, str], Visit]:
    """Each page at each width in each scheme; axe-core looks at each width in one of them."""
    found: dict[tuple[str, int, str], Visit] = {}
    begun: deque[tuple[tuple[str, int, str], Page, list[str]]] = deque()
    for each in (*LOADS, *[None] * AT_ONCE):
        if len(begun) == AT_ONCE or (begun and each is None):
            (page, width, scheme), opened, wrong = begun.popleft()
            visit = found[page, width, scheme] = looked_at(sites["mkdocs"], opened, wrong, page, width, scheme)
            (other,) = {*SCHEMES} - {scheme}
            found[page, width, other] = replace(
                visit,
                scheme=THEIR_NAMES[other],
                wide=turned(opened, other),
                copies=None,
                violations=None,
                paper=None,
                narrow=None,
                phone=None,
            )
            opened.close()
        if each is not None:
            begun.append((each, *begin(contexts, address, *each)))
    return found


@pytest.mark.parametrize(("page", "width", "scheme"), VISITS)
def test_a_browser_finds_nothing_wrong(page: str, width: int, scheme: str, visits: dict[tuple[str, int, str], Visit]):
    visit = visits[page, width, scheme]
    assert visit.wrong == []
    assert visit.scheme == THEIR_NAMES[scheme]
    assert visit.wide <= width, "the page scrolls sideways"


@pytest.mark.parametrize(("page", "width", "scheme"), [each for each in LOADS if each[0] in SEEN])
def test_axe_finds_no_barrier(page: str, width: int, scheme: str, visits: dict[tuple[str, int, str], Visit]):
    assert grave(visits[page, width, scheme].violations) == []


def test_axe_measures_the_contrast_of_words_and_tells_what_it_must(address: str, contexts: dict[int, BrowserContext]):
    opened, _ = visited(contexts, address, "status")
    opened.evaluate("""document.querySelector("article").insertAdjacentHTML("beforeend", `
      <p><span id=pale>pale words</span></p><img id=unnamed src="../assets/mark.svg">`)
      document.querySelector("#pale").style.color = "#999"  // the policy stops no style that a script sets""")
    found = {(each["rule"], each["place"]) for each in grave(violations(opened))}
    assert found == {("color-contrast", "#pale"), ("image-alt", "#unnamed")}
    opened.close()


def test_axe_measures_the_contrast_of_words_of_code(address: str, contexts: dict[int, BrowserContext]):
    opened, _ = visited(contexts, address, "errors/chat-template")
    opened.evaluate("""() => {
      const pale = new CSSStyleSheet()
      pale.replaceSync("pre > code .s2 { color: #bbb !important }")
      document.adoptedStyleSheets.push(pale)
    }""")
    said, copied = opened.locator("pre").all_text_contents(), copies(opened)
    found = grave(violations(opened))
    assert {each["rule"] for each in found} == {"color-contrast"}
    assert all('class="s2"' in each["html"] for each in found)
    assert (opened.locator("pre").all_text_contents(), copies(opened)) == (said, copied), "the page is as it was"
    opened.close()


def test_each_visit_is_a_first_one(address: str, contexts: dict[int, BrowserContext]):
    for _ in range(2):
        opened, _ = visited(contexts, address, "files")
        sizes = opened.evaluate("performance.getEntriesByType('resource').map(each => each.transferSize)")
        assert sizes
        assert 0 not in sizes, "something came from the cache"
        assert opened.evaluate("localStorage.getItem('kept')") is None
        opened.evaluate("localStorage.setItem('kept', 'yes')")
        opened.close()


SCRIPTS, SHIFT = 12_000, 0.01  # bytes of the guide's own scripts; how much of a page may move
HEAVIEST = 140_000  # bytes of a first visit


def test_what_was_aimed_at(visits: dict[tuple[str, int, str], Visit], record_property: Callable[[str, object], None]):
    """What is reached is held."""
    copied = [each for page in PAGES for each in visits[page, *COPIED].copies]
    right = sum(each["text"] is not None and each["named alike"] == 1 for each in copied)
    record_property("aim", ("copy buttons that give their block", "all", f"{right} of {len(copied)}"))
    for width, scheme in zip(WIDTHS, SCHEMES, strict=True):
        many = sum(len(grave(visits[page, width, scheme].violations)) for page in SEEN)
        record_property("aim", (f"axe-core: serious, {width} px, {scheme}", "0", str(many)))
    firsts = {visits[page, *COPIED].weight: page for page in PAGES}
    worst = f"{max(firsts) / 1000:.0f} kB ({firsts[max(firsts)]}), {min(firsts) / 1000:.0f} kB at least"
    record_property("aim", ("first visit, compressed", "140 kB", worst))
    scripts = max(visit.scripts for visit in visits.values())
    record_property("aim", ("own scripts, compressed", "12 kB", f"{scripts / 1000:.1f} kB"))
    shifted = max(visit.shifted for visit in visits.values())
    record_property("aim", ("layout shift", "0.000", f"{shifted:.3f}"))
    assert 0 < scripts < SCRIPTS
    assert shifted < SHIFT
    assert max(firsts) < HEAVIEST


@pytest.mark.parametrize("builder", BUILDERS)
def test_the_policy_lets_no_script_run_that_a_page_did_not_come_with(
    builder: str, sites: dict[str, Path], contexts: dict[int, BrowserContext]
):
    with served(sites[builder]) as address:
        opened, wrong = visited(contexts, address, "deep-dive")
        assert wrong == []
        opened.locator(THEME_RAN).first.wait_for(state="attached")
        opened.evaluate(
            "document.body.append(Object.assign(document.createElement('script'), {textContent: 'window.ran = 1'}))"
        )
        opened.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=x: onerror=\"window.ran = 1\">')")
        opened.wait_for_timeout(100)
        assert opened.evaluate("window.ran") is None
        assert {each.split()[1] for each in wrong if each.startswith("stopped: ")} >= {
            "script-src-elem",
            "script-src-attr",
        }
        opened.close()


def test_the_search_works_under_the_policy(address: str, contexts: dict[int, BrowserContext]):
    opened, wrong = visited(contexts, address, "methods")
    opened.locator(".md-search__input").fill("PeftModel")
    opened.locator(".md-search-result__item mark").first.wait_for()
    assert wrong == []
    opened.close()


class Blocks(HTMLParser):
    """The text of each block of a page, without prompts and what a console answers."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.inside, self.skipped = False, 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "pre":
            self.texts.append("")
            self.inside = True
        if tag == "span" and (self.skipped or dict(attrs).get("class") in ("gp", "go")):
            self.skipped += 1

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag != "pre"
        if tag == "span" and self.skipped:
            self.skipped -= 1

    def handle_data(self, data: str) -> None:
        if self.inside and not self.skipped:
            self.texts[-1] += data


@pytest.mark.parametrize("page", PAGES)
def test_every_copy_button_gives_the_block_it_stands_on(
    page: str, visits: dict[tuple[str, int, str], Visit], sites: dict[str, Path]
):
    read = Blocks()
    read.feed((sites["mkdocs"] / page / "index.html").read_text(encoding="utf-8"))
    copies = visits[page, *COPIED].copies
    assert [copied["block"] for copied in copies] == list(range(len(read.texts))), "each block has one button"
    for copied, text in zip(copies, read.texts, strict=True):
        assert copied["named alike"] == 1
        assert copied["text"] is not None
        assert copied["text"].rstrip() == text.rstrip()


def test_every_cell_has_its_code_to_copy(visits: dict[tuple[str, int, str], Visit]):
    copied = {each["text"] for page in PAGES for each in visits[page, *COPIED].copies}
    guide = read_guide(find_project(ROOT))
    sources = {fence.name: guide.snippets[fence.file].cell(fence.cell).source for fence in guide.fences if fence.cell}
    assert len(sources) > 200
    assert [name for name, source in sources.items() if source.rstrip() not in copied] == []


def test_no_prompt_of_a_console_is_copied(visits: dict[tuple[str, int, str], Visit]):
    consoles = [each for page in PAGES for each in visits[page, *COPIED].copies if each["shown"].startswith("$ ")]
    assert len(consoles) > 5
    for each in consoles:
        commands = [line.removeprefix("$ ") for line in each["shown"].splitlines() if line.startswith("$ ")]
        assert each["text"].split("\n") == commands


def test_the_copy_button_gives_exactly_the_cells_code(address: str, browser: Browser):
    project = find_project(ROOT)
    cell = read_guide(project).snippets["deep_dive"].cell("load-base")
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    visit(opened, f"{address}/deep-dive/")
    block = opened.locator("#cell-deep_dive-load-base .highlight")
    block.hover()
    block.locator("button").first.click()
    assert opened.evaluate("navigator.clipboard.readText()").rstrip("\n") == cell.source
    context.close()


def test_no_answer_of_a_console_is_copied(address: str, contexts: dict[int, BrowserContext]):
    opened, _ = visited(contexts, address, "seven-billion")
    button = opened.locator("pre:has(.gp) button").first
    added = "button => button.closest('pre').querySelector('code').insertAdjacentHTML('beforeend', ANSWER)"
    button.evaluate(added.replace("ANSWER", "'<span class=go>an answer</span>'"))
    assert "an answer" in opened.locator("pre:has(.go)").first.inner_text()
    opened.evaluate("document.addEventListener('copy', () => { window.copied = document.activeElement.value })")
    button.evaluate("button => button.click()")
    copied = opened.evaluate("window.copied")
    assert copied
    assert "answer" not in copied
    opened.close()


def test_folds_and_tabs_open_by_keyboard(address: str, contexts: dict[int, BrowserContext]):
    opened, _ = visited(contexts, address, "deep-dive")
    folded = opened.locator("#cell-deep_dive-wrap-frozen details").first
    folded.locator("summary").focus()
    opened.keyboard.press("Enter")
    assert folded.evaluate("element => element.open")
    tabs = opened.locator("#cell-deep_dive-parameters .tabbed-set")
    tabs.locator("input").first.focus()
    opened.keyboard.press("ArrowRight")
    assert tabs.locator("input").nth(1).is_checked()
    assert [each.is_visible() for each in tabs.locator(".tabbed-block").all()][:2] == [False, True]
    opened.close()


def test_a_tab_of_a_profile_that_nobody_ran_is_chosen_for_its_page_alone(
    address: str, contexts: dict[int, BrowserContext]
):
    opened, wrong = visited(contexts, address, "deep-dive")
    labels = opened.locator("#cell-deep_dive-parameters .tabbed-labels label")
    laptop, *others = labels.all_inner_texts()
    assert [each for each in others if each.endswith("(not run yet)")] == others != []
    for each in (1, 0, 1):
        labels.nth(each).click()
        opened.locator("#cell-deep_dive-parameters .tabbed-block").nth(each).wait_for()
    opened.wait_for_function("tab => __md_get('__tabs')[0] === tab", arg=others[0])
    visit(opened, f"{address}/code-explanation/")
    assert opened.locator("#cell-code_explanation-parameters .tabbed-set > input").first.is_checked()
    assert opened.evaluate("__md_get('__tabs')") == [laptop], "a tab with outputs is still remembered"
    assert wrong == []
    opened.close()


SHOWN = """
form => {
  const radios = name => [...form.querySelectorAll(`[name="${name}"]`)]
  const names = [...new Set([...form.querySelectorAll("[type=radio]")].map(radio => radio.name))]
  const rows = [...form.nextElementSibling.querySelectorAll("tbody tr")], found = []
  const turn = chosen => {
    if (chosen.length === names.length) {
      form.dispatchEvent(new Event("input"))
      const seen = rows.filter(row => row.checkVisibility())
      const cells = seen.map(row => [...row.cells].filter(cell => cell.checkVisibility()).map(cell => cell.textContent))
      found.push([chosen, cells, form.querySelector("[role=status]").textContent])
    } else for (const radio of radios(names[chosen.length])) {
      radio.checked = true
      turn([...chosen, radio.value])
    }
  }
  turn([])
  return found
}
"""  # what a table shows, for everything that can be chosen


@pytest.mark.parametrize(("page", "cell"), [("deep-dive", "deep_dive-choose-a-draw"), ("methods", "methods-answers")])
def test_a_choice_shows_what_was_recorded(page: str, cell: str, address: str, contexts: dict[int, BrowserContext]):
    opened, wrong = begin(contexts, address, page, 390, "light")
    settled(opened)
    file = find_project(ROOT).outputs / page / "laptop" / f"{cell.partition('-')[2]}.table.txt"
    rows = read(file.read_text(encoding="utf-8")).rows
    form = opened.locator(f"#cell-{cell} form")
    for chosen, seen, said in form.evaluate(SHOWN):
        expected = [row for row in rows if all(value in ("", text) for value, text in zip(chosen, row, strict=False))]
        free = [at for at in range(len(rows[0])) if at >= len(chosen) or not chosen[at]]
        assert seen == [[row[at] for at in free] for row in expected], chosen
        assert said == f"{len(expected)} of {len(rows)} recordings"
    form.locator("input").first.focus()
    opened.keyboard.press("ArrowRight")
    assert form.locator("input").nth(1).is_checked()
    assert wrong == []
    opened.close()


@pytest.mark.parametrize("page", SEEN)
def test_on_paper_nothing_is_cut_or_unfolded_and_numbers_stand_beside_their_lines(
    page: str, visits: dict[tuple[str, int, str], Visit]
):
    paper = visits[page, 1440, "light"].paper
    assert paper.unfolded == 0
    assert paper.cut == []
    assert [each for each in paper.beside if each[1] > 1.5] == []


@pytest.mark.parametrize("page", SEEN)
def test_what_is_tapped_has_24_pixels(page: str, visits: dict[tuple[str, int, str], Visit]):
    phone = visits[page, 390, "dark"].phone
    assert phone.coarse
    assert phone.small == []
    assert phone.covered == []
    assert phone.indented == []


@pytest.mark.parametrize("page", SEEN)
def test_a_narrow_page_shows_all_and_its_figures_can_be_read(page: str, visits: dict[tuple[str, int, str], Visit]):
    narrow = visits[page, 1440, "light"].narrow
    for wide, (width, _) in zip(narrow.wide, NARROW.values(), strict=True):
        assert wide <= width
    assert narrow.hidden == []
    assert narrow.moves == []
    assert min(narrow.letters, default=10) >= 10
    assert narrow.scrolled == 0


@pytest.mark.parametrize("page", ["astraios-adapters", "code-explanation", "deep-dive", "methods"])
def test_copy_runnable_gives_exactly_the_cells_copy(page: str, address: str, contexts: dict[int, BrowserContext]):
    """Every button of the page: what it copies is what the tests of the copies run, byte for byte."""
    opened = new_tab(contexts[1440])
    opened.add_init_script("window.copied = []; navigator.clipboard.writeText = async text => { copied.push(text) }")
    visit(opened, f"{address}/{page}/")
    opened.locator(".galley-copy").first.wait_for(state="attached")
    clicked = opened.evaluate("""() => [...document.querySelectorAll(".galley-copy")].map(button => {
        button.click()
        return [button.closest(".galley-cell").id, window.copied.pop()]
    })""")
    project = find_project(ROOT)
    (snippets,) = [each for each in read_guide(project).snippets.values() if each.page == page]
    record = status(project, snippets, project.required[0]).record
    copy_of = runnables(project, with_values(snippets, project.required[0].parameters), record, NOWHERE)
    names = {f"cell-{snippets.stem}-{cell.name}": cell.name for cell in snippets.cells if cell.source}
    assert dict(clicked) == {id: f"{copy_of(name).text}\n" for id, name in names.items()}
    opened.close()


COMPUTED = """
() => {
  const selects = [...document.querySelectorAll(".fits select")], found = []
  const rows = () => Object.fromEntries([...document.querySelectorAll(".fits tr")].map(row =>
    [row.cells[0].textContent, row.dataset.bytes === "" ? null : Number(row.dataset.bytes)]))
  const turn = (number, chosen) => {
    if (number === selects.length) {
      selects.at(-1).dispatchEvent(new Event("input", {bubbles: true}))
      found.push([chosen, rows()])
    } else for (const {value} of selects[number].options) {
      selects[number].value = value
      turn(number + 1, [...chosen, value])
    }
  }
  turn(0, [])
  return found
}
"""  # what the calculator says, for everything that can be chosen


def test_the_calculator_computes_what_its_cell_computes(address: str, contexts: dict[int, BrowserContext]):
    opened, wrong = visited(contexts, address, "memory-and-speed")
    snippets, names = read_guide(find_project(ROOT)).snippets["memory_and_speed"], {}
    exec(snippets.cell("memory-of").source, names)
    shapes = next(node for node in snippets.cell("shapes").statements if isinstance(node, ast.Assign))
    shapes = ast.literal_eval(shapes.value)
    opened.locator(".fits select").first.wait_for(state="attached")  # a busy machine rests before its script has run
    computed = opened.evaluate(COMPUTED)
    assert len(computed) == 4 * 4 * 5 * 3 * 4
    for (size, numbers, method, tokens, texts), rows in computed:
        layers, width, heads = shapes[size]
        shape = (layers, width, heads, 4 * width, 49152, 8192)
        parts = names["memory_of"](shape, numbers, method, int(tokens), int(texts)) or {}
        assert rows == {name: part for name, part in parts.items() if part != 0}, (size, numbers, method, tokens, texts)
    assert "choose an adapter" in opened.locator(".fits [aria-live]").inner_text()
    opened.get_by_label("What for").select_option("LoRA")
    assert "Computed: " in opened.locator(".fits [aria-live]").inner_text()
    assert wrong == []
    opened.close()


def test_without_javascript_it_is_dark_where_asked_and_no_button_does_nothing(address: str, browser: Browser):
    context = browser.new_context(java_script_enabled=False, color_scheme="dark")
    opened = context.new_page()
    opened.goto(f"{address}/deep-dive/")
    for place in ("body", ".md-header", "pre > code"):  # dark, as the system is
        ground, ink = opened.locator(place).first.evaluate(
            "each => [getComputedStyle(each).backgroundColor, getComputedStyle(each).color]"
        )
        assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60 < 150 < min(map(int, re.findall(r"\d+", ink)[:3])), (
            place
        )
    assert opened.locator(".galley-cell").count() > 50
    assert opened.locator(".galley-cell :is(button, form)").count() == 0
    assert opened.locator("#cell-deep_dive-choose-a-draw tbody tr:visible").count() == 16
    context.close()


def test_a_page_that_is_opened_from_a_folder_says_what_is_missing(sites: dict[str, Path], browser: Browser):
    opened = browser.new_page()
    opened.goto((sites["mkdocs"] / "deep-dive" / "index.html").as_uri())
    assert "no search" in opened.locator("article [role=note]").inner_text()
    assert not opened.locator(".md-search").is_visible()
    opened.locator(".galley-copy").first.wait_for(state="attached")
    opened.locator("main a", has_text="Memory and speed").first.click()
    assert opened.url.endswith("/memory-and-speed/index.html")
    assert opened.title().startswith("Memory and speed")
    opened.close()


def test_the_sites_own_javascript_is_small(sites: dict[str, Path]):
    own = [path for folder in ("galley", "javascripts") for path in (sites["mkdocs"] / folder).glob("*.js")]
    assert len(own) > 1
    assert sum(path.stat().st_size for path in own) < 12_000
