"""What a page learns of the project's files without opening them, through links, or as text: each makes it stale."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from galley.record.status import State
from galley.run.through import through
from guide_folder import GuideFolder

BEGIN = (
    "import glob, gettext, mimetypes, os, shutil, subprocess, sys\nfrom pathlib import Path\nd = Path(__file__).parent"
)


class Way(NamedTuple):
    """Code that learns something of what lies in the folder `d`, and what changes there then."""

    code: str
    changes: Callable[[Path], object]
    before: Callable[[Path], object] = lambda d: None


def put(name: str, text: str = "x") -> Callable[[Path], None]:
    """Write a file below a folder."""

    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)

    return write


def link(name: str, target: str) -> Callable[[Path], None]:
    """Let a link lead elsewhere."""

    def lead(folder: Path) -> None:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(target)

    return lead


def both(*steps: Callable[[Path], object]) -> Callable[[Path], None]:
    """One after the other."""

    def each(folder: Path) -> None:
        for step in steps:
            step(folder)

    return each


ONE_TWO = both(put("one/a", "1"), put("two/a", "2"), link("link", "one"))
FUNCTION = 'def f():\n    "One."\n'
WAYS = {
    # Questions that open nothing.
    "exists": Way("print((d / 'a').exists())", put("a")),
    "is_file": Way("print(os.path.isfile(d / 'a'))", put("a")),
    "is gone": Way("print((d / 'a').exists())", lambda d: (d / "a").unlink(), put("a")),
    "size": Way("print((d / 'a').stat().st_size)", put("a", "xxx"), put("a")),
    "size, asked by a function of the page's own": Way(
        "def exists(path):\n    return path.stat().st_size\nprint(exists(d / 'a'))", put("a", "xxx"), put("a")
    ),
    "sizes of a folder": Way(
        "print([os.path.getsize(each) for each in (d / 'f').iterdir()])", put("f/a", "xxx"), put("f/a")
    ),
    "access": Way("print(os.access(d / 'a', os.R_OK))", put("a")),
    "access of a program": Way(
        "print(shutil.which('tool', path=d))", both(put("tool"), lambda d: (d / "tool").chmod(0o755))
    ),
    "where a link leads": Way(
        "print(os.readlink(d / 'link'))", link("link", "two/a"), both(ONE_TWO, link("link", "one/a"))
    ),
    "true path": Way(
        "print((d / 'link').resolve().parent.name)", link("link", "two/a"), both(ONE_TWO, link("link", "one/a"))
    ),
    "same file": Way("print(os.path.samefile(d / 'one/a', d / 'two/a'))", link("two/a", "../one/a"), ONE_TWO),
    "translation": Way("print(gettext.find('x', d, ['de']))", put("de/LC_MESSAGES/x.mo")),
    "table of types": Way("mimetypes.init([str(d / 'types')])", put("types", "a/b c\n")),
    "beside a descriptor": Way(
        "try:\n    os.stat('a', dir_fd=os.open(d, os.O_RDONLY))\nexcept OSError: pass", put("a")
    ),
    "relative to the working folder": Way("os.chdir(d)\nprint(os.path.exists('a'), Path('../a').exists())", put("a")),
    "in a thread": Way(
        "from concurrent.futures import ThreadPoolExecutor as Pool\nwith Pool(1) as pool:\n"
        "    print(list(pool.map(os.path.exists, [d / 'a'])))",
        put("a"),
    ),
    "in a process": Way(
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(1) as pool:\n"
        "    print(pool.map(os.path.exists, [d / 'a']))",
        put("a"),
    ),
    "is gone, in a process": Way(
        "import multiprocessing\nwith multiprocessing.get_context('fork').Pool(1) as pool:\n"
        "    print(pool.map(os.path.exists, [d / 'a']))",
        lambda d: (d / "a").unlink(),
        put("a"),
    ),
    "in code that was text": Way("print(eval('(d / \"a\").exists()'))", put("a")),
    "a link that leads nowhere": Way("print((d / 'link').exists())", put("a"), link("link", "a")),
    # What is listed or started, and is not there.
    "listed in vain": Way("try:\n    os.listdir(d / 'f')\nexcept OSError: pass", put("f/a")),
    "walked in vain": Way("print(list(os.walk(d / 'f')))", put("f/a")),
    "a pattern in vain": Way("print(glob.glob('f/*', root_dir=d))", put("f/a")),
    "a pattern of a path in vain": Way("print(list(d.glob('f/*')))", put("f/a")),
    "a pattern without wildcards in vain": Way("print(list(d.glob('f/a')))", put("f/a")),
    "a deep pattern in vain": Way("print(list((d / 'f').rglob('a')))", put("f/a")),
    "a program in vain": Way("try:\n    subprocess.run([d / 'tool'])\nexcept OSError: pass", put("tool")),
    "a program beside its folder": Way(
        "try:\n    subprocess.run(['./tool'], cwd=d)\nexcept OSError: pass", put("tool")
    ),
    # Links of the project.
    "a file through a link": Way(
        "print((d / 'link').read_text())", link("link", "two/a"), both(ONE_TWO, link("link", "one/a"))
    ),
    "a file through a linked folder": Way("print((d / 'link/a').read_text())", link("link", "two"), ONE_TWO),
    "a list through a link": Way("print(os.listdir(d / 'link'))", link("link", "two"), both(ONE_TWO, put("two/b"))),
    "nothing through a linked folder": Way(
        "print((d / 'link/b').exists())", link("link", "two"), both(ONE_TWO, put("two/b"))
    ),
    "a module through a link": Way(
        "sys.path.insert(0, str(d / 'link'))\nimport mine",
        link("link", "two"),
        both(put("one/mine.py", "a = 1"), put("two/mine.py", "a = 2"), link("link", "one")),
    ),
    # Code as text.
    "a module's text": Way(
        "import {m}\nprint(Path({m}.__file__).read_text())", put("{m}.py", "a = 1  # two"), put("{m}.py", "a = 1")
    ),
    "a module's source": Way(
        "import inspect, {m}\nprint(inspect.getsource({m}))", put("{m}.py", "a = 1  # two"), put("{m}.py", "a = 1")
    ),
    "a docstring": Way(
        "import {m}\nprint({m}.f.__doc__)", put("{m}.py", FUNCTION.replace("One", "Two")), put("{m}.py", FUNCTION)
    ),
    "a help text": Way(
        "import {m}\nhelp({m}.f)", put("{m}.py", FUNCTION.replace("One", "Two")), put("{m}.py", FUNCTION)
    ),
    "the page's own text": Way("print(Path(__file__).read_text())", lambda d: comment(d)),
    "the page's own source": Way(
        "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))", lambda d: comment(d)
    ),
}


def comment(folder: Path) -> None:
    """Add a comment to the page's own file, which is no part of what it does."""
    with (folder / f"page_{folder.name}.py").open("a") as file:
        file.write("# a comment\n")


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page for each way, in a folder of its own, recorded in one run."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("asked"))
    for number, way in enumerate(WAYS.values()):
        d = folder.root / f"snippets/n{number}"
        d.mkdir()
        step(d, way.before)
        folder.snippet(f"n{number}/page_n{number}", f"# %% one\n{BEGIN}\n{named(way.code, d)}\n")
    ended = folder.run()
    assert not ended.failures, ended.failures
    return folder


