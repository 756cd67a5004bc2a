"""The live preview shows a saved page before it builds the rest, and says of what may be older that it may be."""

from __future__ import annotations

import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from builders import plain
from galley.site.live import FAILED, LATER, is_meant
from guide_folder import GuideFolder, fence
from processes import wait_until_gone
from test_serve import Served, serving

THEME = """\
<html><body><article>{{ page.content }}</article><nav>{% for item in nav %}{{ item.title }};{% endfor %}</nav>
</body></html>
"""
# Holds the build of the whole site at two pages, from the second build on, until a file lets it go on.
HELD = """\
import pathlib, time

builds, here = [], pathlib.Path(config_folder)

def on_pre_build(config):
    builds.append(0)

def on_page_markdown(markdown, page, **rest):
    if len(builds) > 1 and page.file.src_uri in ("b.md", "page.md"):
        (here / f"held-{page.file.name}").touch()
        while not (here / f"go-{page.file.name}").exists():
            time.sleep(0.05)
    return markdown
"""


def large(folder: GuideFolder) -> None:
    """A guide of four pages, whose theme shows the titles of all of them."""
    plain(folder)
    folder.write("theme/main.html", THEME)
    for name in ("a", "b"):
        folder.page(name, f"Words of {name}.", title=f"Page {name}")
    assert not folder.run().failures


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """The guide under `galley serve`."""
    with serving(tmp_path, large) as (process, served):
        served.until(lambda: "first words" in served.page("page"))
        yield served
        process.terminate()
        process.wait()
    assert wait_until_gone(str(tmp_path)) == []


def test_a_saved_page_is_shown_at_once_and_its_title_on_all_others_afterwards(served: Served) -> None:
    served.folder.page("a", "New words.", title="New title")
    served.until(lambda: "New words" in served.page("a"))
    said = served.said.read_text(encoding="utf-8")
    first = served.page("a")
    assert LATER not in first, "it is what was saved last"
    assert "New title;" in first
    if said.count("Building documentation") == 1:  # the rest is built a second later
        assert LATER in served.page("b")
    served.folder.page("index", "A new welcome.")
    served.until(lambda: "A new welcome" in served.page("index"))
    assert LATER not in served.page("index")
    served.until(lambda: "New title;" in served.page("b"))
    served.until(lambda: LATER not in served.page("b"))
    assert LATER not in served.page("a")


def test_a_new_page_a_new_picture_and_new_settings_are_shown(served: Served) -> None:
    served.folder.page("new", "A page.", title="Newest")
    served.until(lambda: "Newest;" in served.page("new"))
    served.until(lambda: "Newest;" in served.page("b"))
    (served.folder.root / "docs/new.md").unlink()
    served.until(lambda: "Newest;" not in served.page("b"))
    served.folder.write("docs/note.html", "first note")
    served.until(lambda: "first note" in served.page("note"))
    served.folder.write("docs/note.html", "second note")
    served.until(lambda: "second note" in served.page("note"))


def test_each_page_that_shows_a_cell_is_made_again(served: Served) -> None:
    served.folder.page("a", fence("page", "one"))
    served.until(lambda: "first words" in served.page("a"))
    served.folder.write("snippets/page.py", "# %% one\nprint('other', 'words')\n")
    served.until(lambda: "other words" in served.page("a"))
    assert "other words" in served.page("page")


