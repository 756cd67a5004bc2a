"""From a word or an error message to what helps: the search, and the pages of error messages, in a real browser."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, BrowserContext, Page, expect

from galley.config import find_project
from galley.source.guide import read_guide
from hub_server import hub_server
from screenshots import WIDTHS, visit
from visiting import THEME_RAN, new_tab, visiting

ROOT = Path(__file__).parents[2]
PHONE = 390
MODEL = ROOT / "snippets/models/stdlib-coder"
GUIDE = read_guide(find_project(ROOT))
ERRORS = sorted(path for path in (ROOT / "docs/errors").glob("*.md") if path.stem != "index")
INDEX = "search/search_index.json"
WORKER = "/workers/search."  # the theme's script that searches the index
FIRST = {  # what people type, and the page, or the section of a page, that has to stand first
    "BOTTLENECK": "errors/keyerror-bottleneck/",
    "pad token": "errors/padding-token/",
    "dtype": "deep-dive/#choose-device-and-number-type",
    "merge": "save-merge-ship/",
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
    "merge adapter": "save-merge-ship/",
    "vllm": "save-merge-ship/#what-servers-take",
    "bitsandbytes": "quantised/",
    "qlora": "quantised/",
    "EarlyStoppingCallback": "training-run/",
    "pass@k": "is-it-better/#passk",
    "wilson": "is-it-better/",
    "evaluate adapter": "is-it-better/",
    "gguf": "save-merge-ship/#a-gguf-file",
    "quantized": "quantised/",
    "resume": "training-run/#resume",
    "fill in the middle": "prompts/",
    "prompt form": "prompts/",
    "streaming": "generation/#streaming",
    "stop_strings": "generation/",
    "llama": "another-architecture/",
    "grouped-query": "another-architecture/",
    "which rank": "which-settings/",
    "rank alpha": "which-settings/#rank-and-alpha",
    "adapter_config.json": "errors/no-adapter-config/",
    "unscale": "errors/unscale-fp16/",
    "device_map": "seven-billion/",
    "offline": "seven-billion/#offline",
    "T4": "seven-billion/#on-which-card",
}


@pytest.fixture(scope="module")
def phones(browser: Browser, address: str) -> Iterator[BrowserContext]:
    """Where each page is as wide and high as a phone's window."""
    with visiting(browser, address, viewport={"width": PHONE, "height": WIDTHS[PHONE]}) as context:
        yield context


@pytest.fixture
def phone(phones: BrowserContext) -> Iterator[Page]:
    """A page on a phone."""
    opened = new_tab(phones)
    yield opened
    opened.close()


def front(page: Path) -> dict[str, str]:
    """The front matter of a page."""
    found: dict[str, str] = yaml.safe_load(page.read_text(encoding="utf-8").split("---\n")[1])
    return found


def open_ready(opened: Page, address: str) -> None:
    """Open a page and wait for its scripts: they ask for what they need before they show what they can do."""
    opened.goto(address, wait_until="commit")
    opened.locator(THEME_RAN).first.wait_for(state="attached")


def results(opened: Page) -> list[list[str]]:
    """The addresses in the search's answer, for each page of the site that it names."""
    opened.locator(".md-search-result__item mark").first.wait_for(state="attached")
    links = "items => items.map(item => [...item.querySelectorAll('a')].map(link => link.href))"
    found: list[list[str]] = opened.locator(".md-search-result__item").evaluate_all(links)
    return [[re.sub(r"\?h=[^#]*", "", link) for link in links] for links in found]


@pytest.fixture(scope="module")
def searched(address: str, browser: Browser) -> dict[str, list[str]]:
    """The page that the search has first for each query, and its sections; one visitor asks for all of them."""
    first, *others = FIRST
    opened = browser.new_page()
    opened.goto(f"{address}/?q={first}", wait_until="commit")
    found = {first: results(opened)[0]}
    for query in others:
        for typed in ("", query):  # the search looks at its field when a key goes up
            opened.locator(".md-search__input").fill(typed)
            opened.locator(".md-search__input").press("End")
            if not typed:
                opened.locator(".md-search-result__item").first.wait_for(state="detached")
        found[query] = results(opened)[0]
    opened.close()
    return found


@pytest.mark.parametrize("query", FIRST)
def test_the_search_gives_the_right_section_first(query: str, address: str, searched: dict[str, list[str]]):
    page, *sections = searched[query]
    wanted = f"{address}/{FIRST[query]}"
    assert (sections[0] if "#" in wanted else page) == wanted


def test_the_index_comes_when_somebody_searches(address: str, phone: Page):
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))
    open_ready(phone, f"{address}/deep-dive/")
    assert not any(part in url for url in asked for part in (INDEX, WORKER))
    phone.locator("label[for=__search]").first.click()
    phone.locator(".md-search__input").fill("merge")
    assert results(phone)[0][0].endswith("/save-merge-ship/")
    assert [sum(part in url for url in asked) for part in (INDEX, WORKER)] == [1, 1]


