"""galley's own documentation on the site: a browser finds nothing wrong, and a stale record stops the build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from guide_site import BELOW, DOCS, copied, pages_of_galley
from screenshots import WIDTHS, visit
from violations import grave, violations
from visiting import new_tab, visiting

ROOT = Path(__file__).parents[2]
PAGES = sorted(f"{DOCS}/{path.stem}".removesuffix("/index") for path in (ROOT / BELOW / "docs").glob("*.md"))
# Each page is opened once: one after the other on a wide screen in light and on a phone in dark, but for two pages,
# which show most of what galley can show.
WIDE, PHONE = (1440, "light"), (390, "dark")
BOTH = [DOCS, f"{DOCS}/at-work"]
OPENED = [(page, *(WIDE, PHONE)[number % 2]) for number, page in enumerate(page for page in PAGES if page not in BOTH)]
OPENED += [(page, *how) for page in BOTH for how in (WIDE, PHONE)]


@pytest.mark.parametrize(("page", "width", "scheme"), OPENED)
def test_a_browser_finds_nothing_wrong(page: str, width: int, scheme: str, address: str, browser: Browser) -> None:
    wrong: list[str] = []
    window = {"width": width, "height": WIDTHS[width]}
    with visiting(browser, address, viewport=window, color_scheme=scheme) as context:
        opened = new_tab(context)
        opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
        visit(opened, f"{address}/{page}/")
        assert wrong == []
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, "the page scrolls sideways"
        assert opened.evaluate("document.fonts.check('16px \"Proof Serif\"')"), "the page has not the guide's font"
        if page in BOTH:
            assert grave(violations(opened)) == []


def test_every_page_is_on_the_site(plain_site: Path) -> None:
    assert pages_of_galley(plain_site) == PAGES


def test_a_stale_record_of_the_documentation_stops_the_build_and_says_where_it_is(tmp_path: Path) -> None:
    copied(tmp_path)
    file = tmp_path / BELOW / "snippets/index.py"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("2**2", "3**2"), encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = re.sub(r"\s+", " ", done.stdout + done.stderr)
    assert done.returncode != 0
    assert "the laptop record is stale: snippets/index.py:1: cell index/area changed galley run index" in said
    assert f"Its files are in {BELOW}: type there what mends it" in said
