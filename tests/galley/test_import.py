"""`galley import`: what people have becomes a page that runs, and what is lost is told."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from galley.convert.command import take
from galley.convert.page import make
from galley.convert.part import Notebook, Part
from galley.convert.places import Places
from galley.convert.python import as_python
from galley.errors import GalleyError, RefusedError, UsageError
from guide_folder import GuideFolder

pytest.importorskip("nbformat")
pytest.importorskip("jupytext")

PIXEL = base64.b64encode(b"\x89PNG not really").decode()
HELD = {"held.png": {"image/png": PIXEL}}
DRAWS = """\
class Drawn:
    def _repr_svg_(self):
        return '<svg xmlns="http://www.w3.org/2000/svg"><title>a dot</title><circle r="1"/></svg>'

Drawn()"""
DISPLAY = "from IPython.display import display"
FUTURE = "from __future__ import annotations"
ROWS = "rows = [{'n': n, 'square': n * n} for n in range(3)]\nrows"


def code(source: str, *outputs: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A cell of code."""
    made = {"cell_type": "code", "source": source, "metadata": metadata, "outputs": list(outputs)}
    return {**made, "execution_count": None}


def text(source: str, **more: Any) -> dict[str, Any]:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def raised(name: str) -> dict[str, Any]:
    """The output of a cell that failed."""
    return {"output_type": "error", "ename": name, "evalue": "", "traceback": []}


def shown(**data: Any) -> dict[str, Any]:
    """The output of a cell that showed something."""
    return {"output_type": "display_data", "metadata": {}, "data": data}


def notebook(folder: GuideFolder, name: str, *cells: dict[str, Any], language: str = "python") -> Path:
    """Write a notebook below the guide's root."""
    kernel = {"name": "x", "display_name": "X", "language": language}
    found = {"nbformat": 4, "nbformat_minor": 4, "metadata": {"kernelspec": kernel}, "cells": list(cells)}
    return folder.write(name, json.dumps(found))


REAL = (
    text("# Rows and pictures\n\nA [link](https://example.org/a), and a picture:\n\n![a plot](img/plot%20one.png)"),
    code("%matplotlib inline\nimport json\n!pip install polars"),
    code("size = 3\nname = 'x'", tags=["parameters"]),
    text("## Load the rows\n\n![held](attachment:held.png) and ![gone](gone.png)", attachments=HELD),
    code(ROWS, shown(**{"text/html": "<table></table>", "text/plain": "rows"})),
    code("print(len(rows))"),
    text("## Draw\n\nSee [the other](other.ipynb#top), [no page](nowhere.ipynb) and `[code](gone.ipynb)`."),
    text(":::{tab-set}\nHi\n:::"),
    code(DRAWS, shown(**{"image/svg+xml": "<svg/>"}), tags=["hide-input"]),
    text("## It fails"),
    code("1 / 0", raised("ZeroDivisionError"), tags=["raises-exception"]),
    code("json.dumps(rows);", tags=["hide-cell", "mine"]),
    code("%%bash\nls *.csv"),
    code("later = 1", tags=["skip-execution"]),
    code("w = 1", shown(**{"application/vnd.jupyter.widget-view+json": {}})),
    {"cell_type": "raw", "source": "raw words", "metadata": {}},
)  # fmt: skip


def test_a_notebook_becomes_a_page_that_runs_and_is_true(folder: GuideFolder) -> None:
    folder.write("docs/other.md", "# Other\n")
    folder.write("work/img/plot one.png", "png")
    made = notebook(folder, "work/My Notebook.ipynb", *REAL)
    done = folder.galley("import", str(made))
    assert done.returncode == 0, done.stdout
    assert "wrote docs/my-notebook.md\nwrote snippets/my_notebook.py\nwrote docs/my-notebook-files/" in done.stdout
    ran = folder.galley("run", "my-notebook")
    assert ran.returncode == 0, ran.stdout
    assert folder.galley("check").returncode == 0, folder.galley("check").stdout
    assert folder.galley("test", "my-notebook/it-fails").returncode == 0
    snippets = folder.guide.snippets["my_notebook"]
    names = "rows-and-pictures parameters load-the-rows load-the-rows-2 draw it-fails it-fails-2 it-fails-3"
    assert [cell.name for cell in snippets.cells] == names.split()
    lines = snippets.source.split("\n")
    assert "# %% draw [folded]" in lines
    assert '# %% it-fails raises="ZeroDivisionError"' in lines
    assert "# %% it-fails-2 [setup]" in lines
    assert "_ = json.dumps(rows)" in lines
    assert "# %matplotlib inline" in lines
    page = (folder.root / "docs/my-notebook.md").read_text(encoding="utf-8")
    assert page.startswith("# Rows and pictures\n\nA [link](https://example.org/a), and a picture:")
    assert "![a plot](my-notebook-files/plot-one.png)" in page
    assert "![held](my-notebook-files/held.png) and ![gone](gone.png)" in page
    assert (folder.root / "docs/my-notebook-files/held.png").read_bytes() == b"\x89PNG not really"
    assert "[the other](other.md#top), no page and `[code](gone.ipynb)`" in page
    assert '```bash title="Typed by hand: shown, and not run"\nls *.csv\n```' in page
    assert 'not run"\nlater = 1\n```' in page


