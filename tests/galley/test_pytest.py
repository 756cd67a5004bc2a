"""`pytest --galley`: the cells of a guide as tests, in a guide that knows nothing of this repository."""

from __future__ import annotations

import json
import re
import subprocess
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from galley.record.held import Held, hold
from galley.record.status import store_of
from galley.source.digest import digest
from galley.system import cores
from guide_folder import PYTEST, GuideFolder
from processes import wait_until_gone

SETTINGS = """\
[tool.galley]
sandbox = "off"

[tool.galley.profiles.laptop]
required = true
[tool.galley.profiles.big.parameters]
size = 2

[tool.pytest.ini_options]
testpaths = ["tests"]
filterwarnings = ["error"]
"""
PAGE = """\
# %% parameters
size = 1
# %% loss
from pathlib import Path
with Path("{root}-ran").open("a") as ran:
    print("page", file=ran)
print("loss", 0.25)
# %% holds [claim]
"It is one."
assert size > 0
# %% last
with Path("{root}-ran").open("a") as ran:
    print("last", file=ran)
"""
OTHER = "# %% one\nprint(1)\n# %% two\nprint(2)\n"


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    """An environment in which galley was installed before it had the plug-in is told so."""
    if not [each for each in metadata.entry_points(group="pytest11") if each.name == "galley"]:
        pytest.fail("install galley-docs anew: pip install --no-deps -e scripts/galley", pytrace=False)


