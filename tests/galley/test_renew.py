"""`galley run --renew`: a record is written anew where nothing changed, for its measurements."""

from __future__ import annotations

import pytest

from guide_folder import GuideFolder

PAGE = "# %% one [measured]\nimport secrets\nprint(f'{secrets.randbelow(10**9)} ms')\n# %% two\n1\n"


def test_measurements_and_the_machine_are_those_of_the_last_run(folder: GuideFolder) -> None:
    folder.snippet("page", PAGE)
    folder.run()
    before = folder.recorded()
    assert "page (laptop): unchanged" in folder.galley("run", "--all").stdout
    assert folder.recorded() == before
    done = folder.galley("run", "--renew", "page")
    assert done.returncode == 0, done.stdout
    assert "page (laptop): recorded, same outputs" in done.stdout
    after = folder.recorded()
    assert after.keys() == before.keys()
    assert {name for name in after if after[name][0] != before[name][0]} >= {"page/laptop/one.stdout.txt"}
    assert after["page/laptop/two.value.txt"][0] == before["page/laptop/two.value.txt"][0]
    assert folder.galley("check").returncode == 0


@pytest.mark.parametrize("other", ["--footprint", "--shard=1/2", "--drifted"])
def test_what_does_not_go_with_it_is_refused_with_what_to_do(folder: GuideFolder, other: str) -> None:
    folder.snippet("page", PAGE)
    done = folder.galley("run", "--renew", other)
    assert done.returncode == 2
    assert "--renew" in done.stdout
    assert "leave" in done.stdout
    assert folder.recorded() == {}


def test_where_a_page_fails_its_record_stays(folder: GuideFolder) -> None:
    folder.snippet("page", PAGE)
    folder.run()
    before = folder.recorded()
    folder.snippet("page", PAGE.replace("\n1\n", "\n1 / 0\n"))
    assert folder.galley("run", "--renew").returncode == 4
    assert folder.recorded() == before
