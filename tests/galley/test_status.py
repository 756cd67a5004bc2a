"""What is said of a record without running anything."""

from __future__ import annotations

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


def test_a_record_is_fresh_until_something_changes(guide: GuideFolder) -> None:
    found = guide.status("a_page")
    assert (found.state, found.reasons) == (State.FRESH, ())
    assert guide.output("a-page", "one.stdout.txt") == "4\n"


def test_a_page_that_never_ran_is_missing(guide: GuideFolder) -> None:
    found = guide.status("a_page", "gpu")
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
    guide: GuideFolder, old: str, new: str, reason: str, line: int
) -> None:
    assert old in SOURCE
    guide.snippet("a_page", SOURCE.replace(old, new))
    found = guide.status("a_page")
    assert found.state is State.STALE
    first = next(each for each in found.reasons if each.what == reason)
    assert str(first.place) == ("snippets/a_page.py" + (f":{line}" if line else ""))
    assert found.mend == "galley run a-page"


def test_cells_in_another_order_make_it_stale(guide: GuideFolder) -> None:
    cells = SOURCE.split("# %% ")
    guide.snippet("a_page", "# %% ".join([cells[0], cells[1], cells[3], cells[2]]))
    assert [each.what for each in guide.status("a_page").reasons] == ["its cells run in another order"]


def test_a_profiles_value_makes_its_own_record_stale(guide: GuideFolder) -> None:
    assert not guide.run(profiles=("gpu",)).failures
    settings = guide.root / "pyproject.toml"
    settings.write_text(settings.read_text().replace("size = 5", "size = 6"))
    assert guide.status("a_page", "gpu").state is State.STALE
    assert guide.status("a_page").state is State.FRESH


def test_a_default_that_a_profile_replaces_does_not_count(guide: GuideFolder) -> None:
    guide.snippet("a_page", SOURCE.replace("size = 3", "size = 30"))
    assert guide.status("a_page").state is State.FRESH


def test_another_version_is_drift_and_no_failure(guide: GuideFolder) -> None:
    path = guide.project.outputs / "a-page/laptop/record.json"
    version = guide.record("a-page").environment.packages["rich"]
    path.write_text(path.read_text().replace(f'"{version}"', f'"{version}+cpu"'))
    assert guide.status("a_page").state is State.FRESH, "a local build is the same version"
    path.write_text(path.read_text().replace(f'"{version}+cpu"', '"0.1"'))
    found = guide.status("a_page")
    assert found.state is State.DRIFTED
    assert found.reasons[0].what == f"rich was 0.1, is {version}"


def test_another_processor_or_last_number_of_pythons_version_is_no_drift(guide: GuideFolder) -> None:
    path = guide.project.outputs / "a-page/laptop/record.json"
    here = guide.record("a-page").environment
    path.write_text(path.read_text().replace(f'"{here.python}"', f'"{here.python.rpartition(".")[0]}.99"'))
    run = path.with_name("run.json")
    run.write_text(run.read_text().replace(f'"cpu": "{here.cpu}"', '"cpu": "another"'))
    assert guide.record("a-page").environment.cpu == "another"
    assert guide.status("a_page").state is State.FRESH
    before = guide.recorded()
    assert "a-page (laptop): unchanged" in guide.run(everything=True).said
    assert guide.recorded() == before


def test_another_python_is_drift_and_no_failure(guide: GuideFolder) -> None:
    path = guide.project.outputs / "a-page/laptop/record.json"
    here = guide.record("a-page").environment.python
    path.write_text(path.read_text().replace(f'"python": "{here}"', '"python": "another"'))
    found = guide.status("a_page")
    assert found.state is State.DRIFTED
    assert found.mend == "galley run --drifted a-page"
    assert not guide.run(everything=True).failures
    assert guide.status("a_page").state is State.FRESH, "the mend mends"
    assert [each.what for each in found.reasons] == [f"python was another, is {here}"]


def test_torn_and_tampered_are_told_apart(guide: GuideFolder) -> None:
    place = guide.project.outputs / "a-page/laptop"
    (place / "one.stdout.txt").write_text("better\n")
    assert guide.status("a_page").state is State.TAMPERED
    (place / "record.json").unlink()
    assert guide.status("a_page").state is State.TORN
    guide.run()
    assert guide.status("a_page").state is State.FRESH
