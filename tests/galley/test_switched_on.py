"""A guide whose builder would show galley's fences as text: told with the place, and the line that mends it."""

from __future__ import annotations

import re
from pathlib import Path

import markdown
import pytest

from builders import plain
from galley.errors import Exit
from galley.site.switched_on import switched_off
from guide_folder import GuideFolder

ON = {
    "mkdocs.yml": "markdown_extensions: [galley]\n",
    "mkdocs.yaml": "site_name: x\nmarkdown_extensions:\n- tables\n- galley\n",
    "properdocs.yml": "markdown_extensions:\n  - toc:\n      permalink: true\n  - galley: {}\n",
    "zensical.toml": '[project]\nsite_name = "x"\n[project.markdown_extensions.galley]\n',
}
TAGS = """\
site_name: !ENV [NAME, A guide]
markdown_extensions:
  - pymdownx.emoji:
      emoji_index: !!python/name:material.extensions.emoji.twemoji
      other: !!python/object/apply:no.such.module {}
plugins: !relative
"""
# Settings without the line; the line that is told; what is told to do; and, where that is to add, the text after it.
OFF: dict[str, tuple[str, str, int, str, str]] = {
    "a block list": (
        "mkdocs.yml",
        "site_name: x\nmarkdown_extensions:\n  - tables\n",
        2,
        "add below it the line:   - galley",
        "site_name: x\nmarkdown_extensions:\n  - galley\n  - tables\n",
    ),
    "without indentation": (
        "mkdocs.yml",
        "markdown_extensions:\n- tables\n",
        1,
        "add below it the line: - galley",
        "markdown_extensions:\n- galley\n- tables\n",
    ),
    "a mapping": (
        "mkdocs.yaml",
        "markdown_extensions:\n    tables: {}\n",
        1,
        "add below it the line:     galley: {}",
        "markdown_extensions:\n    galley: {}\n    tables: {}\n",
    ),
    "a flow list": (
        "properdocs.yml",
        "\nmarkdown_extensions: [tables]\n",
        2,
        "add to it: galley",
        "\nmarkdown_extensions: [tables, galley]\n",
    ),
    "no list": (
        "mkdocs.yml",
        "site_name: x\n",
        0,
        "add the line: markdown_extensions: [galley]",
        "site_name: x\nmarkdown_extensions: [galley]\n",
    ),
    "an empty list": (
        "mkdocs.yml",
        "markdown_extensions:\n",
        1,
        "write it as: markdown_extensions: [galley]",
        "markdown_extensions: [galley]\n",
    ),
    "tags of other packages": (
        "mkdocs.yml",
        TAGS,
        2,
        "add below it the line:   - galley",
        TAGS.replace("extensions:\n", "extensions:\n  - galley\n", 1),
    ),
    "tables": (
        "zensical.toml",
        '[project]\nsite_name = "x"\n[project.markdown_extensions.tables]\n',
        3,
        "add the line: [project.markdown_extensions.galley]",
        '[project]\nsite_name = "x"\n[project.markdown_extensions.tables]\n[project.markdown_extensions.galley]\n',
    ),
    "no tables": (
        "zensical.toml",
        '[project]\nsite_name = "x"\n',
        0,
        "add the line: [project.markdown_extensions.galley], and tables for those of Zensical's own",
        '[project]\nsite_name = "x"\n[project.markdown_extensions.galley]\n',
    ),
    "a list in TOML": (
        "zensical.toml",
        '[project]\nmarkdown_extensions = ["tables"]\n',
        2,
        'add to the list: "galley"',
        '[project]\nmarkdown_extensions = ["tables", "galley"]\n',
    ),
}


@pytest.fixture
def guide(folder: GuideFolder) -> GuideFolder:
    """A guide of one page, recorded, and without any builder's settings."""
    folder.snippet("one", "# %% a\nprint(1)\n")
    assert not folder.run().failures
    (folder.root / "mkdocs.yml").unlink()
    return folder


def told(guide: GuideFolder) -> list[tuple[str, str, str]]:
    """Place, sentence and mend of what keeps the builders from rendering the fences."""
    return [(str(each.place), each.what, each.mend) for each in switched_off(guide.guide) if each.fatal]


@pytest.mark.parametrize("name", ON)
def test_settings_with_the_line_are_right(guide: GuideFolder, name: str) -> None:
    guide.write(name, ON[name])
    assert told(guide) == []


