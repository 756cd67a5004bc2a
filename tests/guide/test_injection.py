"""Texts that try to run a script, in all places of a page where a text of a record stands, read in a real browser.

`make test` has each text of the collection in one place. With GALLEY_HARD=1 each has a cell in every place.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from html import escape
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
import yaml
from mkdocs.utils.yaml import yaml_load
from playwright.sync_api import Browser, BrowserContext, Page

from galley.source.digest import digest
from guide_folder import GuideFolder
from hostile import COLLECTION, EVIL, HARMFUL, TEXTS
from screenshots import served
from visiting import new_tab, visiting

ROOT = Path(__file__).parents[2]
HARD = bool(os.environ.get("GALLEY_HARD"))
ON_A_PAGE = 90  # cells
SETTINGS = """\
[tool.galley]
csp = true
plugins = ["plugin.tokens:Tokens", "plugin.corrections:Corrections"]
line = ["system"]

[tool.galley.profiles.laptop]
required = true
title = "<img src=x: onerror=alert(1)>"
"""
SHOWN = """\
# %% shown
class Shown:
    def __init__(self, text): self.text = text
    def __repr__(self): return self.text
class Html(Shown):
    def _repr_html_(self): return self.text
class Words(Shown):
    def _repr_markdown_(self): return self.text
class Formula(Shown):
    def _repr_latex_(self): return "$" + self.text + "$"
class Data(Shown):
    def _repr_json_(self): return {self.text: [self.text]}
class Several(Shown):
    def _repr_mimebundle_(self, include=None, exclude=None):
        return dict.fromkeys(["text/plain", "text/html", "text/markdown", "text/latex"], self.text)
class Svg(Shown):
    def _repr_svg_(self):
        return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><title>x</title>{self.text}</svg>'
