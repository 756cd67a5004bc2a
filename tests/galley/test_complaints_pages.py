"""Complaints about code that runs, from the trackers of galley's peers: `test_complaints.py` has the list.

All pages run at once, in a folder whose name has a blank and letters beyond ASCII, with the variables of a shell of
another country.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import pytest

from guide_folder import SETTINGS, GuideFolder

ABROAD = {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "LC_ALL": "tr_TR.UTF-8", "COLUMNS": "33"}
LIMITS = Path(__file__).parents[2] / "scripts" / "galley" / "docs" / "limits.md"
PAGES = {
    # Functions and classes of a page as others find them: by their module, their source, in processes that are forked.
    "pickling": """
        # %% definitions
        import concurrent.futures, dataclasses, inspect, multiprocessing, pickle

        @dataclasses.dataclass
        class Point:
            x: int

        class Outer:
            class Inner: pass

        def square(x): return x * x
        # %% pickled
        print(pickle.loads(pickle.dumps(Point(3))), pickle.loads(pickle.dumps(square))(4))
        print(pickle.loads(pickle.dumps(Outer.Inner)).__qualname__, inspect.getsource(square), end="")
        # %% forked
        forks = multiprocessing.get_context("fork")
        with forks.Pool(2) as pool, concurrent.futures.ProcessPoolExecutor(1, mp_context=forks) as executor:
            print(pool.map(square, range(4)), *executor.map(square, [5]))
        # %% lambda raises="PicklingError"
        pickle.dumps(lambda: 1)
    """,
    "thread": """
        # %% started
        import threading
        said, go = threading.Event(), threading.Event()

        def work():
            print("in the first cell")
            said.set()
            go.wait()
            print("in the second cell")

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        said.wait();
        # %% ended
        go.set()
        thread.join()
    """,
    "writers": """
        # %% written
        import contextlib, ctypes, io, os, subprocess, sys
        print("print")
        print("the first", file=sys.__stdout__)
        os.system("echo system")
        done = subprocess.run(["echo", "a process"])
        done = os.write(1, b"a descriptor\\n")
        with contextlib.redirect_stdout(io.StringIO()) as caught:
            print("caught")
        print("end of", caught.getvalue(), end="")
        done = sys.stderr.write("apart\\n")
        done = ctypes.CDLL(None).puts(b"the C library")
    """,
    "arguments": """
        # %% parsed
        import argparse, sys
        parser = argparse.ArgumentParser()
        added = parser.add_argument("--number", default=3, type=int)
        print(parser.parse_args(), sys.argv[1:], sys.argv[0].endswith("arguments.py"))
        parser.print_usage()
        # %% wrong raises="SystemExit"
        parser.parse_args(["--wrong"])
    """,
    "folder": """
        # %% written
        import os
        from pathlib import Path
        done = Path("a.txt").write_text("a")
        print(os.listdir(), Path(__file__).name)
        os.mkdir("below")
        os.chdir("below")
        # %% read
        print(Path("../a.txt").read_text())
    """,
    "größe": """
        # %% said
        import os, sys, time
        print("größe → 漢字", os.environ["TZ"], os.environ["COLUMNS"], time.tzname[0], sys.stdout.encoding)
        print("x" * 300)
    """,
    "odd_code": '''
        # %% doctests
        def double(x):
            """Twice.

            >>> double(2)
            4
            """
            return 2 * x

        import doctest, unittest
        print(doctest.testmod())
        # %% tests varies="it tells how long the tests took"
        class Doubles(unittest.TestCase):
            def test_it(self): self.assertEqual(double(2), 4)
        print(unittest.main(argv=["x"], exit=False).result.wasSuccessful())
        # %% scopes
        x = 1
        print([x for _ in range(2)], eval("x + 1"), globals() is vars(), __name__)
        exec("y = x + 5")
        class Body:
            z = [x for _ in range(1)]
        import signal, sys
        print(y, Body.z, sys.modules["__main__"].double(3))
        # %% signals
        before = signal.signal(signal.SIGUSR1, lambda *_: print("a signal"))
        signal.raise_signal(signal.SIGUSR1)
        sys.stdout.write("replaced\\n")
        match x:
            case 1: print("a match")
    ''',
    "streams": """
        # %% both
        import sys
        for number in range(2):
            print("out", number)
            print("error", number, file=sys.stderr)
    """,
}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """The pages, recorded."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("complaints") / "sp ace größe")
    for name, code in PAGES.items():
        folder.snippet(name, code)
    with pytest.MonkeyPatch.context() as patched:
        patched.delenv("CI", raising=False)
        for name, value in ABROAD.items():
            patched.setenv(name, value)
        assert folder.run(jobs=4).failures == {}
    return folder