@pytest.mark.parametrize("case", OFF)
def test_settings_without_it_are_told_with_the_line_that_mends_them(guide: GuideFolder, case: str) -> None:
    name, text, line, mend, mended = OFF[case]
    (guide.root / name).write_text(text)
    ((place, what, said),) = told(guide)
    assert place == (f"{name}:{line}" if line else name)
    assert "markdown_extensions does not name galley" in what
    assert said.startswith(mend)
    (guide.root / name).write_text(mended)
    assert told(guide) == []


def test_each_builders_settings_are_looked_at(guide: GuideFolder) -> None:
    guide.write("mkdocs.yml", ON["mkdocs.yml"])
    guide.write("zensical.toml", '[project]\nsite_name = "x"\n')
    assert [place for place, *_ in told(guide)] == ["zensical.toml"]


@pytest.mark.parametrize(
    ("base", "own", "place"),
    [
        ("markdown_extensions: [galley]\n", "INHERIT: base/all.yml\n", ""),
        ("markdown_extensions: [tables]\n", "INHERIT: base/all.yml\n", "base/all.yml:1"),
        ("markdown_extensions: [galley]\n", "INHERIT: base/all.yml\nmarkdown_extensions: [tables]\n", "mkdocs.yml:2"),
        ("markdown_extensions: {galley: {}}\n", "INHERIT: base/all.yml\nmarkdown_extensions: {tables: {}}\n", ""),
        ("INHERIT: ../mkdocs.yml\n", "INHERIT: base/all.yml\n", "mkdocs.yml"),
    ],
)
def test_inherited_settings_count_as_they_do_for_mkdocs(guide: GuideFolder, base: str, own: str, place: str) -> None:
    guide.write("base/all.yml", base)
    guide.write("mkdocs.yml", own)
    assert [each for each, *_ in told(guide)] == ([place] if place else [])


def test_no_settings_at_all_is_a_sentence(guide: GuideFolder) -> None:
    ((place, what, mend),) = told(guide)
    assert place == "mkdocs.yml"
    assert "there is no settings file of a site builder" in what
    assert "markdown_extensions: [galley]" in mend
    (guide.root / "docs/one.md").write_text("# Prose alone\n")
    assert told(guide) == [], "a guide without fences needs none"


FORMER = """\
markdown_extensions:
  - pymdownx.superfences:
      custom_fences:
        - name: python
          class: python
          format: !!python/name:galley.render.fence.formatter
  - galley.render
"""


def test_the_former_way_is_told_what_to_write_instead(guide: GuideFolder) -> None:
    guide.write("mkdocs.yml", FORMER)
    first, second = told(guide)
    assert first[0] == "mkdocs.yml:1"
    assert "names galley.render" in first[1]
    assert first[2] == "write instead: galley"
    assert second[0] == "mkdocs.yml:6"
    assert "- galley" in second[2]
    guide.write("mkdocs.yml", "# once !!python/name:galley.render.fence.formatter\nmarkdown_extensions: [galley]\n")
    assert told(guide) == []


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [("mkdocs.yml", "a: 1\nb: [\n", "mkdocs.yml:3"), ("zensical.toml", "a = \n", "zensical.toml")],
)
def test_settings_that_cannot_be_read_are_told(guide: GuideFolder, name: str, text: str, place: str) -> None:
    (guide.root / name).write_text(text)
    ((said, what, _),) = told(guide)
    assert said == place
    assert "not readable as" in what


OPTIONS = {
    "a list": ("mkdocs.yml", "markdown_extensions:\n  - galley: {a: 1}\n"),
    "a table": ("mkdocs.yml", "markdown_extensions:\n  galley:\n    a: 1\n"),
    "a value": ("mkdocs.yml", "markdown_extensions:\n  - galley: a\n"),
    "TOML": ("zensical.toml", "[project.markdown_extensions.galley]\na = 1\n"),
    "a list in TOML": ("zensical.toml", "[project]\nmarkdown_extensions = [{ galley = { a = 1 } }]\n"),
}


@pytest.mark.parametrize(("name", "text"), OPTIONS.values(), ids=OPTIONS)
def test_options_that_galley_does_not_have_are_told(guide: GuideFolder, name: str, text: str) -> None:
    (guide.root / name).write_text(text)
    ((place, what, mend),) = told(guide)
    assert place.startswith(name)
    assert what == "markdown_extensions gives galley the option 'a', and it has none"
    assert mend == "leave its options out"


