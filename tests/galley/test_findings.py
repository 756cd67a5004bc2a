"""Everything that `galley check` can find, each with its place and its mend."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from guide_folder import SETTINGS, GuideFolder, fence

SOURCE = "# %% first\nprint(1)\n# %% second\nprint(2)\n"
OPTIONAL = "\n[tool.galley.profiles.gpu]\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide of two pages in which everything is true, recorded under both profiles."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS + OPTIONAL)
    folder.snippet("one", SOURCE)
    folder.snippet("two_more", SOURCE)
    assert not folder.run("one", "two-more", profiles=("laptop", "gpu")).failures
    return folder


def outputs(guide: GuideFolder, path: str) -> Path:
    """A path below the records."""
    return guide.project.outputs / path


Spoil = Callable[[GuideFolder], object]

CASES: dict[str, tuple[Spoil, str, str]] = {
    "stale": (
        lambda g: g.snippet("one", SOURCE.replace("print(2)", "print(3)")),
        "snippets/one.py:3: stale: one (laptop): cell one/second changed",
        "galley run one",
    ),
    "missing": (
        lambda g: shutil.rmtree(outputs(g, "one/laptop")),
        "snippets/one.py: missing: one (laptop): never recorded",
        "galley run one",
    ),
    "torn": (
        lambda g: outputs(g, "one/laptop/record.json").unlink(),
        "snippets/outputs/one/laptop: torn: one (laptop): torn: outputs without a record.json",
        "galley run one",
    ),
    "tampered": (
        lambda g: outputs(g, "two-more/laptop/first.stdout.txt").write_text("better\n"),
        "snippets/outputs/two-more/laptop/first.stdout.txt: tampered: two-more (laptop): is not what was recorded",
        "galley run two-more",
    ),
    "unknown cell": (
        lambda g: g.page("more", fence("one", "third")),
        "docs/more.md:3: unknown: no cell is named 'one/third'",
        "one.py has: first, second",
    ),
    "unknown file": (
        lambda g: g.page("more", fence("nine", "first")),
        "docs/more.md:3: unknown: there is no snippet file 'nine.py' with cells",
        "make it, or name one of: one, two_more",
    ),
    "malformed fence": (
        lambda g: g.page("more", "```python exec=on\n```\n"),
        "docs/more.md:3: unreadable: malformed fence header",
        "write it as: ```python",
    ),
    "syntax error": (
        lambda g: g.snippet("one", "# %% first\nprint(\n"),
        "snippets/one.py:2: unreadable: syntax error: '(' was never closed",
        "",
    ),
    "unshown": (
        lambda g: g.page("one", fence("one", "first")),
        "snippets/one.py:3: unshown: no page shows the cell 'second'",
        'show it in docs/one.md: ```python exec="on" cell="one/second"',
    ),
    "orphan page": (
        lambda g: outputs(g, "gone/laptop").mkdir(parents=True),
        "snippets/outputs/gone/laptop: orphaned: a record of no page or profile",
        "git rm -r it",
    ),
    "orphan profile": (
        lambda g: outputs(g, "one/tpu").mkdir(parents=True),
        "snippets/outputs/one/tpu: orphaned: a record of no page or profile",
        "git rm -r it",
    ),
}


def test_a_guide_that_is_true_has_no_findings(guide: GuideFolder) -> None:
    assert guide.findings() == []


@pytest.mark.parametrize("case", CASES)
def test_what_is_not_true_is_found_with_its_place_and_its_mend(guide: GuideFolder, case: str) -> None:
    spoil, what, mend = CASES[case]
    spoil(guide)
    found = [finding for finding in guide.findings() if finding.fatal]
    assert str(found[0]).startswith(what)
    assert mend in found[0].mend


def test_a_page_that_cannot_be_read_orphans_no_record(guide: GuideFolder) -> None:
    guide.write("snippets/one.py", "# %% first\nprint(\n")
    assert {finding.kind for finding in guide.findings()} == {"unreadable"}


def test_an_optional_record_that_is_stale_is_told_and_fails_nothing(guide: GuideFolder) -> None:
    guide.snippet("one", SOURCE.replace("print(2)", "print(3)"))
    guide.run()
    (found,) = guide.findings()
    assert not found.fatal
    assert str(found) == (
        "snippets/one.py:3: stale (no failure): one (gpu): cell one/second changed\n    galley run one --profile gpu"
    )


def test_an_optional_record_that_is_missing_is_not_even_told(guide: GuideFolder) -> None:
    shutil.rmtree(outputs(guide, "one/gpu"))
    assert guide.findings() == []


def test_prose_and_the_order_on_the_page_change_nothing(guide: GuideFolder) -> None:
    guide.page("one", f"Prose.\n\n{fence('one', 'second')}\nMore.\n\n{fence('one', 'first')}", title="Other")
    assert guide.findings() == []
