"""Which modules came since a moment, seen without a look at those of before."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from galley.run.loaded import Modules, by_folder


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Modules that can be imported and are not yet."""
    monkeypatch.syspath_prepend(tmp_path)
    found = ["newcomer_one", "newcomer_two"]
    for name in found:
        (tmp_path / f"{name}.py").write_text("", encoding="utf-8")
    for name in [*found, "newcomer_last"]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    return found


def test_what_was_imported_since_is_found_and_nothing_else(names: list[str], tmp_path: Path) -> None:
    before = Modules.now()
    assert before.since() == set()
    for count, name in enumerate(names, start=1):
        importlib.import_module(name)
        assert before.since() == {str(tmp_path / f"{each}.py") for each in names[:count]}
    assert not before.since() & before.files
    assert before.since() <= Modules.now().files


def test_where_the_last_module_of_before_is_gone_every_module_counts(names: list[str], tmp_path: Path) -> None:
    importlib.import_module(names[0])
    before = Modules.now()
    assert before.last == names[0]
    del sys.modules[names[0]]
    importlib.import_module(names[1])
    assert before.since() == Modules.now().files
    assert str(tmp_path / "newcomer_two.py") in before.since()


def test_where_the_last_module_of_before_was_loaded_again_every_module_counts(names: list[str], tmp_path: Path) -> None:
    last = importlib.import_module(names[0])
    before = Modules.now()
    importlib.import_module(names[1])
    importlib.reload(last)
    assert str(tmp_path / "newcomer_two.py") in before.since()


def test_files_are_kept_by_their_true_folder(tmp_path: Path) -> None:
    (tmp_path / "true").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "true")
    files = [str(tmp_path / "link" / "b.py"), str(tmp_path / "true" / "a.py")]
    assert by_folder(files) == {str(tmp_path / "true"): (files[0], files[1])}
