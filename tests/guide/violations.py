"""What axe-core finds wrong with a page in a browser, for those who do not see it or do not use a mouse.

axe measures the contrast of each word by what lies below it, which takes a minute for a page with ten thousand coloured
words of code. Words that look the same on the same ground have one contrast. So a few of each look are measured. The
other words of code lose their elements, which are colours and no more: axe's time goes by the number of elements.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page, TimeoutError

OPEN = "document.querySelectorAll('details').forEach(fold => fold.open = true)"
REACHED = """
() => [...document.querySelectorAll("pre > code, .md-typeset__scrollwrap")].every(
  each => each.scrollWidth <= each.clientWidth || each.matches("[tabindex]") || each.querySelector("[tabindex], a")
)
"""  # The page's script hears of the size of what was opened a moment later.
STILL = """
() => {
  const still = new CSSStyleSheet()
  still.replaceSync(`*, ::before, ::after { transition: none !important; animation: none !important }
    pre > code, .md-typeset__scrollwrap { background-image: none !important }`)
  document.adoptedStyleSheets.push(still)
}
"""  # What is half faded out has no contrast of its own, and of words on the shadows of what scrolls axe says nothing.
PATIENCE = 10_000  # milliseconds until axe looks at the page in any case, and tells what is not reached
FOUND = """
async many => {
  const grounds = new Map([[document.documentElement, ""]]), looks = new Map()
  const ground = element => {
    if (!grounds.has(element)) {
      const look = getComputedStyle(element)
      const own = [look.backgroundColor, look.backgroundImage, look.opacity].join()
      const above = ground(element.parentElement)
      grounds.set(element, own === "rgba(0, 0, 0, 0),none,1" ? above : above + own)
    }
    return grounds.get(element)
  }
  for (const element of document.body.querySelectorAll("*")) {
    const words = [...element.childNodes].some(node => node.nodeType === Node.TEXT_NODE && node.data.trim())
    if (!words || !element.checkVisibility({visibilityProperty: true})) continue
    const look = getComputedStyle(element)
    const key = [look.color, look.fontSize, look.fontWeight, ground(element)].join()
    looks.set(key, (looks.get(key) ?? 0) + 1)
    if (looks.get(key) <= many) element.toggleAttribute("data-measured", true)
  }
  // Prompts and answers of consoles stay: what a button copies is known by them.
  for (const word of document.querySelectorAll("pre > code span:not([data-measured], .gp, .go)")) {
    const colour = word.childElementCount === 0 && word.getAttributeNames().join() === "class"
    if (colour) word.replaceWith(...word.childNodes)
  }
  document.body.normalize()
  axe.configure({rules: [{id: "color-contrast", selector: "[data-measured]"}]})
  const {violations} = await axe.run(document, {resultTypes: ["violations"], preload: false})
  return violations.flatMap(({id, impact, nodes}) => nodes.map(node => ({
    rule: id, impact, place: node.target.join(" "), html: node.html.slice(0, 200),
    why: [...node.any, ...node.all, ...node.none].map(check => check.message).join("; "),
  })))
}
"""
OF_EACH_LOOK = 2  # words whose contrast is measured; one of them may be covered by something else
GRAVE = ("critical", "serious")


def violations(opened: Page) -> list[dict[str, Any]]:
    """Each element of a page that breaks a rule of axe-core, with everything open."""
    opened.evaluate(STILL)
    opened.evaluate(OPEN)
    with suppress(TimeoutError):
        opened.wait_for_function(REACHED, timeout=PATIENCE)
    opened.evaluate(AXE_SCRIPT)
    found: list[dict[str, Any]] = opened.evaluate(FOUND, OF_EACH_LOOK)
    return found


def grave(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that axe calls serious or critical."""
    return [each for each in found if each["impact"] in GRAVE]
