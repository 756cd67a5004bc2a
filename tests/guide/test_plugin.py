"""What this guide adds to galley: its list of corrections, and the words on the lines of cells that it is made from."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from galley.config import find_project
from galley.errors import GalleyError
from galley.plugins import plugins_of
from galley.source.cells import Cell, cut
from galley.source.grammar import grammar_of
from galley.source.guide import read_guide
from guide_folder import SETTINGS, GuideFolder

ROOT = Path(__file__).parents[2]
WORDS = grammar_of(find_project(ROOT))


def cell(source: str) -> Cell:
    """The one cell of a text."""
    return cut(source, ROOT / "snippets/a_page.py", Path("snippets/a_page.py"), WORDS).cells[0]


def test_a_claim_can_settle_what_a_draft_said() -> None:
    head = '# %% one [claim] draft="decode skips special tokens" verdict="false"'
    found = cell(f'{head}\n"It keeps them."\nassert kept\n')
    assert (found.options["draft"], found.options["verdict"]) == ("decode skips special tokens", "false")


@pytest.mark.parametrize(
    ("head", "what"),
    [
        ('[claim] draft="it is so"', "a draft and its verdict go together"),
        ('[claim] verdict="false"', "a draft and its verdict go together"),
        ('[claim] draft="it is so" verdict="perhaps"', "verdict 'perhaps' is not a verdict: true, false, changed,"),
        ('draft="it is so" verdict="false"', "only a claim settles what a draft said"),
    ],
)
def test_a_verdict_that_cannot_be_is_told_at_its_line(head: str, what: str) -> None:
    with pytest.raises(GalleyError) as raised:
        cell(f'# %% one {head}\n"It is."\nassert 1\n')
    assert raised.value.what.startswith(what)
    assert str(raised.value.place) == "snippets/a_page.py:1"
    assert raised.value.mend


def test_the_tag_tokens_is_in_the_digest() -> None:
    plain, tagged = (cell(f"# %% one{tag}\nf()\n") for tag in ("", " [tokens]"))
    assert plain.digest != tagged.digest


def test_corrections_have_draft_verdict_and_claim(tmp_path: Path) -> None:
    folder = GuideFolder.make(
        tmp_path, SETTINGS.replace("timeout", 'plugins = ["plugin.corrections:Corrections"]\ntimeout')
    )
    shutil.copytree(ROOT / "snippets/plugin", folder.root / "snippets/plugin")
    head = '[claim] draft="two and two make <five>" verdict="false"'
    folder.snippet(
        "one", f'# %% first {head}\n"`2 + 2` is four."\nassert 2 + 2 == 4\n# %% odd [claim]\n"Odd."\nassert 1\n'
    )
    folder.page("index", '```python exec="on" list="corrections"\n```\n')
    assert not folder.run().failures
    assert folder.mkdocs().returncode == 0
    html = (folder.root / "site/index.html").read_text(encoding="utf-8")
    table = html[html.index('id="list-corrections"') : html.index("</table>")]
    assert "1 statement." in table
    row = '<td>two and two make &lt;five&gt;</td><td>false</td><td><a href="one.html#cell-one-first"><code>2 + 2</code>'
    assert row in table
    assert "Odd" not in table


def test_draft_and_verdict_are_in_no_digest() -> None:
    plain, settled = (
        cell(f'# %% one [claim]{words}\n"It is."\nassert 1\n') for words in ("", ' draft="no" verdict="false"')
    )
    assert plain.digest == settled.digest


def test_plugins_import_nothing_that_pages_need() -> None:
    """The builder and `galley check` load them where there is no torch."""
    asked = (
        "import sys; from pathlib import Path; from galley.config import find_project; "
        "from galley.source.guide import read_guide; read_guide(find_project(Path.cwd())); print(*sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"torch", "transformers", "peft", "numpy", "matplotlib"} & set(said.split())


def test_every_kind_of_verdict_is_explained_on_the_page_and_no_other() -> None:
    text = (ROOT / "docs/corrections.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| ([a-z, ]+) \|", text, re.MULTILINE)[1:]
    wanted = WORDS.options["verdict"].wanted.partition(": ")[2]
    assert ", ".join(explained) == wanted
    settled = {
        each.options["verdict"] for page in read_guide(find_project(ROOT)).snippets.values() for each in page.cells
    }
    assert settled - {""} <= set(wanted.split(", "))


def test_a_record_depends_on_a_plugin_only_where_it_makes_an_output() -> None:
    project = find_project(ROOT)
    files = {file.relative_to(ROOT).as_posix() for file in plugins_of(project).files}
    assert "snippets/plugin/corrections.py" in files
    records = {
        each.parents[1].name: each.read_text("utf-8") for each in (ROOT / "snippets/outputs").rglob("record.json")
    }
    tagged = {
        page.page for page in read_guide(project).snippets.values() if any("tokens" in c.tags for c in page.cells)
    }
    assert tagged
    assert not [page for page, text in records.items() if '"snippets/plugin/corrections.py"' in text]
    assert {page for page, text in records.items() if '"snippets/plugin/tokens.py"' in text} <= tagged
