"""Fixtures that many test modules share."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

from builders import BUILDERS
from guide_folder import GuideFolder


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Skip each test of a site builder that is not installed: galley-docs itself brings MkDocs alone."""
    absent = {name for name in BUILDERS if find_spec(name) is None}
    for item in items:
        callspec = getattr(item, "callspec", None)
        for name in absent.intersection(map(str, callspec.params.values()) if callspec else ()):
            item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


@pytest.fixture(scope="session", autouse=True)
def _outside_ci() -> Iterator[None]:
    """Records may be written in throw-away guides, also where these tests themselves run in CI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _locks_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test waits for a galley command outside, and none outside for a test."""
    tmp_path_factory.getbasetemp()  # where it is, is settled before
    with tempfile.TemporaryDirectory(prefix="galley-tests-") as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", place)
        patch.setenv("TMPDIR", place)
        yield


@pytest.fixture
def folder(tmp_path: Path) -> GuideFolder:
    """An empty guide with one required profile, `laptop`."""
    return GuideFolder.make(tmp_path)
