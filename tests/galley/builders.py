"""The three site builders inside this process: each reads mkdocs.yml and builds, or raises what stops it."""

from __future__ import annotations

import importlib
import logging
import re
from collections.abc import Callable
from contextlib import chdir
from html.parser import HTMLParser
from pathlib import Path

from guide_folder import GuideFolder

STYLE = re.compile(r"<style>\.galley[^<]*</style>\n?")
PLAIN = "theme:\n  name: null\n  custom_dir: theme"


def plain(folder: GuideFolder) -> GuideFolder:
    """The guide with a theme of one line, so that a build takes milliseconds."""
    folder.write("theme/main.html", "<article>{{ page.content }}</article>\n")
    settings = folder.root / "mkdocs.yml"
    settings.write_text(re.sub(r"theme:\n  name: \w+", PLAIN, settings.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def _mkdocs_like(package: str) -> Callable[[GuideFolder], None]:
    def build(folder: GuideFolder) -> None:
        commands = importlib.import_module(f"{package}.commands.build")
        load_config = importlib.import_module(f"{package}.config").load_config
        logging.getLogger(package).setLevel(logging.CRITICAL)
        with chdir(folder.root):
            commands.build(load_config(str(folder.root / "mkdocs.yml"), strict=True))

    return build


def _zensical(folder: GuideFolder) -> None:
    config = importlib.import_module("zensical.config")
    render = importlib.import_module("zensical.markdown.render").render
    with chdir(folder.root):
        config.parse_config(str(folder.root / "mkdocs.yml"))
        for page in sorted((folder.root / "docs").glob("*.md")):
            text = re.sub(r"\A---\n.*?\n---\n", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
            done = render(text, page.name, f"{page.stem}.html")
            folder.write(f"site/{page.stem}.html", f"<article>{done['content']}</article>\n")


BUILDERS: dict[str, Callable[[GuideFolder], None]] = {
    "mkdocs": _mkdocs_like("mkdocs"),
    "properdocs": _mkdocs_like("properdocs"),
    "zensical": _zensical,
}


def article(site: Path, page: str) -> str:
    """The HTML of a page's article, without the styles at its top."""
    text = STYLE.sub("", (site / f"{page}.html").read_text(encoding="utf-8"))
    found = re.search(r"<article.*?</article>", text, re.DOTALL)
    assert found, text
    return found[0]


def builds(builder: str, page: str) -> Callable[[GuideFolder], str]:
    """A function that builds a guide with this builder and gives the HTML of that page's article."""

    def built(folder: GuideFolder) -> str:
        BUILDERS[builder](folder)
        return article(folder.root / "site", page)

    return built


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def text_of(html: str) -> str:
    """What a reader sees of some HTML, white space made single."""
    parser = _Text()
    parser.feed(html)
    return " ".join("".join(parser.parts).split())
