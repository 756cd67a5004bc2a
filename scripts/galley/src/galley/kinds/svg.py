"""How a recorded image stands on a page: an SVG as part of the page itself, so that its ink follows light and dark.

In the builder. Only drawings go in: elements, attributes and style properties that are listed here. So there is no
script, no style sheet, no event, no reference that leaves the file, nothing that moves, and nothing that lies over the
page. An SVG with anything else is shown as an image, where browsers run nothing and load nothing.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from galley.kinds.markup import escape
from galley.record.model import Form

if TYPE_CHECKING:
    from xml.etree import ElementTree

SVG_MIME, PNG_MIME, JPEG_MIME = "image/svg+xml", "image/png", "image/jpeg"
INK = "#1b1f25"  # of text and axes in galley's own style; a page shows this very colour in its own text colour

BLACK = re.compile(r"(?:black|#000|#000000|rgb\(0, ?0, ?0\))", re.IGNORECASE)
WHITE = re.compile(r"(?:white|#fff|#ffffff|rgb\(255, ?255, ?255\))", re.IGNORECASE)
PAINT = ("fill", "stroke", "stop-color", "color")
XHTML = "http://www.w3.org/1999/xhtml"
SVG, XLINK, XML = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", "http://www.w3.org/XML/1998/namespace"
DRAWING = frozenset(
    (
        *("svg", "g", "defs", "symbol", "use", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("text", "tspan", "textPath", "image", "clipPath", "mask", "linearGradient", "radialGradient", "stop"),
        *("pattern", "marker"),
    )
)
TEXTS = ("text", "tspan", "textPath")
LEFT_OUT = frozenset({"title", "desc", "metadata"})
# Properties, as attributes and in `style`. Not listed are those that move a drawing out of its place (position,
# margin), that take the mouse (cursor, pointer-events), and that change by themselves (animation, transition).
STYLES = frozenset(
    (
        *("alignment-baseline", "baseline-shift", "clip-path", "clip-rule", "color", "color-interpolation"),
        *("direction", "display", "dominant-baseline", "fill", "fill-opacity", "fill-rule"),
        *("font", "font-family", "font-size"),
        *("font-size-adjust", "font-stretch", "font-style", "font-variant", "font-weight", "image-rendering"),
        *("isolation", "letter-spacing", "marker", "marker-end", "marker-mid", "marker-start", "mask", "mask-type"),
        *("mix-blend-mode", "opacity", "overflow", "paint-order", "shape-rendering", "stop-color", "stop-opacity"),
        *("stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin", "stroke-miterlimit"),
        *("stroke-opacity", "stroke-width", "text-anchor", "text-decoration", "text-rendering", "transform"),
        *("transform-box", "transform-origin", "unicode-bidi", "vector-effect", "visibility", "white-space"),
        *("word-spacing", "writing-mode"),
    )
)
ATTRIBUTES = STYLES | {
    *("x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "r", "rx", "ry", "fx", "fy", "fr", "d", "points"),
    *("width", "height", "viewBox", "preserveAspectRatio", "pathLength", "rotate", "textLength", "lengthAdjust"),
    *("startOffset", "method", "spacing", "side", "offset", "gradientUnits", "gradientTransform", "spreadMethod"),
    *("clipPathUnits", "maskUnits", "maskContentUnits", "patternUnits", "patternContentUnits", "patternTransform"),
    *("markerUnits", "markerWidth", "markerHeight", "refX", "refY", "orient", "id", "href", "style"),
}
# Of the root these would draw outside of its own box, over the page.
OUT_OF_ITS_BOX = ("overflow", "transform", "transform-box", "transform-origin", "mix-blend-mode")
# Attributes that say nothing of the drawing, or that the page's own styles would take hold of.
DROPPED = frozenset(
    (
        *("class", "role", "tabindex", "base", "type", "show", "actuate", "arcrole", "title", "version", "lang"),
        *("baseProfile", "contentScriptType", "contentStyleType", "enable-background", "zoomAndPan", "pointer-events"),
    )
)
EVERYTHING = re.compile(r"\s*\*\s*\{([^{}<>@\\]*)\}\s*")  # the one style sheet that matplotlib writes
URL = re.compile(r"url\(\s*+['\"]?+([^()'\"]*+)['\"]?\s*+\)", re.IGNORECASE)
UNLABELLED = "what this cell drew"  # in a notebook, and in the live preview, where a label may be missing
OUTSIDE = re.compile(r"\\|/\*|@|javascript:|expression\(|image-set\(|src\(", re.IGNORECASE)
FINE = re.compile(r"(\.\d\d)\d++")  # what of a place is finer than a hundredth
PLACES = frozenset(("d", "points", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy"))
LARGE = 100  # units: in a drawing as wide as this nobody sees a hundredth
REFERRED = re.compile(r"#([^\s()'\"]++)")
PIXELS = re.compile(r"\s*data:image/(?:png|jpeg);base64,[A-Za-z0-9+/=\s]*")


class NotADrawingError(ValueError):
    """The SVG has something that may not stand in a page."""


def image_html(form: Form, label: str, group: str, *, inline: bool = True, wide: bool = True) -> str:
    """The image; `label` says what it shows, `group` begins the ids in an SVG, which is `inline` where it may be.

    A `wide` one may have to be scrolled, which it then can be with the keyboard, too.
    """
    if form.mime == SVG_MIME and inline:
        try:
            drawing = inline_svg(form.data, group, label)
        except (NotADrawingError, RecursionError):  # or one that is nested too deeply
            pass
        else:
            scrolled = ' tabindex="0"' if wide else ""
            return f'<div class="galley-figure"{scrolled} data-search-exclude>{drawing}</div>'
    mime = form.mime if form.mime in (SVG_MIME, JPEG_MIME) else PNG_MIME
    said = escape(label or UNLABELLED)
    return f'<img class="galley-image" alt="{said}" src="data:{mime};base64,{b64encode(form.data).decode()}">'


def inline_svg(data: bytes, group: str, label: str = "") -> str:
    """The drawing as an element of the page, its ids begun by `group`; raises NotADrawingError."""
    root = parsed(data)
    if root.tag != f"{{{SVG}}}svg":
        raise NotADrawingError(f"its root is {root.tag}")
    style = ""
    for sheet in list(root.iter(f"{{{SVG}}}style")):
        found = EVERYTHING.fullmatch("".join(sheet.itertext()))
        if not found:
            raise NotADrawingError("it has a style sheet, which would style the whole page")
        style += found[1].strip().rstrip(";") + ";"
    said = label or _said(root) or UNLABELLED
    return _Writer(group, INK.encode() in data, _is_large(root), _referred(root)).root(root, said, style)


def _is_large(root: ElementTree.Element) -> bool:
    """Whether a hundredth of the drawing's unit is too small to be seen; not where a part may be magnified."""
    if any(word in each.get("transform", "") for each in root.iter() for word in ("scale", "matrix")):
        return False
    try:
        return min(map(float, root.get("viewBox", "").split()[2:4]), default=0) >= LARGE
    except ValueError:
        return False


