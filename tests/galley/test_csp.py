"""The Content-Security-Policy of a built site: which scripts it names, and what a build says that it would stop."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builders import BUILDERS
from galley.errors import Exit, NotBuiltError
from galley.site.csp import BEGIN, END, protect
from galley.site.loads import BuiltPage
from guide_folder import SETTINGS, GuideFolder, fence

THEME = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{{ page.title }}</title>
<script>first()</script>
<script type="application/json">{"a": 1}</script>
</head>
<body><article>{{ page.content }}</article>
<script src="app.js"></script>
<script>last("{{ page.title }}")</script>
</body>
</html>
"""
RAW = """\
from galley import Form, Kind

class Raw(Kind):
    name = tag = "raw"

    def of_value(self, value, asked):
        return (Form("text/plain", "txt", value.encode()),)

    def html(self, shown, at):
        return shown.forms[0].text
"""
ON = "csp = true\n"


def sha256(script: str) -> str:
    """The source that names a script."""
    return f"'sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


class Policies(HTMLParser):
    """The policies of a page, and how many elements stand before the first."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[dict[str, list[str]]] = []
        self.before: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            parts = [each.split() for each in (given["content"] or "").split(";")]
            self.found.append({name: sources for name, *sources in parts})
        elif not self.found:
            self.before.append(tag)


def policy(page: Path) -> dict[str, list[str]]:
    """The one policy of a page, by directive."""
    (found,) = Policies(page.read_text(encoding="utf-8")).found
    return found


def set_to(folder: GuideFolder, settings: str) -> None:
    """Have these settings in place of what a test had before."""
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", f"[tool.galley]\n{settings}\n", 1))


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with two pages, one of them with a record, and a theme with scripts."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"))
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    folder.write("mkdocs.yml", settings.replace("name: mkdocs", "name: null\n  custom_dir: theme"))
    folder.write("theme/main.html", THEME)
    set_to(folder, ON)
    folder.snippet("one", "# %% a\nprint(1)\n")
    folder.page("index", "Words.\n", title="Start")
    assert not folder.run().failures
    return folder


def test_a_page_names_its_own_scripts_and_the_header_those_of_all_pages(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    site, first = guide.root / "site", sha256("first()")
    one, index = policy(site / "one.html"), policy(site / "index.html")
    assert one["script-src"] == ["'self'", first, sha256('last("A page")')]
    assert index["script-src"] == ["'self'", first, sha256('last("Start")')]
    assert one["default-src"] == ["'self'"]
    assert one["object-src"] == one["base-uri"] == ["'none'"]
    assert "frame-ancestors" not in one, "browsers complain of it in a page"
    headers = (site / "_headers").read_text(encoding="utf-8")
    _, pattern, header = headers.splitlines()
    assert pattern == "/*"
    said = dict(each.strip().split(" ", 1) for each in header.removeprefix("  Content-Security-Policy: ").split(";"))
    assert set(said["script-src"].split()) == {*one["script-src"], *index["script-src"]}
    assert said["frame-ancestors"] == "'self'"


def test_the_policy_stands_above_all_that_it_holds_for(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    page = Policies((guide.root / "site/one.html").read_text(encoding="utf-8"))
    assert page.before == ["html", "head", "meta"]


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("", "<article>x</article>"),
        ("<!DOCTYPE html>\n<html>\n<head>", "\n<script>a</script></head>"),
        ("<!doctype html><html lang='>'><head><meta charset='utf-8'><meta name='a'>", "<meta http-equiv='refresh'>"),
        ("<!-- a --><!doctype html>", "<title>a</title><head><meta charset='utf-8'>"),
        ("", "words <html><head>"),
    ],
)
def test_where_the_policy_belongs(above: str, below: str) -> None:
    assert BuiltPage(above + below).top == len(above)


def test_what_the_policy_changed_is_listed_as_galleys_own(guide: GuideFolder) -> None:
    for title in ("A page", "Another"):
        guide.page("one", fence("one", "a"), title=title)
        assert guide.galley("build").returncode == Exit.OK, "each file of the last site is as it was made"
    made = json.loads((guide.root / "site/.galley-site.json").read_text(encoding="utf-8"))
    assert {"_headers", "one.html"} <= set(made["files"])


def test_without_the_setting_the_site_is_as_the_builder_makes_it(guide: GuideFolder) -> None:
    set_to(guide, "")
    assert guide.galley("build").returncode == Exit.OK
    text = (guide.root / "site/one.html").read_text(encoding="utf-8")
    assert not Policies(text).found
    assert BEGIN not in text
    assert not (guide.root / "site/_headers").exists()


# What a page has; what is told of it; and the setting that the message names, unless there is none.
STOPPED: dict[str, tuple[str, str, str]] = {
    "a script": (
        '<script src="https://a.example/x.js"></script>', 'the policy stops <script src="https://a.example/x.js">',
        'script-src = ["https://a.example"]'
    ),
    "a style sheet": (
        '<link href="//a.example:8080/x.css" rel="stylesheet">', "the policy stops <link href=",
        'style-src = ["https://a.example:8080"]'
    ),
    "a picture": ('<img src="http://a.example/x.png">', "the policy stops <img", 'img-src = ["http://a.example"]'),
    "pictures": (
        '<img srcset="a.png 1x, https://a.example/x.png 2x">', "the policy stops <img",
        'img-src = ["https://a.example"]'
    ),
    "a picture in a drawing": (
        '<svg><image xlink:href="https://a.example/x.png"/></svg>', "the policy stops <image",
        'img-src = ["https://a.example"]'
    ),
    "an icon": (
        '<link rel="shortcut icon" href="https://a.example/x.ico">', "the policy stops <link",
        'img-src = ["https://a.example"]'
    ),
    "a font ahead": (
        '<link rel="preload" as="font" href="https://a.example/x.woff2">', "the policy stops <link",
        'font-src = ["https://a.example"]'
    ),
    "a film": ('<video src="https://a.example/x"></video>', "the policy stops <video", 'media-src = ["https://a.example"]'),
    "a frame": (
        '<iframe src="https://a.example/x"></iframe>', "the policy stops <iframe", 'frame-src = ["https://a.example"]'
    ),
    "an object": ('<object data="x.pdf"></object>', "the policy stops <object", "object-src = [\"'self'\"]"),
    "data that would run": (
        '<script src="data:text/javascript,1"></script>', "the policy stops <script", 'script-src = ["data:"]'
    ),
    "a form": (
        '<form action="https://a.example/x"></form>', "the policy stops <form", 'form-action = ["https://a.example"]'
    ),
    "a base": ('<base href="sub/">', "the policy stops <base", "base-uri = [\"'self'\"]"),
    "a handler": ('<b OnClick="a()">x</b>', 'the policy stops the script in onclick of <b OnClick="a()">', ""),
    "an address that runs": (
        '<a href=" java\nscript:a()">x</a>', "the policy stops the script in href of <a href=", ""
    ),
}  # fmt: skip


def stops(folder: GuideFolder, element: str) -> str:
    """What is told of a site with an element on its two pages; empty where it gets its policy."""
    for name in ("index.html", "one.html"):
        folder.write(f"built/{name}", THEME.replace("</article>", f"</article>\n{element}"))
    try:
        protect(folder.project, folder.root / "built")
    except NotBuiltError as error:
        for name in ("index.html", "one.html"):
            assert not Policies((folder.root / "built" / name).read_text(encoding="utf-8")).found
        return str(error)
    return ""


@pytest.mark.parametrize("case", STOPPED)
def test_what_the_policy_would_stop_is_told_with_the_setting_that_allows_it(folder: GuideFolder, case: str) -> None:
    element, told, setting = STOPPED[case]
    said = stops(folder, element)
    assert said.startswith(f"index.html:10: {told}")
    assert "and 1 other page" in said
    mend = (
        f"under [tool.galley.csp_sources]: {setting}" if setting else "move it into a file that extra_javascript names"
    )
    assert said.endswith(f"\n    {mend}; or leave the policy out: csp = false")
    if setting:
        folder.write("pyproject.toml", f"{SETTINGS}\n[tool.galley.csp_sources]\n{setting}\n")
        assert not stops(folder, element), "the setting that is named mends it"
        sources = policy(folder.root / "built/one.html")[setting.partition(" ")[0]]
        assert "'none'" not in sources, "it counts alone"


@pytest.mark.parametrize("source", ["https://*.example", "https:", "*"])
def test_what_the_settings_allow_is_told_no_more(folder: GuideFolder, source: str) -> None:
    set_to(folder, f"csp_sources = {{ img-src = ['{source}'] }}")
    assert not stops(folder, '<img src="https://a.example/x.png">')
    assert policy(folder.root / "built/one.html")["img-src"] == ["'self'", "data:", source]


def test_what_nothing_loads_is_not_told(folder: GuideFolder) -> None:
    harmless = (
        '<a href="https://a.example/">x</a><img src="data:image/png;base64,AA"><img src="a.png"><form action=""></form>'
        '<link rel="canonical" href="https://a.example/"><link rel="preconnect" href="https://a.example/">'
        '<iframe src="about:blank"></iframe><b class="on" data-onclick="a()">javascript:a()</b>'
    )
    assert not stops(folder, harmless)


def test_a_build_that_the_policy_stops_leaves_the_site_as_it_is(guide: GuideFolder) -> None:
    guide.write("theme/main.html", THEME.replace("</article>", '</article><b onclick="a()">x</b>'))
    done = guide.galley("build")
    assert done.returncode == Exit.NOT_TRUE
    assert "the policy stops the script in onclick of <b onclick=" in done.stdout
    assert not (guide.root / "site").exists()
    set_to(guide, "csp = false")
    assert guide.galley("build").returncode == Exit.OK


SCRIPT = "<script>stolen()</script>"
BREAKOUTS = {
    "as it is": SCRIPT,
    "out of the article": f"</code></pre></div></div></article></body>{SCRIPT}",
    "after a mark of its own": f"{END}{SCRIPT}",
    "with the true mark in a comment": f"{END}{SCRIPT}<!--",
    "with the true mark in a text": f"{END}{SCRIPT}<textarea>",
    "before another beginning": f"{SCRIPT}{BEGIN}",
    "between marks": f"{END}{SCRIPT}{BEGIN}",
}


@pytest.mark.parametrize("case", BREAKOUTS)
def test_no_script_in_what_a_page_shows_is_trusted(folder: GuideFolder, case: str) -> None:
    shown = f"{BEGIN}<div class=galley-cell><pre>{BREAKOUTS[case]}</pre></div>{END}"
    folder.write("built/index.html", THEME.replace("{{ page.content }}", shown))
    with pytest.raises(NotBuiltError, match="stands among what a page shows, where no script is trusted") as told:
        protect(folder.project, folder.root / "built")
    allowed = f'or, if it is yours, under [tool.galley.csp_sources]: script-src = ["{sha256("stolen()")}"]'
    assert allowed in str(told.value)


def test_a_hole_in_the_escaping_of_a_kind_stops_the_build(guide: GuideFolder) -> None:
    guide.write("snippets/mine.py", RAW)
    set_to(guide, f'plugins = ["mine:Raw"]\n{ON}')
    guide.snippet("two", f"# %% a [raw]\nstr({SCRIPT!r})\n")
    done = guide.galley("build")
    assert done.returncode == Exit.NOT_TRUE
    assert "two.html:" in done.stdout
    assert "no script is trusted" in done.stdout
    assert not (guide.root / "site").exists()


def test_a_script_of_a_plug_in_runs_where_its_author_says_so(guide: GuideFolder) -> None:
    guide.write("snippets/mine.py", RAW)
    allowed = f'csp_sources = {{ script-src = ["{sha256("stolen()")}"] }}'
    set_to(guide, f'plugins = ["mine:Raw"]\n{ON}{allowed}')
    guide.snippet("two", f"# %% a [raw]\nstr({SCRIPT!r})\n")
    done = guide.galley("build")
    assert done.returncode == Exit.OK, done.stdout


def test_a_script_of_the_authors_on_a_page_without_records_is_theirs(guide: GuideFolder) -> None:
    guide.page("index", "<script>mine()</script>\n", title="Start")
    assert guide.galley("build").returncode == Exit.OK
    assert sha256("mine()") in policy(guide.root / "site/index.html")["script-src"]
    assert sha256("mine()") not in policy(guide.root / "site/one.html")["script-src"]


def test_a_plug_in_that_takes_the_marks_out_is_told(guide: GuideFolder) -> None:
    guide.write("smaller.py", "def on_post_page(output, **rest):\n    return output.replace('<!--/galley', '<!--')\n")
    settings = (guide.root / "mkdocs.yml").read_text(encoding="utf-8")
    guide.write("mkdocs.yml", f"{settings}hooks: [smaller.py]\n")
    done = guide.galley("build")
    assert done.returncode == Exit.NOT_TRUE
    assert f"of galley's is not between {BEGIN} and {END}" in done.stdout
    guide.write("mkdocs.yml", settings)
    assert guide.galley("build").returncode == Exit.OK


def test_ends_of_lines_count_as_browsers_read_them(folder: GuideFolder) -> None:
    own = folder.write("built/own.html", "")
    own.write_bytes(b"\xef\xbb\xbf<!doctype html>\r\n<script>a\r\nb\rc</script>\r\n")
    protect(folder.project, own.parent)
    assert policy(own)["script-src"] == ["'self'", sha256("a\nb\nc")]
    assert b"<script>a\r\nb\rc</script>\r\n" in own.read_bytes()


@pytest.mark.parametrize("page", [b"<!doctype html>\xff", b"<![x[a]]>"], ids=["no UTF-8", "no HTML"])
def test_a_page_that_cannot_be_read_is_told(folder: GuideFolder, page: bytes) -> None:
    folder.write("built/own.html", "").write_bytes(page)
    with pytest.raises(NotBuiltError, match=r"\Aown\.html: "):
        protect(folder.project, folder.root / "built")


@pytest.mark.parametrize("builder", [name for name in BUILDERS if name != "zensical"])
def test_the_command_does_it_for_the_site_of_another_builder(guide: GuideFolder, builder: str) -> None:
    guide.page("index", fence("one", "a"))
    BUILDERS[builder](guide)
    site = guide.root / "site"
    assert not Policies((site / "one.html").read_text(encoding="utf-8")).found
    done = guide.galley("csp", "site")
    assert done.returncode == Exit.OK, done.stdout
    assert sha256("first()") in policy(site / "one.html")["script-src"]
    former = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    assert guide.galley("csp", "site").returncode == Exit.OK
    assert former == {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}, "twice is once"


def test_a_site_that_cannot_have_it_from_the_command_is_told(guide: GuideFolder) -> None:
    done = guide.galley("csp", "nowhere")
    assert (done.returncode, "nowhere: is no folder of a site" in done.stdout) == (Exit.USAGE, True)
    assert guide.galley("build").returncode == Exit.OK
    done = guide.galley("csp", "site")
    assert (done.returncode, "galley build made this site" in done.stdout) == (Exit.REFUSED, True)
    set_to(guide, "")
    done = guide.galley("csp", "site")
    assert (done.returncode, "set csp = true under [tool.galley]" in done.stdout) == (Exit.USAGE, True)


def test_a_header_file_of_the_guide_stays(guide: GuideFolder) -> None:
    guide.write("docs/_headers", "/*\n  X-Frame-Options: DENY\n")
    assert guide.galley("build").returncode == Exit.OK
    assert (guide.root / "site/_headers").read_text(encoding="utf-8") == "/*\n  X-Frame-Options: DENY\n"


def test_no_link_is_followed(guide: GuideFolder) -> None:
    assert guide.mkdocs().returncode == 0
    other = guide.write("other.txt", "mine")
    for name in ("_headers", "linked.html"):
        (guide.root / "site" / name).symlink_to(other)
    assert guide.galley("csp", "site").returncode == Exit.OK
    assert other.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize("source", ["https://a.example; x", "", "a,b", 'a"b', "a b", "é", "a\\u000ab"])
def test_what_would_change_the_policy_is_no_source(guide: GuideFolder, source: str) -> None:
    written = source.replace('"', '\\"')
    set_to(guide, f'{ON}csp_sources = {{ img-src = ["{written}"] }}')
    done = guide.galley("check")
    assert done.returncode == Exit.BAD_INPUT
    assert "is not a list of sources" in done.stdout
