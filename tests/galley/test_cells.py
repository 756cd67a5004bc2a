"""Snippet files cut into cells, by the true lines of Python and with the line of every mistake."""

from __future__ import annotations

import ast
from pathlib import Path
from textwrap import dedent

import pytest

from galley.errors import GalleyError
from galley.source.cells import SnippetFile, cut, page_name, read_snippets

SHOWN = Path("snippets/a_page.py")


def cells(source: str) -> SnippetFile:
    """The cells of some source."""
    return cut(dedent(source).lstrip("\n"), Path("/guide/snippets/a_page.py"), SHOWN)


def test_a_file_is_cut_at_its_markers() -> None:
    file = cells('''
        """What the file is for."""
        # %% first
        """A caption
        over two lines."""

        a = 1  # shown

        # %% second-one [measured, setup] raises="ValueError" timeout="1.5"
        b = 2
        # %% empty
    ''')
    assert [cell.name for cell in file.cells] == ["first", "second-one", "empty"]
    first, second, empty = file.cells
    assert (first.caption, first.source, first.first_line) == ("A caption over two lines.", "a = 1  # shown", 6)
    assert (str(first.place), str(second.place)) == ("snippets/a_page.py:2", "snippets/a_page.py:8")
    assert (second.tags, second.raises, second.timeout) == ({"measured", "setup"}, "ValueError", 1.5)
    assert (empty.source, empty.statements) == ("", ())
    assert (file.page, file.stem, file.cell("second-one"), file.cell("third")) == ("a-page", "a_page", second, None)


@pytest.mark.parametrize(
    ("head", "code"), [("[claim]", "if 1:\n    testing.assert_close(a, b)"), ('[claim] raises="KeyError"', "{}[1]")]
)
def test_a_claim_is_tested_by_an_assertion_a_library_or_an_error(head: str, code: str) -> None:
    assert cells(f'# %% one {head}\n"It is so."\n{code}\n').cells[0].caption == "It is so."


def test_a_page_is_called_as_its_file_with_hyphens() -> None:
    assert page_name("basics/deep_dive") == "basics/deep-dive"


@pytest.mark.parametrize("line_end", ["\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\x0b"])
def test_only_what_python_counts_is_a_line(line_end: str) -> None:
    file = cells(f"# %% first\na = 'x{line_end}y'\nb = 2\n# %% second\nc = 3\n")
    assert [cell.source for cell in file.cells] == [f"a = 'x{line_end}y'\nb = 2", "c = 3"]
    assert [cell.first_line for cell in file.cells] == [2, 5]


def test_a_marker_inside_a_string_is_text() -> None:
    file = cells('''
        # %% one
        text = """
        # %% two
        """
    ''')
    assert [cell.name for cell in file.cells] == ["one"]


def test_a_marker_on_the_last_line_of_a_string_is_text() -> None:
    assert [cell.name for cell in cells('# %% one\ntext = """\n# %% two"""\n').cells] == ["one"]


def test_an_indented_marker_is_a_comment() -> None:
    assert [cell.name for cell in cells("# %% one\nif 1:\n    # %% two\n    pass\n").cells] == ["one"]


def test_a_leading_f_string_is_code_and_no_caption() -> None:
    (cell,) = cells("# %% one\nf'{1}'\n").cells
    assert (cell.caption, cell.source) == ("", "f'{1}'")


WRONG = {
    "syntax error": ("# %% one\na = (\n", 2, "syntax error: '(' was never closed"),
    "bad indentation": ("# %% one\na = 1\n  b = 2\n", 3, "syntax error: unexpected indent"),
    "code before the first cell": ("import os\n# %% one\n", 1, "code stands before the first cell"),
    "no cell at all": ("import os\n", 1, "code stands before the first cell"),
    "no name": ("a = 1\n# %%\n", 2, None),
    "name with a space": ("# %% two words\n", 1, "not a cell line: '# %% two words'"),
    "upper case name": ("# %% One\n", 1, "not a cell line"),
    "unquoted option": ("# %% one timeout=3\n", 1, "not a cell line"),
    "single quotes": ("# %% one timeout='3'\n", 1, "not a cell line"),
    "unknown tag": ("# %% one [slow]\n", 1, "unknown tag 'slow'"),
    "unknown option": ('# %% one when="never"\n', 1, "unknown option 'when'"),
    "claim without a sentence": ("# %% one [claim]\nassert 1\n", 1, "a claim without a sentence"),
    "claim that nothing tests": ('# %% one [claim]\n"It is."\nprint(2)\n', 1, "the claim asserts nothing"),
    "no number": ('# %% one timeout="soon"\n', 1, "timeout 'soon' is not a number of seconds"),
    "no time": ('# %% one timeout="0"\n', 1, "timeout '0' is not a number"),
    "thousands of digits": (f'# %% one threads="{"9" * 5000}"\n', 1, "threads '99"),
    "no class": ('# %% one raises="any error"\n', 1, "raises 'any error' is not the name of a class"),
    "an option twice": ('# %% one timeout="1" timeout="2"\n', 1, "the option 'timeout' is given twice"),
    "endless": ('# %% one timeout="inf"\n', 1, "timeout 'inf' is not a number"),
    "not a number": ('# %% one timeout="nan"\n', 1, "timeout 'nan' is not a number"),
    "code beside its caption": ('# %% one\n"Why."; a = 1\n', 2, "code stands on the caption's line"),
    "folded twice": ("# %% one [setup folded]\n", 1, "[folded] folds code below its output"),
    "folded parameters": ("# %% parameters [folded]\n", 1, "[folded] folds code below its output"),
    "twice": ("# %% one\n# %% two\n# %% one\n", 3, "a second cell is named 'one'"),
    "inside a statement": ("# %% one\nif a:\n    b\n# %% two\n    c\n", 4, "the cell begins inside a statement"),
    "inside brackets": ("# %% one\na = [\n# %% two\n]\n", 3, "the cell begins inside a statement"),
}


