"""The judge: right answers pass, all others fail, and none of them leaves anything behind."""

import itertools
import os
import resource
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

from exercises import Case, Checks, Pair
from galley.system import sandbox
from judge import Judge, Limits, extract, judge, pass_at_k, runner
from judge.compare import equal, problem

CONFINE = runner.SANDBOX.with_name("confine.py")


def pair(*cases: tuple[tuple[object, ...], object], named: bool = False, **how: bool) -> Pair:
    tests = Checks(tuple(Case(args, expected) for args, expected in cases), **how)
    return Pair("?", "", "sort", tests, "ordered", named)


SORT = pair((([3, 1, 2],), [1, 2, 3]), (([],), []), (([2, 1],), [1, 2]), in_place=True)
QUICK = Limits(cpu_seconds=0.2, wall_seconds=1.0)
RIGHT = "def ordered(xs):\n    return sorted(xs)\n"


def body(text: str, after: str = "return sorted(xs)") -> str:
    """A function that does `text` and then gives the right result."""
    lines = textwrap.dedent(text).strip().splitlines()
    return "\n".join(["def ordered(xs):", *(f"    {line}" for line in [*lines, after])]) + "\n"


@pytest.fixture(scope="module")
def judging() -> Iterator[Judge]:
    with Judge(jobs=2, limits=Limits(cpu_seconds=0.2)) as judging:
        yield judging


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """The processes that are started in this test."""
    processes: list[subprocess.Popen[bytes]] = []
    real = subprocess.Popen

    def start(*arguments: Any, **how: Any) -> subprocess.Popen[bytes]:
        processes.append(real(*arguments, **how))
        return processes[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return processes


def child_seconds() -> float:
    """The CPU time of all child processes that have ended; other work on the machine does not add to it."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


ACCEPTED = {
    "plain": RIGHT,
    "leading blank lines": "\n\n" + RIGHT,
    "leading space": " " + RIGHT,
    "fence": f"Sure, here it is:\n```python\n{RIGHT}```\nI hope this helps.",
    "closing fence": f"{RIGHT}```\nSee above.",
    "more text": f"{RIGHT}\nQuestion: and now?\n\nAnswer: def ordered(",
    "a second function, cut off": f"{RIGHT}\n\ndef other(x):\n    return (",
    "a helper": "def helper(x):\n    return sorted(x)\n\n\ndef ordered(xs):\n    return helper(xs)\n",
    "another name": "def arrange(xs):\n    return sorted(xs)\n",
    "an import": "import heapq\n\n\ndef ordered(xs):\n    return [heapq.heappop(xs) for _ in range(len(xs))]"
    .replace("return", "heapq.heapify(xs)\n    return"),
    "lazy import": body("import datetime\ndatetime.datetime.strptime('2024', '%Y')"),
    "generator": "def ordered(xs):\n    yield from sorted(xs)\n",
    "in place": "def ordered(xs):\n    xs.sort()\n",
    "prints": body("print('sorting', xs)"),
    "an invalid escape": body(r"pattern = '\d'"),
}  # fmt: skip


@pytest.mark.parametrize("text", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_right_answers_pass(judging: Judge, text: str) -> None:
    (verdict,) = judging.verdicts([(text, SORT)])
    assert verdict.passed, verdict.reason


REJECTED = {
    "nothing": ("", "no function"),
    "prose": ("You could use sorted.", "no function"),
    "no function": ("from math import pi\n", "no function"),
    "syntax error": ("def ordered(xs):\n    return sorted(xs\n", "syntax error"),
    "wrong": ("def ordered(xs):\n    return xs\n", "the result is [3, 1, 2], not [1, 2, 3]"),
    "wrong once": ("def ordered(xs):\n    return sorted(xs) if len(xs) != 2 else xs\n", "for ([2, 1])"),
    "another type": ("def ordered(xs):\n    return tuple(sorted(xs))\n", "the result is (1, 2, 3)"),
    "raises": (body("1 / 0"), "ZeroDivisionError"),
    "wrong arguments": ("def ordered(xs, ys):\n    return xs\n", "TypeError"),
    "recursion": (body("return ordered(xs)"), "RecursionError"),
    "hangs": (body("while True:\n    pass"), "too slow"),
    "hangs when loaded": (f"class A:\n    while True:\n        pass\n\n\n{RIGHT}", "too slow"),
    "waits": (body("import time\ntime.sleep(60)"), "sleep"),
    "exits": (body("raise SystemExit(0)"), "SystemExit"),
    "exits at once": (body("import os\nos._exit(0)"), "blocked: import os"),
    "exits when loaded": (f"class A:\n    raise SystemExit(0)\n\n\n{RIGHT}", "SystemExit"),
    "writes a file": (body("try:\n    open('left', 'w').write('x')\nexcept OSError:\n    pass"), "blocked: open"),
    "reads a file": (body("open('/etc/hostname').read()"), "blocked: open"),
    "makes a folder": (body("import re\nre.enum.sys.modules['os'].mkdir('left')"), "no attribute 'mkdir'"),
    "opens a socket": (body("import socket"), "blocked: import socket"),
    "runs a program": (body("import subprocess"), "blocked: import subprocess"),
    "loads a library": (body("import ctypes"), "blocked: import ctypes"),
    "imports the tests": (body("import exercises"), "blocked: import exercises"),
    "hides an import": (body("__import__('o' + 's')"), "blocked: import os"),
    "forks": (body("import re\nre.enum.sys.modules['posix'].fork()"), "no attribute 'fork'"),
    "starts a thread": (body("import re\nre.enum.sys.modules['_thread'].start_new_thread(print, ())"), "thread"),
    "takes memory": (body("x = [0] * 10**9"), "MemoryError"),
    "takes memory slowly": (body("x = 'x'\nwhile True:\n    x += x"), "MemoryError"),
    "prints for ever": (body("while True:\n    print('x' * 1000)"), "too much output"),
    "returns too much": ("def ordered(xs):\n    return 'x' * 10**6\n", "too much output"),
    "returns without end": ("def ordered(xs):\n    while True:\n        yield 1\n", "too many items"),
    "nests": ("def ordered(xs):\n    for _ in range(990):\n        xs = [xs]\n    return xs\n", "RecursionError"),
    "reads input": (body("input()"), "input"),
    "reads input otherwise": (body("import re\nre.enum.sys.stdin.read()"), "'NoneType'"),
    "debugs": (body("breakpoint()"), "blocked"),
    "an equal to everything": (
        "class Any:\n    def __eq__(self, other):\n        return True\n\n\ndef ordered(xs):\n    return Any()\n",
        "a value of type Any",
    ),
    "a list equal to everything": (
        "class Any(list):\n    def __eq__(self, other):\n        return True\n\n\n"
        "def ordered(xs):\n    return Any([9])\n",
        "the result is [9]",
    ),
    "an error that hangs": (
        "class E(Exception):\n    def __str__(self):\n        while True:\n            pass\n\n\n"
        "def ordered(xs):\n    raise E\n",
        "too slow",
    ),
    "overrides assertions": (
        "def ordered(xs):\n    __builtins__['AssertionError'] = None\n"
        "    __builtins__['all'] = __builtins__['sorted'] = lambda *a, **k: True\n    return xs\n",
        "the result is [3, 1, 2]",
    ),
    "says that it passed": (body("print('passed')\nprint('{\"passed\": true}')", "return xs"), "the result is"),
    "forges a report": (
        body(
            "import re\nframe = re.enum.sys._getframe(1)\n"
            "frame.f_locals['report'](results=[[None, ['list']]] * 3)"
        ),
        "the result is []",
    ),
    "forges a verdict": (
        body("import re\nre.enum.sys._getframe(1).f_locals['report'](passed=True)"),
        "ended without results",
    ),
    "forges too few results": (
        body("import re\nre.enum.sys._getframe(1).f_locals['report'](results=[])"),
        "ended without results",
    ),
    "forges nonsense": (
        body("import re\nre.enum.sys._getframe(1).f_locals['write'](3, b'[' * 10000 + b'1')\n1 / 0"),
        "ended without results",
    ),
    "detects the test": (
        body("import re\nargs = re.enum.sys._getframe(1).f_locals\nxs = args.get('expected', xs)", "return xs"),
        "the result is [3, 1, 2]",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REJECTED.values(), ids=REJECTED.keys())
def test_other_answers_fail(judging: Judge, text: str, reason: str) -> None:
    (verdict,) = judging.verdicts([(text, SORT)])
    assert not verdict.passed
    assert reason in verdict.reason


SEARCH = """
import re

def ordered(xs):
    seen, found = set(), []
    def look(value, depth):
        if id(value) in seen or depth > 12:
            return
        seen.add(id(value))
        if isinstance(value, (str, int)):
            found.append(value)
        elif isinstance(value, dict):
            for key, item in list(value.items()):
                look(key, depth + 1)
                look(item, depth + 1)
        elif isinstance(value, (list, tuple, set)):
            for item in value:
                look(item, depth + 1)
    frame = re.enum.sys._getframe(0).f_back
    while frame:
        look(frame.f_locals, 0)
        look(frame.f_globals, 0)
        frame = frame.f_back
    look(re.enum.sys.argv, 0)
    look(re.enum.sys.orig_argv, 0)
    return "needle" + "-one" in found, "needle" + "-two" in found
"""


def test_an_answer_can_find_its_arguments_but_no_expected_value(judging: Judge) -> None:
    found = pair((("needle-one",), (True, False)), (("x",), "needle-two"))
    (verdict,) = judging.verdicts([(SEARCH, found)])
    assert verdict.reason == "for ('x') the result is (True, False), not 'needle-two'"


def test_nothing_is_left_behind(
    started: list[subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Judge(jobs=1, limits=QUICK) as judging:
        judging.verdicts([(text, SORT) for text, _ in list(REJECTED.values())[9:]] + [(RIGHT, SORT)])
        (process,), (folder,) = started, tmp_path.iterdir()
        assert list(folder.iterdir()) == []
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if children.exists():
            assert children.read_text() == ""
    assert process.returncode is not None
    assert list(tmp_path.iterdir()) == []
    assert not any(Path(name).exists() for name in ("left", "/left"))


def test_no_connection_reaches_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        attempt = f"socket.socket().connect(('127.0.0.1', {port}))"
        texts = [body(f"{load}\n{attempt}") for load in ("import socket", "import _socket as socket")]
        assert not any(verdict.passed for verdict in judge([(text, SORT) for text in texts]))
        with pytest.raises(BlockingIOError):
            server.accept()


ATTEMPTS = """
import os, socket, sys, threading
sys.path.insert(0, {folder!r})
import confine
read, write = os.pipe()
if os.fork() == 0:
    confine.leave_machine({empty!r}, write, write)
    confine.limit(5, 5, 256 * 2**20)
    attempts = [lambda: open("left", "w"), lambda: open("/etc/passwd"), socket.socket, os.pipe, os.fork,
                threading.Thread(target=print).start, lambda: bytearray(2**29), lambda: os.mkdir("left")]
    for attempt in attempts:
        try:
            attempt()
            os.write(3, b"done ")
        except (OSError, RuntimeError, MemoryError):
            os.write(3, b"refused ")
    os._exit(0)
os.close(write)
os.wait()
print(os.read(read, 1000).decode())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's own limits differ elsewhere")
def test_the_limits_hold_without_the_audit_hook(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir(mode=0o500)
    code = ATTEMPTS.format(folder=str(CONFINE.parent), empty=str(empty))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["refused"] * 8


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root has a user to give up")
def test_an_answer_never_runs_as_root(judging: Judge) -> None:
    text = "def ordered(xs):\n    import re\n    return re.enum.sys.modules['posix'].getpid() == 1\n"
    assert not judging.verdicts([(text, pair(((1,), True)))])[0].passed
    code = ATTEMPTS.replace("attempts = [", "os.write(3, str(os.getuid()).encode() + b' '); attempts = [")
    code = code.format(folder=str(CONFINE.parent), empty="/")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "65534"


def test_the_judges_interpreter_is_in_the_sandbox_of_pages(
    started: list[subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = sandbox.probe()
    if held["files"]:
        pytest.skip(sandbox.told(held))
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    program = tmp_path / "judge" / "program.py"
    program.parent.mkdir()
    tries = f"try:\n    open({str(tmp_path / 'secret')!r})\n    print('read')\nexcept OSError:\n    print('refused')\n"
    program.write_text(tries, encoding="utf-8")
    monkeypatch.setattr(runner, "SANDBOX", program)
    judge([(RIGHT, SORT)])
    command, how = started[-1].args, {"capture_output": True, "text": True, "input": ""}
    assert isinstance(command, list)
    assert subprocess.run(command, **how, check=True).stdout == "refused\n"
    alone = command[command.index("-s") - 2 :]
    assert subprocess.run(alone, **how, check=True).stdout == "read\n", "outside of the sandbox it can"


def test_a_dead_sandbox_is_replaced(started: list[subprocess.Popen[bytes]]) -> None:
    with Judge(jobs=1) as judging:
        assert judging.verdicts([(RIGHT, SORT)])[0].passed
        (process,) = started
        process.kill()
        process.wait()
        assert judging.verdicts([(RIGHT, SORT)])[0].passed
        assert len(started) == 2


def test_without_a_sandbox_nothing_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "SANDBOX", Path("missing.py"))
    assert judge([(RIGHT, SORT)])[0].reason == "the sandbox ended"


def test_a_busy_answer_is_stopped_by_its_cpu_time_long_before_an_idle_one() -> None:
    before = child_seconds()
    with Judge(jobs=1, limits=Limits(cpu_seconds=0.2, wall_seconds=60)) as judging:
        assert judging.verdicts([(body("while True:\n    pass"), SORT)])[0].reason == "too slow"
    assert child_seconds() - before < 10


def test_an_idle_answer_is_stopped() -> None:
    waits = "import re\nlock = re.enum.sys.modules['_thread'].allocate_lock()\nlock.acquire()\nlock.acquire()"
    with Judge(jobs=1, limits=QUICK) as judging:
        assert judging.verdicts([(body(waits), SORT)])[0].reason == "too slow"


def test_answers_do_not_meet(judging: Judge) -> None:
    spoils = body("import math\nmath.floor = None\n__builtins__['sorted'] = None", "return xs")
    uses = "import math\n\n\ndef ordered(xs):\n    return sorted(math.floor(x) for x in xs)\n"
    assert [verdict.passed for verdict in judging.verdicts([(spoils, SORT), (uses, SORT)] * 4)] == [False, True] * 4


def test_verdicts_are_the_same_each_time() -> None:
    text = "import random\n\n\ndef ordered(xs):\n    return list(set('abcdef')) + [random.random()]\n"
    reasons = {judge([(text, SORT)])[0].reason for _ in range(3)}
    assert len(reasons) == 1


def test_two_hundred_answers_take_seconds_of_cpu_time() -> None:
    before = child_seconds()
    assert all(verdict.passed for verdict in judge([(RIGHT, SORT)] * 200))
    assert child_seconds() - before < 5


def test_a_name_that_the_question_asks_for_is_needed() -> None:
    named = pair((([2, 1],), [1, 2]), named=True)
    assert extract("def arrange(xs):\n    return sorted(xs)\n", named).problem == "no function named ordered"
    assert extract(RIGHT, named).function == "ordered"


def test_pass_at_k_is_the_mean_over_all_choices() -> None:
    passed = [True, True, False, False, False]
    for k in range(1, 6):
        choices = list(itertools.combinations(passed, k))
        assert pass_at_k(passed, k) == pytest.approx(mean(any(choice) for choice in choices))
    with pytest.raises(ValueError, match="pass@6"):
        pass_at_k(passed, 6)


@pytest.mark.parametrize(
    ("result", "expected", "same"),
    [
        (1, 1, True),
        (1, True, False),
        (True, 1, False),
        (2.0, 2, True),
        (0.1 + 0.2, 0.3, True),
        (0.31, 0.3, False),
        (float("nan"), 0.3, False),
        (10**400, 0.3, False),
        ([1, 2], (1, 2), False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1.0}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({1, 2}, {2, 1}, True),
        ("a", "a", True),
        ("1", 1, False),
        (None, None, True),
        (None, 0, False),
    ],
)
def test_equal_is_as_in_literals(result: object, expected: object, same: bool) -> None:
    assert equal(result, expected) is same


def test_order_counts_unless_the_tests_say_otherwise() -> None:
    case = Case((1,), [1, 2, 2])
    assert problem(Checks((case,)), case, [2, 1, 2], None)
    assert not problem(Checks((case,), any_order=True), case, [2, 1, 2], None)
    assert problem(Checks((case,), any_order=True), case, [2, 1, 1], None)
    assert problem(Checks((case,), any_order=True), case, [2, 1], None)
    assert problem(Checks((case,), any_order=True), case, [2, 1, 2, 3], None)


def test_a_changed_argument_counts_only_in_place() -> None:
    case = Case(([2, 1],), [1, 2])
    assert not problem(Checks((case,), in_place=True), case, None, [1, 2])
    assert problem(Checks((case,), in_place=True), case, [2, 1], [1, 2])
    assert problem(Checks((case,)), case, None, [1, 2])
