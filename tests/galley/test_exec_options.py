"""markdown-exec's fence options on recorded cells: as markdown-exec shows the same code when it runs it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import markdown
import markdown_exec
import pytest

from builders import BUILDERS, builds, plain, text_of
from galley.source.fences import LAYOUT
from guide_folder import SETTINGS, GuideFolder

MARKDOWN = 'print("## Part & *more*\\n\\n*words* and `code`\\n\\n| a | b |\\n|---|--:|\\n| 1 | 2 |")'
HTML = 'print("<p>made <b>bold</b></p><pre>two\\n\\nlines</pre>")'
ANSI = 'print("\\x1b[31mred\\x1b[0m and \\x1b[1;32mbold\\x1b[0m")'
HIDDEN = 'import json  # markdown-exec: hide\nprint(json.dumps({"a": 1}))'
CODES = {"markdown": MARKDOWN, "html": HTML, "ansi": ANSI, "hidden": HIDDEN}
# Options of a fence, and the cell that it shows.
SHOWN = {
    'source="above"': "markdown",
    'source="below"': "markdown",
    'source="block"': "markdown",
    'source="material-block"': "markdown",
    'source="tabbed-left"': "markdown",
    'source="tabbed-right"': "markdown",
    'source="console"': "markdown",
    'source="console" result="text"': "markdown",
    'source="above" result="json"': "hidden",
    'source="above" title="a_file.py"': "markdown",
    'source="below" hl_lines="1"': "markdown",
    'source="below" linenums="7"': "markdown",
    'source="tabbed-left" tabs="Code|Out"': "markdown",
    'result="ansi"': "ansi",
    'result="text"': "markdown",
    'result="json" source="tabbed-right"': "hidden",
    'html="yes"': "html",
    'html="1" source="above"': "html",
    'html="no" source="above"': "markdown",
    'id="mine"': "markdown",
    'idprefix="its-"': "markdown",
    'idprefix=""': "markdown",
    'updatetoc="yes"': "markdown",
    'updatetoc="no"': "markdown",
    'width="80"': "markdown",
    'returncode="0"': "markdown",
    'session="one"': "markdown",
}
EXTENSIONS = ("admonition", "attr_list", "tables", "toc", "md_in_html", "pymdownx.highlight", "pymdownx.tabbed")


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose cells are recorded; its pages may be rewritten, since records do not depend on them."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("recorded")))
    settings = folder.root / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("  - galley\n", "  - tables\n  - toc\n  - galley\n"))
    folder.snippet("one", "\n".join(f"# %% {name}\n{code}" for name, code in CODES.items()))
    folder.snippet("two", "# %% other\nprint('other')\n")
    assert not folder.run().failures
    return folder


def shown(guide: GuideFolder, options: str, cell: str = "one/markdown") -> str:
    """The HTML of a cell as galley shows it with these options, without galley's own frame and line around it."""
    guide.page("one", f'```python exec="on" cell="{cell}" {options}\n```\n')
    html = builds("mkdocs", "one")(guide)
    frame = re.search(
        r'<div class="galley-cell galley-plain" id="[\w-]+"[^<>]*>(.*?)<div class="galley-output">', html, re.S
    )
    assert frame, html
    return frame[1]


def run_by_markdown_exec(code: str, options: str) -> str:
    """The HTML of the same code with the same options where markdown-exec runs it."""
    fence = {"name": "python", "class": "x", "validator": markdown_exec.validator, "format": markdown_exec.formatter}
    md = markdown.Markdown(
        extensions=[*EXTENSIONS, "pymdownx.superfences"],
        extension_configs={
            "pymdownx.superfences": {"custom_fences": [fence]},
            "pymdownx.tabbed": {"alternate_style": True},
        },
    )
    options = options.replace("material-block", "block")
    return md.convert(f'```python exec="on" {options}\n{code}\n```\n')


