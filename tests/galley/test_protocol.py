"""What the processes say to each other: typed, checked as it is read, and harmless whatever a page says instead."""

from __future__ import annotations

import pytest

from galley.errors import Exit
from galley.record.model import Cost, Dependency, Environment, Form, Shown
from galley.run import client, runners
from galley.run.protocol import (
    CellBegins,
    CellEnds,
    CellShows,
    EventError,
    Exited,
    Failed,
    Finished,
    NotStarted,
    Ready,
    Started,
    encode,
    page_event,
    runner_event,
)
from guide_folder import Ended, GuideFolder

SHOWN = Shown("image", (Form("image/png", "png", b"\x89PNG\0"), Form("text/plain", "txt", "ä".encode(), 3)))
EVENTS = (
    Ready(),
    CellBegins("one", 3, 2.5),
    CellBegins("one", 3),
    CellShows("one", SHOWN),
    CellEnds("one", Cost(seconds=0.5, peak_mb=12.5), (SHOWN,), {"model": "m", "loaded": [{"id": 1}]}),
    Failed("ValueError: x", "one", 4, "Traceback"),
    Finished(Environment("3.11", "Linux", "a CPU", {"rich": "1"}, {"a": [1]}), (Dependency("a.txt", "file", "d", ""),)),
    Exited(-9, 7),
)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_is_read_as_it_was_written(event: client.PageEvent) -> None:
    line = encode(event)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert page_event(line) == event


@pytest.mark.parametrize("event", [Started(("a.py",)), NotStarted(("imports",), "no", "torch", "Traceback")])
def test_the_runners_first_word_is_read_as_it_was_written(event: Started | NotStarted) -> None:
    assert runner_event(encode(event)) == event


FORGED = b"""{"event": "ends", "cell": "one", "cost": {"seconds": 0, "peak_mb": 0},
    "shown": [{"kind": "%s", "forms": [{"mime": "text/plain", "suffix": "%s", "data": "", "cut": %d}]}]}"""
WRONG = {
    "nothing": b"",
    "a number": b"1",
    "a list": b"[]",
    "no event": b'{"x": 1}',
    "an unknown event": b'{"event": "party"}',
    "half an event": b'{"event": "exited", "co',
    "a field of another type": b'{"event": "exited", "code": "0", "line": 1}',
    "a field that is missing": b'{"event": "exited", "code": 0}',
    "a cell that is a list": b'{"event": "begins", "cell": ["one"], "line": 1}',
    "an output without forms": b'{"event": "ends", "cell": "a", "cost": {"seconds": 1}, "shown": [{"kind": "x"}]}',
    "a dependency of no kind": b"""{"event": "finished", "environment": {}, "dependencies":
        [{"path": "a", "kind": "wish", "sha256": ""}]}""",
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe",
    "a cell that may take less than no time": b'{"event": "begins", "cell": "one", "line": 1, "timeout": -1}',
    "a line beyond any file": b'{"event": "exited", "code": 0, "line": 99999999999999999999}',
    "a cell of a thousand letters": b'{"event": "begins", "cell": "%s", "line": 1}' % (b"x" * 1000),
    "an output that leads out of its folder": FORGED % (b"stdout", b"/../../evil", 0),
    "a kind that leads out of its folder": FORGED % (b"../x", b"txt", 0),
    "fewer bytes than none cut": FORGED % (b"stdout", b"txt", -1),
}


@pytest.mark.parametrize("line", WRONG.values(), ids=WRONG)
def test_anything_else_is_no_event(line: bytes) -> None:
    with pytest.raises(EventError):
        page_event(line)
    with pytest.raises(EventError):
        runner_event(line)


def test_what_no_encoding_can_carry_is_written_with_backslashes() -> None:
    found = page_event(encode(Failed("a file named \udcff", detail="\ud800")))
    assert isinstance(found, Failed)
    assert (found.what, found.detail) == ("a file named \\udcff", "\\ud800")


TO_GALLEY = """\
# %% one
import os
import stat

def is_socket(descriptor):
    try:
        return stat.S_ISSOCK(os.fstat(descriptor).st_mode)
    except OSError:
        return False

for descriptor in filter(is_socket, range(3, 60)):
    os.write(descriptor, {said!r})
{then}
"""
SAID = {
    "a number": b"1\n",
    "another event": b'{"x": 1}\n',
    "depth": b"[" * 100_000 + b"\n",
    "bytes": b"\xff\0\n",
    "a forged end": b'{"event": "finished", "environment": [], "dependencies": []}\n',
    "a forged cell": b'{"event": "ends", "cell": 3, "cost": {"seconds": 0, "peak_mb": 0}}\n',
    "a cell that is not there": b'{"event": "ends", "cell": "two", "cost": {"seconds": 0, "peak_mb": 0}}\n',
    "a cell's end, which comes again": b'{"event": "ends", "cell": "one", "cost": {"seconds": 0, "peak_mb": 0}}\n' * 2,
    "the page's end before its cells'": b'{"event": "finished", "environment": {}, "dependencies": []}\n',
    "the page's beginning": b'{"event": "ready"}\n',
}


THEN = {"goes on": "print('goes on')", "waits": "import time; time.sleep(60)"}
TOLD = {f"{what}, and {then}": (what, then) for what in SAID for then in THEN}


