"""Take screenshots of the built site with headless Chromium.

    python scripts/screenshots.py                       # the README's pictures, into scripts/screenshots/
    python scripts/screenshots.py --card                # what a link to the guide shows, docs/assets/card.png
    python scripts/screenshots.py --all FOLDER          # every page, 1440 and 390 px wide, light and dark

Build the site first: `make site`. The card needs no site.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
SITE = ROOT / "site"
WIDTHS = {1440: 900, 390: 844}  # a laptop's window and a phone's, in CSS pixels
SHOWN = ROOT / "scripts" / "screenshots"
PICTURES = {  # of the README: width, page, place on it, colours, what the mouse points at
    "start.png": (1440, "", "_", "light", ""),
    "start-phone.png": (390, "", "_", "light", ""),
    "deep-dive.png": (1440, "deep-dive", "cell-deep_dive-generate", "light", ""),
    "deep-dive-phone.png": (390, "deep-dive", "cell-deep_dive-generate", "light", ""),
    "methods.png": (1440, "methods", "lora", "light", ""),
    "methods-phone.png": (390, "methods", "lora", "light", ""),
    "error.png": (1440, "errors/keyerror-bottleneck", "_", "light", ""),
    "error-phone.png": (390, "errors/keyerror-bottleneck", "_", "light", ""),
    "trace.png": (1440, "code-explanation", "cell-code_explanation-script", "light", ""),
    "tokens.png": (1440, "deep-dive", "cell-deep_dive-token-view", "dark", ".galley-token:has-text('number')"),
}
CARD = ROOT / "scripts" / "theme" / "card.html"
CARD_SIZE = {"width": 1200, "height": 630}
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class Quiet(SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(site: Path) -> Iterator[str]:
    """The address at which the site is served on this machine for as long as the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium under Playwright; exits with a message where there is none."""
    path = shutil.which("chromium")
    if path is None:
        sys.exit("screenshots.py: no 'chromium' on the PATH; install it with scripts/install_chromium.sh")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def pages(site: Path) -> list[str]:
    """The address of each page, from the site's root."""
    return sorted(path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))


def settled(page: Page) -> None:
    """Wait until a page that is loading is there and fetches nothing more.

    The latter alone does not do: where the processor is busy, a browser finds the network idle while it still reads
    the document.
    """
    page.wait_for_load_state("load")
    page.wait_for_load_state("networkidle")


def visit(page: Page, address: str) -> None:
    """Go to an address, and wait until it is there."""
    page.goto(address)
    settled(page)


def shoot(
    browser: Browser, address: str, file: Path, width: int, scheme: str, anchor: str = "", point_at: str = ""
) -> None:
    """One screenshot: the whole page, or the window from `anchor` on, with the mouse on what `point_at` selects."""
    window = {"width": width, "height": WIDTHS[width]}
    context = browser.new_context(viewport=window, color_scheme=scheme, reduced_motion="reduce")  # no title half faded
    page = context.new_page()
    visit(page, address)  # then the fonts are there: the pages wait for none
    page.goto("about:blank")
    visit(page, f"{address}{anchor and '#'}{anchor}")
    page.wait_for_timeout(600)  # the title above moves for a moment where the page does not begin at its top
    if point_at:
        page.locator(point_at).first.hover()
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, full_page=not anchor)
    context.close()


def shoot_card(browser: Browser) -> None:
    """The picture that a link to the guide shows in a chat or a feed."""
    page = browser.new_page(viewport=CARD_SIZE)
    visit(page, CARD.as_uri())
    page.evaluate("document.fonts.ready")
    page.screenshot(path=ROOT / "docs" / "assets" / "card.png")
    page.close()


def main() -> None:
    """Read the options and take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", type=Path, metavar="FOLDER", help="every page at every width, light and dark")
    parser.add_argument("--site", type=Path, default=SITE, help="the built site (default: site/)")
    parser.add_argument("--card", action="store_true", help="the card alone")
    options = parser.parse_args()
    if options.card:
        with chromium() as browser:
            shoot_card(browser)
        return
    if not (options.site / "index.html").is_file():
        sys.exit(f"screenshots.py: there is no site in {options.site}; build it with 'make site'")
    with served(options.site) as address, chromium() as browser:
        if not options.all:
            for name, (width, page, anchor, scheme, point_at) in PICTURES.items():
                shoot(browser, f"{address}/{page}{'/' * bool(page)}", SHOWN / name, width, scheme, anchor, point_at)
            return
        for page in pages(options.site):
            for width in WIDTHS:
                for scheme in ("light", "dark"):
                    name = f"{page.replace('/', '-').strip('.') or 'index'}-{width}-{scheme}.png"
                    shoot(browser, f"{address}/{page}/", options.all / name, width, scheme)


if __name__ == "__main__":
    main()