@pytest.fixture
def guide(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with two pages and a test of its own."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("guide"), SETTINGS)
    folder.snippet("page", PAGE.format(root=folder.root))
    folder.snippet("other", OTHER)
    folder.write("tests/test_own.py", "def test_own():\n    pass\n")
    assert not folder.run().failures
    ran(folder)
    return folder


def asked(guide: GuideFolder, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in the guide's folder."""
    return guide.call([*PYTEST, *words], **variables)


def results(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The result of each test by its name."""
    return dict(re.findall(r"^(\S+::\S+)(?: <- \S+)? ([A-Z]+)", done.stdout, re.MULTILINE))


def ran(guide: GuideFolder) -> list[str]:
    """What the page noted of its runs since it was last asked."""
    file = Path(f"{guide.root}-ran")
    said = file.read_text(encoding="utf-8").split() if file.exists() else []
    file.unlink(missing_ok=True)
    return said


def forge(guide: GuideFolder, text: str) -> None:
    """Record another output of the cell `loss`, with the right digest."""
    place = guide.project.outputs / "page/laptop"
    record = (place / "record.json").read_text(encoding="utf-8")
    old = digest((place / "loss.stdout.txt").read_text(encoding="utf-8"))
    (place / "record.json").write_text(record.replace(old, digest(text)), encoding="utf-8")
    (place / "loss.stdout.txt").write_text(text, encoding="utf-8")


ENDS = """\
import threading

def pytest_unconfigure():
    print("left:", [each.name for each in threading.enumerate() if each.name == "galley"])
"""
ALL = ["parameters", "loss", "holds", "last"]


def test_cells_are_tests_where_that_is_asked_and_nowhere_else(guide: GuideFolder) -> None:
    before = guide.recorded()
    done = asked(guide, "-v")
    assert results(done) == {"tests/test_own.py::test_own": "PASSED"}
    assert ran(guide) == []
    done = asked(guide, "-v", "--galley", CI="1")
    cells = [f"docs/page.md::{name}" for name in ALL] + ["docs/other.md::one", "docs/other.md::two"]
    assert results(done) == dict.fromkeys(["tests/test_own.py::test_own", *cells], "PASSED"), done.stdout
    assert ran(guide) == ["page", "last"], "it ran once"
    assert guide.recorded() == before
    assert set(results(asked(guide, "-v", "--galley", "tests"))) == {"tests/test_own.py::test_own"}
    assert len(results(asked(guide, "-v", "--galley", "."))) == 7
    settings = (guide.root / "pyproject.toml").read_text(encoding="utf-8")
    guide.write("pyproject.toml", settings.replace('testpaths = ["tests"]', 'testpaths = ["."]'))
    assert len(results(asked(guide, "-v", "--galley"))) == 7, "no page is collected twice"


def test_a_difference_is_told_without_a_frame_of_galley(guide: GuideFolder) -> None:
    forge(guide, "loss 0.5\n")
    done = asked(guide, "--galley", "docs")
    assert done.returncode == 1
    assert "1 failed, 5 passed" in done.stdout
    assert "snippets/page.py:3: page page (laptop) in cell loss: loss.stdout.txt differs from line 1 on:" in done.stdout
    assert "        where line 1  was 0.5  now 0.25  by 0.5" in done.stdout
    assert "galley/src" not in done.stdout
    assert "site-packages" not in done.stdout


def test_no_terminal_obeys_what_a_page_or_a_record_says(guide: GuideFolder) -> None:
    forge(guide, "loss 0.5 \x1b]52;c;aGk=\x07\x1b[2J\n")
    done = asked(guide, "--galley", "docs")
    assert "1 failed, 5 passed" in done.stdout
    assert "differs from line 1 on" in done.stdout
    assert "\x1b" not in done.stdout
    assert "\x07" not in done.stdout


def test_a_page_runs_as_far_as_its_last_test(guide: GuideFolder) -> None:
    assert results(asked(guide, "-v", "--galley", "docs/page.md::loss")) == {"docs/page.md::loss": "PASSED"}
    assert ran(guide) == ["page"]
    done = asked(guide, "-v", "--galley", "docs", "-k", "claim and page")
    assert results(done) == {"docs/page.md::holds": "PASSED"}, "a tag is a keyword"
    assert ran(guide) == ["page"]
    assert "4 deselected" in asked(guide, "--galley", "docs", "-k", "page and not claim and not last").stdout


def test_a_cell_that_fails_leaves_the_others_their_results(guide: GuideFolder) -> None:
    code = "from pathlib import Path\nassert not Path({!r}).exists()\n".format(f"{guide.root}-broken")
    guide.snippet("other", f"# %% one\nprint(1)\n# %% two\n{code}# %% three\nprint(3)\n")
    assert not guide.run("other").failures
    Path(f"{guide.root}-broken").touch()
    done = asked(guide, "-v", "--galley", "docs/other.md")
    assert list(results(done).values()) == ["PASSED", "FAILED", "PASSED"]
    assert "snippets/other.py:5: page other (laptop) in cell two: AssertionError" in done.stdout
    assert 'File "snippets/other.py", line 5' in done.stdout or "other.py" in done.stdout


def test_what_may_differ_is_an_expected_failure_and_strict_expects_none(guide: GuideFolder) -> None:
    forge(guide, "loss 0.5\n")
    file = guide.project.outputs / "page/laptop/record.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    record["environment"]["packages"] = {"rich": "0.1"}
    file.write_text(json.dumps(record), encoding="utf-8")
    done = asked(guide, "-v", "-rx", "--galley", "docs/page.md")
    assert results(done)["docs/page.md::loss"] == "XFAIL", done.stdout
    assert done.returncode == 0
    assert "rich was 0.1, is" in done.stdout
    done = asked(guide, "--galley", "--galley-strict", "docs/page.md")
    assert done.returncode == 1
    assert "the record is of other versions than this machine's" in done.stdout


def test_what_cannot_be_compared_is_told(guide: GuideFolder) -> None:
    guide.snippet("other", OTHER.replace("1", "3"))
    hold(store_of(guide.project), [Held(page="page", profile="laptop", since="2026-01-01", reason="it waits")])
    done = asked(guide, "-v", "-rs", "--galley")
    said = results(done)
    assert said["docs/other.md::one"] == said["docs/other.md::two"] == "FAILED"
    assert (
        "other (laptop) has no true record to compare with: cell other/one changed\n    galley run other" in done.stdout
    )
    assert "During handling of the above exception" not in done.stdout
    assert {said[f"docs/page.md::{name}"] for name in ALL} == {"SKIPPED"}
    assert "not run: page (laptop) is held since 2026-01-01" in done.stdout
    assert ran(guide) == []


def test_another_profile_has_names_of_its_own_and_those_pages_alone_that_were_recorded(guide: GuideFolder) -> None:
    assert not guide.run(profiles=("big",)).failures
    done = asked(guide, "-v", "--galley", "--galley-profile", "big", "docs")
    assert results(done) == {f"docs/page.md::{name}[big]": "PASSED" for name in ALL}
    both = ("--galley-profile", "big", "--galley-profile", "laptop")
    assert len(results(asked(guide, "-v", "--galley", *both, "docs"))) == 10
    assert "no profile is named 'nosuch'" in asked(guide, "--galley", "--galley-profile", "nosuch").stdout


def test_a_profile_that_cannot_run_here_is_skipped_with_the_reason(guide: GuideFolder) -> None:
    hook = "import os\nclass No(Exception):\n    pass\n\n\ndef prepare(context):\n    if 'NO_GPU' in os.environ:\n"
    guide.write("snippets/mine.py", f"{hook}        raise No('there is no GPU')\n")
    settings = (guide.root / "pyproject.toml").read_text(encoding="utf-8")
    guide.write("pyproject.toml", f'{settings}\n[tool.galley.hooks]\nprepare = "mine:prepare"\n')
    assert not guide.run().failures
    assert "6 passed" in asked(guide, "--galley", "docs").stdout
    done = asked(guide, "-rs", "--galley", "docs", NO_GPU="1")
    assert "6 skipped" in done.stdout
    assert "profile laptop cannot run: there is no GPU" in done.stdout


@pytest.mark.skipif(find_spec("xdist") is None, reason="pytest-xdist is not installed")
def test_workers_share_the_pages(guide: GuideFolder) -> None:
    forge(guide, "loss 0.5\n")
    done = asked(guide, "-v", "--galley", "docs", "-n", "2", "--dist", "loadfile")
    assert done.returncode == 1
    assert "1 failed, 5 passed" in done.stdout, done.stdout
    assert ran(guide) == ["page", "last"], "one of the workers ran it, once"


@pytest.mark.skipif(cores() < 2, reason="two pages need two processors")
def test_pages_run_together(guide: GuideFolder) -> None:
    marks = [Path(f"{guide.root}-{name}") for name in ("first", "second")]
    for mark, other in (marks, marks[::-1]):
        head = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
        waits = f"while not Path({str(other)!r}).exists():\n    pass\n"
        guide.snippet(mark.name.rpartition("-")[2], f"# %% one\n{head}{waits}")
    assert not guide.run("first", "second", jobs=2).failures
    for mark in marks:
        mark.unlink()
    done = asked(guide, "--galley", "docs/first.md", "docs/second.md")
    assert "2 passed" in done.stdout, done.stdout


def test_nothing_goes_on_after_the_last_test(guide: GuideFolder) -> None:
    marker = f"sleeps-{guide.root.name}"
    slow = Path(f"{guide.root}-slow")
    head = f"# %% one\nfrom pathlib import Path\nslow = Path({str(slow)!r})\n"
    guide.snippet("other", f"{head}print(slow.exists())\n")
    guide.snippet("slow", f"{head}while slow.exists():\n    pass\n")
    assert not guide.run().failures
    slow.touch()
    guide.write("conftest.py", ENDS)
    done = asked(guide, "-x", "--galley", "docs/other.md", "docs/slow.md", GALLEY_MARKER=marker)
    assert done.returncode == 1
    assert "1 failed" in done.stdout
    assert "left: []" in done.stdout
    assert wait_until_gone(marker) == []


def test_a_snippet_file_that_cannot_be_read_is_an_error_of_its_page(guide: GuideFolder) -> None:
    (guide.root / "snippets/other.py").write_text("# %% one\n1 +\n", encoding="utf-8")
    done = asked(guide, "--galley", "docs")
    assert done.returncode == 2
    assert "snippets/other.py:2: syntax error" in done.stdout


def test_without_a_guide_the_option_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = GuideFolder(tmp_path_factory.mktemp("empty"))
    done = asked(folder, "--galley")
    assert done.returncode == 4
    assert "no pyproject.toml with a [tool.galley] table" in done.stdout


def test_a_page_with_two_snippet_files_names_the_second(guide: GuideFolder) -> None:
    guide.snippet("extra", "# %% one\n1\n", shown=False)
    page = (guide.root / "docs/page.md").read_text(encoding="utf-8")
    guide.write("docs/page.md", f'{page}\n```python exec="on" cell="extra/one"\n```\n')
    assert not guide.run("extra").failures
    done = asked(guide, "-v", "--galley", "docs/page.md")
    names = ["extra/one", *ALL]
    assert results(done) == {f"docs/page.md::{name}": "PASSED" for name in names}


def test_a_guide_in_a_folder_is_found_by_the_path(guide: GuideFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    above = GuideFolder(tmp_path_factory.mktemp("above"))
    inside = guide.copied(above.root / "site")
    assert inside.root.parent == above.root
    done = asked(above, "-v", "--galley", "site/docs/other.md")
    assert set(results(done).values()) == {"PASSED"}
    assert len(results(done)) == 2
