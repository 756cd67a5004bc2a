"""Errors that a cell must raise: of which class, with which message, with which traceback; and code Python refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from builders import builds, plain, text_of
from galley.errors import GalleyError
from galley.kinds.text import TRACEBACK, Error
from galley.record.compare import Compared
from galley.record.difference import Change
from galley.record.model import Form
from galley.record.status import State
from galley.source.cells import cut
from galley.source.matching import says
from guide_folder import GuideFolder, fence

SOURCE = '''\
# %% helpers
import asyncio
import json


def fails(text):
    try:
        return json.loads(text)
    except ValueError as error:
        error.add_note("the file is damaged")
        raise KeyError("no settings") from error


# %% above raises="LookupError" subclasses="yes"
fails("{")
# %% said raises="KeyError" message="'no ...'"
fails("{")
# %% shown [traceback] raises="KeyError"
fails("{")  # by hand
# %% group [traceback] raises="ExceptionGroup"
async def wrong(n):
    raise ValueError(n)


async with asyncio.TaskGroup() as tasks:
    for n in range(2):
        tasks.create_task(wrong(n))
# %% refused raises="SyntaxError"
"""What Python refuses."""

# if x
#     print("""\\t""")  # never
# %% refused-whole [traceback] raises="IndentationError"
# if x:
# print(x)
# %% last
print("the end")
'''
SHOWN = ("above", "said", "shown", "group", "refused", "refused-whole")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide whose cells raise, recorded."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("raises")))
    folder.write("snippets/page.py", SOURCE)
    folder.write("docs/page.md", "# Page\n\n" + "\n".join(fence("page", name) for name in ("helpers", *SHOWN, "last")))
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    ended = folder.run()
    assert not ended.failures, ended.failures
    patched.undo()
    return folder


@pytest.fixture
def guide(recorded: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy of it that a test may change."""
    return recorded.copied(tmp_path / "guide")


def test_a_subclass_will_do_where_the_cell_says_so(guide: GuideFolder) -> None:
    assert guide.output("page", "above.error.txt") == "KeyError: 'no settings'"
    guide.write("snippets/page.py", SOURCE.replace(' subclasses="yes"', ""))
    assert guide.status("page").state is State.STALE


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (
            'raises="LookupError"',
            'raised KeyError: 1; it is a subclass, for which the cell must say subclasses="yes"',
        ),
        ('raises="ValueError" subclasses="yes"', 'the cell says raises="ValueError" and raised KeyError: 1'),
        ('raises="KeyError" message="2"', 'the cell says message="2" and the error says: 1'),
        ('raises="OSError"', 'the cell says raises="OSError" and raised KeyError: 1'),
    ],
)
def test_another_error_fails_the_page_and_says_what_it_is(folder: GuideFolder, head: str, what: str) -> None:
    folder.snippet("page", f"# %% one {head}\n{{}}[1]\n")
    said = folder.run().failures["page"]
    assert what in said
    assert ("it is a subclass" in said) == ('raises="LookupError"' in head)


SAYS = {
    "equal": ("no such file", "no such file", True),
    "other white space": ("no such\n   file", "no  such file", True),
    "a part alone": ("no such file", "no such", False),
    "its end": ("no such file", "... file", True),
    "its beginning": ("no such file", "no ...", True),
    "in the middle": ("no such file: 'a' here", "no such file: '...' here", True),
    "several": ("a 1 b 2 c", "a ... b ... c", True),
    "in another order": ("a 1 c 2 b", "a ... b ... c", False),
    "overlapping": ("aba", "ab...ba", False),
    "an ellipsis": ("a 1 b", "a \N{HORIZONTAL ELLIPSIS} b", True),
    "nothing of a pattern": ("a.c", "a.c", True),
    "no regular expression": ("abc", "a.c", False),
    "gaps in another order": ("a 2 1 b", "a ... 1 ... 2 ... b", False),
    "middle after the end": ("a z b", "a ... b ... b", False),
}


@pytest.mark.parametrize(("message", "pattern", "matches"), SAYS.values(), ids=SAYS)
def test_a_message_is_a_text_with_gaps(message: str, pattern: str, matches: bool) -> None:
    assert says(message, pattern) is matches


def test_a_traceback_has_cause_and_notes_and_the_pages_own_lines(recorded: GuideFolder) -> None:
    text = recorded.output("page", "shown.error.traceback")
    lines = text.splitlines()
    assert 'File "page.py", line 8, in fails' in text
    assert 'File "page.py", line 19, in <module>' in text
    assert '    fails("{")  # by hand' in lines
    assert 'File "json/__init__.py", line ' in text
    assert "the file is damaged" in lines
    assert "The above exception was the direct cause of the following exception:" in lines
    assert lines[-1] == "KeyError: 'no settings'"
    assert recorded.output("page", "shown.error.txt") == "KeyError: 'no settings'"
    for word in ("galley", str(recorded.root), sys.prefix):
        assert word not in text


def test_the_members_of_a_group_have_their_own(recorded: GuideFolder) -> None:
    text = recorded.output("page", "group.error.traceback")
    assert text.startswith('  + Exception Group Traceback (most recent call last):\n  |   File "page.py", line 25, in')
    assert text.count('File "page.py", line 22, in wrong') == 2
    assert "| ValueError: 1" in text
    assert "galley" not in text
    assert "base_events" not in text


