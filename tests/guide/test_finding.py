"""From a word or an error message to what helps: the search, and the pages of error messages, in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, Page

from galley.config import find_project
from galley.site.build import protect_site
from galley.source.guide import read_guide
from hub_server import hub_server
from screenshots import WIDTHS, chromium, served

ROOT = Path(__file__).parents[2]
PHONE = 390
MODEL = ROOT / "snippets/models/stdlib-coder"
GUIDE = read_guide(find_project(ROOT))
ERRORS = sorted(path for path in (ROOT / "docs/errors").glob("*.md") if path.stem != "index")
INDEX = "search/search_index.json"
FIRST = {  # what people type, and the page, or the section of a page, that has to stand first
    "BOTTLENECK": "errors/keyerror-bottleneck/",
    "pad token": "errors/padding-token/",
    "dtype": "deep-dive/#choose-device-and-number-type",
    "merge": "train-an-adapter/#merge",
    "KeyError": "errors/keyerror-bottleneck/",
    "KeyError BOTTLENECK": "errors/keyerror-bottleneck/",
    "out of memory": "errors/out-of-memory/",
    "left padding": "code-explanation/#the-attention-mask",
    "size mismatch": "errors/size-mismatch/",
    "install": "deep-dive/#install",
    "gpu": "memory-and-speed/#the-real-shape-on-a-gpu",
    "from_pretrained": "code-explanation/#load-the-base-model",
    "padding token": "errors/padding-token/",
    "gated": "errors/gated-repository/",
    "target_modules": "errors/target-modules-not-found/",
    "chat_template": "errors/chat-template/",
    "no effect": "no-effect/",
    "switched off": "no-effect/#it-is-switched-off",
    "new tokens": "new-tokens/",
    "trainable_token_indices": "new-tokens/",
    "fill in the middle": "prompts/",
    "prompt form": "prompts/",
    "streaming": "generation/",
    "stop_strings": "generation/",
    "adapter_config.json": "errors/no-adapter-config/",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The guide's site, built with MkDocs and with its policy."""
    site = tmp_path_factory.mktemp("finding") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(site)]
    environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    protect_site(find_project(ROOT), site)
    with served(site) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def phone(browser: Browser) -> Iterator[Page]:
    """A page as wide and high as a phone's window."""
    context = browser.new_context(viewport={"width": PHONE, "height": WIDTHS[PHONE]})
    yield context.new_page()
    context.close()


def front(page: Path) -> dict[str, str]:
    """The front matter of a page."""
    found: dict[str, str] = yaml.safe_load(page.read_text(encoding="utf-8").split("---\n")[1])
    return found


def open_ready(opened: Page, address: str) -> None:
    """Open a page and wait for its scripts: they ask for what they need before they add the copy buttons."""
    opened.goto(address, wait_until="commit")
    opened.locator("button[data-clipboard-target]").first.wait_for(state="attached")


def results(opened: Page) -> list[list[str]]:
    """The addresses in the search's answer, for each page of the site that it names."""
    opened.locator(".md-search-result__item mark").first.wait_for(state="attached")
    links = "items => items.map(item => [...item.querySelectorAll('a')].map(link => link.href))"
    found: list[list[str]] = opened.locator(".md-search-result__item").evaluate_all(links)
    return [[re.sub(r"\?h=[^#]*", "", link) for link in links] for links in found]


@pytest.mark.parametrize("query", FIRST)
def test_the_search_gives_the_right_section_first(query: str, address: str, browser: Browser):
    opened = browser.new_page()
    opened.goto(f"{address}/?q={query}", wait_until="commit")
    page, *sections = results(opened)[0]
    wanted = f"{address}/{FIRST[query]}"
    assert (sections[0] if "#" in wanted else page) == wanted
    opened.close()


def test_the_index_comes_when_somebody_searches(address: str, phone: Page):
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    open_ready(phone, f"{address}/deep-dive/")
    assert not any(INDEX in url for url in asked)
    phone.locator("label[for=__search]").first.click()
    phone.locator(".md-search__input").fill("merge")
    assert results(phone)[0][0].endswith("/train-an-adapter/")
    assert sum(INDEX in url for url in asked) == 1


