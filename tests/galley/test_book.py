"""`galley export --all`: every page in one folder, with links that lead to what is in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guide_folder import GuideFolder, fence

ONE = f"""\
# One

See [two](deep/two.md), [its part](deep/two.md#a-named-part), [words](words.md#so-it-is), [here](#own),
![a dot](img/dot.svg).
A [cell](deep/two.md#cell-two-one), [own cell](#cell-one-one), [the web](https://example.org/a.md),
`[code](deep/two.md)`,
[a file](img/data.csv "its title"), [nothing](gone.md) and [above](../mkdocs.yml).

## It's **so**: α {{ #own }}

{fence("one", "one")}
!!! note
    Inside.

```text
[a block](deep/two.md)
```
"""
TWO = f"""\
---
title: Two
---
# Two

Back to [one](../one.md#own) and [a dot](../img/dot.svg).

## Part B {{#a-named-part}}

{fence("two", "one")}
{fence("more", "one")}"""
WORDS = '# Words\n\nOf [one](one.md).\n\n```python exec="on" list="claims"\n```\n\n## So *it* is\n\nEnd.\n'


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with two pages that have cells, one of them in a folder, and a page of words."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"))
    folder.snippet("one", "# %% one\nprint(1)\n", shown=False)
    folder.snippet("two", "# %% one\nprint(2)\n", shown=False)
    folder.snippet("more", "# %% one\nprint(3)\n", shown=False)
    folder.write("docs/one.md", ONE)
    folder.write("docs/deep/two.md", TWO)
    folder.write("docs/words.md", WORDS)
    folder.write("docs/img/dot.svg", "<svg/>")
    folder.write("docs/img/data.csv", "1\n")
    folder.write("docs/img/unused.csv", "1\n")
    assert not folder.run().failures
    return folder


def cells(folder: GuideFolder, name: str) -> list[dict[str, Any]]:
    """The cells of a notebook of the folder."""
    found: list[dict[str, Any]] = json.loads((folder.root / "book" / name).read_text(encoding="utf-8"))["cells"]
    return found


def prose(folder: GuideFolder, name: str) -> str:
    """All prose of a notebook of the folder."""
    return "\n".join("".join(each["source"]) for each in cells(folder, name) if each["cell_type"] == "markdown")


def test_every_page_is_there_with_what_it_shows(guide: GuideFolder) -> None:
    done = guide.galley("export", "--all", "-o", "book")
    assert done.returncode == 0, done.stdout
    files = sorted(path.relative_to(guide.root / "book").as_posix() for path in Path(guide.root, "book").rglob("*.*"))
    assert files == ["deep/more.ipynb", "deep/two.ipynb", "img/data.csv", "img/dot.svg", "one.ipynb", "words.md"]
    assert "wrote 6 files into book" in done.stdout
    assert "not shown: docs/one.md: 1 admonition, which MkDocs alone reads\n" in done.stdout
    assert "not shown: docs/words.md: the list claims, which galley makes in a site\n" in done.stdout
    (code,) = (each for each in cells(guide, "one.ipynb") if each["cell_type"] == "code")
    assert code["outputs"][0]["text"] == ["1\n"]
    assert cells(guide, "one.ipynb")[0]["source"][0] == "# One\n", "a book takes a page's title from its first cell"
    ids = [each["id"] for name in files if name.endswith(".ipynb") for each in cells(guide, name)]
    assert len(ids) == len(set(ids)) > 6
    words = (guide.root / "book/words.md").read_text(encoding="utf-8")
    assert words == "# Words\n\nOf [one](one.ipynb).\n\n\n## So *it* is\n\nEnd.\n\n"


def test_links_lead_to_what_is_in_the_folder(guide: GuideFolder) -> None:
    assert guide.galley("export", "--all", "-o", "book").returncode == 0
    said = prose(guide, "one.ipynb")
    for wanted in (
        "[two](deep/two.ipynb), [its part](deep/two.ipynb#part-b), [words](words.md#so-it-is), [here](#its-so-α)",
        "![a dot](img/dot.svg)",
        "A [cell](deep/two.ipynb), own cell, [the web](https://example.org/a.md),\n`[code](deep/two.md)`,\n",
        '[a file](img/data.csv "its title"), [nothing](gone.md) and [above](../mkdocs.yml)',
        "## It's **so**: α\n",
        "[a block](deep/two.md)",
    ):
        assert wanted in said, said
    assert "Back to [one](../one.ipynb#its-so-α) and [a dot](../img/dot.svg)." in prose(guide, "deep/two.ipynb")


def test_pages_as_scripts_have_no_links_to_pages(guide: GuideFolder) -> None:
    assert guide.galley("export", "--all", "-f", "py", "-o", "book").returncode == 0
    files = sorted(path.relative_to(guide.root / "book").as_posix() for path in Path(guide.root, "book").rglob("*.*"))
    assert files == ["deep/more.py", "deep/two.py", "one.py"]
    assert "# See two, its part, words, here," in (guide.root / "book/one.py").read_text(encoding="utf-8")


def test_what_a_notebook_needs_stands_below_its_title(guide: GuideFolder) -> None:
    code = "# %% one [folded]\nimport click\nprint(1)\n# %% two [setup]\n2\n# %% three [measured]\n3\n"
    guide.snippet("one", code, shown=False)
    assert not guide.run("one").failures
    assert guide.galley("export", "--all", "-o", "book").returncode == 0
    title, needs, *others = cells(guide, "one.ipynb")
    tags = [each["metadata"]["tags"] for each in others if each["cell_type"] == "code"]
    assert tags == [["folded", "hide-input"], ["setup", "hide-cell"], ["measured"]]
    assert title["source"][0] == "# One\n"
    assert needs["metadata"] == {"name": "needs", "tags": ["hide-cell"]}
    assert "".join(needs["source"]).startswith("# Installs the packages")


def test_nothing_is_written_where_that_cannot_be(guide: GuideFolder) -> None:
    for words, said in (
        (("--all",), "all pages are written into a folder\n    name it: --output FOLDER"),
        (("--all", "-o", "-"), "all pages are written into a folder"),
        ((), "one page is exported, or all of them\n    name a PAGE, or give --all"),
        (("one", "--all", "-o", "book"), "one page is exported, or all of them"),
        (("--all", "-o", "docs"), "docs is there already"),
        (("--all", "-o", "mkdocs.yml"), "mkdocs.yml is there already"),
        (("--all", "-f", "html", "-o", "book"), "no format is named 'html'"),
        (("--all", "-p", "nosuch", "-o", "book"), "no profile is named 'nosuch'"),
    ):
        done = guide.galley("export", *words)
        assert done.returncode == 2, done.stdout
        assert said in done.stdout
    guide.snippet("one", "# %% one\nprint(4)\n", shown=False)
    done = guide.galley("export", "--all", "-o", "book")
    assert done.returncode == 1
    assert "the laptop record is stale: cell one/one changed\n    galley run one" in done.stdout
    assert not (guide.root / "book").exists()


def test_a_link_out_of_the_pages_brings_no_file(guide: GuideFolder) -> None:
    guide.write("secret.txt", "secret")
    (guide.root / "docs/img/out.txt").symlink_to(guide.root / "secret.txt")
    guide.write("docs/words.md", "# Words\n\n[a](img/out.txt), [b](../secret.txt), [c](/etc/passwd)\n")
    assert guide.galley("export", "--all", "-o", "book").returncode == 0
    names = {path.name for path in Path(guide.root, "book").rglob("*")}
    assert not names & {"out.txt", "secret.txt", "passwd"}


def test_nothing_is_written_beside_the_folder(guide: GuideFolder) -> None:
    """A link may go out of the pages' folder and into it again, by its name."""
    mine = guide.write("out/docs/img/dot.svg", "mine")
    guide.write("docs/words.md", "# Words\n\n![a](../docs/img/dot.svg)\n\n![b](../../x/docs/img/dot.svg)\n")
    done = guide.galley("export", "--all", "-o", "out/book")
    assert done.returncode == 0, done.stdout
    assert mine.read_text(encoding="utf-8") == "mine"
    assert sorted(path.name for path in (guide.root / "out").iterdir()) == ["book", "docs"]


def test_each_language_of_a_page_is_a_notebook_and_cells_of_other_pages_are_told(folder: GuideFolder) -> None:
    folder.snippet("x", "# %% one\nprint('said once')\n# %% two\n", shown=False)
    for name, words in (("x.md", "Words."), ("x.de.md", "Worte."), ("fr/x.md", "Mots.")):
        folder.write(f"docs/{name}", f"# X\n\n{words}\n\n{fence('x', 'one')}\n{fence('x', 'two')}")
    folder.snippet("y", "# %% one\nprint(1)\n# %% two\nprint(2)\n")
    folder.write("docs/more.md", f"# More\n\n{fence('y', 'two')}\n{fence('x', 'one')}")
    folder.snippet("z", "# %% one\nprint(26)\n", shown=False)
    folder.write("docs/z.md", f"# Z\n\nOf z.\n\n{fence('z', 'one')}")
    folder.write("docs/y.md", f"# Y\n\n{fence('y', 'one')}\n{fence('y', 'two')}\n{fence('z', 'one')}")
    folder.snippet("w", "# %% one\nprint(23)\n")
    folder.write("docs/zz.md", f"# Zz\n\n{fence('w', 'one')}\n{fence('z', 'one')}")
    assert not folder.run().failures
    done = folder.galley("export", "--all", "-o", "book")
    assert "not shown: docs/y.md: 1 cell of other pages, whose files have them\n" in done.stdout
    assert "not shown: docs/zz.md: 2 cells of other pages, whose files have them\n" in done.stdout
    assert "not shown: docs/more.md: 2 cells of other pages, whose files have them\n" in done.stdout
    files = sorted(path.relative_to(folder.root / "book").as_posix() for path in Path(folder.root, "book").rglob("*.*"))
    assert files == ["fr/x.ipynb", "more.md", *(f"{name}.ipynb" for name in ("w", "x.de", "x", "y", "z")), "zz.md"]
    assert "Of z." in prose(folder, "z.ipynb"), "with its own page's words"
    for name, words in (("x.ipynb", "Words."), ("x.de.ipynb", "Worte."), ("fr/x.ipynb", "Mots.")):
        assert words in prose(folder, name)
        (output,) = [out for each in cells(folder, name) for out in each.get("outputs", ())]
        assert output["text"] == ["said once\n"]


@pytest.mark.parametrize("there", [False, True])
def test_of_a_folder_that_cannot_be_written_nothing_is_left(folder: GuideFolder, there: bool) -> None:
    """A page becomes a file where a picture needs a folder."""
    folder.snippet("b", "# %% one\nprint(1)\n")
    folder.write("docs/deep/b.ipynb/dot.png", "a picture")
    folder.write("docs/deep/a.md", "# A\n\n![a](b.ipynb/dot.png)\n")
    folder.snippet("c", "# %% one\nprint(1)\n", shown=False)
    folder.write("docs/deep/b.md", f"# B\n\n{fence('c', 'one')}")
    assert not folder.run().failures
    if there:
        (folder.root / "book").mkdir()
    done = folder.galley("export", "--all", "-o", "book")
    assert (done.returncode, "book/deep/b.ipynb: the system refuses" in done.stdout) == (3, True), done.stdout
    assert (folder.root / "book").exists() is there
    assert list(folder.root.glob("book/*")) == []
