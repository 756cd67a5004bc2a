"""The guide in galley's page about extending it works as the page says: its files and commands are taken from there."""

from __future__ import annotations

import html
import json
import re
import shlex
import sys
from hashlib import sha256
from pathlib import Path

import pytest

import galley
from guide_folder import GuideFolder, command

DOCUMENTS = Path(__file__).parents[2] / "scripts" / "galley" / "docs"
PAGE = (DOCUMENTS / "extending.md").read_text(encoding="utf-8")
FILES = {path: text for path, _, text in re.findall(r"^`([\w./]+)`:\n\n(`{3,})\w+\n(.*?\n)\2\n", PAGE, re.M | re.S)}
SESSIONS = re.findall(r"^```console title=.*?\n(.*?)```\n", PAGE, re.MULTILINE | re.DOTALL)
TABLE = (
    "<table><thead><tr><th>number</th><th>square</th></tr></thead>"
    "<tbody><tr><td>2</td><td>4</td></tr><tr><td>3</td><td>9</td></tr></tbody></table>"
)


@pytest.fixture
def guide(folder: GuideFolder) -> GuideFolder:
    """The guide of the page."""
    for path, text in FILES.items():
        folder.write(path, text)
    return folder


def built(guide: GuideFolder) -> str:
    """The HTML of the guide's page."""
    done = guide.mkdocs()
    assert done.returncode == 0, done.stdout
    return (guide.root / "site/index.html").read_text(encoding="utf-8")


