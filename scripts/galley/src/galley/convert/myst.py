"""MyST Markdown as the Markdown of a page: directives, roles and labels become what Python-Markdown has for them.

In the command. What has no form stays as it is, and `galley.convert.prose` tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import indent

from galley.convert import forms

OPENER = re.compile(r"(?P<indent>[ \t]*+)(?P<fence>`{3,}+|~{3,}+|:{3,}+)\s*\{(?P<name>[\w:-]+)\}[ \t]*(?P<rest>.*)")
OPTION = re.compile(r":(?P<name>[\w-]+):[ \t]*(?P<value>.*)")
PLAIN = re.compile(r"[ \t]*+(?P<fence>`{3,}+|~{3,}+)[^`{]*+")  # how a block of code begins, whose text stays
# A role, or a piece of code, which stays.
ROLE = re.compile(r"\{(?P<name>[\w:-]++)\}`(?P<said>[^`\n]++)`|(?<!`)`++[^`\n]*+`++")
LABEL = re.compile(r"\((?P<label>[^()]+)\)=[ \t]*")
COMMENT = re.compile(r"%(?: .*)?")
DEEPEST = 20  # directives in each other; what is in more of them stays as it is


@dataclass(frozen=True)
class Directive:
    """A directive: its name, what stands behind it, its options and the lines of its text."""

    name: str
    rest: str
    options: dict[str, str]
    body: list[str]


def is_myst(text: str) -> bool:
    """Whether a Markdown file has directives or roles of MyST."""
    return any(OPENER.match(line) for line in text.split("\n")) or any(found["name"] for found in ROLE.finditer(text))


def as_markdown(text: str, depth: int = 0) -> str:
    """The prose of a cell, or the text of a directive that stands in `depth` others."""
    return "\n".join(_lines(text.split("\n"), depth)) if depth < DEEPEST else text


def _lines(lines: list[str], depth: int) -> Iterator[str]:
    at = 0
    while at < len(lines):
        opener, plain = OPENER.fullmatch(lines[at]), PLAIN.fullmatch(lines[at])
        if found := opener or plain:
            end = _end(lines, at + 1, found["fence"])
            body = [line.removeprefix(opener["indent"]) for line in lines[at + 1 : end]] if opener else []
            made = _made(_directive(opener, body), depth + 1) if opener else None
            yield from lines[at : end + 1] if opener is None or made is None else [indent(made, opener["indent"])]
            at = end + 1
            continue
        if label := LABEL.fullmatch(lines[at]):
            yield forms.anchor(label["label"])
            yield from [""] * bool(lines[at + 1 : at + 2] and lines[at + 1].strip())
        elif not COMMENT.fullmatch(lines[at]):
            yield ROLE.sub(_role, lines[at])
        at += 1


def _end(lines: list[str], at: int, fence: str) -> int:
    """The line that closes a fence: of its sign alone, at least as often."""
    while at < len(lines):
        said = lines[at].strip()
        if said.startswith(fence) and not said.strip(fence[0]):
            return at
        at += 1
    return at


def _role(found: re.Match[str]) -> str:
    made = forms.role(found["name"], found["said"]) if found["name"] else None
    return found[0] if made is None else made


def _directive(opener: re.Match[str], lines: list[str]) -> Directive:
    options, first, end = dict[str, str](), 0, len(lines)
    while first < end and (option := OPTION.fullmatch(lines[first])):
        options[option["name"]] = option["value"].strip()
        first += 1
    while first < end and not lines[first].strip():
        first += 1
    while first < end and not lines[end - 1].strip():
        end -= 1
    return Directive(opener["name"], opener["rest"].strip(), options, lines[first:end])


def _made(found: Directive, depth: int) -> str | None:
    """A directive as Markdown; None for one that stays as it is."""
    name, rest, text = found.name, found.rest, "\n".join(found.body)
    if name in forms.UNSEEN:
        return ""
    if name in forms.CODE_BLOCKS or name in ("doctest", "testcode"):
        language = "pycon" if name == "doctest" else rest or "python"
        return forms.block(text, language, found.options.get("caption", "") or ("" if ">>>" in text else forms.NOT_RUN))
    if name in ("image", "figure"):
        caption = as_markdown(text, depth).strip() if name == "figure" else ""
        return forms.image(rest, found.options.get("alt", ""), caption)
    if name == "math":
        return forms.formula("\n".join([rest, text]))
    if name == "dropdown":
        return forms.admonition("note", rest, as_markdown(text, depth), folded=True)
    if name in forms.ADMONITIONS:
        return _admonition(found, depth)
    return None


def _admonition(found: Directive, depth: int) -> str:
    """An admonition. One with a title of its own says its kind as a class; the line of any other begins its text."""
    if found.name == "admonition":
        classes = found.options.get("class", "").split()
        kind = next((each for each in classes if each in forms.ADMONITIONS), "admonition")
        return forms.admonition(kind, found.rest, as_markdown("\n".join(found.body), depth))
    titled = found.name.startswith(forms.OF_VERSIONS)
    body = found.body if titled or not found.rest else [found.rest, *found.body]
    return forms.admonition(found.name, found.rest if titled else "", as_markdown("\n".join(body), depth))
