"""In the command: the scripts that a built page runs and what its elements load, read with Python's HTML parser.

A browser may read broken HTML otherwise than this parser does. Then a script has another digest than the policy names,
and the browser does not run it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import accumulate

from galley.errors import GalleyError

# What elements load by an attribute, and the directive that allows it. For `link` it is the word of `rel` that counts.
LOADS = {
    ("script", "src"): "script-src",
    ("script", "href"): "script-src",
    ("script", "xlink:href"): "script-src",
    ("img", "src"): "img-src",
    ("img", "srcset"): "img-src",
    ("source", "srcset"): "img-src",
    ("input", "src"): "img-src",
    ("image", "href"): "img-src",
    ("image", "xlink:href"): "img-src",
    ("video", "poster"): "img-src",
    ("video", "src"): "media-src",
    ("audio", "src"): "media-src",
    ("source", "src"): "media-src",
    ("track", "src"): "media-src",
    ("iframe", "src"): "frame-src",
    ("frame", "src"): "frame-src",
    ("object", "data"): "object-src",
    ("embed", "src"): "object-src",
    ("form", "action"): "form-action",
    ("button", "formaction"): "form-action",
    ("input", "formaction"): "form-action",
    ("base", "href"): "base-uri",
}
LINKS = {
    "stylesheet": "style-src",
    "icon": "img-src",
    "apple-touch-icon": "img-src",
    "mask-icon": "img-src",
    "modulepreload": "script-src",
    "manifest": "manifest-src",
}
PRELOADS = {"script": "script-src", "style": "style-src", "font": "font-src", "image": "img-src"}
JAVASCRIPT = ("javascript", "ecmascript", "jscript", "livescript")  # in a MIME type; any other holds data
ABOVE = ("html", "head")  # below these and the first `meta` stands the policy, above all that it holds for


@dataclass(frozen=True)
class Found:
    """An element that a policy has a say in."""

    at: int  # where its tag begins in the page's text
    line: int
    tag: str  # as it stands in the page


@dataclass(frozen=True)
class Script(Found):
    """A script whose text stands in the page."""

    text: str


@dataclass(frozen=True)
class Load(Found):
    """An address that an element loads, and the directive that must allow it."""

    directive: str
    url: str


@dataclass(frozen=True)
class Handler(Found):
    """An attribute that is a script: `onclick`, or an address that begins with `javascript:`."""

    attribute: str


class BuiltPage(HTMLParser):
    """What stands in a built page; raises GalleyError where the page cannot be read."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[Found] = []
        self.shown: list[Found] = []  # elements of galley's own
        self.top = 0  # where the policy's element belongs
        self._above = True
        self._lines = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]  # where each begins
        self._script: Found | None = None
        self._text: list[str] = []
        try:
            self.feed(text)
            self.close()
        except AssertionError as error:  # what Python's parser raises at `<![x`
            raise GalleyError(f"cannot be read as HTML: {error}") from error

    def handle_decl(self, decl: str) -> None:
        """The document's type stands above the policy."""
        if self._above:
            self.top = self._at() + len(f"<!{decl}>")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take an element in."""
        given = {name: value or "" for name, value in reversed(attrs)}  # of two of a name, the first counts
        written = self.get_starttag_text() or ""
        found = Found(self._at(), self.getpos()[0], written)
        self._above = self._above and (tag in ABOVE or (tag == "meta" and "http-equiv" not in given))
        if self._above:
            self.top = found.at + len(written)
        if any(each.startswith("galley-") for each in given.get("class", "").split()):
            self.shown.append(found)
        self.found += _loads(tag, given, found)
        self.found += [Handler(*_of(found), name) for name, value in given.items() if _runs(name, value)]
        if tag == "script" and not given.keys() & {"src", "href", "xlink:href"} and _is_script(given.get("type", "")):
            self._script, self._text = found, []

    def handle_data(self, data: str) -> None:
        """Take in the text of a script."""
        if self._script:
            self._text.append(data)
        elif data.strip():
            self._above = False

    def handle_endtag(self, tag: str) -> None:
        """End a script."""
        if tag == "script" and self._script:
            self.found.append(Script(*_of(self._script), "".join(self._text)))
            self._script = None

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column


def _of(found: Found) -> tuple[int, int, str]:
    return found.at, found.line, found.tag


def _is_script(kind: str) -> bool:
    return "/" not in kind or any(word in kind.lower() for word in JAVASCRIPT)


def _runs(name: str, value: str) -> bool:
    """Whether an attribute is a script; a browser ignores white space and control characters in an address."""
    begun = "".join(each for each in value[:100] if each > " ").lower()
    return name.startswith("on") or begun.startswith("javascript:")


def _loads(tag: str, given: Mapping[str, str], found: Found) -> Iterator[Load]:
    for name, value in given.items():
        if directive := LOADS.get((tag, name)):
            urls = [each.strip(",") for each in value.split()] if name == "srcset" else [value.strip()]
            yield from (Load(*_of(found), directive, url) for url in urls)
    if tag == "link":
        words = given.get("rel", "").lower().split()
        asked = [LINKS[word] for word in words if word in LINKS]
        asked += [PRELOADS[kind] for kind in (given.get("as", ""),) if "preload" in words and kind in PRELOADS]
        yield from (Load(*_of(found), directive, given.get("href", "").strip()) for directive in asked)