def test_each_session_prints_what_the_page_says(guide: GuideFolder) -> None:
    sessions = [pair for each in SESSIONS for pair in re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", each, re.MULTILINE)]
    assert [line for line, _ in sessions] == [
        "galley run", "galley check", "mkdocs build --quiet --strict", "python run_logged.py",
    ]  # fmt: skip
    programs = {"galley": [command("galley")], "mkdocs": [sys.executable, "-m", "mkdocs"], "python": [sys.executable]}
    for line, expected in sessions:
        program, *arguments = shlex.split(line)
        done = guide.call([*programs[program], *arguments])
        said = re.sub(r"^sandbox: .*", "sandbox: files, network, processes", done.stdout, flags=re.MULTILINE)
        assert re.sub(r"\d+\.\d s\b", "0.0 s", said) == expected, line
        assert done.returncode == 0, line
    assert re.fullmatch(r"index: \d\.\d s\n", (guide.root / "pages.log").read_text(encoding="utf-8"))


def test_the_hook_the_kind_and_the_list_are_on_the_page(guide: GuideFolder) -> None:
    assert guide.run().failures == {}
    assert guide.output("index", "letters.value.txt") == "{'a', 'b', 'n'}"
    assert guide.output("index", "squares.rows.txt") == "number\tsquare\n2\t4\n3\t9\n"
    assert guide.output("index", "squares.rows.html") == f"{TABLE}\n"
    page = built(guide)
    assert f'<div class="guide-rows">{TABLE}' in page
    assert ".guide-rows td{text-align: right}" in page
    assert html.escape("{'a', 'b', 'n'}") in page
    assert "1 exercise." in page
    assert re.search(r'<td>What is the square of 4\?</td><td><a href="[^"]*#cell-index-squares">', page)


def test_a_notebook_has_both_forms(guide: GuideFolder) -> None:
    assert guide.run().failures == {}
    notebook = json.loads(guide.galley("export", "index", "--format", "ipynb", "--output", "-").stdout)
    cell = next(cell for cell in notebook["cells"] if cell["id"] == "cell-squares")
    assert cell["outputs"] == [
        {
            "output_type": "execute_result",
            "data": {"text/plain": "number\tsquare\n2\t4\n3\t9\n", "text/html": f"{TABLE}\n"},
            "metadata": {},
            "execution_count": cell["execution_count"],
        }
    ]


def test_a_record_that_somebody_else_wrote_can_run_nothing(guide: GuideFolder) -> None:
    assert guide.run().failures == {}
    record, file = (guide.project.outputs / "index/laptop" / name for name in ("record.json", "squares.rows.html"))
    before = file.read_bytes()
    file.write_text('<table><tr><td onclick="harm()">2<script>harm()</script></td></tr></table>', encoding="utf-8")
    old, new = (sha256(data).hexdigest() for data in (before, file.read_bytes()))
    record.write_text(record.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    page = built(guide)
    assert '<div class="guide-rows"><table><tbody><tr><td>2</td></tr></tbody></table></div>' in page
    assert "harm" not in page


def test_a_value_that_is_no_table_fails_the_page_at_its_cell(guide: GuideFolder) -> None:
    guide.write("snippets/index.py", "# %% letters\n1\n# %% squares [rows]\n2\n")
    (said,) = guide.run().failures.values()
    assert "snippets/index.py:4: page index (laptop) in cell squares" in said
    assert "TypeError: a cell tagged rows ends in a list of mappings" in said


def test_a_table_that_is_too_long_is_left_to_the_text_of_the_value(guide: GuideFolder) -> None:
    settings = FILES["pyproject.toml"].replace("[tool.galley]\n", "[tool.galley]\noutput_limit = 100\n")
    guide.write("pyproject.toml", settings)
    assert guide.run().failures == {}
    cell = guide.record("index").cell("squares")
    assert cell is not None
    (output,) = cell.outputs
    assert [each.file for each in output.files] == ["squares.value.txt"]


def test_the_code_of_a_kind_with_a_tag_counts(guide: GuideFolder) -> None:
    assert guide.run().failures == {}
    guide.write("snippets/rows.py", FILES["snippets/rows.py"].replace("\\t", ";"))
    assert guide.status("index").state == "stale"
    guide.write("snippets/rows.py", FILES["snippets/rows.py"])
    guide.write("snippets/exercises.py", FILES["snippets/exercises.py"].replace("Question", "Asked"))
    assert guide.status("index").state == "fresh"


def test_a_kind_without_a_tag_is_asked_before_galleys_own_and_its_code_counts(guide: GuideFolder) -> None:
    untagged = FILES["snippets/rows.py"].replace("name = tag =", "name =")
    guide.write("snippets/rows.py", re.sub(r"raise TypeError\(.*\)", "return None", untagged))
    guide.write("snippets/index.py", FILES["snippets/index.py"].replace(" [rows]", ""))
    assert guide.run().failures == {}
    assert guide.output("index", "squares.rows.html") == f"{TABLE}\n"
    assert guide.output("index", "letters.value.txt") == "{'a', 'b', 'n'}"
    guide.write("snippets/rows.py", (guide.root / "snippets/rows.py").read_text().replace("\\t", ";"))
    assert guide.status("index").state == "stale"


def test_the_kind_compares_in_its_own_way(guide: GuideFolder) -> None:
    assert guide.run().failures == {}
    guide.write("snippets/index.py", FILES["snippets/index.py"].replace("(2, 3)", "(2, 4)"))
    assert "squares.rows.txt has 1 other rows" in guide.run().said


def test_what_can_be_imported_is_named() -> None:
    (said,) = re.findall(r"^(`Asked`.*?) can be imported\s+from `galley`", PAGE, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`(\w+)`", said)) == set(galley.__all__) - {"__version__"}


def test_each_document_is_named_in_the_readme() -> None:
    readme = (DOCUMENTS.parent / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in DOCUMENTS.glob("*.md")} <= set(re.findall(r"`docs/([\w-]+\.md)`", readme))


@pytest.mark.parametrize("document", sorted(DOCUMENTS.glob("*.md")), ids=lambda path: path.name)
def test_links_between_the_documents_lead_to_headings(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8"))
    assert links or document.name == "reference.md"
    for name, heading in links:
        target = DOCUMENTS / name if name else document
        assert target.exists(), f"{document.name} links to {name}"
        if target.is_dir():
            continue
        headings = re.findall(r"^#+ (.+)$", target.read_text(encoding="utf-8"), re.MULTILINE)
        slugs = {re.sub(r"[^\w -]", "", each.lower()).replace(" ", "-") for each in headings}
        assert not heading or heading in slugs, f"{document.name} links to {name}#{heading}"
