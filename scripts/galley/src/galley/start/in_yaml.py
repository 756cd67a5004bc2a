"""Names galley's extension in YAML settings of a builder, and shows that nothing else of them became otherwise.

In the command. One piece of text is put in at a place that PyYAML's parser marks, so that comments, order, quotes and
indentation stay as they are. The proof compares the events of the parser before and after: of tags, anchors and aliases
it resolves none. So no module is imported for a `!!python/name`, no variable is read for an `!ENV`, and a list that
holds itself ends like any other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from galley.source.nested import too_deep

KEY, EXTENSION, MERGE = "markdown_extensions", "galley", "<<"
LIST, TABLE, NEITHER = "list", "table", ""  # the forms of the value
ATTRIBUTES = ("anchor", "tag", "implicit", "value", "style", "flow_style")
STARTS = (yaml.SequenceStartEvent, yaml.MappingStartEvent)
ENDS = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
NULLS = ("", "~", "null", "Null", "NULL")


class UnprovenError(Exception):
    """The text cannot be changed so that nothing but the extensions is another.

    `line` is where that shows. `mend` is what to do by hand, where it is more than to name one more extension.
    """

    def __init__(self, what: str, line: int = 0, mend: str = "") -> None:
        super().__init__(what)
        self.what, self.line, self.mend = what, line, mend


@dataclass(frozen=True)
class _Node:
    """A value of the settings, from its first event to its last one."""

    begin: int
    end: int


class Settings:
    """The text of a settings file; raises UnprovenError where it is no YAML, and where it holds no names."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.events = list(_events(text))
        documents = [at for at, each in enumerate(self.events) if isinstance(each, yaml.DocumentStartEvent)]
        if len(documents) != 1 or not isinstance(self.events[documents[0] + 1], yaml.MappingStartEvent):
            raise UnprovenError("it holds no settings by name")
        self.root = _Node(documents[0] + 1, self._last(documents[0] + 1))
        self.entries = dict(self._entries())

    def _last(self, begin: int) -> int:
        """The last event of the node that begins with an event."""
        depth = 0
        for at in range(begin, len(self.events)):
            depth += isinstance(self.events[at], STARTS) - isinstance(self.events[at], ENDS)
            if not depth:
                return at
        raise AssertionError("the parser closes what it opens")

    def _entries(self) -> Iterator[tuple[str, _Node]]:
        """The values of the settings by their names; of a name that stands there twice, the last one counts."""
        at = self.root.begin + 1
        while at < self.root.end:
            key, begin = at, self._last(at) + 1
            at = self._last(begin) + 1
            name = self.events[key].value if isinstance(self.events[key], yaml.ScalarEvent) else ""
            yield name, _Node(begin, at - 1)

    def plain(self, name: str) -> str | None:
        """The text that stands behind a name; None where nothing does, or anything but a text without a tag."""
        event = self.events[self.entries[name].begin] if name in self.entries else None
        return event.value if isinstance(event, yaml.ScalarEvent) and event.tag is None else None

    @property
    def form(self) -> str:
        """Whether the extensions are a list or a table here."""
        event = self.events[self.entries[KEY].begin] if KEY in self.entries else None
        return {yaml.SequenceStartEvent: LIST, yaml.MappingStartEvent: TABLE}.get(type(event), NEITHER)

    def line(self, name: str) -> int:
        """The line on which the value of a name begins; 0 where there is none."""
        return self.events[self.entries[name].begin].start_mark.line + 1 if name in self.entries else 0

    def with_extension(self, *, as_table: bool = False) -> str:
        """The text with galley's extension; where no extensions are named, `as_table` says in which form.

        Raises UnprovenError.
        """
        self._refuse_shared()
        if KEY not in self.entries:
            return self._with_entry(as_table=as_table)
        node = self.entries[KEY]
        event = self.events[node.begin]
        if event_tag := getattr(event, "tag", None):
            raise UnprovenError(f"{KEY} has the tag {event_tag}", self.line(KEY))
        if isinstance(event, STARTS):
            return self._with_item(node)
        if isinstance(event, yaml.ScalarEvent) and event.value in NULLS and event.style is None:
            return self._in_place_of(node.begin)
        what = "stands elsewhere" if isinstance(event, yaml.AliasEvent) else "is no list and no table"
        raise UnprovenError(f"the value of {KEY} {what}", self.line(KEY))

    def _refuse_shared(self) -> None:
        """Raises UnprovenError where other settings would change with the extensions, or bring them."""
        own = [self.root.begin, *([self.entries[KEY].begin] if KEY in self.entries else [])]
        aliases = {each.anchor for each in self.events if isinstance(each, yaml.AliasEvent)}
        anchors = {self.events[at].anchor for at in own if not isinstance(self.events[at], yaml.AliasEvent)}
        if anchors & aliases:
            raise UnprovenError(f"other settings use the value of {KEY}, by its anchor", self.line(KEY))
        if MERGE in self.entries and KEY not in self.entries:
            mend = f"add {KEY} below it: the names that it brings, if it brings any, and {EXTENSION}"
            raise UnprovenError(f"{KEY} may come from what the line with {MERGE} names", self.line(MERGE), mend)

    def _with_entry(self, *, as_table: bool) -> str:
        """The text with one more setting behind the others, in the form of the lists that are there."""
        if self.events[self.root.begin].flow_style:
            mend = f"put behind their last setting: , {KEY}: [{EXTENSION}]"
            raise UnprovenError("the settings stand in braces", self.events[self.root.begin].start_mark.line + 1, mend)
        indent = self._margin(self.events[self.root.begin + 1].start_mark.index)
        deeper = f"{indent}  {EXTENSION}: {{}}" if as_table else f"{self._of_lists()}- {EXTENSION}"
        at = self._below(self.root, -1)
        parted = [""] if self._are_parted() else []
        added = [KEY, "{", EXTENSION, "{", "}", "}"] if as_table else [KEY, "[", EXTENSION, "]"]
        return self._proven(self._lines(at, [*parted, f"{indent}{KEY}:", deeper]), self.root.end, added)

    def _of_lists(self) -> str:
        """What stands before the `-` of the first list among the settings; two spaces where there is none."""
        for node in self.entries.values():
            event = self.events[node.begin]
            if isinstance(event, yaml.SequenceStartEvent) and not event.flow_style and node.end > node.begin + 1:
                return self._margin(self.events[node.begin + 1].start_mark.index)
        return "  "

    def _are_parted(self) -> bool:
        """Whether a blank line stands before the last of the settings and the comments above it."""
        keys = [self.events[node.begin - 1].start_mark.index for node in self.entries.values()]
        last = max(keys)
        before = self.text[: last - len(self._margin(last))].splitlines()
        while before and before[-1].lstrip().startswith("#"):
            before.pop()
        return bool(before) and not before[-1].strip()

    def _with_item(self, node: _Node) -> str:
        """The text with one more item of the list, or one more name of the table."""
        begin = self.events[node.begin]
        is_table = isinstance(begin, yaml.MappingStartEvent)
        item, added = (f"{EXTENSION}: {{}}", [EXTENSION, "{", "}"]) if is_table else (EXTENSION, [EXTENSION])
        if not begin.flow_style:
            margin = self._margin(self.events[node.begin + 1].start_mark.index)
            line = f"{margin}{item}" if is_table else f"{margin}- {item}"
            return self._proven(self._lines(self._below(node, len(margin)), [line]), node.end, added)
        at = self._leaf(node)
        if at == node.begin:
            inner = begin.end_mark.index
            return self._proven(f"{self.text[:inner]}{item}{self.text[inner:]}", node.end, added)
        index = self.events[at].end_mark.index
        return self._proven(f"{self.text[:index]}, {item}{self.text[index:]}", node.end, added)

    def _in_place_of(self, at: int) -> str:
        """The text with a list in the place of nothing."""
        event = self.events[at]
        begin, end = event.start_mark.index, event.end_mark.index
        said = f"[{EXTENSION}]" if event.value else f" [{EXTENSION}]"
        return self._proven(f"{self.text[:begin]}{said}{self.text[end:]}", at, ["[", EXTENSION, "]"], instead=1)

    def _leaf(self, node: _Node) -> int:
        """The last event in a node whose end the parser marks where it stands, and not at what follows."""
        for at in range(node.end - 1, node.begin, -1):
            event = self.events[at]
            if not isinstance(event, (*STARTS, *ENDS)) or event.start_mark.index < event.end_mark.index:
                return at
        return node.begin

    def _below(self, node: _Node, column: int) -> int:
        """Where the line begins below a node and below the comments that are indented by more than a column."""
        leaf = self.events[self._leaf(node)]
        at: int = leaf.end_mark.index
        if self.text[:at].endswith(("\n", "\r")):  # a block of text, with the blank lines below it
            if leaf.value.endswith("\n\n"):
                return at
            at = len(self.text[:at].rstrip())
        at = _next_line(self.text, at)
        while (line := self.text[at : _next_line(self.text, at)]).lstrip(" ").startswith("#"):
            if len(line) - len(line.lstrip(" ")) <= column:
                break
            at = _next_line(self.text, at)
        return at

    def _margin(self, index: int) -> str:
        """The spaces at the beginning of a place's line."""
        begin = max(self.text.rfind(each, 0, index) for each in "\n\r") + 1
        line = self.text[begin:index]
        return line[: len(line) - len(line.lstrip(" "))]

    def _lines(self, at: int, lines: Sequence[str]) -> str:
        """The text with lines that begin at a place, ended as the text's own lines are."""
        end = next((each for each in ("\r\n", "\n", "\r") if each in self.text), "\n")
        before, behind = self.text[:at], self.text[at:]
        if before and not before.endswith(("\n", "\r")):
            return f"{before}{end}{end.join(lines)}{behind}"
        return f"{before}{''.join(f'{line}{end}' for line in lines)}{behind}"

    def _proven(self, text: str, at: int, added: Sequence[str], instead: int = 0) -> str:
        """The new text, whose events are the old ones with those of the extension before the event `at`.

        `instead` is how many of the old ones they replace. Raises UnprovenError where that is not so.
        """
        try:
            now = list(_events(text))
        except UnprovenError as error:
            raise UnprovenError("the line would break it", self.line(KEY)) from error
        last = at + len(added)
        kept = [*map(_said, now[:at]), *map(_said, now[last:])]
        wanted = [*map(_said, self.events[:at]), *map(_said, self.events[at + instead :])]
        if kept != wanted or list(map(_short, now[at:last])) != list(added):
            raise UnprovenError("the line would change another setting", self.line(KEY))
        return text


