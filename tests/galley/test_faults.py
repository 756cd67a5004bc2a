"""Cells that raise, exit, die, hang, flood or litter: each fails at its line, and harms nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from guide_folder import SETTINGS, Ended, GuideFolder, python
from processes import wait_until_gone

GOOD = '# %% first\nprint("good")\n# %% second\nprint("old")\n'

# Each stands at line 4 and below, in the cell `second`; the line and the words are what the failure must name.
FAULTS: dict[str, tuple[str, int, str]] = {
    "raises": ('raise ValueError("broken")', 4, "ValueError: broken"),
    "raises_deeper": ("def f():\n    return 1 / 0\n\nf()", 5, "ZeroDivisionError: division by zero"),
    "raises_in_library": ('import json\njson.loads("{")', 5, "JSONDecodeError: Expecting property name"),
    "raises_in_loop": ("for i in range(3):\n    [1, 2][i]", 5, "IndexError: list index out of range"),
    "exits": ("import os\n\nos._exit(3)", 6, "the page's process exited with status 3"),
    "dies_speaking": (
        "import os, stat\nfor each in range(3, 100):\n    try:\n"
        '        if stat.S_ISSOCK(os.fstat(each).st_mode): os.write(each, b\'{"event": "do\')\n'
        "    except OSError:\n        pass\nos._exit(3)",
        10,
        "the page's process exited with status 3",
    ),
    "exits_well": ("import os\n\nos._exit(0)", 6, "the page's process exited with status 0"),
    "dies": ("import os\n\nos.kill(os.getpid(), 11)", 6, "the page's process was killed by SIGSEGV"),
    "dies_in_c": ("import ctypes\nctypes.string_at(0)", 5, "the page's process was killed by SIGSEGV"),
    "killed": ("import os\nos.killpg(0, 9)", 5, "the page's process was killed by SIGKILL"),
    "endless": ("while True:\n    pass", 4, "took longer than 2 s and was stopped"),
    "sleeps": ("import time\ntime.sleep(1000)", 5, "took longer than 2 s and was stopped"),
    "hangs_in_c": ('import re\nre.match(r"(a+)+$", "a" * 60 + "b")', 5, "took longer than 2 s and was stopped"),
    "deaf": (
        "import signal\nfor each in (15, 2, 1):\n    signal.signal(each, signal.SIG_IGN)\nwhile True: pass",
        7,
        "took longer than 2 s and was stopped",
    ),
    "exits_politely": ('import sys\nsys.exit("bye")', 5, "the cell exited: SystemExit: bye"),
    "interrupts": ("raise KeyboardInterrupt", 4, "KeyboardInterrupt"),
    "recurses": ("def f():\n    f()\n\nf()", 5, "RecursionError: maximum recursion depth"),
    "eats_memory": ("bytearray(10**15)", 4, "MemoryError"),
    "no_function": ("x = 1\nreturn x", 5, "SyntaxError: 'return' outside function"),
    "closes_output": ('import os\nos.close(1)\nprint("x")', 6, "OSError: [Errno 9] Bad file descriptor"),
    "closes_everything": (
        "import os\nos.closerange(0, 200)",
        5,
        "the page's process exited with status 70, as it does where a cell closes files that are not its own",
    ),
    "undefined": ("print(undefined)", 4, "NameError: name 'undefined' is not defined"),
    "bad_exception": (
        "class E(Exception):\n    def __str__(self): raise TypeError\nraise E",
        6,
        "E",
    ),
    "bad_value": ("class V:\n    def __repr__(self): return 1 / 0\nV()", 5, "ZeroDivisionError"),
    "warns_as_error": ('import warnings\nwarnings.simplefilter("error")\nwarnings.warn("old")', 6, "UserWarning: old"),
}

# Pages that do odd things and still end well.
HARMLESS: dict[str, tuple[str, dict[str, str]]] = {
    "bytes": ('import sys\nsys.stdout.buffer.write(b"\\xff\\xfe\\n")', {"stdout": "\\xff\\xfe\n", "value": "3"}),
    "surrogate": ('print("\\udc80")', {"stdout": "\\udc80\n"}),
    "no_folder": (
        'import os, shutil\nshutil.rmtree(os.getcwd(), ignore_errors=True)\nprint("left")',
        {"stdout": "left\n"},
    ),
    "elsewhere": ('import os\nos.chdir("/")\nprint(os.getcwd())', {"stdout": "/\n"}),
    "background": ('import subprocess\np = subprocess.Popen(["sleep", "1000"])\nprint("on")', {"stdout": "on\n"}),
    "session": (
        'import subprocess\np = subprocess.Popen(["sleep", "1000"], start_new_session=True)\nprint("on")',
        {"stdout": "on\n"},
    ),
    "daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(1000)\n"
        '    os._exit(0)\nprint("on")',
        {"stdout": "on\n"},
    ),
    "fork": ('import os\npid = os.fork()\nif pid:\n    os.waitpid(pid, 0)\n    print("on")', {"stdout": "on\n"}),
    "daemon_thread": (
        'import threading, time\nthreading.Thread(target=time.sleep, args=(1000,), daemon=True).start()\nprint("on")',
        {"stdout": "on\n"},
    ),
    "quiet": ("import os\nos.close(1)", {}),
    "replaced": ('import io, sys\nprint("a", end="")\nsys.stdout = io.StringIO()\nprint("lost")', {"stdout": "a"}),
    "both": ('import sys\nprint("out")\nprint("err", file=sys.stderr)', {"stdout": "out\n", "stderr": "err\n"}),
    "c_library": ('import ctypes\nprinted = ctypes.CDLL(None).puts(b"from C")', {"stdout": "from C\n"}),
    "child": ('import subprocess\ndone = subprocess.run(["echo", "from a child"])', {"stdout": "from a child\n"}),
    "input": ("import sys\nsys.stdin.read()", {"value": "''"}),
    "nothing": ("", {}),
    "main": ("print(__name__, __file__.rpartition('/')[2])", {"stdout": "__main__ main.py\n"}),
}


@dataclass(frozen=True)
class Scene:
    """A guide whose pages went wrong, with the records from before and how the run ended."""

    folder: GuideFolder
    before: dict[str, tuple[bytes, int]]
    ended: Ended


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Every page recorded once, then broken and run again."""
    root = tmp_path_factory.mktemp("faults")
    marker = f'[tool.galley.environment]\nGALLEY_TEST = "{root}"\n'
    folder = GuideFolder.make(root, SETTINGS + marker)
    for name in (*FAULTS, *HARMLESS, "good"):
        folder.snippet(name, GOOD)
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    folder.run(jobs=4)
    before = folder.recorded()
    for name, (code, _, _) in FAULTS.items():
        timeout = ' timeout="2"' if " 2 s " in FAULTS[name][2] else ""
        folder.snippet(name, f'# %% first\nprint("new")\n# %% second{timeout}\n{code}\n# %% third\nprint("never")\n')
    for name, (code, _) in HARMLESS.items():
        folder.snippet(name, f"# %% odd\n{code}\n# %% after\n1 + 1\n")
    ended = folder.run(jobs=4)
    patched.undo()
    return Scene(folder, before, ended)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_told_at_its_line(scene: Scene, name: str) -> None:
    _, line, what = FAULTS[name]
    page = name.replace("_", "-")
    told = scene.ended.failures[page]
    assert told.startswith(f"snippets/{name}.py:{line}: page {page} (laptop) in cell second: {what}")


