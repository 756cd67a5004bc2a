"""The commands on systems that lack what Linux has, as far as Linux can show it: what is lacking is taken away."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import pytest

from galley.errors import Exit, RunnerError
from galley.run import client, runners
from galley.serve import Keeper, why_not
from guide_folder import SETTINGS, GuideFolder
from processes import processes_of, wait_until_gone

pytestmark = pytest.mark.usefixtures("true_processes")

WITHOUT = str(Path(__file__).with_name("without"))
UNIX_MODULES = "fcntl termios resource pwd grp"
MACOS = "os.waitid os.sched_getaffinity ctypes /proc"  # its C library has no prctl, which ctypes would find
WINDOWS = (
    f"{UNIX_MODULES} {MACOS} os.fork os.forkpty os.getuid os.geteuid os.getgid os.setsid os.killpg os.getpgid"
    " os.mkfifo os.O_NOFOLLOW os.O_NONBLOCK socket.AF_UNIX socket.send_fds socket.recv_fds signal.SIGKILL"
)
LACKING = {
    "fcntl": UNIX_MODULES,
    "waitid": "os.waitid",
    "proc": "/proc",
    "ctypes": "ctypes",
    "macOS": MACOS,
}
NEEDS_FORK = "pages run on a system that can fork, and this one cannot: use Linux, macOS, or WSL on Windows"


def lacking(root: Path, what: str) -> GuideFolder:
    """An empty guide whose runner and pages lack something too: they see no variable but those of the settings."""
    environment = f'environment = {{ PYTHONPATH = "{WITHOUT}", GALLEY_WITHOUT = "{what}" }}'
    settings = SETTINGS.replace("[tool.galley]\n", f"[tool.galley]\n{environment}\n")
    return GuideFolder.make(root, settings, theme="mkdocs")


@pytest.fixture
def recorded(folder: GuideFolder) -> GuideFolder:
    """A guide with a true record."""
    GuideFolder.make(folder.root, theme="mkdocs")
    folder.page("index", "Hello.")
    folder.snippet("page", "# %% one\nprint('recorded')\n")
    assert not folder.run().failures
    return folder


@pytest.mark.parametrize("what", [WINDOWS, UNIX_MODULES, "os.fork"], ids=["Windows", "fcntl", "fork"])
def test_what_runs_no_page_works_on_any_system(recorded: GuideFolder, what: str) -> None:
    asked = {
        ("--help",): "Run a guide's snippets",
        ("check",): "1 page, 1 cell: every required record is true",
        ("export", "page", "-o", "page.ipynb"): "wrote page.ipynb",
        ("run",): "nothing to run: every record asked for is true",
        ("build",): "The site is in site;",
    }
    for words, said in asked.items():
        done = recorded.galley(*words, PYTHONPATH=WITHOUT, GALLEY_WITHOUT=what)
        assert (done.returncode, said in done.stdout) == (0, True), done.stdout
    assert "recorded" in (recorded.root / "site/page.html").read_text()
    assert "recorded" in (recorded.root / "page.ipynb").read_text()


@pytest.mark.parametrize("command", ["run", "build"])
def test_what_would_run_a_page_says_in_a_sentence_what_it_needs(recorded: GuideFolder, command: str) -> None:
    recorded.snippet("page", "# %% one\nprint('other')\n")
    quiet = "ignore:only soft file lock"  # Windows has true ones, of which filelock knows
    done = recorded.galley(command, PYTHONPATH=WITHOUT, GALLEY_WITHOUT=WINDOWS, PYTHONWARNINGS=quiet)
    mend = "galley check, galley export and a build from true records work here too"
    assert done.stdout == f"{NEEDS_FORK}\n    {mend}\n"
    assert done.returncode == Exit.RUNNER


def test_an_author_without_fork_still_previews_prose(recorded: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    async def start() -> None:
        async with Keeper(recorded.project) as keeper:
            await keeper.socket()

    monkeypatch.delattr(os, "fork")
    with pytest.raises(RunnerError) as error:
        asyncio.run(start())
    assert why_not(error.value) == f"nothing can be run here, prose still previews: {NEEDS_FORK}"


@pytest.mark.parametrize("what", LACKING.values(), ids=LACKING)
def test_pages_run_without(tmp_path: Path, what: str) -> None:
    folder = lacking(tmp_path, what)
    marker = f"galley-lacking-{os.getpid()}-{tmp_path.name}"
    started = f"import os, subprocess\nsubprocess.Popen(['sleep', '1000'], env={{**os.environ, 'M': '{marker}'}})\n"
    folder.snippet("one", f"# %% one\n{started}os.write(1, b'x' * 200_000)\nprint('end')\n# %% two\nprint(2)\n")
    folder.snippet("alone", "# %% one [measured]\nprint(1)\n")
    folder.snippet("failing", "# %% one\nimport os\nos.kill(os.getpid(), 11)\n")
    done = folder.galley("run", "--jobs", "2", PYTHONPATH=WITHOUT, GALLEY_WITHOUT=what)
    assert done.returncode == Exit.PAGE_FAILED, done.stdout
    assert done.stdout.count("): recorded (") == 2
    assert "snippets/failing.py:3: page failing (laptop) in cell one: the page's process was killed by SIGSEGV" in (
        done.stdout
    )
    assert [each.files[0].cut for each in folder.record("one").cells[0].outputs] == [200_004 - 65536]
    assert folder.output("one", "two.stdout.txt") == "2\n"
    assert wait_until_gone(marker) == []


@pytest.mark.parametrize("what", ["", MACOS], ids=["Linux", "macOS"])
def test_a_page_and_what_it_started_die_with_their_runner(tmp_path: Path, what: str) -> None:
    folder = lacking(tmp_path, what)
    marker = f"galley-orphan-{os.getpid()}-{tmp_path.name}"
    folder.without_sandbox()
    folder.snippet(
        "page",
        f"""\
        # %% one
        import os, signal, subprocess, time
        subprocess.Popen(["sleep", "1000"], env={{**os.environ, "M": "{marker}"}})
        os.environ["M"] = "{marker}"
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(1000)
        """,
    )
    done = folder.galley("run")
    assert "page page (laptop) in cell one: the runner went away while the page ran" in done.stdout
    assert wait_until_gone(marker) == []
    assert wait_until_gone(WITHOUT) == [], "the page, and the runner's guard"
    assert processes_of(marker) == []


@pytest.mark.parametrize("victim", ["SIGKILL", "SIGSTOP"])
def test_what_left_its_page_and_its_group_dies_with_the_runner(
    folder: GuideFolder, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On Linux, where a process can become the parent of every orphan below it."""
    if not sys.platform.startswith("linux"):
        pytest.skip("elsewhere such a process lives on")
    for module in (client, runners):
        monkeypatch.setattr(module, "GRACE", 0.2)
    folder.without_sandbox()  # in which no page reaches the runner
    marker = f"galley-left-{os.getpid()}-{folder.root.name}"
    for stem in ("one", "two"):
        folder.snippet(
            stem,
            f"""\
            # %% one timeout="0.5"
            import os, signal, subprocess, time
            marked = {{**os.environ, "M": "{marker}"}}
            subprocess.Popen(["sleep", "1000"], env=marked, start_new_session=True)
            subprocess.Popen(["sh", "-c", "setsid sleep 1000 & setsid sleep 1000 & exit"], env=marked).wait()
            os.kill(os.getppid(), signal.{victim})
            time.sleep(1000)
            """,
        )
    folder.snippet("good", "# %% one\nprint('fine')\n")
    ended = folder.run()
    assert sorted(ended.failures) == ["one", "two"]
    assert folder.output("good", "one.stdout.txt") == "fine\n"
    assert wait_until_gone(marker) == []


def test_a_limit_of_memory_that_cannot_be_set_is_told(tmp_path: Path) -> None:
    folder = lacking(tmp_path, "resource")
    folder.write("pyproject.toml", (tmp_path / "pyproject.toml").read_text() + "memory_mb = 500\n")
    folder.snippet("page", "# %% one\nprint(1)\n")
    done = folder.galley("run")
    assert "this system sets no limit to a page's memory, and the profile asks for 500 MB" in done.stdout
    assert "take memory_mb out of the profile's settings" in done.stdout
    assert done.returncode == Exit.PAGE_FAILED


def test_a_temporary_folder_with_too_long_a_name_is_told_and_mended(folder: GuideFolder, tmp_path: Path) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    long = tmp_path / ("x" * 90)
    long.mkdir()
    done = folder.galley("run", TMPDIR=str(long))
    assert f"TMPDIR is too long: this system takes no socket at {long}" in done.stdout
    assert "set a shorter one, for example: export TMPDIR=/tmp" in done.stdout
    assert done.returncode == Exit.RUNNER
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        assert folder.galley("run", TMPDIR=short).returncode == 0