def test_python_markdown_is_told_the_same_of_an_option() -> None:
    with pytest.raises(ValueError, match="galley has no option 'a': leave its options out"):
        markdown.Markdown(extensions=["galley"], extension_configs={"galley": {"a": 1}})


@pytest.mark.parametrize("value", ["5", '"galley"', f"{'[' * 3000}{']' * 3000}"], ids=["number", "text", "deep"])
def test_toml_that_no_builder_takes_is_told(guide: GuideFolder, value: str) -> None:
    (guide.root / "zensical.toml").write_text(f"[project]\nmarkdown_extensions = {value}\n")
    ((place, _, _),) = told(guide)
    assert place.startswith("zensical.toml")


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("markdown_extensions: !ENV [NO_SUCH, [tables, galley]]", ""),
        ("markdown_extensions: !ENV [NO_SUCH, {galley: {}}]", ""),
        ("markdown_extensions: [tables, !ENV [NO_SUCH, galley]]", ""),
        ("markdown_extensions: [tables, !ENV GALLEY_EXTENSION]", ""),
        ("markdown_extensions: [tables, !ENV NO_SUCH]", "mkdocs.yml:2"),
        ("markdown_extensions: !ENV [NO_SUCH, {tables: {}}]", "mkdocs.yml:2"),
        ("markdown_extensions: !ENV {a: b}", "mkdocs.yml:2"),
    ],
)
def test_a_variable_of_the_environment_is_read_as_mkdocs_reads_it(
    folder: GuideFolder, line: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GALLEY_EXTENSION", "galley")
    folder.snippet("one", "# %% first\n1\n")
    folder.write("mkdocs.yml", f"site_name: A guide\n{line}\n")
    assert [str(each.place) for each in switched_off(folder.guide)] == [place] * bool(place)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("markdown_extensions: &it\n  - *it\n", "mkdocs.yml:1"),
        ("markdown_extensions: &it\n  - *it\n  - galley\n", ""),
        ("markdown_extensions: &it {tables: *it}\n", "mkdocs.yml:1"),
        ("markdown_extensions: !ENV [NO_SUCH, &it [*it]]\n", "mkdocs.yml:1"),
        ("? [a]\n: 1\nmarkdown_extensions: [{[b]: {}}, [c], {galley: []}]\n", "mkdocs.yml:3"),
        (f"markdown_extensions: {'[' * 3000}{']' * 3000}\n", "mkdocs.yml:1"),
    ],
    ids=["a list", "a list with galley", "a table", "a variable", "lists as names", "deep"],
)
def test_settings_that_hold_themselves_or_have_no_bottom_are_read_to_an_end(
    guide: GuideFolder, text: str, place: str
) -> None:
    (guide.root / "mkdocs.yml").write_text(text)
    assert [said for said, *_ in told(guide)] == [place] * bool(place)


@pytest.mark.parametrize("words", ["check", "build", "serve"])
def test_the_commands_fail_and_leave_no_site(guide: GuideFolder, words: str) -> None:
    guide.write("mkdocs.yml", "site_name: x\ntheme:\n  name: material\nmarkdown_extensions:\n  - tables\n")
    plain(guide)
    done = guide.galley(words)
    assert done.returncode == Exit.NOT_TRUE
    assert re.search(r"mkdocs.yml:\d+: not switched on: .*\n    add below it the line:   - galley", done.stdout)
    assert not (guide.root / "site").exists()
    text = (guide.root / "mkdocs.yml").read_text()
    guide.write("mkdocs.yml", text.replace("  - tables", "  - galley\n  - tables"))
    if words != "serve":  # which goes on until it is stopped
        assert guide.galley(words).returncode == Exit.OK


def test_a_build_fails_before_any_page_runs(guide: GuideFolder) -> None:
    guide.write("mkdocs.yml", "site_name: x\n")
    guide.write("snippets/one.py", "# %% a\nprint(2)\n")
    before = guide.recorded()
    assert guide.galley("build").returncode == Exit.NOT_TRUE
    assert guide.recorded() == before


def test_a_build_without_settings_says_the_least_of_them(guide: GuideFolder) -> None:
    done = guide.galley("build")
    assert done.returncode == Exit.BAD_INPUT
    assert "site_name: A guide; markdown_extensions: [galley]" in done.stdout
    guide.write("mkdocs.yml", "site_name: A guide\nmarkdown_extensions: [galley]\n")
    assert guide.galley("build").returncode == Exit.OK
    assert "<style>" in Path(guide.root / "site/one/index.html").read_text(encoding="utf-8")
