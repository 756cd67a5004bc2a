"""What `galley run` chooses, refuses and says, without a terminal and on one."""

from __future__ import annotations

import asyncio
import io
import json
import sys
import time
from collections.abc import Sequence

import pytest

from galley.errors import Exit, GalleyError, RefusedError, UsageError
from galley.run.choose import chosen, look
from galley.run.client import PageRun
from galley.run.command import Summary, run_pages
from galley.run.progress import LiveProgress, RunProgress
from galley.run.protocol import Job
from galley.source.guide import read_guide
from guide_folder import SETTINGS, GuideFolder

GOOD = "# %% first\nprint(1)\n"


def to_run(folder: GuideFolder, *pages: str, everything: bool = False, profiles: Sequence[str] = ()) -> list[str]:
    """The pages that a run would run."""
    return [task.snippets.page for task in chosen(look(folder.guide, pages, profiles), everything=everything)]


def test_what_is_missing_stale_torn_or_tampered_with_is_chosen_and_what_is_fresh_is_not(folder: GuideFolder) -> None:
    for name in ("fresh", "stale", "torn", "bent"):
        folder.snippet(name, GOOD)
    folder.run()
    assert to_run(folder) == []
    folder.snippet("missing", GOOD)
    folder.snippet("stale", GOOD.replace("1", "2"))
    (folder.project.outputs / "torn/laptop/record.json").unlink()
    (folder.project.outputs / "bent/laptop/first.stdout.txt").write_text("x")
    assert to_run(folder) == ["bent", "missing", "stale", "torn"]
    assert to_run(folder, "fresh", "stale") == ["stale"]
    assert to_run(folder, "fresh", everything=True) == ["fresh"]
    assert not folder.run().failures
    assert to_run(folder) == []


def test_a_profile_that_need_not_be_there_runs_the_pages_whose_values_it_changes(folder: GuideFolder) -> None:
    settings = f"{SETTINGS}\n[tool.galley.profiles.big]\n[tool.galley.profiles.big.parameters]\nsize = 2\n"
    folder.write("pyproject.toml", settings)
    folder.snippet("none", GOOD)
    folder.snippet("same", "# %% parameters\nsize = 2\n")
    assert "no page's values change under big; name a page" in folder.run(profiles=("big",)).said
    folder.snippet("changed", "# %% parameters\nsize = 1\n")
    assert to_run(folder, everything=True, profiles=("big",)) == ["changed"]
    assert to_run(folder, "none", "same", everything=True, profiles=("big",)) == ["none", "same"]
    assert not folder.run("same", profiles=("big",)).failures
    assert to_run(folder, everything=True, profiles=("big",)) == ["changed", "same"], (
        "a record that is there is kept true"
    )


