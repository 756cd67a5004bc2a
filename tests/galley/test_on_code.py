"""Options of a fence that are about the code, and code annotations, in galley's own layout."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from builders import BUILDERS, builds, plain, text_of
from guide_folder import GuideFolder, fence

SOURCE = '''\
# %% marked
"""What is marked."""
a = 1  # (1)!
b = [
    2,  # (2)
]
print(a)
# %% claimed [claim]
"It holds."
assert a == 1  # (1)!
# %% folded [folded]
print(a)  # (1)!
# %% unmarked
text = "# (1)!"
print(a)  # one (of many)
# %% traced [trace]
c = 1
# %% traced-mark [trace]
d = 1  # (1)
'''
NOTES = "1. One *note*.\n2. Another.\n"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose code has marks, recorded."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("marked")))
    folder.write("snippets/one.py", SOURCE)
    folder.write("docs/one.md", "# One\n")
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    ended = folder.run()
    assert not ended.failures, ended.failures
    patched.undo()
    return folder


@pytest.fixture
def guide(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of it that a test may change."""
    return recorded.copied(tmp_path / "guide")


def page(guide: GuideFolder, *parts: str, builder: str = "mkdocs") -> str:
    """The article of a page with these parts; what galley notes for itself is gone from it."""
    guide.write("docs/one.md", "# One\n\n" + "\n".join(parts))
    html = builds(builder, "one")(guide)
    assert "<!--" not in html
    return html


def fenced(cell: str, options: str) -> str:
    """A fence with options."""
    return f'```python exec="on" cell="one/{cell}" {options}\n```\n'


@pytest.mark.parametrize("builder", BUILDERS)
def test_the_options_that_are_about_the_code_need_no_other(builder: str, guide: GuideFolder) -> None:
    html = page(guide, fenced("marked", 'title="a <file>.py" hl_lines="1 3-4" linenums="7"'), builder=builder)
    assert '<span class="filename">a &lt;file&gt;.py</span>' in html
    marked = [text_of(line).strip() for line in re.findall(r'class="hll">([^\n]*)', html)]
    assert marked == ["a = 1 # (1)!", "2, # (2)", "]"]
    assert re.findall(r'class="normal">\s*(\d+)<', html) == ["7", "8", "9", "10", "11"]
    assert "galley-output" in html
    assert "What is marked." in html


def test_a_cell_with_such_options_can_be_copied(guide: GuideFolder) -> None:
    html = page(guide, fenced("marked", 'linenums="7"'))
    found = re.search(r"data-runnable='([^']*)'", html)
    assert found
    assert json.loads(found[1])["cells"] == {"cell-one-marked": [["cell-one-marked", 1, 5]]}


WRONG = {
    'hl_lines="6"': "hl_lines names line 6, and the code has the lines 1 to 5",
    'hl_lines="0"': "hl_lines names line 0",
    'hl_lines="2-7"': "hl_lines names line 7",
    'hl_lines="two"': 'hl_lines="two" names no lines',
    'linenums="no"': 'linenums="no" is no number of a line',
}


@pytest.mark.parametrize("options", WRONG)
def test_a_line_that_the_code_does_not_have_stops_the_build(guide: GuideFolder, options: str) -> None:
    guide.write("docs/one.md", "# One\n\n" + fenced("marked", options))
    built = guide.mkdocs()
    assert built.returncode
    assert "docs/one.md:3: one/marked: " in built.stdout
    assert WRONG[options] in " ".join(built.stdout.split())


BEHIND = re.compile(r'<div class="[^"]*\bannotate\b[^"]*">(?:(?!</div>).)*</div>\s*<ol>', re.DOTALL)


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("cell", ["marked", "claimed", "folded"])
def test_the_list_below_stands_behind_the_code(cell: str, builder: str, guide: GuideFolder) -> None:
    html = page(guide, fence("one", cell), NOTES, "The end.\n", builder=builder)
    assert len(BEHIND.findall(html)) == 1
    assert html.count("One <em>note</em>.") == 1
    text = text_of(html)
    assert text.index("One note.") < text.index("The end.")
    assert html.count("<div") == html.count("</div>")
    if cell == "marked":
        assert html.index("<ol>") < html.index("galley-output")


def test_a_list_is_moved_in_any_part_of_a_page_and_for_each_fence(guide: GuideFolder) -> None:
    inner = "".join(f"    {line}\n" for line in (fence("one", "marked") + "\n" + NOTES).split("\n"))
    html = page(guide, f"!!! note\n\n{inner}\n", fence("one", "marked"), NOTES)
    assert len(BEHIND.findall(html)) == 2
    assert html.count("<ol>") == 2


@pytest.mark.parametrize(
    ("cell", "below"),
    [("marked", "A sentence.\n\n" + NOTES), ("marked", "- a list of others\n"), ("unmarked", NOTES), ("marked", "")],
)
def test_any_other_list_stays(guide: GuideFolder, cell: str, below: str) -> None:
    html = page(guide, fence("one", cell), below)
    assert not BEHIND.search(html)
    assert all(html.find(tag) == -1 or html.index("galley-output") < html.index(tag) for tag in ("<ol>", "<ul>"))
    assert ("annotate" in html) == (cell == "marked")
    assert "galley-output" in html


@pytest.mark.parametrize("text", [fenced("traced", 'linenums="1"'), fence("one", "traced-mark")])
def test_a_traced_cell_takes_none_of_it(guide: GuideFolder, text: str) -> None:
    guide.write("docs/one.md", "# One\n\n" + text)
    assert "the numbers of a trace lie on plain code" in guide.mkdocs().stdout