def test_what_is_lost_is_told_with_its_cell_and_what_to_do(folder: GuideFolder) -> None:
    done = folder.galley("import", str(notebook(folder, "work/a.ipynb", *REAL)))
    said = done.stdout.partition("could not take ")[2].split("\n")
    assert said[0] == f"{len(said) - 3} things:"
    for wanted in (
        "cell 1: the file img/plot one.png is not beside the notebook: put it beside the page",
        "cell 2: `%matplotlib inline` is a comment now: galley draws figures without it",
        "cell 2: `!pip install polars` is a comment now: install it into the environment that runs galley",
        "cell 4: the file gone.png is not beside the notebook: put it beside the page",
        "cell 7: the link to other.ipynb is left out: import that one together with this file",
        "cell 8: `:::{tab-set}` is a directive: write it as Markdown has it, such as `!!! note`",
        'cell 9: its picture needs words, unless it has a title: alt="…" on the line of cell draw',
        "cell 12: the tag 'mine' means nothing to galley",
        "cell 13: `%%bash` is shown and does not run: write it in Python, "
        "or a command as `# $ …` in a cell tagged [shell]",
        "cell 14: it is shown without running, as its tag has it",
        "cell 15: a widget is shown as text: it needs a program behind it",
        "cell 16: the raw cell is left out: 'raw words'",
    ):
        assert f"    {wanted}" in said, said
    assert "galley run a runs it" in done.stdout


QUARTO = """\
---
title: A page of Quarto
---

Words.

```{python}
#| label: fig-line
#| echo: false
#| fig-cap: 'a "line"'
value = 2
print(value)
```

## More

```{python}
#| include: false
#| error: true
#| output: false
print(value)
```
"""
OF_QUARTO = [
    "fig-line [remove-input] alt=\"a 'line'\"",
    'more [remove-cell] raises="BaseException" subclasses="yes"',
]
MYST = """\
---
kernelspec:
  display_name: Python 3
  name: python3
---

# A page of MyST

```{code-cell} ipython3
:tags: [hide-input]
:name: named one

value = 2
print(value)
```

More.

```{code-cell} ipython3
value + 1
```
"""
PERCENT = """\
# %% [markdown]
# # A script
#
# Its words.

# %% first
value = 2
print(value)

# %%
# a comment of the code's
value + 1
"""
GALLERY = '''\
"""
A gallery
=========

Its :func:`words`.
"""
import json

value = 2

######################################################################
# A part
# ------
#
# More words.

print(json.dumps(value))
'''
OF_TODAY = '"""\nA gallery\n=========\n"""\n\n# %%\n# A part\n# ------\n# Words.\n\nprint(2)\n\n# %%\nprint(3)\n'


@pytest.mark.parametrize(
    ("name", "source", "cells", "words"),
    [
        ("a.qmd", QUARTO, OF_QUARTO, "# A page of Quarto\n\nWords."),
        ("a.md", MYST, ["named-one [folded]", "a-page-of-myst"], "# A page of MyST\n\n```python exec"),
        ("b.md", "# Words\n\n```python\nvalue = 2\n```\n\nMore.\n", ["words"], "# Words\n\n```python exec"),
        ("a.py", PERCENT, ["first", "a-script"], "# A script\n\nIts words."),
        ("b.py", GALLERY, ["a-gallery", "a-part"], "# A gallery\n\nIts `words`."),
        ("c.py", OF_TODAY, ["a-part", "a-part-2"], "# A gallery\n\n## A part\n\nWords."),
    ],
)  # fmt: skip
def test_each_form_is_read(folder: GuideFolder, name: str, source: str, cells: list[str], words: str) -> None:
    taken = take(folder.project, folder.write(f"work/{name}", source))
    page, snippets = ((folder.root / path).read_text(encoding="utf-8") for path in taken.files[:2])
    assert page.startswith(words)
    assert [line.removeprefix("# %% ") for line in snippets.split("\n") if line.startswith("# %%")] == cells
    if "raises" not in snippets:
        assert not folder.run().failures
        assert folder.galley("check").returncode == 0
    if name == "a.qmd":
        assert any("any error will do: say which it is" in each for each in taken.lost)
        assert any("its output is shown" in each for each in taken.lost)


