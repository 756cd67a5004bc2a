"""One page in the formats that several peers share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bench.pages import Page

Files = Iterator[tuple[str, str]]  # path and text of each file of a tree

PROSE = "This paragraph stands before the cell, as the prose of a guide would: a sentence or two about what comes next."
EXTENSIONS = ("attr_list", "pymdownx.highlight", "pymdownx.superfences")


def fenced(page: Page, opening: str, before: str = "") -> str:
    """Markdown with a fence per cell."""
    return _markdown(page, [f"```{opening}\n{cell}\n```\n" for cell in page.cells], before)


def typed_in(page: Page) -> str:
    """Markdown with the outputs typed in below each cell, as a static guide has them."""
    pairs = zip(page.cells, page.outputs, strict=True)
    return _markdown(
        page, [f"```python\n{cell}\n```\n\n```text title='Output'\n{output}\n```\n" for cell, output in pairs]
    )


def named(page: Page) -> str:
    """Markdown with a galley fence per cell, which names the cell and holds no code."""
    opening = [f'```python exec="on" cell="{page.name}/cell-{k}"\n```\n' for k in range(len(page.cells))]
    return _markdown(page, opening)


def _markdown(page: Page, blocks: list[str], before: str = "") -> str:
    steps = [f"## Step {k + 1}\n\n{PROSE}\n\n{block}" for k, block in enumerate(blocks)]
    return "\n".join([f"{before}# {page.title}\n", *steps])


def snippet_file(page: Page) -> str:
    """The page's code as galley has it: cells between `# %%` lines."""
    return "\n\n".join(f"# %% cell-{k}\n{cell}" for k, cell in enumerate(page.cells)) + "\n"


def notebook(page: Page) -> str:
    """A Jupyter notebook without outputs."""
    cells: list[dict[str, Any]] = [_text("title", f"# {page.title}")]
    for k, cell in enumerate(page.cells):
        cells.append(_text(f"text{k}", f"## Step {k + 1}\n\n{PROSE}"))
        code = {"cell_type": "code", "id": f"code{k}", "metadata": {}, "source": cell}
        cells.append({**code, "outputs": [], "execution_count": None})
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}, indent=1)


def _text(name: str, source: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": source}


def script(page: Page, title: str) -> str:
    """A Python script in the gallery form."""
    steps = [f"# %%\n# Step {k + 1}. {PROSE}\n\n{cell}\n" for k, cell in enumerate(page.cells)]
    return "\n".join([f'"""\n{title}\n\n{PROSE}\n"""\n', *steps])


def mkdocs(extra: str, extensions: str = f"markdown_extensions: [{', '.join(EXTENSIONS)}]\n") -> Files:
    """The files of a MkDocs site with Material, but for its pages."""
    base = "site_name: Bench\nsite_url: http://localhost/\ntheme:\n  name: material\n  font: false\n"
    yield "mkdocs.yml", f"{base}{extensions}{extra}"
    yield "docs/index.md", "# Bench\n"
