"""Figures: drawn so that they can be read on any page, and put into the page without what could do harm."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from galley.kinds.image import PALETTE
from galley.kinds.svg import INK, NotADrawingError, image_html, inline_svg
from galley.record.model import Form
from guide_folder import GuideFolder

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="9" height="9"'


def svg(inside: str, attributes: str = "") -> bytes:
    """An SVG of some elements."""
    return f"{HEAD}{attributes}>{inside}</svg>".encode()


@pytest.mark.parametrize(
    "data",
    [
        svg("<script>alert(1)</script>"),
        svg('<rect onclick="alert(1)"/>'),
        svg("<foreignObject><p>x</p></foreignObject>"),
        svg('<p xmlns="http://www.w3.org/1999/xhtml">x</p>'),
        svg('<a href="https://example.org"><rect/></a>'),
        svg('<image href="https://example.org/x.png"/>'),
        svg('<image xlink:href="data:image/svg+xml;base64,AAAA"/>'),
        svg('<use href="other.svg#a"/>'),
        svg('<use xlink:href="javascript:alert(1)"/>'),
        svg('<rect fill="url(https://example.org/#a)"/>'),
        svg('<rect fill="URL(https://example.org/#a)"/>'),
        svg('<rect fill="url(https://example.org/"/>'),
        svg("<rect style='fill: url(\"https://example.org/it&#39;s\")'/>"),
        svg('<rect fill="url(#a) url(#b"/>'),
        svg('<rect style="fill: u\\72l(https://example.org)"/>'),
        svg("<rect style=\"background: image-set('https://example.org' 1x)\"/>"),
        svg("<style>@import 'https://example.org';</style>"),
        svg("<style>p { display: none }</style>"),
        svg("<style>* { fill: url(https://example.org/#a) }</style>"),
        svg("<style>* { background: image-set('https://example.org' 1x) }</style>"),
        svg('<animate attributeName="href" to="javascript:alert(1)"/>'),
        svg('<set attributeName="onload" to="alert(1)"/>'),
        svg("", ' onload="alert(1)"'),
        svg("", ' style="position:fixed;inset:0"'),
        svg('<rect style="POSITION : absolute"/>'),
        svg("", ' style="fill: red; overflow:visible"'),
        svg("", ' transform="scale(50)"'),
        svg("<style>*{transform: scale(50)}</style>"),
        svg('<rect style="animation: flicker 1s infinite"/>'),
        svg('<rect style="fill: red; transition: all 1s"/>'),
        svg("<style>* { pointer-events: all }</style>"),
        svg('<rect autofocus=""/>'),
        svg('<rect src="https://example.org/x.png"/>'),
        svg('<rect unknown="1"/>'),
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("<text>&a;</text>"),
        svg("<rect>")[:-6],
        b"<html/>",
        b"",
        "<svg/>".encode("utf-16"),
    ],
)
def test_what_is_more_than_a_drawing_stays_an_image(data: bytes) -> None:
    with pytest.raises(NotADrawingError):
        inline_svg(data, "g")
    html = image_html(Form("image/svg+xml", "svg", data), 'a <caption> "x"', "g")
    assert html.startswith('<img class="galley-image" alt="a &lt;caption&gt; &quot;x&quot;" src="data:image/svg+xml;')


def test_ids_are_the_pages_own_and_text_is_escaped() -> None:
    inside = (
        '<defs><clipPath id="c"><rect/></clipPath></defs><g id="a" clip-path="url(#c)" class="md-header" role="alert">'
        '<use xlink:href="#a" style="fill: url(\'#c\')"/><text>1 &lt; 2 &amp; "3"</text></g><!-- a comment -->'
    )
    html = inline_svg(svg(inside), "page-1")
    assert 'id="page-1-c"' in html
    assert 'clip-path="url(#page-1-c)"' in html
    assert 'href="#page-1-a"' in html
    assert "fill: url(#page-1-c)" in html
    assert '1 &lt; 2 &amp; "3"' in html
    assert not re.search("class=|alert|xmlns|comment", html)


def test_of_xlink_the_reference_alone_is_an_attribute_of_the_drawing() -> None:
    over = 'xlink:transform="scale(50)" xlink:overflow="visible" xlink:style="overflow: visible" xlink:title="t"'
    html = inline_svg(svg(f'<g id="a"/><use {over} xlink:href="#a"/>', f" {over}"), "g")
    assert "visible" not in html
    assert "scale" not in html
    assert '<use href="#g-a">' in html


def test_black_is_the_pages_ink_unless_the_figure_has_ink_of_its_own() -> None:
    html = inline_svg(svg('<path stroke="#000" fill="white"/><path style="fill: black; stroke: #00f"/>'), "g")
    assert '<path stroke="currentColor" fill="var(--md-default-bg-color)">' in html
    assert "fill:currentColor;stroke: #00f" in html
    assert html.startswith('<svg role="img" aria-label="what this cell drew" fill="currentColor"')
    own = inline_svg(svg(f'<path stroke="{INK}"/><path stroke="#000000"/>'), "g")
    assert '<path stroke="currentColor"></path><path stroke="#000000">' in own


def test_the_caption_or_else_the_title_is_its_label() -> None:
    data = svg("<title>Loss &amp; more</title>")
    assert 'aria-label="Loss &amp; more"' in inline_svg(data, "g")
    assert 'aria-label="said"' in inline_svg(data, "g", "said")


def luminance(colour: str) -> float:
    """WCAG's relative luminance of a colour such as #102030."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("colour", PALETTE)
@pytest.mark.parametrize("page", ["#ffffff", "#1e2129"])
def test_lines_stand_out_on_white_and_on_the_dark_page(colour: str, page: str) -> None:
    low, high = sorted((luminance(colour), luminance(page)))
    assert (high + 0.05) / (low + 0.05) >= 3


