"""A cell as HTML: its code once, and what it printed under each profile that has a record."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from galley.pages.fences import Fence
from galley.pages.parameters import PARAMETERS
from galley.records.record import CellRecord, Output, Record
from galley.records.status import SHOWABLE
from galley.render.page import Page, View
from galley.render.tabs import tabs
from galley.render.text import escape, inline

MIME = {"svg": "image/svg+xml", "png": "image/png"}
LABELS = {"stdout": "", "stderr": "standard error", "value": "value", "error": "raises"}


def cell_html(md: Any, page: Page, fence: Fence, views: Sequence[View]) -> str:
    """The whole cell: caption, code, outputs."""
    cell = views[0].cell
    group = f"galley-{fence.place.line}"
    if cell.name == PARAMETERS:
        body = tabs(group, [(view.profile.title, _code(md, view) + _not_run(view) + _marks(view)) for view in views])
    else:
        ran = [(view.profile.title, _marks(view) + _outputs(page, view)) for view in views if view.record or view.marks]
        body = _code(md, views[0]) + (tabs(group, ran) if any(outputs for _, outputs in ran) else "")
    kind = next((tag for tag in ("claim", "setup") if tag in cell.tags), "plain")
    if kind == "claim":
        body = _folded("The assertion that checks it", body)
    elif kind == "setup":
        body = _folded("Setup", body)
    caption = f'<p class="galley-caption">{inline(cell.caption)}</p>' if cell.caption else ""
    return f'<div class="galley-cell galley-{kind}" id="{cell_id(page, fence)}">{caption}{body}</div>'


def cell_id(page: Page, fence: Fence) -> str:
    """What a link to the cell or the list ends in; a cell that the page shows again is numbered."""
    if fence.listing:
        return f"list-{fence.listing}"
    number = [each for each in page.fences if each.name == fence.name].index(fence) + 1
    return f"cell-{fence.file}-{fence.cell}" + (f"-{number}" if number > 1 else "")


def profiles_note(page: Page) -> str:
    """The line at the page's top: which profiles have no record, and the command that makes one."""
    notes = []
    for snippets in page.files:
        found = [each for each in page.statuses(snippets) if each.state not in SHOWABLE]
        notes += [f"<b>{escape(each.profile.title)}</b> ({each.state}: <code>{each.mend}</code>)" for each in found]
    what = f"Not shown, for want of a true record: {', '.join(notes)}."
    return f'<p class="galley-profiles">{what}</p>' if notes else ""


def error_note(error: str) -> str:
    """What is wrong with the page, as the live preview shows it; an ordinary build stops instead."""
    return f'<pre class="galley-mark" tabindex="0">{escape(error)}</pre>'


def _code(md: Any, view: View) -> str:
    """The cell's code through superfences' own highlighter, as any other block of the page."""
    fences = md.preprocessors["fenced_code_block"]
    fences.get_hl_settings()
    block = fences.highlight(
        src=view.cell.source, language="python", options={}, md=md, classes=["galley-code"], id_value="", attrs={}
    )
    return str(block)


def _not_run(view: View) -> str:
    return "" if view.record else '<p class="galley-ran">not run</p>'


def _marks(view: View) -> str:
    return "".join(f'<pre class="galley-mark" tabindex="0">{escape(mark)}</pre>' for mark in view.marks)


def _folded(summary: str, body: str) -> str:
    return f'<details class="galley-folded"><summary>{summary}</summary>{body}</details>'


def _outputs(page: Page, view: View) -> str:
    record, recorded = view.record, view.recorded
    if record is None or recorded is None or not recorded.outputs:
        return ""
    parts = [_output(page, record, output) for output in recorded.outputs]
    return f'<div class="galley-output">{"".join(parts)}{_ran_on(record, recorded, page.project.line)}</div>'


def _output(page: Page, record: Record, output: Output) -> str:
    data = record.outputs[output.file]
    cut = f'<p class="galley-cut">{output.cut:,} more bytes were printed and are cut here</p>' if output.cut else ""
    if output.kind == "image":
        kind = MIME[output.file.rpartition(".")[2]]
        source = f"data:{kind};base64,{b64encode(data).decode()}"
        return f'<img class="galley-image" alt="what the cell above drew" src="{source}">'
    text = escape(data.decode().removesuffix("\n"))
    label = f'<span class="galley-label">{LABELS[output.kind]}</span>' if LABELS[output.kind] else ""
    return (
        f'<div class="galley-text galley-{output.kind}">{label}<pre tabindex="0"><code>{text}</code></pre>{cut}</div>'
    )


def _ran_on(record: Record, recorded: CellRecord, shown: Sequence[str]) -> str:
    """What an output ran on: one quiet line with the facts that are `shown`, the others folded under it."""
    facts = record.environment
    provenance = {**facts.get("provenance", {}), **recorded.provenance}  # as it was when this cell ended
    named = {name: str(said) for name, said in provenance.items() if isinstance(said, str | int | float) and said != ""}
    named["Python"] = f"Python {facts['python']}"
    named |= {name: f"{name} {version.partition('+')[0]}" for name, version in facts.get("packages", {}).items()}
    named |= {name: str(facts[name]) for name in ("system", "cpu")}
    first = [named[name] for name in shown if name in named]
    rest = [said for name, said in named.items() if name not in shown]
    cost = [record.date, f"{recorded.seconds:.2f} s", f"{recorded.peak_mb:.0f} MB"]
    line, more = escape(" · ".join([*first, *cost])), escape(" · ".join(rest))
    return f'<details class="galley-ran"><summary>{line}</summary><p>{more}</p></details>'
