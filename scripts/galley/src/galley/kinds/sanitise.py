"""Takes out of a record's HTML all that could run, load something, or pass for galley's own.

In the builder, and in the command where it exports a notebook.

Anybody may have written a record. The HTML that a cell printed, or into which its Markdown was converted, is cleaned by
nh3, a maintained sanitizer that reads HTML as browsers do. This module lists what is kept: text and its form, tables,
code and its colours, content tabs; and pictures that are in the page or beside it, so that no reader's browser asks
another host.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

import nh3

from galley.kinds.markup import CONTROL

TAGS = (nh3.ALLOWED_TAGS - {"area", "map", "nav"}) | {"input", "label", "section", "tfoot"}
EVERYWHERE = {"class", "dir", "id", "lang", "style", "title"}
ATTRIBUTES = {
    **{tag: set(names) - {"cite"} for tag, names in nh3.ALLOWED_ATTRIBUTES.items() if tag in TAGS},
    "a": {"href", "name"},
    "details": {"open"},
    "input": {"checked", "disabled", "name"},
    "label": {"for"},
    "pre": {"tabindex"},
    "code": {"tabindex"},
    "div": {"data-tabs"},
    "*": EVERYWHERE,
}
STYLES = {"text-align", "color", "background-color", "font-weight", "font-style"}
KINDS_OF_INPUT = {"radio", "checkbox"}
# The classes that are kept: of highlighted code, and of the blocks of Markdown's usual extensions. Any other goes: one
# of the theme may start a script, and one of galley's tells a reader that something ran.
CLASSES = re.compile(
    r"-Color[\w-]*|[a-z]{1,3}[0-9]?|highlight(?:table)?|language-[\w+#.-]+|linenos|linenodiv|code|normal|special"
    r"|filename|tabbed-[a-z-]+|task-list[a-z-]*|footnote[a-z-]*|headerlink|result|grid|cards|admonition(?:-title)?"
    r"|note|abstract|info|tip|success|question|warning|failure|danger|bug|example|quote|inline|end|mark|keys|keycap"
)
PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,]|(?![/\\]{2})[^:]*\Z")
LONG = 1 << 16  # characters
# What a reader of HTML takes a time and a memory for that grow with the square of the text (`is_too_much`).
LONGEST = 1 << 19  # characters
DEEPEST = 1_000  # elements in each other
MOST = 500_000  # copies of elements
NESTED = 4  # such elements in each other, which are seen to be closed at once
TAG = re.compile(r"<(?P<end>/?+)(?P<name>[A-Za-z][A-Za-z0-9]*+)")
REPEATED = r"a|b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u"  # HTML's "formatting elements"
OPENS = re.compile(rf"<(?:{REPEATED})(?![A-Za-z0-9-])", re.IGNORECASE)
CLOSED = re.compile(rf"<(?P<name>{REPEATED})(?:\s[^<>]*+)?+>[^<>]*+</(?P=name)>", re.IGNORECASE)
ALONE = frozenset(  # elements without an end, and those that the next one ends
    (
        *("area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta", "option"),
        *("p", "source", "td", "th", "track", "tr", "wbr"),
    )
)
TOO_MUCH = "all of it, which is too much or too deep for a browser"
UNNAMED = "whatever a page may not hold"
UNSEEN = re.compile(r"[\x00-\x20]")  # characters that browsers ignore inside an address
NUMBERED = re.compile(r"exec-[0-9]+--")  # markdown-exec's own prefix of ids, whose number differs between builds
MADE = ("__tabbed_", "__codelineno-", "__span-")  # how ids that Markdown extensions make begin


def sanitised(html: str, prefix: str, table: str = "") -> str:
    """The HTML without whatever may not be kept; every id in it, and every link to an id, begins with `prefix`.

    `table` is a class for each table in it. No control character is left, not even one that was written as `&#2;`:
    Python-Markdown puts another part of the page in the place of some. Of HTML that `is_too_much` nothing is left.
    """
    if is_too_much(html):
        return ""

    def keep(tag: str, name: str, value: str) -> str | None:
        if name == "class":
            return " ".join(each for each in value.split() if each == table or CLASSES.fullmatch(each)) or None
        if name in ("id", "name", "for"):
            return _named(value, prefix)
        if tag == "a" and name == "href":
            return f"#{own}" if value.startswith("#") and (own := _named(value[1:], prefix)) else _link(value)
        return _picture(value) if name == "src" else value

    clean = nh3.clean(
        html,
        tags=TAGS,
        attributes=ATTRIBUTES,
        tag_attribute_values={"input": {"type": KINDS_OF_INPUT}},
        attribute_filter=keep,
        filter_style_properties=STYLES,
        url_schemes={"http", "https", "mailto", "data"},
        link_rel=None,
        set_tag_attribute_values={"table": {"class": table}} if table else None,
    )
    return CONTROL.sub("\N{REPLACEMENT CHARACTER}", clean)


def left_out(html: str) -> list[str]:
    """The names of what `sanitised` takes out of some HTML: elements, and attributes that would run something.

    Of a long text it says no names: Python's own reader takes its length squared for some. What stands after the last
    end of a tag is in none.
    """
    if is_too_much(html):
        return [TOO_MUCH]
    html = html[: html.rfind(">") + 1]
    if len(html) > LONG:
        return [UNNAMED]
    reader = _Names()
    try:
        reader.feed(html)
        reader.close()
    except AssertionError:  # of Python's reader, at `<![` before a word that it does not know
        return [UNNAMED]
    return sorted(reader.names)


def is_too_much(html: str) -> bool:
    """Whether HTML could fill the memory of who reads it, or take hours: 30 kB of it can become 30 MB.

    The rules of HTML open an element such as `<b>` again in each paragraph until it is closed. So each of those that
    are not seen to be closed at once is taken to be copied at each tag. For each block the elements around it are
    looked through.
    """
    if len(html) > LONGEST:
        return True
    if _is_deep(html):
        return True
    tags = html.count("<")
    for _ in range(NESTED):
        html = CLOSED.sub(".", html)  # with a sign in its place, so that what stands around it becomes no tag
    return sum(1 for _ in OPENS.finditer(html)) * tags > MOST


def _is_deep(html: str) -> bool:
    """Whether more elements stand in each other than any page has; those that end by themselves are not counted."""
    depth, opened = 0, Counter[str]()
    for tag in TAG.finditer(html):
        name = tag["name"].lower()
        if not tag["end"] and name not in ALONE:
            depth, opened[name] = depth + 1, opened[name] + 1
        elif tag["end"] and opened[name]:
            depth, opened[name] = depth - 1, opened[name] - 1
        if depth > DEEPEST:
            return True
    return False


class _Names(HTMLParser):
    """Collects the names of the elements and of the attributes that may not be kept."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.names.add(tag)
        for name, value in attrs:
            foreign = name == "src" and tag == "img" and not _picture(value or "")
            if name.startswith("on") or foreign or (name == "href" and not _link(value or "")):
                self.names.add(f"{tag} {name}")


def _named(value: str, prefix: str) -> str | None:
    """An id with the prefix; None for an id that could be one of the theme's."""
    value = NUMBERED.sub("", value, count=1)
    own = value.removeprefix(prefix)
    if not prefix and own.startswith(("cell-", "list-")):
        return None  # a link to one of galley's own would lead here
    return f"{prefix}{own}" if not own.startswith("__") or own.startswith(MADE) else None


def _link(value: str) -> str | None:
    """An address that a link may have; None for a script, or for an address that holds a page itself."""
    scheme, colon, _ = UNSEEN.sub("", value).partition(":")
    web = scheme.lower() in ("http", "https", "mailto")
    return value if web or not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme) else None


def _picture(value: str) -> str | None:
    """The address of a picture; None where a browser would ask another host for it."""
    return value if PICTURE.match(UNSEEN.sub("", value)) else None