class Form(HTMLParser):
    """Elements with their classes, and words, without the names that are made for one page alone."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "tbody":  # a browser adds it
            self.parts.append(" ".join([f"<{tag}", *(dict(attrs).get("class") or "").split()]))

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("tbody", "input"):
            self.parts.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        self.parts += data.split()


def form(html: str) -> list[str]:
    """What a reader sees of some HTML; a paragraph that markdown-exec leaves around blocks is no part of it."""
    parser = Form()
    parser.feed(re.sub(r"^<p>(?=<(?:div|h2))(.*)</p>$", r"\1", html.strip(), flags=re.DOTALL))
    return parser.parts


@pytest.fixture
def refused(guide: GuideFolder) -> Callable[[], str]:
    """Builds a guide that must not build; the answer is what was said."""

    def build() -> str:
        with pytest.raises(BaseException) as raised:  # noqa: PT011 (MkDocs tells the cause and raises another)
            builds("mkdocs", "one")(guide)
        said, cause = [], raised.value
        while cause:
            said.append(str(cause))
            cause = cause.__cause__ or cause.__context__
        return "\n".join(said)

    return build


@pytest.mark.parametrize("options", SHOWN)
def test_a_recorded_cell_is_shown_as_markdown_exec_shows_one_that_it_runs(guide: GuideFolder, options: str) -> None:
    cell = SHOWN[options]
    theirs = run_by_markdown_exec(CODES[cell], options)
    assert theirs
    assert form(shown(guide, options, f"one/{cell}")) == form(theirs)


@pytest.mark.parametrize("builder", BUILDERS)
def test_every_builder_shows_the_options(guide: GuideFolder, builder: str) -> None:
    guide.page("one", '```python exec="true" cell="one/markdown" source="tabbed-left" tabs="Code|Out"\n```\n')
    html = builds(builder, "one")(guide)
    assert "<h2" in html
    assert ">Code</label>" in html
    assert html.count('type="radio"') == 2
    assert "<table>" in html
    assert "Python 3" in html, "what it ran on is said as ever"


def test_nothing_runs_while_the_site_is_built(tmp_path: Path) -> None:
    guide = plain(GuideFolder.make(tmp_path))
    guide.without_sandbox()
    guide.snippet(
        "one",
        "# %% cell\nfrom pathlib import Path\nprint('ran')\n(Path(__file__).parents[1] / '.cache/ran.txt').touch()\n",
    )
    (guide.root / ".cache").mkdir(exist_ok=True)  # what a page writes there does not count
    assert not guide.run().failures
    (guide.root / ".cache/ran.txt").unlink()
    for options in ('source="above"', 'html="yes"', 'result="text"'):
        assert "ran" in shown(guide, options, "one/cell")
    assert not (guide.root / ".cache/ran.txt").exists()


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ('id="mine"', ["mine-part-more"]),
        ('idprefix="its-"', ["its-part-more"]),
        ('idprefix=""', ["part-more"]),
        ('source="above"', ["cell-one-markdown-laptop--part-more"]),
    ],
)
def test_ids_begin_as_the_fence_says(guide: GuideFolder, options: str, ids: list[str]) -> None:
    assert re.findall(r'<h2 id="([^"]*)"', shown(guide, options)) == ids


@pytest.mark.parametrize(("options", "listed"), [('updatetoc="yes"', True), ('updatetoc="no"', False)])
def test_headings_of_the_output_are_in_the_pages_contents_as_asked(
    guide: GuideFolder, options: str, listed: bool
) -> None:
    contents = "{% for item in page.toc.items[0].children %}[{{ item.title }}|{{ item.id }}]{% endfor %}"
    guide.write("theme/main.html", f"<article>{contents}{{{{ page.content }}}}</article>\n")
    guide.page("one", f'```python exec="on" cell="one/markdown" {options}\n```\n')
    said = re.findall(r"\[([^|\]]*)\|([^\]]*)\]", builds("mkdocs", "one")(guide))
    assert said == ([("Part &amp; more", "cell-one-markdown-laptop--part-more")] if listed else [])


WRONG = {
    'source="beside"': ('source="beside": no place for the code', "write one of: above, below, block"),
    'result="a b"': ('result="a b": no name of a language', 'result="text"'),
    'result="text" title="x.py"': ('title="x.py": it belongs to the code, which the fence does', 'add source="above"'),
    'result="text" hl_lines="1"': ("it belongs to the code", 'add source="above"'),
    'result="text" linenums="1"': ("it belongs to the code", 'add source="above"'),
    'source="above" hl_lines="99"': ("hl_lines names line 99, and the code has the lines 1 to", "count the lines"),
    'tabs="A|B"': ("the fence has no tabs to name", 'add source="tabbed-left"'),
    'source="tabbed-left" tabs="A"': ("two names are needed", 'tabs="Source|Result"'),
    'width="120"': ("the cell ran with 80 columns, and nothing runs", 'environment = { COLUMNS = "120" }'),
    'returncode="1"': ("a cell has no exit code", 'raises="SystemExit"'),
    'workdir="docs"': ("a cell runs in a folder of its own", "os.chdir"),
}


@pytest.mark.parametrize("options", WRONG)
def test_what_cannot_hold_for_a_recorded_cell_stops_the_build_and_says_why(
    guide: GuideFolder, refused: Callable[[], str], options: str
) -> None:
    what, mend = WRONG[options]
    guide.page("one", f'```python exec="on" cell="one/markdown" {options}\n```\n')
    said = refused()
    assert "docs/one.md:3: one/markdown: " in said
    assert what in said
    assert mend in said


def test_the_width_that_is_asked_for_in_the_settings_is_the_one_that_a_fence_may_name(tmp_path: Path) -> None:
    wide = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nenvironment = { COLUMNS = "120" }\n')
    guide = plain(GuideFolder.make(tmp_path, wide))
    guide.snippet("one", "# %% markdown\nimport shutil\nprint(shutil.get_terminal_size().columns)\n")
    assert not guide.run().failures
    assert "120" in text_of(shown(guide, 'result="text" width="120"'))


SESSIONS = {
    "one file": ([("one/markdown", "a"), ("one/html", "a")], True),
    "a file each": ([("one/markdown", "a"), ("two/other", "b")], True),
    "two files": ([("one/markdown", "a"), ("two/other", "a")], False),
    "two sessions": ([("one/markdown", "a"), ("one/html", "b")], False),
}


@pytest.mark.parametrize("case", SESSIONS)
def test_a_session_is_a_snippet_file(guide: GuideFolder, refused: Callable[[], str], case: str) -> None:
    fences, holds = SESSIONS[case]
    guide.page("one", "\n".join(f'```python exec="on" cell="{cell}" session="{name}"\n```\n' for cell, name in fences))
    if holds:
        builds("mkdocs", "one")(guide)
    else:
        assert "a session is one file" in refused()


def test_a_trace_and_an_eight_tick_line_are_refused_with_a_reason(
    guide: GuideFolder, refused: Callable[[], str]
) -> None:
    guide.snippet("one", '# %% traced [trace]\nx = 1\n# %% ticks\nprint("a\\n" + 8 * "`" + "\\n<b>out</b>")\n')
    assert not guide.run("one").failures
    for cell, options, what in (
        ("traced", 'source="above"', "a trace stands on galley's own layout"),
        ("ticks", 'result="text"', "a line of eight backticks"),
    ):
        guide.page("one", f'```python exec="on" cell="one/{cell}" {options}\n```\n')
        assert what in refused()


def test_two_profiles_are_tabs_and_the_other_outputs_stand_below(tmp_path: Path) -> None:
    second = f'{SETTINGS}\n[tool.galley.profiles.gpu]\nparameters = {{ device = "cuda" }}\n'
    guide = plain(GuideFolder.make(tmp_path, second))
    guide.snippet("one", '# %% parameters\ndevice = "cpu"\n# %% both\nprint("on", device)\ndevice.upper()\n')
    assert not guide.run(profiles=("laptop", "gpu")).failures
    guide.page("one", '```python exec="on" cell="one/both" source="above" result="text"\n```\n')
    text = text_of(builds("mkdocs", "one")(guide))
    assert text.count("on cpu") == text.count("on cuda") == 1
    assert text.index("on cpu") < text.index("'CPU'") < text.index("on cuda") < text.index("'CUDA'")


HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href='java\\tscript:alert(1)'>x</a>",
    "<a href='data:text/html,<b>x'>x</a>",
    "<img src='https://elsewhere.invalid/x.png'>",
    "<img src='//elsewhere.invalid/x.png'>",
    "<img src='/\\\\elsewhere.invalid/x.png'>",
    "![x](https://elsewhere.invalid/x.png)",
    "<style>@import 'https://elsewhere.invalid'</style>",
    "<p style='background: url(https://elsewhere.invalid)'>x</p>",
    "<iframe src='https://elsewhere.invalid'></iframe>",
    "<form action='https://elsewhere.invalid'><input type='submit'></form>",
    "<object data='x'></object><embed src='x'><base href='https://elsewhere.invalid'>",
    "<svg onload=alert(1)></svg><math><mi href='javascript:alert(1)'>",
    "<div class='galley-claim mermaid md-header' id='__search'>x</div>",
    "<p markdown='1' onclick='alert(1)'>x</p>",
    "text\\n{: onclick='alert(1)' style='background: url(https://elsewhere.invalid)' }",
    "## Heading <img src=x onerror=alert(1)> {: onclick='alert(1)' data-toc-label='<script>' }",
    "````````\\n<script>alert(1)</script>",
    "</div></div></article><script>alert(1)</script>",
    "\\x02wzxhzdk:0\\x03 \\x02amp\\x03",
    "\\n~~~python exec='on'\\nprint(6 * 7)\\n~~~",
    "--8<-- 'pyproject.toml'",
]
MAY_STAND = {
    *("h1", "h2", "p", "div", "span", "a", "b", "img", "pre", "code", "details", "summary", "table", "em", "strong"),
    *("thead", "tbody", "tr", "td", "th", "input"),
}  # fmt: skip
MAY_SAY = {"class", "id", "name", "href", "src", "alt", "style", "tabindex", "data-search-exclude"}
NO_VALUE = re.compile(r"(?:javascript|data|vbscript):|elsewhere|url\(|galley-claim|mermaid|md-|__search", re.IGNORECASE)


class Foreign(HTMLParser):
    """Collects what may not stand in a page: elements, attributes and their values."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in MAY_STAND:
            self.found.append(tag)
        for name, value in attrs:
            plain_value = re.sub(r"[\x00-\x20]", "", value or "")
            if name not in MAY_SAY or NO_VALUE.search(plain_value):
                self.found.append(f'{tag} {name}="{value}"')