@pytest.mark.parametrize(("source", "line", "what"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_with_its_line(source: str, line: int, what: str | None) -> None:
    with pytest.raises(GalleyError) as raised:
        cells(source)
    assert str(raised.value.place) == f"{SHOWN}:{1 if what is None else line}"
    assert raised.value.what.startswith(what or "code stands before")


def test_a_file_that_is_no_utf8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a_page.py"
    path.write_bytes(b"# %% one\n# caf\xe9\n")
    with pytest.raises(GalleyError, match=r"a_page\.py: cannot be read: .*utf-8"):
        read_snippets(path, SHOWN)


def test_a_byte_order_mark_is_no_part_of_the_code(tmp_path: Path) -> None:
    path = tmp_path / "a_page.py"
    path.write_bytes(b"\xef\xbb\xbf# %% one\na = 1\n")
    assert [(cell.name, cell.source) for cell in read_snippets(path, SHOWN).cells] == [("one", "a = 1")]


SUM = " + ".join(["1"] * 100_000)


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (f"x = {SUM}", "Python cannot take this code in: "),
        (f"x = {'-' * 100_000}1", "Python cannot take this code in: "),
        ("if 1: pass\n" + "elif 2: pass\n" * 20_000, "Python cannot take this code in: "),
        ("x = 'a\0b'", "syntax error: source code string cannot contain null bytes"),
    ],
    ids=["sum", "signs", "elif", "null"],
)
def test_code_that_python_itself_cannot_take_is_told_with_its_cell(code: str, what: str) -> None:
    with pytest.raises(GalleyError) as raised:
        cells(f"# %% one\na = 1\n# %% two\n{code}\n")
    assert raised.value.what.startswith(what)
    assert str(raised.value.place) == f"{SHOWN}:{4 if what.startswith('syntax') else 3}"


def test_a_long_sum_and_a_long_chain_of_elif_are_read() -> None:
    chain = "if a:\n    import os\n" + "elif b:\n    pass\n" * 900 + "else:\n    import json\n"
    one, two = cells(f"# %% one\nx = {' + '.join(['1'] * 2_500)}\n# %% two\n{chain}").cells
    assert one.digest != two.digest
    assert two.imports == ("os", "json")


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends_of_any_system_read_alike(tmp_path: Path, ends: str) -> None:
    path = tmp_path / "a_page.py"
    path.write_bytes(ends.join(["# %% one", "a = 1", "", "# %% two", "b = 2", ""]).encode())
    assert [(cell.source, cell.place.line) for cell in read_snippets(path, SHOWN).cells] == [("a = 1", 1), ("b = 2", 4)]


@pytest.mark.parametrize(
    ("head", "same"),
    [
        ("one", True),
        ("one [setup]", True),
        ("one [folded]", True),
        ('one timeout="9"', True),
        ("one [measured]", False),
        ("one [trace]", False),
    ],
)
def test_only_what_changes_the_outputs_is_in_a_cells_digest(head: str, same: bool) -> None:
    (plain,), (changed,) = cells("# %% one\na = 1\n").cells, cells(f"# %% {head}\na = 1\n").cells
    assert (plain.digest == changed.digest) is same


WHOLE = """\
# %% one
'''A caption.'''

@print
class A:
    text = '''two
    lines'''

# %% two
b = 1 + 2 \\

# %% three
c = 3
\\

# %% four
d = 4 \\
# %% five
from os import path
if b:\f
    e = 5
"""


def test_a_cells_statements_are_those_of_the_file_at_their_places() -> None:
    whole = ast.parse(WHOLE).body[1:]  # without the caption
    parts = [statement for cell in cut(WHOLE, Path("/a.py"), Path("a.py")).cells for statement in cell.statements]
    assert [ast.dump(each, include_attributes=True) for each in parts] == [
        ast.dump(each, include_attributes=True) for each in whole
    ]


def test_what_a_cell_must_raise_is_in_its_digest() -> None:
    sources = ("# %% one\na = 1\n", '# %% one raises="A"\na = 1\n', '# %% one raises="B"\na = 1\n')
    assert len({cells(source).cells[0].digest for source in sources}) == 3


