"""Content tabs as Material draws them, linked by their label from cell to cell and from page to page.

In the builder.
"""

from __future__ import annotations

from collections.abc import Sequence

from galley.kinds.markup import escape


def tabs(group: str, blocks: Sequence[tuple[str, str]]) -> str:
    """One block as it is, several blocks as tabs; each set of tabs in a page needs a `group` of its own."""
    if len(blocks) < 2:
        return "".join(html for _, html in blocks)
    numbered = list(enumerate(blocks, start=1))
    name = f"__tabbed_{group}"  # pymdownx.tabbed numbers its own sets, so these never meet
    inputs = "".join(
        f'<input{" checked" if number == 1 else ""} id="{name}_{number}" name="{name}" type="radio">'
        for number, _ in numbered
    )
    labels = "".join(f'<label for="{name}_{number}">{escape(label)}</label>' for number, (label, _) in numbered)
    content = "".join(f'<div class="tabbed-block">{html}</div>' for _, (_, html) in numbered)
    return (
        f'<div class="tabbed-set tabbed-alternate" data-tabs="{group}:{len(blocks)}">{inputs}'
        f'<div class="tabbed-labels">{labels}</div><div class="tabbed-content">{content}</div></div>'
    )