@pytest.mark.parametrize("name", FAULTS)
def test_the_old_record_of_a_page_that_failed_stands_byte_for_byte(scene: Scene, name: str) -> None:
    ours = {path: content for path, content in scene.before.items() if path.startswith(f"{name.replace('_', '-')}/")}
    now = scene.folder.recorded()
    assert len(ours) == 4  # two outputs, record.json, run.json
    assert ours == {path: now[path] for path in ours}
    assert {path for path in now if path.startswith(f"{name.replace('_', '-')}/")} == set(ours)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_odd_and_ends_well_is_recorded(scene: Scene, name: str) -> None:
    page, (_, outputs) = name.replace("_", "-"), HARMLESS[name]
    assert page not in scene.ended.failures
    record = scene.folder.record(page)
    assert [cell.name for cell in record.cells] == ["odd", "after"]
    found = {each.kind: scene.folder.output(page, each.files[0].file) for each in record.cells[0].outputs}
    assert found == outputs
    assert [scene.folder.output(page, each.files[0].file) for each in record.cells[1].outputs] == ["2"]


def test_only_the_pages_that_failed_failed(scene: Scene) -> None:
    assert sorted(scene.ended.failures) == sorted(name.replace("_", "-") for name in FAULTS)
    assert scene.ended.summary.errors == []


