"""`galley build` replaces what it built before, and nothing else, wherever the site goes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from galley.errors import Exit
from galley.site.preview import write_failures
from guide_folder import GuideFolder


@pytest.fixture
def guide(folder: GuideFolder) -> GuideFolder:
    """A guide of one page, recorded, with a theme that builds fast."""
    settings = folder.root / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("name: mkdocs", "name: null\n  custom_dir: theme"))
    folder.write("theme/main.html", "<article>{{ page.content }}</article>\n")
    folder.snippet("one", "# %% a\nprint(1)\n")
    assert not folder.run().failures
    return folder


def set_site(guide: GuideFolder, folder: str) -> None:
    """Say in mkdocs.yml where the site goes."""
    path = guide.root / "mkdocs.yml"
    path.write_text(f"{path.read_text()}site_dir: {folder}\n")


def everything(root: Path) -> dict[str, bytes | str]:
    """Every file and link below a folder, but for caches."""
    found: dict[str, bytes | str] = {}
    for path in sorted(root.rglob("*")):
        if ".cache" not in path.parts and "__pycache__" not in path.parts:
            if path.is_symlink():
                found[str(path.relative_to(root))] = f"-> {path.readlink()}"
            elif path.is_file():
                found[str(path.relative_to(root))] = path.read_bytes()
    return found


def test_the_site_goes_where_mkdocs_settings_say(guide: GuideFolder) -> None:
    set_site(guide, "public/www")
    done = guide.galley("build")
    assert done.returncode == Exit.OK, done.stdout
    assert "The site is in public/www" in done.stdout
    assert (guide.root / "public/www/one.html").is_file()
    assert not (guide.root / "site").exists()


def test_the_command_line_says_it_first(guide: GuideFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    set_site(guide, "public")
    outside = tmp_path_factory.mktemp("outside") / "www"
    assert guide.galley("build", "--site-dir", str(outside)).returncode == Exit.OK
    assert (outside / "one.html").is_file()
    assert not (guide.root / "public").exists()


def test_what_galley_did_not_make_stays_through_builds(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    own = {"site/.nojekyll": "", "site/.git": "gitdir: x\n", "site/keep.txt": "mine", "site/mine/deep.txt": "mine"}
    for path, text in own.items():
        guide.write(path, text)
    guide.page("other", "Words.\n")
    assert guide.galley("build").returncode == Exit.OK
    assert (guide.root / "site/other.html").is_file()
    (guide.root / "docs/other.md").unlink()
    assert guide.galley("build").returncode == Exit.OK
    assert not (guide.root / "site/other.html").exists(), "what the new site does not have goes"
    for path, text in own.items():
        assert (guide.root / path).read_text() == text
    made = json.loads((guide.root / "site/.galley-site.json").read_text())["files"]
    assert "one.html" in made
    assert not any(path.removeprefix("site/") in made for path in own)


def test_a_folder_that_is_left_empty_goes_too(guide: GuideFolder) -> None:
    guide.write("docs/deep/page.md", "# Deep\n")
    assert guide.galley("build").returncode == Exit.OK
    assert (guide.root / "site/deep/page.html").is_file()
    (guide.root / "docs/deep/page.md").unlink()
    (guide.root / "docs/deep").rmdir()
    assert guide.galley("build").returncode == Exit.OK
    assert not (guide.root / "site/deep").exists()


def test_a_page_may_become_a_folder_and_a_folder_a_page(guide: GuideFolder) -> None:
    guide.write("docs/data", "a file")
    assert guide.galley("build").returncode == Exit.OK
    (guide.root / "docs/data").unlink()
    guide.write("docs/data/inner.txt", "a file in a folder")
    assert guide.galley("build").returncode == Exit.OK
    assert (guide.root / "site/data/inner.txt").is_file()


REFUSED: dict[str, tuple[Callable[[GuideFolder], object], str]] = {
    "a link to the project": (lambda g: (g.root / "site").symlink_to("."), "reached by the link site"),
    "a link to docs": (lambda g: (g.root / "site").symlink_to("docs"), "reached by the link site"),
    "a link to nothing": (lambda g: (g.root / "site").symlink_to("nowhere"), "reached by the link site"),
    "below a link": (
        lambda g: ((g.root / "public").symlink_to("docs"), set_site(g, "public/site")),
        "reached by the link public",
    ),
    "the root": (lambda g: set_site(g, "."), "the project's own, or one above it"),
    "above the root": (lambda g: set_site(g, ".."), "the project's own, or one above it"),
    "docs": (lambda g: set_site(g, "docs"), "would be in docs, or hold it"),
    "below docs": (lambda g: set_site(g, "docs/site"), "would be in docs, or hold it"),
    "snippets": (lambda g: set_site(g, "snippets"), "would be in snippets, or hold it"),
    "below the records": (lambda g: set_site(g, "snippets/outputs/site"), "would be in snippets, or hold it"),
    "git": (lambda g: set_site(g, ".git/site"), "would be in .git, or hold it"),
    "somebody's folder": (lambda g: g.write("site/keep.txt", "mine"), "no .galley-site.json says that galley made it"),
    "somebody's sources": (lambda g: (g.write("lib/x.py", "1"), set_site(g, "lib")), "no .galley-site.json says"),
    "a file": (lambda g: g.write("site", "mine"), "the site's folder is a file"),
    "a forged list": (
        lambda g: (g.write("site/keep.txt", "mine"), g.write("site/.galley-site.json", "[]")),
        "no .galley-site.json says that galley made it",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_folder_that_is_not_galleys_is_refused_and_stays(guide: GuideFolder, case: str) -> None:
    make, said = REFUSED[case]
    make(guide)
    before = everything(guide.root)
    done = guide.galley("build")
    assert done.returncode == Exit.REFUSED, done.stdout
    assert said in done.stdout
    assert "--site-dir" in done.stdout
    assert everything(guide.root) == before


def test_a_file_in_the_place_of_one_of_the_site_stops_the_build(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    guide.write("site/other.html", "mine")
    guide.page("other", "Words.\n")
    before = everything(guide.root / "site")
    done = guide.galley("build")
    assert done.returncode == Exit.REFUSED
    assert "other.html: the site has a file of this name, and galley did not make this one" in done.stdout
    assert everything(guide.root / "site") == before


def test_a_list_that_names_somebodys_files_costs_none_of_them(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    guide.write("site/notes.txt", "mine")
    guide.write("site/mine/deep.txt", "mine")
    marker = guide.root / "site/.galley-site.json"
    listed = json.loads(marker.read_text())
    listed["files"] += ["notes.txt", "mine/deep.txt"]
    listed["sha256"]["notes.txt"] = listed["sha256"]["one.html"]
    marker.write_text(json.dumps(listed))
    assert guide.galley("build").returncode == Exit.OK
    assert (guide.root / "site/notes.txt").read_text() == "mine"
    assert (guide.root / "site/mine/deep.txt").read_text() == "mine"


def test_a_file_that_somebody_changed_is_not_replaced_without_a_word(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    guide.write("site/one.html", "hours of work")
    done = guide.galley("build")
    assert done.returncode == Exit.REFUSED
    assert "site/one.html: the site has a file of this name" in done.stdout
    assert "or it was changed since" in done.stdout
    assert (guide.root / "site/one.html").read_text() == "hours of work"


LONG_AGO = (1_000_000_000, 1_000_000_000)


def test_a_file_that_is_what_it_was_keeps_its_time(guide: GuideFolder) -> None:
    guide.page("other", "Words.\n")
    assert guide.galley("build").returncode == Exit.OK
    same, changed = guide.root / "site/one.html", guide.root / "site/other.html"
    for path in (same, changed):
        os.utime(path, LONG_AGO)
    guide.page("other", "Other words.\n")
    assert guide.galley("build").returncode == Exit.OK
    assert same.stat().st_mtime == LONG_AGO[0], "nothing has to copy it again"
    assert changed.stat().st_mtime > LONG_AGO[0]
    assert "Other words." in changed.read_text()
    listed = json.loads((guide.root / "site/.galley-site.json").read_text())["sha256"]
    assert {"one.html", "other.html"} <= listed.keys()


def test_of_two_names_that_may_be_one_file_the_new_one_is_put_there_again(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    page, listed = guide.root / "site/one.html", guide.root / "site/.galley-site.json"
    found = json.loads(listed.read_text())
    found["files"].append("One.html")
    found["sha256"]["One.html"] = found["sha256"]["one.html"]
    listed.write_text(json.dumps(found))
    os.utime(page, LONG_AGO)
    assert guide.galley("build").returncode == Exit.OK
    assert page.stat().st_mtime > LONG_AGO[0], "the removal of the other name may have removed this file"


def test_a_page_whose_name_changes_its_letters_alone_is_built_where_the_disk_knows_no_difference(
    guide: GuideFolder,
) -> None:
    guide.page("Other", "Words.\n")
    assert guide.galley("build").returncode == Exit.OK
    (guide.root / "docs/Other.md").rename(guide.root / "docs/other.md")
    (guide.root / "site/Other.html").rename(guide.root / "site/other.html")  # what such a disk says of the new name
    done = guide.galley("build")
    assert done.returncode == Exit.OK, done.stdout
    assert (guide.root / "site/other.html").is_file()


IN_THE_WAY: dict[str, tuple[Callable[[GuideFolder], object], str]] = {
    "a folder for the fresh list": (lambda g: g.write("site/.galley-site.json.new/x", ""), "there is a folder"),
    "a FIFO for the list": (
        lambda g: ((g.root / "site/.galley-site.json").unlink(), os.mkfifo(g.root / "site/.galley-site.json")),
        "no .galley-site.json says that galley made it",
    ),
    "a link for the cache": (
        lambda g: (shutil.rmtree(g.root / ".cache"), (g.root / ".cache").symlink_to("docs")),
        ".cache: is a link",
    ),
    "a link in the cache": (
        lambda g: (shutil.rmtree(g.root / ".cache/galley"), (g.root / ".cache/galley").symlink_to("../docs")),
        ".cache/galley: is a link",
    ),
    "a file for the cache": (
        lambda g: (shutil.rmtree(g.root / ".cache"), g.write(".cache", "")),
        ".cache: is no folder",
    ),
}


@pytest.mark.parametrize("case", IN_THE_WAY)
def test_what_is_in_the_way_is_told_and_stays(guide: GuideFolder, case: str) -> None:
    assert guide.galley("build").returncode == Exit.OK
    make, said = IN_THE_WAY[case]
    make(guide)
    before = everything(guide.root)
    done = guide.galley("build")
    assert done.returncode == Exit.REFUSED, done.stdout
    assert said in done.stdout
    assert everything(guide.root) == before


def test_the_preview_follows_no_link(guide: GuideFolder) -> None:
    (guide.root / ".cache").symlink_to("docs")
    done = guide.galley("serve", "--address", "127.0.0.1:0")
    assert done.returncode == Exit.REFUSED
    assert ".cache: is a link" in done.stdout
    file = guide.root / "preview.json"
    (guide.root / ".preview.json.new").symlink_to("docs/one.md")
    before = (guide.root / "docs/one.md").read_text()
    write_failures(file, [])
    assert (guide.root / "docs/one.md").read_text() == before


SETTINGS = {
    "a number": "site_dir: 5\n",
    "a list": "site_dir: [a]\n",
    "a table": "site_dir: {a: 1}\n",
    "a line break": 'site_dir: "a\\nb"\n',
    "code 0": 'site_dir: "a\\0b"\n',
    "inherits itself": "INHERIT: mkdocs.yml\n",
    "inherits a number": "INHERIT: 5\n",
    "inherits nothing": "INHERIT: nowhere.yml\n",
}


@pytest.mark.parametrize("more", SETTINGS.values(), ids=SETTINGS)
def test_settings_that_name_no_folder_are_told(guide: GuideFolder, more: str) -> None:
    path = guide.root / "mkdocs.yml"
    path.write_text(path.read_text() + more)
    done = guide.galley("build")
    assert done.returncode == Exit.BAD_INPUT, done.stdout
    assert done.stdout.startswith("mkdocs.yml: ")
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize("text", ["- a\n", "a text\n", "", "a: [\n"], ids=["a list", "a text", "nothing", "broken"])
def test_settings_that_are_none_are_told(guide: GuideFolder, text: str) -> None:
    (guide.root / "mkdocs.yml").write_text(text)
    for words in (["build"], ["check"]):
        done = guide.galley(*words)
        assert done.returncode, words
        assert "mkdocs.yml" in done.stdout
        assert "Traceback" not in done.stdout


def test_a_link_within_the_site_is_not_followed(guide: GuideFolder) -> None:
    guide.write("docs/deep/page.md", "# Deep\n")
    assert guide.galley("build").returncode == Exit.OK
    (guide.root / "site/deep/page.html").unlink()
    (guide.root / "site/deep").rmdir()
    (guide.root / "site/deep").symlink_to("../docs/deep")
    before = everything(guide.root / "docs")
    assert guide.galley("build").returncode == Exit.REFUSED
    (guide.root / "docs/deep/page.md").rename(guide.root / "docs/deep.md")
    guide.write("docs/deep/page.html", "mine, of the name of what galley made")
    before = everything(guide.root / "docs")
    guide.galley("build")
    assert everything(guide.root / "docs") == before


def test_a_forged_list_names_nothing_outside(guide: GuideFolder) -> None:
    assert guide.galley("build").returncode == Exit.OK
    marker = guide.root / "site/.galley-site.json"
    listed = json.loads(marker.read_text())
    listed["files"] += ["../docs/one.md", str(guide.root / "pyproject.toml"), "", 3]
    marker.write_text(json.dumps(listed))
    assert guide.galley("build").returncode == Exit.OK
    assert (guide.root / "docs/one.md").is_file()
    assert (guide.root / "pyproject.toml").is_file()