def test_all_is_written_or_nothing(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    held = text("![held](attachment:held.png)", attachments=HELD)
    made = notebook(folder, "work/a.ipynb", held, code("print(1)"))
    page = folder.write("docs/a.md", "mine")
    with pytest.raises(UsageError, match="is there already"):
        take(folder.project, made)
    assert page.read_text(encoding="utf-8") == "mine"
    assert not (folder.root / "snippets/a.py").exists()
    page.unlink()
    folder.write("snippets/a.py", "mine")
    with pytest.raises(UsageError, match="is there already"):
        take(folder.project, made)
    assert not page.exists()
    assert not (folder.root / "docs/a-files").exists()
    (folder.root / "snippets/a.py").unlink()
    opened = Path.open

    def refuses(path: Path, *words: Any, **named: Any) -> Any:
        if path == page:
            raise OSError(28, "No space left on device")
        return opened(path, *words, **named)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", refuses)
        with pytest.raises(RefusedError, match="cannot be written: No space left"):
            take(folder.project, made)
    left = [path for path in folder.root.rglob("*") if path.is_file()]
    assert {path.name for path in left} == {"a.ipynb", "pyproject.toml", "mkdocs.yml"}
    assert not (folder.root / "docs/a-files").exists()
    assert (folder.root / "snippets").is_dir()  # empty, and the user's
    assert [path.name for path in take(folder.project, made).files] == ["a.md", "a.py", "held.png"]


def test_a_notebook_brings_its_own_files_and_no_other(folder: GuideFolder) -> None:
    folder.write("secret.txt", "secret")
    folder.write("work/one/a.png", "beside")
    (folder.root / "work/one/link.txt").symlink_to(folder.root / "secret.txt")
    other = {"a.png": {"image/png": base64.b64encode(b"held").decode()}, "..": {"image/png": PIXEL}}
    links = "![a](a.png) ![b](attachment:a.png) [c](../../secret.txt) [d](link.txt) ![e](attachment:..) [f](%00)"
    taken = take(folder.project, notebook(folder, "work/one/a.ipynb", text(links, attachments=other), code("1")))
    files = {path.name: (folder.root / path).read_bytes() for path in taken.files[2:]}
    assert files == {"a.png": b"beside", "1-a.png": b"held", "file": b"\x89PNG not really"}
    assert len(taken.lost) == 3
    page = (folder.root / "docs/a.md").read_text(encoding="utf-8")
    assert "![a](a-files/a.png) ![b](a-files/1-a.png) [c](../../secret.txt) [d](link.txt) ![e](a-files/file)" in page


def test_what_cannot_be_a_page_is_refused(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for cells, name, said in (
        ((text("# words"),), "a.ipynb", "has no cell of Python"),
        ((code("import random"),), "random.ipynb", "imports 'random' and would get"),
        ((code("1"),), "---.ipynb", "no page can have the name"),
        ((code("1"),), "a.txt", "is no notebook"),
    ):
        with pytest.raises(GalleyError, match=said):
            take(folder.project, notebook(folder, f"work/{name}", *cells))
    assert take(
        folder.project, notebook(folder, "work/random.ipynb", code("import random")), name="by chance"
    ).pages == ("by-chance",)
    with pytest.raises(GalleyError, match="its code is R"):
        take(folder.project, notebook(folder, "work/r.ipynb", code("1"), language="R"))
    with pytest.raises(GalleyError, match="cannot be read as a notebook"):
        take(folder.project, folder.write("work/b.ipynb", "{"))
    with pytest.raises(GalleyError, match="is no valid notebook"):
        take(folder.project, folder.write("work/c.md", MYST.replace("  display_name: Python 3\n", "")))
    monkeypatch.setitem(__import__("sys").modules, "jupytext", None)
    with pytest.raises(GalleyError, match="read by jupytext, which is not installed") as failed:
        take(folder.project, notebook(folder, "work/d.ipynb", code("1")))
    assert failed.value.mend == 'pip install "galley-docs[import]"'


def test_a_warning_of_the_parser_is_for_the_run_to_tell(folder: GuideFolder) -> None:
    taken = take(folder.project, notebook(folder, "work/a.ipynb", code("print('\\d')")))
    assert taken.lost == ()


@pytest.mark.parametrize(
    ("source", "text", "language", "lost"),
    [
        ("x = 1", "x = 1", "", 0),
        ("x = 5\nx % 2", "x = 5\nx % 2", "", 0),
        ("if 1:\n    !ls\nx = 1", "if 1:\n    pass  # !ls\nx = 1", "", 1),
        ("files = !ls", "# files = !ls", "", 1),
        ("list?", "# list?", "", 1),
        ("%%time\nx = 1", "x = 1", "", 1),
        ("%%time\n%%capture out\nx = 1", "x = 1", "", 2),
        ("%%writefile a.py\nx = 1", "x = 1", "text", 1),
        ("await f()", "await f()", "", 0),
        ("async with f():\n    %time g()", "async with f():\n    pass  # %time g()", "", 1),
        ("!head -2 a.csv\n!ls", "# $ head -2 a.csv\n# $ ls", "", 0),
        ("!ls {name}", "# !ls {name}", "", 1),
        ("!ls $name", "# !ls $name", "", 1),
        ("!pip install x", "# !pip install x", "", 1),
        ("!ls\nx = 1", "# !ls\nx = 1", "", 1),
        ("x = = 1", "x = = 1", "python", 1),
        ("print(1);", "_ = print(1)", "", 0),
        ("f(\n 1\n);", "_ = f(\n 1\n)", "", 0),
        ("x = 1;", "x = 1;", "", 0),
        ('"a"\\\n;', '"a"\\\n;', "", 0),
        ("x = 1\ndisplay(x)", "x = 1\nx", "", 0),
        ("display(f(\n    1,\n))\n# the end", "f(\n    1,\n)\n# the end", "", 0),
        ("display(1\n+ 2)", f"{DISPLAY}\n\ndisplay(1\n+ 2)", "", 1),
        ("display(*x)", f"{DISPLAY}\n\ndisplay(*x)", "", 1),
        ("display(x)\ny = 1", f"{DISPLAY}\n\ndisplay(x)\ny = 1", "", 1),
        ("display(x, raw=True)", f"{DISPLAY}\n\ndisplay(x, raw=True)", "", 1),
        ("display(x, y)", f"{DISPLAY}\n\ndisplay(x, y)", "", 1),
        ("x; display(x)", f"{DISPLAY}\n\nx; display(x)", "", 1),
        (f"{FUTURE}\ndisplay(x, y)", f"{FUTURE}\n{DISPLAY}\ndisplay(x, y)", "", 1),
        ("class display:\n    ...\ndisplay(1)", "class display:\n    ...\ndisplay(1)", "", 0),
        ("get_ipython().run_line_magic('x', '')", "get_ipython().run_line_magic('x', '')", "", 1),
        ("from IPython.display import display\ndisplay(1)", "from IPython.display import display\ndisplay(1)", "", 0),
        ("x = 1\n# %% y", "x = 1\n#  %% y", "", 0),
    ],
)
def test_code_is_python_or_told(source: str, text: str, language: str, lost: int) -> None:
    found = as_python(source)
    assert (found.text, found.language, len(found.lost)) == (text, language, lost)


def test_a_line_that_is_a_comment_now_is_told_with_what_to_do() -> None:
    told = {
        "!pip install x": "install it into the environment that runs galley",
        "%cd data": "a page runs in a folder of its own; the setting `links` brings files into it",
        "print?": "it asks IPython for help",
        "?print": "it asks IPython for help",
        "!ls": "write it in Python, or a command as `# $ …` in a cell tagged [shell]",
    }
    for line, why in told.items():
        assert as_python(f"x = 1\n{line}").lost == (f"`{line}` is a comment now: {why}",)


def test_names_are_valid_and_each_is_given_once(tmp_path: Path) -> None:
    labels = ["A b", "a-b", "Ünïcode!", "x" * 200, "a-b-2", "parameters", ""]
    parts = [Part(number, "code", f"x = {number}", label=label) for number, label in enumerate(labels, start=1)]
    parts.append(Part(8, "code", "x = f()", frozenset({"parameters"})))
    parts.append(Part(9, "code", "y = 1", frozenset({"parameters"})))
    made = make(Notebook("A title", tuple(parts)), "page_one", tmp_path, Places("page-one.md", tmp_path, {}, {}, {}))
    names = [line.split()[2] for line in made.snippets.split("\n") if line.startswith("# %%")]
    assert names == ["a-b", "a-b-2", "n-code", "x" * 90, "a-b-2-2", "parameters-1", "cell-7", "cell-8", "parameters"]
    assert made.page.startswith('# A title\n\n```python exec="on" cell="page_one/a-b"\n```')
    assert any("it is no cell of parameters" in each for each in made.lost)
