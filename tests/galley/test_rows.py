"""Tables: rows become a text that a diff shows, and a page makes its HTML from that text alone."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path

import pytest

from builders import BUILDERS, builds, plain
from galley.errors import AskedWronglyError
from galley.kinds import Kinds
from galley.kinds.kind import Asked, At
from galley.kinds.rows import COLUMNS, ROWS, Rows, read, rows_of, written
from galley.record.model import Form, Shown
from galley.source.cells import Cell, cut
from guide_folder import GuideFolder

LINE = '# %% scores [table] best="score, memory:low"'
SCORES = f'''{LINE}
"""How three methods did."""
[
    {{"method": "LoRA", "score": "80.5%", "memory": "769 MiB", "merges": True}},
    {{"method": "DoRA", "score": "80.5%", "memory": "863 MiB", "merges": None}},
    {{"method": "full", "score": "7.2%", "memory": "1,740 MiB", "seeds": 3}},
]
'''
TEXT = (
    "method\tscore\tmemory\tmerges\tseeds\n"
    "LoRA\t80.5%\t769 MiB\tTrue\t\nDoRA\t80.5%\t863 MiB\t\t\nfull\t7.2%\t1,740 MiB\t\t3\n"
)
HOSTILE = '</td></table><script>alert("1")</script><b onclick=x>\x1b[31m\x00'
TABLE = Kinds()["table"]


def cell(line: str = "# %% one [table]") -> Cell:
    """A cell with this line."""
    return cut(f"{line}\n1\n", Path("page.py"), Path("page.py")).cells[0]


def recorded(value: object, limit: int = 10_000) -> Form:
    """What a page records of a value."""
    forms = TABLE.of_value(value, Asked(limit))
    assert forms is not None
    return forms[0]


def html(text: str, line: str = "# %% one [table]") -> str:
    """The table that a page shows for a recorded text."""
    return TABLE.html(Shown("table", (Form("text/plain", "txt", text.encode()),)), At(cell(line), "x"))


def compared(value: object) -> str:
    """What of a table is compared."""
    return TABLE.compared(recorded(value))


@pytest.fixture
def guide(folder: GuideFolder) -> GuideFolder:
    """A guide with one table."""
    folder.snippet("page", SCORES)
    assert folder.run().failures == {}
    return folder


def test_a_table_is_recorded_as_plain_text(guide: GuideFolder) -> None:
    assert guide.output("page", "scores.table.txt") == TEXT
    assert guide.findings() == []


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_shows_a_table(guide: GuideFolder, builder: str) -> None:
    pytest.importorskip(builder)
    page = builds(builder, "page")(plain(guide))
    assert '<th scope="col" class="galley-number">score</th>' in page
    assert '<th scope="row">LoRA</th><td class="galley-number" data-column="score"><strong>80.5%</strong></td>' in page
    assert page.count("<strong>80.5%</strong>") == 2, "both are the best"
    assert "<strong>769 MiB</strong>" in page
    assert page.count("<strong>") == 3
    assert "<caption>bold: the best of its column</caption>" in page
    assert 'role="region" aria-label="How three methods did." tabindex="0"' in page


def test_one_changed_value_changes_one_line_of_the_record(guide: GuideFolder) -> None:
    guide.write("snippets/page.py", SCORES.replace("7.2%", "1,007.25%"))
    assert guide.run().failures == {}
    now = guide.output("page", "scores.table.txt")
    assert [was for was, line in zip(TEXT.splitlines(), now.splitlines(), strict=True) if was != line] == [
        "full\t7.2%\t1,740 MiB\t\t3"
    ]


def test_a_list_without_the_tag_stays_a_text(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one\n[{"a": 1}]\n')
    assert folder.run().failures == {}
    assert folder.output("page", "one.value.txt") == "[{'a': 1}]"


def test_a_notebook_has_the_text_and_the_html(guide: GuideFolder) -> None:
    pytest.importorskip("nbformat")
    notebook = json.loads(guide.galley("export", "page", "--format", "ipynb", "--output", "-").stdout)
    (output,) = next(cell for cell in notebook["cells"] if cell["id"] == "cell-scores")["outputs"]
    assert "".join(output["data"]["text/plain"]) == TEXT
    assert "".join(output["data"]["text/html"]).startswith('<table class="galley-rows"><thead><tr><th scope="col">')


def test_hostile_texts_are_shown_as_texts(folder: GuideFolder) -> None:
    folder.snippet("page", f"# %% one [table]\n[{{{HOSTILE!r}: {HOSTILE!r}, 'n': 1}}]\n")
    assert folder.run().failures == {}
    page = builds("mkdocs", "page")(plain(folder))
    table = page[page.index('<table class="galley-rows">') : page.index("</table>")]
    assert "<script" not in table
    assert "onclick=x&gt;" in table
    assert set(re.findall(r"</?(\w+)", table)) == {"table", "thead", "tbody", "tr", "th", "td"}
    assert 'data-column="n"' in table


@pytest.mark.parametrize(
    "text",
    [
        "a\tb",
        "a\nb",
        "a\r\nb",
        "\\",
        "\\t",
        "\\\\n",
        "\tlast",
        "",
        " ",
        "日本語",
        "e\u0301",
        "\u202egnp",
        "a\u2028b\x0b\x85",
    ],
)
def test_any_text_comes_back_from_its_line(text: str) -> None:
    table = Rows((text, "n"), ((text, "1"), ("", text)))
    assert read("".join(written(table))) == table
    assert all(line.count("\n") == 1 for line in written(table))


def test_half_a_character_is_written_with_a_backslash() -> None:
    assert recorded([{"a": "\ud800"}]).text == "a\n\\ud800\n"
    assert "\\ud800" in html("a\n\\ud800\n")


class Loud(str):
    """A text that says something else of itself."""

    def __str__(self) -> str:
        return "loud"


class Third(int):
    """A number with a text of its own."""

    def __repr__(self) -> str:
        return "<third>"


def test_a_cell_is_what_python_writes() -> None:
    rows = [
        {"a": True, "b": None, "c": 0.1 + 0.2, "d": float("nan"), "e": Third(3)},
        {"f": Loud("x"), "a": 10**30, "c": float("-inf")},
    ]
    table = rows_of(rows)
    assert table.names == ("a", "b", "c", "d", "e", "f")
    assert table.rows[0] == ("True", "", "0.30000000000000004", "nan", "3", "")
    assert table.rows[1] == (str(10**30), "", "-inf", "", "", "x")
    assert rows_of(tuple(rows)) == table


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, "ends in a list of dicts that is not empty, or in a DataFrame, and this one in None"),
        ([], "and this one in a list"),
        ([1], "and this one in a list"),
        ([{"a": 1}, [1]], "and this one in a list"),
        ({"a": 1}, "and this one in a dict"),
        ([{}], "from 1 to 100 columns, and this one 0"),
        ([{str(number): 1 for number in range(COLUMNS + 1)}], "and this one 101: choose some"),
        ([{"a": 1}, {1: 1}], "the name of a column is a text, and this one is an int: 1"),
        ([{"a": 1}, {"a": [1]}], "row 2 has a list under 'a', and a table has texts, numbers, bools and None"),
    ],
)
def test_what_is_no_table_is_told(value: object, said: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(said)):
        recorded(value)


def test_a_page_whose_cell_is_no_table_fails_there(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one [table]\nx = [1]\nx\n")
    assert "a cell tagged table ends in a list of dicts" in str(folder.run().failures)


def test_a_long_table_is_cut_after_a_whole_row() -> None:
    form = recorded([{"name": f"row {number}"} for number in range(100)], limit=60)
    assert form.text == "name\n" + "".join(f"row {number}\n" for number in range(9))
    assert form.cut == sum(len(f"row {number}\n") for number in range(9, 100))
    assert f"{form.cut:,} more bytes were recorded" in TABLE.html(Shown("table", (form,)), At(cell(), "x"))
    with pytest.raises(ValueError, match="output_limit"):
        recorded([{"name" * 20: 1}], limit=60)


def test_a_table_has_no_more_rows_than_it_may() -> None:
    form = recorded([{"n": 1}] * (ROWS + 7))
    assert (form.text.count("\n"), form.cut) == (1 + ROWS, 14)


@pytest.mark.parametrize(
    "text",
    ["", "a", "a\tb\n1\n", "a\n1\t2\n", "a\n1", "a\n" + "1\n" * (ROWS + 1), "\t" * COLUMNS + "\n"],
)
def test_a_forged_text_is_no_table(text: str) -> None:
    shown = Shown("table", (Form("text/plain", "txt", text.encode()),))
    assert TABLE.fault(shown, At(cell(), "x"))
    assert TABLE.compared(shown.forms[0]) == text
    notebook = TABLE.notebook(shown, 1)
    assert notebook is not None
    assert notebook["data"] == {"text/plain": text.splitlines(keepends=True)}


def test_a_forged_record_cannot_bring_html(guide: GuideFolder) -> None:
    assert "&lt;script&gt;" in html("<script>\n<script>\n")
    assert "<script" not in html("<script>\n<script>\n")
    shown = Shown("table", (Form("text/html", "html", b"<script>1</script>\n"),))
    assert "<script" not in TABLE.html(shown, At(cell(), "x"))


def test_a_page_with_a_forged_table_is_not_built(guide: GuideFolder) -> None:
    file = guide.project.outputs / "page/laptop/scores.table.txt"
    record = file.with_name("record.json")
    forged = "a\tb\n<script>\n"
    record.write_text(
        record.read_text(encoding="utf-8").replace(
            sha256(TEXT.encode()).hexdigest(), sha256(forged.encode()).hexdigest()
        ),
        encoding="utf-8",
    )
    file.write_text(forged, encoding="utf-8")
    (found,) = guide.findings()
    assert "has an output of the kind 'table' that is none: line 2 has 1 cells, and the first has 2" in found.what
    assert guide.mkdocs().returncode != 0


def test_a_long_name_cannot_blow_up_a_page() -> None:
    assert len(html("n" * 9_000 + "\n" + "1\n" * ROWS)) < 200 * ROWS


@pytest.mark.parametrize(
    ("column", "right"),
    [
        (["1", "-2.5", "1e-05", "1,000"], True),
        (["80.5%", "9 %", ""], True),
        (["740 MiB", "1,740 MiB"], True),
        (["74.0%–80.9%"], True),
        (["nan", "inf", "1"], True),
        (["1", "nano"], False),
        (["2026-11-28"], False),
        (["3.10.2"], False),
        (["1,23"], False),
        (["LoRA"], False),
        (["", ""], False),
        (["1" * 81], False),
    ],
)
def test_numerals_are_aligned_and_words_are_not(column: list[str], right: bool) -> None:
    text = "x\tn\n" + "".join(f"x\t{each}\n" for each in column)
    assert (' class="galley-number">n</th>' in html(text)) is right


def test_a_first_column_of_words_heads_its_rows() -> None:
    assert '<tr><th scope="row">LoRA</th><td' in html("a\tb\nLoRA\t1\n")
    assert '<tr><td class="galley-number" data-column="a">1</td><td' in html("a\tb\n1\t1\n")
    assert "<thead><tr><td></td>" in html("\tb\nx\t1\n"), "a head without a name heads nothing"


@pytest.mark.parametrize(
    ("column", "best"),
    [
        ("n", ["1,000"]),
        ("n:low", ["−3"]),
        ("m", ["inf"]),
    ],
)
def test_the_best_is_marked(column: str, best: list[str]) -> None:
    text = "x\tn\tm\na\t20\tnan\nb\t1,000\tinf\nc\t−3\t\n"
    assert re.findall("<strong>(.*?)</strong>", html(text, f'# %% one [table] best="{column}"')) == best


@pytest.mark.parametrize(
    ("best", "said"),
    [
        ("k", "best names 'k', which is no column of the table\n    it has: x, n, u"),
        ("x", "the best of 'x' cannot be told: no cell begins with a number"),
        ("u", "the best of 'u' cannot be told: its cells have several units: 'MB', 'kB'"),
    ],
)
def test_a_best_that_cannot_be_told_stops_with_its_line(guide: GuideFolder, best: str, said: str) -> None:
    with pytest.raises(AskedWronglyError) as caught:
        html("x\tn\tu\na\t1\t1 MB\nb\t2\t2 kB\n", f'# %% one [table] best="{best}"')
    assert said.split("\n")[0] in str(caught.value)
    assert str(caught.value).startswith("page.py:1: ")
    guide.write("snippets/page.py", SCORES.replace("score, memory:low", "gone"))
    (found,) = guide.findings()
    assert str(found).startswith("snippets/page.py:1: unknown: best names 'gone', which is no column")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('one best="a"', "best is for a cell with the tag [table]"),
        ('one [table] best="a,,b"', "is not the names of columns"),
        ('one choose="a"', "choose is for a cell with the tag [table]"),
        ('one [table] choose="a, a"', "is not the names of columns, each once"),
        ('one fold="a"', "fold is for a cell with the tag [folded] or [setup]"),
        ('one [setup] fold=" "', "fold ' ' is not a text"),
    ],
)
def test_a_wrong_option_is_told_when_the_cell_is_read(line: str, said: str) -> None:
    with pytest.raises(Exception, match=re.escape(said)):
        cell(f"# %% {line}")


def test_a_best_is_no_part_of_what_makes_a_record_stale(guide: GuideFolder) -> None:
    guide.write("snippets/page.py", SCORES.replace(", memory:low", ""))
    assert guide.status("page").state == "fresh"
    guide.write("snippets/page.py", SCORES.replace(f"{LINE}", "# %% scores"))
    assert guide.status("page").state == "stale"


DRAWN = """\
# %% drawn [table] choose="seed, t"
[{"t": 0.5, "seed": 0, "answer": "def f():\\n    pass"}, {"t": 0.5, "seed": 1, "answer": "b"}]
"""


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_shows_a_table_with_choices(folder: GuideFolder, builder: str) -> None:
    pytest.importorskip(builder)
    folder.snippet("page", DRAWN)
    folder.snippet("plain", "# %% one\nprint(1)\n")
    assert folder.run().failures == {}
    text, other = (builds(builder, page)(plain(folder)) for page in ("page", "plain"))
    assert 'data-choose="1 0"' in text
    assert '<td class="galley-lines" data-column="answer">def f():\n    pass</td>' in text
    assert text.count('<script src="galley/choose.js" defer></script>') == 1
    assert "choose.js" not in other
    assert (folder.root / "site" / "galley" / "choose.js").stat().st_size < 2_000


@pytest.mark.parametrize(
    ("choose", "said"),
    [
        ("k", "choose names 'k', which is no column of the table"),
        ("x, n", "choose names every column, so that nothing is left to see"),
        ("n", "the column 'n' has more than 20 values to choose from"),
    ],
)
def test_what_cannot_be_chosen_stops_with_its_line(choose: str, said: str) -> None:
    with pytest.raises(AskedWronglyError, match=re.escape(said)) as caught:
        html("x\tn\n" + "".join(f"a\t{number}\n" for number in range(21)), f'# %% one [table] choose="{choose}"')
    assert str(caught.value).startswith("page.py:1: ")


def test_choices_that_cannot_be_made_fail_the_check(folder: GuideFolder) -> None:
    folder.snippet("page", DRAWN)
    assert folder.run().failures == {}
    folder.write("snippets/page.py", DRAWN.replace("seed, t", "seed"))
    assert folder.status("page").state == "fresh", "choose is no part of what makes a record stale"
    folder.write("snippets/page.py", DRAWN.replace("seed, t", "sead"))
    (found,) = folder.findings()
    assert str(found).startswith("snippets/page.py:1: unknown: choose names 'sead', which is no column")


def test_a_table_without_choices_has_none() -> None:
    assert "data-choose" not in html("a\tb\n1\t2\n")


MEASURED = """\
# %% one [measured table]
import time
now = time.time()
[{{"what": "run", "seconds": now, "peak memory (MB)": now, "rate": f"{{now}} tokens/s", "loss": {loss}}}]
"""


def test_another_run_of_a_measured_table_may_measure_otherwise(folder: GuideFolder) -> None:
    folder.snippet("page", MEASURED.format(loss=0.5))
    assert folder.run().failures == {}
    again = folder.galley("test", "page")
    assert again.returncode == 0, again.stdout


def test_a_difference_names_its_row_and_column() -> None:
    was, now = (compared([{"method": "LoRA", "loss at end": loss}]).split("\n") for loss in (0.5, 0.6))
    assert was[0] == now[0]
    assert (was[1], now[1]) == ("method: LoRA\tloss_at_end: 0.5", "method: LoRA\tloss_at_end: 0.6")


def test_two_tables_never_compare_as_one() -> None:
    assert compared([{"a": "1\tb: 2", "b": ""}]) != compared([{"a": "1", "b": "2\tb: "}])
    assert compared([{"a b": 1}]) != compared([{"a-b": 1}])


def of_frame(package: str, value: str) -> str:
    """The table of a DataFrame, in a process where none of this guide's modules hides one that pandas looks for."""
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    script = (
        f"from {package} import DataFrame\nfrom galley.kinds.rows import rows_of, written\n"
        f"print(*written(rows_of({value})), sep='', end='')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(("package", "missing"), [("pandas", "nan"), ("polars", "")])
def test_a_dataframe_is_a_table(package: str, missing: str) -> None:
    value = "DataFrame({'name': ['x', '<y>'], 'n': [1, 2], 'share': [0.5, None]})"
    assert of_frame(package, value) == f"name\tn\tshare\nx\t1\t0.5\n<y>\t2\t{missing}\n"


def test_the_index_of_a_dataframe_is_a_column() -> None:
    value = "DataFrame({'name': ['x', 'x'], 'n': [1, 2]}).groupby('name').sum()"
    assert of_frame("pandas", value) == "name\tn\nx\t3\n"
    assert of_frame("pandas", "DataFrame([[1, 2]])") == "0\t1\n1\t2\n", "its names are numbers"
