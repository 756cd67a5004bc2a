"""Drawings at random: what stands in a page is on the lists, whatever the SVG held."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser

import pytest

pytest.importorskip("hypothesis")
from hypothesis import strategies as st

import hard
from fuzzing import fuzz
from galley.kinds.svg import NotADrawingError, image_html, inline_svg, is_harmless
from galley.record.model import Form
from hard import Counts

ELEMENTS = (
    *("g", "g", "rect", "path", "text", "tspan", "use", "image", "defs", "linearGradient", "stop", "clipPath", "svg"),
    *("title", "metadata", "x:g"),
)
FOREIGN_ELEMENTS = (
    *("script", "foreignObject", "a", "animate", "set", "style", "iframe", "h:p", "h:script", "handler", "view"),
    *("feImage", "filter", "cursor", "animateMotion", "SCRIPT", "discard", "switch", "y:script", "img", "math"),
)
ATTRIBUTES = (
    *('x="1"', 'fill="red"', 'fill="url(#a)"', 'id="a"', 'style="fill: #fff; stroke:black"', 'transform="scale(2)"'),
    *(
        'class="md-header"',
        'd="M0 0 L1 1"',
        'xlink:href="#a"',
        'href="#a"',
        'xml:space="preserve"',
        "viewBox='0 0 1 1'",
    ),
    *(
        'href="data:image/png;base64,AAAA"',
        "clip-path=\"url('#a')\"",
        'aria-hidden="true"',
        'data-x="1"',
        'role="alert"',
    ),
)
FOREIGN_ATTRIBUTES = (
    *('onload="alert(1)"', 'ONCLICK="alert(1)"', 'href="javascript:alert(1)"', 'xlink:href="https://e.example/a"'),
    *('fill="url(https://e.example/#a)"', 'style="background:url(//e.example)"', 'style="position:fixed"'),
    *(
        'style="fill:u\\72l(https://e.example)"',
        'style="fill:url(https://e.example/"',
        "mask=\"URL( 'https://e.example' )\"",
    ),
    *(
        'href="data:image/svg+xml;base64,AAAA"',
        'href="&#9;java&#10;script:alert(1)"',
        'style="fill:red;;animation:a 1s"',
    ),
    *('xlink:href="data:text/html,&lt;script&gt;"', 'src="https://e.example"', 'h:onload="alert(1)"', 'srcset="a 1x"'),
    *('filter="url(#a)"', "style=\"fill: image-set('https://e.example' 1x)\"", 'style="--a:url(https://e.example)"'),
    *('cursor="url(https://e.example),auto"', 'begin="0s"', 'xml:base="https://e.example/"', 'overflow="visible"'),
    *('id="&quot;&gt;&lt;script&gt;"', 'fill="&quot; onload=&quot;alert(1)"', 'font="1px src(https://e.example)"'),
    *(
        'style="fill:/**/url(https://e.example)"',
        'fill="url(#a) url(https://e.example"',
        'd="&lt;/svg&gt;&lt;img src=x&gt;"',
    ),
)
TEXTS = (
    *("", "words", "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;b&amp;gt;", "<!-- x -->", "<![CDATA[<script>]]>"),
    *("&#0;", "&#x1b;", "<?xml-stylesheet href='https://e.example'?>", "&entity;", "&#xd800;", "]]>", "é\u2028"),
    *("<style>*{stroke-linejoin: round}</style>", "<style>*{fill:url(https://e.example)}</style>"),
    *(
        "<style>p{color:red}</style>",
        "<style>*{position:fixed}</style>",
        "&lt;/svg&gt;&lt;img src=x onerror=alert(1)&gt;",
    ),
)
HEADS = (
    *("", "", "", '<?xml version="1.0" encoding="utf-8"?>', '<?xml version="1.0" encoding="latin-1"?>', "\ufeff"),
    *(
        '<!DOCTYPE svg [<!ENTITY entity "x">]>',
        '<!DOCTYPE svg SYSTEM "https://e.example/x.dtd">',
        "<?xml version='1.1'?>",
    ),
)
SPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:x="http://www.w3.org/2000/svg" xmlns:h="http://www.w3.org/1999/xhtml" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:y="urn:y"'
)
MAY_STAND = {
    *("svg", "g", "rect", "path", "text", "tspan", "use", "image", "defs", "lineargradient", "stop", "clippath"),
}  # fmt: skip
MAY_SAY = {
    *("x", "fill", "id", "style", "transform", "d", "href", "xml:space", "viewbox", "clip-path", "role", "aria-label"),
    *("width", "height", "mask", "font", "overflow"),
}  # fmt: skip
LEADS_AWAY = re.compile(r"example|script:|url\((?!#g-)|position|animation|image-set|src\(|--a", re.IGNORECASE)


@st.composite
def drawings(draw: st.DrawFn) -> str:
    """An SVG with an element on each line; of three, two have something in them that no page may hold."""
    foreign = draw(st.integers(0, 2))
    usual = [draw(st.sampled_from(ATTRIBUTES)) for _ in range(draw(st.integers(0, 2)))]
    lines = [f"{draw(st.sampled_from(HEADS))}<svg {' '.join([SPACES, *once(usual)])}>"]
    for number in range(draw(st.integers(1, 5))):
        odd = foreign and not number
        name = draw(st.sampled_from(FOREIGN_ELEMENTS if odd and foreign == 1 else ELEMENTS))
        given = once([draw(st.sampled_from(FOREIGN_ATTRIBUTES if odd and foreign == 2 else ATTRIBUTES)), *usual])
        inside = draw(st.sampled_from(TEXTS if odd else TEXTS[:6]))
        lines.append(f"<{' '.join([name, *given])}>{inside}<g>{lines.pop() if number > 2 else ''}</g></{name}>")
    return "\n".join([*lines, "</svg>"])


def once(attributes: Sequence[str]) -> list[str]:
    """The attributes without those whose name was there before."""
    return list({each.partition("=")[0]: each for each in attributes}.values())


def near(text: str) -> Iterator[str]:
    """A drawing, it without each of its elements, and with the foreign things alone in an element of its own."""
    lines = text.split("\n")
    yield text
    for at in range(1, len(lines) - 1):
        yield "\n".join([*lines[:at], *lines[at + 1 :]])
        yield "\n".join([*lines[:at], f"<g>{lines[at]}</g>", *lines[at + 1 :]])
    for each in FOREIGN_ATTRIBUTES:
        yield text.replace("<g>", f"<g {each}>", 1)
    for each in TEXTS:
        yield text.replace("<g>", f"<g>{each}", 1)
    for each in ATTRIBUTES:
        yield text.replace("<g>", f"<g {each}>", 1)


class Found(HTMLParser):
    """What a browser finds in some HTML: names of elements, attributes with their values, text."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_decl(self, decl: str) -> None:
        self.elements.append(f"!{decl}")

    unknown_decl = handle_pi = handle_comment = handle_decl


def judge(text: str) -> str:
    """Put a drawing into a page, and look at each name and value that arrives there."""
    data = text.encode("utf-8", "surrogatepass")
    harmless = is_harmless(data)
    try:
        html = inline_svg(data, "g", "a label")
    except (NotADrawingError, RecursionError):
        shown = image_html(Form("image/svg+xml", "svg", data), "a label", "g")
        assert shown.startswith('<img class="galley-image" alt="a label" src="data:image/svg+xml;base64,')
        assert not harmless
        return "image"
    found = Found()
    found.feed(html)
    found.close()
    assert set(found.elements) <= MAY_STAND, found.elements
    for name, value in found.attributes:
        assert name in MAY_SAY, name
        assert not LEADS_AWAY.search(value) or name in ("id", "aria-label", "d") or value.startswith("data:image/"), (
            value
        )
        assert name != "href" or value.startswith(("#g-", "data:image/png;base64,")), value
        assert name != "id" or value.startswith("g-"), value
    return "drawing"


def test_what_stands_in_a_page_is_on_the_lists(counts: Counts) -> None:
    fuzz(drawings(), judge, hard.size(200, 330_000), counts, near)
    assert min(counts.of["drawing"], counts.of["image"]) * 20 > counts.of.total(), "both are reached"
