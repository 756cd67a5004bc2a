"""Values with rich representations: from a class that follows the display protocol to the record, page and notebook."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from markdown import Markdown

from builders import BUILDERS, article, plain
from galley.kinds.bundle import picture_of, texts_of
from galley.kinds.latex import formula
from galley.kinds.rich import Rich
from galley.kinds.sanitise import sanitised
from galley.record.model import Form, Shown
from galley.site.formats import formats_of
from galley.site.page import Page
from galley.source.digest import digest
from guide_folder import SETTINGS, GuideFolder

# One class for each method, so that a value follows the protocol without any package.
CLASSES = """\
# %% classes
class Table:
    def __repr__(self): return "Table of 1"
    def _repr_html_(self): return '<style>b {color: red}</style><table class="frame"><tr><td>1</td></tr></table>'
class Styled:
    def __repr__(self): return "Styled"
    def _repr_html_(self):
        rules = "#T_0, #T_1 { color: red; position: fixed;} #T_1 {font-weight: bold} td {color: blue} #T_2 {c}"
        return f"<style>{rules}</style><table><tr><td id=\\"T_0\\">0</td><td id=\\"T_1\\">1</td><td>2</td></tr></table>"
class Words:
    def _repr_markdown_(self): return "**bold** and <i>no tag</i>\\n\\n<div>no block</div>\\n\\n" + TABLE
TABLE = "| a | b |\\n|---|---|\\n| 1 | 2 |\\n"
class Formula:
    def __init__(self, text="sqrt(x)"): self.text = text
    def __repr__(self): return self.text
    def _repr_latex_(self): return r"$\\displaystyle \\sqrt{x} < 2$"
class Data:
    def __repr__(self): return "Data"
    def _repr_json_(self): return {"b": [1, "<i>"], "a": None}
class Several:
    def __repr__(self): return "Several"
    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": "in words", "text/html": "<p>in HTML</p>", "text/latex": "$x$"}, {"text/html": {}}
    def _repr_html_(self): raise AssertionError("the bundle has it")
    def _repr_markdown_(self): return "in *Markdown*"
class Scripted:
    def __repr__(self): return "Scripted"
    def _repr_html_(self): return "<div id='x'></div><SCRIPT>draw()</SCRIPT>"
class Framed:
    def __repr__(self): return "Framed"
    def _repr_html_(self): return "<iframe srcdoc='<p>x</p>'></iframe>"
class Nothing:
    def __repr__(self): return "Nothing"
    def _repr_html_(self): return None
    def _repr_latex_(self): raise NotImplementedError
class Magic:
    def __repr__(self): return "Magic"
    def __getattr__(self, name): return lambda *_, **__: "everything"
class Photo:
    def _repr_jpeg_(self): return b"\\xff\\xd8\\xff\\xe0 a photo"
class Drawing:
    def _repr_mimebundle_(self, include=None, exclude=None): return {"image/png": "iVBORw0K\\nGgo="}
"""
NAMES = ["Table", "Styled", "Words", "Formula", "Data", "Several", "Scripted", "Framed", "Nothing", "Magic"]
CELLS = "".join(f"# %% {name.lower()}\n{name}()\n" for name in NAMES)
PICTURES = "".join(f'# %% {name.lower()} alt="a picture"\n{name}()\n' for name in ("Photo", "Drawing"))
OPAQUE = '# %% opaque\nFormula("<Formula object at 0x7f0123456789>")\n'
PAGE = CLASSES + CELLS + OPAQUE + PICTURES


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a value of each class on its page."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("first")))
    folder.snippet("page", PAGE)
    assert not folder.run().failures
    return folder


def shown(folder: GuideFolder, cell: str) -> dict[str, str]:
    """The recorded forms of a cell's one output, by the end of the file's name behind the cell's."""
    record = folder.record("page")
    found = record.cell(cell)
    assert found is not None
    (output,) = found.outputs
    return {
        file.file.partition(".")[2]: record.contents[file.file].decode("utf-8", "backslashreplace")
        for file in output.files
    }


