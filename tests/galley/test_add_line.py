"""The line with which `galley add` has a builder load galley: it is all that changes, or nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from galley.errors import Exit, RefusedError
from galley.start.added import plan
from guide_folder import GuideFolder
from sites import changed, files_of, site

LINES = """\
# The site.   With a comment.
site_name: 'A site'  # quoted
site_url: !ENV [SITE_URL, 'http://localhost']
theme: {name: mkdocs,   locale: en}

nav:
    - "Home": index.md   # four spaces

%s

extra: &extra
  emoji: !!python/name:no.such.module.twemoji
  again: {<<: {a: 1}, b: 2}
  text: |
    two

    lines
more: [*extra, 'x']
# vim: set sw=2
"""
# The extensions as they stand in the settings, and as they stand then.
NAMED: dict[str, tuple[str, str]] = {
    "a list": (
        "markdown_extensions:\n  - tables  # yes\n  - toc:\n      permalink: true\n      # title: Contents\n  # - abbr",
        "markdown_extensions:\n  - tables  # yes\n  - toc:\n      permalink: true\n      # title: Contents\n"
        "  - galley\n  # - abbr",
    ),
    "a list without indentation": (
        "'markdown_extensions':\n- tables\n-   toc: {permalink: true}",
        "'markdown_extensions':\n- tables\n-   toc: {permalink: true}\n- galley",
    ),
    "a list with an anchor": (
        "markdown_extensions: &mine\n      - tables\n      - toc:",
        "markdown_extensions: &mine\n      - tables\n      - toc:\n      - galley",
    ),
    "a text over several lines": (
        "markdown_extensions:\n  - toc:\n      title: |\n        One\n        two",
        "markdown_extensions:\n  - toc:\n      title: |\n        One\n        two\n  - galley",
    ),
    "a flow list": (
        "markdown_extensions: [tables, 'toc']  # two",
        "markdown_extensions: [tables, 'toc', galley]  # two",
    ),
    "a flow list over lines": (
        "markdown_extensions: [\n  tables,\n  toc,  # ]\n]",
        "markdown_extensions: [\n  tables,\n  toc, galley,  # ]\n]",
    ),
    "an empty list": ("markdown_extensions: [ ]", "markdown_extensions: [galley ]"),
    "nothing": ("markdown_extensions:  # none yet", "markdown_extensions: [galley]  # none yet"),
    "null": ("markdown_extensions: ~", "markdown_extensions: [galley]"),
    "a table": (
        "markdown_extensions:\n   tables: {}\n   toc: {permalink: true}  # here",
        "markdown_extensions:\n   tables: {}\n   toc: {permalink: true}  # here\n   galley: {}",
    ),
    "a flow table": ("markdown_extensions: {tables: {}}", "markdown_extensions: {tables: {}, galley: {}}"),
    "an empty table": ("markdown_extensions: {}", "markdown_extensions: {galley: {}}"),
    "twice": (
        "markdown_extensions: [toc]\n\nmarkdown_extensions: [tables]",
        "markdown_extensions: [toc]\n\nmarkdown_extensions: [tables, galley]",
    ),
}
ABSENT = {
    "site_name: x\n": "site_name: x\nmarkdown_extensions:\n  - galley\n",
    "site_name: x": "site_name: x\nmarkdown_extensions:\n  - galley",
    "site_name: x\n\nnav:\n- a.md\n# - b.md\n\n": (
        "site_name: x\n\nnav:\n- a.md\n# - b.md\n\nmarkdown_extensions:\n- galley\n\n"
    ),
    "site_name: x\nnav:\n   - a.md\n...\n": "site_name: x\nnav:\n   - a.md\nmarkdown_extensions:\n   - galley\n...\n",
    "  site_name: x\n  nav: [a.md]\n": "  site_name: x\n  nav: [a.md]\n  markdown_extensions:\n  - galley\n",
}
# Settings that cannot be changed so that it shows, the line that is told, and what of it.
UNPROVEN = {
    "markdown_extensions: &it\n  - *it\n": (1, "other settings use the value of markdown_extensions, by its anchor"),
    "markdown_extensions: &it [toc]\nextra: *it\n": (1, "other settings use the value of markdown_extensions"),
    "&all\nsite_name: x\nextra: *all\n": (0, "other settings use the value of markdown_extensions"),
    "x: &x [toc]\nmarkdown_extensions: *x\n": (2, "the value of markdown_extensions stands elsewhere"),
    "x: &x {a: 1}\n<<: *x\nsite_name: x\n": (2, "markdown_extensions may come from what the line with << names"),
    "markdown_extensions: !ENV [NO_SUCH, [toc]]\n": (1, "markdown_extensions has the tag !ENV"),
    "site_name: x\nmarkdown_extensions: toc\n": (2, "the value of markdown_extensions is no list and no table"),
    "{site_name: x}\n": (1, "the settings stand in braces"),
    "site_name: |\n  x": (0, "the line would change another setting"),
    "markdown_extensions:\n  -\n    toc\n": (1, "the line would change another setting"),
    "- site_name\n": (0, "it holds no settings by name"),
    "": (0, "it holds no settings by name"),
    "site_name: x\nmarkdown_extensions:\t|+\t\n": (2, "not readable as YAML: found character"),
    'markdown_extensions: ""\n': (1, "the value of markdown_extensions is no list and no table"),
    "INHERIT: !ENV [X, y.yml]\n": (1, "INHERIT names no further file"),
    "INHERIT: nowhere.yml\n": (1, "INHERIT names no further file"),
    "INHERIT: mkdocs.yml\n": (1, "INHERIT names no further file"),
    "INHERIT: docs\n": (1, "INHERIT names no further file"),
}


class AnyTag(yaml.SafeLoader):  # type: ignore[misc]
    """Reads every tag as a pair of the tag and what it stands at; an oracle of its own for what settings say."""

    def any_tag(self, suffix: str, node: yaml.Node) -> Any:
        """The pair."""
        make = {"scalar": self.construct_scalar, "sequence": self.construct_sequence, "mapping": self.construct_mapping}
        return suffix, make[node.id](node)


AnyTag.add_multi_constructor("", AnyTag.any_tag)


@pytest.mark.parametrize(("before", "after"), NAMED.values(), ids=NAMED)
@pytest.mark.parametrize(("end", "bom"), [("\n", ""), ("\r\n", "\ufeff")])
def test_the_line_is_all_that_changes(tmp_path: Path, before: str, after: str, end: str, bom: str) -> None:
    old, new = (f"{bom}{(LINES % each).replace(chr(10), end)}" for each in (before, after))
    site(tmp_path, old)
    assert changed(tmp_path)["mkdocs.yml"] == new
    was, now = (yaml.load(each.removeprefix(bom), AnyTag) for each in (old, new))
    names = was.pop("markdown_extensions")
    then = now.pop("markdown_extensions")
    assert was == now
    assert then == ({**names, "galley": {}} if isinstance(names, dict) else [*(names or []), "galley"])


@pytest.mark.parametrize(("old", "new"), ABSENT.items())
def test_where_no_extension_is_named_the_list_is_the_last_setting(tmp_path: Path, old: str, new: str) -> None:
    site(tmp_path, old)
    assert changed(tmp_path)["mkdocs.yml"] == new


def test_blank_lines_that_belong_to_a_text_stay_in_it(tmp_path: Path) -> None:
    text = "markdown_extensions:\n  - toc:\n      title: |%s\n        One\n\n%sextra: 1\n"
    for keeps, before, after in (("+", "", "  - galley\n"), ("", "", "")):
        site(tmp_path, text % (keeps, before))
        wanted = text % (keeps, after) if keeps else text.replace("One\n", "One\n  - galley\n") % (keeps, after)
        assert changed(tmp_path)["mkdocs.yml"] == wanted


@pytest.mark.parametrize("text", UNPROVEN)
def test_what_cannot_be_shown_is_refused_with_the_line_to_add(tmp_path: Path, text: str) -> None:
    line, what = UNPROVEN[text]
    guide = site(tmp_path, text)
    before = files_of(tmp_path)
    done = guide.galley("add")
    assert done.returncode == Exit.REFUSED, done.stdout
    assert done.stdout.startswith(f"mkdocs.yml:{line}: {what}" if line else f"mkdocs.yml: {what}")
    assert "nothing was written\n    " in done.stdout
    assert "galley" in done.stdout.splitlines()[-1]
    assert files_of(tmp_path) == before


def test_what_is_nested_too_deeply_is_not_read(tmp_path: Path) -> None:
    guide = site(tmp_path, f"site_name: x\nextra: {'[' * 200}{']' * 200}\n")
    before = files_of(tmp_path)
    done = guide.galley("add")
    assert done.returncode == Exit.BAD_INPUT
    assert done.stdout == "mkdocs.yml:2: not readable as YAML: it is nested too deeply\n"
    assert files_of(tmp_path) == before


# Zensical's settings


TABLES = """\
[project]
site_name = "x"  # a comment