def _events(text: str) -> Iterator[Any]:
    """What the parser says of a text, which another parser may have read before.

    Raises UnprovenError for what is no YAML, and at a depth that the parser would take minutes for.
    """
    if line := too_deep(text):
        raise UnprovenError("it is nested too deeply", line)
    try:
        yield from yaml.parse(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = f"not readable as YAML: {getattr(error, 'problem', None) or error}"
        raise UnprovenError(what, mark.line + 1 if mark else 0) from error


def _next_line(text: str, at: int) -> int:
    """Where the next line begins; the end of the text where there is none."""
    found = [place for each in "\n\r" if (place := text.find(each, at)) >= 0]
    if not found:
        return len(text)
    end = min(found)
    return end + (2 if text.startswith("\r\n", end) else 1)


def _said(event: Any) -> tuple[Any, ...]:
    """All that an event says, without its place."""
    return type(event), *(getattr(event, name, None) for name in ATTRIBUTES)


def _short(event: Any) -> str:
    """An event of the extension's own line in short; whatever is tagged, named or quoted there is none."""
    said = {yaml.SequenceStartEvent: "[", yaml.SequenceEndEvent: "]", yaml.MappingStartEvent: "{"}
    value = getattr(event, "value", None)
    return str(value) if value is not None else said.get(type(event), "}")