def test_the_index_comes_for_a_reader_with_a_keyboard(address: str, browser: Browser):
    opened = browser.new_page()
    open_ready(opened, f"{address}/deep-dive/")
    opened.keyboard.press("/")
    opened.locator(".md-search__input:focus").wait_for()
    opened.keyboard.type("merge")  # each letter is searched, and the results of "me" are others
    first = opened.locator(".md-search-result__link").first
    expect(first).to_have_attribute("href", re.compile(r"/save-merge-ship/"), timeout=30_000)  # as other waits have
    opened.close()


def test_words_are_marked_on_the_page_that_a_search_leads_to(address: str, browser: Browser):
    opened = browser.new_page()
    opened.goto(f"{address}/train-an-adapter/?h=merge", wait_until="commit")
    opened.locator("article mark").first.wait_for()
    opened.close()


@dataclass(frozen=True)
class Seen:
    """An errors page on a phone: its title, its first heading, and where its first code ends, in pixels."""

    title: str
    heading: str
    mend: float | None


@pytest.fixture(scope="module")
def seen(address: str, phones: BrowserContext) -> dict[Path, Seen]:
    """Each errors page, as a phone shows it."""
    found = {}
    for page in ERRORS:
        opened = new_tab(phones)
        visit(opened, f"{address}/errors/{page.stem}/")
        mend = opened.locator("[id^=cell-][id$=-mend] pre").first.bounding_box()
        heading = opened.locator("h1").inner_text().replace("¶", "")
        found[page] = Seen(opened.title(), heading, mend and mend["y"] + mend["height"])
        opened.close()
    return found


@pytest.mark.parametrize("page", ERRORS, ids=lambda page: page.stem)
def test_a_phone_shows_message_and_mend_on_its_first_screen(page: Path, seen: dict[Path, Seen]):
    (first, *_) = (fence for fence in GUIDE.fences if fence.place.path.name == page.name)
    assert first.cell == "mend"
    assert seen[page].mend
    assert seen[page].mend <= WIDTHS[PHONE]


@pytest.mark.parametrize("page", ERRORS, ids=lambda page: page.stem)
def test_the_title_of_an_errors_page_is_the_message(page: Path, seen: dict[Path, Seen]):
    title = front(page)["title"]
    assert seen[page].title.startswith(f"{title} · ")
    searched = set(re.findall(r"\w+", f"{title} {front(page)['description']}"))
    assert set(re.findall(r"\w+", seen[page].heading)) <= searched | {"PeftModelForCausalLM"}


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


def test_from_a_search_engine_the_file_that_mends_the_bottleneck_is_two_taps_away(
    address: str, phone: Page, seen: dict[Path, Seen], record_property: Callable[[str, object], None]
):
    """The first tap is the engine's; it leads to the page, since the message is its title."""
    phone.goto(f"{address}/errors/keyerror-bottleneck/", wait_until="commit")
    link = phone.locator("article a:has-text('bottleneck.py')").first
    place = link.bounding_box()
    assert place
    assert place["y"] + place["height"] <= WIDTHS[PHONE]
    with phone.expect_download() as tapped:
        link.click()
    assert tapped.value.path().read_bytes() == (ROOT / "snippets/bottleneck.py").read_bytes()
    mend = seen[ROOT / "docs/errors/keyerror-bottleneck.md"].mend
    assert mend
    reached = f"{mend / WIDTHS[PHONE]:.1f} screens, 2 taps"
    record_property("aim", ("from a search engine to the mend", "1 screen, 2 taps", reached))


ASKING = """
import json, os, traceback
from transformers import AutoModelForCausalLM

said = {}
for token in ("", "of-a-stranger", "of-a-member"):
    os.environ["HF_TOKEN"] = token
    try:
        said[token] = type(AutoModelForCausalLM.from_pretrained("somebody/gated")).__name__
    except OSError:
        said[token] = traceback.format_exc()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The model's class, or the traceback, by the token with which a gated repository is asked for."""
    with hub_server() as hub:
        hub.tokens |= {"of-a-stranger", "of-a-member"}
        repository = hub.repository("somebody/gated", gated=True, members={"of-a-member"})
        repository.commit({path.name: path.read_bytes() for path in MODEL.iterdir() if path.is_file()})
        environment = {name: os.environ[name] for name in os.environ if not name.startswith(("HF_", "HUGGING"))}
        environment |= {"HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path_factory.mktemp("home"))}
        done = subprocess.run(
            [sys.executable, "-c", ASKING], env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("token", "code"), [("", "401"), ("of-a-stranger", "403")])
def test_a_gated_repository_refuses_as_its_page_says(token: str, code: str, answers: dict[str, str]):
    assert "OSError: You are trying to access a gated repo." in answers[token]
    assert code in answers[token]


def test_a_gated_repository_opens_to_a_member(answers: dict[str, str]):
    assert answers["of-a-member"] == "GPTBigCodeForCausalLM"
