"""Writes what docutils read of reStructuredText as Markdown.

In the command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from textwrap import indent
from typing import Any

from docutils import nodes

from galley.convert import forms

MARK = "galley-text-"  # the comment that stands above each text of a file, which are read as one
UNKNOWN = re.compile(r"Unknown (?P<what>directive type|interpreted text role) \"(?P<name>[^\"]+)\"")
DISABLED = re.compile(r"\"(?P<name>[\w-]+)\" directive disabled")
SPECIAL = re.compile(r"[\\`*\[\]]|\b_|_\b")  # what Markdown would read as a mark
LEFT_OUT = "`.. {}::` is left out: write it as Markdown has it"
ERROR = 3  # the level from which on docutils leaves something out
WITHOUT = (nodes.comment, nodes.substitution_definition, nodes.pending, nodes.topic)


class Writer:
    """Collects the Markdown of a file's texts, which begin at the comments that `galley.convert.rest` puts there."""

    def __init__(self) -> None:
        self.lost: dict[int, list[str]] = {}
        self._texts: dict[int, list[str]] = {}
        self._at, self._level = 0, 0

    def text(self, number: int) -> str:
        """The Markdown of one text."""
        return "\n\n".join(each for each in self._texts.get(number, []) if each.strip())

    def document(self, tree: Any) -> None:
        """Write the whole tree."""
        for node in tree.children:
            self._top(node)

    def _top(self, node: Any) -> None:
        """Write what stands in a section, in the text to which it belongs."""
        if isinstance(node, nodes.comment) and node.astext().startswith(MARK):
            self._at = int(node.astext().removeprefix(MARK))
        elif isinstance(node, nodes.section):
            self._level += 1
            for child in node.children:
                self._top(child)
            self._level -= 1
        else:
            self._texts.setdefault(self._at, []).extend(self._block(node))

    def _lose(self, said: str) -> None:
        self.lost.setdefault(self._at, []).append(said)

    def _blocks(self, node: Any) -> str:
        return "\n\n".join(each for child in node.children for each in self._block(child))

    def _block(self, node: Any) -> Iterator[str]:
        """The blocks of Markdown of a node."""
        if isinstance(node, WITHOUT):
            return
        write = BLOCKS.get(type(node))
        if write is not None:
            yield from filter(None, [write(self, node)])
        elif isinstance(node, nodes.Admonition):  # of docutils' own
            yield forms.admonition(type(node).__name__, "", self._blocks(node))
        elif isinstance(node, nodes.Inline | nodes.Text):
            yield self._inline(node)
        else:
            for child in node.children:
                yield from self._block(child)

    def _title(self, node: Any) -> str:
        return f"{'#' * min(self._level, 6)} {self._inlines(node)}"

    def _paragraph(self, node: Any) -> str:
        return self._inlines(node)

    def _message(self, node: Any) -> str:
        """What docutils could not read. A directive that it does not know is told, and its text stands as it was."""
        if disabled := DISABLED.search(node.astext()):
            self._lose(LEFT_OUT.format(disabled["name"]))
        if disabled or node["level"] < ERROR:
            return ""
        found, text = UNKNOWN.search(node.astext()), node.children[-1].astext()
        if found and found["what"].startswith("directive"):
            self._lose(LEFT_OUT.format(found["name"]))
            return forms.block(text, "rst", forms.NOT_RUN) if "\n\n" in text else ""
        if not found:
            first = node.children[0].astext().partition("\n")[0]
            self._lose(f"its reStructuredText is not as docutils reads it: {first}")
        return ""

    def _admonition(self, node: Any) -> str:
        return forms.admonition(node.get("name", "note"), node.get("title", ""), self._blocks(node))

    def _literal(self, node: Any) -> str:
        language = node.get("language", "") or next((each for each in node["classes"] if each != "code"), "text")
        title = node.get("caption", "") or ("" if node.astext().startswith(">>>") else forms.NOT_RUN)
        return forms.block(node.astext(), {"none": "text", "default": "python"}.get(language, language), title)

    def _session(self, node: Any) -> str:
        return forms.block(node.astext(), "pycon")

    def _formula(self, node: Any) -> str:
        return forms.formula(node.astext())

    def _items(self, node: Any) -> str:
        numbered = isinstance(node, nodes.enumerated_list)
        items = []
        for number, item in enumerate(node.children, start=int(node.get("start", 1))):
            head = f"{number}." if numbered else "-"
            items.append(f"{head:<4}{indent(self._blocks(item), '    ').lstrip()}")
        return ("\n\n" if any("\n\n" in each for each in items) else "\n").join(items)

    def _definitions(self, node: Any) -> str:
        items = []
        for item in node.children:
            said = " ".join(self._inlines(each) for each in item.children if not isinstance(each, nodes.definition))
            body = "\n\n".join(self._blocks(each) for each in item.children if isinstance(each, nodes.definition))
            items.append(f"-   **{said}**: {indent(body, '    ').lstrip()}")
        return "\n".join(items)

    def _quote(self, node: Any) -> str:
        return indent(self._blocks(node), "> ", lambda line: True)

    def _image(self, node: Any) -> str:
        return forms.image(node["uri"], node.get("alt", ""))

    def _figure(self, node: Any) -> str:
        picture = next((each for each in node.children if isinstance(each, nodes.image)), None)
        words = [self._inlines(each) for each in node.children if isinstance(each, nodes.caption)]
        legend = [self._blocks(each) for each in node.children if isinstance(each, nodes.legend)]
        shown = forms.image(picture["uri"], picture.get("alt", ""), " ".join(words)) if picture is not None else ""
        return "\n\n".join([shown, *legend])

    def _table(self, node: Any) -> str:
        rows = [
            [" ".join(self._blocks(entry).split("\n")).replace("|", "\\|") for entry in row.children]
            for row in node.findall(nodes.row)
        ]
        if any("morecols" in each or "morerows" in each for each in node.findall(nodes.entry)):
            self._lose("a table with cells over several rows or columns is a plain table now")
        if not any(True for _ in node.findall(nodes.thead)):
            rows.insert(0, [""] * max(map(len, rows), default=0))
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], f"|{'---|' * len(rows[0])}", *lines[1:]]) if lines else ""

    def _target(self, node: Any) -> str:
        """A place that a link leads to; a target with an address is none."""
        if "refuri" in node:
            return ""
        names = dict.fromkeys([*node["ids"], *filter(None, [node.get("refid", "")])])
        return "\n".join(map(forms.anchor, names))

    def _note(self, node: Any) -> str:
        label, *rest = node.children
        said = "\n\n".join(each for child in rest for each in self._block(child))
        return f'<a id="{node["ids"][0]}"></a>\\[{label.astext()}\\] {said}'

    def _transition(self, node: Any) -> str:
        return "---"

    def _rubric(self, node: Any) -> str:
        return f"**{self._inlines(node)}**"

    def _inlines(self, node: Any) -> str:
        return "".join(self._inline(child) for child in node.children)

    def _inline(self, node: Any) -> str:
        """A piece of a sentence as Markdown."""
        if isinstance(node, nodes.Text):
            return SPECIAL.sub(r"\\\g<0>", node.astext()).replace("<", "&lt;")
        write = INLINES.get(type(node))
        return write(self, node) if write else self._inlines(node)

    def _reference(self, node: Any) -> str:
        said, to = self._inlines(node), node.get("refuri", "") or f"#{node.get('refid', '')}"
        if isinstance(node.children[0] if node.children else None, nodes.image):
            said = said.replace("\n", " ")
        return f"<{to}>" if said == to else f"[{said}]({to})"

    def _cited(self, node: Any) -> str:
        return f"[\\[{node.astext()}\\]](#{node.get('refid', '')})"

    def _problem(self, node: Any) -> str:
        self._lose(f"`{node.astext()}` has no form here: write it as Markdown has it")
        return forms.code(node.astext())