FAR_REACHING = """\
  - attr_list
  - pymdownx.snippets
  - pymdownx.superfences:
      custom_fences:
        - name: python
          class: python
          validator: !!python/name:markdown_exec.validator
          format: !!python/name:markdown_exec.formatter
  - galley
"""


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose records hold each of these texts, with extensions that would read files or set attributes."""
    guide = plain(GuideFolder.make(tmp_path_factory.mktemp("hostile")))
    settings = guide.root / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("  - galley\n", FAR_REACHING))
    cells = (f'# %% c{at}\nprint("""start\n{text}""")\n' for at, text in enumerate(HOSTILE))
    guide.snippet("one", "".join(cells))
    assert not guide.run().failures
    return guide


@pytest.mark.parametrize("options", ['html="yes"', 'html="yes" source="block"', 'source="below"', 'idprefix=""'])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_record_puts_nothing_into_a_page_that_runs_loads_or_deceives(
    hostile: GuideFolder, text: str, options: str
) -> None:
    html = shown(hostile, options, f"one/c{HOSTILE.index(text)}")
    assert "start" in html
    foreign = Foreign()
    foreign.feed(html)
    assert not foreign.found
    assert "\x02" not in html
    assert "required = true" not in html, "no file is read"
    assert "42" not in html, "nothing runs"


def test_what_was_left_out_of_an_output_is_said(guide: GuideFolder) -> None:
    guide.snippet("one", "# %% cell\nprint(\"<p onclick='x'>a</p><script>b</script>\")\n")
    assert not guide.run("one").failures
    said = "left out of the output, which is shown as HTML: p onclick, script"
    assert said in text_of(shown(guide, 'html="yes"', "one/cell"))
    assert said not in text_of(shown(guide, 'result="html"', "one/cell"))
    guide.snippet("one", '# %% cell\nprint("`<script>` is an element")\n')
    assert not guide.run("one").failures
    assert "left out" not in shown(guide, 'source="above"', "one/cell")


def test_markdown_execs_own_settings_are_as_before(guide: GuideFolder) -> None:
    config = markdown_exec.markdown_config
    config.save(["tables"], {"tables": {}})
    try:
        shown(guide, 'source="above"')
        assert (config.exts, config.exts_config) == (["tables"], {"tables": {}})
    finally:
        config.reset()


def test_a_heading_of_a_record_is_plain_text_in_the_pages_contents(guide: GuideFolder) -> None:
    heading = r"## A <img src=x onerror=alert(1)> \*b\* `<i>` & c"
    guide.snippet("one", f"# %% cell\nprint({heading!r})\n")
    assert not guide.run("one").failures
    contents = "{% for item in page.toc.items[0].children %}[{{ item.title | safe }}]{% endfor %}"
    guide.write("theme/main.html", f"<article>{contents}{{{{ page.content }}}}</article>\n")
    guide.page("one", '```python exec="on" cell="one/cell" source="above"\n```\n')
    html = builds("mkdocs", "one")(guide)
    assert re.findall(r"<article>\[(.*?)\]", html) == ["A *b* &lt;i&gt; &amp; c"]
    assert '<p><div class="galley-cell' not in html, "no paragraph around it"


def test_html_that_closes_more_than_it_opened_stays_in_its_place(guide: GuideFolder) -> None:
    guide.snippet("one", '# %% cell\nprint("<b>in</b></div></div><p>after</p>")\n')
    assert not guide.run("one").failures
    html = shown(guide, 'html="yes" source="block"', "one/cell")
    assert re.search(r'<div class="result">\s*<b>in</b>\s*<p>after</p>\s*</div>', html), html


def test_a_page_with_colours_has_the_styles_for_them(guide: GuideFolder) -> None:
    guide.page("one", '```python exec="on" cell="one/ansi"\n```\n')
    builds("mkdocs", "one")(guide)
    assert "--galley-red" in (guide.root / "site/one.html").read_text(encoding="utf-8")
    guide.page("one", '```python exec="on" cell="one/html"\n```\n')
    builds("mkdocs", "one")(guide)
    assert "--galley-red" not in (guide.root / "site/one.html").read_text(encoding="utf-8")


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Takes markdown-exec's formatting away, to show that the tests above would notice."""

    def take_away() -> None:
        monkeypatch.setattr(markdown_exec, "base_format", lambda *, run, code, **rest: run(code))

    return take_away


