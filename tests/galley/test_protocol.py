"""What the processes say to each other: typed, checked as it is read, and harmless whatever a page says instead."""

from __future__ import annotations

import pytest

from galley.errors import Exit
from galley.record.model import Dependency, Environment, Form, Shown
from galley.run import client
from galley.run.protocol import (
    CellBegins,
    CellEnds,
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
from guide_folder import GuideFolder

SHOWN = Shown("image", (Form("image/png", "png", b"\x89PNG\0"), Form("text/plain", "txt", "ä".encode(), 3)))
EVENTS = (
    Ready(),
    CellBegins("one", 3, 2.5),
    CellBegins("one", 3),
    CellEnds("one", 0.5, 12.5, (SHOWN,), {"model": "m", "loaded": [{"id": 1}]}),
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
    "an output without forms": b'{"event": "ends", "cell": "a", "seconds": 1, "peak_mb": 1, "shown": [{"kind": "x"}]}',
    "a dependency of no kind": b"""{"event": "finished", "environment": {}, "dependencies":
        [{"path": "a", "kind": "wish", "sha256": ""}]}""",
    "deep": b"[" * 100_000,
    "no text": b"\xff\xfe",
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
    "a forged cell": b'{"event": "ends", "cell": 3, "seconds": 0, "peak_mb": 0}\n',
}


@pytest.mark.parametrize("then", ["print('goes on')", "import time; time.sleep(60)"], ids=["goes on", "waits"])
@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_page_that_writes_to_galleys_own_connection_fails_alone(folder: GuideFolder, said: bytes, then: str) -> None:
    folder.snippet("bad", TO_GALLEY.format(said=said, then=then))
    for name in ("good", "better"):
        folder.snippet(name, "# %% one\nprint('fine')\n")
    ended = folder.run()
    assert list(ended.failures) == ["bad"]
    assert "snippets/bad.py" in ended.failures["bad"]
    assert "something in the page wrote to galley's own connection" in ended.failures["bad"]
    assert folder.status("bad").state == "missing"
    for name in ("good", "better"):
        assert folder.output(name, "one.stdout.txt") == "fine\n"


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
    monkeypatch.setattr(client, "GRACE", 0.5)
    code = f"import os, signal\nos.kill(os.getppid(), signal.{signal})\nwhile True: pass\n"
    folder.snippet("bad", f'# %% one timeout="1"\n{code}')
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
