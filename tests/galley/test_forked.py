"""A fork is as good as a process of its own: a page, a command and a builder say the same in both."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import forked
from galley.errors import Exit
from guide_folder import PYTEST, GuideFolder, command, quiet_environment

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nothing is forked elsewhere")
SELF = """\
# %% one
import gc, os, signal, sys, threading
print(sys.argv, sys.flags, sys.path, sys.prefix, __name__, __file__)
print(sorted(os.environ.items()), os.getcwd(), os.umask(0o22))
print(sorted(sys.modules))
print({each.name: signal.getsignal(each) for each in signal.Signals if each.name not in ("SIGKILL", "SIGSTOP")})
print(sorted(os.listdir("/proc/self/fd")), gc.isenabled(), gc.get_threshold(), threading.enumerate())
for stream in (sys.stdin, sys.stdout, sys.stderr, sys.__stdout__):
    print(stream.name, stream.mode, stream.encoding, stream.errors, stream.line_buffering, stream.fileno())
print(hash("words"), [hook.__class__ for hook in sys.meta_path], os.nice(0))
print(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid(), os.getppid() == 0)
# %% two
import json, this
json.dumps({})
"""
COST = re.compile(rb'"(?:peak_mb|seconds)": [0-9.]+')  # differs from one run to the next
SAYS = {
    "help": ["--help"],
    "version": ["--version"],
    "no such command": ["nonsense"],
    "check": ["check"],
    "nothing to run": ["run"],
    "a page that is not there": ["run", "nowhere"],
    "a script": ["export", "page", "-o", "-"],
    "a run": ["run", "--dry-run", "--all"],
}

OWN_TEST = """\
import os, sys

def test_own():
    assert [sys.argv, sys.path, os.getcwd(), sys.flags, sorted(os.environ.items())] == []