def named(text: str, folder: Path) -> str:
    """The text with the name of the folder's module."""
    return text.replace("{m}", f"module_{folder.name}")


def step(folder: Path, change: Callable[[Path], object]) -> None:
    """Change something in a folder; the name of its module stands for `{m}`."""
    change(folder)
    for file in folder.glob("{m}.py"):
        file.rename(folder / named(file.name, folder))


@pytest.mark.parametrize("name", WAYS)
def test_whatever_a_page_learns_makes_it_stale(recorded: GuideFolder, name: str) -> None:
    number = list(WAYS).index(name)
    stem = f"n{number}/page_n{number}"
    assert recorded.status(stem).state is State.FRESH
    step(recorded.root / f"snippets/n{number}", WAYS[name].changes)
    assert recorded.status(stem).state is State.STALE


MODULE = '"""One."""\na = 1\n\ndef f():\n    1 / 0\n'
QUIET = {
    "a program that lies on the path": ("os.chdir(d)\nsubprocess.run(['true'])\nos.chdir('data')", "true", ""),
    "a module's comment": ("import module\nprint(1)", "module.py", f"# two\n{MODULE}"),
    "a docstring that nobody asks for": ("import module\nprint(1)", "module.py", MODULE.replace("One", "Two")),
    "a module with a line in a traceback": (
        "import module, traceback\ntry:\n    module.f()\nexcept ArithmeticError:\n    traceback.print_exc()",
        "module.py",
        f"{MODULE}# two\n",
    ),
    "what a file says that is only asked for": (
        "words = d / 'data' / 'words.txt'\nprint(words.exists(), os.path.isfile(words), os.access(words, os.R_OK))",
        "data/words.txt",
        "two",
    ),
    "a line in a traceback": (
        "import traceback\ntry:\n    1 / 0\nexcept ArithmeticError:\n    traceback.print_exc()",
        "page.py",
        "# a comment",
    ),
    "what a package asks for": ("import numpy", "numpy.cfg", ""),
    "a folder that is there": ("print(d.is_dir(), (d / 'data').exists())", "data/more", ""),
    "its own folder": ("print(Path('mine.txt').exists())\nPath('mine.txt').write_text('x')", "mine.txt", ""),
}


