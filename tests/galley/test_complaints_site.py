"""Complaints about sites, from the trackers of galley's peers; `test_complaints.py` says which number has which test.

Where a builder's plug-in is not installed here, a hook of the builder does what the plug-in does.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from guide_folder import GuideFolder, fence

CELLS = "# %% one\nprint(6 * 7)\n# %% two\nprint('{{ a }} {% b %}')\n"
# What File.generated, mkdocs-gen-files, the blog of Material and mkdocs-macros do.
HOOK = '''
import tempfile
from pathlib import Path

from mkdocs.structure.files import File

FENCED = """# Made

```python exec="on" cell="demo/one"
```
"""


def on_files(files, config):
    place = tempfile.mkdtemp()
    Path(place, "away.md").write_text(FENCED, encoding="utf-8")
    files.append(File("away.md", place, config.site_dir, config.use_directory_urls))
    files.append(File.generated(config, "plain.md", content="# Plain"))
    files.append(File.generated(config, "ref/memory.md", content=FENCED))
    return files


def on_page_markdown(markdown, page, config, files):
    return markdown.replace("{{ lines }}", "line\\n\\n" * 9).replace("{{ cell }}", "two")
'''


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose pages come from everywhere, recorded."""
    root = tmp_path_factory.mktemp("complaints")
    folder = GuideFolder.make(root / "guide")
    settings = (folder.root / "mkdocs.yml").read_text(encoding="utf-8")
    settings += "  - pymdownx.snippets: {base_path: [parts], check_paths: true}\nhooks: [hook.py]\n"
    folder.write("mkdocs.yml", settings)
    folder.write("hook.py", HOOK)
    folder.snippet("demo", CELLS)
    folder.page("longer", f"{{{{ lines }}}}\n{fence('demo', 'one')}\nEnd.")
    folder.page("stashed", "\n\n".join(["<div>a</div>", *(["<div>`b`</div>"] * 120), fence("demo", "one")] * 2))
    folder.write("parts/part.md", f"Included.\n\n{fence('demo', 'two')}")
    folder.page("including", f'--8<-- "part.md"\n\n{fence("demo", "one")}')
    (root / "away").mkdir()
    folder.page("linked", fence("demo", "one"))
    (root / "away/inside.md").write_text(f"# Inside\n\n{fence('demo', 'two')}", encoding="utf-8")
    (folder.root / "docs/linked.md").rename(root / "away/linked.md")
    (folder.root / "docs/linked.md").symlink_to(root / "away/linked.md")
    (folder.root / "docs/sub").symlink_to(root / "away")
    assert folder.run().failures == {}
    return folder


@pytest.fixture(scope="module")
def site(recorded: GuideFolder) -> Path:
    """The site of these pages."""
    done = recorded.mkdocs()
    assert done.returncode == 0, done.stdout
    return recorded.root / "site"


