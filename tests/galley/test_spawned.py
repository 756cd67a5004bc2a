"""Processes that a page starts anew run the page's code as it ran: with its values, its guards and its own lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.run.spawned import program
from galley.source.cells import cut
from guide_folder import SETTINGS, GuideFolder

VALUES = f"{SETTINGS}[tool.galley.profiles.laptop.parameters]\nsize = 5\n"
AREA = """\
# %% parameters
size = 1
# %% wrong raises="ZeroDivisionError"
error = "kept"
1 / 0
# %% f
import multiprocessing as mp, os, sys, traceback
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
def area(x):
    return x * size
def place():
    return Path(__file__).name, Path(__file__).is_file(), Path(sys.argv[0]).name, error
def broken():
    raise ValueError("broken")
def shown_lines():
    try:
        broken()
    except ValueError as error:
        return [(Path(at.filename).name, at.lineno, at.line) for at in traceback.extract_tb(error.__traceback__)]
"""
STARTED = """\
# %% spawned
if __name__ == "__main__":
    with mp.get_context("METHOD").Pool(1) as pool:
        print("in the pool:", pool.map(area, range(4)))
        print(pool.apply(place))
        print(pool.apply(shown_lines))
    print("in this process:", [area(x) for x in range(4)])
    print(place())
    print(shown_lines())
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_a_process_sees_the_page_as_it_ran(folder: GuideFolder, method: str) -> None:
    folder.write("pyproject.toml", VALUES)
    folder.snippet("page", AREA + STARTED.replace("METHOD", method))
    assert not folder.run().failures
    place = "('page.py', True, 'page.py', 'kept')"
    at = "[('page.py', 18, 'broken()'), ('page.py', 15, 'raise ValueError(\"broken\")')]"
    assert folder.output("page", "spawned.stdout.txt").splitlines() == [
        "in the pool: [0, 5, 10, 15]",
        place,
        at,
        "in this process: [0, 5, 10, 15]",
        place,
        at,
    ]


def test_an_executor_and_a_library_that_imports_it_late_see_it_too(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", VALUES)
    late = (
        "# %% parameters\nsize = 1\n# %% late\nimport concurrent.futures\ndef area(x): return x * size\n"
        "if __name__ == '__main__':\n"
        "    context = __import__('multiprocessing').get_context('spawn')\n"
        "    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:\n"
        "        print(list(pool.map(area, [1, 2])))\n"
    )
    folder.snippet("page", late)
    assert not folder.run().failures
    assert folder.output("page", "late.stdout.txt") == "[5, 10]\n"


def test_what_the_module_itself_prints_comes_out_of_the_process_as_plain_python_prints_it(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", VALUES)
    start = "context = mp.get_context('spawn')\n    process = context.Process(target=print, args=('target',))\n"
    guarded = f"if __name__ == '__main__':\n    {start}    process.start()\n    process.join()\n"
    cells = (
        f"# %% parameters\nsize = 1\n# %% one\nimport multiprocessing as mp\nprint('size', size, __name__)\n{guarded}"
    )
    folder.snippet("page", f"{cells}# %% two\nprint('two', __name__)\n")
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt").splitlines() == [
        "size 5 __main__",
        "size 5 __mp_main__",
        "two __mp_main__",
        "target",
    ]
    assert folder.output("page", "two.stdout.txt") == "two __main__\n"


def test_a_start_without_a_guard_fails_as_in_plain_python(folder: GuideFolder) -> None:
    code = "import multiprocessing as mp\nprocess = mp.get_context('spawn').Process(target=print)\nprocess.start()\n"
    folder.snippet("page", f"# %% one\n{code}process.join()\nassert process.exitcode == 1\n")
    assert not folder.run().failures
    assert "start a new process before the" in folder.output("page", "one.stderr.txt")
    assert ".pyc" not in folder.output("page", "one.stderr.txt")


def test_a_page_that_python_could_not_read_as_one_file_is_refused_with_its_line(folder: GuideFolder) -> None:
    start = "import multiprocessing as mp\nmp.get_context('spawn').Process(target=print).start()\n"
    folder.snippet("page", f"# %% one\n{start}# %% two\nyield 1\n")
    failure = folder.run().failures["page"]
    assert "in cell one: SyntaxError: 'yield' outside function (page.py, line 5)" in failure


def test_a_program_guards_what_must_raise_and_nothing_else() -> None:
    source = '"""A page."""\n# %% a\nx = 1\n# %% b raises="ValueError"\ny = x\nraise ValueError\n# %% c\nz = y\n'
    snippets = cut(source, Path("/a/page.py"), Path("page.py"))
    names: dict[str, object] = {}
    exec(compile(program(snippets), "page.py", "exec"), names)
    assert (names["x"], names["y"], names["z"], names["__doc__"]) == (1, 1, 1, "A page.")
    assert names["__file__"] == "/a/page.py"
    assert set(names) == {"x", "y", "z", "__doc__", "__file__", "__builtins__"}
    other = cut(source.replace("raise ValueError", "raise TypeError"), Path("/a/page.py"), Path("page.py"))
    with pytest.raises(TypeError):
        exec(compile(program(other), "page.py", "exec"), {})


OWN = {
    "bysubprocess": "import subprocess, sys\nsubprocess.run([sys.executable, __file__])",
    "shell": 'import subprocess, sys\nsubprocess.run(f\'"{sys.executable}" "{__file__}" --fast\', shell=True)',
    "bysystem": "import os, sys\ndone = os.system(f'{sys.executable} {__file__}')",
    "byexec": "import os, sys\nos.execv(sys.executable, [sys.executable, __file__])",
    "byposix": "import os, sys\nos.posix_spawn(sys.executable, [sys.executable, __file__], os.environ)",
    "bymodule": "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'bymodule'])",
    "bypath": "import runpy\nrunpy.run_path(__file__)",
    "bycode": "code = compile(open(__file__).read(), __file__, 'exec')\nexec(code)",
    "bytext": "text = open(__file__).read()\nexec(text)",
    "imported": "import importlib\nimportlib.import_module('imported')",
}


def test_a_page_that_runs_its_own_file_without_its_values_fails_with_a_sentence(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", VALUES)
    for name, code in OWN.items():
        folder.snippet(name, f"# %% parameters\nsize = 1\n# %% one\n{code}\n")
    failures = folder.run().failures
    assert set(failures) == set(OWN)
    for name, failure in failures.items():
        assert failure.startswith(f"snippets/{name}.py:5: page {name} (laptop) in cell one: OwnFileError: "), failure
        assert f"runs {name}.py as it stands on the disk, without the values of the profile 'laptop'" in failure


def test_a_page_whose_text_is_the_files_may_run_it_and_any_page_another_file(folder: GuideFolder) -> None:
    folder.write("pyproject.toml", VALUES)
    folder.write("snippets/tools.py", "print('another file')\n")
    run = "import sys\nfrom pathlib import Path\nfrom subprocess import run\n"
    run += "done = run([sys.executable, Path(__file__).with_name('tools.py')])\n"
    own = "# %% one\nimport sys\nprint(len(sys.argv))\nif len(sys.argv) == 1:\n    import subprocess\n"
    folder.snippet("own", f"{own}    done = subprocess.run([sys.executable, __file__, 'x'])\n")
    folder.snippet("other", f"# %% parameters\nsize = 1\n# %% one\n{run}")
    assert not folder.run().failures
    assert folder.output("own", "one.stdout.txt") == "1\n2\n"
    assert folder.output("other", "one.stdout.txt") == "another file\n"
