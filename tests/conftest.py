"""Fixtures that many test modules share."""

from __future__ import annotations

from pathlib import Path

import pytest

from guide import GuideFolder


@pytest.fixture(autouse=True)
def _outside_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records may be written in throw-away guides, also where these tests themselves run in CI."""
    monkeypatch.delenv("CI", raising=False)


@pytest.fixture
def folder(tmp_path: Path) -> GuideFolder:
    """An empty guide with one required profile, `laptop`."""
    return GuideFolder.make(tmp_path)