"""


@pytest.fixture
def recorded(folder: GuideFolder) -> GuideFolder:
    """A guide of one page with a record."""
    folder.snippet("page", "# %% one\nprint('words')\n1 + 1\n")
    assert not folder.run().failures
    return folder


@pytest.mark.parametrize("sandbox", ["on", "off"])
@pytest.mark.parametrize("by", ["run", "galley"])
def test_a_page_sees_no_difference(folder: GuideFolder, sandbox: str, by: str) -> None:
    if sandbox == "off":
        folder.without_sandbox()
    folder.snippet("page", SELF)

    def seen() -> dict[str, bytes]:
        if by == "run":
            assert not folder.run(everything=True).failures
        else:
            assert folder.galley("run", "--all").returncode == 0
        return {name: COST.sub(b"", data) for name, (data, _) in folder.recorded().items()}

    with forked.true_processes():
        first = seen()
    folder.write("snippets/outputs/page/laptop/record.json", "{}")  # so that all is written anew
    assert seen() == first
    assert "one.stdout.txt" in " ".join(first)


@pytest.mark.parametrize("words", SAYS.values(), ids=SAYS)
def test_a_command_says_the_same(recorded: GuideFolder, words: list[str]) -> None:
    def said() -> tuple[int, str]:
        done = recorded.galley(*words)
        return done.returncode, done.stdout

    fork = forked.run([command("galley"), *words], recorded.root, quiet_environment(), seconds=60)
    with forked.true_processes():
        assert forked.run([command("galley"), *words], recorded.root, quiet_environment(), seconds=60) is None
        assert said() == fork
    assert said() == fork


def test_a_builder_builds_the_same(recorded: GuideFolder) -> None:
    def built() -> tuple[int, dict[str, bytes]]:
        code = recorded.mkdocs().returncode
        site = recorded.root / "site"
        pages = {str(path.relative_to(site)): path.read_bytes() for path in site.rglob("*.html")}
        return code, {name: data for name, data in pages.items() if name != "404.html"}

    with forked.true_processes():
        first = built()
    (recorded.root / "site/page.html").unlink()
    assert built() == first
    recorded.page("page", '```python exec="on" cell="page/nowhere"\n```\n')
    assert recorded.mkdocs().returncode == 1


def test_pytest_says_the_same(recorded: GuideFolder) -> None:
    recorded.write("tests/test_own.py", OWN_TEST)
    recorded.write("snippets/outputs/page/laptop/one.stdout.txt", "other words\n")

    def said() -> tuple[int, str]:
        done = recorded.call([*PYTEST, "-vv", "--galley", "-p", "no:xdist", "tests", "docs"])
        return done.returncode, re.sub(r"in [0-9.]+s", "", done.stdout)

    with forked.true_processes():
        first = said()
    assert said() == first
    assert "test_own.py::test_own FAILED" in first[1]
    assert "docs/page.md::one <- snippets/page.py FAILED" in first[1]


@pytest.mark.parametrize("name", ["PYTHONPATH", "LD_PRELOAD", "GALLEY_ANYTHING", "PYTHONWARNINGS"])
def test_what_counts_before_the_first_line_gets_a_process_of_its_own(recorded: GuideFolder, name: str) -> None:
    words = [command("galley"), "--version"]
    assert forked.run(words, recorded.root, quiet_environment(), seconds=60)
    assert forked.run(words, recorded.root, quiet_environment(**{name: "/nowhere"}), seconds=60) is None
    assert forked.run([sys.executable, "-c", "1"], recorded.root, quiet_environment(), seconds=60) is None


def test_a_command_gets_the_variables_and_nothing_of_the_one_before(recorded: GuideFolder) -> None:
    assert recorded.galley("run", "--all", CI="true").returncode == Exit.REFUSED
    assert recorded.galley("run", "--all").returncode == 0
    (recorded.root / "pyproject.toml").unlink()
    assert recorded.galley("check").returncode != 0


def test_a_command_that_takes_too_long_is_killed(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport time\ntime.sleep(1000)\n")
    with pytest.raises(subprocess.TimeoutExpired):
        forked.run([command("galley"), "run"], folder.root, quiet_environment(), seconds=0.5)


def test_a_file_of_the_guide_that_is_called_as_a_module_is_in_nobodys_way(recorded: GuideFolder) -> None:
    recorded.write("galley.py", "raise SystemExit('mine')\n")
    recorded.write("json.py", "raise SystemExit('mine')\n")
    done = recorded.galley("check")
    assert done.returncode == 0, done.stdout


def test_a_runner_is_a_fork_unless_a_test_looks_for_it(folder: GuideFolder) -> None:
    folder.without_sandbox()
    folder.snippet(
        "page",
        '# %% one\nimport os\nprint(open(f"/proc/{os.getppid()}/cmdline").read().split("\\0")[1:4])\n'
        "# %% two\nprint(os.getsid(os.getppid()))\n",
    )
    said = []
    for command_too in (False, True):
        ended = folder.galley("run", "--all").returncode if command_too else len(folder.run(everything=True).failures)
        said += [ended, folder.output("page", "one.stdout.txt")]
        assert int(folder.output("page", "two.stdout.txt")) != os.getsid(0), "a runner has a session of its own"
    with forked.true_processes():
        folder.run(everything=True)
    assert [*said[::2], *("fork_server.py" in each for each in said[1::2])] == [0, 0, True, True]
    assert folder.output("page", "one.stdout.txt") == "['-P', '-m', 'galley.run.server']\n"
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    folder.write("pyproject.toml", f'{settings}\n[tool.galley.environment]\nMARK = "looked for"\n')
    assert not folder.run(everything=True).failures
    assert folder.output("page", "one.stdout.txt") == "['-P', '-m', 'galley.run.server']\n"


def test_a_server_that_cannot_start_is_told(tmp_path: Path) -> None:
    with (
        forked.Server.at(tmp_path / "socket", quiet_environment(), [], "no_such_module") as server,
        pytest.raises(RuntimeError, match="with no_such_module ended"),
    ):
        server.run("json.tool", [], quiet_environment(), tmp_path, seconds=5)


def test_a_program_gets_what_it_is_given_and_nothing_of_the_server(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys\nprint(sorted(os.environ.items()), os.getcwd(), sys.argv, sys.path[0], flush=True)\n"
        "print(sys.stdin.read() == '', __name__)\nsys.exit(sys.argv[1] or 'the end')\n"
    )
    variables = quiet_environment(ONE="1")
    with forked.Server.at(tmp_path / "socket", variables | {"OF_THE_SERVER": "1"}, [], "json") as server:
        for argument in ("", "x"):
            fork = server.run(str(script), [argument], variables, tmp_path, seconds=30)
            true = subprocess.run(
                [sys.executable, script, argument], cwd=tmp_path, env=variables, stdin=subprocess.DEVNULL, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            )  # fmt: skip
            assert fork == (true.returncode, true.stdout)