def built(folder: GuideFolder, cell: str, *, more: str = "") -> str:
    """What the page shows below the code of a cell; `more` are settings of the builder."""
    settings = folder.root / "mkdocs.yml"
    settings.write_text(settings.read_text(encoding="utf-8") + more, encoding="utf-8")
    BUILDERS["mkdocs"](folder)
    text = article(folder.root / "site", "page")
    part = text[text.index(f'id="cell-page-{cell}"') :]
    return re.split(r'<div class="galley-cell|</article', part[part.index("galley-output") :])[0]


def test_the_record_has_the_plain_text_first_and_each_other_form_beside_it(first: GuideFolder) -> None:
    assert list(shown(first, "table")) == ["rich.txt", "rich.html"]
    assert shown(first, "table")["rich.txt"] == "Table of 1"
    assert shown(first, "table")["rich.html"].endswith('<table class="frame"><tr><td>1</td></tr></table>')
    assert shown(first, "words")["rich.txt"] == "<__main__.Words object at 0x…>"
    assert shown(first, "words")["rich.md"].startswith("**bold**")
    assert shown(first, "formula") == {"rich.txt": "sqrt(x)", "rich.tex": r"$\displaystyle \sqrt{x} < 2$"}
    assert shown(first, "data") == {
        "rich.txt": "Data", "rich.json": '{\n "b": [\n  1,\n  "<i>"\n ],\n "a": null\n}\n'
    }  # fmt: skip


def test_a_bundle_goes_before_the_methods_which_fill_it_up(first: GuideFolder) -> None:
    forms = {"rich.txt": "in words", "rich.html": "<p>in HTML</p>", "rich.md": "in *Markdown*", "rich.tex": "$x$"}
    assert shown(first, "several") == forms
    assert list(shown(first, "several")) == list(forms), "the richest first"


def test_what_has_no_rich_form_is_the_text_that_it_was(first: GuideFolder) -> None:
    assert shown(first, "nothing") == {"value.txt": "Nothing"}
    assert shown(first, "magic") == {"value.txt": "Magic"}, "an object that has every name"


def test_a_picture_is_an_image(first: GuideFolder) -> None:
    assert shown(first, "photo") == {"image.jpg": r"\xff\xd8\xff\xe0 a photo"}
    assert shown(first, "drawing") == {"image.png": "\\x89PNG\r\n\x1a\n"}, "a text of the protocol is base64"
    assert 'alt="a picture" src="data:image/jpeg;base64,/9j/4CBhIHBob3Rv"' in built(first, "photo")


def test_html_is_cleaned_and_its_tables_look_as_galleys(guide: GuideFolder) -> None:
    html = built(guide, "table")
    assert '<table class="galley-frame"><tbody><tr><td>1</td></tr></tbody></table>' in html
    assert 'role="region" aria-label="The value" tabindex="0"' in html
    assert "color: red" not in html
    assert "left out" not in html, "a style goes without a word, and the documents say so once"
    assert ".galley-frame{" in (guide.root / "site/page.html").read_text(encoding="utf-8")


def test_the_styles_of_single_cells_are_kept_as_those_of_a_styled_table(guide: GuideFolder) -> None:
    html = built(guide, "styled")
    assert '-T_0" style="color:red">0</td>' in html
    assert '-T_1" style="color:red;font-weight:bold">1</td><td>2</td>' in html


def test_markdown_is_rendered_without_html_in_it(guide: GuideFolder) -> None:
    html = built(guide, "words")
    assert "<strong>bold</strong> and &lt;i&gt;no tag&lt;/i&gt;" in html
    assert "&lt;div&gt;no block&lt;/div&gt;" in html
    assert "<td>1</td>" in html


def test_a_formula_is_set_where_the_site_sets_mathematics(guide: GuideFolder) -> None:
    more = "  - pymdownx.arithmatex:\n      generic: true\n"
    html = built(guide, "formula", more=more)
    assert r'<div class="arithmatex">\[ \displaystyle \sqrt{x} &lt; 2 \]</div>' in html


