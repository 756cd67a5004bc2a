"""How a page ends: as a program ends, within its time; what it still prints is its last cell's."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from guide_folder import SETTINGS, GuideFolder
from processes import wait_until_gone

pytestmark = pytest.mark.usefixtures("true_processes")

THREAD = """\
import threading, time
def work():
    time.sleep(0.3)
    print("result: 42")
threading.Thread(target=work).start()
print("started")
"""
LATE = {
    "thread": THREAD,
    "executor": """\
import time
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(2)
pool.submit(lambda: (time.sleep(0.2), print("in the pool")))
print("submitted")
""",
    "atexit": """\
import atexit
atexit.register(print, "registered first")
atexit.register(print, "registered last")
print("body")
""",
    "finaliser": """\
class Held:
    def __del__(self):
        print("gone, and names are still there:", NAME)
NAME, held = "name", Held()
def function():
    return held
print("body")
""",
    "weak": """\
import weakref
class Held: pass
held = Held()
finalizer = weakref.finalize(held, print, "finalised")
print("body")
""",
    "logging": """\
import logging, logging.handlers, sys
root = logging.getLogger()
root.addHandler(logging.handlers.MemoryHandler(100, target=logging.StreamHandler(sys.stdout)))
root.warning("kept until the end")
print("body")
""",
    "process": """\
import multiprocessing, time
def work():
    time.sleep(0.2)
    print("in the process", flush=True)
multiprocessing.get_context("fork").Process(target=work).start()
print("started", flush=True)
""",
    "handler_fails": """\
import atexit, sys
sys.stderr = sys.stdout
def broken():
    raise ValueError("broken")
atexit.register(print, "called all the same")
atexit.register(broken)
""",
    "unfinished": """\
import sys
print("no end of line", end="")
sys.stdout.reconfigure(line_buffering=False)
print(" and more", end="")
""",
}


@pytest.mark.parametrize("case", LATE)
def test_what_a_page_prints_at_its_end_is_recorded_as_a_program_prints_it(folder: GuideFolder, case: str) -> None:
    path = folder.snippet("page", f"# %% first\nprint(1)\n# %% last\n{LATE[case]}")
    assert not folder.run().failures
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=30, check=True)
    recorded = folder.output("page", "first.stdout.txt") + folder.output("page", "last.stdout.txt")
    lines = [re.sub(r"0x[0-9a-f]+", "0x…", line) for line in plain.stdout.splitlines() if not line.startswith("  File")]
    assert [line for line in recorded.splitlines() if not line.startswith("  File")] == lines


def test_a_file_that_an_exit_handler_opens_counts(folder: GuideFolder) -> None:
    folder.write("snippets/data.txt", "at the end\n")
    late = (
        "import atexit\nfrom pathlib import Path\natexit.register(lambda: print(Path(__file__, '../data.txt').resolve()"
    )
    folder.snippet("page", f"# %% one\n{late}.read_text()))\n1 + 1\n")
    assert not folder.run().failures
    assert folder.output("page", "one.value.txt") == "2"
    assert folder.output("page", "one.stdout.txt") == "at the end\n\n"
    assert [each.path for each in folder.record("page").dependencies] == ["snippets/data.txt"]


ENDLESS = {
    "thread": ("import threading, time\nthreading.Thread(target=time.sleep, args=(999,), name='slow').start()", 0),
    "own": (
        "import threading, time\ndef work():\n    while True:\n        time.sleep(0.01)\n"
        "threading.Thread(target=work, name='slow').start()",
        7,
    ),
    "two": (
        "import threading, time\nfor name in ('slow', 'other'):\n"
        "    threading.Thread(target=lambda: time.sleep(999), name=name).start()",
        6,
    ),
    "handler": ("import atexit, time\ndef slow():\n    time.sleep(999)\ndone = atexit.register(slow)", 6),
    "finaliser": ("import time\nclass Held:\n    def __del__(self):\n        time.sleep(999)\nheld = Held()", 7),
    "process": ("import multiprocessing, time\nmp = multiprocessing.get_context('fork')\n"
                "mp.Process(target=time.sleep, args=(999,), name='slow').start()", 0),
    "deaf": ("import atexit, re\ndone = atexit.register(re.match, r'(a+)+$', 'a' * 60 + 'b')", 0),
}  # fmt: skip
SAID = {
    "thread": "the thread 'slow' still ran 2 s after the last cell",
    "own": "the thread 'slow' still ran",
    "two": "the thread 'slow', the thread 'other' still ran",
    "handler": "an exit handler or a finaliser still ran",
    "finaliser": "an exit handler or a finaliser still ran",
    "process": "the process 'slow' still ran",
    "deaf": "was stopped",
}


def test_a_page_that_does_not_end_fails_and_names_what_keeps_it(folder: GuideFolder) -> None:
    marked = f'{SETTINGS}[tool.galley.environment]\nGALLEY_TEST = "{folder.root}"\n'
    folder.write("pyproject.toml", marked.replace("timeout = 20.0", "timeout = 2.0"))
    for case, (code, _) in ENDLESS.items():
        folder.snippet(case, f"# %% first\nprint(1)\n# %% last\n{code}\n")
    folder.snippet("good", "# %% one\nprint('good')\n")
    failures = folder.run().failures
    assert set(failures) == set(ENDLESS)
    for case, (_, line) in ENDLESS.items():
        assert "in cell last:" in failures[case], failures[case]
        assert SAID[case] in failures[case], failures[case]
        assert not line or failures[case].startswith(f"snippets/{case}.py:{line}: "), failures[case]
    assert wait_until_gone(str(folder.root)) == []


def test_the_last_cells_own_timeout_is_what_the_end_may_take(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("timeout = 20.0", "timeout = 0.2"))
    folder.snippet("page", f'# %% one timeout="20"\n{THREAD}')
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "started\nresult: 42\n"


def test_exit_handlers_of_the_runner_are_not_the_pages(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nimports = ["shared"]\n'))
    folder.without_sandbox()
    folder.write(
        "snippets/shared.py",
        """
        import atexit, logging, multiprocessing.util, tempfile, weakref
        from pathlib import Path
        place = tempfile.TemporaryDirectory()
        other = Path(tempfile.mkdtemp())
        atexit.register(other.rmdir)
        """,
    )
    for page in ("a", "b"):
        code = "import shared\nfrom pathlib import Path\nprint(Path(shared.place.name).is_dir(), shared.other.is_dir())"
        folder.snippet(page, f"# %% one\n{code}\n# %% two\n{LATE['weak']}{LATE['logging']}")
    assert not folder.run(jobs=1).failures
    for page in ("a", "b"):
        assert folder.output(page, "one.stdout.txt") == "True True\n"
        ends = folder.output(page, "two.stdout.txt").splitlines()[2:]
        assert sorted(ends) == ["finalised", "kept until the end"]