def said(scene: GuideFolder, page: str) -> dict[str, str]:
    """What each cell of a page left, by the cell's name and the kind of output."""
    cells = scene.record(page).cells
    return {
        f"{cell.name} {each.kind}": scene.output(page, each.files[0].file) for cell in cells for each in cell.outputs
    }


def test_14_one_page_runs_again_where_that_is_asked(scene: GuideFolder) -> None:
    assert "[1/1] folder (laptop): unchanged (2 cells, " in scene.galley("run", "--all", "folder").stdout


def test_16_what_a_page_defines_can_be_pickled_and_has_its_source(scene: GuideFolder) -> None:
    assert said(scene, "pickling") == {
        "pickled stdout": "Point(x=3) 16\nOuter.Inner def square(x): return x * x\n",
        "forked stdout": "[0, 1, 4, 9] 25\n",
        "lambda error": "PicklingError: Can't pickle <function <lambda> at 0x…>: "
        "attribute lookup <lambda> on __main__ failed",
    }


@pytest.mark.skipif(find_spec("joblib") is None, reason="joblib is not installed")
def test_17_workers_of_joblib_compute(folder: GuideFolder) -> None:
    if find_spec("psutil"):  # with which a worker looks itself up
        folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nreads = ["/proc"]\n'))
    code = "from joblib import Parallel, delayed\ndef square(x): return x * x\n"
    folder.snippet("page", f"# %% one\n{code}print(Parallel(n_jobs=2)(delayed(square)(x) for x in range(4)))\n")
    assert folder.run().failures == {}
    assert folder.output("page", "one.stdout.txt") == "[0, 1, 4, 9]\n"


def test_18_what_a_thread_prints_belongs_to_the_cell_that_runs(scene: GuideFolder) -> None:
    assert said(scene, "thread") == {
        "started stdout": "in the first cell\n",
        "ended stdout": "in the second cell\n",
    }


def test_19_whatever_writes_is_recorded(scene: GuideFolder) -> None:
    assert said(scene, "writers") == {
        "written stdout": "print\nthe first\nsystem\na process\na descriptor\nend of caught\nthe C library\n",
        "written stderr": "apart\n",
    }


def test_20_standard_output_and_standard_error_are_two_texts_and_the_limits_say_so(scene: GuideFolder) -> None:
    assert said(scene, "streams") == {"both stdout": "out 0\nout 1\n", "both stderr": "error 0\nerror 1\n"}
    assert "Standard output and standard error are two texts" in LIMITS.read_text(encoding="utf-8")


def test_42_a_parser_of_arguments_sees_those_of_a_plain_program(scene: GuideFolder) -> None:
    usage = "usage: arguments.py [-h] [--number NUMBER]\n"
    assert said(scene, "arguments") == {
        "parsed stdout": f"Namespace(number=3) [] True\n{usage}",
        "wrong stderr": f"{usage}arguments.py: error: unrecognized arguments: --wrong\n",
        "wrong error": "SystemExit: 2",
    }


def test_43_a_page_has_a_folder_of_its_own_and_may_go_elsewhere(scene: GuideFolder) -> None:
    assert said(scene, "folder") == {"written stdout": "['a.txt'] folder.py\n", "read stdout": "a\n"}


def test_51_two_runs_at_once_record_every_page(scene: GuideFolder) -> None:
    before = {path: content for path, (content, _) in scene.recorded().items() if not path.endswith("run.json")}
    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(scene.galley, "run", "--all", "thread", "folder", "streams") for _ in range(2)]
    assert [run.result().returncode for run in runs] == [0, 0], [run.result().stdout for run in runs]
    assert {path: content for path, (content, _) in scene.recorded().items() if not path.endswith("run.json")} == before
    assert scene.galley("check").returncode == 0


def test_57_names_and_variables_of_other_countries_change_nothing(scene: GuideFolder) -> None:
    printed = said(scene, "größe")["said stdout"].splitlines()
    assert printed == ["größe → 漢字 UTC 80 UTC utf-8", "x" * 300]
    assert (scene.root / "site").exists() or scene.mkdocs().returncode == 0
    assert "漢字" in (scene.root / "site/größe.html").read_text(encoding="utf-8")
    done = scene.galley("export", "größe", "--output", "-")
    assert "größe → 漢字" in done.stdout


def test_58_code_that_looks_around_finds_a_program(scene: GuideFolder) -> None:
    found = said(scene, "odd-code")
    assert found.pop("tests stderr").startswith(".\n")
    assert found == {
        "doctests stdout": "TestResults(failed=0, attempted=1)\n",
        "tests stdout": "True\n",
        "scopes stdout": "[1, 1] 2 True __main__\n6 [1] 6\n",
        "signals stdout": "a signal\nreplaced\na match\n",
    }
