"""Numbers in prose: a page says what its cells printed, and `galley check` tells those that somebody typed."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pymdownx.superfences import SuperFencesException

from builders import BUILDERS, builds, plain
from galley.errors import GalleyError
from galley.export.command import export
from galley.kinds import kinds_of
from galley.record.findings import Finding, findings
from galley.record.numbers import in_words, quoted
from galley.source.bound import bound, code_spans, with_numbers
from guide_folder import GuideFolder, fence

SNIPPETS = """\
# %% sizes
print("weights 14,652,345 bytes in 3 files, model v5.23.0 of 2026-11-29, h.0 and x4")
print(0.5)
# %% one
print("7327263232 numbers")
# %% none
print("no number")
# %% gone
import warnings
warnings.warn("of 99 warnings")
print(1234.6)
# %% drawn alt="a line"
class Drawn:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 777 777"><path d="M0 0 L 555 555"/></svg>'
print("8 lines")
Drawn()
"""


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("recorded")))
    folder.snippet("page", SNIPPETS)
    assert not folder.run().failures
    return folder


@pytest.fixture
def folder(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    return recorded.copied(tmp_path)


def shows(prose: str) -> str:
    """A page's text with all cells, and this prose above them."""
    return f"{prose}\n\n" + "".join(fence("page", name) for name in ("sizes", "one", "none", "gone", "drawn"))


def found(folder: GuideFolder, kind: str) -> list[Finding]:
    guide = folder.guide
    return [each for each in findings(guide, kinds_of(guide.project)) if each.kind == kind]


WRITTEN = {
    "{value}`page/one`": "7327263232",
    "{value}`page/one:,d`": "7,327,263,232",
    "{value}`page/one/1e9:.1f`": "7.3",
    "{value}`page/one/1e9`": "7.327263232",
    "{value}`page/sizes#1`": "14,652,345",
    "{value}`page/sizes#1/1048576:.2f`": "13.97",
    "{value}`page/sizes#2`": "3",
    "{value}`page/sizes#3`": "0.5",
    "{value}`page/sizes#3:.0%`": "50%",
    "{value}`page/gone#1`": "1234.6",
    "{value}`page/gone#2`": "99",
    "{value}`page/drawn`": "8",
    "{given}`1,024`": "1,024",
}


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_sentence_says_what_a_cell_printed(builder: str, folder: GuideFolder) -> None:
    rows = "\n".join(f"| {at} | {asked} |" for at, asked in enumerate(WRITTEN))
    literal = (
        "Or ``{value}`page/one` ``, <!-- {value}`page/nothing` -->\n\n    {value}`page/one`\n    {value}`page/one`\n"
    )
    fenced = "```text title='Typed by hand: a form'\n{value}`page/one`\n```\n"
    prose = f"With **{{value}}`page/one`** numbers, [{{value}}`page/sizes#2` files](#a).\n\n{literal}\n{fenced}"
    folder.page("page", shows(f"{prose}\n| a | b |\n|---|---|\n{rows}"))
    html = builds(builder, "page")(folder)
    assert "With <strong>7327263232</strong> numbers" in html
    assert ">3 files</a>" in html
    cells = dict(re.findall(r"<td>(\d+)</td>\s*<td>([^<]*)</td>", html))
    assert cells == {str(at): text for at, text in enumerate(WRITTEN.values())}
    assert html.count("{value}") == 5  # in a piece of code, a comment, and two blocks of code


def test_an_export_and_the_page_as_markdown_say_it_too(folder: GuideFolder) -> None:
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    folder.write("pyproject.toml", settings.replace("[tool.galley]\n", "[tool.galley]\nmarkdown = true\n", 1))
    folder.page("page", shows("There are {value}`page/one:,d` numbers."))
    assert "There are 7,327,263,232 numbers." in export(folder.guide, "page", "", "py")
    builds("mkdocs", "page")(folder)
    assert "There are 7,327,263,232 numbers." in (folder.root / "site/page.md").read_text(encoding="utf-8")
    script = (folder.root / "site/page.py").read_text(encoding="utf-8")
    assert "There are 7,327,263,232 numbers." in script


def test_a_page_may_name_the_cell_of_another_and_is_not_its_page(folder: GuideFolder) -> None:
    folder.page("page", shows("A page."))
    folder.page("other", "It has {value}`page/sizes#2` files.")
    html = builds("mkdocs", "other")(folder)
    assert "It has 3 files." in html
    assert "Run this page" not in html
    assert "galley-strip" not in html


