"""The Markdown that roles and directives become, which reStructuredText and MyST share.

In the command. A reference becomes a link with an address of its own scheme, `ref:label` or `doc:path`. The page's
prose (`galley.convert.prose`) knows where these lead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from textwrap import indent

REF, DOC = "ref:", "doc:"
NOT_RUN = "Typed by hand: shown, and not run"
TICKS = re.compile(r"`+")
TITLED = re.compile(r"(?P<text>[^<>]*[^<>\s])\s*<(?P<to>[^<>]+)>")
OTHERS = re.compile(r"[^a-z0-9]+")
# By the name of a directive: the kind of the admonition, and its title where that is another than the kind's own.
ADMONITIONS: Mapping[str, tuple[str, str]] = {
    **{name: (name, "") for name in ("note", "tip", "warning", "danger")},
    "hint": ("tip", "Hint"),
    "important": ("info", "Important"),
    "caution": ("warning", "Caution"),
    "attention": ("warning", "Attention"),
    "error": ("danger", "Error"),
    "seealso": ("info", "See also"),
    "admonition": ("note", ""),
    "versionadded": ("info", "Added in version"),
    "versionchanged": ("info", "Changed in version"),
    "deprecated": ("warning", "Deprecated since version"),
}
OF_VERSIONS = ("version", "deprecated")  # how directives begin whose line is a version
UNSEEN = ("contents", "currentmodule", "highlight", "index", "meta", "module", "py:currentmodule", "py:module")
CODE_BLOCKS = ("code", "code-block", "sourcecode", "parsed-literal")
IN_CODE = (
    *("any", "attr", "class", "code", "command", "const", "data", "deco", "envvar", "exc", "file", "func", "kbd"),
    *("keyword", "literal", "meth", "mod", "obj", "option", "program", "samp"),
)
AS_TEXT = ("abbr", "dfn", "download", "guilabel", "menuselection", "rfc", "term")


def role(name: str, said: str) -> str | None:
    """A role as Markdown; None for one that nobody knows."""
    text, to = (found["text"], found["to"]) if (found := TITLED.fullmatch(said)) else ("", said)
    name = name.rpartition(":")[2]  # of a domain, such as py
    if name == "math":
        return f"${said}$"
    if name in ("ref", "numref", "doc"):
        return f"[{text}]({DOC}{to.strip('!~')})" if name == "doc" else f"[{text}]({REF}{slug(to)})"
    if name == "pep":
        number, mark, place = to.partition("#")
        return f"[{text or f'PEP {number}'}](https://peps.python.org/pep-{number:0>4}/{mark}{place})"
    if name in AS_TEXT:
        return text or to
    return (text or code(short(to))) if name in IN_CODE else None


def short(target: str) -> str:
    """What a page shows of the name of an object: the last part, where `~` asks for it."""
    return target[1:].rpartition(".")[2] if target.startswith("~") else target.removeprefix("!")


def code(text: str) -> str:
    """A piece of code in a sentence."""
    ticks = "`" * (1 + max(map(len, TICKS.findall(text)), default=0))
    blank = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{blank}{text}{blank}{ticks}" if text else ""


def block(text: str, language: str, title: str = "") -> str:
    """A block of code."""
    fence = "`" * max(3, 1 + max(map(len, TICKS.findall(text)), default=0))
    said = title.replace('"', "'")
    return f"{fence}{language}" + (f' title="{said}"' if said else "") + f"\n{text}\n{fence}"


def admonition(name: str, title: str, body: str, *, folded: bool = False) -> str:
    """What a page sets apart, as Python-Markdown's `admonition` has it; `folded` as pymdownx.details has it."""
    kind, own = ADMONITIONS.get(name, ("note", ""))
    said = (f"{own} {title}".strip() if name.startswith(OF_VERSIONS) else title or own).replace('"', "'")
    head = f"{'???' if folded else '!!!'} {kind}" + (f' "{said}"' if said else "")
    return f"{head}\n\n{indent(body, '    ')}" if body else head


def image(address: str, alt: str, caption: str = "") -> str:
    """A picture, with its caption below it."""
    picture = f"![{alt}]({address.replace(' ', '%20')})"
    return f"{picture}\n\n*{caption}*" if caption else picture


def formula(text: str) -> str:
    """A formula on lines of its own."""
    return f"$$\n{text.strip()}\n$$"


def anchor(label: str) -> str:
    """A place that a link can lead to."""
    return f'<a id="{slug(label)}"></a>'


def slug(text: str) -> str:
    """A label in the form in which it stands in addresses."""
    return OTHERS.sub("-", text.strip().lower()).strip("-")
