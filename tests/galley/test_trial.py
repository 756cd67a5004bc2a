"""`galley affected --run`: what a release really changes, found by running the pages that it can touch with it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from galley.record.held import Held, hold
from galley.record.status import store_of
from guide_folder import SETTINGS
from wheels import Bench, wheel

MATHS = """\
def add(one, other):
    return one + other


def told():
    return 'said'


def counted(words):
    return len(words)
"""
FASTER = MATHS.replace("len(words)", "sum(1 for _ in words)")
LOUDER = FASTER.replace("'said'", "'said aloud'")
NEXT = LOUDER.replace("return one + other", "raise TypeError('no more')")
PAGES = {
    "adds": "import tiny\nprint(tiny.add(1, 2))",
    "tells": "import tiny\n# %% two\nprint(tiny.told())",
    "counts": "import tiny\nprint(tiny.counted('ab'))",
    "both": "import other, tiny\nprint(tiny.told(), other.x)",
    "mixed": "import other, tiny\nprint(tiny.counted('ab'), other.x)",
    "plain": "print(1)",
}


def files(maths: str) -> dict[str, str]:
    """The files of a release of tiny."""
    return {"tiny/__init__.py": "from tiny.maths import add, counted, told\n", "tiny/maths.py": maths}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A guide whose pages have footprints with tiny 1.0, and wheels of 1.1, 1.2 and 2.0, each with more changes."""
    bench = Bench.make(tmp_path_factory.mktemp("bench"), f"{SETTINGS}\n[tool.galley.profiles.other]\n")
    shutil.unpack_archive(wheel(bench.wheels, "tiny", "1.0", files(MATHS)), bench.environment.packages, "zip")
    shutil.unpack_archive(
        wheel(bench.wheels, "other", "1.0", {"other.py": "x = 1\n"}), bench.environment.packages, "zip"
    )
    for version, maths in (("1.1", FASTER), ("1.2", LOUDER), ("2.0", NEXT)):
        wheel(bench.wheels, "tiny", version, files(maths))
    wheel(bench.wheels, "tiny", "3.0", files(NEXT), ["nothing-has-this-name"])
    for page, code in PAGES.items():
        bench.guide.snippet(page, f"# %% one\n{code}\n")
    assert bench.galley("run", "--footprint").returncode == 0
    with bench.forks():
        yield bench


@pytest.fixture
def bench(first: Bench, tmp_path: Path) -> Bench:
    """The same with a copy of the guide that a test may spoil."""
    return Bench(first.guide.copied(tmp_path / "guide"), first.wheels, first.environment)


def contents(root: Path) -> dict[str, bytes]:
    """Every file of the project."""
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_pages_that_can_change_and_do_not_are_told_from_those_that_do(bench: Bench) -> None:
    before = contents(bench.guide.root)
    ended = bench.galley("affected", "tiny==2.0", "--run")
    assert ended.returncode == 1, ended.stdout
    report = ended.stdout[ended.stdout.index("tiny 1.0 to 2.0: 3 of 5 pages that ran with it changed\n") :]
    fails, changes = "  adds (laptop) fails\n    one: TypeError: no more", "  tells (laptop) changes\n    two: "
    assert fails in report
    assert changes + "two.stdout.txt differs from line 1 on: 'said' became 'said aloud'\n" in report
    assert report.endswith("  same outputs: counts (laptop), mixed (laptop)\n")
    assert "plain" not in report, "no change reaches it"
    assert contents(bench.guide.root) == before, "nothing is recorded"


def test_a_release_that_changes_nothing_ends_well_in_ci_too(bench: Bench) -> None:
    ended = bench.galley("affected", "tiny==1.1", "--run", CI="1")
    assert ended.returncode == 0, ended.stdout
    assert (
        "tiny 1.0 to 1.1: 0 of 2 pages that ran with it changed\n  same outputs: counts (laptop), mixed (laptop)\n"
        in ended.stdout
    )


def test_what_no_change_reaches_is_not_run(bench: Bench) -> None:
    ended = bench.galley("affected", "tiny==1.0", "--run")
    assert ended.returncode == 0, ended.stdout
    assert "installing" not in ended.stdout


def test_json_has_the_outcomes_of_each_release(bench: Bench) -> None:
    ended = bench.galley("affected", "tiny==1.1", "tiny==1.2", "--run", "--json")
    said = json.loads(ended.stdout[ended.stdout.index("[\n {") :])  # what came before is progress, on standard error
    found = {(each["new"], page["page"]): page for each in said for page in each["tried"]}
    assert {key: page["outcome"] for key, page in found.items()} == {
        ("1.1", "counts"): "same",
        ("1.1", "mixed"): "same",
        ("1.2", "counts"): "same",
        ("1.2", "mixed"): "same",
        ("1.2", "tells"): "changes",
        ("1.2", "both"): "changes",
    }
    assert [each["cell"] for each in found["1.2", "tells"]["differences"]] == ["two"]
    assert "tried" not in json.loads(bench.galley("affected", "tiny==1.1", "--json").stdout)[0]