WRONG = {
    "{value}`page/two`": ("no cell is named 'page/two'", "page.py has: sizes, one, none, gone, drawn"),
    "{value}`pages/one`": ("there is no snippet file 'pages.py'", ""),
    "{value}`page/none`": ("page/none printed no number that stands alone", "let the cell print it"),
    "{value}`page/sizes`": (
        "page/sizes printed 3 numbers: #1 14,652,345, #2 3, #3 0.5",
        "say which: {value}`page/sizes#1`",
    ),
    "{value}`page/one#2`": ("page/one printed 1 number: #1 7327263232", "say which: {value}`page/one#1`"),
    "{value}`page/sizes#3:d`": ("0.5 is no whole number", "write it as "),
    "{value}`page/one:x`": ("{value}`page/one:x` names no number", "write it as "),
    "{value}`one`": ("{value}`one` names no number", "write it as "),
    "## Of {value}`page/one`": ("stands in a heading", "put the number into a sentence below"),
}


@pytest.mark.parametrize("asked", WRONG)
def test_a_number_that_is_not_there_stops_check_and_build_at_its_line(asked: str, folder: GuideFolder) -> None:
    folder.page("page", shows(f"Words.\n\n{asked}"))
    what, mend = WRONG[asked]
    (told,) = found(folder, "unknown")
    assert what in told.what
    assert mend in told.mend
    assert told.fatal
    line = (folder.root / "docs/page.md").read_text(encoding="utf-8").split("\n").index(asked) + 1
    assert str(told.place) == f"docs/page.md:{line}"
    with pytest.raises(SuperFencesException, match=rf"docs/page\.md:{line}: "):
        builds("zensical", "page")(folder)
    with pytest.raises(GalleyError) as raised:
        export(folder.guide, "page", "", "py")
    assert (raised.value.place, raised.value.mend) == (told.place, told.mend)


def test_the_mend_for_several_numbers_mends(folder: GuideFolder) -> None:
    folder.page("page", shows("{value}`page/sizes`"))
    (told,) = found(folder, "unknown")
    folder.page("page", shows(told.mend.partition(": ")[2]))
    assert found(folder, "unknown") == []


def test_a_record_that_is_not_true_says_nothing(folder: GuideFolder) -> None:
    folder.page("page", shows("Words."))
    folder.page("other", "It has {value}`page/sizes#2` files.")
    folder.snippet("page", SNIPPETS.replace("3 files", "4 files"), shown=False)
    with pytest.raises(SuperFencesException, match=r"docs/other\.md:\d+: page/sizes: the laptop record is stale"):
        builds("zensical", "other")(folder)
    assert found(folder, "unknown") == []  # the stale record is told
    assert not folder.run().failures
    assert "It has 4 files." in builds("mkdocs", "other")(folder)


REPEATED = {
    "14,652,345 bytes": "{value}`page/sizes#1`",
    "14652345 bytes": "{value}`page/sizes#1:d`",
    "about 14.7 million": "{value}`page/sizes#1/1e6:.1f`",
    "7.327 billion": "{value}`page/one#1/1e9:.3f`",
    "7327 million": "{value}`page/one#1/1e6:.0f`",
    "1235 lines": "{value}`page/gone#1:.0f`",
}
OTHERS = (
    "14.8 million",
    "7 billion",
    "version 5.23.0",
    "`14652345`",
    "[a](14652345)",
    "{given}`14.7`",
    "99",
    "1465",
)


@pytest.mark.parametrize("typed", REPEATED)
def test_a_number_that_was_typed_is_told_with_what_binds_it(typed: str, folder: GuideFolder) -> None:
    folder.page("page", shows(f"It has {typed}."))
    (told,) = found(folder, "repeated")
    assert not told.fatal
    number = typed.split()[-2]
    assert told.what.startswith(f"{number} repeats what page/")
    role = REPEATED[typed]
    assert f"write {role}, or if it is the author's own: {{given}}`{number}`" in told.mend
    for mended in (role, f"{{given}}`{number}`"):
        folder.page("page", shows(f"It has {typed.replace(number, mended)}."))
        assert found(folder, "repeated") == found(folder, "unknown") == []
        assert f"It has {typed}." in builds("mkdocs", "page")(folder)


@pytest.mark.parametrize("typed", OTHERS)
def test_a_number_that_no_cell_of_the_page_printed_is_not_told(typed: str, folder: GuideFolder) -> None:
    folder.page("page", shows(f"It has {typed}."))
    assert found(folder, "repeated") == []


