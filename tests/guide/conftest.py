"""The order of the test modules, where several processes share them out (`pytest -n 2 --dist loadfile`)."""

from __future__ import annotations

import pytest

LONGEST = ("test_site", "test_exports", "test_mutations", "test_snippets")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest, so that no process is left with one of them at the end."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(LONGEST)))