class Raised(ValueError): pass
def failing(text): raise Raised(text)
"""


def one_line(text: str) -> str:
    """A text as it can stand in one line of a source, between quotation marks."""
    return re.sub(r"[\x00-\x1f\u2028\u2029\"\\]", " ", text)


def token(text: str) -> str:
    """The list of one token."""
    return f'[{{"id": 1, "token": {text!r}, "probability": 0.5, "others": [({text!r}, 0.2)]}}]'


# A place in a page: what stands behind the cell's name, the cell's code, and the options of its fence.
Place = Callable[[str], tuple[str, str, str]]
PLACES: dict[str, Place] = {
    "printed": lambda text: ("", f"print({text!r})", ""),
    "standard error": lambda text: ("", f"import sys\nprint({text!r}, file=sys.stderr)", ""),
    "a value": lambda text: ("", f"Shown({text!r})", ""),
    "a value with HTML": lambda text: ("", f"Html({text!r})", ""),
    "a value with Markdown": lambda text: ("", f"Words({text!r})", ""),
    "a value with LaTeX": lambda text: ("", f"Formula({text!r})", ""),
    "a value with JSON": lambda text: ("", f"Data({text!r})", ""),
    "a value with several": lambda text: ("", f"Several({text!r})", ""),
    "a drawing": lambda text: ("", f"Svg({text!r})", ""),
    "an error": lambda text: (' raises="Raised"', f"failing({text!r})", ""),
    "a caption": lambda text: ("", f'"""{one_line(text)}."""\nprint(1)', ""),
    "a claim": lambda text: (
        f' [claim] draft="{one_line(text)}" verdict="false"',
        f'"""{one_line(text)}."""\nassert Shown({text!r}).text',
        "",
    ),
    "a trace": lambda text: (" [trace]", f"shown = {text!r}\nsame = Shown(shown)", ""),
    "tokens": lambda text: (" [tokens]", token(text), ""),
    "a comment": lambda text: ("", f"print(1)  # {one_line(text)}", ""),
    "Markdown": lambda text: ("", f"print({text!r})", ' source="above"'),
    "a heading": lambda text: ("", f"print('## ' + {one_line(text)!r})", ' source="above"'),
    "HTML": lambda text: ("", f"print({text!r})", ' html="yes"'),
    "a terminal": lambda text: ("", f"print({text!r})", ' result="ansi"'),
}  # fmt: skip


def pairs() -> list[tuple[str, Place]]:
    """Each text with a place, or with every place."""
    if HARD:
        return [(text, place) for text in TEXTS for place in PLACES.values()]
    return list(zip(TEXTS, cycle(PLACES.values()), strict=False))


def written(folder: GuideFolder) -> None:
    """Write the pages: some cells on each, with a title that tries it too."""
    every = pairs()
    for number, start in enumerate(range(0, len(every), ON_A_PAGE)):
        cells, fences = [SHOWN], [f'```python exec="on" cell="page{number}/shown"\n```']
        for at, (text, place) in enumerate(every[start : start + ON_A_PAGE]):
            tags, code, options = place(text)
            cells.append(f'# %% c{at}{tags} alt="a picture"\n{code}\n')
            fences.append(f'```python exec="on" cell="page{number}/c{at}"{options}\n```')
        (folder.root / f"snippets/page{number}.py").write_text("".join(cells), encoding="utf-8")
        folder.page(f"page{number}", "\n\n".join(fences))
    lists = "\n\n".join(f'```python exec="on" list="{name}"\n```' for name in ("claims", "corrections"))
    folder.page("index", lists, title="Lists")


def forge(folder: GuideFolder) -> None:
    """Have the texts in whatever a record says of its run, and in an output that no run left."""
    place = folder.project.outputs / "page0/laptop"
    record: dict[str, Any] = json.loads((place / "record.json").read_text(encoding="utf-8"))
    script, handler = TEXTS[0], HARMFUL[-1]  # few: they stand under each output of the page
    record["environment"]["provenance"] = {script: handler}
    run = json.loads((place / "run.json").read_text(encoding="utf-8"))
    (place / "run.json").write_text(json.dumps({**run, "system": script, "cpu": handler}), encoding="utf-8")
    record["environment"]["packages"] = {handler: script}
    cell = next(each for each in record["cells"] if each["outputs"] and each["outputs"][0]["kind"] == "stdout")
    output, text = cell["outputs"][0]["files"][0], "\n".join(TEXTS)
    (place / output["file"]).write_text(text, encoding="utf-8", newline="")
    output["sha256"] = digest(text)
    cell["provenance"] = {text: text for text in TEXTS}
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of a guide with the theme and the plug-ins of this one."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("hostile"), SETTINGS)
    with (ROOT / "mkdocs.yml").open("rb") as file:
        settings = yaml_load(file)
    shutil.copytree(ROOT / "snippets/plugin", folder.root / "snippets/plugin")
    for part in ("scripts/theme", "docs/assets"):
        shutil.copytree(ROOT / part, folder.root / part)
    folder.write(
        "mkdocs.yml",
        yaml.safe_dump({each: settings[each] for each in settings if each not in ("nav", "hooks", "extra_css")}),
    )
    written(folder)
    done = folder.galley("run")
    assert done.returncode == 0, done.stdout[-3000:]
    forge(folder)
    done = folder.galley("build")
    assert done.returncode == 0, done.stdout[-3000:]
    return folder.root / "site"


# What an element of a page could do that no record may have it do; what galley and the theme bring is left out.
AUDIT = """
() => [...document.querySelectorAll("*")].flatMap(each => {
  const loads = /^(src|srcset|href|action|data|style)$/
  const found = [...each.attributes].filter(one => {
    const begun = one.value.replace(/[\\x00-\\x20]/g, "").toLowerCase()
    return one.name.startsWith("on") || /^(javascript|vbscript):/.test(begun) || begun.startsWith("data:text/html") ||
      (loads.test(one.name) && begun.includes("//evil.invalid") && each.tagName != "A")
  }).map(one => `${each.tagName} ${one.name}=${one.value}`)
  const inside = each.closest("article, body.raw")
  const own = each.matches("script[src$='galley/copy.js']") && !each.textContent  // galley's only one, a file
  const live = /^(script|iframe|object|embed|base|link|meta|form)$/i.test(each.tagName)
  if (inside && !own && live) found.push(each.tagName)
  return found
})
"""
# What stands over the theme's own parts at the top of a page, and what an output has taken out of its place.
COVERS = """
() => {
  const found = []
  scrollTo(0, 0)
  for (const part of [".md-header", ".md-sidebar--primary .md-nav__title", ".md-logo"]) {
    const place = document.querySelector(part)?.getBoundingClientRect()
    if (!place?.width) continue
    const top = document.elementFromPoint(place.x + place.width / 2, place.y + place.height / 2)
    if (top?.closest("article")) found.push(`${top.outerHTML.slice(0, 80)} over ${part}`)
  }
  for (const each of document.querySelectorAll("article *"))
    if (/fixed|sticky/.test(getComputedStyle(each).position)) found.push(`${each.outerHTML.slice(0, 80)} has left`)
  const shown = ["body", "article", ".md-header"].map(part => document.querySelector(part))
  if (shown.some(each => !each.getBoundingClientRect().height)) found.push("a part of the page is hidden")
  if (document.querySelector(".md-toggle:checked")) found.push("the menu or the search is open")
  return found
}
"""
BEFORE = """
window.ran = 0
window.stopped = []
window.alert = () => { top.ran = (top.ran || 0) + 1 }
addEventListener("securitypolicyviolation", stop => stopped.push(`${stop.effectiveDirective} ${stop.sample}`))
"""


class Visit:
    """What a browser did with a page: scripts that ran, what was stopped, requests that left, and what the page has."""

    def __init__(self, context: BrowserContext, address: str, page: str) -> None:
        opened = new_tab(context)
        tabs = len(context.pages)
        self.left: list[str] = []
        self.dialogs: list[str] = []
        opened.on("request", lambda asked: self._asked(asked.url, address))
        opened.on("dialog", self._dialog)
        opened.route("**/evil.invalid/**", lambda route: route.abort())
        opened.goto(f"{address}/{page}", wait_until="load", timeout=120_000)
        self._use(opened)
        self.ran = opened.evaluate("window.ran")
        self.stopped = opened.evaluate("window.stopped")
        self.has = opened.evaluate(AUDIT) + ([] if "raw/" in page else opened.evaluate(COVERS))
        if opened.url.partition("#")[0] != f"{address}/{page.removeprefix('./')}" or len(context.pages) > tabs:
            self.left.append(opened.url)
        opened.close()

    def _asked(self, url: str, address: str) -> None:
        if not url.startswith((address, "data:", "blob:", "about:")):
            self.left.append(url)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()

    def _use(self, opened: Page) -> None:
        """Open what is folded and point at everything, as a reader may."""
        opened.evaluate("""() => {
          for (const fold of document.querySelectorAll("details")) fold.open = true
          for (const each of document.querySelectorAll("article *, body.raw *"))
            for (const event of ["pointerenter", "mouseover", "focus"]) each.dispatchEvent(new Event(event))
        }""")
        opened.wait_for_timeout(50)


@pytest.mark.parametrize("policy", [True, False], ids=["with the policy", "without it"])
def test_no_text_runs_a_script_or_leaves_the_site(site: Path, browser: Browser, policy: bool) -> None:
    with served(site) as address, visiting(browser, address, [BEFORE], bypass_csp=not policy) as context:
        pages = sorted(path.parent.relative_to(site).as_posix() for path in site.rglob("index.html"))
        assert len(pages) >= 2
        for page in pages:
            visit = Visit(context, address, f"{page}/")
            assert (visit.ran, visit.dialogs, visit.left, visit.has) == (0, [], [], []), page
            assert visit.stopped == [], "nothing is left for the policy to stop"


def test_the_texts_are_in_the_pages(site: Path) -> None:
    text = (site / "page0/index.html").read_text(encoding="utf-8")
    assert text.count(escape(TEXTS[0])) >= 3
    assert all(f'id="cell-page0-c{at}"' in text for at in range(min(ON_A_PAGE, len(pairs()))))


@pytest.mark.parametrize("number", range(len(COLLECTION["covers"])))
def test_what_would_cover_a_page_is_noticed(site: Path, browser: Browser, number: int) -> None:
    with served(site) as address, visiting(browser, address, [BEFORE], bypass_csp=True) as context:
        opened = new_tab(context)
        opened.goto(f"{address}/page0/")
        assert opened.evaluate(COVERS) == []
        opened.evaluate("text => document.querySelector('article').innerHTML = text", COLLECTION["covers"][number])
        found = opened.evaluate(COVERS) + opened.evaluate(AUDIT)
        opened.close()
    assert found, COLLECTION["covers"][number]


@pytest.fixture(scope="module")
def raw(site: Path) -> Iterator[str]:
    """A site whose pages show a text of the collection as it is, under the policy of the guide's pages."""
    policy = re.search(r"<meta data-galley [^>]*>", (site / "page0/index.html").read_text(encoding="utf-8"))
    assert policy
    (site / "raw").mkdir(exist_ok=True)
    for number, text in enumerate(HARMFUL):
        page = f'<!doctype html><head><meta charset="utf-8">{policy[0]}</head><body class="raw"><p>{text}'
        (site / f"raw/{number}.html").write_text(page, encoding="utf-8")
    with served(site) as address:
        yield address


NUMBERS = range(0, len(HARMFUL), 1 if HARD else 9)


@pytest.fixture(scope="module")
def contexts(raw: str, browser: Browser) -> Iterator[dict[bool, BrowserContext]]:
    """Where the policy holds, and where it does not."""
    with (
        visiting(browser, raw, [BEFORE]) as held,
        visiting(browser, raw, [BEFORE], bypass_csp=True) as free,
    ):
        yield {True: held, False: free}


@pytest.mark.parametrize("number", NUMBERS)
def test_where_a_text_is_not_escaped_the_policy_stops_it(
    raw: str, contexts: dict[bool, BrowserContext], number: int
) -> None:
    free = Visit(contexts[False], raw, f"raw/{number}.html")
    assert free.ran or free.left or free.has, "the browser, and what this test looks at, would notice"
    held = Visit(contexts[True], raw, f"raw/{number}.html")
    assert (held.ran, held.dialogs) == (0, []), HARMFUL[number]
    if free.ran:
        assert held.stopped
    assert not [url for url in held.left if EVIL in url]