QUOTED = [
    ("5000", "5000", False),  # one digit that is not 0
    ("0777", "777", True),
    ("0.123", "0.123", True),
    ("0.05", "0.05", False),
    ("14,652 thousand", "14,652,345", True),
    ("14,653 thousand", "14,652,345", False),
    ("1.2300000000000", "1.23e20", False),  # more digits than a Decimal has
    ("1.23e4", "12345", True),
    ("-1.23", "-1.234", True),
    ("1.00", "0.9996", True),  # all of its digits change when it is rounded
]


@pytest.mark.parametrize(("typed", "printed", "told"), QUOTED)
def test_a_number_is_known_again_by_its_first_digits(typed: str, printed: str, told: bool) -> None:
    assert list(quoted(["", f"It has {typed}."], [printed])) == [(1, typed.split()[0])] * told


def test_a_number_of_another_page_or_of_a_stale_record_is_not_told(folder: GuideFolder) -> None:
    folder.page("page", shows("Words."))
    folder.page("other", "It has 7327263232 numbers.")
    assert found(folder, "repeated") == []
    folder.page("page", shows("It has 7327263232 numbers."))
    assert [str(each.place) for each in found(folder, "repeated")] == ["docs/page.md:3"]
    folder.snippet("page", SNIPPETS.replace("3 files", "4 files"), shown=False)
    assert found(folder, "repeated") == []


def test_a_number_of_a_file_that_cannot_be_read_is_told_by_the_files_own_error(folder: GuideFolder) -> None:
    folder.page("page", shows("It has {value}`page/sizes#2` files."))
    folder.snippet("page", "# %% sizes nothing=\n", shown=False)
    assert folder.guide.errors
    assert found(folder, "unknown") == []


SAID = {
    ("4.80", "/2"): "2.4",
    ("4.80", ""): "4.80",
    ("3000", "/1e1"): "300",
    ("1 2", ""): "one printed 2 numbers: #1 1, #2 2",
    ("1 2", "#2"): "2",
    ("1 2", "#3"): "one printed 2 numbers: #1 1, #2 2",
    (" ".join(map(str, range(1, 13))), ""): "#11 11, #12 12",
    (" ".join(map(str, range(1, 14))), ""): "#11 11, #12 12 and 1 more",
}


@pytest.mark.parametrize(("printed", "asked"), SAID)
def test_a_number_is_written_as_it_is_asked_for(folder: GuideFolder, printed: str, asked: str) -> None:
    record = folder.record("page")
    record = replace(record, contents={**record.contents, "one.stdout.txt": printed.encode()})
    ((number,), _) = bound([f"{{value}}`page/one{asked}`"], Path("docs/a.md"))
    try:
        said = in_words(number, record)
    except GalleyError as error:
        said = error.what
    assert said.endswith(SAID[printed, asked])


def test_code_in_prose_begins_and_ends_with_as_many_backticks() -> None:
    line = r"a `b` ``c ` d`` \`e `f``g` ` h"
    assert [code for _, _, code in code_spans(line)] == ["b", "c ` d", "f``g"]
    assert [code for _, _, code in code_spans("a ``` b `c` and ``d``")] == ["c", "d"]


def test_a_number_is_read_in_prose_alone() -> None:
    asked = "{value}`a/b#1`"
    lines = ["<!-- a comment", asked, "-->", "words", f"    and {asked}", "", f"    {asked}", "", f"    {asked}"]
    assert [each.place.line for each in bound(lines, Path("docs/a.md"))[0]] == [5]
    for heading in (f"# {asked}", f"   ## {asked}"):
        (error,) = bound([heading], Path("docs/a.md"))[1]
        assert "stands in a heading" in error.what
    (error,) = bound([f"{{value}}`{'a' * 1000}`"], Path("docs/a.md"))[1]
    assert len(error.what) < 200


def test_lines_keep_their_number_and_an_error_names_its_own() -> None:
    lines = ["---", "title: {value}`a/b`", "---", "one", "{value}`a/b#2` and {value}`c`", "end"]
    written, errors = with_numbers(lines, Path("docs/a.md"), lambda asked: f"<{asked.number}>", offset=10)
    assert written == [*lines[:4], "<2> and {value}`c`", "end"]
    assert [str(error.place) for error in errors] == ["docs/a.md:15"]
    assert all(isinstance(error, GalleyError) for error in errors)
    assert [asked.name for asked in bound(lines, Path("docs/a.md"))[0]] == ["a/b"]