@pytest.mark.parametrize(
    "more",
    ["", "  - pymdownx.arithmatex:\n      smart_dollar: true\n"],
    ids=["no mathematics", "with scripts in the page"],
)
def test_elsewhere_it_is_its_text_or_its_source_where_the_text_says_nothing(guide: GuideFolder, more: str) -> None:
    html = built(guide, "formula", more=more)
    assert "arithmatex" not in html
    assert "sqrt(x)</code>" in html
    text = re.sub(r"<[^>]*>", "", built(guide, "opaque"))
    assert r"$\displaystyle \sqrt{x} &lt; 2$" in text
    assert "object at" not in text


def test_json_is_a_text_in_colours(guide: GuideFolder) -> None:
    html = built(guide, "data")
    assert '<span class="kc">null</span>' in html
    assert "&lt;i&gt;" in html


def test_html_that_a_script_makes_is_not_recorded_and_the_page_says_why(guide: GuideFolder) -> None:
    assert shown(guide, "scripted") == {"rich.txt": "Scripted", "rich.note": "script\n"}
    html = built(guide, "scripted")
    assert "Scripted</code>" in html
    assert "The value draws itself with a script." in html


def test_html_of_which_nothing_is_left_is_the_text_and_the_page_says_what_is_missing(guide: GuideFolder) -> None:
    html = built(guide, "framed")
    assert "Framed</code>" in html
    assert "left out of the value, which is shown as HTML: iframe" in html


def notebook(folder: GuideFolder, cell: str) -> dict[str, Any]:
    """What a notebook has of the value of a cell."""
    done = folder.galley("export", "page", "-f", "ipynb", "-o", "-")
    assert done.returncode == 0, done.stdout
    (found,) = [each for each in json.loads(done.stdout)["cells"] if each["metadata"].get("name") == cell]
    (output,) = found["outputs"]
    return {mime: "".join(each) if isinstance(each, list) else each for mime, each in output["data"].items()}


def test_a_notebook_has_every_form(first: GuideFolder) -> None:
    assert notebook(first, "several") == {
        "text/plain": "in words", "text/html": "<p>in HTML</p>", "text/markdown": "in *Markdown*", "text/latex": "$x$"
    }  # fmt: skip
    assert notebook(first, "data")["application/json"] == {"b": [1, "<i>"], "a": None}
    assert notebook(first, "words").keys() == {"text/plain"}, "its Markdown has a tag"
    assert notebook(first, "scripted") == {"text/plain": "Scripted"}
    assert notebook(first, "photo") == {"image/jpeg": "/9j/4CBhIHBob3Rv"}
    nbformat = pytest.importorskip("nbformat")
    done = first.galley("export", "page", "-f", "ipynb", "-o", "-")
    nbformat.validate(nbformat.reads(done.stdout, as_version=4))


def test_both_forms_are_compared(guide: GuideFolder) -> None:
    assert "page (laptop): unchanged" in guide.run(everything=True).said
    guide.snippet("page", PAGE.replace("<td>1</td>", "<td>2</td>"))
    said = guide.run().said
    assert "table.rich.html differs from line 1 on" in said
    assert "table.rich.txt" not in said
    guide.snippet("page", PAGE.replace("Table of 1", "Table of 3"))
    assert "table.rich.txt differs" in guide.run().said


