"""What compiled code and other programs open is seen, and nothing that others open."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from galley.record.model import Record
from galley.run.sight import MOST
from galley.system import sandbox
from guide_folder import GuideFolder
from processes import processes_of

pytestmark = pytest.mark.usefixtures("true_processes")
QUEUE = Path("/proc/sys/fs/inotify/max_queued_events")

BEGIN = """\
# %% one
import ctypes, os, sqlite3, subprocess, sys
C = ctypes.CDLL(None)
ROOT = {root!r}
WORDS = ROOT + "/data/words.txt"
"""
# Each opens data/words.txt, or data/words.db, in a way of which Python hears nothing.
OPENING = {
    "a program": "subprocess.run(['cat', WORDS], check=True)",
    "a shell": "os.system(f'read line < {WORDS}')",
    "another Python": "subprocess.run([sys.executable, '-c', f'print(open({WORDS!r}).read())'], check=True)",
    "C": "assert C.open(WORDS.encode(), 0) > 0",
    "C, beside a folder": "there = os.open(ROOT + '/data', os.O_RDONLY)\nassert C.openat(there, b'words.txt', 0) > 0",
    "Python, beside a folder": "os.read(os.open('words.txt', os.O_RDONLY, dir_fd=os.open(ROOT + '/data', 0)), 1)",
    "through a link": "os.symlink(ROOT + '/data', 'there')\nsubprocess.run(['cat', 'there/words.txt'], check=True)",
    "SQL": "print(sqlite3.connect(':memory:').execute('ATTACH ? AS x', (f'file:{ROOT}/data/words.db?mode=ro',))"
    ".execute('SELECT * FROM x.words').fetchall())",
    "a copy of the process": "if os.fork() == 0:\n    C.open(WORDS.encode(), 0)\n    os._exit(0)\nos.wait()",
}


def seen(record: Record) -> dict[str, str]:
    """What a record depends on: the kinds by path."""
    return {each.path: each.kind for each in record.dependencies}


@pytest.fixture
def folder(tmp_path: Path) -> GuideFolder:
    """A guide with data; skips where this machine lets nobody see what other programs open."""
    folder = with_data(tmp_path)
    folder.snippet("probe", "# %% one\n1\n")
    said = folder.run("probe").said
    if sandbox.SIGHT in said:
        pytest.skip(said.splitlines()[0])
    return folder


def with_data(root: Path) -> GuideFolder:
    """A guide with a text and a database in the folder `data`."""
    folder = GuideFolder.make(root)
    folder.write("data/words.txt", "one\n")
    base = sqlite3.connect(folder.root / "data/words.db")
    base.execute("CREATE TABLE words (word TEXT)")
    base.commit()
    base.close()
    return folder


def test_what_is_opened_out_of_pythons_sight_is_a_dependency(folder: GuideFolder) -> None:
    for number, code in enumerate(OPENING.values()):
        code = code.replace("sqlite3.connect(':memory:')", "sqlite3.connect(':memory:', uri=True)")
        folder.snippet(f"page{number}", BEGIN.format(root=str(folder.root)) + code)
    ended = folder.run()
    assert not ended.failures
    for number, name in enumerate(OPENING):
        file = "data/words.db" if name == "SQL" else "data/words.txt"
        assert seen(folder.record(f"page{number}")).get(file) == "file", name
    folder.write("data/words.txt", "two\n")
    (folder.root / "data/words.db").write_bytes(b"")
    assert {folder.status(f"page{number}").state for number in range(len(OPENING))} == {"stale"}
    assert folder.status("probe").state == "fresh"


def test_a_folder_that_a_program_lists_is_a_dependency(folder: GuideFolder) -> None:
    folder.snippet("page", BEGIN.format(root=str(folder.root)) + "subprocess.run(['ls', ROOT + '/data'], check=True)")
    assert not folder.run().failures
    assert seen(folder.record("page")) == {"data": "listing"}
    folder.write("data/more.txt", "")
    assert folder.status("page").state == "stale"


def test_a_folder_in_which_python_looks_for_modules_is_none(folder: GuideFolder) -> None:
    folder.write("snippets/tools/__init__.py", "from . import below\n")
    folder.write("snippets/tools/below.py", "x = 1\n")
    begun = (
        "process = multiprocessing.get_context('spawn').Process(target=print)\n    process.start()\n    process.join()"
    )
    main = f"if __name__ == '__main__':\n    {begun}\n"
    folder.snippet("page", f"# %% one\nimport multiprocessing, tools\n{main}")
    assert not folder.run("page").failures
    assert set(seen(folder.record("page")).values()) == {"module"}, seen(folder.record("page"))


@contextmanager
def again_and_again(do: Callable[[], object]) -> Iterator[None]:
    """Let a thread of the test do something as long as the context lasts."""
    ended = threading.Event()

    def go_on() -> None:
        while not ended.wait(0.01):
            do()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def test_what_others_open_meanwhile_is_no_dependency(folder: GuideFolder) -> None:
    for name in ("one", "two"):
        file = folder.write(f"data/{name}.txt", name)
        folder.snippet(name, f"# %% one\nimport os\nfor _ in range(50): os.system('read line < {file}')\n")
    with again_and_again((folder.root / "data/words.txt").read_bytes):
        assert not folder.run("one", "two", jobs=2).failures
    assert seen(folder.record("one")) == {"data/one.txt": "file"}
    assert seen(folder.record("two")) == {"data/two.txt": "file"}


def test_a_file_that_a_program_read_and_somebody_changed_fails_the_page(folder: GuideFolder) -> None:
    words = folder.root / "data/words.txt"
    marker = f"galley-sight-{folder.root}"
    tells = f"os.system(f'cat {{WORDS}}')\nsubprocess.Popen(['sleep', '99'], env={{'PATH': '/bin', 'M': {marker!r}}})\n"
    waits = "import time\nwhile os.stat(WORDS).st_size < 9: time.sleep(0.01)\n"
    folder.snippet("page", BEGIN.format(root=str(folder.root)) + tells + waits)

    def write() -> None:
        if words.stat().st_size < 9 and processes_of(marker):
            words.write_text("longer words\n", encoding="utf-8")

    with again_and_again(write):
        failures = folder.run("page").failures
    assert "data/words.txt changed while the page ran: run it again" in failures["page"]


def many(folder: GuideFolder, function: str) -> str:
    """A page that opens two files in turn more often than the kernel keeps word of."""
    times = int(QUEUE.read_text(encoding="ascii"))
    if times > 1 << 17:
        pytest.skip("the kernel keeps word of very many files")
    return (
        BEGIN.format(root=str(folder.root)) + f"for number in range({times + 999}):\n"
        f"    os.close({function}([WORDS, ROOT + '/data/words.db'][number % 2].encode(), os.O_RDONLY))\n"
    )


def test_what_the_kernel_cannot_tell_fails_the_page_until_it_is_declared(folder: GuideFolder) -> None:
    source = many(folder, "C.open")
    folder.snippet("page", source)
    told = "more files of the project at once than the kernel tells of: declare their folder with uses"
    assert told in folder.run("page").failures["page"]
    assert folder.status("page").state == "missing"
    folder.snippet("page", source.replace("# %% one", '# %% one uses="data"'))
    assert not folder.run("page").failures
    assert seen(folder.record("page"))["data/words.db"] == "file"


def test_what_python_opens_may_be_as_many_as_it_likes(folder: GuideFolder) -> None:
    folder.snippet("page", many(folder, "os.open"))
    assert not folder.run("page").failures


def test_a_page_that_closes_what_tells_of_its_files_fails(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport os\nos.closerange(500, 1000)\n")
    assert "the page closed a file of galley's" in folder.run("page").failures["page"]


def test_a_page_s_own_descriptors_have_the_numbers_that_they_have_without_it(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport os\nprint(os.open(os.devnull, 0))\n")
    assert not folder.run("page").failures
    with_sight = folder.output("page", "one.stdout.txt")
    folder.without_sandbox()
    assert not folder.run("page", everything=True).failures
    assert folder.output("page", "one.stdout.txt") == with_sight


def test_the_nearest_folders_are_watched_and_the_run_says_that_others_are_not(folder: GuideFolder) -> None:
    for number in range(MOST):
        (folder.root / f"zoo/cage{number:03}").mkdir(parents=True)
    far = folder.write(f"zoo/cage{MOST - 1:03}/far.txt", "far")
    folder.snippet("page", BEGIN.format(root=str(folder.root)) + f"os.system(f'cat {{WORDS}} {far}')\n")
    ended = folder.run("page")
    assert not ended.failures
    assert seen(folder.record("page")) == {"data/words.txt": "file"}
    what = f"of more than {MOST} folders these are not watched: {folder.root}/zoo/cage"
    assert f"without {sandbox.SIGHT}: {what}" in ended.said
    folder.snippet("page", BEGIN.format(root=str(folder.root)).replace("one", 'one uses="zoo"', 1) + "1\n")
    assert sandbox.SIGHT not in folder.run("page").said


def test_without_the_sandbox_nothing_is_seen_and_the_run_says_so(tmp_path: Path) -> None:
    folder = with_data(tmp_path).without_sandbox()
    folder.snippet("page", BEGIN.format(root=str(folder.root)) + OPENING["a program"])
    said = folder.run().said
    assert f"{sandbox.SIGHT}: {sandbox.SWITCHED_OFF}" in said
    assert seen(folder.record("page")) == {}


def test_what_is_mounted_in_the_project_is_there_and_the_run_says_what_is_not_seen(
    folder: GuideFolder,
) -> None:
    folder.snippet("page", f"# %% one\nprint(open({str(folder.root / 'data/inside.txt')!r}).read())\n")
    galley = Path(sys.executable).with_name("galley")
    script = f"mount -t tmpfs none data && echo inside > data/inside.txt && exec {galley} run page"
    apart = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*apart, "true"], check=False).returncode:
        pytest.skip("the kernel gives no namespace to mount in")
    done = folder.call([*apart, "sh", "-c", script])
    assert done.returncode == 0, done.stdout
    assert folder.output("page", "one.stdout.txt") == "inside\n\n"
    assert f"without {sandbox.SIGHT}: the kernel lays no overlay over the project" in done.stdout
