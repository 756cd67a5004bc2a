"""Fixtures, and the order of the test modules where several processes share them out (`-n 2 --dist loadfile`)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from galley.system.locks import locked
from guide_site import built

# By the processor time that they took when they were last measured: from three minutes to ten seconds. `docs` are the
# pages, whose cells are tests with `--galley`.
LONGEST = (
    "docs", "test_site", "test_update", "test_exports", "test_true_size", "test_mutations", "test_rehearsal",
    "test_scripts", "test_sandbox", "test_copies", "test_finding", "test_study", "test_injection", "test_downloads",
    "test_affected", "test_platforms", "test_serve", "test_patterns", "test_bench", "test_review_kept", "test_machines",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest, so that no process is left with one of them at the end."""
    rank = {name: place for place, name in enumerate(LONGEST)}
    names = {item: "docs" if item.path.suffix == ".md" else item.path.stem for item in items}
    items.sort(key=lambda item: rank.get(names[item], len(LONGEST)))


@pytest.fixture(scope="session")
def plain_site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of MkDocs without an address, which nothing may change: all processes of a test run share it."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    place = shared / "plain-site"
    with locked(shared, alone=True):
        if not (place / "built").exists():
            built(place)
            (place / "built").touch()
    return place / "site"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how near the site is to what it aims at, where the tests that measure it ran."""
    reports = [each for found in ("passed", "failed") for each in terminalreporter.stats.get(found, [])]
    aims = [value for each in reports if each.when == "call" for name, value in each.user_properties if name == "aim"]
    if aims:
        terminalreporter.section("the site: what is aimed at, and what is reached")
        for what, aim, reached in aims:
            terminalreporter.write_line(f"{what:40}  {aim:16}  {reached}")
