"""`galley add`: a site that is there gets galley, all else of its files stays as it is, or nothing is written."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tomllib
from itertools import product
from pathlib import Path

import pytest

from builders import BUILDERS, article
from galley.errors import Exit, GalleyError, RefusedError, UsageError
from galley.start.added import next_steps, plan
from galley.start.changes import Change, diff_of, write_all
from galley.start.library import Library
from guide_folder import GuideFolder, quiet_environment
from sites import changed, files_of, site


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("mkdocs.yml", "site_name: \x80é\n".encode("latin-1"), "'utf-8' codec"),
        ("mkdocs.yml", "site_name: x\n".encode("utf-16"), "'utf-8' codec"),
        ("mkdocs.yml", b"site_name: [\n", "not readable as YAML"),
        ("mkdocs.yml", b"a: " + b"[" * 5000, "not readable as YAML"),
        ("mkdocs.yml", b"a: 1\n---\nb: 1\n", "not readable as YAML"),
        ("zensical.toml", b"[project\n", "not readable as TOML"),
        ("zensical.toml", b"[project]\na = '\xff'\n", "utf-8"),
        ("pyproject.toml", b"[tool.x\n", "not readable as TOML"),
        ("pyproject.toml", b"\xff\n", "UTF-8"),
        (
            "pyproject.toml",
            b"tool = {}\n",
            "by hand: [tool.galley.profiles.laptop]; required = true",
        ),
        ("pyproject.toml", b"[tool.galley]\nno = 1\n", "has no setting 'no'"),
    ],
)
def test_what_cannot_be_read_is_said_and_left(tmp_path: Path, name: str, data: bytes, what: str) -> None:
    guide = site(tmp_path)
    (tmp_path / name).write_bytes(data)
    before = files_of(tmp_path)
    done = guide.galley("add")
    assert done.returncode in (Exit.BAD_INPUT, Exit.REFUSED)
    assert name in done.stdout
    assert what in done.stdout
    assert "Traceback" not in done.stdout
    assert files_of(tmp_path) == before


@pytest.mark.parametrize("name", ["mkdocs.yml", "pyproject.toml", "docs"])
@pytest.mark.parametrize("there", [True, False])
def test_no_link_is_followed_to_what_is_written(tmp_path: Path, name: str, there: bool) -> None:
    guide = site(tmp_path / "site")
    (tmp_path / "site" / name).exists() and (tmp_path / "site" / name).rename(tmp_path / name)
    if not there:
        shutil.rmtree(tmp_path / name) if name == "docs" else (tmp_path / name).unlink(missing_ok=True)
    elif name == "pyproject.toml":
        (tmp_path / name).write_text("[project]\nname = 'x'\n")
    (tmp_path / "site" / name).symlink_to(tmp_path / name)
    before = files_of(tmp_path)
    done = guide.galley("add", "--example")
    assert done.returncode == (Exit.REFUSED), done.stdout
    assert name in done.stdout
    assert files_of(tmp_path) == before


def test_nothing_that_is_there_already_is_changed(tmp_path: Path) -> None:
    guide = site(tmp_path)
    (tmp_path / ".git").mkdir()
    assert guide.galley("add", "--example").returncode == Exit.OK
    before = files_of(tmp_path)
    for words in ([], ["--example"], ["--dry-run"], ["--dry-run", "--example"]):
        done = guide.galley("add", *words)
        assert (done.returncode, done.stdout) == (Exit.OK, "galley is in this site already: nothing was changed\n")
    assert files_of(tmp_path) == before
    guide.write("docs/unfinished.md", '# A page\n\n```python exec="on"\n```\n')
    assert guide.galley("add").returncode == Exit.OK, "what is wrong with pages is a matter of galley check"


def test_a_dry_run_prints_what_git_would_apply_and_writes_nothing(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    guide = site(tmp_path / "one", "site_name: x\nnav: [index.md]")
    (tmp_path / "one/pyproject.toml").write_text("[project]\nname = 'x'")
    subprocess.run(["git", "init", "-q", "one"], cwd=tmp_path, check=True)
    other = guide.copied(tmp_path / "two")
    before = files_of(guide.root)
    done = guide.galley("add", "--dry-run", "--example")
    assert files_of(guide.root) == before
    subprocess.run(["git", "apply", "-"], cwd=guide.root, input=done.stdout, text=True, check=True)
    assert other.galley("add", "--example").returncode == Exit.OK
    assert files_of(guide.root) == files_of(other.root)
    assert len(files_of(guide.root)) == len(before) + 3


def test_it_says_what_it_changed_and_what_to_type(tmp_path: Path) -> None:
    guide = site(tmp_path, "site_name: x\nmarkdown_extensions: [admonition]\n")
    (tmp_path / "docs/index.md").write_text("# Home\n\n```\n12.5\n```\n")
    done = guide.galley("add")
    first, second, needs, typed, *commands = done.stdout.splitlines()
    assert first == "pyproject.toml: the settings of galley"
    assert second == "mkdocs.yml: galley's extension"
    assert needs.startswith("what builds the site elsewhere needs ")
    assert "galley-docs" in needs
    assert typed == "galley check will tell 1 block of output that nobody ran, the first at docs/index.md:3"
    assert commands == ["    galley run", "    galley check", "    mkdocs build --strict"]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("", "needs this, too: pip install galley-docs==1.0"),
        ("git+https://a.b/c@d#subdirectory=e", "pip install 'galley-docs @ git+https://a.b/c@d#subdirectory=e'"),
        ("file:///home/me/galley", "needs galley-docs, too, and not from file:///home/me/galley, which is here alone"),
    ],
)
def test_where_galley_is_from_is_what_another_machine_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, said: str
) -> None:
    own = Library("galley-docs", "galley", False, "1.0", place)
    monkeypatch.setattr("galley.start.added.library_of", lambda name: own)
    site(tmp_path)
    found = plan(tmp_path)
    write_all(tmp_path, found.changes)
    assert next_steps(found)[0].endswith(said)


@pytest.mark.parametrize("builder", ["mkdocs", "properdocs", "zensical"])
@pytest.mark.parametrize("form", ["a list", "a table", "absent"])
def test_then_the_site_builds_and_the_check_is_happy(tmp_path: Path, builder: str, form: str) -> None:
    pytest.importorskip(builder)
    extensions = {
        "a list": "markdown_extensions:\n  - admonition\n  - toc: {permalink: true}\n",
        "a table": "markdown_extensions:\n  admonition: {}\n",
        "absent": "",
    }[form]
    theme = "use_directory_urls: false\ntheme:\n  name: null\n  custom_dir: theme\nplugins: []\n"
    guide = site(tmp_path, f"site_name: A site\n{theme}{extensions}")
    guide.write("theme/main.html", "<article>{{ page.content }}</article>\n")
    assert guide.galley("add", "--example").returncode == Exit.OK
    assert guide.galley("run").returncode == Exit.OK
    assert guide.galley("check").stdout == "1 page, 1 cell: every required record is true\n"
    BUILDERS[builder](guide)
    shown = article(tmp_path / "site", "index")
    assert "2.27" in shown
    assert ("admonition" in shown) == (form != "absent")


def test_a_site_without_fences_builds_as_before(tmp_path: Path) -> None:
    pages = '# Home\n\n```python title="x"\nprint(1)\n```\n\n``` bash\nls\n```\n\nWords `code`.\n'
    fences = "      custom_fences:\n        - {name: mermaid, class: mermaid}\n"
    for number, extensions in enumerate(["  - pymdownx.superfences:\n" + fences, "  - toc: {permalink: true}\n"]):
        guide = site(tmp_path / str(number), f"site_name: A site\nmarkdown_extensions:\n{extensions}")
        (guide.root / "docs/index.md").write_text(pages)
        assert guide.mkdocs().returncode == 0
        before = (guide.root / "site/index.html").read_text()
        assert guide.galley("add").returncode == Exit.OK
        assert guide.galley("check").returncode == Exit.OK
        assert guide.mkdocs().returncode == 0
        after = (guide.root / "site/index.html").read_text()
        cut = after.partition("Build Date")[0]
        if number == 0:
            assert cut == before.partition("Build Date")[0]
        else:
            assert "print" in cut


INHERITED = {
    "a list, and none here": ("markdown_extensions: [admonition]\n", "", {"base/all.yml": "[admonition, galley]"}),
    "a table, and none here": ("markdown_extensions: {admonition: {}}\n", "", {"mkdocs.yml": "galley: {}"}),
    "a list, and one here": (
        "markdown_extensions: [toc]\n",
        "markdown_extensions: [admonition]\n",
        {"mkdocs.yml": "[admonition, galley]"},
    ),
    "none": ("site_author: me\n", "", {"mkdocs.yml": "- galley"}),
    "a table, and one here": (
        "markdown_extensions: {toc: {}}\n",
        "markdown_extensions: {admonition: {}}\n",
        {"mkdocs.yml": "{admonition: {}, galley: {}}"},
    ),
}


@pytest.mark.parametrize(("base", "own", "then"), INHERITED.values(), ids=INHERITED)
def test_what_is_inherited_goes_on_to_count(tmp_path: Path, base: str, own: str, then: dict[str, str]) -> None:
    pages = "docs_dir: pages\n"
    guide = site(tmp_path, f"INHERIT: base/all.yml\nsite_name: A site\n{own}")
    (tmp_path / "docs").rename(tmp_path / "pages")
    guide.write("base/all.yml", f"{pages}{base}")
    new = changed(tmp_path)
    assert new.pop("pyproject.toml").startswith('[tool.galley]\ndocs = "pages"\n')
    assert set(new) == set(then)
    assert all(text in new[name] for name, text in then.items())
    assert guide.galley("add", "--example", "pages/index.md").returncode == Exit.OK
    assert guide.galley("run").returncode == Exit.OK
    assert guide.galley("check").returncode == Exit.OK
    assert guide.mkdocs().returncode == 0
    shown = (tmp_path / "site/index.html").read_text()
    assert "2.27" in shown
    assert ("admonition" in shown) == ("admonition" in base + own)


def test_a_list_outside_of_the_site_is_not_changed(tmp_path: Path) -> None:
    guide = site(tmp_path / "site", "INHERIT: ../all.yml\nsite_name: x\n")
    (tmp_path / "all.yml").write_text("markdown_extensions: [toc]\n")
    done = guide.galley("add")
    assert done.returncode == Exit.REFUSED
    assert done.stdout.startswith(
        f"{tmp_path / 'all.yml'}:1: markdown_extensions stands in ../all.yml, which it inherits"
    )
    assert "add to it: galley; then run the command again" in done.stdout
    (tmp_path / "all.yml").write_text("markdown_extensions: {toc: {}}\n")
    assert guide.galley("add").returncode == Exit.OK
    assert guide.mkdocs().returncode == 0
    assert (tmp_path / "all.yml").read_text() == "markdown_extensions: {toc: {}}\n"


def test_galleys_fence_by_hand_is_told_with_its_line(tmp_path: Path) -> None:
    text = (
        "site_name: x\nmarkdown_extensions:\n  - pymdownx.superfences:\n      custom_fences:\n        - name: python\n"
        "          class: python\n          format: !!python/name:galley.render.fence.formatter\n"
    )
    done = site(tmp_path, text).galley("add")
    assert done.returncode == Exit.REFUSED
    assert done.stdout.startswith("mkdocs.yml:7: galley's fence is declared by hand, as it was once; nothing was")
    done = site(tmp_path, "site_name: x\nmarkdown_extensions: [galley.render]\n").galley("add")
    assert "write instead: galley; then run the command again" in done.stdout


def test_pages_that_galley_would_not_take_are_named(tmp_path: Path) -> None:
    guide = site(tmp_path)
    (tmp_path / "docs/index.md").write_text('# A\n\n```python exec="on"\nprint(1)\n```\n')
    done = guide.galley("add")
    assert done.returncode == Exit.REFUSED
    assert done.stdout.startswith("galley would stop the build at 1 place; nothing was written\n    docs/index.md:3: ")
    assert not (tmp_path / "pyproject.toml").exists()


def test_code_that_is_cells_of_another_tool_is_told_and_another_folder_taken(tmp_path: Path) -> None:
    guide = site(tmp_path)
    guide.write("snippets/tour.py", "# %% [markdown]\n# # A tour\n\n# %%\nprint(1)\n")
    done = guide.galley("add")
    assert done.returncode == Exit.REFUSED
    assert "name another folder with --snippets DIR" in done.stdout
    assert guide.galley("add", "--snippets", "code", "--example").returncode == Exit.OK
    assert tomllib.loads((tmp_path / "pyproject.toml").read_text())["tool"]["galley"]["snippets"] == "code"
    assert guide.galley("run").returncode == Exit.OK
    assert (tmp_path / "code/outputs/index/laptop/record.json").is_file()
    done = guide.galley("add", "--snippets", "other")
    assert done.returncode == Exit.USAGE
    assert "leave --snippets out" in done.stdout


@pytest.mark.parametrize(
    ("settings", "docs", "what"),
    [
        ("docs_dir: !ENV [PAGES, docs]\n", "docs", "docs_dir is no plain text"),
        ("docs_dir: ../docs\n", "../docs", "is no folder below the project's"),
        ("docs_dir: pages\n", "docs", "pages: there is no such folder"),
        ('docs_dir: "a\\"b"\n', 'a"b', "characters that no folder"),
    ],
)
def test_a_folder_of_pages_that_galley_cannot_have_is_said(tmp_path: Path, settings: str, docs: str, what: str) -> None:
    guide = site(tmp_path / "site", f"site_name: x\n{settings}")
    (tmp_path / "site" / docs).mkdir(exist_ok=True)
    before = files_of(tmp_path)
    done = guide.galley("add")
    assert done.returncode in (Exit.REFUSED, Exit.BAD_INPUT, Exit.USAGE)
    assert what in done.stdout
    assert files_of(tmp_path) == before


def test_settings_that_are_there_are_left_and_the_line_added(tmp_path: Path) -> None:
    guide = site(tmp_path)
    table = "[tool.galley]\ndocs = 'docs'\n[tool.galley.profiles.cpu]\nrequired = true\n"
    (tmp_path / "pyproject.toml").write_text(table)
    assert list(changed(tmp_path)) == ["mkdocs.yml"]
    assert guide.galley("add").returncode == Exit.OK
    assert (tmp_path / "pyproject.toml").read_text() == table


def test_each_builders_settings_get_it(tmp_path: Path) -> None:
    site(tmp_path)
    site(tmp_path, '[project]\nmarkdown_extensions = ["toc"]\n', "zensical.toml")
    site(tmp_path, "INHERIT: base.yml\n", "properdocs.yml")
    site(tmp_path, "INHERIT: base.yml\n", "properdocs.yaml")
    site(tmp_path, "markdown_extensions: [toc]\n", "base.yml")
    paths = [each.path.as_posix() for each in plan(tmp_path).changes]
    assert sorted(paths) == ["base.yml", "mkdocs.yml", "pyproject.toml", "zensical.toml"]


def test_a_folder_without_a_site_is_said(tmp_path: Path) -> None:
    guide = site(tmp_path)
    (tmp_path / "docs/deep").mkdir()
    done = GuideFolder(tmp_path / "docs/deep").galley("add")
    assert done.returncode == Exit.REFUSED
    assert done.stdout.endswith("go to the folder that has one: cd ../..\n")
    (guide.root / "mkdocs.yml").unlink()
    assert "galley new DIR starts a guide" in guide.galley("add").stdout


def test_zensical_builds_the_site_of_its_own_settings(tmp_path: Path) -> None:
    pytest.importorskip("zensical")
    guide = site(tmp_path, '[project]\nsite_name = "x"\n', "zensical.toml")
    done = guide.galley("add", "--example")
    assert done.stdout.endswith("    galley run\n    galley check\n    zensical build --strict\n")
    assert guide.galley("run").returncode == Exit.OK
    assert guide.galley("check").returncode == Exit.OK
    built = guide.call([sys.executable, "-m", "zensical", "build", "--strict"])
    assert built.returncode == 0, built.stdout
    shown = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "2.27" in shown
    assert 'class="admonition' in shown


# The example, and git


def test_the_example_goes_to_the_page_that_is_named(tmp_path: Path) -> None:
    guide = site(tmp_path)
    guide.write("docs/a-tour/first-steps.md", "# First steps")
    new = changed(tmp_path, example="a-tour/first-steps.md")
    assert 'cell="a_tour/first_steps/mean"' in new["docs/a-tour/first-steps.md"]
    assert new["docs/a-tour/first-steps.md"].startswith("# First steps\n\n## An example\n")
    assert "snippets/a_tour/first_steps.py" in new
    assert guide.galley("add", "--example", "docs/a-tour/first-steps.md").returncode == Exit.OK
    assert guide.galley("run").returncode == Exit.OK
    assert guide.galley("check").returncode == Exit.OK


@pytest.mark.parametrize("page", ["none.md", "index", "../outside.md", "/etc/passwd"])
def test_a_page_that_is_not_there_gets_no_example(tmp_path: Path, page: str) -> None:
    site(tmp_path / "site")
    (tmp_path / "site/outside.md").write_text("# Outside\n")
    with pytest.raises(UsageError, match="there is no such page"):
        plan(tmp_path / "site", example=page)


def test_an_example_replaces_no_code_and_hides_no_module(tmp_path: Path) -> None:
    guide = site(tmp_path)
    guide.write("snippets/index.py", "x = 1\n")
    with pytest.raises(RefusedError, match="is there already"):
        plan(tmp_path, example="index.md")
    guide.write("docs/statistics.md", "# Statistics\n")
    with pytest.raises(GalleyError, match="imports 'statistics' and would get snippets/statistics"):
        plan(tmp_path, example="statistics.md")
    guide.write("docs/shown.md", '# Shown\n\n```python exec="on" list="claims"\n```\n')
    assert "docs/shown.md" not in changed(tmp_path, example="shown.md")


def test_git_is_told_once_and_outside_of_a_repository_nothing(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    site(tmp_path)
    assert sorted(changed(tmp_path)) == ["mkdocs.yml", "pyproject.toml"]
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    (tmp_path / ".gitignore").write_bytes(b".cache\r\n/snippets/outputs/shard-*.json\r\n*.pyc")
    (tmp_path / ".gitattributes").write_text("* text=auto\n")
    new = changed(tmp_path)
    ignored = ".cache\r\n/snippets/outputs/shard-*.json\r\n*.pyc\r\n/snippets/outputs/.staging*/\r\n"
    assert new[".gitignore"] == ignored
    footprints = "/snippets/outputs/.footprints/** -diff linguist-generated\n"
    assert new[".gitattributes"] == f"* text=auto\n/snippets/outputs/** -text\n{footprints}"
    (tmp_path / ".gitattributes").write_text("snippets/outputs/** -text\n")
    assert changed(tmp_path)[".gitattributes"] == f"snippets/outputs/** -text\n{footprints}"
    (tmp_path / ".gitattributes").write_text("snippets/outputs/** binary\n")
    assert ".gitattributes" not in changed(tmp_path)


def test_a_clone_that_changes_ends_of_lines_leaves_the_records_true(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    guide = site(tmp_path / "one")
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "core.autocrlf=false"]
    subprocess.run(["git", "init", "-q"], cwd=guide.root, check=True)
    assert guide.galley("add", "--example").returncode == Exit.OK
    assert guide.galley("run").returncode == Exit.OK
    subprocess.run(["git", *who, "add", "."], cwd=guide.root, check=True)
    subprocess.run(["git", *who, "commit", "-qm", "all"], cwd=guide.root, check=True)
    subprocess.run(["git", "clone", "-q", "-c", "core.autocrlf=true", "one", "two"], cwd=tmp_path, check=True)
    assert b"\r\n" in (tmp_path / "two/docs/index.md").read_bytes()
    done = GuideFolder(tmp_path / "two").galley("check")
    assert done.returncode == Exit.OK, done.stdout


# All or none


@pytest.mark.parametrize("fails", range(6))
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_written_as_a_whole_is_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int, error: BaseException
) -> None:
    site(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (tmp_path / "pyproject.toml").chmod(0o640)
    before = files_of(tmp_path)
    changes = plan(tmp_path, example="index.md").changes
    assert len(changes) == 6
    replace, calls = Path.replace, iter(range(100))

    def refuse(path: Path, to: Path) -> Path:
        if next(calls) == fails:
            raise error
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(type(error)):
        write_all(tmp_path, changes)
    assert files_of(tmp_path) == before
    assert (tmp_path / "pyproject.toml").stat().st_mode & 0o777 == 0o640
    assert not (tmp_path / "snippets").exists()


def test_a_file_that_somebody_saved_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    site(tmp_path)
    changes = plan(tmp_path, example="index.md").changes
    (tmp_path / "docs/index.md").write_text("# Saved meanwhile\n")
    before = files_of(tmp_path)
    with pytest.raises(RefusedError, match="was changed meanwhile"):
        write_all(tmp_path, changes)
    assert files_of(tmp_path) == before


def test_what_somebody_saved_behind_the_change_is_not_taken_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site(tmp_path)
    changes = plan(tmp_path).changes
    assert [each.path.name for each in changes] == ["pyproject.toml", "mkdocs.yml"]
    replace = Path.replace

    def refuse(path: Path, to: Path) -> Path:
        if to.name == "mkdocs.yml":
            (tmp_path / "pyproject.toml").write_text("# saved meanwhile\n")
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(path, to)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        write_all(tmp_path, changes)
    assert (tmp_path / "pyproject.toml").read_text() == "# saved meanwhile\n"


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_file_keeps_its_mode(tmp_path: Path) -> None:
    guide = site(tmp_path)
    (tmp_path / "mkdocs.yml").chmod(0o640)
    assert guide.galley("add").returncode == Exit.OK
    assert (tmp_path / "mkdocs.yml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(("old", "new"), [*product(["", "a", "a\n", "a\r\nb\x0cc\n"], ["", "b", "b\n", "a\nb"])])
def test_a_diff_is_what_git_takes(tmp_path: Path, old: str, new: str) -> None:
    if shutil.which("git") is None or old == new:
        pytest.skip("nothing to take, or nobody to take it")
    file = tmp_path / "file"
    file.write_bytes(old.encode())
    text = diff_of([Change(Path("file"), old, new, "")])
    subprocess.run(["git", "apply", "-"], cwd=tmp_path, input=text.encode(), check=True, env=quiet_environment())
    assert file.read_bytes() == new.encode()
