"""What a reader gets from the site: offered files, and notebooks and scripts that fetch them from there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from galley.errors import GalleyError, RefusedError
from galley.export.address import Site, is_placeholder
from galley.export.offered import offered, size
from guide_folder import SETTINGS, GuideFolder, fence

FILES = """
[tool.galley.files]
"helper.py" = "snippets/helper.py"
"words.zip" = "snippets/data/words"
"deep.txt" = "snippets/data/deep.txt"
"""
CODE = """\
# %% one
from pathlib import Path

from helper import double

print(double(21), Path("data/words/b c.txt").read_text(), Path("data/deep.txt").read_text())
"""
PRINTED = "42 bee below\n"


class Quiet(SimpleHTTPRequestHandler):
    """A file server that says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which a folder, which may come to be later, is served on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def at(folder: GuideFolder, **settings: str) -> None:
    """Give the guide's builder more settings."""
    path = folder.root / "mkdocs.yml"
    more = "".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items())
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose page needs a module, a folder and a file in a folder, all of which the site offers."""
    settings = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["data"]\n') + FILES
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("recorded"), settings))
    folder.write("snippets/helper.py", "def double(n):\n    return 2 * n\n")
    folder.write("snippets/data/words/a.txt", "ay")
    folder.write("snippets/data/words/b c.txt", "bee")
    folder.write("snippets/data/deep.txt", "below")
    folder.write("snippets/one.py", CODE)
    folder.page("one", fence("one", "one"))
    folder.page("offers", '```python exec="on" list="files"\n```\n')
    assert not folder.run().failures
    return folder


@pytest.fixture
def guide(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """The guide in a copy that a test may spoil."""
    return recorded.copied(tmp_path / "guide")


def fetched(address: str, name: str, to: Path) -> str:
    """A file of the site, saved into an empty folder as a reader does."""
    to.mkdir()
    subprocess.run(["curl", "-fsSO", f"{address}{name}"], cwd=to, check=True)
    return (to / name).read_text(encoding="utf-8")


def ran(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a plain Python in a folder, as a notebook's kernel runs cell after cell."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    run = [sys.executable, "-"]
    return subprocess.run(
        run, cwd=folder, env=environment, input=code, capture_output=True, text=True, timeout=60, check=False
    )


def code_of(notebook: str) -> list[str]:
    """The source of each code cell of a notebook."""
    return ["".join(each["source"]) for each in json.loads(notebook)["cells"] if each["cell_type"] == "code"]


@pytest.mark.parametrize("name", BUILDERS)
def test_a_notebook_fetches_what_it_needs_from_the_site(name: str, guide: GuideFolder, tmp_path: Path) -> None:
    builder: Callable[[GuideFolder], None] = BUILDERS[name]
    with served(guide.root / "site") as address:
        at(guide, site_url=address)
        builder(guide)
        first, second = code_of(fetched(address, "one.ipynb", tmp_path / "clean"))
        done = ran(f"{first}\n{second}", tmp_path / "clean")
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr
    again = ran(f"{first}\n{second}", tmp_path / "clean")
    assert (again.returncode, again.stdout) == (0, PRINTED), "what is there is not fetched again: the site is gone"


def test_a_scripts_head_has_the_commands_that_make_it_run(guide: GuideFolder, tmp_path: Path) -> None:
    with served(guide.root / "site") as address:
        at(guide, site_url=address)
        BUILDERS["mkdocs"](guide)
        script = fetched(address, "one.py", tmp_path / "clean")
        commands = [line.removeprefix("#     ") for line in script.splitlines() if line.startswith("#     ")]
        assert len(commands) == 4
        for command in commands:
            words = shlex.split(command)
            words = [sys.executable, *words[1:]] if words[0] == "python" else words
            subprocess.run(words, cwd=tmp_path / "clean", check=True)
    done = ran((tmp_path / "clean/one.py").read_text(encoding="utf-8"), tmp_path / "clean")
    assert (done.returncode, done.stdout) == (0, PRINTED), done.stderr


def test_a_notebook_refuses_a_file_that_is_another_by_now(guide: GuideFolder, tmp_path: Path) -> None:
    with served(guide.root / "site") as address:
        at(guide, site_url=address)
        BUILDERS["mkdocs"](guide)
        first, _ = code_of(fetched(address, "one.ipynb", tmp_path / "clean"))
        guide.write("site/files/helper.py", "def double(n):\n    return 0\n")
        done = ran(first, tmp_path / "clean")
    assert done.returncode == 1
    assert "files/helper.py has changed: download this notebook again" in done.stderr
    assert not (tmp_path / "clean/helper.py").exists()


@pytest.mark.parametrize("settings", [{}, {"site_url": "https://example.invalid/"}])
def test_without_an_address_files_are_said_to_lie_in_the_site(
    settings: dict[str, str], guide: GuideFolder, tmp_path: Path
) -> None:
    at(guide, **settings)
    said = guide.galley("build")
    assert said.returncode == 0, said.stdout
    assert (
        "until site_url is the site's address, notebooks and scripts cannot fetch their files; these lie in site/files"
        in (said.stdout)
    )
    script = (guide.root / "site/one.py").read_text(encoding="utf-8")
    assert script.startswith(
        "# Needs beside this file, of the built site, in its folder files/ (the site has no address"
    )
    assert "invalid" not in script
    first, second = code_of((guide.root / "site/one.ipynb").read_text(encoding="utf-8"))
    (tmp_path / "clean").mkdir()
    done = ran(first, tmp_path / "clean")
    assert "helper.py is missing: set SITE to the address of the guide's site" in done.stderr
    with served(guide.root / "site") as address:
        mended = first.replace('SITE = ""', f'SITE = "{address}"')
        done = ran(f"{mended}\n{second}", tmp_path / "clean")
    assert (done.returncode, done.stdout) == (0, PRINTED), "the mend that the message names mends it"


@pytest.mark.parametrize(
    "address",
    ["https://example.invalid/", "https://guide.example", "http://example.org/x/", "", "http://127.0.0.1:8000/"],
)
def test_publishing_refuses_a_placeholder(address: str, guide: GuideFolder) -> None:
    at(guide, site_url=address)
    line = (guide.root / "mkdocs.yml").read_text(encoding="utf-8").split("\n").index(f'site_url: "{address}"') + 1
    said = guide.galley("build", "--publish")
    assert (said.returncode, (guide.root / "site").exists()) == (5, False), said.stdout
    assert said.stdout.startswith(f"mkdocs.yml:{line}: site_url is '{address}', and no reader can find the site there")
    assert "set site_url to the address at which the site is published" in said.stdout
    guide.write("mkdocs.yml", (guide.root / "mkdocs.yml").read_text("utf-8").replace(f'"{address}"', "https://a.b.io/"))
    assert guide.galley("build", "--publish").returncode == 0
    assert "https://a.b.io/files/helper.py" in (guide.root / "site/one.py").read_text(encoding="utf-8")


def test_what_is_a_placeholder() -> None:
    nowhere = ["", "x", "/guide/", "ftp://a.io/", "https://", "https://[", "http://EXAMPLE.com", "http://a.test./"]
    assert [each for each in nowhere if not is_placeholder(each)] == []
    somewhere = ["https://a.io", "http://127.0.0.1:8000/", "https://myexample.com/", "https://test.a.io/example"]
    assert [each for each in somewhere if is_placeholder(each)] == []


def test_services_that_open_a_notebook_follow_from_the_two_addresses(guide: GuideFolder) -> None:
    repository = "https://github.com/me/guide/"
    pages = Site.of("https://me.github.io/guide", repository, "gh-pages")
    assert pages.launches("a/b.ipynb") == [
        ("Colab", "https://colab.research.google.com/github/me/guide/blob/gh-pages/a/b.ipynb"),
        (
            "Kaggle",
            "https://www.kaggle.com/kernels/welcome?src=https%3A%2F%2Fme.github.io%2Fguide%2Fa%2Fb.ipynb",
        ),
    ]
    elsewhere = Site.of("https://guide.io/", repository, "gh-pages")
    assert [title for title, _ in elsewhere.launches("b.ipynb")] == ["Kaggle"]
    assert Site.of("http://127.0.0.1:8000/", repository, "gh-pages").launches("b.ipynb") == []
    assert Site.of("https://example.invalid/", "https://example.invalid/x", "main") == Site(branch="main")
    at(guide, site_url="https://me.github.io/guide/", repo_url="https://github.com/me/guide")
    BUILDERS["mkdocs"](guide)
    assert 'guide/blob/gh-pages/one.ipynb">Colab</a>' in article(guide.root / "site", "one")


def test_a_page_links_to_its_files_and_carries_none(guide: GuideFolder) -> None:
    BUILDERS["mkdocs"](guide)
    html = article(guide.root / "site", "one")
    assert '<a href="one.ipynb" download>notebook</a> · <a href="one.py" download>script</a> · ' in html
    assert '<a href="files/words.zip" download>words.zip</a> (' in html
    assert "base64" not in html


def test_the_list_of_files_has_link_size_digest_and_source(guide: GuideFolder) -> None:
    BUILDERS["mkdocs"](guide)
    html = article(guide.root / "site", "offers")
    for each in offered(guide.project):
        path = guide.root / "site" / each.address
        assert path.read_bytes() == each.data
        assert f'<a href="files/{each.name}" download>{each.name}</a>' in html
        assert hashlib.sha256(each.data).hexdigest() in html
        (path.parent / f"{each.name}.sha256").read_text(encoding="utf-8")
        subprocess.run(["sha256sum", "--check", "--status", f"{each.name}.sha256"], cwd=path.parent, check=True)
    assert '<span class="k">def</span>' in html, "a module's source is highlighted"
    assert "<li><code>data/words/b c.txt</code> 3 bytes</li>" in html


@pytest.mark.parametrize(("size", "shown"), [(50_000, True), (50_001, False)])
def test_a_long_file_is_offered_and_not_shown(size: int, shown: bool, guide: GuideFolder) -> None:
    guide.write("snippets/helper.py", "def double(n):\n    return 2 * n\n".ljust(size, "#"))
    assert guide.run().failures == {}
    BUILDERS["mkdocs"](guide)
    html = article(guide.root / "site", "offers")
    assert '<a href="files/helper.py" download>helper.py</a>' in html
    assert ('<span class="k">def</span>' in html) == shown


def test_an_archive_is_the_same_whatever_the_disk_says(guide: GuideFolder) -> None:
    _, first, _ = offered(guide.project)
    names = zipfile.ZipFile(io.BytesIO(first.data)).namelist()
    assert names == ["data/words/a.txt", "data/words/b c.txt"]
    words = guide.root / "snippets/data/words"
    guide.write("snippets/data/words/__pycache__/x.pyc", "compiled")
    guide.write("snippets/data/words/.hidden", "hidden")
    (words / "link.txt").symlink_to(guide.root / "pyproject.toml")
    for path in (words / "b c.txt", words / "a.txt"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    _, second, _ = offered(guide.project)
    assert second.data == first.data
    guide.write("snippets/data/words/a.txt", "another")
    _, third, _ = offered(guide.project)
    assert third.sha256 != first.sha256


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ('"x.py" = "snippets/none.py"', "files.x.py = 'snippets/none.py' under [tool.galley] cannot be offered"),
        ('"x.zip" = "snippets/helper.py"', "files.x.zip = 'snippets/helper.py' under"),
        ('"x" = "snippets/data"', "files.x = 'snippets/data' under"),
        ('"x.txt" = "../outside.txt"', "files.x.txt = '../outside.txt' under"),
        ('"x.txt" = "snippets/away.txt"', "files.x.txt = 'snippets/away.txt' under"),
        ('"HELPER.py" = "snippets/helper.py"', "has 'helper.py' twice, in other letters"),
        ('"../x.py" = "snippets/helper.py"', "has '../x.py', which is not a file's plain name"),
        ('"x.sha256" = "snippets/helper.py"', "has 'x.sha256', which is not a file's plain name"),
    ],
)
def test_a_file_that_cannot_be_offered_is_told_with_its_line(setting: str, what: str, guide: GuideFolder) -> None:
    (guide.root.parent / "outside.txt").write_text("outside", encoding="utf-8")
    (guide.root / "snippets/away.txt").symlink_to(guide.root.parent / "outside.txt")
    text = (guide.root / "pyproject.toml").read_text(encoding="utf-8") + setting + "\n"
    guide.write("pyproject.toml", text)
    with pytest.raises(GalleyError, match=re.escape(what)) as told:
        offered(guide.project)
    lines = [text.count("\n"), text[: text.index('"helper.py"')].count("\n") + 1]
    assert told.value.place is not None
    assert told.value.place.line in lines
    said = guide.galley("build")
    assert (said.returncode == 0, what in said.stdout) == (False, True), said.stdout


def test_a_file_of_the_docs_folder_is_not_replaced(guide: GuideFolder) -> None:
    guide.write("docs/one.py", "mine = True\n")
    said = guide.galley("build")
    assert said.returncode != 0
    assert "docs/one.py: the site would have this file and one that galley makes at one.py" in said.stdout
    (guide.root / "docs/one.py").rename(guide.root / "docs/other.py")
    assert guide.galley("build").returncode == 0


def test_no_link_is_followed_to_what_is_written(guide: GuideFolder, tmp_path: Path) -> None:
    from galley.site.page import Page
    from galley.site.published import publish

    (tmp_path / "away").mkdir()
    (guide.root / "site").mkdir()
    (guide.root / "site/files").symlink_to(tmp_path / "away")
    page = Page(guide.project, Path("docs/one.md"), folder=guide.root / "site")
    with pytest.raises(RefusedError, match="is a link, and galley follows none"):
        publish(page, "files/helper.py", b"x")
    assert list((tmp_path / "away").iterdir()) == []


def test_sizes_are_said_as_file_managers_say_them() -> None:
    said = {0: "0 bytes", 999: "999 bytes", 1000: "1 kB", 52509: "53 kB", 999_499: "999 kB", 999_500: "1.0 MB"}
    said |= {9_949_999: "9.9 MB", 9_950_000: "10 MB", 14_587_582: "15 MB"}
    assert {number: size(number) for number in said} == said
