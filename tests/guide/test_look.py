"""What a reader sees first and everywhere: the start page, the line below a title, type, and code on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Page

from screenshots import WIDTHS, visit
from visiting import at_both_widths, new_tab

ROOT = Path(__file__).parents[2]
WIDE, PHONE = WIDTHS
CARDED = ("The guide", "Questions")  # the parts of the menu whose pages have cards on the start page


@pytest.fixture(scope="module")
def contexts(browser: Browser, address: str) -> Iterator[dict[int, BrowserContext]]:
    """A wide window and a phone, by their width."""
    with at_both_widths(browser, address) as found:
        yield found


@pytest.fixture
def opened(contexts: dict[int, BrowserContext], address: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of the site at a width, as the test's parameters say."""
    page, width = request.param
    tab = new_tab(contexts[width])
    visit(tab, f"{address}/{page}{'/' * bool(page)}")
    yield tab
    tab.close()


def at(page: str, *widths: int) -> pytest.MarkDecorator:
    """The page that a test looks at, at each of these widths."""
    return pytest.mark.parametrize("opened", [(page, width) for width in widths], indirect=True)


def menu(part: str) -> list[str]:
    """The addresses of the pages of a part of the menu."""
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2].partition("\n\n")[0]
    (pages,) = [entry[part] for entry in yaml.safe_load(text) if part in entry]
    return [f"/{file.removesuffix('.md')}/" for page in pages for file in page.values()]


@at("", WIDE, PHONE)
def test_the_start_page_begins_with_a_promise_and_one_button(opened: Page) -> None:
    button = opened.locator("article .md-button")
    assert button.evaluate_all("buttons => buttons.map(each => each.pathname)") == ["/deep-dive/"]
    place, window = button.bounding_box(), opened.viewport_size
    assert place
    assert window
    assert place["y"] + place["height"] <= window["height"], "it is on the first screen"
    assert opened.locator(".lead").inner_text().count(".") == 2


@at("", WIDE)
def test_the_start_page_shows_a_cell_a_claim_and_tokens(opened: Page) -> None:
    specimen = opened.locator("#cell-deep_dive-generate")
    assert "generate" in specimen.locator("pre").first.inner_text()
    assert "def " in specimen.locator(".galley-output").inner_text()
    claim = opened.locator(".galley-claim")
    assertion = claim.locator("pre")
    assert not assertion.is_visible()
    claim.locator("summary").click()
    assert "assert" in assertion.inner_text()
    assert opened.locator(".galley-token").count() > 10


@at("", WIDE)
def test_the_start_page_says_how_many_claims_there_are_and_when_they_were_checked(opened: Page, address: str) -> None:
    claims, cells, pages = (int(each) for each in opened.locator(".galley-facts b").all_inner_texts())
    assert re.search(r"checked .*20\d\d", opened.locator(".galley-facts").inner_text())
    assert 20 < pages < claims < cells
    opened.goto(f"{address}/claims/", wait_until="commit")
    opened.locator(".md-footer").wait_for()
    assert opened.locator(".galley-claims > li").count() == claims


@at("", WIDE)
@pytest.mark.parametrize("part", CARDED)
def test_each_page_of_the_menu_has_a_card_with_the_minutes_that_it_takes(opened: Page, part: str) -> None:
    cards = opened.locator(f"h2:text-matches('^{part}') + .cards > ul > li").evaluate_all(
        "cards => cards.map(card => [card.querySelector('a').pathname, card.querySelector('em')?.textContent])"
    )
    assert [page for page, _ in cards] == menu(part)
    for page, takes in cards:
        assert re.fullmatch(r"\d+ minutes?", takes or ""), page


@pytest.mark.parametrize(
    "opened",
    [(page, WIDE) for page in ("deep-dive", "methods", "errors/keyerror-bottleneck")],
    indirect=True,
)
def test_below_a_title_one_line_says_when_it_was_checked_and_one_how_to_run_it(opened: Page) -> None:
    strip = opened.locator("h1 + div > .galley-strip")
    said = strip.locator("summary").inner_text()
    assert re.match(r"Checked \d.* 20\d\d · .*transformers \d+\.\d+", said)
    assert not any(each.is_visible() for each in strip.locator(":scope > p").all()), "what nobody ran is folded"
    heights = [each.evaluate("each => each.offsetHeight") for each in (strip, opened.locator(".galley-run"))]
    assert max(heights) < 50, "two lines at most"
    assert re.match(r"Run this page: notebook · script", opened.locator("h1 + div + div > .galley-run").inner_text())


MEASURED = """
() => [...document.querySelectorAll("article > p")].flatMap(each => {
  const words = document.createRange(), tops = new Set()
  words.selectNodeContents(each)
  for (const line of words.getClientRects()) if (line.height > 15) tops.add(Math.round(line.bottom / 12))
  return each.textContent.length > 300 && !each.querySelector(".source") ? [each.textContent.length / tops.size] : []
})
"""  # letters of a line, for each long paragraph


@at("deep-dive", WIDE)
def test_a_line_of_prose_has_about_seventy_letters(opened: Page) -> None:
    lines: list[float] = opened.evaluate(MEASURED)
    assert len(lines) > 5
    assert 60 < sum(lines) / len(lines) < 80


STYLE = """
places => places.map(place => {
  const style = getComputedStyle(document.querySelector(place))
  return [style.fontFamily.split(",")[0].replaceAll('"', ""), parseInt(style.fontWeight), parseFloat(style.fontSize)]
})
"""


