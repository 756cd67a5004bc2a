"""What is said of a record without running anything."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.record.status import State
from guide_folder import SETTINGS, GuideFolder

SOURCE = """\
# %% parameters
size = 3
# %% one
print(size)
# %% two
print("two")
"""
PROFILES = f"""{SETTINGS}parameters = {{ size = 4 }}

[tool.galley.profiles.gpu]
parameters = {{ size = 5 }}
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page with a record."""
    settings = PROFILES.replace("timeout", 'packages = ["rich"]\ntimeout')
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), settings)
    folder.snippet("a_page", SOURCE)
    assert not folder.run().failures
    return folder


@pytest.fixture
def recorded(first: GuideFolder, tmp_path: Path) -> GuideFolder:
    """The page and its record, in a copy that a test may spoil."""
    return first.copied(tmp_path)


def test_a_record_is_fresh_until_something_changes(recorded: GuideFolder) -> None:
    found = recorded.status("a_page")
    assert (found.state, found.reasons) == (State.FRESH, ())
    assert recorded.output("a-page", "one.stdout.txt") == "4\n"


def test_a_page_that_never_ran_is_missing(recorded: GuideFolder) -> None:
    found = recorded.status("a_page", "gpu")
    assert (found.state, found.mend) == (State.MISSING, "galley run a-page --profile gpu")


@pytest.mark.parametrize(
    ("old", "new", "reason", "line"),
    [
        ('"two"', '"twp"', "cell a_page/two changed", 5),
        ("print(size)", "print(sizf)", "cell a_page/one changed", 3),
        ("# %% two", "# %% third", "cell a_page/third is new", 5),
        ('# %% two\nprint("two")\n', "", "cell a_page/two is gone", 0),
        ("# %% two", '# %% two raises="X"', "cell a_page/two changed", 5),
        ("size = 3\n", "size = 3; more = 1\n", "cell a_page/parameters changed", 1),
    ],
)
def test_code_that_changed_makes_it_stale_at_its_line(
    recorded: GuideFolder, old: str, new: str, reason: str, line: int
) -> None:
    assert old in SOURCE
    recorded.snippet("a_page", SOURCE.replace(old, new))
    found = recorded.status("a_page")
    assert found.state is State.STALE
    first = next(each for each in found.reasons if each.what == reason)
    assert str(first.place) == ("snippets/a_page.py" + (f":{line}" if line else ""))
    assert found.mend == "galley run a-page"


def test_cells_in_another_order_make_it_stale(recorded: GuideFolder) -> None:
    cells = SOURCE.split("# %% ")
    recorded.snippet("a_page", "# %% ".join([cells[0], cells[1], cells[3], cells[2]]))
    assert [each.what for each in recorded.status("a_page").reasons] == ["its cells run in another order"]


def test_a_profiles_value_makes_its_own_record_stale(recorded: GuideFolder) -> None:
    assert not recorded.run(profiles=("gpu",)).failures
    settings = recorded.root / "pyproject.toml"
    settings.write_text(settings.read_text().replace("size = 5", "size = 6"))
    assert recorded.status("a_page", "gpu").state is State.STALE
    assert recorded.status("a_page").state is State.FRESH


def test_a_default_that_a_profile_replaces_does_not_count(recorded: GuideFolder) -> None:
    recorded.snippet("a_page", SOURCE.replace("size = 3", "size = 30"))
    assert recorded.status("a_page").state is State.FRESH


def test_another_version_is_drift_and_no_failure(recorded: GuideFolder) -> None:
    path = recorded.project.outputs / "a-page/laptop/record.json"
    version = recorded.record("a-page").environment.packages["rich"]
    path.write_text(path.read_text().replace(f'"{version}"', f'"{version}+cpu"'))
    assert recorded.status("a_page").state is State.FRESH, "a local build is the same version"
    path.write_text(path.read_text().replace(f'"{version}+cpu"', '"0.1"'))
    found = recorded.status("a_page")
    assert found.state is State.DRIFTED
    assert found.reasons[0].what == f"rich was 0.1, is {version}"


def test_another_processor_or_last_number_of_pythons_version_is_no_drift(recorded: GuideFolder) -> None:
    path = recorded.project.outputs / "a-page/laptop/record.json"
    here = recorded.record("a-page").environment
    path.write_text(path.read_text().replace(f'"{here.python}"', f'"{here.python.rpartition(".")[0]}.99"'))
    run = path.with_name("run.json")
    run.write_text(run.read_text().replace(f'"cpu": "{here.cpu}"', '"cpu": "another"'))
    assert recorded.record("a-page").environment.cpu == "another"
    assert recorded.status("a_page").state is State.FRESH
    before = recorded.recorded()
    assert "a-page (laptop): unchanged" in recorded.run(everything=True).said
    assert recorded.recorded() == before


def test_another_python_is_drift_and_no_failure(recorded: GuideFolder) -> None:
    path = recorded.project.outputs / "a-page/laptop/record.json"
    here = recorded.record("a-page").environment.python
    path.write_text(path.read_text().replace(f'"python": "{here}"', '"python": "another"'))
    found = recorded.status("a_page")
    assert found.state is State.DRIFTED
    assert found.mend == "galley run --drifted a-page"
    assert not recorded.run(everything=True).failures
    assert recorded.status("a_page").state is State.FRESH, "the mend mends"
    assert [each.what for each in found.reasons] == [f"python was another, is {here}"]


def test_torn_and_tampered_are_told_apart(recorded: GuideFolder) -> None:
    place = recorded.project.outputs / "a-page/laptop"
    (place / "one.stdout.txt").write_text("better\n")
    assert recorded.status("a_page").state is State.TAMPERED
    (place / "record.json").unlink()
    assert recorded.status("a_page").state is State.TORN
    recorded.run()
    assert recorded.status("a_page").state is State.FRESH