def test_the_text_of_the_guides_own_hook_is_the_whole_value(folder: GuideFolder) -> None:
    folder.write("snippets/words.py", "def summarise(context, value): return f'my {type(value).__name__}'\n")
    hooks = '[tool.galley.hooks]\nsummarise = "words:summarise"\n\n'
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley.profiles", f"{hooks}[tool.galley.profiles"))
    folder.snippet("page", CLASSES + "# %% table\nTable()\n")
    assert not folder.run().failures
    assert shown(folder, "table") == {"value.txt": "my Table"}


def test_what_a_representation_raises_fails_the_page_at_its_cell(folder: GuideFolder) -> None:
    code = "# %% a\nclass A:\n    def _repr_html_(self): return 1 / 0\n# %% b\nA()\n"
    folder.snippet("page", code)
    (said,) = folder.run().failures.values()
    assert "snippets/page.py:3: page page (laptop) in cell b" in said
    assert "ZeroDivisionError" in said


def test_a_picture_of_another_type_fails_the_page_at_its_cell(folder: GuideFolder) -> None:
    for name, made in (("svg", "7"), ("png", "5_000_000_000"), ("jpeg", "['a']"), ("bundle", "None")):
        method = f"_repr_{name}_(self): return {made}"
        if name == "bundle":
            method = "_repr_mimebundle_(self, **_): return {'image/png': 3, 'text/plain': 5}"
        folder.snippet(name, f"# %% a\nclass A:\n    def {method}\n# %% b\nA()\n")
    failed = folder.run().failures
    for name, of in (("svg", "int"), ("png", "int"), ("jpeg", "list"), ("bundle", "int")):
        assert "in cell b: TypeError: a picture (image/" in failed[name]
        assert f"is bytes, or a text in base64, and this is of type {of}" in failed[name]


@pytest.mark.parametrize("text", ["NaN", '{"a": [Infinity]}', "[" * 950 + "]" * 950, "[" * 100_000, "{"])
def test_what_is_no_json_to_others_is_in_no_notebook(text: str) -> None:
    forms = (Form("text/plain", "txt", b"words"), Form("application/json", "json", text.encode()))
    made = Rich().notebook(Shown("rich", forms), 1)
    assert made is not None
    json.loads(json.dumps({"cells": [{"outputs": [made]}]}, allow_nan=False, indent=1))
    assert made["data"]["text/plain"] == ["words"]


LONG = """\
# %% a
class A:
    def __repr__(self): return "A"
    def _repr_html_(self): return "<p>" + "word " * 100 + "</p>"
    def _repr_latex_(self): return "$" + "x" * 500 + "$"
# %% b
A()
"""


def test_a_form_that_is_too_long_is_cut_and_said_and_a_formula_left_out(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", "[tool.galley]\noutput_limit = 100\n"))
    plain(folder).snippet("page", LONG)
    assert not folder.run().failures
    record = folder.record("page")
    found = record.cell("b")
    assert found is not None
    assert [(file.file, file.cut) for file in found.outputs[0].files] == [("b.rich.txt", 0), ("b.rich.html", 407)]
    assert "407 more bytes were recorded and are cut here" in built(folder, "b")


def test_markdown_is_read_by_nothing_that_could_execute_it(first: GuideFolder) -> None:
    """A custom fence may: those of markdown-exec do."""
    called: list[str] = []

    def execute(source: str, *_: object, **__: object) -> str:
        called.append(source)
        return "<p>made</p>"

    fences = {"custom_fences": [{"name": "run", "class": "run", "format": execute}]}
    extensions = {"pymdownx.superfences": fences, "pymdownx.snippets": {}, "markdown_include": {}}
    page = Page(first.project, Path("docs/page.md"), extensions=extensions)
    html, without = formats_of(Markdown(), page).markdown("```run\nx\n```\n", "a-")
    assert (called, without) == ([], [])
    assert "x" in html
    assert fences["custom_fences"], "the page's own settings stay"


def test_markdown_that_is_too_long_stands_as_it_is(first: GuideFolder) -> None:
    markdown = formats_of(Markdown(), Page(first.project, Path("docs/page.md"))).markdown
    html, _ = markdown("*a* <b>" * 20_000, "a-")
    assert html.startswith("<pre><code>*a* &lt;b&gt;")
    assert "<em>a</em>" in markdown("*a* <b>", "a-")[0]


@pytest.mark.parametrize(
    "latex",
    [
        r"$\href{javascript:alert(1)}{x}$",
        r"$\def\a{\href}\a{javascript:alert(1)}{x}$",
        r"$\style{position:fixed}{x}$",
        r"$\class{md-header}{x}$",
        r"$x$ and $y$",
        r"$x \] <b> \[ y$",
        r"$x % y$",
        r"\begin{html} x \end{html}",
        r"\begin {html} x \end {html}",
        r"\begin\relax{html}",
        r"\begin{{html}} x \end{{html}}",
        "x" * 20_001,
    ],
)
def test_latex_that_is_more_than_a_formula_is_none(latex: str) -> None:
    assert formula(latex) == ""


@pytest.mark.parametrize("around", ["${}$", "$${}$$", r"\[{}\]", r"\({}\)", "{}"])
def test_a_formula_is_what_stands_between_its_signs(around: str) -> None:
    inside = r"\left[\begin{matrix}1 & \frac{\pi}{2}\\0 & \operatorname{erf}{\left(x \right)}\end{matrix}\right]"
    assert formula(around.format(inside)) == inside


def needed(*packages: str) -> None:
    """Skip a test whose page imports these; the tests themselves need not, and may have other modules of such names."""
    if absent := [name for name in packages if find_spec(name) is None]:
        pytest.skip(f"not installed: {', '.join(absent)}")


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_frame_is_a_table_with_its_text_in_the_record(folder: GuideFolder, library: str) -> None:
    needed(library)
    code = f"import {library}\n{library}.DataFrame({{'method': ['<b>LoRA'], 'score': [0.8]}})\n"
    plain(folder).snippet("page", f"# %% a\n{code}")
    assert not folder.run().failures
    assert "<b>LoRA" in shown(folder, "a")["rich.txt"]
    html = built(folder, "a")
    assert '<table class="galley-frame"' in html
    assert "&lt;b&gt;LoRA" in html
    assert "dataframe" not in html
    assert "page (laptop): unchanged" in folder.run(everything=True).said


def test_a_styled_frame_keeps_its_colours_and_has_the_same_ids_at_each_run(folder: GuideFolder) -> None:
    needed("pandas", "jinja2")
    code = "import pandas\npandas.DataFrame({'a': [1, 2]}).style.highlight_max(color='yellow')\n"
    plain(folder).snippet("page", f"# %% a\n{code}")
    assert not folder.run().failures
    assert built(folder, "a").count("background-color:yellow") == 1
    assert "page (laptop): unchanged" in folder.run(everything=True).said


def test_a_class_is_no_value_of_its_own_methods() -> None:
    class Drawn:
        def _repr_html_(self) -> str:
            return "x"

        _repr_png_ = None

    assert texts_of(Drawn) == {}
    assert texts_of(Drawn()) == {"text/html": "x"}
    assert picture_of(Drawn()) is None


def test_no_control_character_comes_out_of_html() -> None:
    """Python-Markdown puts a part of the page in the place of some."""
    assert "\x02" not in sanitised("&#2;wzxhzdk:0&#3;<b title='&#2;'>x</b>", "a-")


FORMS = {
    "text/html": (
        "html",
        '<b>kept</b><script>alert(1)</script><img src="http://evil.example/a.png" onerror="alert(1)">',
    ),
    "text/markdown": ("md", "*kept* <script>alert(1)</script> ![](http://evil.example/a.png) [x](javascript:alert(1))"),
    "text/latex": ("tex", r"$\href{javascript:alert(1)}{kept}$"),
    "application/json": ("json", '{"kept": "<script>alert(1)</script>"}'),
    "text/javascript": ("js", "alert(1)"),
    "text/x-galley-note": ("note", "<script>alert(1)</script>"),
}
ATTACKS = re.compile(r"<script|onerror=|<[^>]*(?:evil\.example|javascript:)|alert\(1\)(?!&lt;/script)")


@pytest.mark.parametrize("mime", FORMS)
def test_a_forged_form_runs_and_loads_nothing(guide: GuideFolder, mime: str) -> None:
    place = guide.project.outputs / "page/laptop"
    record = json.loads((place / "record.json").read_text(encoding="utf-8"))
    (cell,) = [each for each in record["cells"] if each["name"] == "table"]
    suffix, text = FORMS[mime]
    (place / "table.rich.html").unlink()
    (place / f"table.rich.{suffix}").write_text(text, encoding="utf-8")
    cell["outputs"][0]["files"][1] = {
        "mime": mime, "file": f"table.rich.{suffix}", "sha256": digest(text), "cut": 0
    }  # fmt: skip
    (place / "record.json").write_text(json.dumps(record), encoding="utf-8")
    assert guide.galley("check").returncode == 0
    html = built(guide, "table", more="  - pymdownx.arithmatex:\n      generic: true\n")
    assert not ATTACKS.search(html), html
    assert ("kept" in html) == (mime in ("text/html", "text/markdown", "application/json"))
    data = notebook(guide, "table")
    assert not ATTACKS.search(json.dumps({each: data[each] for each in data if each != "application/json"}))
    assert data.keys() <= {"text/plain", "text/html", "application/json"}
