"""What IPython takes and Python does not, in a snippet file: told with its line and what to write in its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.errors import GalleyError
from galley.source.cells import cut
from galley.source.magics import in_its_place
from guide_folder import GuideFolder

CELL = "write a cell with commands of a shell: # %% name [shell], and in a line below it: # $ "
PLAIN = "leave it out, or write it as plain Python"
LINES = {
    "%matplotlib inline": ("'%matplotlib' is a magic command of IPython, and no Python", PLAIN),
    "%%time": ("'%%time' is a magic command of IPython, and no Python", PLAIN),
    "    %timeit f(1)": ("'%timeit' is a magic command of IPython, and no Python", PLAIN),
    "took = %timeit -o f(1)": ("'%timeit' is a magic command of IPython, and no Python", PLAIN),
    "%pip install -U x==1": ("'%pip' is a command of a shell in IPython, and no Python", f"{CELL}pip install -U x==1"),
    "!pip install x": ("'!pip' is a command of a shell in IPython, and no Python", f"{CELL}pip install x"),
    "!!ls": ("'!!ls' is a command of a shell in IPython, and no Python", f"{CELL}ls"),
    "files = !ls -l": ("'!ls' is a command of a shell in IPython, and no Python", f"{CELL}ls -l"),
    "%%bash": ("'%%bash' is a magic command of IPython for a shell, and no Python", f"{CELL}command"),
    "%%sh -e": ("'%%sh' is a magic command of IPython for a shell, and no Python", f"{CELL}command"),
    "%system ls": ("'%system' is a magic command of IPython for a shell, and no Python", f"{CELL}command"),
    "print?": ("'print?' is a question to IPython, and no Python", "leave it out, or call help()"),
    "?print": ("'?print' is a question to IPython, and no Python", "leave it out, or call help()"),
    "str.join??": ("'str.join??' is a question to IPython, and no Python", "leave it out, or call help()"),
}


@pytest.mark.parametrize("line", LINES)
def test_what_ipython_takes_is_told_with_its_line_and_what_to_write(line: str) -> None:
    what, mend = LINES[line]
    indented = line.startswith(" ")
    source = f"# %% one\nx = 1\n{'if x:' if indented else 'y = 2'}\n{line}\nls -l\n"
    with pytest.raises(GalleyError) as caught:
        cut(source, Path("page.py"), Path("page.py"))
    assert (caught.value.what, caught.value.mend) == (what, mend)
    assert caught.value.place
    assert caught.value.place.line == 4


@pytest.mark.parametrize(
    "line", ["x = (", "x = 1 +", "1 % ", "def f(", "x = 5 !", "x ! = 5", "% 5", "%", "!", "? x y", "a ? b"]
)
def test_any_other_mistake_is_one_of_the_syntax(line: str) -> None:
    with pytest.raises(GalleyError) as caught:
        cut(f"# %% one\n{line}\n", Path("page.py"), Path("page.py"))
    assert caught.value.what.startswith("syntax error: "), caught.value.what


@pytest.mark.parametrize("line", ["x %= 2", "x = 5 % 3", "'%s' % x", "x != 2", "# !ls", "# %matplotlib inline"])
def test_python_is_python(line: str) -> None:
    assert cut(f"# %% one\nx = 1\n{line}\n", Path("page.py"), Path("page.py")).cells


@pytest.mark.parametrize("head", ['language="bash"', 'one language="bash"', 'language="R"'])
def test_another_language_on_a_cell_s_line_is_told(head: str) -> None:
    with pytest.raises(GalleyError) as caught:
        cut(f"# %% {head}\n# ls\n", Path("page.py"), Path("page.py"))
    assert caught.value.what == "a cell is in Python, or has commands of a shell"
    assert caught.value.mend == "write it as: # %% name [shell], and in lines below it: # $ command"


def test_what_is_told_mends_it(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\n!echo said\n")
    said = folder.galley("check").stdout
    assert "snippets/page.py:2: unreadable: '!echo' is a command of a shell in IPython, and no Python\n" in said
    line, command = in_its_place("!echo said")[1].partition(": ")[2].split(", and in a line below it: ")
    folder.snippet("page", f"{line.replace('name', 'one')}\n{command}\n")
    assert folder.galley("run").returncode == 0
    assert folder.output("page", "one.shell.txt") == "said\n"
