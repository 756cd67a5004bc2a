"""The sessions in galley's documentation that are typed by hand: their commands print what the pages say.

A session says in its title that a test runs it. Seconds, memory, days, commits, and what the sandbox can do differ by
machine and are compared by their form. A line with three dots alone stands for any lines. BY_HAND has the sessions that
need a network, a cluster or hours.
"""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from guide_folder import GuideFolder
from wheels import Bench, wheel

DOCUMENTS = Path(__file__).parents[2] / "scripts" / "galley" / "docs"
TESTED = "; a test runs it"
SESSION = re.compile(r'^```console title="Typed by hand: ([^\n]*)"\n(.*?)^```\n', re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ ([^\n]*)\n((?:(?!\$ )[^\n]*\n)*)", re.MULTILINE)
BY_HAND = {
    ("lanes", "the update of a guide of 34 pages"): "it took a release of Transformers and every page of a guide",
    ("machines", "a run on a cluster"): "it takes a cluster of Ray",
    ("start", "pip reaches the network, which a page's code may not"): "it installs from an index",
    ("review", "the review of an update"): "it took two releases of Transformers",
}
ELSEWHERE = {("extending", "a guide with a kind of its own"), ("extending", "a backend of one's own")}
VARYING = [
    (r"^sandbox: .*", "sandbox: files, network, processes"),
    (r"\b\d+(\.\d)? s\b", "0 s"),
    (r"\b\d+ MB\b", "0 MB"),
    (r"\b[0-9a-f]{12}\b", "0" * 12),
    (r"\b\d{4}-\d\d-\d\d\b", "2026-01-01"),
    (r"\b\d+ functions\b", "0 functions"),
]
GAP = "…"
Runs = Callable[..., str]


def sessions() -> dict[tuple[str, str], list[tuple[str, str]]]:
    """The commands of each session with what they print, by the page and the session's title."""
    return {
        (page.stem, title.replace("&#39;", "'")): COMMAND.findall(text)
        for page in sorted(DOCUMENTS.glob("*.md"))
        for title, text in SESSION.findall(page.read_text(encoding="utf-8"))
    }


def alike(text: str) -> str:
    """A text without what differs by machine."""
    for pattern, instead in VARYING:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return text


def holds(page: str, title: str, runs: Runs) -> None:
    """Run the commands of a session in their order, and compare what they print with the page."""
    for line, expected in sessions()[page, f"{title}{TESTED}"]:
        _, *words = shlex.split(line, comments=True)
        told = alike(runs(*words))
        parts = (r"(?:[^\n]*\n)*?" if each == GAP else f"{re.escape(each)}\n" for each in _lines(expected))
        assert re.fullmatch("".join(parts), told), f"{page}.md: {line}\n{told}"


def _lines(text: str) -> list[str]:
    return alike(text).removesuffix("\n").split("\n") if text else []


def git(folder: Path, *words: str) -> None:
    """Ask git for something in a folder."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def printed(folder: GuideFolder) -> Runs:
    """Runs a command of galley's in a guide."""
    return lambda *words: folder.galley(*words).stdout


def test_each_session_is_run_by_a_test_or_says_why_it_is_not() -> None:
    tested = {(page, title.removesuffix(TESTED)) for page, title in sessions() if title.endswith(TESTED)}
    assert {*sessions()} - {(page, f"{title}{TESTED}") for page, title in tested} == BY_HAND.keys()
    source = Path(__file__).read_text(encoding="utf-8")
    named = {(page, title) for page, title in tested if f'holds("{page}", "{title}",' in " ".join(source.split())}
    assert named == tested - ELSEWHERE
    assert tested >= ELSEWHERE


MEASURED = "# %% one [measured]\nimport time\ntime.sleep({})\nprint('1 s')\n"


def test_machines(folder: GuideFolder, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder.snippet("train_an_adapter", MEASURED.format(0.6))
    folder.snippet("deep_dive", "# %% one\nimport time\ntime.sleep(0.2)\n")
    assert folder.run().failures == {}
    holds("machines", "a plan of two pages", printed(folder))
    for name in ("index", "loading"):
        folder.snippet(name, "# %% one\nprint(1)\n")
    shard = folder.copied(tmp_path_factory.mktemp("shard"))
    holds("machines", "the second of three machines", printed(shard))
    first = folder.copied(tmp_path_factory.mktemp("first"))
    assert first.galley("run", "--all", "--shard", "1/3").returncode == 0
    for number, each in enumerate((first, shard), start=1):
        shutil.copytree(each.project.outputs, folder.root / f"shard-{number}/outputs")
    holds("machines", "two of three shards have arrived", printed(folder))


def test_review(folder: GuideFolder) -> None:
    folder.snippet("seven_billion", "# %% one\nprint(5.23)\n")
    assert folder.run().failures == {}
    for words in (("init", "-q", "-b", "main"), ("add", "--all"), ("commit", "-q", "-m", "first")):
        git(folder.root, *words)
    folder.snippet("seven_billion", "# %% one\nprint(5.24)\n")
    assert folder.run().failures == {}
    holds("review", "a page is held", printed(folder))


LOADS = """\
# %% load
def load(): return "a model"

model = load({})
# %% generate
print(model)
# %% version
print("{}")
"""
SORTS = """\
# %% one
def decode(ids): return "def bubble_sort(a):"
ids = [1]
wanted = "def bubble_sort(array):"
assert decode(ids) == wanted
"""


def test_records(folder: GuideFolder) -> None:
    folder.snippet("deep_dive", '# %% load\n1\n# %% generate\nprint("a line")\nprint("loss", 0.25)\n')
    assert folder.run().failures == {}
    place = folder.project.outputs / "deep-dive/laptop"
    output, record = place / "generate.stdout.txt", place / "record.json"
    before, text = output.read_bytes(), record.read_text(encoding="utf-8")
    output.write_bytes(after := before.replace(b"0.25", b"0.5"))
    text = text.replace(sha256(before).hexdigest(), sha256(after).hexdigest())
    record.write_text(text.replace(f'"bytes": {len(before)}', f'"bytes": {len(after)}'), encoding="utf-8")
    holds("records", "how a difference is told", printed(folder))
    folder.snippet("deep_dive", LOADS.format("", "5.23.0"))
    assert folder.run().failures == {}
    folder.snippet("deep_dive", LOADS.format("cache=1", "5.24.0"))
    holds("records", "a page of which two cells fail", printed(folder))
    folder.snippet("sorting", SORTS)
    holds("records", "an assertion that fails", printed(folder))


def test_books(folder: GuideFolder) -> None:
    folder.snippet("deep_dive", "# %% one\nprint(1)\n")
    folder.page("index", '```python exec="on" list="facts"\n```\n')
    assert folder.run().failures == {}
    holds("books", "an export of a guide of two pages", printed(folder))


def test_importing(folder: GuideFolder) -> None:
    for module in ("nbformat", "jupytext"):
        pytest.importorskip(module)
    picture = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo="}}
    code = {"cell_type": "code", "metadata": {}, "execution_count": None}
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Rows\n\n![A plot](plot.png)"},
        {**code, "source": "!pip install polars", "outputs": []},
        {**code, "source": "rows = open('data/rows.csv').read().split(',')\nrows", "outputs": []},
        {"cell_type": "markdown", "metadata": {}, "source": "## Draw"},
        {**code, "source": "import matplotlib.pyplot as plt\nplt.plot(rows)\nplt.show()", "outputs": [picture]},
    ]
    numbered = [{"id": str(number), **each} for number, each in enumerate(cells)]
    notebook = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": numbered}
    folder.write("work/Rows.ipynb", json.dumps(notebook))
    folder.write("work/plot.png", "a picture")
    folder.write("work/data/rows.csv", "1,2")
    holds("importing", "a notebook with two cells that it cannot take", printed(folder))


PINNED = """\
[project]
name = "guide"
dependencies = ["example==2.0"]

[tool.galley.profiles.laptop]
required = true
"""
READER = """\
class Reader:
    def __init__(self, count):
        self.count = count

    def parse(self):
        return sorted(range(self.count))


def rows():
    return 12
"""
LONGER = "found = list(range(self.count + 1))\n        found.sort()\n        return found"
INDEX = """\
# %% load
from example import Reader
found = Reader(12).parse()
print(len(found), "rows")
# %% it-is-sorted [claim]
'''The rows are sorted.'''
assert found == sorted(Reader(12).parse())
# %% show
print(Reader(12).parse()[:3])
"""
LINK = "[`x`](https://example.org/o/example/blob/v2.0/src/example/__init__.py#L{})."


def test_updates(tmp_path: Path) -> None:
    bench = Bench.make(tmp_path, PINNED)
    old = {"example/__init__.py": READER}
    shutil.unpack_archive(wheel(bench.wheels, "example", "2.0", old), bench.environment.packages, "zip")
    wheel(bench.wheels, "example", "1.8", old)
    new = {"example/__init__.py": READER.replace("return sorted(range(self.count))", LONGER)}
    wheel(bench.wheels, "example", "2.1", new, ["other>=3"])
    wheel(bench.wheels, "other", "3.0", {"other.py": ""})
    guide = bench.guide
    guide.snippet("index", INDEX)
    guide.snippet("about", "# %% one\nprint(1)\n")
    guide.snippet("tables", "# %% one\nimport example\nprint(example.rows())\n")
    guide.page("links", " ".join(LINK.format(line) for line in (1, 5, 9)))
    who = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def runs(*words: str) -> str:
        return bench.galley(*words, **who).stdout

    runs("run")
    holds("updates", "one page is noted", runs)
    runs("run", "--footprint")
    for words in (("init", "-q", "-b", "main"), ("add", "--all"), ("commit", "-q", "-m", "first")):
        git(guide.root, *words)
    holds("updates", "a release of a package called example", runs)
    holds("updates", "the pages that can change run with that release", runs)
    holds("updates", "a move to that release", runs)
    holds("updates", "a search among its releases", runs)
