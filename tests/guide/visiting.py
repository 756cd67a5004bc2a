"""Pages in a browser, each as on a first visit, though all of them share a context.

A context of its own for each page takes twice as long: the browser starts a process and compiles the theme's scripts
anew. So it does where no tab of the site is left open. What a visit leaves for the next one is kept from it in another
way: nothing is taken from the browser's cache, and a page's storage is that of its tab, which ends with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

from screenshots import WIDTHS

FORGETFUL = """
if (origin !== "null") Object.defineProperty(window, "localStorage", {get: () => sessionStorage})
"""

# The theme's script shows one of its two switches between light and dark; the page comes with both hidden.
THEME_RAN = "[data-md-component=palette] label:not([hidden])"


@contextmanager
def visiting(browser: Browser, address: str, scripts: Sequence[str] = (), **options: Any) -> Iterator[BrowserContext]:
    """A context for visits of a site, in which one tab stays open; `scripts` run in each page before its own."""
    context = browser.new_context(**options)
    context.new_page().goto(f"{address}/robots.txt")
    for script in (FORGETFUL, *scripts):
        context.add_init_script(script)
    yield context
    context.close()


@contextmanager
def at_both_widths(browser: Browser, address: str, scripts: Sequence[str] = ()) -> Iterator[dict[int, BrowserContext]]:
    """Contexts for a wide window and for a phone, by their width."""
    (wide, phone), sizes = WIDTHS, {width: {"width": width, "height": height} for width, height in WIDTHS.items()}
    with (
        visiting(browser, address, scripts, viewport=sizes[wide]) as on_a_screen,
        visiting(browser, address, scripts, viewport=sizes[phone], has_touch=True, is_mobile=True) as in_a_hand,
    ):
        yield {wide: on_a_screen, phone: in_a_hand}


def new_tab(context: BrowserContext) -> Page:
    """An empty page, for one visit."""
    opened = context.new_page()
    session = context.new_cdp_session(opened)
    session.send("Network.enable")  # or what follows has no effect
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    return opened