@pytest.mark.parametrize("code", ["raise ValueError from kept[0]", 'raise ExceptionGroup("several", kept)'])
def test_an_error_that_was_kept_brings_no_frames_of_galley(folder: GuideFolder, code: str) -> None:
    folder.snippet(
        "page",
        f"""
        # %% one
        class Kept(Exception):
            def __init__(self):
                kept.append(self)
        kept = []
        # %% two raises="Kept"
        raise Kept
        # %% three
        {code}
        """,
    )
    (failure,) = folder.run().summary.failures
    assert "execute.py" not in failure.detail
    assert failure.detail.count('page.py"') == 2


def test_another_traceback_is_another_text_and_no_other_error() -> None:
    def told(text: str) -> Compared:
        return Compared(Form(TRACEBACK, "traceback", text.encode()), text)

    was, now = (told(f'Traceback:\n  File "page.py", line {line}\nwrong: x\n') for line in (1, 2))
    assert Error().difference(was, now, 0.0).change is not Change.ERROR


def test_a_line_above_makes_a_traceback_stale_and_no_other_error(guide: GuideFolder) -> None:
    guide.write("snippets/page.py", SOURCE.replace("async def wrong", "# why\nasync def wrong"))
    reasons = [each.what for each in guide.status("page").reasons]
    assert len(reasons) == 2
    assert "group" in reasons[0]
    assert "refused-whole" in reasons[1]
    guide.write("snippets/page.py", SOURCE + "# below\n")
    assert guide.status("page").state is State.FRESH


def test_code_that_python_refuses_is_shown_with_what_python_says(recorded: GuideFolder) -> None:
    assert recorded.output("page", "refused.error.txt") == "SyntaxError: expected ':' (refused, line 1)"
    whole = recorded.output("page", "refused-whole.error.traceback").splitlines()
    assert whole[:2] == ['  File "refused-whole", line 2', "    print(x)"]
    assert whole[-1].startswith("IndentationError: expected an indented block after 'if' statement on line 1")
    file = recorded.root / "snippets/page.py"
    compile(file.read_text(), "page.py", "exec", 0x2000)  # the file itself can be read


def test_code_that_python_refuses_counts_as_it_stands() -> None:
    def digest(code: str) -> str:
        source = f'# %% one raises="SyntaxError"\n# {code}\n'
        return cut(source, Path("/guide/page.py"), Path("page.py")).cells[0].digest

    assert digest("if x") != digest("if  x")


def test_code_that_python_takes_fails_the_page(folder: GuideFolder) -> None:
    folder.snippet("page", '# %% one raises="SyntaxError"\n# x = 1\n')
    assert 'raises="SyntaxError" and raised nothing' in folder.run().failures["page"]
    folder.snippet("page", '# %% one raises="SyntaxError"\ncompile("x y", "a text", "exec")\n')
    assert not folder.run().failures
    assert folder.output("page", "one.error.txt") == "SyntaxError: invalid syntax (a text, line 1)"


def test_the_page_shows_a_traceback_in_place_of_its_last_line(guide: GuideFolder) -> None:
    html = builds("mkdocs", "page")(guide)
    text = text_of(html)
    assert text.count("KeyError: 'no settings'") == 3
    assert 'if x print("""\\t""") # never' in text
    assert "Traceback (most recent call last)" in text


def test_exports_raise_what_the_cells_raised(recorded: GuideFolder, tmp_path: Path) -> None:
    script, notebook = tmp_path / "page.py", tmp_path / "page.ipynb"
    for file in (script, notebook):
        assert recorded.galley("export", "page", "--output", str(file)).returncode == 0
    ran = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    said = [recorded.output("page", f"{name}.error.txt") for name in SHOWN]
    assert ran.stdout.splitlines() == [*said, "the end"]
    made = {each["metadata"].get("name"): each for each in json.loads(notebook.read_text())["cells"]}
    (error,) = made["shown"]["outputs"]
    assert (error["ename"], error["evalue"]) == ("KeyError", "'no settings'")
    assert error["traceback"] == [recorded.output("page", "shown.error.traceback").rstrip("\n")]
    assert made["refused"]["metadata"]["tags"] == ["raises-exception"]
    assert "".join(made["refused"]["source"]).startswith("if x\n")


@pytest.mark.parametrize(("method", "wanted"), [('subclasses="yes"', "LookupError"), ("", "KeyError")])
def test_a_process_that_starts_anew_takes_the_same_errors(folder: GuideFolder, method: str, wanted: str) -> None:
    folder.snippet(
        "page",
        f"""
        # %% one raises="{wanted}" {method}
        error = "kept"
        {{}}[1]
        # %% two
        import multiprocessing as mp
        def told():
            return error
        if __name__ == "__main__":
            with mp.get_context("spawn").Pool(1) as pool:
                print(pool.apply(told))
        """,
    )
    assert not folder.run().failures
    assert folder.output("page", "two.stdout.txt") == "kept\n"


WRONG = {
    "a message without an error": ('# %% one message="a"\n1\n', "message is for a cell with the option raises"),
    "subclasses of nothing": (
        '# %% one subclasses="yes"\n1\n',
        "subclasses is for a cell with the option raises",
    ),
    "an empty message": (
        '# %% one raises="OSError" message=" "\n1\n',
        "message ' ' is not a text with more than ... in it",
    ),
    "any message": (
        '# %% one raises="OSError" message=" ... …"\n1\n',
        "message ' ... …' is not a text with more than ... in it",
    ),
    "a traceback without an error": ("# %% one [traceback]\n1\n", "a traceback without an error"),
    "refused code that is not there": ('# %% one raises="SyntaxError"\n', "the cell has no code to show"),
}


@pytest.mark.parametrize(("source", "what"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_is_told(source: str, what: str) -> None:
    with pytest.raises(GalleyError) as raised:
        cut(source, Path("/guide/snippets/page.py"), Path("snippets/page.py"))
    assert raised.value.what == what
