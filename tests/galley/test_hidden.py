"""Cells of which a page shows a part: code that runs unseen, output without code, code that is not run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builders import BUILDERS, builds, plain, text_of
from galley.errors import GalleyError
from galley.export.address import NOWHERE
from galley.export.runnable import runnables
from galley.record.status import State
from galley.site.page import Page, View
from galley.site.preview import FailedPage
from galley.source.cells import SnippetFile, cut
from guide_folder import GuideFolder, fence

SOURCE = '''\
# %% unseen [remove-cell]
secret = 21
print("unseen output")
# %% answer [remove-input]
"""What it comes to."""
print("the answer:", 2 * secret)
# %% publish [skip-execution]
"""How to publish it."""

# import shop
#
# # the whole answer
# shop.publish(2 * secret, """```""")
# receipt, secret = 1, 0
# %% last
print(secret)
'''
SHOWN = ("answer", "publish", "last")
CODE = 'import shop\n\n# the whole answer\nshop.publish(2 * secret, """```""")\nreceipt, secret = 1, 0'


def cells(source: str) -> SnippetFile:
    """The cells of some source."""
    return cut(source, Path("/guide/snippets/page.py"), Path("snippets/page.py"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with such cells, recorded."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("hidden")))
    folder.write("docs/page.md", "# Page\n\n" + "\n".join(fence("page", name) for name in SHOWN))
    folder.write("docs/index.md", '# Numbers\n\n```python exec="on" list="facts"\n```\n')
    folder.write("snippets/page.py", SOURCE)
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    assert not folder.run().failures
    patched.undo()
    return folder


@pytest.fixture
def guide(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of it that a test may change."""
    return recorded.copied(tmp_path / "guide")


def test_a_removed_cell_runs_and_need_not_be_shown(recorded: GuideFolder) -> None:
    assert recorded.output("page", "unseen.stdout.txt") == "unseen output\n"
    assert recorded.output("page", "last.stdout.txt") == "21\n"
    assert not [each for each in recorded.findings() if each.fatal]


