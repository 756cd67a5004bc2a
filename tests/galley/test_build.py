"""`galley build` replaces what it built before, and nothing else, wherever the site goes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from galley.errors import Exit
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
