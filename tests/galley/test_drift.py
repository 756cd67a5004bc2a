"""Drift that can be acted on: what has drifted is told with a command, and that command runs exactly this."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from galley.record.move import RECORD, RUN
from galley.record.status import State
from guide_folder import GuideFolder

SETTINGS = """\
[tool.galley]
packages = ["click"]

[tool.galley.profiles.laptop]
required = true

[tool.galley.profiles.big]

[tool.galley.profiles.big.parameters]
size = 2
"""
PAGE = "# %% parameters\nsize = 1\n# %% one\nprint(size)\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with two pages under two profiles, all recorded."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.snippet("page", PAGE)
    folder.snippet("other_page", PAGE)
    assert not folder.run(profiles=("laptop", "big")).failures
    return folder


def forge(folder: GuideFolder, page: str, profile: str, **facts: Any) -> None:
    """Have a record tell other facts of the machine that it was made on."""
    file = folder.project.outputs / page / profile / RECORD
    record = json.loads(file.read_text(encoding="utf-8"))
    record["environment"].update(facts)
    file.write_text(json.dumps(record), encoding="utf-8")


DRIFTS: dict[str, dict[str, Any]] = {
    "a package": {"packages": {"click": "7.0"}},
    "python": {"python": "3.9.1"},
}


@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize("profile", ["laptop", "big"])
def test_the_command_that_check_names_ends_the_drift(guide: GuideFolder, profile: str, drift: str) -> None:
    forge(guide, "other-page", profile, **DRIFTS[drift])
    checked = guide.galley("check").stdout
    assert "drifted (no failure): other-page" in checked
    (named,) = {line.strip() for line in checked.splitlines() if line.startswith("    ")}
    assert named == "galley run --drifted other-page" + (" --profile big" if profile == "big" else "")
    done = guide.galley(*shlex.split(named)[1:])
    assert done.returncode == 0, done.stdout
    assert f"[1/1] other-page ({profile}): recorded, same outputs" in done.stdout
    assert "drifted" not in guide.galley("check").stdout
    assert guide.status("other_page", profile).state is State.FRESH


def test_run_says_what_drifted_and_what_to_type(guide: GuideFolder) -> None:
    forge(guide, "page", "laptop", **DRIFTS["a package"])
    forge(guide, "page", "big", **DRIFTS["python"])
    guide.snippet("third", PAGE)
    done = guide.galley("run")
    assert "[1/1] third (laptop): recorded" in done.stdout
    told = done.stdout.partition("drifted: ")[2].splitlines()
    assert told[0] == "page (laptop); their records are true of their own runs"
    assert told[1].startswith("    click was 7.0, is ")
    assert told[2] == "    galley test --drifted says what differs here"
    assert told[3] == "    galley run --drifted records it"
    assert guide.galley("test", "--drifted").stdout.count("page (laptop): drifted\n") == 1
    done = guide.galley("run", "--drifted")
    assert "[1/1] page (laptop): recorded, same outputs" in done.stdout
    assert "drifted" not in guide.galley("run").stdout
    assert guide.status("page", "big").state is State.DRIFTED, "nobody asked for this profile"


def test_the_command_names_the_pages_and_profiles_that_were_asked_for(guide: GuideFolder) -> None:
    forge(guide, "page", "big", **DRIFTS["python"])
    done = guide.galley("run", "page", "-p", "big")
    assert "nothing to run: every record asked for is true" in done.stdout
    assert "    galley run --drifted page --profile=big records it\n" in done.stdout
    assert guide.galley("run", "--drifted", "page", "--profile=big").returncode == 0
    assert guide.status("page", "big").state is State.FRESH


def test_many_pages_are_counted(guide: GuideFolder) -> None:
    for number in range(4):
        guide.snippet(f"more_{number}", PAGE)
    guide.run()
    for number in range(4):
        forge(guide, f"more-{number}", "laptop", **DRIFTS["a package"])
    forge(guide, "page", "laptop", **DRIFTS["a package"])
    said = guide.galley("run").stdout
    assert "drifted: more-0 (laptop), more-1 (laptop), more-2 (laptop) and 2 others;" in said
    assert said.count("click was 7.0") == 1


def test_only_what_drifted_runs(guide: GuideFolder) -> None:
    forge(guide, "page", "laptop", **DRIFTS["python"])
    guide.snippet("third", PAGE)
    done = guide.galley("run", "--drifted", "--dry-run")
    assert (done.returncode, done.stdout) == (1, "page (laptop)\n")
    assert guide.galley("run", "--drifted", "other-page").stdout == "nothing to run: no record asked for has drifted\n"
    assert guide.galley("test", "--drifted", "other-page").returncode == 0


def test_in_ci_the_command_that_would_be_refused_is_not_named(guide: GuideFolder) -> None:
    forge(guide, "page", "laptop", **DRIFTS["python"])
    done = guide.galley("run", CI="1")
    assert done.returncode == 0
    assert "galley test --drifted says what differs here" in done.stdout
    assert "records it" not in done.stdout
    assert guide.galley("test", "--drifted", CI="1").returncode == 0


def test_all_and_drifted_exclude_each_other(guide: GuideFolder) -> None:
    done = guide.galley("run", "--drifted", "--all")
    assert done.returncode == 2
    assert "leave --drifted out" in done.stdout


def gone(folder: GuideFolder) -> None:
    """An output is away."""
    (folder.project.outputs / "page/laptop/one.stdout.txt").unlink()


def torn(folder: GuideFolder) -> None:
    """A writer was interrupted."""
    (folder.project.outputs / "page/laptop/record.json").unlink()


def changed(folder: GuideFolder) -> None:
    """An output has other bytes."""
    (folder.project.outputs / "page/laptop/one.stdout.txt").write_text("2\n", encoding="utf-8")


def stale(folder: GuideFolder) -> None:
    """The code is another."""
    folder.snippet("page", PAGE.replace("print(size)", "print(size, 1)"))


def missing(folder: GuideFolder) -> None:
    """There is a page that never ran."""
    folder.snippet("a_third", PAGE)


def dated(folder: GuideFolder) -> None:
    """The record is of a day that has not been."""
    file = folder.project.outputs / "page/big" / RUN
    record = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps(record | {"date": "2999-01-01"}), encoding="utf-8")


@pytest.mark.parametrize("spoil", [gone, torn, changed, stale, missing, dated], ids=lambda each: each.__name__)
def test_every_command_that_check_names_mends(guide: GuideFolder, spoil: Callable[[GuideFolder], None]) -> None:
    spoil(guide)
    checked = guide.galley("check")
    assert checked.returncode == 1
    named = {line.strip() for line in checked.stdout.splitlines() if line.startswith("    galley ")}
    for each in named:
        words = shlex.split(each.partition(";")[0])
        done = guide.galley(*words[1:])
        assert done.returncode == 0, done.stdout
        assert "nothing to run" not in done.stdout
    assert named
    assert guide.galley("check").returncode == 0