def _referred(root: ElementTree.Element) -> frozenset[str]:
    """The ids that something in the drawing refers to; matplotlib gives one to each part, which no page needs."""
    said = " ".join(value for each in root.iter() for value in each.attrib.values() if "#" in value)
    return frozenset(REFERRED.findall(said))


def title_of(form: Form) -> str:
    """The title that an SVG has for itself; empty where it has none, and for other images."""
    if form.mime != SVG_MIME:
        return ""
    try:
        return _said(parsed(form.data))
    except NotADrawingError:
        return ""


def _said(root: ElementTree.Element) -> str:
    """The text of the drawing's title in one line, or else its `aria-label`."""
    return " ".join((root.findtext(f"{{{SVG}}}title") or root.get("aria-label") or "").split())


def is_harmless(data: bytes) -> bool:
    """Whether an SVG may stand as it is in a file that another program shows: it is a drawing and nothing else.

    A page's own copy has no description of the drawing. Here it counts too, since other programs keep it.
    """
    try:
        inline_svg(data, "x")
        described = (part for part in parsed(data).iter() if _name(part) in LEFT_OUT)
        return not any(_space(each) in (SVG, XHTML, "") for part in described for each in list(part.iter())[1:])
    except (NotADrawingError, RecursionError):
        return False


def _name(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _space(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[0].removeprefix("{") if isinstance(element.tag, str) else "a comment"


def parsed(data: bytes) -> ElementTree.Element:
    """The root of an SVG; raises NotADrawingError for what is no XML, or declares entities."""
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

    def __init__(self, group: str, own: bool, large: bool, referred: Collection[str]) -> None:
        self._group, self._own, self._large, self._referred = group, own, large, referred

    def root(self, root: ElementTree.Element, label: str, style: str) -> str:
        """The whole drawing; one that is not of galley's own style is filled with the page's text colour by default."""
        fill = "" if self._own else ' fill="currentColor"'
        styled = f"{style};{root.get('style', '')}".split(";")
        named = {*root.attrib, *(each.partition(":")[0].strip() for each in styled)}
        if out := next((name for name in OUT_OF_ITS_BOX if name in named), ""):
            raise NotADrawingError(f"its root has {out}, which can draw over the page")
        attributes = self._attributes(root, style)
        if ' fill="' in attributes:
            fill = ""
        content = "".join(self._content(root))
        return f'<svg role="img" aria-label="{escape(label)}"{fill}{attributes}>{content}</svg>'

    def _content(self, element: ElementTree.Element) -> Iterator[str]:
        shown = _name(element) in TEXTS  # elsewhere white space is how the file is laid out
        yield html.escape(element.text or "", quote=False) if shown else ""
        for child in element:
            yield self._written(child)
            yield html.escape(child.tail or "", quote=False) if shown else ""

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
            if not space or (space == f"{{{XLINK}" and name == "href"):
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
        if name in DROPPED or name.startswith(("aria-", "data-")):
            return None
        if name not in ATTRIBUTES:
            raise NotADrawingError(f"it has the attribute {name}")
        if name == "id":
            return f"{self._group}-{value}" if value in self._referred else None
        if name == "href":
            return self._link(value, image)
        if OUTSIDE.search(value):
            raise NotADrawingError(f"it has {name}={value!r}")
        local, count = URL.subn(self._local, value)
        if count != value.lower().count("url("):  # a browser reads more forms of a reference than URL does
            raise NotADrawingError(f"it has {name}={value!r}")
        return FINE.sub(r"\1", local) if self._large and name in PLACES else self._painted(name, local)

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
            rules = [(key.strip(), said) for key, colon, said in (each.partition(":") for each in value.split(";"))]
            if other := next((key for key, said in rules if key not in STYLES and (key or said.strip())), ""):
                raise NotADrawingError(f"it has the style {other}")
            return ";".join(f"{key}:{self._paint(key, said)}" for key, said in rules if key)
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