LOADED = """
() => [...document.fonts].filter(each => each.status === "loaded").map(each => each.family.replaceAll('"', ""))
"""


@at("deep-dive", WIDE)
def test_prose_has_one_family_and_code_another_and_headings_go_by_their_weight(opened: Page) -> None:
    prose, code, first, second, third = opened.evaluate(
        STYLE, ["article > p:not([class])", "pre > code", "h1", "h2", "h3"]
    )
    assert (prose[0], code[0]) == ("Proof Serif", "Proof Mono")
    assert {each[0] for each in (first, second, third)} == {prose[0]}
    assert first[1] >= second[1] >= third[1] > prose[1]
    assert first[2] > second[2] > third[2] > prose[2]
    loaded = (
        "[...document.fonts].filter(each => each.status === 'loaded').map(each => each.family.replaceAll('\"', ''))"
    )
    assert {*opened.evaluate(loaded)} == {prose[0], code[0]}


@at("deep-dive", WIDE)
def test_the_name_of_a_source_in_the_margin_is_not_broken_for_a_letter(opened: Page) -> None:
    source = opened.locator("a.source", has_text="PreTrainedModel.from_pretrained").first
    assert source.locator("code").evaluate("each => each.getClientRects().length") == 1


@at("deep-dive", PHONE)
def test_the_button_below_a_cell_is_nearer_to_the_cell_than_to_what_follows(opened: Page) -> None:
    buttons = opened.locator(".galley-plain > .galley-copy")
    buttons.first.wait_for(state="attached")  # a busy machine rests before the script has run
    gaps = buttons.evaluate_all("""buttons => buttons.map(button => {
      const {top, bottom} = button.getBoundingClientRect(), cell = button.parentElement.getBoundingClientRect()
      const next = button.parentElement.nextElementSibling.getBoundingClientRect()
      return [top - cell.bottom, next.top - bottom]
    })""")
    assert len(gaps) > 10
    assert [(above, below) for above, below in gaps if above >= below] == []


@at("deep-dive", WIDE)
def test_a_link_is_known_by_more_than_its_colour(opened: Page) -> None:
    lines = "links => links.map(each => getComputedStyle(each).textDecorationLine)"
    links: list[str] = opened.locator("article > p a:not(.source)").evaluate_all(lines)
    assert len(links) > 10
    assert {*links} == {"underline"}


BLEEDS = """
() => [...document.querySelectorAll(`article > .galley-cell > :is(.highlight, .tabbed-set) pre > code,
    article > .galley-cell > .galley-output > .galley-text > pre > code`)].flatMap(each => {
  const {left, right} = each.getBoundingClientRect(), {backgroundAttachment, backgroundImage} = getComputedStyle(each)
  const fades = backgroundAttachment.startsWith("local, local, scroll") && backgroundImage.startsWith("linear-gradient")
  return each.checkVisibility() ? [{left, right, fades}] : []
})
"""  # where each block begins and ends, and whether its ground lies over shadows at its ends


@at("code-explanation", PHONE)
def test_on_a_phone_code_has_the_whole_width_and_fades_where_it_goes_on(opened: Page) -> None:
    blocks: list[dict[str, Any]] = opened.evaluate(BLEEDS)
    assert len(blocks) > 40
    assert {(each["left"], each["right"], each["fades"]) for each in blocks} == {(0, PHONE, True)}


@at("galley-docs/values", PHONE)
def test_a_table_that_is_wider_than_a_phone_fades_where_it_goes_on(opened: Page) -> None:
    scrolls = opened.locator(".md-typeset__scrollwrap").first
    assert scrolls.evaluate("each => each.scrollWidth > each.clientWidth")
    attached = scrolls.evaluate("each => getComputedStyle(each).backgroundAttachment")
    assert attached == "local, local, scroll, scroll"
    ground = "getComputedStyle(each).backgroundColor"
    assert scrolls.locator("table").evaluate(f"each => {ground}") == "rgba(0, 0, 0, 0)", "it would cover the fade"


@at("code-explanation", PHONE)
def test_a_phone_shows_each_row_of_a_trace_as_a_card(opened: Page) -> None:
    rows = opened.locator("#cell-code_explanation-script .galley-table tr:has(td)")
    values = rows.locator("td:last-child")
    assert values.count() > 5
    names = rows.locator("td:nth-last-child(3)")
    for row, name, value in zip(rows.all(), names.all(), values.all(), strict=True):
        card, start, place = row.bounding_box(), name.bounding_box(), value.bounding_box()
        assert card
        assert start
        assert place
        assert place["x"] + place["width"] <= PHONE
        assert place["x"] == start["x"], "the value has the width of the card"
        assert place["y"] >= card["y"] + 15, "the value stands below its name and type"


@at("methods", PHONE)
def test_a_phone_shows_the_table_of_all_methods_as_cards(opened: Page) -> None:
    table = opened.locator("#cell-methods-compared table")
    first = table.locator("tbody tr").first
    assert not table.locator("thead").is_visible()
    titles = "cells => cells.map(each => getComputedStyle(each, '::before').content.replaceAll('\"', ''))"
    assert "memory" in " ".join(first.locator("td").evaluate_all(titles))
    place = first.bounding_box()
    assert place
    assert place["x"] + place["width"] <= PHONE