@pytest.fixture
def spoilt(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy without links, which a test may spoil."""
    shutil.copytree(recorded.root, tmp_path / "guide", ignore=shutil.ignore_patterns("site", "sub", "linked.md"))
    return GuideFolder(tmp_path / "guide")


def shown(page: Path) -> list[str]:
    """The cells that a page of a site shows, in order."""
    return re.findall(r'id="?cell-demo-([\w-]+)', page.read_text(encoding="utf-8"))


def test_02_a_page_without_any_file_is_in_the_site_and_may_show_a_cell(site: Path) -> None:
    assert shown(site / "plain.html") == []
    assert shown(site / "ref/memory.html") == ["one"]


def test_03_a_page_whose_file_lies_in_a_temporary_folder_is_in_the_site(site: Path) -> None:
    assert shown(site / "away.html") == ["one"]


@pytest.mark.skipif(find_spec("material") is None, reason="mkdocs-material is not installed")
def test_03_the_blog_of_material_shows_cells_in_its_posts_and_excerpts(spoilt: GuideFolder) -> None:
    settings = (spoilt.root / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.replace("name: mkdocs", "name: material").replace("plugins: []", "plugins: [blog]")
    spoilt.write("mkdocs.yml", settings)
    spoilt.write("docs/blog/index.md", "# Blog\n")
    post = f"---\ndate: 2024-01-01\n---\n# First\n\n{fence('demo', 'one')}\n<!-- more -->\n\n{fence('demo', 'two')}"
    spoilt.write("docs/blog/posts/first.md", post)
    done = spoilt.mkdocs()
    assert done.returncode == 0, done.stdout
    assert shown(spoilt.root / "site/blog/2024/01/01/first.html") == ["one", "two"]
    assert shown(spoilt.root / "site/blog/index.html") == ["one"]
    assert spoilt.galley("check").returncode == 0


def test_04_links_in_the_folder_of_pages_are_followed(recorded: GuideFolder, site: Path) -> None:
    assert shown(site / "linked.html") == ["one"]
    assert shown(site / "sub/inside.html") == ["two"]
    assert Path("docs/sub/inside.md") in recorded.guide.pages
    done = recorded.galley("check")
    assert done.returncode == 0, done.stdout


def test_04_a_link_that_leads_back_is_read_once(spoilt: GuideFolder) -> None:
    before = set(spoilt.guide.pages)
    (spoilt.root / "docs/back").symlink_to(spoilt.root / "docs")
    assert set(spoilt.guide.pages) == before


def test_04_the_folder_of_pages_may_be_a_link(spoilt: GuideFolder) -> None:
    (spoilt.root / "docs").rename(spoilt.root.parent / "pages")
    (spoilt.root / "docs").symlink_to(spoilt.root.parent / "pages")
    assert spoilt.galley("check").returncode == 0
    done = spoilt.galley("build")
    assert done.returncode == 0, done.stdout
    assert shown(spoilt.root / "site/demo.html") == ["one", "two"]


def test_24_a_page_with_hundreds_of_blocks_of_html_shows_its_cells(site: Path) -> None:
    assert shown(site / "stashed.html") == ["one", "one-2"]


def test_25_an_included_text_may_show_a_cell(site: Path) -> None:
    assert shown(site / "including.html") == ["two", "one"]


def test_26_an_output_is_no_template_and_a_page_may_be_one_outside_of_its_fences(site: Path) -> None:
    assert "{{ a }} {% b %}" in (site / "demo.html").read_text(encoding="utf-8")
    assert shown(site / "longer.html") == ["one"]
    assert (site / "longer.html").read_text(encoding="utf-8").count("<p>line</p>") == 9


def test_26_check_and_build_refuse_a_name_that_a_template_is_to_write_at_its_line(spoilt: GuideFolder) -> None:
    spoilt.page("demo", f"{{{{ lines }}}}\n{fence('demo', '{{ cell }}')}\n{fence('demo', 'one')}")
    what = "a plug-in is to write the cell's name, and galley reads the page as it lies on the disk"
    assert f"docs/demo.md:4: unreadable: {what}" in spoilt.galley("check").stdout
    done = spoilt.mkdocs()
    assert done.returncode == 1
    assert f"docs/demo.md:4: {what}\n    name the cell itself, in a fence for each: " in done.stdout


def test_26_check_and_build_name_one_line_of_a_page_that_a_plug_in_changed(spoilt: GuideFolder) -> None:
    spoilt.page("demo", f"{{{{ lines }}}}\n{fence('demo', 'gone')}\n{fence('demo', 'one')}")
    assert "docs/demo.md:4: unknown: no cell is named 'demo/gone'" in spoilt.galley("check").stdout
    assert "docs/demo.md:4: no cell is named 'demo/gone'" in spoilt.mkdocs().stdout
    off = fence("demo", "one").replace('"on"', '"off"')
    spoilt.page("demo", f"{{{{ lines }}}}\n{off}")
    assert spoilt.mkdocs().stdout.count("docs/demo.md:4: ") == 1, "both readings of the page find it"


def test_26_no_line_is_named_where_it_cannot_be_known(spoilt: GuideFolder) -> None:
    hook = HOOK.replace('cell="demo/one"', 'cell="demo/gone"')
    spoilt.write("hook.py", hook)
    done = spoilt.mkdocs()
    assert done.returncode == 1
    assert re.search(r"\ndocs/(away|ref/memory)\.md: no cell is named 'demo/gone'", done.stdout), done.stdout


def test_26_an_export_says_what_a_plug_in_would_have_filled_in(spoilt: GuideFolder) -> None:
    spoilt.page(
        "demo", f"It is {{{{ lines }}}}, and `{{{{ code }}}}` is code.\n\n{fence('demo', 'one')}{fence('demo', 'two')}"
    )
    done = spoilt.galley("export", "demo", "--output", "-")
    told = (
        "not shown: docs/demo.md: 1 template's line, which a plug-in of the builder fills in; the copy that the site "
    )
    assert f"{told}offers has it\n" in done.stdout
    assert "# It is {{ lines }}," in done.stdout


def test_26_a_page_of_another_folder_or_ending_is_told_with_its_mend(spoilt: GuideFolder) -> None:
    (spoilt.root / "docs/demo.md").rename(spoilt.root / "docs/demo.markdown")
    assert "docs/demo.markdown: unreadable: shows cells, and pages with cells end in .md\n    rename it: demo.md" in (
        spoilt.galley("check").stdout
    )
    (spoilt.root / "docs/demo.markdown").rename(spoilt.root / "docs/demo.md")
    (spoilt.root / "docs").rename(spoilt.root / "pages")
    settings = (spoilt.root / "mkdocs.yml").read_text(encoding="utf-8")
    spoilt.write("mkdocs.yml", f"docs_dir: pages\n{settings}")
    for command in ("check", "build"):
        done = spoilt.galley(command)
        assert (
            "mkdocs.yml:1: other pages: the builder makes its site of the pages in pages, and galley reads docs\n"
            in (done.stdout)
        )
        assert done.returncode == 1
    settings = (spoilt.root / "pyproject.toml").read_text(encoding="utf-8")
    spoilt.write("pyproject.toml", settings.replace("[tool.galley]\n", '[tool.galley]\ndocs = "pages"\n', 1))
    assert spoilt.galley("check").returncode == 0


def test_26_a_folder_that_begins_with_a_dot_has_no_pages(spoilt: GuideFolder) -> None:
    spoilt.write("docs/.drafts/x.md", f"# X\n\n{fence('demo', 'gone')}")
    assert spoilt.galley("check").returncode == 0
    assert spoilt.mkdocs().returncode == 0


PLUGINS = {
    "awesome-pages": ("mkdocs_awesome_pages_plugin", "awesome-pages", {}),
    "gen-files": (
        "mkdocs_gen_files",
        "gen-files: {scripts: [gen.py]}",
        {
            "gen.py": "import mkdocs_gen_files\n"
            "with mkdocs_gen_files.open('made.md', 'w') as file:\n"
            '    print(\'# Made\\n\\n```python exec="on" cell="demo/one"\\n```\', file=file)\n'
        },
    ),
    "include-markdown": (
        "mkdocs_include_markdown_plugin",
        "include-markdown",
        {"docs/made.md": "# Made\n\n{% include-markdown '../parts/part.md' %}\n"},
    ),
    "macros": ("mkdocs_macros", "macros", {"docs/made.md": f"# {{{{ 6 * 7 }}}}\n\n{fence('demo', 'one')}"}),
    "minify": ("mkdocs_minify_plugin", "minify: {minify_html: true}", {}),
    "mkdocstrings": (
        "mkdocstrings",
        "mkdocstrings: {handlers: {python: {paths: [.]}}}",
        {
            "package.py": "".join(f'def f{at}(x: int) -> int:\n    """Do {at}."""\n' for at in range(120)),
            "docs/made.md": f"# Made\n\n{fence('demo', 'one')}\n::: package\n\n{fence('demo', 'two')}",
        },
    ),
    "search": ("mkdocs", "search", {}),
    "section-index": ("mkdocs_section_index", "section-index", {}),
    "tags": ("material", "tags", {"docs/made.md": f"---\ntags: [a]\n---\n# Made\n\n{fence('demo', 'one')}"}),
}


@pytest.mark.parametrize("name", PLUGINS)
def test_54_a_site_with_the_plug_in_builds_and_shows_the_cells(spoilt: GuideFolder, name: str) -> None:
    module, setting, files = PLUGINS[name]
    if find_spec(module) is None or find_spec("material") is None:
        pytest.skip(f"mkdocs-{name} or mkdocs-material is not installed")
    for path, text in files.items():
        spoilt.write(path, text)
    settings = (spoilt.root / "mkdocs.yml").read_text(encoding="utf-8")
    settings = settings.replace("name: mkdocs", "name: material").replace("plugins: []", f"plugins:\n  - {setting}")
    spoilt.write("mkdocs.yml", settings.replace("hooks: [hook.py]\n", ""))
    (spoilt.root / "docs/longer.md").unlink()  # its template is the hook's
    done = spoilt.call([sys.executable, "-m", "mkdocs", "build", "--strict", "-f", "mkdocs.yml"])
    assert done.returncode == 0, done.stdout
    for page in ("demo", *(["made"] if files else [])):
        assert shown(spoilt.root / f"site/{page}.html")


@pytest.mark.skipif(
    not (find_spec("mike") and find_spec("material")), reason="mike or mkdocs-material is not installed"
)
def test_53_each_version_that_mike_deploys_shows_the_cells(spoilt: GuideFolder) -> None:
    settings = (spoilt.root / "mkdocs.yml").read_text(encoding="utf-8")
    spoilt.write("mkdocs.yml", settings.replace("name: mkdocs", "name: material"))
    who = {f"GIT_{who}_{what}": "a@b.example" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for line in ("git init -q -b main .", "git add -A", "git commit -qm x"):
        assert spoilt.call(line.split(), **who).returncode == 0
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = spoilt.call(
        [sys.executable, "-c", "from mike.driver import main\nmain()", "deploy", "1.0"], **who, PATH=path
    )
    assert done.returncode == 0, done.stdout
    page = spoilt.call(["git", "show", "gh-pages:1.0/demo.html"]).stdout
    assert 'id="cell-demo-one"' in page