def test_the_index_comes_for_a_reader_with_a_keyboard(address: str, browser: Browser):
    opened = browser.new_page()
    open_ready(opened, f"{address}/deep-dive/")
    opened.keyboard.press("/")
    opened.locator(".md-search__input:focus").wait_for()
    opened.keyboard.type("merge")
    assert results(opened)[0][0].endswith("/train-an-adapter/")
    opened.close()


def test_words_are_marked_on_the_page_that_a_search_leads_to(address: str, browser: Browser):
    opened = browser.new_page()
    opened.goto(f"{address}/train-an-adapter/?h=merge", wait_until="commit")
    opened.locator("article mark").first.wait_for()
    opened.close()


@pytest.mark.parametrize("page", ERRORS, ids=lambda page: page.stem)
def test_a_phone_shows_message_and_mend_on_its_first_screen(page: Path, address: str, phone: Page):
    phone.goto(f"{address}/errors/{page.stem}/", wait_until="networkidle")
    (first, *_) = (fence for fence in GUIDE.fences if fence.place.path.name == page.name)
    assert first.cell == "mend"
    mend = phone.locator(f"#cell-{first.file}-mend pre").first.bounding_box()
    assert mend
    assert mend["y"] + mend["height"] <= WIDTHS[PHONE]


@pytest.mark.parametrize("page", ERRORS, ids=lambda page: page.stem)
def test_the_title_of_an_errors_page_is_the_message(page: Path, address: str, phone: Page):
    phone.goto(f"{address}/errors/{page.stem}/", wait_until="commit")
    title = front(page)["title"]
    assert phone.title().startswith(f"{title} · ")
    shown = phone.locator("h1").inner_text().replace("¶", "")
    searched = set(re.findall(r"\w+", f"{title} {front(page)['description']}"))
    assert set(re.findall(r"\w+", shown)) <= searched | {"PeftModelForCausalLM"}


NOT_RAISED = {"gated-repository", "missing-adapter-keys", "different-devices", "out-of-memory"}  # each page says why


@pytest.mark.parametrize("page", [page for page in ERRORS if page.stem not in NOT_RAISED], ids=lambda page: page.stem)
def test_what_a_page_raises_is_its_message(page: Path):
    stem = page.stem.replace("-", "_")
    assert GUIDE.snippets[stem].cell("raised").raises
    said = (ROOT / f"snippets/outputs/{page.stem}/laptop/raised.error.txt").read_text(encoding="utf-8")
    message = re.search(r"^# `(.*)`$", page.read_text(encoding="utf-8"), re.MULTILINE)
    assert message
    for part in re.split(r": (?=size)| for …|[{}]|'[qv]_proj', |, (?=')", message[1]):
        assert part.strip() in said, part


def test_the_list_of_messages_has_every_page(address: str, phone: Page):
    phone.goto(f"{address}/errors/", wait_until="commit")
    phone.locator("article li a:has(code)").first.wait_for()
    links = phone.locator("article li a:has(code)").evaluate_all("links => links.map(link => link.pathname)")
    assert sorted(links) == [f"/errors/{page.stem}/" for page in ERRORS]


def test_the_file_that_mends_the_bottleneck_is_one_tap_from_its_message(address: str, phone: Page):
    phone.goto(f"{address}/errors/keyerror-bottleneck/", wait_until="commit")
    link = phone.locator("article a:has-text('bottleneck.py')").first
    assert link.evaluate("link => link.pathname") == "/files/bottleneck.py"


@pytest.mark.parametrize("token", ["", "of-a-stranger", "of-a-member"])
def test_a_gated_repository_answers_as_its_page_says(token: str, tmp_path: Path):
    with hub_server() as hub:
        hub.tokens |= {"of-a-stranger", "of-a-member"}
        repository = hub.repository("somebody/gated", gated=True, members={"of-a-member"})
        repository.commit({path.name: path.read_bytes() for path in MODEL.iterdir() if path.is_file()})
        environment = {name: os.environ[name] for name in os.environ if not name.startswith(("HF_", "HUGGING"))}
        environment |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)} | ({"HF_TOKEN": token} if token else {})
        code = 'from transformers import AutoModelForCausalLM as A; A.from_pretrained("somebody/gated")'
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
        )
    if token == "of-a-member":
        assert done.returncode == 0, done.stderr
    else:
        assert "OSError: You are trying to access a gated repo." in done.stderr
        assert ("403" if token else "401") in done.stderr