def test_caption_comments_and_layout_are_in_no_digest() -> None:
    plain = cells("# %% one\nf(a, 'b')\n")
    other = cells('# %% one\n"""Said."""\n# a comment\nf(\n    a,\n    "b",\n)\n')
    assert plain.cells[0].digest == other.cells[0].digest


FROZEN = {
    'one [measured] threads="2" uses="b a"\n"Said."\nprint(1 + 1)\n': "8d421c7418ca6037",
    'one raises="KeyError"\n{}[1]\n': "3c21f3b3d3443e6d",
    "one [trace]\nfor i in range(3):\n    f'{i:>{i}}'\n": "9e2a3a97a1b9c3d2",
    'one [claim] timeout="3"\n"It is."\nassert x is not None, "so"\n': "ab811089c7f97126",
}


@pytest.mark.parametrize(("text", "digest"), FROZEN.items(), ids=["measured", "raises", "trace", "claim"])
def test_digests_stay_as_they_were_recorded(text: str, digest: str) -> None:
    (cell,) = cells(f"# %% {text}").cells
    assert cell.digest[:16] == digest


def test_a_cells_name_is_no_longer_than_a_files_name_can_be() -> None:
    path = Path("snippets/page.py")
    assert cut(f"# %% {'x' * 100}\n1\n", path, path).cells[0].name == "x" * 100
    with pytest.raises(GalleyError, match="the cell's name has 101 letters, and files are named after it") as found:
        cut(f"# %% {'x' * 101}\n1\n", path, path)
    assert found.value.mend == "shorten it: at most 100"


HIDES = {
    "a semicolon": ("5;", True),
    "behind parentheses": ("(5\n) ;", True),
    "before a comment": ("f(x);  # the figure", True),
    "behind wide letters": ("größe;", True),
    "on the next line": ("5 \\\n  ;", True),
    "of the last of several": ("a = 1; a;", True),
    "in a comment": ("5  # ;", False),
    "in the comment below": ("5\n# ;", False),
    "in a text": ("';'", False),
    "between two": ("1; 2", False),
    "behind a statement": ("a = 1;", False),
    "nothing": ("# ;", False),
}


@pytest.mark.parametrize(("code", "hides"), HIDES.values(), ids=HIDES)
def test_a_semicolon_behind_the_last_expression_hides_its_value(code: str, hides: bool) -> None:
    one, two = cells(f"# %% one\n{code}\n\n# %% two\n3\n").cells
    assert (one.hides_value, two.hides_value) == (hides, False)


def test_only_a_semicolon_that_hides_a_value_is_in_the_digest() -> None:
    def digest(code: str) -> str:
        return cells(f"# %% one\n{code}\n").cells[0].digest

    assert digest("5;") != digest("5")
    assert digest("5;") == digest("(5) ;  # why")
    assert digest("a = 5;") == digest("a = 5")


FUTURE = "from __future__ import annotations"


@pytest.mark.parametrize(
    ("source", "line", "above"),
    [
        (f"# %% one\nimport os\n# %% two\n{FUTURE}\n", 4, 2),
        (f'"""A file."""\n# %% one\n"""A caption."""\n{FUTURE}\n', 4, 3),
        (f"# %% one\n{FUTURE}\n1\n{FUTURE}\n", 4, 3),
    ],
)
def test_an_import_from_the_future_is_refused_where_plain_python_refuses_it(source: str, line: int, above: int) -> None:
    with pytest.raises(SyntaxError):
        compile(source, "a_page.py", "exec")
    with pytest.raises(GalleyError, match="imports from __future__ stand first") as raised:
        cells(source)
    assert str(raised.value.place) == f"{SHOWN}:{line}"
    assert raised.value.mend == f"move it above the code in line {above}"


@pytest.mark.parametrize(
    "source",
    [
        f'"""A file."""\n# %% one\n{FUTURE}\n# %% two\n{FUTURE}\n',
        f'# %% one\n"""A caption."""\n{FUTURE}\nfrom __future__ import division\n',
        "# %% one\nfrom os import path\n",
    ],
)
def test_any_other_import_is_not(source: str) -> None:
    compile(source, "a_page.py", "exec")
    assert cells(source)


@pytest.mark.parametrize("raises", ['"SyntaxError"', '"Exception" subclasses="yes"', '"ValueError"'])
@pytest.mark.parametrize("code", ["return 3", "yield 3", "break", "f() = 1", "nonlocal x"])
def test_a_cell_that_raises_before_it_runs_is_refused_unless_its_code_stands_in_comments(
    code: str, raises: str
) -> None:
    with pytest.raises(GalleyError, match=r"Python refuses this code before it runs|syntax error") as raised:
        cells(f"# %% one\n1\n# %% two raises={raises}\n{code}\n")
    assert str(raised.value.place) == f"{SHOWN}:4"
    assert cells(f'# %% two raises="SyntaxError"\n# {code}\n')


def test_code_that_raises_a_syntax_error_when_it_runs_is_taken() -> None:
    assert cells('# %% one raises="SyntaxError"\ncompile("1 +", "a", "eval")\n')
    assert cells('# %% one raises="ValueError"\nawait f()\n')
