"""Fixtures that many test modules share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from guide import GuideFolder


@pytest.fixture(scope="session", autouse=True)
def _outside_ci() -> Iterator[None]:
    """Records may be written in throw-away guides, also where these tests themselves run in CI."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


@pytest.fixture
def folder(tmp_path: Path) -> GuideFolder:
    """An empty guide with one required profile, `laptop`."""
    return GuideFolder.make(tmp_path)
