"""What a cell left under one profile, as HTML, and the quiet line that says what it ran on."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from galley.record.model import CellRecord, Output, Record
from galley.record.said import ran_on
from galley.site import tokens
from galley.site.ansi import coloured
from galley.site.figure import image_html
from galley.site.page import Page, View
from galley.site.text import escape

LABELS = {"stdout": "", "stderr": "standard error", "value": "value", "error": "raises"}
COLUMNS = 100  # the most characters in a line of a table
CUT = "{:,} more bytes were {} and are cut here"


def outputs_html(page: Page, view: View, name: str, elsewhere: Collection[str] = ()) -> str:
    """The outputs of a view; `name` begins the ids in them. A trace, and what is `elsewhere`, does not stand here."""
    record, recorded = view.record, view.recorded
    if record is None or recorded is None or not recorded.outputs:
        return ""
    parts = [
        _output(record.outputs[output.file], output, view.cell.caption, f"{name}-{number}")
        for number, output in enumerate(recorded.outputs)
        if output.kind not in elsewhere
    ]
    return f'<div class="galley-output">{"".join(parts)}{_ran_on(record, recorded, page.project.line)}</div>'


def _output(data: bytes, output: Output, caption: str, group: str) -> str:
    done = "recorded" if output.kind in ("trace", "tokens") else "printed"
    cut = f'<p class="galley-cut">{CUT.format(output.cut, done)}</p>' if output.cut else ""
    if output.kind == "image":
        return image_html(data, output.file.rpartition(".")[2], caption, group)
    if output.kind == "tokens":
        return tokens.tokens_html(tokens.read(data), group) + cut
    if output.kind == "trace":
        return cut
    text = data.decode().removesuffix("\n")
    columns = " galley-columns" if output.kind in ("stdout", "value") and _may_be_table(text) else ""
    label = f'<span class="galley-label">{LABELS[output.kind]}</span>' if LABELS[output.kind] else ""
    shown = f'{label}<pre tabindex="0"><code>{coloured(text)}</code></pre>{cut}'
    return f'<div class="galley-text galley-{output.kind}{columns}">{shown}</div>'


def _may_be_table(text: str) -> bool:
    """Whether the columns of a text may matter, on a narrow screen too: it has several lines, and none is long."""
    lines = text.split("\n")
    return len(lines) > 1 and max(map(len, lines)) <= COLUMNS


def _ran_on(record: Record, recorded: CellRecord, shown: Sequence[str]) -> str:
    """What an output ran on: one quiet line with the facts that are `shown`, the others folded under it."""
    named = ran_on(record, recorded)
    first = [named[name] for name in shown if name in named]
    rest = [said for name, said in named.items() if name not in shown]
    cost = [record.date, f"{recorded.seconds:.2f} s", f"{recorded.peak_mb:.0f} MB"]
    line, more = escape(" · ".join([*first, *cost])), escape(" · ".join(rest))
    return f'<details class="galley-ran" data-search-exclude><summary>{line}</summary><p>{more}</p></details>'