PAGE = """\
# %% drawn
import matplotlib.pyplot as plt
figure, axes = plt.subplots()
axes.plot([1, 2], [1, 4], label="a <b>")
axes.set(title="Squares & more", xlabel="n")
axes.legend()
print(plt.rcParams["axes.edgecolor"])
# %% kept
"One's own style stays."
plt.rcParams["axes.edgecolor"] = "red"
plt.plot([1])
print(plt.rcParams["axes.edgecolor"])
"""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    pytest.importorskip("matplotlib", reason="matplotlib draws the figure")
    settings = '[tool.galley]\ntimeout = 120.0\nimports = ["matplotlib.pyplot"]\n'
    settings += "[tool.galley.profiles.laptop]\nrequired = true\n"
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("drawn"), settings))
    folder.snippet("one", PAGE)
    assert folder.run().failures == {}
    return folder


def test_the_recorded_figure_is_an_ordinary_svg_with_text(drawn: GuideFolder) -> None:
    text = drawn.output("one", "drawn.image.svg")
    assert text.startswith("<?xml")
    assert "<title>Squares &amp; more</title>" in text
    assert ">a &lt;b&gt;</text>" in text
    assert INK in text
    assert "currentColor" not in text
    assert drawn.output("one", "drawn.stdout.txt").strip() == INK
    assert drawn.output("one", "kept.stdout.txt").strip() == "red"


def test_what_a_page_sets_before_it_imports_pyplot_stays(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib draws the figure")
    settings = "[tool.galley]\ntimeout = 120.0\n[tool.galley.profiles.laptop]\nrequired = true\n"
    folder = GuideFolder.make(tmp_path, settings)
    setting = "import matplotlib\nmatplotlib.rcParams['axes.edgecolor'] = 'red'\nimport matplotlib.pyplot as plt\n"
    told = "print(plt.rcParams['axes.edgecolor'], plt.rcParams['text.color'])\n"
    folder.snippet("one", f"# %% early\n{setting}{told}")
    assert folder.run().failures == {}
    assert folder.output("one", "early.stdout.txt").strip() == "red black", "half of two palettes cannot be read"


@pytest.mark.parametrize("builder", BUILDERS)
def test_figures_are_in_the_page(drawn: GuideFolder, builder: str) -> None:
    BUILDERS[builder](drawn)
    html = article(drawn.root / "site", "one")
    assert html.count("<svg ") == 2
    assert 'aria-label="Squares &amp; more"' in html
    assert 'aria-label="One&#x27;s own style stays."' in html
    assert html.count(INK) == 1, "only where the page prints it"
    assert "currentColor" in html
    assert "<style" not in html
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("root", "inside", "shown"),
    [
        ('viewBox="0 0 300 200"', '<path d="M 1.23456 0.5 L 100.999 -0.001"/>', 'd="M 1.23 0.5 L 100.99 -0.00"'),
        ('viewBox="0 0 300 200"', '<path d="M 1 1" stroke-width="0.123"/>', 'stroke-width="0.123"'),
        ('viewBox="0 0 3 200"', '<path d="M 1.23456 0"/>', 'd="M 1.23456 0"'),
        ("", '<path d="M 1.23456 0"/>', 'd="M 1.23456 0"'),
        ('viewBox="0 0 300 200"', '<g transform="scale(9)"><path d="M 1.23456 0"/></g>', 'd="M 1.23456 0"'),
    ],
)
def test_what_is_finer_than_a_hundredth_is_left_out_where_nobody_sees_it(root: str, inside: str, shown: str) -> None:
    assert shown in inline_svg(svg(inside, f" {root}"), "g")


def test_ids_without_a_reference_and_white_space_between_parts_are_left_out() -> None:
    html = inline_svg(svg('<g id="a">\n <rect id="b"/>\n</g>\n<use href="#a"/><text id="c"> x\n</text>'), "g")
    assert '<g id="g-a"><rect></rect></g><use href="#g-a"></use><text> x\n</text>' in html


def test_a_drawing_that_is_nested_too_deeply_is_shown_as_an_image() -> None:
    data = svg("<g>" * 3000 + "</g>" * 3000)
    html = image_html(Form("image/svg+xml", "svg", data), "", "one")
    assert html.startswith('<img class="galley-image"')


SHOWS = """
# %% two alt="lines"
import matplotlib.pyplot as plt

plt.plot([1, 2], label="up")
plt.show()
plt.plot([2, 1])
plt.show(block=False)

# %% left alt="a line that was shown, and one that was left open"
from matplotlib.pyplot import show

plt.plot([1, 1])
show()
figure, axes = plt.subplots()
axes.plot([3, 3])

# %% again alt="the same line"
figure

# %% never alt="a figure that pyplot never held"
from matplotlib.figure import Figure

alone = Figure()
alone.add_subplot().plot([5, 5])
alone

# %% none
plt.show()
print(plt.show.__name__, plt.get_fignums())
"""


def test_each_figure_that_is_shown_is_one(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    folder = plain(GuideFolder.make(tmp_path))
    folder.snippet("one", SHOWS)
    assert not folder.run("one").failures
    counted = {
        cell.name: [output.kind for output in cell.outputs].count("image") for cell in folder.record("one").cells
    }
    assert counted == {"two": 2, "left": 2, "again": 1, "never": 1, "none": 0}
    assert folder.output("one", "none.stdout.txt") == "show []\n"
    lines = [folder.output("one", f"two.image{end}.svg").count("clip-path") for end in ("", "-2")]
    assert lines[0] == lines[1], "each has one line"
