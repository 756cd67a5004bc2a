"""Folders that go with the command that made them, and where it was killed, with the next command."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from galley import system
from guide_folder import GuideFolder, command, quiet_environment

HOLDING = """
import sys, time
from pathlib import Path
from galley import system
with system.scratch("galley-", Path(sys.argv[1]) if sys.argv[1:] else None) as folder:
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for temporary files that nothing else uses."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def holding(parent: Path | None = None) -> tuple[subprocess.Popen[str], Path]:
    """Another process that uses such a folder, and the folder."""
    asked = [sys.executable, "-c", HOLDING, *([str(parent)] if parent else [])]
    process = subprocess.Popen(asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=quiet_environment())
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def killed() -> Path:
    """The folder of a process that was killed while it used it."""
    process, folder = holding()
    process.kill()
    process.communicate()
    assert folder.is_dir()
    return folder


def own(folder: Path) -> list[str]:
    """What is in a folder, without the private folder of this user's commands."""
    return sorted(path.name for path in folder.iterdir() if path != system.private_folder())


def marks() -> list[str]:
    """The names of the marks."""
    return [path.name for path in system.private_folder().glob("*.made")]


def test_a_folder_goes_with_its_block_and_so_does_its_mark(temporary: Path) -> None:
    with system.scratch("galley-") as folder:
        assert folder.parent == temporary
        assert folder.stat().st_mode & 0o077 == 0
        assert marks() == [f"{folder.name}.made"]
        (folder / "deep").mkdir()
        (folder / "deep/file").write_text("")
    assert (own(temporary), marks()) == ([], [])


def test_the_folder_of_a_processthat_was_killed_goes_with_the_next_one(temporary: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine")
    commands, places = zip(holding(), holding(tmp_path), strict=True)
    for process, folder in zip(commands, places, strict=True):
        process.kill()
        process.communicate()
        (folder / "link").symlink_to(mine)
        (folder / "closed/deep").mkdir(parents=True)
        (folder / "closed").chmod(0)
    with system.scratch("galley-") as folder:
        assert own(temporary) == [folder.name]
    assert not any(folder.exists() for folder in places)
    assert (mine / "notes.txt").read_text() == "mine"
    assert marks() == []


def test_the_folder_of_a_processthat_lives_stays() -> None:
    process, used = holding()
    stopped, other = holding()
    stopped.send_signal(signal.SIGSTOP)
    try:
        for _ in range(2):
            with system.scratch("galley-"):
                assert used.is_dir()
                assert other.is_dir()
    finally:
        stopped.kill()
        stopped.communicate()
        process.communicate("")
    assert not used.exists()
    with system.scratch("galley-"):
        assert not other.exists()


NO_MARKS: dict[str, Callable[[Path, Path], object]] = {
    "no mark": lambda folder, mark: mark.unlink(),
    "the mark of another folder": lambda folder, mark: mark.write_text(str(folder.parent)),
    "a mark that was not written": lambda folder, mark: mark.write_text(""),
    "a mark that is no text": lambda folder, mark: mark.write_bytes(b"\0"),
    "a link in its place": lambda folder, mark: (folder.rename(folder.parent / "mine"), folder.symlink_to("mine")),
}


@pytest.mark.parametrize("how", NO_MARKS)
def test_nothing_goes_that_no_mark_names(temporary: Path, how: str) -> None:
    folder = killed()
    (folder / "notes.txt").write_text("mine")
    NO_MARKS[how](folder, system.private_folder() / f"{folder.name}.made")
    folder.chmod(0o755)
    before = own(temporary)
    with system.scratch("galley-"):
        pass
    assert own(temporary) == before
    assert folder.stat().st_mode & 0o777 == 0o755
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_processworks_where_nothing_can_be_marked(temporary: Path) -> None:
    (temporary / f"galley-{os.getuid()}").write_text("mine")
    with system.scratch("galley-") as folder:
        assert folder.is_dir()
    assert not folder.exists()


def test_a_killed_build_leaves_its_folder_to_the_next_one(folder: GuideFolder, temporary: Path) -> None:
    folder.page("index", "Hello.")
    (folder.root / "wait.py").write_text(
        "import time\ndef on_page_markdown(*_, **__):\n    print('builds', flush=True)\n    time.sleep(1000)\n"
    )
    settings = folder.root / "mkdocs.yml"
    plain = settings.read_text()
    settings.write_text(f"{plain}hooks: [wait.py]\n")
    asked = [command("galley"), "build"]
    process = subprocess.Popen(asked, cwd=folder.root, env=quiet_environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert any("builds" in line for line in process.stdout)
    process.kill()
    process.communicate()
    work = folder.root / ".cache/galley"
    assert list(work.glob("site-*"))
    settings.write_text(plain)
    done = folder.galley("build")
    assert done.returncode == 0, done.stdout
    assert not list(work.glob("site-*"))