def test_a_page_whose_record_is_not_true_does_not_run(bench: Bench) -> None:
    bench.guide.snippet("tells", "# %% one\nimport tiny\n# %% two\nprint(tiny.told() + '!')\n")
    ended = bench.galley("affected", "tiny==1.2", "--run")
    assert ended.returncode == 1, ended.stdout
    assert "1 of 3 pages that ran with it changed\n" in ended.stdout
    assert "  tells (laptop) did not run\n    its record is stale: galley run tells\n" in ended.stdout


def test_a_run_that_cannot_begin_is_told_with_the_reason(bench: Bench) -> None:
    broken = {**files(LOUDER), "click/__init__.py": "raise RuntimeError('not that one')\n"}
    wheel(bench.wheels, "tiny", "1.3", broken)
    ended = bench.galley("affected", "tiny==1.3", "--run")
    assert ended.returncode == 1, ended.stdout
    assert "0 of 0 pages that ran with it changed\n" in ended.stdout
    assert ended.stdout.count(" did not run\n    it did not run here: Traceback") == 4
    assert "RuntimeError: not that one\n" in ended.stdout.rpartition("it did not run here")[2]


def test_each_profile_of_a_page_runs(bench: Bench) -> None:
    assert bench.galley("run", "tells", "--profile", "other").returncode == 0
    ended = bench.galley("affected", "tiny==1.2", "--run")
    assert ended.stdout.count("installing tiny==1.2") == 1
    assert "running 1 page (other) in a copy of the project\n" in ended.stdout, ended.stdout
    assert "  tells (laptop) changes\n" in ended.stdout
    assert "  tells (other) changes\n" in ended.stdout


def test_a_held_page_runs_too(bench: Bench) -> None:
    hold(store_of(bench.guide.project), [Held(page="tells", profile="laptop", since="2026-01-02", reason="later")])
    ended = bench.galley("affected", "tiny==1.2", "--run")
    assert "  tells (laptop) changes\n" in ended.stdout, ended.stdout
    assert bench.guide.status("tells").state == "held"


def test_another_version_that_a_page_ran_with_is_told(bench: Bench) -> None:
    wheel(bench.wheels, "tiny", "1.4", files(LOUDER), ["other==2.0"])
    wheel(bench.wheels, "other", "2.0", {"other.py": "x = 2\n"})
    ended = bench.galley("affected", "tiny==1.4", "--run")
    changes = ended.stdout.partition("  both (laptop) changes\n")[2]
    assert "it also ran with another version: other was 1.0, is 2.0\n" in changes, ended.stdout
    assert ended.stdout.count("it also ran with") == 2, "`tells` does not import it"
    assert "  same outputs: counts (laptop)\n" in ended.stdout, "the release brings another number for `mixed` too"


@contextmanager
def elsewhere(bench: Bench, code: str) -> Iterator[None]:
    """An environment in which other 1.0 is not what it was when the pages were recorded, as on another machine."""
    file = bench.environment.packages / "other.py"
    before = file.read_text(encoding="utf-8")
    file.write_text(code, encoding="utf-8")
    try:
        yield
    finally:
        file.write_text(before, encoding="utf-8")


def test_what_differs_without_the_release_too_is_not_the_releases(bench: Bench) -> None:
    with elsewhere(bench, "x = 10\n"):
        ended = bench.galley("affected", "tiny==1.2", "--run")
    assert "running 3 pages (laptop) with 1.0 again\n" in ended.stdout, ended.stdout
    assert "2 of 4 pages that ran with it changed\n" in ended.stdout
    both = "  both (laptop) changes\n    one: one.stdout.txt differs from line 1 on: 'said 10' became 'said aloud 10'\n"
    assert both in ended.stdout
    assert "  same outputs: counts (laptop), mixed (laptop)\n" in ended.stdout


def test_a_page_that_fails_without_the_release_too_says_nothing_of_it(bench: Bench) -> None:
    with elsewhere(bench, "raise ImportError('not here')\n"):
        ended = bench.galley("affected", "tiny==1.1", "--run")
    assert ended.returncode == 1, ended.stdout
    assert "  mixed (laptop) did not run\n    it fails without the release too: ImportError: not here\n" in ended.stdout
    assert "0 of 1 page that ran with it changed\n  mixed" in ended.stdout


def test_a_page_that_runs_out_of_time_says_nothing_of_the_release(bench: Bench) -> None:
    slow = files(MATHS.replace("return len(words)", "import time; time.sleep(99)"))
    wheel(bench.wheels, "tiny", "1.5", slow)
    settings = (bench.guide.root / "pyproject.toml").read_text(encoding="utf-8")
    bench.guide.write("pyproject.toml", settings.replace("timeout = 20", "timeout = 6"))
    ended = bench.galley("affected", "tiny==1.5", "--run")
    assert ended.returncode == 1, ended.stdout
    assert "  counts (laptop) did not run\n    cell one: took longer than 6 s and was stopped\n" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tiny==1.1", "--model", "one@two", "--run"], "--run tries releases, and a model has none"),
        (["tiny==3.0", "--run"], "the index has no package"),
    ],
)
def test_what_cannot_be_tried_is_told(bench: Bench, arguments: list[str], said: str) -> None:
    ended = bench.galley("affected", *arguments)
    assert (ended.returncode, said in ended.stdout) == (2, True), ended.stdout
