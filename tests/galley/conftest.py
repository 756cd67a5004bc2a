"""Fixtures that many test modules of galley share."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from compileall import compile_dir
from importlib.util import find_spec
from pathlib import Path

import pytest

import forked
import galley
import hard
import slow
from builders import BUILDERS
from galley.run.runners import clean_environment
from guide_folder import GuideFolder, quiet_environment


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip each test of a site builder that is not installed: galley-docs itself brings MkDocs alone.

    Mark what is slow, and leave it out where nobody asked for it.
    """
    names = slow.slow()
    found = [each for each in items if f"{each.path.stem}::{getattr(each, 'originalname', '')}" in names]
    for item in found:
        item.add_marker("slow")
    if leaves_out(config):
        config.hook.pytest_deselected(items=found)
        items[:] = [each for each in items if not each.get_closest_marker("slow")]
    absent = {name for name in BUILDERS if find_spec(name) is None}
    for item in items:
        callspec = getattr(item, "callspec", None)
        for name in absent.intersection(map(str, callspec.params.values()) if callspec else ()):
            item.add_marker(pytest.mark.skip(reason=f"{name} is not installed"))


def leaves_out(config: pytest.Config) -> bool:
    """Whether the run leaves out what is slow."""
    return not config.option.slow and slow.left_out(config.args, config.invocation_params.dir, os.environ)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was left out, and the table of what `make test-hard` counted."""
    if leaves_out(terminalreporter.config):
        terminalreporter.write_line("Slow tests of galley were left out: --slow runs them, as `make test` and CI do.")
    ended = [each for how in ("passed", "failed") for each in terminalreporter.stats.get(how, ())]
    if hard.ASKED and (lines := hard.table(ended)):
        terminalreporter.section("counts")
        terminalreporter.write_line("\n".join(lines))


@pytest.fixture
def counts(request: pytest.FixtureRequest) -> hard.Counts:
    """Counts what the test does, for the table of `make test-hard`."""
    return hard.Counts(request.node)


@pytest.fixture(scope="session", autouse=True)
def _forks(_records_may_be_written: None, _locks_of_its_own: None) -> Iterator[None]:
    """Commands and runners start at once, as forks, on a system that can pass descriptors to another process."""
    if sys.platform != "linux":
        yield
        return
    if not sys.dont_write_bytecode:  # a runner writes none, and would compile each time what it alone imports
        for room in ("kinds", "run", "source"):
            compile_dir(Path(galley.__file__).parent / room, quiet=2)
    with tempfile.TemporaryDirectory() as place:
        guide = GuideFolder.make(Path(place, "guide"))
        of_a_runner = clean_environment(guide.project, guide.root)
        with forked.fork_servers(Path(place), quiet_environment(), of_a_runner):
            yield


@pytest.fixture(scope="module")
def true_processes() -> Iterator[None]:
    """In a module of tests of processes themselves, each command and each runner is a process of its own."""
    with forked.true_processes():
        yield


@pytest.fixture
def guide(first: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy, which a test may spoil, of the guide that a test module makes once: its fixture `first`."""
    return first.copied(tmp_path)