@pytest.mark.parametrize("name", QUIET)
def test_what_a_page_does_not_learn_leaves_it_true(folder: GuideFolder, name: str) -> None:
    code, file, text = QUIET[name]
    folder.write("snippets/module.py", MODULE)
    folder.write("snippets/data/words.txt", "one")
    path = folder.snippet("page", f"# %% one\n{BEGIN}\n{code}\n")
    assert not folder.run().failures
    before = path.read_text()
    folder.write(f"snippets/{file}", f"{before}{text}" if file == "page.py" else text)
    assert folder.status("page").state is State.FRESH, folder.status("page").reasons


def test_the_functions_of_os_are_what_they_were_for_the_page(folder: GuideFolder) -> None:
    folder.snippet("page", """\
        # %% one
        import inspect, os, pickle, shutil, traceback
        print(os.stat.__name__, os.stat.__module__, inspect.signature(os.stat))
        print({os.stat, os.access} <= os.supports_dir_fd, os.stat in os.supports_fd)
        print(shutil.rmtree.avoids_symlink_attacks)
        print(pickle.loads(pickle.dumps(os.stat)) is os.stat)
        print(os.stat(0) == os.fstat(0), os.path.exists(3_000), os.stat(path=".") == os.stat(b"."))
        for wrong in ("nowhere", "a\\0b", None, 1.5):
            try:
                os.stat(wrong)
            except (OSError, ValueError, TypeError) as error:
                print(type(error).__name__, error)
        try:
            os.stat("nowhere")
        except OSError:
            traceback.print_exc()
    """)  # fmt: skip
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt").splitlines() == [
        "stat os (path, *, dir_fd=None, follow_symlinks=True)",
        "True True",
        "True",
        "True",
        "True False True",
        "FileNotFoundError [Errno 2] No such file or directory: 'nowhere'",
        "ValueError embedded null byte",
        "TypeError stat: path should be string, bytes, os.PathLike or integer, not NoneType",
        "TypeError stat: path should be string, bytes, os.PathLike or integer, not float",
    ]
    told = folder.output("page", "one.stderr.txt")
    assert told.count("File ") == 1, told
    assert "galley" not in told


def test_of_a_large_file_it_counts_that_it_is_there(folder: GuideFolder) -> None:
    large = folder.root / "snippets/large.bin"
    with large.open("wb") as file:
        file.truncate((1 << 26) + 1)
    folder.snippet("page", f"# %% one\n{BEGIN}\nprint((d / 'large.bin').exists())\n")
    assert not folder.run().failures
    assert {(each.path, each.kind) for each in folder.record("page").dependencies} == {("snippets", "names")}
    os.truncate(large, 1)
    assert folder.status("page").state is State.FRESH
    large.unlink()
    assert folder.status("page").state is State.STALE


def test_the_first_link_of_the_project_on_the_way(tmp_path: Path) -> None:
    root, outside = tmp_path / "root", tmp_path / "outside"
    put("a/b/c")(root)
    link("one", "a")(root)
    link("a/two", "../a/b")(root)
    link("round", "round")(root)
    outside.mkdir()
    link("in", str(root))(outside)
    link("far", "in/one")(outside)
    assert through(f"{root}/a/b/c", root) == ""
    assert through(f"{root}/one/b/c", root) == "one/b/c"
    assert through(f"{root}/a/two/c", root) == "a/two/c"
    assert through(f"{root}/one/two/nothing", root) == "one/two/nothing"
    assert through(f"{outside}/far/b/c", root) == "one/b/c"
    assert through(f"{outside}/in/a/b", root) == ""
    link("up", "../root/one")(outside)
    assert through(f"{outside}/up/b/c", root) == "one/b/c"
    assert through(f"{root}/round/x", root) == "round/x"
    assert through(f"{outside}/nothing/x", root) == ""