@pytest.mark.parametrize("options", [each for each in SHOWN if "source" in each or "result" in each])
def test_without_markdown_execs_formatting_it_looks_otherwise(
    guide: GuideFolder, options: str, without: Callable[[], None]
) -> None:
    cell = SHOWN[options]
    without()
    assert form(shown(guide, options, f"one/{cell}")) != form(run_by_markdown_exec(CODES[cell], options))


def test_each_option_is_described() -> None:
    described = Path(__file__).parents[2] / "scripts/galley/docs/fences.md"
    if not described.is_file():
        pytest.skip("galley is installed without its documentation")
    table = [line for line in described.read_text(encoding="utf-8").split("\n") if line.startswith("| `")]
    named = {name for line in table for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == {each.name for each in LAYOUT}


@pytest.mark.parametrize("option", ['html="yes"', 'source="above"'])
def test_more_text_than_can_be_formatted_in_time_is_told(folder: GuideFolder, option: str) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("timeout", "output_limit = 1000000\ntimeout"))
    folder.snippet("page", '# %% one\nprint("<div>" * 40_000)\n')
    folder.page("page", f'```python exec="on" cell="page/one" {option}\n```\n')
    assert not folder.run().failures
    said = folder.mkdocs().stdout
    assert "docs/page.md:3: page/one: the output has 200,001 characters, and at most 131,072 are formatted" in said
    assert 'result="text"' in said
    folder.page("page", '```python exec="on" cell="page/one" result="text"\n```\n')
    assert folder.mkdocs().returncode == 0


def test_printed_html_has_no_id_of_galleys_own_and_no_address_but_links(folder: GuideFolder) -> None:
    said = '<p id="cell-page-one">a</p><p id="mine">b</p><q cite="javascript:alert(1)">c</q>'
    folder.snippet("page", f"# %% one\nprint({said!r})\n")
    folder.page("page", '```python exec="on" cell="page/one" html="yes" idprefix=""\n```\n')
    assert not folder.run().failures
    assert folder.mkdocs().returncode == 0
    html = (folder.root / "site/page.html").read_text()
    assert html.count('id="cell-page-one"') == 1
    assert '<p id="mine">b</p>' in html
    assert "<q>c</q>" in html
