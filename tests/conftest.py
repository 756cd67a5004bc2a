"""Fixtures of all tests, and at the end of a run a table of the modules that took most of the processors' time."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from guide_folder import GuideFolder

COLLECTING = "collecting the tests"
DEAREST = 10  # lines of the table
seconds: Counter[str] = Counter()  # of a processor, by module; each process of the tests collects all of them
counted = 0.0  # seconds that stand in the table already


def taken() -> float:
    """Seconds of a processor that this process took so far, and all that it started; what left it is not seen."""
    me, sum_of_all = psutil.Process(), 0.0
    for each in (me, *me.children(recursive=True)):
        with suppress(psutil.Error):  # it has ended meanwhile, and its parent has its time
            sum_of_all += sum(each.cpu_times()[:4])  # its own and that of its children which have ended
    return sum_of_all


def count(name: str) -> None:
    """Enter what was taken since the last call."""
    global counted
    now = taken()
    seconds[name] += now - counted
    counted = now


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option of galley's tests, which pytest asks for before it finds their folder."""
    parser.addoption("--slow", action="store_true", help="Run also the slow tests of galley (tests/galley/slow.py).")


def pytest_collection_finish() -> None:
    """Before this, modules were imported."""
    count(COLLECTING)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """A module's last test ends with the end of the module's fixtures."""
    done = yield
    if nextitem is None or nextitem.path != item.path:
        count(item.path.stem)
    return done


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of pytest-xdist sends what it counted to the one that prints the table."""
    if (to_send := getattr(session.config, "workeroutput", None)) is not None:
        to_send["processor"] = dict(seconds)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """One of these processes has ended; one that died has sent nothing."""
    seconds.update(getattr(node, "workeroutput", {}).get("processor", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table."""
    terminalreporter.section("seconds of a processor")
    for name, took in (*seconds.most_common(DEAREST), ("in all", sum(seconds.values()))):
        terminalreporter.write_line(f"{took:8.1f}  {name}")


@pytest.fixture(scope="session", autouse=True)
def _records_may_be_written() -> Iterator[None]:
    """Guides that tests make are recorded in CI too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("CI", raising=False)
        yield


@pytest.fixture(scope="session", autouse=True)
def _locks_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test waits for a galley command outside or in another process of the tests, and none of those for a test."""
    tmp_path_factory.getbasetemp()  # where it is, is settled before
    with tempfile.TemporaryDirectory(prefix="galley-tests-") as place, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", place)
        patch.setenv("TMPDIR", place)
        yield


@pytest.fixture
def folder(tmp_path: Path) -> GuideFolder:
    """An empty guide with one required profile, `laptop`."""
    return GuideFolder.make(tmp_path)
