"""Blocks that look like an output and are none: what a page's reader would take for something that ran."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import BUILDERS, builds, plain, text_of
from galley.site.typed import typed_by_hand
from galley.source.typed import MARK, typed
from guide_folder import GuideFolder, fence

PAGE = Path("docs/page.md")
CELL = fence("page", "one")
HIGHLIGHTED = {"python", "toml", "bash", "pycon", "console", "json", "http"}


def told(text: str) -> list[str]:
    """The line of each block that is told, and what makes it look like an output."""
    found = typed(text.split("\n"), PAGE, HIGHLIGHTED.__contains__)
    return [f"{error.place.line if error.place else 0}: {error.what.removesuffix(REST)}" for error in found]


REST = " looks like an output, and no cell printed it"
LOOKS = {
    "```text\n42\n```": "1: a block of text",
    "```\n42\n```": "1: a block without a language",
    "~~~\n42\n~~~": "1: a block without a language",
    "```Text\n42\n```": "1: a block of text",
    "``` {.text .wide}\n42\n```": "1: a block of text",
    '```{.output title="a"}\n42\n```': "1: a block of output",
    '``` title="a"\n42\n```': "1: a block without a language",
    "```stdout\n42\n```": "1: a block of stdout",
    "```pytb\n42\n```": "1: a block of pytb",
    "```nothing-known\n42\n```": "1: a block of nothing-known, which no highlighter knows,",
    "```console\n$ pip list\ntorch 2.13\n```": "1: a session with the answer 'torch 2.13'",
    "```bash\n$ pip list\ntorch 2.13\n```": "1: a session with the answer 'torch 2.13'",
    "```pwsh-session\nPS C:\\> dir\nnothing\n```": "1: a session with the answer 'nothing'",
    "```pycon\n>>> 6 * 7\n42\n```": "1: a session with the answer '42'",
    "```python\n>>> 6 * 7\n42\n```": "1: a session with the answer '42'",
    "```python\nIn [1]: 6 * 7\nOut[1]: 42\n```": "1: a session with the answer 'Out[1]: 42'",
    "```python\nTraceback (most recent call last):\n```": (
        "1: a session with the answer 'Traceback (most recent call last):'"
    ),
    '```python title="Output"\n42\n```': "1: a block with the title 'Output'",
    f"{CELL}\n\n```json\n[42]\n```": "5: a block directly below a cell",
    f"{CELL}```toml\na = 1\n```": "3: a block directly below a cell",
    "text\n\n    42\n\n    43\n\ntext": "3: a block without a language",
    f"{CELL}    42\n": "3: a block without a language",
    "\t42": "1: a block without a language",
    "- item\n\n        42": "3: a block without a language",
    "* * *\n\n    42": "3: a block without a language",
    "- item\n\ntext\n\n    42": "5: a block without a language",
    "- item\n\n    ```text\n    42\n    ```": "3: a block of text",
    "1. item\n   ```text\n   42\n   ```": "2: a block of text",
    "> ```text\n> 42\n> ```": "1: a block of text",
    "- item\n\n```python\nx\n```\n\n    42": "7: a block without a language",
    "> words\n>\n>     42": "3: a block without a language",
    "> words\n>\n>     >>> 6 * 7\n>     42": "3: a block without a language",
    "> ```pycon\n> >>> 6 * 7\n> 42\n> ```": "1: a session with the answer '42'",
    "> - item\n\n    42": "3: a block without a language",
    "!!! note\n\n    ```\n    42\n    ```": "3: a block without a language",
    "!!! note\n\n        42": "3: a block without a language",
    "    :::nothing\n    42": "1: a block of nothing, which no highlighter knows,",
    "<pre>42</pre>": "1: what stands in <pre>",
    "It prints <samp>42</samp>.": "1: what stands in <samp>",
    'A `<pre>` and <PRE class="x">42': "1: what stands in <pre>",
    '<pre class="mermaid">a</pre><pre>42</pre>': "1: what stands in <pre>",
    "---\ntitle: x\n---\n```text\n42\n```": "4: a block of text",
    "<!-- a comment -->\n```text\n42\n```": "2: a block of text",
}
SOURCES = [
    "```python\nprint(42)\n```",
    "```toml\na = 1\n```",
    "```{.python .annotate}\nprint(42)\n```",
    "```console\n$ pip install \\\n    galley-docs\n\n# as root\n(venv) $ galley run\nme@host:~$ ls\n```",
    "```bash\npip list\n```",
    "```pycon\n>>> if x:\n...     print(42)\n```",
    "```mermaid\ngraph LR\n```",
    "````markdown\n```text\n42\n```\n````",
    "```http\nGET / HTTP/1.1\n```",
    f"{CELL}\nThe file:\n\n```json\n[42]\n```",
    '```python title="main.py"\nprint(42)\n```',
    f'```text title="{MARK}: what pip said in 2019"\n42\n```',
    f'```text title="{MARK}: what somebody\'s pip said"\n42\n```',
    f"```text title='{MARK}: what \"pip\" said'\n42\n```",
    f'```{{.text title="{MARK}"}}\n42\n```',
    f'{CELL}\n```json title="{MARK}: the same, shorter"\n[42]\n```',
    "- item\n\n    more of the item\n\n    - inner\n\n        more of it\n",
    "1. item\n\n    more of the item\n    on two lines\n",
    "10. item\n\n    - inner\n    - inner\n\n    more of the item",
    "!!! note\n    words\n\n    words",
    '??? note "more"\n\n    words\n\n    !!! tip\n\n        words',
    '=== "Linux"\n\n    words',
    "[^note]: words\n\n    more of the footnote",
    "term\n\n:   words\n\n    more of the definition",
    "words\n    go on here, as no block of code",
    "> - item\n>\n>     more of the item",
    "    :::python\n    print(42)",
    "    #!/usr/bin/bash\n    ls",
    "words in a sentence: `42`, ``<pre>``, \\<pre>, <code>42</code>, `<pre>`",
    "<div>\n\n    <b>words</b>\n\n</div>",
    '<pre class="mermaid">graph LR</pre>',
    "<!--\n```text\n42\n```\n\n    42\n<pre>\n-->",
    CELL,
]


@pytest.mark.parametrize(("text", "what"), LOOKS.items())
def test_a_block_that_looks_like_an_output_is_told_at_its_line(text: str, what: str) -> None:
    assert told(text) == [what]


@pytest.mark.parametrize("text", SOURCES)
def test_a_source_is_none(text: str) -> None:
    assert told(text) == []


def test_each_block_is_told_once_and_one_hides_no_other() -> None:
    text = f"    1\n    2\n\n      3\n\n\n    4\n\n{CELL}\n```text\n5\n```\n- item\n\n    words\n\nwords\n\n    6\n"
    assert [each.split(":")[0] for each in told(text)] == ["1", "12", "21"]


@pytest.fixture
def page(folder: GuideFolder) -> GuideFolder:
    """A guide of one page and one cell, with a block of text below its prose."""
    folder.snippet("page", "# %% one\nprint(42)\n")
    folder.page("page", f"{CELL}\nwords\n\n```text\n42\n```\n")
    assert not folder.run().failures
    return folder


def test_check_fails_and_names_the_line_and_both_ways_out(page: GuideFolder) -> None:
    done = page.galley("check")
    assert (
        "docs/page.md:8: typed by hand: a block of text looks like an output, and no cell printed it\n"
        '    show the cell that prints it, or write above it: ```text title="Typed by hand: why"\n'
        "1 problem\n" in done.stdout
    )
    assert done.returncode == 1


@pytest.mark.parametrize("builder", BUILDERS)
def test_what_check_asks_for_mends_it_and_stands_on_the_page(page: GuideFolder, builder: str) -> None:
    file = page.root / "docs/page.md"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("```text", '```text title="Typed by hand: the half of it"'), encoding="utf-8")
    assert page.galley("check").returncode == 0
    assert "Typed by hand: the half of it" in text_of(builds(builder, "page")(plain(page)))


@pytest.mark.parametrize(("language", "known"), [("rust", True), ("d2", False), ("vega", True), ("kroki-d2", True)])
def test_what_pygments_or_the_builder_knows_is_a_source(folder: GuideFolder, language: str, known: bool) -> None:
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", f"{settings}extra: {{vega: 1}}\n# and the plug-in kroki\n")
    folder.page("page", f"```{language}\nx\n```\n")
    assert (typed_by_hand(folder.guide) == []) == known


def test_a_page_without_any_cell_is_read_too(folder: GuideFolder) -> None:
    folder.write("docs/below/a.md", "```text\n42\n```\n")
    assert [str(each.place) for each in typed_by_hand(folder.guide)] == ["docs/below/a.md:1"]
