"""In the builder: markdown-exec's fence options, and what they mean for a cell that ran long before the build.

A fence with one of these options is laid out by markdown-exec's own formatting, which is given what the cell printed
when it was recorded; nothing runs. An option that would change how the cell runs comes too late: it is an error, with
the reason, unless the cell did run that way.

The HTML that the formatting returns is cleaned (see `sanitise`), because the text is a record's, and anybody may have
written the record. Markdown in the text is converted only with those of the site's extensions that format and do
nothing else: others read files, import modules or execute.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import markdown_exec
from markdown import Markdown
from markdown.treeprocessors import UnescapeTreeprocessor
from markdown.util import AMP_SUBSTITUTE, HTML_PLACEHOLDER_RE, AtomicString

from galley.errors import GalleyError
from galley.kinds.ansi import only_colours, plain
from galley.kinds.markup import cut_note, escape
from galley.kinds.sanitise import left_out, sanitised
from galley.site.on_code import ON_CODE
from galley.site.page import Page, View
from galley.source.fences import Fence

SOURCES = ("above", "below", "block", "material-block", "tabbed-left", "tabbed-right", "console")
COLUMNS = "80"  # the width that a page's process has, unless the settings say otherwise
LONGEST = 1 << 17  # characters that are read as Markdown or as HTML
BRACKETS = 2_000  # of these, since Markdown looks for the end of each up to the end of the text
BACKTICKS = "`" * 8  # what markdown-exec puts around a text
# Extensions that format and do nothing else, and the settings of those that markdown-exec's formatting needs.
FORMATTING = {
    "abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "sane_lists", "smarty", "tables", "toc",
    "pymdownx.betterem", "pymdownx.caret", "pymdownx.details", "pymdownx.highlight", "pymdownx.inlinehilite",
    "pymdownx.keys", "pymdownx.mark", "pymdownx.smartsymbols", "pymdownx.superfences", "pymdownx.tabbed",
    "pymdownx.tasklist", "pymdownx.tilde",
}  # fmt: skip
NEEDED: Mapping[str, Mapping[str, Any]] = {
    "md_in_html": {},
    "tables": {},
    "toc": {},
    "pymdownx.highlight": {},
    "pymdownx.superfences": {},
    "pymdownx.tabbed": {"alternate_style": True},
}


@dataclass(frozen=True)
class LaidOut:
    """What markdown-exec's formatting made of a cell's printed text, and the headings in it for the page's contents."""

    html: str
    headings: list[Element]


def laid_out(md: Markdown, page: Page, fence: Fence, view: View, prefix: str) -> LaidOut:
    """The cell under one profile as the fence's options say; every id in it begins with `prefix`.

    Raises GalleyError where an option cannot hold for a recorded cell.
    """
    options = _read(page, fence, md)
    if any(shown.kind == "trace" for shown in view.shown):
        mend = 'take the options of markdown-exec away, or the tag "trace"'
        raise GalleyError(f"{fence.name}: a trace stands on galley's own layout of the code", fence.place, mend)
    _not_too_long(fence, _printed(view))
    text = only_colours(_printed(view)) if options["result"] == "ansi" else plain(_printed(view))
    if options["result"] and any(line.strip() == BACKTICKS for line in text.split("\n")):
        mend = "take the option `result` away"
        raise GalleyError(f"{fence.name}: the output has a line of eight backticks alone", fence.place, mend)
    markdown, begins = not options["html"] and not options["result"], _prefix(options, prefix)
    dirty = text if options["html"] else ""
    if options["html"]:
        text = sanitised(text, begins)
    options |= {"update_toc": options["update_toc"] and markdown, "id_prefix": begins}
    with _only_formatting(page):
        html = markdown_exec.base_format(
            language="python", run=lambda *_, **__: text, code=view.cell.source, md=md, **options
        )
    notes = _notes(view, left_out(html if markdown else dirty))
    return LaidOut(sanitised(html, begins) + notes, _headings(md, html))


def _not_too_long(fence: Fence, printed: str) -> None:
    """Raises GalleyError for more text than Markdown and a sanitizer can take: some of it takes its length squared."""
    if fence.options.get("result"):
        return
    brackets = 0 if fence.options.get("html") else printed.count("[")
    for number, most, what in ((len(printed), LONGEST, "characters"), (brackets, BRACKETS, "opening brackets")):
        if number > most:
            what = f"{fence.name}: the output has {number:,} {what}, and at most {most:,} are formatted"
            raise GalleyError(what, fence.place, 'print less, or show it as a text: result="text"')


def _read(page: Page, fence: Fence, md: Markdown) -> dict[str, Any]:
    """The fence's options as markdown-exec reads them."""
    for name, check in CHECKS.items():
        if name in fence.options and (wrong := check(page, fence, fence.options[name])):
            what, mend = wrong
            raise GalleyError(f'{fence.name}: {name}="{fence.options[name]}": {what}', fence.place, mend)
    options: dict[str, Any] = {}
    given = {name: value for name, value in fence.options.items() if name not in ("session", "returncode", "width")}
    if given.get("source") == "material-block":  # the former name of block, on which markdown-exec prints a warning
        given["source"] = "block"
    markdown_exec.validator("python", {"exec": "on", **given}, options, {}, md)
    return options


