"""What galley asks the operating system: the answers, and what stands in where a system has none."""

from __future__ import annotations

import ast
import errno
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from textwrap import dedent

import psutil
import pytest

import galley
from galley import system
from galley.errors import RunnerError
from galley.system.guard import Guard
from guide_folder import GuideFolder, command, quiet_environment

SOURCES = Path(galley.__file__).parent
DOOR = SOURCES / "system"
WITHOUT = str(Path(__file__).with_name("without"))
HOLD = """\
    import sys
    from pathlib import Path
    from galley import system
    lock = system.Lock(Path(sys.argv[1]), alone=sys.argv[2] == "alone")
    print(lock.take(wait=False), flush=True)
    sys.stdin.read()
    """


def said(source: str, *arguments: str, without: str = "") -> str:
    """What some Python source prints on a system that lacks something.

    A shell stands between, since a process that this one starts begins with the peak of this one.
    """
    variables = quiet_environment(PYTHONPATH=WITHOUT, GALLEY_WITHOUT=without, PYTHONWARNINGS="ignore")
    line = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-c", dedent(source), *arguments]
    return subprocess.run(line, env=variables, stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout


@contextmanager
def holding(path: Path, how: str, without: str) -> Iterator[tuple[subprocess.Popen[str], bool]]:
    """Another process that tries to take a lock, and whether it has it."""
    variables = quiet_environment(PYTHONPATH=WITHOUT, GALLEY_WITHOUT=without, PYTHONWARNINGS="ignore")
    line = [sys.executable, "-c", dedent(HOLD), str(path), how]
    pipe = subprocess.PIPE
    with subprocess.Popen(line, env=variables, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline() == "True\n"
        finally:
            process.kill()


def modules(tree: ast.AST) -> set[str]:
    """The modules that some source imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name.partition(".")[0] for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.partition(".")[0])
    return found


@pytest.mark.parametrize("path", sorted(SOURCES.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCES)))
def test_no_other_module_asks_the_system(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    asks = modules(ast.parse(text)) & {
        "fcntl", "termios", "resource", "ctypes", "pwd", "grp", "msvcrt", "psutil", "filelock",
    }  # fmt: skip
    asks |= {each for each in ("/proc", "waitid", "killpg", "setsid", "getuid", "sched_getaffinity") if each in text}
    if path.name == "audit.py":
        asks.discard("killpg")  # it names the events of Python, and calls nothing
    assert path.is_relative_to(DOOR) or not asks


def test_a_descriptor_says_its_path_where_there_is_one(tmp_path: Path) -> None:
    with (tmp_path / "file.txt").open("w") as file:
        told = system.path_of(file.fileno())
        number = file.fileno()
    assert told is not None
    assert Path(told).samefile(tmp_path / "file.txt")
    assert system.path_of(number) is None, "it is closed"


@pytest.mark.parametrize("without", ["", "fcntl"], ids=["flock", "filelock"])
@pytest.mark.parametrize(("first", "second"), [("alone", "alone"), ("alone", "shared"), ("shared", "alone")])
def test_who_holds_a_lock_alone_is_alone_until_the_process_ends(
    tmp_path: Path, without: str, first: str, second: str
) -> None:
    path = tmp_path / "a.lock"
    with holding(path, first, without) as (process, held):
        assert held
        with holding(path, second, without) as (_, beside):
            assert not beside
        process.kill()
        process.wait()
        with holding(path, second, without) as (_, after):
            assert after


@pytest.mark.parametrize(("without", "together"), [("", True), ("fcntl", False)], ids=["flock", "filelock"])
def test_readers_share_where_the_system_can(tmp_path: Path, without: str, together: bool) -> None:
    with holding(tmp_path / "a", "shared", without) as (_, first), holding(tmp_path / "a", "shared", without) as other:
        assert (first, other[1]) == (True, together)


@pytest.mark.parametrize("without", ["", "fcntl"], ids=["flock", "filelock"])
def test_a_lock_is_let_go_and_a_folder_has_one_too(tmp_path: Path, without: str) -> None:
    source = """\
        import sys
        from pathlib import Path
        from galley import system
        folder = Path(sys.argv[1])
        def free():
            lock = system.Lock(folder, alone=True, folder=True)
            taken = lock.take(wait=False)
            lock.release()
            return taken
        with system.locked(folder, alone=True):
            print(free())
        print(free(), sorted(folder.iterdir()))
        """
    assert said(source, str(tmp_path), without=without) == "False\nTrue []\n"


def test_a_file_system_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", none)
    with pytest.raises(RunnerError, match=f"{tmp_path} is on a file system that has no locks: No locks") as error:
        system.locked(tmp_path, alone=True).__enter__()
    assert error.value.mend == "keep the guide, and TMPDIR, on a disk of this machine"


def test_a_temporary_folder_that_cannot_be_used_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(RunnerError, match="Not a directory") as error:
        system.private_folder()
    assert error.value.mend == "set TMPDIR to a folder that you can write to"


def test_a_system_without_numbers_of_users_has_the_folder_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.delattr(os, "getuid")
    assert system.private_folder() == tmp_path / "galley"
    assert system.private_folder().is_dir()
    (tmp_path / "galley").rmdir()
    (tmp_path / "galley").symlink_to("..")
    with pytest.raises(RunnerError, match="galley is not a folder of yours alone"):
        system.private_folder()


def test_the_machine_says_what_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system.free_mb() == pytest.approx(psutil.virtual_memory().available / 1e6, rel=0.5)
    assert system.cores() == len(psutil.Process().cpu_affinity() or [])
    monkeypatch.delattr(os, "sched_getaffinity")
    assert system.cores() == os.cpu_count()


ANSWERS = """\
    import subprocess, sys
    child = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    import psutil
    from galley import system
    psutil.PROCFS_PATH = sys.argv[1]
    print(system.free_mb() != float("inf"), system.children() == {child.pid}, system.peak_mb() > 5)
    child.communicate()
    """


@pytest.mark.parametrize(
    ("psutil_reads", "without", "answers"),
    [
        ("/proc", "", "True True True"),
        ("/./proc", "/proc", "True True True"),  # as on macOS, where psutil has its answers from elsewhere
        ("/nowhere", "/proc", "False False True"),
    ],
)
def test_each_question_has_a_second_answer(psutil_reads: str, without: str, answers: str) -> None:
    assert said(ANSWERS, psutil_reads, without=without) == f"{answers}\n"


def test_a_peak_that_nobody_knows_is_none() -> None:
    assert said("from galley import system; print(system.peak_mb())", without="/proc resource") == "0.0\n"


def test_the_processor_has_a_name_on_every_system() -> None:
    source = "from galley import system; print(system.processor())"
    assert said(source, without="/proc").strip() == (platform.processor() or platform.machine())
    assert said(source).strip() in Path("/proc/cpuinfo").read_text()


def test_the_peak_is_in_the_unit_of_the_system() -> None:
    source = """\
        import sys
        from galley import system
        block = bytearray(300_000_000)
        del block
        sys.platform = sys.argv[1]
        print(system.peak_mb())
        """
    assert 300 < float(said(source, "linux")) < 500
    assert 300 < float(said(source, "linux", without="/proc")) < 500
    assert 300 < float(said(source, "darwin", without="/proc")) * 1024 < 500


def test_the_peak_is_counted_from_its_reset() -> None:
    source = """\
        from galley import system
        block = bytearray(300_000_000)
        del block
        system.reset_peak()
        print(system.peak_mb())
        """
    assert float(said(source)) < 200


@pytest.mark.parametrize(("allowed", "most"), [(0, 2000), (500, 500)])
def test_a_limit_of_memory_holds_and_widens_no_other(allowed: int, most: int) -> None:
    source = """\
        import resource, sys
        from galley import system
        if allowed := int(sys.argv[1]):
            resource.setrlimit(resource.RLIMIT_DATA, (allowed * 10**6,) * 2)
        system.limit_memory(2000)
        print(resource.getrlimit(resource.RLIMIT_DATA))
        try:
            bytearray(3 * 10**9)
        except MemoryError:
            print("refused")
        """
    assert said(source, str(allowed)) == f"({most * 10**6}, {most * 10**6})\nrefused\n"


@pytest.mark.parametrize(("without", "waiting"), [("", 5), ("termios", 65536)])
def test_a_pipe_says_how_much_waits_in_it_or_how_much_it_holds(without: str, waiting: int) -> None:
    source = """\
        import os
        from galley import system
        reading, writing = os.pipe()
        os.write(writing, b"12345")
        print(system.waiting_bytes(reading))
        """
    assert said(source, without=without) == f"{waiting}\n"


@pytest.mark.parametrize(("without", "order"), [("", "from C\nthen\n"), ("ctypes", "then\n")])
def test_what_c_printed_is_written_where_python_reaches_c(without: str, order: str) -> None:
    source = """\
        import os, sys
        from galley import system
        if not os.environ["GALLEY_WITHOUT"]:
            import ctypes
            ctypes.CDLL(None).puts(b"from C")
        system.flush_c()
        os.write(1, b"then\\n")
        """
    assert said(source, without=without) == order


def started(script: str) -> int:
    """A child that leads a process group of its own."""
    return os.posix_spawn("/bin/sh", ["sh", "-c", script], dict(os.environ), setpgroup=0)


def alive(group: int) -> bool:
    """Whether a process group has a member that was not killed; one that was may wait seconds for init to bury it."""
    for each in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError):
            if os.getpgid(each.pid) == group and each.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def ended(pid: int) -> int:
    """The exit code of a child, once it has ended."""
    while (code := system.bury(pid)) is None:
        pass
    return code


@pytest.mark.parametrize("waitid", [True, False])
def test_who_is_buried_takes_the_whole_group_along(monkeypatch: pytest.MonkeyPatch, waitid: bool) -> None:
    if not waitid:
        monkeypatch.delattr(os, "waitid")
    pid = started("sleep 1000 & kill -9 $$")
    assert ended(pid) == -signal.SIGKILL
    end = time.monotonic() + 10
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not alive(pid)
    assert ended(started("exit 3")) == 3


@pytest.mark.parametrize("waitid", [True, False])
def test_nobody_is_buried_alive(monkeypatch: pytest.MonkeyPatch, waitid: bool) -> None:
    if not waitid:
        monkeypatch.delattr(os, "waitid")
    pid = started("exec sleep 1000")
    assert system.bury(pid) is None
    system.kill_child(pid)
    assert ended(pid) == -signal.SIGKILL


def test_the_guard_kills_at_the_runners_end_whoever_was_not_buried() -> None:
    guard = Guard()
    left, buried = started("exec sleep 1000"), started("exec sleep 1000")
    guard.tell("+", left)
    guard.tell("+", buried)
    guard.tell("-", buried)
    assert system.bury(left) is None
    guard.end(os.getpid())
    assert ended(left) == -signal.SIGKILL
    assert system.bury(buried) is None
    system.kill_child(buried)
    assert ended(buried) == -signal.SIGKILL
    with pytest.raises(ChildProcessError):
        os.waitpid(guard.pid, os.WNOHANG)


def test_who_has_made_no_group_yet_is_killed_too() -> None:
    pid = os.posix_spawn("/bin/sh", ["sh", "-c", "exec sleep 1000"], dict(os.environ))
    system.kill_child(pid)
    assert ended(pid) == -signal.SIGKILL
    system.kill_group(pid)


def test_the_guard_leaves_alone_what_the_runner_has_buried() -> None:
    """A number that was freed may be another program's soon; here a member of the group lives on in its place."""
    source = """\
        import os, time
        from galley import system
        system.begin_runner()
        if (pid := os.fork()) == 0:
            system.begin_page()
            if (member := os.fork()) == 0:
                os.closerange(0, 3)
                time.sleep(1000)
            print(os.getpid(), member, flush=True)
            os._exit(0)
        system.kill_group = lambda pid: None
        while system.bury(pid) is None:
            pass
        """
    group, member = map(int, said(source).split())
    assert psutil.Process(member).status() != psutil.STATUS_ZOMBIE
    system.kill_group(group)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the file lies on a disk")
def test_no_file_of_a_page_is_taken_for_the_nameless_one_that_it_closed(tmp_path: Path) -> None:
    with system.nameless_file() as nameless:
        before = os.fstat(nameless.fileno())
    with ExitStack() as opened:
        files = [opened.enter_context((tmp_path / str(number)).open("w")) for number in range(50)]
        assert not any(os.path.samestat(before, os.fstat(each.fileno())) for each in files)


def test_a_page_is_the_same_program_whatever_shell_the_command_runs_in(folder: GuideFolder) -> None:
    folder.snippet("page", """\
        # %% one
        import os, signal
        os.umask(mask := os.umask(0))
        print(oct(mask), signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        print([each.name for each in signal.valid_signals() if signal.getsignal(each) is signal.SIG_IGN])
        print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
    """)  # fmt: skip
    shell = f"umask 077; trap '' HUP INT QUIT TERM USR1 TSTP; exec {command('galley')} run"
    done = folder.call(["sh", "-c", shell])
    assert done.returncode == 0, done.stdout
    assert folder.output("page", "one.stdout.txt") == "0o22 set()\n['SIGPIPE', 'SIGXFSZ']\nTrue\n"