def test_no_process_is_left(scene: Scene) -> None:
    assert wait_until_gone(str(scene.folder.root)) == []


def test_a_failure_tells_what_the_cell_wrote_and_its_own_frames_only(scene: Scene) -> None:
    failures = {failure.page: failure.detail for failure in scene.ended.summary.failures}
    assert 'raises_deeper.py", line 7, in <module>\n    f()' in failures["raises-deeper"]
    assert "return 1 / 0" in failures["raises-deeper"]
    assert "galley" not in failures["raises-deeper"].replace(str(scene.folder.root), "")
    assert "return x" in failures["no-function"]
    assert "execute.py" not in failures["no-function"]


def test_a_syntax_error_is_told_at_its_line_and_the_other_pages_are_recorded(folder: GuideFolder) -> None:
    folder.snippet("broken", "# %% first\nprint(1)\n")
    folder.run()
    before = folder.recorded()
    folder.snippet("broken", "# %% first\nprint(1\n")
    folder.snippet("good", "# %% first\nprint(2)\n")
    done = folder.galley("run")
    assert done.returncode == 3
    assert "snippets/broken.py:2: syntax error: '(' was never closed" in done.stdout
    assert folder.output("good", "first.stdout.txt") == "2\n"
    now = folder.recorded()
    assert before == {path: now[path] for path in before}


def test_a_page_that_removes_the_folder_that_it_runs_in_is_recorded_where_it_can(folder: GuideFolder) -> None:
    folder.without_sandbox()
    folder.snippet("page", '# %% one\nimport os, shutil\nshutil.rmtree(os.getcwd())\nprint("left")\n')
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "left\n"


FLOOD = """
    # %% text
    for _ in range(1600):
        print("x" * 65535)
    # %% after
    print("after")
    # %% errors
    import os
    block = b"e" * 1_000_000
    for _ in range(20):
        done = os.write(2, block)
    # %% value
    "v" * 5_000_000
"""

MEASURED = """
    import resource, sys
    from galley.cli import main
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sys.argv = ["galley", "run"]
    try:
        main()
    finally:
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        print(f"grown by {grown} KB")
"""


def test_a_hundred_megabytes_fill_neither_memory_nor_the_record(folder: GuideFolder) -> None:
    folder.snippet("flood", FLOOD)
    done = folder.call(python(MEASURED))
    assert done.returncode == 0, done.stdout
    found = re.search(r"grown by (\d+) KB", done.stdout)
    assert found
    assert int(found[1]) < 20_000, "less than 20 MB more than at its start"
    outputs = {each.files[0].file: each.files[0] for cell in folder.record("flood").cells for each in cell.outputs}
    text = outputs["text.stdout.txt"]
    assert text.cut == 1600 * 65536 - 65536
    assert len(folder.output("flood", text.file)) == 65536
    assert folder.output("flood", "after.stdout.txt") == "after\n"
    assert outputs["errors.stderr.txt"].cut == 20_000_000 - 65536
    assert outputs["value.value.txt"].cut == 5_000_002 - 65536


def test_a_page_that_takes_the_runner_down_hides_no_failure_before_it(folder: GuideFolder) -> None:
    folder.without_sandbox()
    folder.snippet("a_failing", "# %% first\nraise ValueError\n")
    folder.snippet("b_killing", "# %% first\nimport os, time\ntime.sleep(0.3)\nos.kill(os.getppid(), 9)\n")
    folder.snippet("c_later", "# %% first\nprint(1)\n")
    done = folder.galley("run", "--jobs", "1")
    assert done.returncode in (4, 6)
    assert "snippets/a_failing.py:2: page a-failing (laptop) in cell first: ValueError" in done.stdout
    assert "the runner went away" in done.stdout
    assert "Traceback (most recent call last):\n  File" not in done.stdout.split("the runner went away")[1]