def test_what_is_saved_while_the_whole_site_is_built_is_shown_first_and_is_in_it(tmp_path: Path) -> None:
    def held(folder: GuideFolder) -> None:
        large(folder)
        folder.write("held.py", HELD.replace("config_folder", repr(str(folder.root))))
        with (folder.root / "mkdocs.yml").open("a", encoding="utf-8") as settings:
            settings.write("hooks: [held.py]\n")

    with serving(tmp_path, held) as (process, served):
        root = served.folder.root
        served.until(lambda: "first words" in served.page("page"))
        served.folder.page("b", "Second words.", title="Second")
        served.until(lambda: "Second words" in served.page("b"))
        served.until((root / "held-b").exists)  # the whole site is being built, and `a` has been read
        assert LATER in served.page("index")
        served.folder.page("a", "Third words.", title="Third")
        time.sleep(0.5)  # so that the system has told of it, and it is shown after this page
        (root / "go-b").touch()
        served.until((root / "held-page").exists)
        assert "Third words" in served.page("a")
        assert LATER not in served.page("a")
        (root / "go-b").unlink()
        (root / "go-page").touch()
        served.until(lambda: "Second;" in served.page("index"))  # that build is done, and the next one is held
        assert "Third words" in served.page("a"), "what was shown meanwhile is in it, though it had read the old page"
        (root / "go-b").touch()
        served.until(lambda: "Third;" in served.page("index") and LATER not in served.page("index"))
        assert "Third words" in served.page("a")
        process.terminate()
        process.wait()


def test_a_site_that_cannot_be_built_says_so_on_the_old_pages(served: Served) -> None:
    settings = served.folder.root / "mkdocs.yml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(f"{text}\nplugins: [nobody-has-this]\n", encoding="utf-8")
    served.until(lambda: FAILED in served.page("a"))
    assert "Words of a" in served.page("a")
    assert "nobody-has-this" in served.said.read_text(encoding="utf-8")
    settings.write_text(text, encoding="utf-8")
    served.until(lambda: FAILED not in served.page("a") and LATER not in served.page("a"))


def test_a_warning_stops_no_preview(served: Served) -> None:
    settings = served.folder.root / "mkdocs.yml"
    settings.write_text(f"{settings.read_text(encoding='utf-8')}\nstrict: true\n", encoding="utf-8")
    served.folder.page("a", "To [nowhere](nowhere.md).", title="A link")
    served.until(lambda: "A link;" in served.page("b"))
    assert "nowhere.md" in served.said.read_text(encoding="utf-8")


def answered(served: Served, path: str, host: str) -> tuple[int, str]:
    """What the preview answers to a request for a path as it stands, with a header that names a host."""
    connection = HTTPConnection(served.address, timeout=5)
    connection.putrequest("GET", path, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_another_site_s_name_reads_nothing_and_no_path_leads_out_of_the_site(served: Served) -> None:
    """As a web page does whose own name leads to this machine since a moment ago."""
    assert "first words" in answered(served, "/page.html", served.address)[1]
    for path in ("/page.html", "/", "/livereload/0/0"):
        status, said = answered(served, path, "rebound.example:8000")
        assert (status, "words" in said) == (403, False)
        assert f"It is at http://{served.address}/" in said
    served.folder.write("secret.txt", "a secret")
    for up in ("..", "%2e%2e", "..%2f..", "%5c.."):
        for path in (f"/{up}/secret.txt", f"/{up}/{up}/{up}/{up}/{up}/etc/passwd", f"//{up}/secret.txt"):
            status, said = answered(served, path, served.address)
            assert (status, "secret" in said, "root:" in said) == (404, False, False), path


@pytest.mark.parametrize(
    ("bound", "header", "meant"),
    [
        ("127.0.0.1", "127.0.0.1:8000", True),
        ("127.0.0.1", "localhost:8000", True),
        ("127.0.0.1", "LOCALHOST", True),
        ("::1", "[::1]:8000", True),
        ("localhost", "192.168.0.7:8000", True),
        ("mine.example", "mine.example:8000", True),
        ("0.0.0.0", "any.example", True),
        ("192.168.0.7", "any.example", True),
        ("127.0.0.1", "", True),
        ("127.0.0.1", "any.example:8000", False),
        ("localhost", "localhost.example", False),
        ("localhost", "any.example@localhost", False),
        ("::1", "127.0.0.1.example", False),
        ("127.0.0.1", "[::1", False),
    ],
)
def test_a_preview_for_this_machine_answers_to_no_other_name(bound: str, header: str, meant: bool) -> None:
    assert is_meant(header, bound) is meant
