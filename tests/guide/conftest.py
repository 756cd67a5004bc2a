"""Fixtures, and the order of the test modules where several processes share them out (`-n 2 --dist loadfile`)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from galley.system.locks import locked
from guide_site import built
from screenshots import chromium, served

# By the processor time that they took when they were last measured: from three minutes to ten seconds. `docs` are the
# pages, whose cells are tests with `--galley`.
LONGEST = (
    "docs", "test_site", "test_update", "test_exports", "test_true_size", "test_mutations", "test_rehearsal",
    "test_new", "test_galley_docs", "test_scripts", "test_sandbox", "test_copies", "test_finding", "test_study",
    "test_injection", "test_downloads", "test_affected", "test_platforms", "test_serve", "test_patterns",
    "test_bench", "test_review_kept", "test_machines",
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


@pytest.fixture(scope="module")
def address(plain_site: Path) -> Iterator[str]:
    """Where that site is served; a module with sites of its own has an address of its own."""
    with served(plain_site) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests of a module."""
    with chromium() as found:
        yield found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how near the site is to what it aims at, where the tests that measure it ran."""
    reports = [each for found in ("passed", "failed") for each in terminalreporter.stats.get(found, [])]
    aims = [value for each in reports if each.when == "call" for name, value in each.user_properties if name == "aim"]
    if aims:
        terminalreporter.section("the site: what is aimed at, and what is reached")
        for what, aim, reached in aims:
            terminalreporter.write_line(f"{what:40}  {aim:16}  {reached}")
