"""A long page costs a phone little: what is far from the window waits, and nothing on the page tells of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from screenshots import WIDTHS
from visiting import THEME_RAN, at_both_widths, new_tab

WIDE, PHONE = WIDTHS
LONG = ("deep-dive", "methods", "code-explanation")
NEAR = "{contentVisibilityAuto: true}"


@pytest.fixture(scope="module")
def contexts(browser: Browser, address: str) -> Iterator[dict[int, BrowserContext]]:
    """A wide window and a phone, by their width."""
    with at_both_widths(browser, address) as found:
        yield found


@pytest.fixture
def opened(contexts: dict[int, BrowserContext], address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page at a width, as the test's parameters say, when the theme's script has run."""
    page, width = request.param
    tab = new_tab(contexts[width])
    tab.goto(f"{address}/{page}/", wait_until="load")
    tab.locator(THEME_RAN).wait_for(state="attached")
    yield tab
    tab.close()


everywhere = pytest.mark.parametrize("opened", [(page, width) for page in LONG for width in WIDTHS], indirect=True)
on_a_phone = pytest.mark.parametrize("opened", [("deep-dive", PHONE)], indirect=True)

HEIGHTS = """
() => {
  const line = parseFloat(getComputedStyle(document.querySelector(".galley-code code")).lineHeight)
  const cells = [...document.querySelectorAll(".galley-cell[style]:nth-child(n + 30)")]
  const heights = () => cells.map(each => each.getBoundingClientRect().height / line)
  const far = cells.map(each => !each.firstElementChild.checkVisibility(NEAR)), said = heights()
  cells.forEach(each => { each.style.contentVisibility = "visible" })
  return heights().map((height, at) => [far[at], Math.abs(said[at] - height)])
}
""".replace("NEAR", NEAR)  # which cells wait, and how far each is from the height that it has then


@everywhere
def test_a_cell_that_waits_is_about_as_high_as_it_will_be(opened: Page) -> None:
    wrong = sorted(error for waits, error in opened.evaluate(HEIGHTS) if waits)
    assert len(wrong) > 10
    assert wrong[len(wrong) // 2] < 1, "lines of code"
    assert wrong[len(wrong) * 9 // 10] < 5
    assert wrong[-1] < 12


LANDED = """
async () => {
  const place = document.getElementById(decodeURIComponent(location.hash).slice(1))
  for (let frames = 0; frames < 20; frames++) await new Promise(requestAnimationFrame)
  return [place.getBoundingClientRect().top, parseFloat(getComputedStyle(place).scrollMarginTop)]
}
"""


@everywhere
def test_a_link_into_a_page_leads_to_its_place_exactly(opened: Page) -> None:
    names = opened.locator("article h2[id]").evaluate_all("places => places.map(each => each.id)")
    header = opened.locator(".md-header").evaluate("each => each.offsetHeight")
    for name in (names[len(names) // 3], names[len(names) // 2], names[-2]):
        place = f"{opened.url.partition('#')[0]}#{name}"
        opened.goto("about:blank")
        opened.goto(place, wait_until="load")
        top, margin = opened.evaluate(LANDED)
        assert abs(top - margin) < 3, name
        assert header <= top, "it is not below the bar"
        opened.wait_for_timeout(200)
        assert not opened.locator(".md-top").is_visible(), "nobody went up"


@everywhere
def test_what_a_page_begins_with_does_not_wait(opened: Page) -> None:
    """It would move as it gets its height."""
    first = "all => all.slice(0, 29).map(each => getComputedStyle(each).contentVisibility)"
    assert set(opened.locator("article > *").evaluate_all(first)) == {"visible"}


TRAVELLED = """
async () => {
  let moved = 0
  new PerformanceObserver(seen => { for (const shift of seen.getEntries()) moved += shift.value })
    .observe({type: "layout-shift"})
  for (let top = 0; top < document.documentElement.scrollHeight; top += innerHeight / 2) {
    scrollTo({top, behavior: "instant"})
    await new Promise(requestAnimationFrame)
    await new Promise(requestAnimationFrame)
  }
  return moved
}
"""


@pytest.mark.parametrize("opened", [("deep-dive", WIDE)], indirect=True)
def test_who_goes_up_is_offered_the_way_to_the_top(opened: Page) -> None:
    for down in (3000, -300):
        opened.mouse.wheel(0, down)
        opened.wait_for_timeout(200)
    opened.locator(".md-top:not([hidden])").wait_for(state="visible")


UNREACHED = """
blocks => blocks.filter(each => each.scrollWidth > each.clientWidth && !each.matches("[tabindex]"))
  .map(each => each.textContent.slice(0, 60))
"""  # what scrolls and does not take the focus


@everywhere
def test_a_block_that_scrolls_takes_the_focus_before_it_is_near_and_keeps_it(opened: Page) -> None:
    blocks = opened.locator("article pre > code")
    far = blocks.evaluate_all(f"blocks => blocks.filter(each => !each.checkVisibility({NEAR})).length")
    assert far > 10
    assert blocks.evaluate_all(UNREACHED) == []  # asking for its width lays out one that is far
    opened.evaluate(TRAVELLED)
    assert blocks.evaluate_all(UNREACHED) == []


@everywhere
def test_nothing_moves_while_a_page_is_read(opened: Page) -> None:
    assert opened.evaluate(TRAVELLED) < 0.01


@on_a_phone
def test_on_paper_nothing_waits(opened: Page) -> None:
    waits = f"each => !each.firstElementChild.checkVisibility({NEAR})"
    waiting = f"[...document.querySelectorAll('.galley-cell[style]:nth-child(n + 30)')].filter({waits}).length"
    assert opened.evaluate(waiting) > 10
    opened.emulate_media(media="print")
    opened.wait_for_function(f"{waiting} === 0")  # the window hears of it a moment later


@pytest.mark.parametrize("opened", [("deep-dive", PHONE), ("deep-dive", WIDE)], indirect=True)
def test_what_stands_beside_a_cell_is_not_cut(opened: Page) -> None:
    """Its block is as wide as a phone, and its button lies below it: both are outside of the cell's own box."""
    cell = opened.locator("#cell-deep_dive-generate")
    cell.scroll_into_view_if_needed()
    button = cell.locator(".galley-copy")
    button.wait_for(state="attached")
    hit = """each => {
      const {left, right, top, bottom} = each.getBoundingClientRect(), middle = (top + bottom) / 2
      return [left + 1, (left + right) / 2, right - 1].map(x => each.contains(document.elementFromPoint(x, middle)))
    }"""
    assert button.evaluate(hit) == [True] * 3
    assert cell.locator(".highlight").evaluate(hit) == [True] * 3
