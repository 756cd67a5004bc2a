"""How a recorded image stands on a page: an SVG as part of the page itself, so that its ink follows light and dark.

In the builder. Only drawings go in: no script, no style sheet, no event, no reference that leaves the file. An SVG with
anything else is shown as an image, where browsers run nothing and load nothing.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING

from galley.kinds.markup import escape
from galley.record.model import Form

if TYPE_CHECKING:
    from xml.etree import ElementTree

SVG_MIME, PNG_MIME = "image/svg+xml", "image/png"
INK = "#1b1f25"  # of text and axes in galley's own style; a page shows this very colour in its own text colour

BLACK = re.compile(r"(?:black|#000|#000000|rgb\(0, ?0, ?0\))", re.IGNORECASE)
WHITE = re.compile(r"(?:white|#fff|#ffffff|rgb\(255, ?255, ?255\))", re.IGNORECASE)
PAINT = ("fill", "stroke", "stop-color", "color")
SVG, XLINK, XML = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"
DRAWING = frozenset(
    (
        *("svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("text", "tspan", "textPath", "image", "clipPath", "mask", "linearGradient", "radialGradient", "stop"),
        *("pattern", "marker"),
    )
)
LEFT_OUT = frozenset({"title", "desc", "metadata"})
EVERYTHING = re.compile(r"\s*\*\s*\{([^{}<>@\\]*)\}\s*")  # the one style sheet that matplotlib writes
URL = re.compile(r"url\(\s*+['\"]?+([^()'\"]*+)['\"]?\s*+\)", re.IGNORECASE)
OUTSIDE = re.compile(r"\\|/\*|@|javascript:|expression\(|image-set\(|src\(", re.IGNORECASE)
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]*")  # of an attribute
PIXELS = re.compile(r"\s*data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")


class NotADrawingError(ValueError):
    """The SVG has something that may not stand in a page."""


def image_html(form: Form, label: str, group: str) -> str:
    """The image; `label` is what it shows, in words, and `group` begins the ids inside an SVG."""
    if form.mime == SVG_MIME:
        try:
            drawing = inline_svg(form.data, group, label)
        except (NotADrawingError, RecursionError):  # or one that is nested too deeply
            pass
        else:
            return f'<div class="galley-figure" tabindex="0" data-search-exclude>{drawing}</div>'
    mime = SVG_MIME if form.mime == SVG_MIME else PNG_MIME
    said = escape(label or "what this cell drew")
    return f'<img class="galley-image" alt="{said}" src="data:{mime};base64,{b64encode(form.data).decode()}">'


def inline_svg(data: bytes, group: str, label: str = "") -> str:
    """The drawing as an element of the page, its ids begun by `group`; raises NotADrawingError."""
    root = _parsed(data)
    if root.tag != f"{{{SVG}}}svg":
        raise NotADrawingError(f"its root is {root.tag}")
    style = ""
    for sheet in list(root.iter(f"{{{SVG}}}style")):
        found = EVERYTHING.fullmatch("".join(sheet.itertext()))
        if not found:
            raise NotADrawingError("it has a style sheet, which would style the whole page")
        style += found[1].strip().rstrip(";") + ";"
    said = label or (root.findtext(f"{{{SVG}}}title") or "").strip() or "what this cell drew"
    return _Writer(group, INK.encode() in data).root(root, said, style)


def _parsed(data: bytes) -> ElementTree.Element:
    if b"<!ENTITY" in data or data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotADrawingError("it declares entities, or may")
    from xml.etree import ElementTree  # which takes time, and a page without figures need not wait

    try:
        return ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise NotADrawingError(f"it is not XML: {error}") from error


class _Writer:
    """Writes an SVG's elements as HTML, with its ink in the page's text colour, which differs by light and dark.

    In a drawing of galley's own style (`own`) only INK is ink. In any other drawing black is ink, and white becomes the
    page's background.
    """

    def __init__(self, group: str, own: bool) -> None:
        self._group, self._own = group, own

    def root(self, root: ElementTree.Element, label: str, style: str) -> str:
        """The whole drawing; one that is not of galley's own style is filled with the page's text colour by default."""
        fill = "" if self._own else ' fill="currentColor"'
        attributes = self._attributes(root, style)
        if ' fill="' in attributes:
            fill = ""
        content = "".join(self._content(root))
        return f'<svg role="img" aria-label="{escape(label)}"{fill}{attributes}>{content}</svg>'

    def _content(self, element: ElementTree.Element) -> Iterator[str]:
        yield html.escape(element.text or "", quote=False)
        for child in element:
            yield self._written(child)
            yield html.escape(child.tail or "", quote=False)

    def _written(self, element: ElementTree.Element) -> str:
        if not isinstance(element.tag, str):  # a comment
            return ""
        space, _, name = element.tag.rpartition("}")
        if space != f"{{{SVG}" or name in LEFT_OUT or name == "style":
            if name in LEFT_OUT or name == "style":
                return ""
            raise NotADrawingError(f"it has a <{name}> of {space[1:] or 'no namespace'}")
        if name not in DRAWING:
            raise NotADrawingError(f"it has a <{name}>")
        return f"<{name}{self._attributes(element)}>{''.join(self._content(element))}</{name}>"

    def _attributes(self, element: ElementTree.Element, style: str = "") -> str:
        found = {}
        image = element.tag == f"{{{SVG}}}image"
        for key, value in element.attrib.items():
            space, _, name = key.rpartition("}")
            if space in ("", f"{{{XLINK}"):
                kept = self._kept(name, value, image)
                if kept is not None:
                    found[name] = kept
            elif key == f"{{{XML}}}space":
                found["xml:space"] = value
        if style:
            found["style"] = f"{self._kept('style', style, False)}{found.get('style', '')}"
        return "".join(f' {name}="{html.escape(value)}"' for name, value in found.items())

    def _kept(self, name: str, value: str, image: bool) -> str | None:
        """An attribute's value on the page; None leaves the attribute out."""
        if not NAME.fullmatch(name) or name.lower().startswith("on"):
            raise NotADrawingError(f"it has the attribute {name}")
        if name in ("class", "role", "tabindex", "base", "type", "show", "actuate", "title", "version", "lang"):
            return None  # the page's own styles would take hold of a class
        if name.startswith(("aria-", "data-")):
            return None
        if name == "id":
            return f"{self._group}-{value}"
        if name == "href":
            return self._link(value, image)
        if OUTSIDE.search(value):
            raise NotADrawingError(f"it has {name}={value!r}")
        local, count = URL.subn(self._local, value)
        if count != value.lower().count("url("):  # a browser reads more forms of a reference than URL does
            raise NotADrawingError(f"it has {name}={value!r}")
        return self._painted(name, local)

    def _link(self, value: str, image: bool) -> str:
        if value.startswith("#"):
            return f"#{self._group}-{value[1:]}"
        if image and PIXELS.fullmatch(value):
            return "".join(value.split())
        raise NotADrawingError(f"it refers to {value[:60]!r}")

    def _local(self, found: re.Match[str]) -> str:
        if not found[1].startswith("#"):
            raise NotADrawingError(f"it refers to {found[1][:60]!r}")
        return f"url(#{self._group}-{found[1][1:]})"

    def _painted(self, name: str, value: str) -> str:
        """The value with its ink in the page's colours."""
        if name == "style":
            rules = [rule.partition(":") for rule in value.split(";")]
            return ";".join(f"{key}{colon}{self._paint(key.strip(), said)}" for key, colon, said in rules)
        return self._paint(name, value)

    def _paint(self, name: str, value: str) -> str:
        if name not in PAINT:
            return value
        colour = value.strip()
        if colour == INK or (not self._own and BLACK.fullmatch(colour)):
            return "currentColor"
        if not self._own and WHITE.fullmatch(colour):
            return "var(--md-default-bg-color)"
        return value
