"""`galley import` of a notebook that somebody else wrote: it gets no right that nobody gave, and takes no file.

Whatever stands in a notebook, the command answers with a page or with a sentence.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from fuzzing import bounded
from galley.convert.command import take
from galley.convert.page import make
from galley.convert.part import Notebook, Part
from galley.convert.places import Places
from galley.errors import GalleyError, UsageError
from galley.source.cells import Cell, cut
from guide_folder import GuideFolder

pytest.importorskip("nbformat")
pytest.importorskip("jupytext")

ASKS = '# %% evil network="yes"'
SCRIPT = base64.b64encode(b"<script>alert(1)</script>").decode()
ANY: tuple[Any, ...] = (None, 5, "x", [], [1], {}, {"a": 1}, [["a"]], True)


def written(folder: GuideFolder, name: str, *cells: Any, **metadata: Any) -> Path:
    """A notebook with these cells, which need not be any."""
    return folder.write(
        f"work/{name}.ipynb",
        json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": metadata, "cells": list(cells)}),
    )


def code(source: Any, **more: Any) -> dict[str, Any]:
    """A cell of code."""
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None, **more}


def text(source: str, **more: Any) -> dict[str, Any]:
    """A cell of Markdown."""
    return {"cell_type": "markdown", "source": source, "metadata": {}, **more}


def cells_of(folder: GuideFolder, name: str, *cells: Any, **metadata: Any) -> tuple[Cell, ...]:
    """The cells of the snippet file that a notebook becomes."""
    taken = take(folder.project, written(folder, name, *cells, **metadata))
    return folder.guide.snippets[taken.pages[0].replace("-", "_")].cells


def refused(folder: GuideFolder, path: Path) -> GalleyError | None:
    """The error of an import; None where a page was made."""
    try:
        take(folder.project, path)
    except GalleyError as error:
        return error
    return None


def raising(name: Any) -> dict[str, Any]:
    """A cell that must fail with an error of this name."""
    raised = {"output_type": "error", "ename": name, "evalue": "", "traceback": []}
    return code("1 / 0", outputs=[raised], metadata={"tags": ["raises-exception"]})


@pytest.mark.parametrize(
    "cell",
    [
        raising('X" network="yes'),
        raising(f"X\"\n{ASKS}\nprint(1)\n#"),
        code(f"{ASKS}\nprint(1)"),
        code(f"x = 1 # one comment\r{ASKS}\rprint(1)"),
        code(f"x = 1\r\n{ASKS}\r\nprint(1)"),
        code(f"%%time\n{ASKS}\nprint(1)"),
        code(f"!ls\n{ASKS}\nprint(1)"),
        code('#| fig-cap: "a\\" network=\\"yes\\" \\\\"\nprint(1)'),
        code('#| label: a network="yes"\nprint(1)'),
        code("print(1)", metadata={"name": f"a\n{ASKS}"}),
    ],
)  # fmt: skip
def test_nothing_in_a_notebook_begins_a_cell_or_asks_for_the_network(folder: GuideFolder, cell: Any) -> None:
    (found,) = cells_of(folder, "a", cell)
    assert not found.options["network"]
    assert found.name in ("cell-1", "a-network-yes", "a-evil-network-yes")


def test_a_line_of_a_string_that_looks_like_a_cell_s_stays_as_it_is(folder: GuideFolder) -> None:
    source = f's = """\n{ASKS}\n"""\n{ASKS}\nprint(s)'
    (found,) = cells_of(folder, "a", code(source))
    assert found.source == f's = """\n{ASKS}\n"""\n#  {ASKS[2:]}\nprint(s)'


def test_what_a_line_of_yaml_means_a_billion_times_is_no_name(tmp_path: Path, folder: GuideFolder) -> None:
    rows = ["#| a0: &a0 [x, x]", *(f"#| a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))]
    (found,) = cells_of(folder, "a", code("\n".join([*rows, "#| label: *a39", "#| fig-alt: *a39", "print(1)"])))
    assert (found.name, found.options["alt"]) == ("cell-1", "")
    (deep,) = cells_of(folder, "b", code(f"#| label: {'[' * 3000}\nprint(1)"))
    assert deep.name == "cell-1"
    part = Part(1, "code", "x = 1", error="A", tags=frozenset({"raises-exception"}))
    made = make(Notebook("", (part,)), "a", tmp_path, Places("a.md", tmp_path, {}, {}, {}))
    assert [cell.raises for cell in cut(made.snippets, tmp_path, tmp_path).cells] == ["A"]


def test_a_notebook_whose_parts_are_anything_is_a_page_or_a_sentence(folder: GuideFolder) -> None:
    """Each part of a notebook in turn is each of a few things that it never is."""
    whole: dict[str, Any] = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": []}
    output = {"output_type": "display_data", "data": {"image/png": ""}, "metadata": {}}
    made = 0
    for odd in ANY:
        cells = [
            *({**code("x = 1"), part: odd} for part in ("cell_type", "source", "metadata", "outputs")),
            *(code("x = 1", metadata={part: odd}) for part in ("tags", "name", "label", "title")),
            *(code("x = 1", outputs=[{**output, part: odd}]) for part in output),
            raising(odd),
            text("![a](attachment:a.png)", attachments=odd),
            text("![a](attachment:a.png)", attachments={"a.png": odd}),
            text("![a](attachment:a.png)", attachments={"a.png": {"image/png": odd}}),
            odd,
        ]
        heads = [{"metadata": {part: odd}} for part in ("kernelspec", "language_info", "title")]
        heads += [{"metadata": {"kernelspec": {"language": odd}}}, {"nbformat": odd}, {"cells": odd}]
        for number, notebook in enumerate([*({"cells": [code("y = 1"), cell]} for cell in cells), *heads, odd]):
            held = {**whole, "cells": [code("y = 1")], **notebook} if isinstance(notebook, dict) else notebook
            path = folder.write(f"work/a{made}-{number}.ipynb", json.dumps(held))
            if error := refused(folder, path):
                assert error.place, error
                assert error.mend, error
            made += not error
    assert made > 50


def test_half_a_character_is_written_as_a_question_mark(folder: GuideFolder) -> None:
    taken = take(folder.project, written(folder, "a", text("# \ud800"), code("print(1)"), title="\udfff"))
    assert (folder.root / taken.files[0]).read_text(encoding="utf-8").startswith("# ?\n")


def test_no_file_that_a_home_folder_hides_comes_along(folder: GuideFolder) -> None:
    for name in (".env", ".ssh/id_rsa", "sub/.netrc"):
        folder.write(f"work/{name}", "a secret")
    folder.write("work/sub/here.txt", "none")
    (folder.root / "work/link.txt").symlink_to(folder.root / "work/.env")
    os.mkfifo(folder.root / "work/pipe.txt")
    links = (
        "[a](.env) ![b](.ssh/id_rsa) [c](sub/../.env) [d](./sub/.netrc) [e](link.txt) [f](pipe.txt) [g](sub/here.txt)"
    )
    taken = take(folder.project, written(folder, "a", text(f'{links}\n\n<img src=".env">'), code("print(1)")))
    assert [path.name for path in taken.files[2:]] == ["here.txt"]
    assert sum("begins with a dot, as programs' own files do" in each for each in taken.lost) == 4
    assert sum("is not beside the notebook" in each for each in taken.lost) == 2


def test_no_hidden_file_comes_along_as_data_of_the_code(folder: GuideFolder) -> None:
    for name in (".env", "data/.env", "data/.git/config", "data/rows.csv"):
        folder.write(f"work/{name}", "a secret")
    (folder.root / "work/rows").symlink_to(folder.root / "work/data/.env")
    read = "open('.env'), open('data/.env'), open('rows'), open('data/rows.csv'), 'data/'"
    taken = take(folder.project, written(folder, "a", code(read)))
    assert [str(path) for path in taken.files[2:]] == ["snippets/data/rows.csv"]


def test_what_a_browser_would_run_does_not_come_along(folder: GuideFolder) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg">{}<circle r="1"/></svg>'
    folder.write("work/a.html", "<script>alert(1)</script>")
    folder.write("work/a.svg", drawing.format("<script>alert(1)</script>"))
    folder.write("work/b.SVG", drawing.format(""))
    held = {f"held.{each}": {"text/html": SCRIPT} for each in ("html", "XHTML", "md", "js")}
    links = " ".join(f"[x](attachment:{name})" for name in held)
    page = text(f"[a](a.html) ![b](a.svg) ![c](b.SVG) {links}", attachments=held)
    taken = take(folder.project, written(folder, "a", page, code("print(1)")))
    assert [path.name for path in taken.files[2:]] == ["b.SVG"]
    assert sum("can run in a browser: put it beside the page if you trust it" in each for each in taken.lost) == 6


def test_nothing_is_written_through_a_link(folder: GuideFolder, tmp_path: Path) -> None:
    held = text("![a](attachment:a.png)", attachments={"a.png": {"image/png": SCRIPT}})
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder.root / "docs/a-files").symlink_to(elsewhere)
    with pytest.raises(UsageError, match="is a link, through which galley writes nothing"):
        take(folder.project, written(folder, "a", held, code("print(1)")))
    assert list(elsewhere.iterdir()) == []


def test_a_notebook_with_large_outputs_is_told_how_to_become_small(folder: GuideFolder) -> None:
    path = written(folder, "a b", code("print(1)"))
    with path.open("ab") as file:
        file.truncate(16_000_001)
    with pytest.raises(GalleyError, match="has more than 16 MB") as failed:
        take(folder.project, path)
    assert failed.value.mend.endswith(f"jupyter nbconvert --clear-output --inplace '{path}'")
    path = path.rename(path.with_suffix(".py"))
    with pytest.raises(GalleyError, match=r"has 16\.0 MB, and a text may have 16 MB") as failed:
        take(folder.project, path)
    assert "nbconvert" not in failed.value.mend


def test_thousands_of_cells_below_one_heading_have_names_in_time(tmp_path: Path) -> None:
    parts = tuple(Part(number, "code", "x = 1") for number in range(2, 20_002))
    words = Part(1, "markdown", "# One heading")
    with bounded():
        made = make(Notebook("", (words, *parts)), "page", tmp_path, Places("page.md", tmp_path, {}, {}, {}))
    assert made.snippets.count("# %% one-heading") == 20_000
    assert "# %% one-heading-20000\n" in made.snippets


def test_code_that_no_cell_can_be_is_told_with_its_line_and_the_notebook(folder: GuideFolder) -> None:
    path = written(folder, "a", code("y = 1"), code('"a caption"; x = 1'))
    error = refused(folder, path)
    assert error
    assert (error.place and error.place.path) == path
    assert error.what == 'code stands on the caption\'s line: `"a caption"; x = 1`'
