"""The prose of others as Markdown, sessions of Python's prompt and scripts of sphinx-gallery as cells: form by form."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.convert import myst
from galley.convert.command import Taken, take
from galley.convert.forms import code, role
from galley.convert.gallery import Block, blocks_of
from galley.convert.part import Part
from galley.convert.sessions import cells_of
from galley.errors import GalleyError, UsageError
from guide_folder import GuideFolder

NOT_RUN = 'title="Typed by hand: shown, and not run"'
LEFT_OUT = "is left out: import that one together with this file"


@pytest.mark.parametrize(
    ("name", "said", "made"),
    [
        ("func", "json.dumps", "`json.dumps`"),
        ("py:func", "~json.dumps", "`dumps`"),
        ("class", "!Job", "`Job`"),
        ("meth", "the call <Job.run>", "the call"),
        ("math", r"\sin(x) < 1", r"$\sin(x) < 1$"),
        ("ref", "A label_1", "[](ref:a-label-1)"),
        ("numref", "words <a_label>", "[words](ref:a-label)"),
        ("doc", "the page </guide/page>", "[the page](doc:/guide/page)"),
        ("term", "fields <field>", "fields"),
        ("pep", "8", "[PEP 8](https://peps.python.org/pep-0008/)"),
        ("pep", "695#syntax", "[PEP 695](https://peps.python.org/pep-0695/#syntax)"),
        ("odd", "x", None),
    ],
)
def test_a_role_is_code_a_link_or_words(name: str, said: str, made: str | None) -> None:
    assert role(name, said) == made


def test_code_with_ticks_in_it_has_more_around() -> None:
    assert [code(text) for text in ("a", "`a`", "a``b", "")] == ["`a`", "`` `a` ``", "```a``b```", ""]


@pytest.mark.parametrize(
    ("text", "made"),
    [
        ("A {func}`f` and `{func}` and ``{func}`f` ``.", "A `f` and `{func}` and ``{func}`f` ``."),
        ("{odd}`x` stays", "{odd}`x` stays"),
        ("% a comment\n50 % of it", "50 % of it"),
        ("(a_label)=\n## Title", '<a id="a-label"></a>\n\n## Title'),
        ("(a_label)=\n\n## Title", '<a id="a-label"></a>\n\n## Title'),
        (":::{note}\nA {math}`x`.\n:::", "!!! note\n\n    A $x$."),
        ("```{note} First words\nand more.\n```", "!!! note\n\n    First words\n    and more."),
        (":::{seealso}\nThat.\n:::", '!!! info "See also"\n\n    That.'),
        (":::{versionadded} 3.1\nIt is new.\n:::", '!!! info "Added in version 3.1"\n\n    It is new.'),
        ("```{deprecated} 2.0\n```", '!!! warning "Deprecated since version 2.0"'),
        (':::{admonition} A "title"\n:class: tip x\n\nText.\n:::', "!!! tip \"A 'title'\"\n\n    Text."),
        ("::::{note}\n:::{tip}\nIn it.\n:::\n::::", "!!! note\n\n    !!! tip\n\n        In it."),
        ("- item\n\n  :::{note}\n  In a list.\n  :::", "- item\n\n  !!! note\n\n      In a list."),
        (
            "```{code-block} js\n:linenos:\n\nlet x;\n```",
            '```js title="Typed by hand: shown, and not run"\nlet x;\n```',
        ),
        ('```{code-block}\n:caption: A "b"\nx\n```', "```python title=\"A 'b'\"\nx\n```"),
        ("```{figure} a b.png\n:alt: a dot\n\nA {term}`dot`.\n```", "![a dot](a%20b.png)\n\n*A dot.*"),
        ("```{image} a.png\n```", "![](a.png)"),
        ("```{math}\n:label: one\nx = 1\n```", "$$\nx = 1\n$$"),
        ("```{dropdown} More\nText.\n```", '??? note "More"\n\n    Text.'),
        ("```{contents}\n```\nText.", "\nText."),
        ("```{tab-set}\nText.\n```", "```{tab-set}\nText.\n```"),
        ("```python\n{func}`f`\n(a)=\n% b\n```", "```python\n{func}`f`\n(a)=\n% b\n```"),
        (":::{note}\nnever closed", "!!! note\n\n    never closed"),
    ],
)
def test_myst_is_the_markdown_of_a_page(text: str, made: str) -> None:
    assert myst.as_markdown(text) == made


def test_what_is_nested_beyond_reason_stays_as_it_is() -> None:
    assert ":::{note}" in myst.as_markdown(":::{note}\n" * 3000)


@pytest.mark.parametrize(("text", "found"), [(":::{note}", True), ("a {ref}`b`", True), ("`{a}` {b}", False)])
def test_markdown_with_directives_or_roles_is_myst(text: str, found: bool) -> None:
    assert myst.is_myst(text) is found


REST = [
    ("A *b* **c** ``d`` `e` :math:`x_1`.", "A *b* **c** `d` `e` $x_1$."),
    ("Stars \\* and snake_case and _lead and 1 < 2.", "Stars \\* and snake_case and \\_lead and 1 &lt; 2."),
    ("`a <https://e.org/a>`__ and `b`_ and c_.\n\n.. _b: https://e.org/b\n.. _c: #d",
     "[a](https://e.org/a) and [b](https://e.org/b) and [c](#d)."),
    ("https://e.org/x", "<https://e.org/x>"),
    ("Title\n=====\n\nIn it\n-----\n\n.. _here:\n\nDeeper\n~~~~~~\n\nText.",
     '# Title\n\n## In it\n\n<a id="here"></a>\n\n### Deeper\n\nText.'),
    ("* a\n\n  1. b\n  2. c\n\n     more\n\n* d",
     "-   a\n\n    1.  b\n\n    2.  c\n\n        more\n\n-   d"),
    ("term\n   what it is", "-   **term**: what it is"),
    ("  quoted\n\nplain", "> quoted\n\nplain"),
    ("Code::\n\n    x = 1", f"Code:\n\n```text {NOT_RUN}\nx = 1\n```"),
    (".. code-block:: js\n   :caption: One\n   :emphasize-lines: 1\n\n   x = 1", '```js title="One"\nx = 1\n```'),
    (">>> 1 + 1\n2", "```pycon\n>>> 1 + 1\n2\n```"),
    (".. math:: x = 1", "$$\nx = 1\n$$"),
    (".. note:: Short.", "!!! note\n\n    Short."),
    (".. versionchanged:: 2.0\n   It moved.", '!!! info "Changed in version 2.0"\n\n    It moved.'),
    (".. seealso::\n\n   :func:`f`\n      what it does", '!!! info "See also"\n\n    -   **`f`**: what it does'),
    (".. image:: a.png\n   :alt: a dot", "![a dot](a.png)"),
    (".. figure:: a.png\n   :alt: a dot\n\n   Words.\n\n   More.", "![a dot](a.png)\n\n*Words.*\n\nMore."),
    ("|x| is\n\n.. |x| replace:: y", "y is"),
    ("A [1]_.\n\n.. [1] Note.", 'A [\\[1\\]](#footnote-1).\n\n<a id="footnote-1"></a>\\[1\\] Note.'),
    ("=  =\na  b\n=  =\n1  2\n=  =", "| a | b |\n|---|---|\n| 1 | 2 |"),
    ("=  =\n1  2\n3  4\n=  =", "|  |  |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |"),
    (".. rubric:: Words", "**Words**"),
    ("one\n\n----\n\ntwo", "one\n\n---\n\ntwo"),
    (".. a comment\n\ntext", "text"),
    (".. contents::\n   :local:\n\ntext", "text"),
    (".. raw:: html\n\n   <script>alert(1)</script>\n\ntext", "text"),
    (".. include:: /etc/passwd\n\ntext", "text"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "made"), REST)
def test_restructured_text_is_the_markdown_of_a_page(text: str, made: str) -> None:
    pytest.importorskip("docutils")
    from galley.convert.rest import as_markdown

    ((found, lost),) = as_markdown([text])
    assert found == made
    assert bool(lost) == text.startswith((".. raw", ".. include"))


def test_the_texts_of_one_file_share_their_headings_and_targets() -> None:
    pytest.importorskip("docutils")
    from galley.convert.rest import as_markdown

    texts = ["Title\n=====", "Part\n----\n\nSee it_.", "Other\n-----\n\n.. _it: https://e.org"]
    assert [text for text, _ in as_markdown(texts)] == [
        "# Title",
        "## Part\n\nSee [it](https://e.org).",
        "## Other",
    ]


def test_a_directive_that_nobody_knows_is_told_and_its_text_stays() -> None:
    pytest.importorskip("docutils")
    from galley.convert.rest import as_markdown

    (first, told), (second, also) = as_markdown(
        [".. tabs::\n\n   .. tab:: One\n\n      Text.", ".. auto:: f\n\n:odd:`x`"]
    )
    assert told == ("`.. tabs::` is left out: write it as Markdown has it",)
    assert first.startswith(f"```rst {NOT_RUN}\n.. tabs::")
    assert "Text." in first
    assert also == (
        "`.. auto::` is left out: write it as Markdown has it",
        "`:odd:`x`` has no form here: write it as Markdown has it",
    )
    assert second == "`` :odd:`x` ``"


def cells(text: str) -> list[tuple[str, str, str]]:
    """The kind of each piece of a text, its text and its error."""
    return [(part.kind, part.text, part.error) for part in cells_of(Part(1, "markdown", text)) if part.text.strip()]


def test_a_session_ends_a_cell_where_it_shows_something() -> None:
    session = ">>> x = 1\n>>> x  # doctest: +ELLIPSIS\n1\n>>> def f():\n...     return 2\n>>> f()\n2\n>>> y = 3\n"
    assert cells(f"Above.\n\n```pycon\n{session}```\n\nBelow.") == [
        ("markdown", "Above.\n", ""),
        ("code", "x = 1\nx", ""),
        ("code", "def f():\n    return 2\n\nf()", ""),
        ("code", "y = 3", ""),
        ("markdown", "\nBelow.", ""),
    ]


@pytest.mark.parametrize(
    ("wants", "error"),
    [
        ("Traceback (most recent call last):\n  ...\nValueError: no: such", "ValueError"),
        ("Traceback (most recent call last):\na.b.OwnError", "OwnError"),
        ("Traceback (innermost last):\nKeyError: 'x'", "KeyError"),
        ("'ValueError: x'", ""),
    ],
)
def test_an_error_of_a_session_is_the_cells(wants: str, error: str) -> None:
    assert cells(f"```python\n>>> f()\n{wants}\n```") == [("code", "f()", error)]


@pytest.mark.parametrize(
    "text",
    [
        "```python\nx = 1\n```",
        "```text\n>>> x\n```",
        "```pycon\n>>>x = 1\n```",
        "- item\n\n    ```pycon\n    >>> x\n    1\n    ```",
        "~~~js\n>>> x\n~~~",
    ],
)
def test_what_is_no_session_stays_prose(text: str) -> None:
    assert cells(text) == [("markdown", text, "")]


SCRIPT = '''\
# a line above
"""
Title
=====
"""
# a comment of the code's
# sphinx_gallery_thumbnail_number = 3
import json

# %%
# Prose
#
#   indented

x = 1  # %% no cell
# sphinx_gallery_start_ignore
hidden = 2
# sphinx_gallery_end_ignore
y = 3
def f():
    # %%
    pass

#%% More prose.
########################################
# The end.
"""a value"""
'''


def test_a_script_of_sphinx_gallery_is_its_blocks() -> None:
    assert blocks_of(SCRIPT) == [
        Block("prose", "Title\n====="),
        Block("code", "# a comment of the code's\nimport json", settings=(("thumbnail_number", "3"),)),
        Block("prose", "Prose\n\n  indented"),
        Block("code", "x = 1  # %% no cell"),
        Block("code", "hidden = 2", hidden=True),
        Block("code", "y = 3\ndef f():\n    # %%\n    pass"),
        Block("prose", "More prose."),
        Block("prose", "The end."),
        Block("code", '"""a value"""'),
    ]


@pytest.mark.parametrize("text", ['"""Words."""\nx = 1\n', "x = 1\n", "x = = 1", '"""\nTitle\n=====\n"""\nx = = 1'])
def test_a_script_without_a_title_is_none_of_sphinx_gallery(text: str) -> None:
    assert blocks_of(text) is None


@pytest.fixture
def work(folder: GuideFolder) -> GuideFolder:
    """A guide beside a folder with notebooks."""
    pytest.importorskip("jupytext")
    pytest.importorskip("docutils")
    return folder


def moved(work: GuideFolder, *names: str, **how: str) -> Taken:
    return take(work.project, *(work.root / "work" / name for name in names), **how)


def page(work: GuideFolder, path: str) -> str:
    return (work.root / "docs" / path).read_text(encoding="utf-8")


def test_what_code_reads_and_imports_comes_along(work: GuideFolder) -> None:
    work.write("work/data/one.csv", "1\n")
    work.write("work/data/deep/two.csv", "2\n")
    work.write("work/data/never.csv", "3\n")
    work.write("work/all/a.txt", "a\n")
    work.write("work/helper.py", "import other\nname = 'helper'\n")
    work.write("work/package/__init__.py", "name = 'package'\n")
    work.write("secret.txt", "secret")
    (work.root / "work/link.txt").symlink_to(work.root / "secret.txt")
    reads = "open('data/one.csv'), open('data/deep/two.csv'), open('link.txt'), open('../secret.txt'), open('a.py')"
    code = (
        f"import helper, json, package\ndef f():\n    {reads}\nfrom pathlib import Path\nlist(Path('all').iterdir())\n"
    )
    work.write("work/a.py", f"# %% one\n{code}print(helper.name, package.name)\n")
    taken = moved(work, "a.py", name="deep/page")
    brought = ["data/deep/two.csv", "data/one.csv", "deep/helper.py", "deep/package/__init__.py", "all/a.txt"]
    assert sorted(path.as_posix() for path in taken.files[2:]) == sorted(f"snippets/{name}" for name in brought)
    assert taken.settings == ('links = ["all", "data"]',)
    assert taken.pages == ("deep/page",)


def test_a_module_that_is_imported_as_a_page_is_no_second_file(work: GuideFolder) -> None:
    work.write("work/a.py", "# %% one\nimport b\nprint(b.name)\n")
    work.write("work/b.py", "# %% two\nname = 1\n# a comment\n")
    taken = moved(work, "a.py", "b.py")
    assert [path.as_posix() for path in taken.files] == ["docs/a.md", "snippets/a.py", "docs/b.md", "snippets/b.py"]


def test_two_notebooks_share_a_file_that_both_read(work: GuideFolder) -> None:
    work.write("work/data.csv", "1\n")
    for name in "ab":
        work.write(f"work/{name}.py", "# %% one\nopen('data.csv')\n")
    assert [path.name for path in moved(work, "a.py").files] == ["a.md", "a.py", "data.csv"]
    assert [path.name for path in moved(work, "b.py").files] == ["b.md", "b.py"]
    work.write("work/data.csv", "2\n")
    work.write("work/c.py", "# %% one\nopen('data.csv')\n")
    with pytest.raises(UsageError, match="is there already"):
        moved(work, "c.py")
    assert not (work.root / "docs/c.md").exists()


def test_files_that_are_too_large_are_told(work: GuideFolder) -> None:
    with work.write("work/data.csv", "").open("wb") as file:
        file.truncate(21_000_000)
    work.write("work/a.py", "# %% one\nopen('data.csv')\n")
    taken = moved(work, "a.py")
    assert taken.lost == ("the files that its code reads have 21 MB: copy data.csv into the snippets",)
    assert taken.settings == ('links = ["data.csv"]',)
    assert [path.name for path in taken.files] == ["a.md", "a.py"]


def test_settings_that_are_there_stay_in_the_lines_to_write(work: GuideFolder) -> None:
    work.write("snippets/words.txt", "")
    work.write(
        "pyproject.toml",
        '[tool.galley]\nlinks = ["words.txt"]\nimports = ["json"]\n[tool.galley.profiles.laptop]\nrequired = true\n',
    )
    work.write("work/data.csv", "1\n")
    work.write("work/a.py", "# %% one\nif 1:\n    import matplotlib.pyplot\nopen('data.csv')\n")
    assert moved(work, "a.py").settings == (
        'links = ["words.txt", "data.csv"]',
        'imports = ["json", "matplotlib.pyplot"]',
    )


def test_a_folder_is_imported_with_its_folders(work: GuideFolder) -> None:
    work.write("work/My Gallery/README.rst", "Title\n=====\n\n:doc:`sub/page`\n")
    work.write("work/My Gallery/conf.py", "html_theme = 'x'\n")
    work.write("work/My Gallery/data.csv", "1\n")
    work.write("work/My Gallery/sub/page.py", "# %% one\nprint(1)\n")
    work.write("work/My Gallery/sub/other.md", "# Other\n\n{doc}`page` and {doc}`../README` and {ref}`gone`\n")
    taken = moved(work, "My Gallery")
    assert [path.as_posix() for path in taken.files] == [
        "docs/my-gallery/index.md",
        "docs/my-gallery/sub/other.md",
        "docs/my-gallery/sub/page.md",
        "snippets/my_gallery/sub/page.py",
    ]
    assert taken.pages == ("my-gallery/sub/page",)
    assert taken.lost == (
        "other.md, cell 1: the link to the label gone is left out: import that one together with this file",
    )
    assert (
        page(work, "my-gallery/index.md")
        == '# Title\n\n[page](sub/page.md)\n\n```python exec="on" list="gallery"\n```\n'
    )
    assert "[page](page.md) and [Title](../index.md) and `gone`" in page(work, "my-gallery/sub/other.md")
    again = moved(work, "My Gallery", name="second")
    assert again.pages == ("second/sub/page",)


def test_files_that_are_named_together_keep_the_folders_below_the_common_one(work: GuideFolder) -> None:
    for name in ("one/a.py", "two/b.py"):
        work.write(f"work/{name}", "# %% one\nprint(1)\n")
    assert moved(work, "one/a.py", "two/b.py").pages == ("one/a", "two/b")
    assert moved(work, "one/a.py").pages == ("a",)


@pytest.mark.parametrize(
    ("names", "how", "said"),
    [
        (("a.py", "b.py"), {"name": "c"}, "one name is given for several files"),
        (("a.py", "A.py"), {}, "two files would be the page a.md"),
        (("empty",), {}, "has no notebook"),
        (("prose.md",), {}, "has no cell of Python"),
    ],
)
def test_what_cannot_be_imported_together_is_refused(
    work: GuideFolder, names: tuple[str, ...], how: dict[str, str], said: str
) -> None:
    for name in ("a.py", "b.py", "A.py"):
        work.write(f"work/{name}", "# %% one\nprint(1)\n")
    work.write("work/prose.md", "# Prose\n")
    work.write("work/empty/a.txt", "")
    with pytest.raises(GalleyError, match=said):
        moved(work, *names, **how)
    assert not list(work.root.glob("docs/*"))


def test_links_lead_to_labels_and_headings(work: GuideFolder) -> None:
    work.write(
        "work/a.md", "# A\n\n(the-label)=\n\n## There\n\n{ref}`the-label` [b](b.md#Some:-Heading) [c](the-label)\n"
    )
    work.write(
        "work/b.md",
        "# B\n\n{ref}`the-label` [](a.md) [d](some.object) [e](gone.png)\n\n(the-label)=\n\n```python\n>>> 1\n1\n```\n",
    )
    taken = moved(work, "a.md", "b.md")
    assert "[There](#the-label) [b](b.md#some:-heading) [c](#the-label)" in page(work, "a.md")
    assert '<a id="the-label"></a>' in page(work, "b.md"), "of two of one name the first counts"
    assert "[There](a.md#the-label) [A](a.md) d [e](gone.png)" in page(work, "b.md")
    assert [each.partition(": ")[2] for each in taken.lost] == [
        f"the link to some.object {LEFT_OUT}",
        "the file gone.png is not beside the notebook: put it beside the page",
    ]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("(a)=\n\n# Title\nWords", '# Title\n\n<a id="a"></a>\n\nWords\n\n'),
        ("Above.\n\n# Title\n\nBelow.", "# Title\n\nAbove.\n\nBelow.\n\n"),
        ("```text\n# none\n```\n\n## Part", "# A\n\n```text\n# none\n```\n\n## Part\n\n"),
        ("Words\n\n```{code-cell}\n1\n```\n\n# Late", "# A\n\nWords\n\n"),
    ],
)
def test_the_title_comes_first(work: GuideFolder, text: str, begins: str) -> None:
    work.write("work/a.md", f"{text}\n\n```{{code-cell}}\nprint(1)\n```\n")
    moved(work, "a.md")
    assert page(work, "a.md").startswith(f"{begins}```python exec")


def test_a_notebooks_own_display_is_no_name_of_ipythons(work: GuideFolder) -> None:
    own = "# %% one\nclass display:\n    def __init__(self, x): ...\n\n"
    own += "# %% two\ndisplay('x')\n\n# %% three\ndisplay('x')\nprint(1)\n"
    work.write("work/a.py", own)
    assert moved(work, "a.py").lost == ()
    assert (work.root / "snippets/a.py").read_text(encoding="utf-8") == own


def test_a_recorded_syntax_error_is_one_that_a_page_must_show(work: GuideFolder) -> None:
    cell = '{"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "x = = 1\\nif x", "outputs": [%s]}'
    error = '{"output_type": "error", "ename": "SyntaxError", "evalue": "", "traceback": []}'
    head = '"nbformat": 4, "nbformat_minor": 4, "metadata": {}'
    work.write("work/a.ipynb", f'{{{head}, "cells": [{cell % error}]}}')
    assert moved(work, "a.ipynb").lost == ()
    assert (work.root / "snippets/a.py").read_text(
        encoding="utf-8"
    ) == '# %% cell-1 raises="SyntaxError"\n# x = = 1\n# if x\n'
    assert work.run().failures == {}
    assert work.output("a", "cell-1.error.txt").startswith("SyntaxError: ")


def test_an_interrupted_cell_is_none_that_must_fail(work: GuideFolder) -> None:
    cell = '{"cell_type": "code", "execution_count": 1, "metadata": {}, "source": "x = 1", "outputs": [%s]}'
    error = '{"output_type": "error", "ename": "KeyboardInterrupt", "evalue": "", "traceback": []}'
    head = '"nbformat": 4, "nbformat_minor": 4, "metadata": {}'
    work.write("work/a.ipynb", f'{{{head}, "cells": [{cell % error}]}}')
    moved(work, "a.ipynb")
    assert (work.root / "snippets/a.py").read_text(encoding="utf-8") == "# %% cell-1\nx = 1\n"


def test_the_command_says_what_to_write_and_to_run(work: GuideFolder) -> None:
    work.write("work/data.csv", "1\n")
    work.write("work/a.py", "# %% one\nopen('data.csv')\n")
    work.write("work/b.md", "# B\n\nA {math}`x`.\n\n```{dropdown} More\n```\n\n```{code-cell}\nprint(1)\n```\n")
    done = work.galley("import", "work/a.py", "work/b.md")
    assert done.returncode == 0, done.stdout
    told = 'write under [tool.galley] in pyproject.toml:\n    links = ["data.csv"]\n'
    told += "add to the site's markdown_extensions: pymdownx.details, pymdownx.arithmatex\n"
    assert done.stdout.endswith(f"{told}galley run a b runs them; add them to nav in mkdocs.yml where there is one\n")


def test_without_docutils_the_command_says_what_to_install(work: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "docutils.core", None)
    with pytest.raises(GalleyError, match=r"read by docutils\S*, which is not installed"):
        moved(work, str(work.write("work/a.rst", "Title\n=====\n\n>>> 1\n1\n")))


def test_a_path_of_another_folder_is_read(work: GuideFolder, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("# %% one\nprint(1)\n", encoding="utf-8")
    assert take(work.project, tmp_path / "a.py").pages == ("a",)