BLOCKS: Mapping[type, Callable[[Writer, Any], str]] = {
    nodes.title: Writer._title,
    nodes.paragraph: Writer._paragraph,
    nodes.system_message: Writer._message,
    nodes.admonition: Writer._admonition,
    nodes.literal_block: Writer._literal,
    nodes.doctest_block: Writer._session,
    nodes.math_block: Writer._formula,
    nodes.bullet_list: Writer._items,
    nodes.enumerated_list: Writer._items,
    nodes.definition_list: Writer._definitions,
    nodes.block_quote: Writer._quote,
    nodes.image: Writer._image,
    nodes.figure: Writer._figure,
    nodes.table: Writer._table,
    nodes.target: Writer._target,
    nodes.footnote: Writer._note,
    nodes.citation: Writer._note,
    nodes.transition: Writer._transition,
    nodes.rubric: Writer._rubric,
}
INLINES: Mapping[type, Callable[[Writer, Any], str]] = {
    nodes.emphasis: lambda writer, node: f"*{writer._inlines(node)}*",
    nodes.strong: lambda writer, node: f"**{writer._inlines(node)}**",
    nodes.literal: lambda writer, node: forms.code(node.astext()),
    nodes.title_reference: lambda writer, node: forms.code(forms.short(node.astext())),
    nodes.math: lambda writer, node: f"${node.astext()}$",
    nodes.raw: lambda writer, node: node.astext(),
    nodes.reference: Writer._reference,
    nodes.footnote_reference: Writer._cited,
    nodes.citation_reference: Writer._cited,
    nodes.image: Writer._image,
    nodes.problematic: Writer._problem,
    nodes.target: lambda writer, node: writer._inlines(node),
}