[project.markdown_extensions.toc]
permalink = true

[project.markdown_extensions.pymdownx.tabbed]
alternate_style = true

[project.theme]
language = "en"
"""
TABLE = "[project.markdown_extensions.galley]"
TOML = {
    "tables": (TABLES, TABLES.replace("e = true\n\n[project.theme", f"e = true\n\n{TABLE}\n\n[project.theme")),
    "a list": (
        '[project]\nmarkdown_extensions = [\n  "toc",  # "]"\n  "tables", # two\n]\nsite_name = "x"\n',
        '[project]\nmarkdown_extensions = [\n  "toc",  # "]"\n  "tables", "galley" # two\n]\nsite_name = "x"\n',
    ),
    "a list in a line": ('markdown_extensions = ["toc"]\n', 'markdown_extensions = ["toc", "galley"]\n'),
    "an empty list": ("[project]\nmarkdown_extensions = []", '[project]\nmarkdown_extensions = ["galley"]'),
    "a table in a line": (
        "[project]\nmarkdown_extensions = { toc = {} } # }\n",
        "[project]\nmarkdown_extensions = { toc = {}, galley = {} } # }\n",
    ),
    "dotted names": (
        "[project]\nmarkdown_extensions.toc = {}\nsite_name = 'x'\n",
        "[project]\nmarkdown_extensions.toc = {}\nsite_name = 'x'\n\n[project.markdown_extensions.galley]\n",
    ),
    "one table": (
        "[project.markdown_extensions]\ntoc = {}\n[other]\n",
        "[project.markdown_extensions]\ntoc = {}\n[project.markdown_extensions.galley]\n[other]\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new"), TOML.values(), ids=TOML)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_in_toml_the_line_is_all_that_changes(tmp_path: Path, old: str, new: str, end: str) -> None:
    site(tmp_path, old.replace("\n", end), "zensical.toml")
    assert changed(tmp_path)["zensical.toml"] == new.replace("\n", end)


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[project]\nmarkdown_extensions = 5\n", 2, "markdown_extensions is no list and no table"),
        ("[[project.markdown_extensions]]\ntoc = {}\n", 1, "written in a form that this command does not know"),
        ("project = { markdown_extensions = {} }\n", 1, "written in a form that this command does not know"),
        ("project = 5\n", 0, "project is no table"),
        ('[project]\r\nmarkdown_extensions = ["a"]\n', 2, "its lines end in two ways"),
    ],
)
def test_toml_that_cannot_be_shown_is_refused(tmp_path: Path, text: str, line: int, what: str) -> None:
    done = site(tmp_path, text, "zensical.toml").galley("add")
    assert done.returncode == Exit.REFUSED
    assert what in done.stdout
    assert done.stdout.startswith(f"zensical.toml:{line}: " if line else "zensical.toml: ")
    assert not (tmp_path / "pyproject.toml").exists()


def test_zensical_goes_on_with_the_extensions_that_it_brings_by_itself(tmp_path: Path) -> None:
    config = pytest.importorskip("zensical.config")
    site(tmp_path, '[project]\nsite_name = "x"\n', "zensical.toml")
    file = str(tmp_path / "zensical.toml")
    before = config.parse_config(file)
    assert GuideFolder(tmp_path).galley("add").returncode == Exit.OK
    after = config.parse_config(file)
    assert after["markdown_extensions"] == [*before["markdown_extensions"], "galley"]
    del after["mdx_configs"]["galley"]
    assert repr(after["mdx_configs"]) == repr(before["mdx_configs"])
    assert GuideFolder(tmp_path).galley("add").stdout == "galley is in this site already: nothing was changed\n"


def test_without_zensical_its_extensions_are_not_guessed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zensical.config", None)
    site(tmp_path, '[project]\nsite_name = "x"\n', "zensical.toml")
    with pytest.raises(RefusedError, match="is not installed here to name them") as caught:
        plan(tmp_path)
    assert "[project.markdown_extensions.galley], and tables for those of Zensical's own" in caught.value.mend


MENDED = {
    "markdown_extensions: &it\n  - toc\nextra: *it\n": "markdown_extensions: &it\n  - galley\n  - toc\nextra: *it\n",
    "x: &x {a: 1}\n<<: *x\n": "x: &x {a: 1}\n<<: *x\nmarkdown_extensions: [toc, galley]\n",
    "{site_name: x}\n": "{site_name: x, markdown_extensions: [galley]}\n",
    "markdown_extensions:\n  -\n    toc\n": "markdown_extensions:\n  - galley\n  -\n    toc\n",
    "markdown_extensions: toc\n": "markdown_extensions: [galley]\n",
    "markdown_extensions: !ENV [NO_SUCH, [toc]]\n": "markdown_extensions: !ENV [NO_SUCH, [toc, galley]]\n",
}


@pytest.mark.parametrize(("text", "by_hand"), MENDED.items())
def test_what_is_told_to_add_by_hand_is_taken_the_next_time(tmp_path: Path, text: str, by_hand: str) -> None:
    site(tmp_path, text)
    with pytest.raises(RefusedError):
        plan(tmp_path)
    site(tmp_path, by_hand)
    assert list(changed(tmp_path)) == ["pyproject.toml"]