def test_only_the_page_that_was_asked_for_runs(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    folder.snippet("two", GOOD)
    assert "\n[1/1] one (laptop): recorded" in folder.run("docs/one.md").said
    assert set(folder.recorded()) == {f"one/laptop/{name}" for name in ("first.stdout.txt", "record.json", "run.json")}


def test_a_page_that_is_asked_for_is_not_held_up_by_one_that_cannot_be_read(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    folder.snippet("broken", "# %% a\n(\n")
    assert folder.run("one").summary.errors == []
    assert [str(error.place) for error in folder.run().summary.errors] == ["snippets/broken.py:2"]


def test_ci_writes_no_record_and_has_nothing_against_true_ones(
    folder: GuideFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.snippet("one", GOOD)
    monkeypatch.setenv("CI", "1")
    with pytest.raises(RefusedError, match="CI writes no records, and these would be run: one"):
        folder.run()
    assert folder.recorded() == {}
    monkeypatch.delenv("CI")
    folder.run()
    monkeypatch.setenv("CI", "1")
    assert "nothing to run" in folder.run().said


@pytest.mark.parametrize(("pages", "profiles"), [(("nine",), ()), ((), ("tpu",))])
def test_what_is_not_there_is_refused_before_anything_runs(
    folder: GuideFolder, pages: tuple[str, ...], profiles: tuple[str, ...]
) -> None:
    folder.snippet("one", GOOD)
    with pytest.raises(UsageError):
        folder.run(*pages, profiles=profiles)
    assert folder.recorded() == {}


def test_a_profile_that_is_asked_for_gets_a_record_beside_the_required_one(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", f"{SETTINGS}\n[tool.galley.profiles.gpu.parameters]\nx = 'gpu'\n")
    folder.snippet("one", "# %% parameters\nx = 'default'\n# %% first\nprint(x, __file__[-6:])\n1 / (x != 'bad')\n")
    assert not folder.run(profiles=("laptop", "gpu")).failures
    assert folder.output("one", "first.stdout.txt") == "default one.py\n"
    assert folder.output("one", "first.stdout.txt", "gpu") == "gpu one.py\n"


def test_a_failure_under_a_profile_is_told_at_the_line_of_the_file(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", f"{SETTINGS}parameters = {{ x = 'a longer value' }}\n")
    folder.snippet("one", "# %% parameters\nx = (\n    'two'\n    'lines'\n)\n# %% first\nint(x)\n")
    assert folder.run().failures["one"].startswith("snippets/one.py:7: page one (laptop) in cell first: ValueError")


class Terminal(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_a_terminal_sees_the_cell_that_runs_and_the_same_words_at_the_end(
    folder: GuideFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    folder.snippet("one", "# %% slow-cell\nimport time\ntime.sleep(0.3)\n")
    said = Terminal()
    run_pages(read_guide(folder.project), [], [], everything=False, jobs=1, file=said)
    assert "one (laptop): slow-cell" in said.getvalue()
    assert "[1/1] one (laptop): recorded (1 cell," in said.getvalue()
    assert "slow-cell" not in folder.run(everything=True).said


WAIT = """import pathlib, time
folder = pathlib.Path(__file__).parents[1] / ".cache"
(folder / "page-began").touch()
for _ in range(1000):
    if (folder / "work-began").exists():
        break
    time.sleep(0.01)
else:
    raise TimeoutError
"""


def test_what_is_to_happen_meanwhile_happens_while_pages_run_and_only_then(folder: GuideFolder) -> None:
    folder.without_sandbox()
    happened: list[str] = []

    def work() -> None:
        (folder.root / ".cache/work-began").touch()
        while not (folder.root / ".cache/page-began").exists():
            time.sleep(0.01)
        happened.append("both at once")

    def run() -> bool:
        said = io.StringIO()
        ended = run_pages(read_guide(folder.project), [], [], everything=False, jobs=1, file=said, meanwhile=work)
        return not ended.failures and not ended.errors

    (folder.root / ".cache").mkdir()  # nothing there counts
    assert run()
    assert not happened, "there is nothing to run"
    folder.snippet("one", f"# %% cell\n{WAIT}")
    assert run()
    assert happened == ["both at once"]
    folder.snippet("one", "# %% cell [measured]\n1\n")
    assert run()
    assert happened == ["both at once"], "what measures has the machine for itself"


def test_what_goes_wrong_meanwhile_is_told_after_the_pages(folder: GuideFolder) -> None:
    def run(error: Exception) -> Summary:
        def work() -> None:
            raise error

        guide, said = read_guide(folder.project), io.StringIO()
        return run_pages(guide, [], [], everything=True, jobs=1, file=said, meanwhile=work)

    folder.snippet("one", GOOD)
    ended = run(GalleyError("the builder cannot be imported", mend="install it"))
    assert [(error.what, error.mend) for error in ended.errors] == [("the builder cannot be imported", "install it")]
    assert not ended.failures
    assert folder.status("one").state == "fresh"
    with pytest.raises(ZeroDivisionError):
        run(ZeroDivisionError())


def test_the_live_rows_follow_the_pages(folder: GuideFolder) -> None:
    settings = {"path": "", "relative": "", "source": "", "cells": (), "root": "", "snippets": ""}
    one, two = (Job(page=name, profile="laptop", **settings) for name in ("one", "two"))
    with LiveProgress(Terminal(), 2) as progress:
        assert [task.description for task in progress.live.tasks] == ["the runner imports what pages need"]
        for job, cell in ((one, "a"), (two, "b"), (one, "c")):
            progress.tell(job, cell)
        assert [task.description for task in progress.live.tasks] == ["two (laptop): b", "one (laptop): c"]
        progress.ended(PageRun("two", "laptop"), "recorded")
        assert [task.description for task in progress.live.tasks] == ["one (laptop): c"]
        assert progress.live.live.is_started
    assert not progress.live.live.is_started


class Clock(asyncio.SelectorEventLoop):
    """An event loop whose time goes on when the test says so."""

    now = 0.0

    def time(self) -> float:
        """Seconds."""
        return self.now

    async def later(self, seconds: float) -> None:
        """Let time go on, and let what is due happen."""
        self.now += seconds
        for _ in range(3):
            await asyncio.sleep(0)


def test_without_a_terminal_a_minute_of_silence_is_broken() -> None:
    settings = {"path": "", "relative": "", "source": "", "cells": (), "root": "", "snippets": ""}
    one, two = (Job(page=name, profile="laptop", **settings) for name in ("one", "two"))
    said = io.StringIO()

    def told() -> list[str]:
        lines = said.getvalue().splitlines()
        said.seek(said.truncate(0))
        return lines

    async def inside() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Clock)
        with RunProgress(said, 2) as progress:
            progress.tell(one, "load")
            await loop.later(50)
            progress.tell(two, "train")
            assert told() == []
            await loop.later(11)
            assert told() == ["    one (laptop): load, for 61 s so far", "    two (laptop): train, for 11 s so far"]
            await loop.later(40)
            progress.ended(PageRun("one", "laptop"), "recorded")
            assert told() == ["[1/2] one (laptop): recorded"]
            await loop.later(50)
            assert told() == [], "the last line is not a minute old"
            await loop.later(11)
            assert told() == ["    two (laptop): train, for 112 s so far"]
            await loop.later(61)
            assert told() == ["    two (laptop): train, for 173 s so far"]
        await loop.later(61)
        assert told() == [], "the run is over"

    with asyncio.Runner(loop_factory=Clock) as runner:
        runner.run(inside())


def test_a_page_that_measures_runs_alone(folder: GuideFolder) -> None:
    folder.without_sandbox()
    cell = (
        "import pathlib, time\nroot = pathlib.Path(__file__).parents[1] / '.cache'\n"
        "log = (root / 'log').open('a')\n_ = log.write('{0} begins\\n'); log.flush()\n"
        "time.sleep(0.2)\n_ = log.write('{0} ends\\n'); log.flush()\n"
    )
    (folder.root / ".cache").mkdir()  # nothing there counts
    for name in ("plain_a", "plain_b"):
        folder.snippet(name, f"# %% first\n{cell.format(name)}")
    for name in ("sole_a", "sole_b"):
        folder.snippet(name, f"# %% first [measured]\n{cell.format(name)}")
    assert not folder.run(jobs=4).failures
    running: set[str] = set()
    for line in (folder.root / ".cache/log").read_text().splitlines():
        name, what = line.split()
        running = running | {name} if what == "begins" else running - {name}
        assert len(running) == 1 or not any(each.startswith("sole") for each in running), line


def test_with_nothing_to_run_nothing_that_runs_is_imported(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    folder.run()
    code = "import sys; from galley.cli import app; app(['run'], standalone_mode=False); print(*sorted(sys.modules))"
    said = folder.call([sys.executable, "-c", code])
    assert "nothing to run" in said.stdout
    again = folder.call([sys.executable, "-c", code.replace("['run']", "['run', '--all']")])
    assert "[1/1] one (laptop): unchanged" in again.stdout
    assert "asyncio" in again.stdout.split()
    assert "rich.console" not in again.stdout.split(), "there is no terminal"
    assert not {"asyncio", "rich.console", "galley.run.backend", "galley.run.client"} & set(said.stdout.split())


def test_a_check_imports_nothing_that_runs_builds_or_serves(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    folder.run()
    code = "import sys; from galley.cli import app; app(['check'], standalone_mode=False); print(*sorted(sys.modules))"
    said = folder.call([sys.executable, "-c", code])
    assert "every required record is true" in said.stdout
    imported = set(said.stdout.split())
    assert "galley.record.findings" in imported
    heavy = {"galley.run.backend", "galley.site.build", "galley.site.csp", "galley.site.extension", "galley.serve"}
    assert not {"asyncio", "markdown", "html.parser", "zipfile", "nh3", *heavy} & imported


def test_fresh_records_are_not_read_twice_when_nothing_changed(folder: GuideFolder) -> None:
    folder.snippet("one", GOOD)
    folder.run()
    before = folder.recorded()
    assert "nothing to run: every record asked for is true" in folder.run().said
    assert folder.recorded() == before


def test_a_page_whose_record_is_a_link_fails_alone_and_docs_stay(folder: GuideFolder) -> None:
    folder.snippet("one", "# %% a\nprint(1)\n")
    folder.snippet("two", "# %% a\nprint(2)\n")
    folder.write("docs/deep/notes.txt", "mine")
    (folder.root / "snippets/outputs/one").mkdir(parents=True)
    (folder.root / "snippets/outputs/one/laptop").symlink_to("../../../docs")
    before = sorted((folder.root / "docs").rglob("*"))
    found = folder.galley("check")
    assert "snippets/outputs/one/laptop: tampered: one (laptop): is a link" in found.stdout
    assert "remove the link" in found.stdout
    done = folder.galley("run")
    assert done.returncode == Exit.PAGE_FAILED
    assert "two (laptop): recorded" in done.stdout
    assert "snippets/outputs/one/laptop: page one (laptop): ran, and cannot be recorded: is a link" in done.stdout
    assert sorted((folder.root / "docs").rglob("*")) == before
    (folder.root / "snippets/outputs/one/laptop").unlink()
    assert folder.galley("run").returncode == Exit.OK, "the mend that is named mends"
    assert folder.galley("check").returncode == Exit.OK


def test_a_newer_galleys_record_is_told_in_these_words_and_never_replaced(folder: GuideFolder) -> None:
    folder.snippet("one", "# %% a\nprint(1)\n")
    folder.snippet("two", "# %% a\nprint(2)\n")
    assert not folder.run().failures
    path = folder.root / "snippets/outputs/one/laptop/record.json"
    path.write_text(path.read_text().replace('"format": 3', '"format": 9'))
    before = folder.recorded()
    words = "a newer galley wrote it (format 9; this one reads formats up to 3)"
    upgrade = "upgrade galley: pip install --upgrade galley-docs"
    for asked in (("check",), ("run",), ("run", "--all", "one"), ("build",)):
        done = folder.galley(*asked)
        assert done.returncode == Exit.NOT_TRUE, asked
        assert words in done.stdout, asked
        assert upgrade in done.stdout, asked
        assert "tampered" not in done.stdout
    assert {path: said for path, said in folder.recorded().items() if path.startswith("one/")} == {
        path: said for path, said in before.items() if path.startswith("one/")
    }


def test_an_older_record_stays_true_and_is_left_as_it_is(folder: GuideFolder) -> None:
    folder.snippet("one", "# %% a\nprint(1)\n")
    assert not folder.run().failures
    path = folder.root / "snippets/outputs/one/laptop/record.json"
    record, run = json.loads(path.read_text()), json.loads(path.with_name("run.json").read_text())
    path.with_name("run.json").unlink()
    record["date"] = run["date"]
    record["environment"] |= {"system": run["system"], "cpu": run["cpu"]}
    for cell in record["cells"]:
        cell |= run["cells"][cell["name"]]
    path.write_text(json.dumps({**record, "format": 2}))
    stays_as_it_is(folder)
    for cell in record["cells"]:
        cell["outputs"] = [{"kind": each["kind"], **each["files"][0]} for each in cell["outputs"]]
        for each in cell["outputs"]:
            del each["mime"]
    path.write_text(json.dumps({**record, "format": 1}))
    stays_as_it_is(folder)
    folder.snippet("one", "# %% a\nprint(2)\n")
    assert not folder.run().failures
    assert '"format": 3' in path.read_text()
    assert folder.galley("check").returncode == Exit.OK


def stays_as_it_is(folder: GuideFolder) -> None:
    """The record is true, and a run that finds the same changes no file."""
    before = folder.recorded()
    assert folder.galley("check").returncode == Exit.OK
    assert "one (laptop): unchanged" in folder.run(everything=True).said
    assert folder.recorded() == before


@pytest.mark.parametrize(
    ("install", "said"),
    [
        ('install = "make it so"', "install what the pages import: make it so"),
        ("", f"install what the pages import into the environment that runs galley: {sys.prefix}"),
    ],
)
def test_a_runner_that_lacks_a_module_quotes_how_to_install_it(folder: GuideFolder, install: str, said: str) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("timeout", f'imports = ["absent_module"]\n{install}\ntimeout'))
    folder.snippet("page", "# %% one\nprint(1)\n")
    (error,) = folder.run().summary.errors
    assert error.mend.startswith(said)


@pytest.mark.parametrize(
    ("install", "said"),
    [
        ("make site", "install what the pages import: make site"),
        ("", f"the environment that runs galley: {sys.prefix}"),
    ],
)
def test_a_page_that_lacks_a_module_quotes_how_to_install_it_once(folder: GuideFolder, install: str, said: str) -> None:
    folder.snippet("one", "# %% a\nimport absent_module\n")
    folder.snippet("two", "# %% a\nimport absent_module.inside\n")
    folder.snippet("three", "# %% a\n1 / 0\n")
    if install:
        settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
        folder.write(
            "pyproject.toml", settings.replace("[tool.galley]\n", f'[tool.galley]\ninstall = "{install}"\n', 1)
        )
    done = folder.galley("run")
    assert done.returncode == Exit.PAGE_FAILED
    assert done.stdout.splitlines()[-1].endswith(said)
    assert done.stdout.count("install what the pages import") == 1
    assert "install" not in folder.galley("run", "three").stdout
