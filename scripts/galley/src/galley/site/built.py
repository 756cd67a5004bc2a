"""In the builder: what MkDocs made a site from, kept so that one of its pages can be made once more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from mkdocs.commands import build as building
from mkdocs.config.base import LegacyConfig
from mkdocs.plugins import BasePlugin, event_priority


@dataclass
class Built:
    """What a build of the whole site left: MkDocs' own objects, from which a page can be made once more."""

    config: Any
    files: Any = None
    nav: Any = None
    env: Any = None

    def make(self, name: str) -> str:
        """Convert and write a page again, by its path in the docs folder, and return its address in the site."""
        file = self.files.get_file_from_path(name)
        if file is None or file.page is None:  # it is gone from the site, or new
            return ""
        building._populate_page(file.page, self.config, self.files)
        pages = self.files.documentation_pages()
        building._build_page(file.page, self.config, pages, self.nav, self.env)
        return address(unquote(file.url))

    def copy(self, name: str) -> None:
        """Copy a file that is no page again."""
        if file := self.files.get_file_from_path(name):
            file.copy_file()


class Keep(BasePlugin[LegacyConfig]):  # type: ignore[no-untyped-call]
    """Keeps what a build is made from, and lets what was saved be shown between two of its pages."""

    def __init__(self, built: Built, between: Callable[[], None]) -> None:
        self.built, self.between = built, between

    @event_priority(-100)
    def on_nav(self, nav: Any, **_: Any) -> Any:
        """Keep the navigation as the other plug-ins left it."""
        self.built.nav = nav
        return nav

    @event_priority(-100)
    def on_env(self, env: Any, *, files: Any, **_: Any) -> Any:
        """Keep the files, with their pages, and the templates."""
        self.built.files, self.built.env = files, env
        return env

    def on_page_markdown(self, markdown: str, **_: Any) -> str:
        """A page is about to be converted."""
        self.between()
        return markdown

    def on_page_context(self, context: Any, **_: Any) -> Any:
        """A page is about to be written."""
        self.between()
        return context


def nothing() -> None:
    """What is done between two pages once the whole site is built."""


def address(url: str) -> str:
    """An address in the site, from its root, in one form for a folder and for its first page."""
    return url.removeprefix("./").removesuffix("index.html")