Wrong = tuple[str, str] | None  # why an option cannot hold, and what to do; None where it can


def _source(page: Page, fence: Fence, value: str) -> Wrong:
    return None if value in SOURCES else ("no place for the code", f"write one of: {', '.join(SOURCES)}")


def _on_code(page: Page, fence: Fence, value: str) -> Wrong:
    what = "it belongs to the code, which the fence does not show"
    return None if "source" in fence.options else (what, 'add source="above", or take it away')


def _result(page: Page, fence: Fence, value: str) -> Wrong:
    return None if re.fullmatch(r"[\w+#.-]*", value) else ("no name of a language", 'write one, such as result="text"')


def _tabs(page: Page, fence: Fence, value: str) -> Wrong:
    if not fence.options.get("source", "").startswith("tabbed"):
        return "the fence has no tabs to name", 'add source="tabbed-left", or take it away'
    return None if re.search(r"(?<!\\)\|", value) else ("two names are needed", 'write it as: tabs="Source|Result"')


def _width(page: Page, fence: Fence, value: str) -> Wrong:
    ran = page.project.environment.get("COLUMNS", COLUMNS)
    what = f"the cell ran with {ran} columns, and nothing runs while the site is built"
    mend = f'set it for the pages, under [tool.galley]: environment = {{ COLUMNS = "{value}" }}'
    return None if value == ran else (what, mend)


def _returncode(page: Page, fence: Fence, value: str) -> Wrong:
    what = "a cell has no exit code: a page that exits is not recorded"
    mend = 'take it away; a cell that is meant to fail says so in its file: # %% name raises="SystemExit"'
    return None if value == "0" else (what, mend)


def _session(page: Page, fence: Fence, value: str) -> Wrong:
    named = [each for each in page.fences if "session" in each.options]
    files = {each.file for each in named if each.options["session"] == value}
    sessions = {each.options["session"] for each in named if each.file == fence.file}
    what = "the cells of a snippet file share their names, and those of two files do not; a session is one file"
    return None if len(files) == len(sessions) == 1 else (what, "give each snippet file a session of its own")


def _workdir(page: Page, fence: Fence, value: str) -> Wrong:
    return "a cell runs in a folder of its own", "take it away, and call os.chdir in the cell"


CHECKS: Mapping[str, Callable[[Page, Fence, str], Wrong]] = {
    "source": _source,
    **dict.fromkeys(ON_CODE, _on_code),
    "result": _result,
    "tabs": _tabs,
    "width": _width,
    "returncode": _returncode,
    "session": _session,
    "workdir": _workdir,
}


def _printed(view: View) -> str:
    """What the cell printed under the view's profile; empty where it did not run or printed nothing."""
    return "".join(form.text for shown in view.shown if shown.kind == "stdout" for form in shown.forms[:1])


def _prefix(options: Mapping[str, Any], prefix: str) -> str:
    """What ids begin with: as `idprefix` says, else with the fence's `id`, else with the cell's."""
    if options["id_prefix"] is not None:
        return str(options["id_prefix"])
    return f"{options['id']}-" if options["id"] else prefix


@contextmanager
def _only_formatting(page: Page) -> Iterator[None]:
    """Have markdown-exec convert with extensions that format and do nothing else, set as the site sets them."""
    given = {name: dict(page.extensions.get(name, {})) for name in page.extensions if name in FORMATTING}
    chosen = {**{name: dict(settings) for name, settings in NEEDED.items()}, **given}
    chosen["pymdownx.superfences"].pop("custom_fences", None)
    config = markdown_exec.markdown_config
    before = config.exts, config.exts_config
    config.save(list(chosen), chosen)
    try:
        yield
    finally:
        config.exts, config.exts_config = before


def noted_headings(md: Markdown) -> dict[str, list[Element]]:
    """The headings that markdown-exec puts into the page's contents, by the HTML in which they stand."""
    name = markdown_exec.InsertHeadings.name
    inserts: Any = md.treeprocessors[name] if name in md.treeprocessors else None  # noqa: SIM401 (has no get)
    return inserts.headings if inserts else {}


def _headings(md: Markdown, html: str) -> list[Element]:
    """The headings that markdown-exec noted for the page's contents, with text and id alone: they are a record's."""
    unescape = md.treeprocessors["unescape"]
    assert isinstance(unescape, UnescapeTreeprocessor)
    noted = noted_headings(md).pop(html, [])
    headings = []
    for each in noted:
        heading = Element(each.tag, {"id": each.get("id", "")})
        said = HTML_PLACEHOLDER_RE.sub("", "".join(each.itertext())).replace(AMP_SUBSTITUTE, "&")
        heading.text = AtomicString(plain(unescape.unescape(said)))  # nothing in it is Markdown any more
        headings.append(heading)
    return headings


def _notes(view: View, names: list[str]) -> str:
    """What is missing of the output: bytes that were cut when it was recorded, and what a page may not hold."""
    notes = "".join(cut_note(shown.forms[0].cut, "printed") for shown in view.shown if shown.kind == "stdout")
    if names:
        left = escape(f"left out of the output, which is shown as HTML: {', '.join(names)}")
        notes += f'<p class="galley-cut">{left}</p>'
    return notes