def test_plain_python_does_not_run_what_is_shown_alone(recorded: GuideFolder) -> None:
    ran = subprocess.run(
        [sys.executable, recorded.root / "snippets/page.py"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "unseen output\nthe answer: 42\n21\n"
    assert recorded.record("page").cell("publish").outputs == ()


@pytest.mark.parametrize("builder", BUILDERS)
def test_each_part_is_on_the_page_that_is_to_be_there(builder: str, guide: GuideFolder) -> None:
    html = builds(builder, "page")(guide)
    text = text_of(html)
    parts = re.split(r'id="cell-page-(?:answer|publish|last)"', html)
    assert len(parts) == 4
    _, answer, publish, last = map(text_of, parts)
    assert "unseen" not in text
    assert "What it comes to." in answer
    assert "the answer: 42" in answer
    assert "print(" not in answer
    assert "shop.publish" in publish
    assert "# import" not in publish
    assert "Not run: this code is shown" in publish
    assert "Not run" not in last
    assert "print(secret)" in last


def test_copies_have_what_no_page_shows_and_nothing_that_is_not_run(recorded: GuideFolder) -> None:
    copy_of = runnables(recorded.project, recorded.guide.snippets["page"], recorded.record("page"), NOWHERE)
    last = copy_of("last")
    assert last
    assert last.text == "secret = 21\n\nprint(secret)"
    assert copy_of("publish") is None


def test_the_sites_copies_take_hidden_code_from_no_page(guide: GuideFolder) -> None:
    html = builds("mkdocs", "page")(guide)
    found = re.search(r"data-runnable='([^']*)'", html)
    assert found
    data = json.loads(found[1].replace("&lt;", "<").replace("&#39;", "'").replace("&amp;", "&"))
    assert "secret = 21" in data["texts"]
    assert list(data["cells"]) == ["cell-page-last"]


def test_a_fact_counts_cells_that_ran(guide: GuideFolder) -> None:
    assert re.search(r"2\s*cells", text_of(builds("mkdocs", "index")(guide)))


def test_exports_run_what_ran_and_show_the_rest_as_prose(recorded: GuideFolder, tmp_path: Path) -> None:
    script, notebook = tmp_path / "page.py", tmp_path / "page.ipynb"
    for file in (script, notebook):
        assert recorded.galley("export", "page", "--output", str(file)).returncode == 0
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert ran.stdout == "unseen output\nthe answer: 42\n21\n"
    assert "# import shop\n#\n# # the whole answer\n" in script.read_text()
    made = {each["metadata"].get("name", each["id"]): each for each in json.loads(notebook.read_text())["cells"]}
    assert made["unseen"]["metadata"]["tags"] == ["remove-cell"]
    assert made["answer"]["metadata"]["tags"] == ["remove-input"]
    assert "publish" not in made
    prose = ["".join(each["source"]) for each in made.values() if each["cell_type"] == "markdown"]
    note = "*Not run: this code is shown, and is no part of the record.*"
    assert f"How to publish it.\n\n{note}\n\n````python\n{CODE}\n````" in prose


def test_the_page_as_markdown_has_the_same_parts(guide: GuideFolder) -> None:
    settings = (guide.root / "pyproject.toml").read_text().replace("timeout", "markdown = true\ntimeout")
    guide.write("pyproject.toml", settings)
    assert guide.mkdocs().returncode == 0
    text = (guide.root / "site/page.md").read_text()
    assert "the answer: 42" in text
    assert 'print("the answer' not in text
    assert f"````python\n{CODE}\n````\n\n*Not run" in text


def test_a_fence_for_a_removed_cell_is_wrong(guide: GuideFolder) -> None:
    guide.write("docs/page.md", "# Page\n\n" + "\n".join(fence("page", name) for name in (*SHOWN, "unseen")))
    (found,) = (each for each in guide.findings() if each.fatal)
    assert (found.kind, str(found.place)) == ("unknown", "docs/page.md:12")
    assert "page/unseen is tagged [remove-cell]" in found.what
    assert f"{found.place}" in guide.mkdocs().stdout


def test_the_preview_shows_why_a_cell_failed_that_no_page_shows(
    guide: GuideFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = [FailedPage("page", "laptop", cell, f"why {cell}", "") for cell in ("unseen", "last")]
    monkeypatch.setattr("galley.site.page.read_failures", lambda _: failed)
    page = Page(guide.project, Path("docs/page.md"), preview=guide.root / "preview")
    page.scan((guide.root / "docs/page.md").read_text().split("\n"))
    for each in page.fences:
        page.views(each)
    assert page.failures == ["why unseen\n"]


def test_no_record_gives_an_output_to_a_cell_that_is_not_run(guide: GuideFolder) -> None:
    record, snippets = guide.record("page"), guide.guide.snippets["page"]
    forged = [replace(each, name="publish") for each in record.cells if each.name == "last"]
    cell, profile = snippets.cell("publish"), guide.project.profile("laptop")
    assert cell
    view = View(profile, cell, replace(record, cells=tuple(forged)))
    assert (view.recorded, view.shown) == (None, ())
    assert View(profile, snippets.cells[-1], record).shown


WRONG = {
    "code that runs": ("# %% one [skip-execution]\n# a = 1\nb = 2\n", 3, "has code that runs"),
    "nothing to show": ("# %% one [skip-execution]\n", 1, "no code to show"),
    "code that does not parse": (
        "# %% one [skip-execution]\n# a = 1\n# b = (\n",
        3,
        "syntax error in code that is shown",
    ),
    "an option": ('# %% one [skip-execution] timeout="3"\n# a\n', 1, "has the option 'timeout'"),
    "a claim that is not run": ('# %% one [skip-execution claim]\n"It is."\n# assert a\n', 1, "[skip-execution] shows"),
    "parameters that are not run": ("# %% parameters [skip-execution]\n# a = 1\n", 1, "[skip-execution] shows code"),
    "removed twice": ("# %% one [remove-cell remove-input]\na = 1\n", 1, "[remove-cell] keeps the cell"),
    "a removed claim": ('# %% one [claim remove-cell]\n"It is."\nassert a\n', 1, "[remove-cell] keeps the cell"),
    "a claim without code": ('# %% one [claim remove-input]\n"It is."\nassert a\n', 1, "[remove-input] keeps the code"),
}


@pytest.mark.parametrize(("source", "line", "what"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_told_with_its_line(source: str, line: int, what: str) -> None:
    with pytest.raises(GalleyError) as raised:
        cells(source)
    assert raised.value.place
    assert (raised.value.place.line, what in str(raised.value.what)) == (line, True), raised.value


def test_what_is_not_run_makes_no_record_stale(guide: GuideFolder) -> None:
    guide.write("snippets/page.py", SOURCE.replace("# receipt,", "# more, receipt,"))
    assert guide.status("page").state is State.FRESH
    guide.write("snippets/page.py", SOURCE.replace("secret = 21", "secret = 22"))
    assert guide.status("page").state is State.STALE


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ("print(receipt)", ["snippets/page.py:16"]),
        ("def f():\n    return receipt", ["snippets/page.py:16"]),
        ("receipt = 2\nprint(receipt)", []),
        ("print(shop)", ["snippets/page.py:16"]),
        ("print(secret)", []),
    ],
)
def test_no_cell_may_use_what_only_code_binds_that_is_not_run(guide: GuideFolder, last: str, found: list[str]) -> None:
    guide.write("snippets/page.py", SOURCE.replace("print(secret)", last))
    unbound = [each for each in guide.findings() if each.kind == "unbound"]
    assert [str(each.place) for each in unbound] == found
    assert all("a cell that is not run" in each.what for each in unbound)


@pytest.mark.parametrize(
    ("cell", "options", "what"),
    [
        ("answer", 'source="above"', "keeps the code from the page, and `source` is about the code"),
        ("publish", 'result="text"', "the cell is not run, and `result` is about what a cell printed"),
    ],
)
def test_a_fence_cannot_lay_out_what_the_page_does_not_show(
    guide: GuideFolder, cell: str, options: str, what: str
) -> None:
    text = (guide.root / "docs/page.md").read_text()
    guide.write("docs/page.md", text.replace(f'cell="page/{cell}"', f'cell="page/{cell}" {options}'))
    built = guide.mkdocs()
    assert built.returncode
    assert what in " ".join(built.stdout.split())