@pytest.fixture(scope="module")
def meddled(tmp_path_factory: pytest.TempPathFactory) -> tuple[GuideFolder, Ended]:
    """A guide in which two pages are fine and each of the others writes to galley's own connection, after one run."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("guide"))
    for number, (what, then) in enumerate(TOLD.values()):
        folder.snippet(f"bad{number}", TO_GALLEY.format(said=SAID[what], then=THEN[then]))
    for name in ("good", "last"):
        folder.snippet(name, "# %% one\nprint('fine')\n")
    return folder, folder.run()


@pytest.mark.parametrize("case", TOLD)
def test_a_page_that_writes_to_galleys_own_connection_fails(meddled: tuple[GuideFolder, Ended], case: str) -> None:
    folder, ended = meddled
    page = f"bad{list(TOLD).index(case)}"
    assert f"snippets/{page}.py" in ended.failures[page]
    assert "something in the page wrote to galley's own connection" in ended.failures[page]
    assert folder.status(page).state == "missing"


def test_pages_that_write_to_galleys_own_connection_fail_alone(meddled: tuple[GuideFolder, Ended]) -> None:
    folder, ended = meddled
    assert set(ended.failures) == {f"bad{number}" for number in range(len(TOLD))}
    assert not ended.summary.errors
    for name in ("good", "last"):
        assert folder.output(name, "one.stdout.txt") == "fine\n"


FLOODS = {
    "empty lines": b"\n" * 65536,
    "blank lines": b" \n" * 65536,
    "a line without an end": b"x" * 65536,
    "cells that begin": b'{"event": "begins", "cell": "one", "line": 1}\n' * 2000,
}


@pytest.mark.parametrize("said", FLOODS.values(), ids=FLOODS)
def test_a_page_that_talks_without_end_fails_alone(folder: GuideFolder, said: bytes) -> None:
    flood = TO_GALLEY.replace("    os.write", "    while True:\n        os.write")
    folder.snippet("bad", flood.format(said=b"#", then="").replace("b'#'", f"{said[:60]!r} * {len(said) // 60}"))
    folder.snippet("good", "# %% one\nprint('fine')\n")
    ended = folder.run()
    assert list(ended.failures) == ["bad"]
    assert folder.output("good", "one.stdout.txt") == "fine\n"


def test_a_page_that_forges_its_own_end_is_not_recorded(folder: GuideFolder) -> None:
    end = b'{"event": "finished", "environment": {}, "dependencies": []}\n'
    folder.snippet("bad", TO_GALLEY.format(said=end, then="os._exit(0)"))
    assert list(folder.run().failures) == ["bad"]
    assert folder.status("bad").state == "missing"


ODD = {
    "text": "class Odd(Exception):\n    def __str__(self):\n        raise SystemExit(3)\n",
    "name": "class Meta(type):\n    __name__ = property(lambda self: 1 / 0)\n"
    "class Odd(Exception, metaclass=Meta):\n    pass\n",
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_an_exception_that_cannot_say_what_it_is_fails_its_page_at_its_line(folder: GuideFolder, odd: str) -> None:
    folder.snippet("bad", f"# %% one\n{odd}raise Odd\n")
    said = folder.run().failures["bad"]
    assert said == f"snippets/bad.py:{odd.count(chr(10)) + 2}: page bad (laptop) in cell one: Odd"


def test_an_endless_message_of_an_exception_is_told_as_far_as_it_can_be_read(folder: GuideFolder) -> None:
    folder.snippet("bad", '# %% one\nraise ValueError("x" * 70_000_000)\n')
    ended = folder.run()
    said = ended.failures["bad"]
    assert said.startswith("snippets/bad.py:2: page bad (laptop) in cell one: ValueError: xxx")
    assert len(said) < 70_000


@pytest.mark.parametrize("signal", [40, 9, 11, 15])
def test_a_page_killed_by_any_signal_is_told_with_its_name_or_number(folder: GuideFolder, signal: int) -> None:
    names = {40: "signal 40", 9: "SIGKILL", 11: "SIGSEGV", 15: "SIGTERM"}
    folder.snippet("bad", f"# %% one\nimport os\nos.kill(os.getpid(), {signal})\nimport time\ntime.sleep(9)\n")
    folder.snippet("good", "# %% one\nprint('fine')\n")
    ended = folder.run()
    assert ended.failures["bad"].endswith(
        f"snippets/bad.py:3: page bad (laptop) in cell one: the page's process was "
        f"killed by {names[signal]}".removeprefix("x")
    )
    assert list(ended.failures) == ["bad"]
    assert folder.output("good", "one.stdout.txt") == "fine\n"


@pytest.mark.parametrize("signal", ["SIGKILL", "SIGSTOP"])
def test_a_page_that_takes_the_runner_down_fails_and_the_others_are_recorded(
    folder: GuideFolder, signal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.without_sandbox()
    for module in (client, runners):
        monkeypatch.setattr(module, "GRACE", 0.2)
    code = f"import os, signal, time\nos.kill(os.getppid(), signal.{signal})\ntime.sleep(60)\n"
    folder.snippet("bad", f'# %% one timeout="0.5"\n{code}')
    for number in range(4):
        folder.snippet(f"good{number}", "# %% one\nimport time\ntime.sleep(0.2)\nprint('fine')\n")
    done = folder.run()
    assert not done.summary.errors
    assert list(done.failures) == ["bad"]
    for number in range(4):
        assert folder.output(f"good{number}", "one.stdout.txt") == "fine\n"


def test_half_a_line_that_nothing_follows_is_waited_for_as_long_as_the_cell_may_take(folder: GuideFolder) -> None:
    said = TO_GALLEY.format(said=b'{"event"', then="import time; time.sleep(60)")
    folder.snippet("bad", said.replace("# %% one", '# %% one timeout="0.5"'))
    assert "took longer than 0.5 s and was stopped" in folder.run().failures["bad"]


def test_the_exit_code_of_such_a_run_is_that_of_a_page_that_failed(folder: GuideFolder) -> None:
    folder.snippet("bad", TO_GALLEY.format(said=b"1\n", then=""))
    assert folder.galley("run").returncode == Exit.PAGE_FAILED
