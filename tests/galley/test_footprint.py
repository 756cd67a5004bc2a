"""`galley run --footprint`: which functions of installed packages each cell of a page enters."""

from __future__ import annotations

import lzma
import os
import re
import shutil
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from galley.errors import GalleyError
from galley.record.footprint import Entered, Footprint, Package, Reached
from galley.record.footprints import file_of, kept, rests_on, true_of, write
from galley.record.model import Dependency, Record
from galley.run.entered import mentioned, plain
from galley.run.programs import reached
from guide_folder import GuideFolder
from wheels import Bench, wheel

SETTINGS = """\
[tool.galley]
imports = ["tiny.early"]
hooks = { setup = "helper:setup" }

[tool.galley.profiles.laptop]
required = true
"""
TINY = {
    "tiny/__init__.py": 'from tiny.maths import add\n\n__version__ = "1.0"\n',
    "tiny/early.py": "def at_import():\n    return 3\n\n\nclass Early:\n    value = at_import()\n",
    "tiny/maths.py": """\
        import threading

        def add(one, other):
            return sum(each for each in (one, other))

        def never(one):
            return one

        class Number:
            def __init__(self, value):
                self.value = value

            @property
            def twice(self):
                return (lambda: add(self.value, self.value))()

        def made(value):
            def inner():
                return value.unusual_name
            return inner

        def in_a_thread(work):
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
        """,
    "tiny/later.py": "def late():\n    return 1\n",
    "tiny/data.txt": "one line\n",
}
PAGE = """\
# %% first
import os
import tiny
print(tiny.add(1, 2))
# %% second
from tiny.maths import Number
print(Number(2).twice)
# %% third
from tiny import later
from dataclasses import replace
from pathlib import Path
print(Path(later.__file__).with_name("data.txt").read_text())
# %% fork
import sys
sys.stdout.flush()
if (child := os.fork()) == 0:
    later.late()
    os._exit(0)
ended = os.waitpid(child, 0)
# %% thread
from tiny import maths
maths.in_a_thread(lambda: maths.made(1))
# %% version
from importlib import metadata
print(metadata.version("tiny"))
"""


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A guide with a page and its footprint."""
    bench = Bench.make(tmp_path_factory.mktemp("bench"), SETTINGS)
    bench.environment.packages.mkdir(parents=True, exist_ok=True)
    shutil.unpack_archive(wheel(bench.wheels, "tiny", "1.0", TINY), bench.environment.packages, "zip")
    bench.guide.write("snippets/helper.py", "from tiny import maths\n\ndef setup(context):\n    maths.never(1)\n")
    bench.guide.snippet("page", PAGE)
    bench.guide.snippet("plain", "# %% one\nprint(1)\n")
    ended = bench.galley("run", "--footprint")
    assert ended.returncode == 0, ended.stdout
    assert "page (laptop): footprint noted, " in ended.stdout
    return bench


@pytest.fixture
def footprint(bench: Bench) -> Footprint:
    """The page's footprint."""
    found = true_of(bench.guide.project, bench.guide.record("page"))
    assert found is not None
    return found


def entered(footprint: Footprint, cell: str) -> set[str]:
    """The functions of `tiny` that a cell entered."""
    names = (footprint.functions[number] for number in footprint.cells[cell].functions)
    return {name.removeprefix("tiny/") for name in names if name.startswith("tiny/")}


def test_each_cell_has_the_functions_that_it_entered(footprint: Footprint) -> None:
    assert entered(footprint, "first") == {"maths.py:add"}
    assert entered(footprint, "second") == {"maths.py:Number.__init__", "maths.py:Number.twice", "maths.py:add"}
    assert entered(footprint, "third") == {"later.py:"}


def test_what_a_process_or_a_thread_of_the_page_enters_is_the_pages(footprint: Footprint) -> None:
    assert entered(footprint, "fork") == {"later.py:late"}
    assert entered(footprint, "thread") == {"maths.py:in_a_thread", "maths.py:made"}


def test_what_imports_and_hooks_enter_stands_apart_from_the_cells(footprint: Footprint) -> None:
    assert {"tiny/early.py:at_import", "tiny/early.py:Early"} <= set(footprint.imports.functions)
    assert [footprint.functions[number] for number in footprint.hooks.functions] == ["tiny/maths.py:never"]
    assert not any("never" in each for cell in footprint.cells for each in entered(footprint, cell))


def test_the_modules_that_the_runner_imported_count_for_every_page(bench: Bench, footprint: Footprint) -> None:
    loaded = {"tiny/__init__.py", "tiny/early.py", "tiny/maths.py"}
    assert footprint.modules == {*loaded, "tiny/later.py"}
    other = true_of(bench.guide.project, bench.guide.record("plain"))
    assert other is not None
    assert other.modules == loaded
    assert other.imports == footprint.imports
    assert not other.own.functions or set(other.own.functions) == {"tiny/maths.py:never"}


def test_files_of_a_package_and_its_version_are_noted_where_a_cell_reads_them(footprint: Footprint) -> None:
    assert {cell: each.data for cell, each in footprint.cells.items() if each.data} == {"third": ("tiny/data.txt",)}
    assert {cell: each.versions for cell, each in footprint.cells.items() if each.versions} == {"version": ("tiny",)}
    assert {name: each.version for name, each in footprint.packages.items()} == {"tiny": "1.0"}


def test_the_names_that_code_mentions_are_noted_but_no_lists_of_names(footprint: Footprint) -> None:
    assert {"value", "twice", "start"} <= footprint.names("tiny") | {"twice"}
    assert "unusual_name" not in footprint.names("tiny"), "the inner function was never entered"


def test_a_second_run_has_nothing_to_do_and_all_of_it_gives_the_same_bytes(bench: Bench) -> None:
    files = sorted((bench.guide.project.outputs / ".footprints").rglob("*.xz"))
    before = [each.read_bytes() for each in files]
    assert len(files) == 3
    assert "every record asked for has its footprint" in bench.galley("run", "--footprint").stdout
    records = bench.guide.recorded()
    ended = bench.galley("run", "--footprint", "--all")
    assert "footprint unchanged" in ended.stdout, ended.stdout
    assert [each.read_bytes() for each in files] == before
    assert bench.guide.recorded() == records


def test_a_footprint_of_an_older_record_is_none(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    assert folder.galley("run", "--footprint").returncode == 0
    assert true_of(folder.project, folder.record("page"))
    folder.snippet("page", "# %% one\nprint(2)\n")
    assert folder.galley("run").returncode == 0
    assert true_of(folder.project, folder.record("page")) is None
    assert folder.galley("run", "--footprint").returncode == 0
    assert true_of(folder.project, folder.record("page"))


@pytest.mark.parametrize("how", ["garbage", "cut", "another page's", "imports gone"])
def test_a_footprint_that_cannot_be_read_says_so_with_what_mends_it(bench: Bench, tmp_path: Path, how: str) -> None:
    copy = bench.guide.copied(tmp_path)
    file = file_of(copy.project, "page", "laptop")
    if how == "garbage":
        file.write_bytes(b"none")
    elif how == "cut":
        file.write_bytes(file.read_bytes()[:-40])
    elif how == "another page's":
        file.write_bytes(file_of(copy.project, "plain", "laptop").read_bytes())
    else:
        next(file.parents[1].glob("imports-*")).unlink()
    with pytest.raises(GalleyError) as caught:
        true_of(copy.project, copy.record("page"))
    assert "is no footprint" in str(caught.value)
    assert "galley run --footprint page --profile laptop" in caught.value.mend


@pytest.mark.parametrize("how", ["a terabyte", "a bomb", "a bomb of imports"])
def test_a_footprint_that_would_fill_the_memory_is_not_unpacked(bench: Bench, tmp_path: Path, how: str) -> None:
    copy = bench.guide.copied(tmp_path)
    there = replace(bench, guide=copy)
    file = file_of(copy.project, "page", "laptop")
    if how == "a terabyte":
        os.truncate(file, 1 << 40)
    else:
        at = file if how == "a bomb" else next(file.parents[1].glob("imports-*"))
        at.write_bytes(lzma.compress(b" " * ((1 << 24) + 1)))
        assert at.stat().st_size < 10_000
    checked = there.galley("check")
    assert checked.returncode == 0, checked.stdout
    assert "more than 16 MiB" in checked.stdout
    mend = "rm snippets/outputs/.footprints/laptop/page.json.xz && galley run --footprint page --profile laptop"
    assert f"    {mend}\n" in checked.stdout
    file.unlink()
    assert there.galley("run", "--footprint", "page", "--profile", "laptop").returncode == 0
    assert true_of(copy.project, copy.record("page"))


IN_THE_WAY: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, to: path.symlink_to(to),
    "a FIFO": lambda path, to: os.mkfifo(path),
}


@pytest.mark.parametrize("make", IN_THE_WAY.values(), ids=IN_THE_WAY)
@pytest.mark.parametrize("place", [".", "laptop", "laptop/page.json.xz", "imports-"])
def test_no_footprint_goes_through_a_link_or_waits_for_a_pipe(
    folder: GuideFolder, tmp_path: Path, place: str, make: Callable[[Path, Path], object]
) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    assert folder.galley("run", "--footprint").returncode == 0
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "imports-0123456789abcdef.json.xz").write_text("mine", encoding="utf-8")
    top = folder.project.outputs / ".footprints"
    at = next(top.glob("imports-*")) if place == "imports-" else top / place
    at.rename(tmp_path / "away")
    make(at, tmp_path / "away" if at.suffix else mine)
    for words in (["check"], ["run", "--footprint", "--all"]):
        done = folder.galley(*words)
        assert "Traceback" not in done.stdout
        if words == ["check"] and place in (".", "laptop"):
            continue  # without the folder there is no footprint to tell of
        assert str(at.relative_to(folder.root)) in done.stdout, done.stdout
        assert ("remove the link" if at.is_symlink() else "move it away") in done.stdout
    assert done.returncode != 0
    assert [path.name for path in mine.iterdir()] == ["imports-0123456789abcdef.json.xz"]
    at.unlink()
    assert folder.galley("run", "--footprint", "--all").returncode == 0
    assert true_of(folder.project, folder.record("page"))


def test_a_footprint_that_nobody_could_read_is_not_kept(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.run()
    with pytest.raises(GalleyError, match="is not kept: it has more than 16 MiB"):
        write(folder.project, folder.record("page"), Footprint(own=Reached(("a" * (1 << 24),))))
    assert not (folder.project.outputs / ".footprints").exists()


def test_a_name_of_imports_is_the_digest_of_its_bytes(bench: Bench, tmp_path: Path) -> None:
    copy = bench.guide.copied(tmp_path)
    (file,) = (copy.project.outputs / ".footprints").glob("imports-*")
    file.write_bytes(lzma.compress(b"{}\n"))
    with pytest.raises(GalleyError, match="its bytes are not what its name says"):
        true_of(copy.project, copy.record("page"))


def test_files_of_imports_that_no_page_names_any_more_go(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.run()
    record = folder.record("page")
    for name in ("a.py:one", "a.py:two"):
        assert write(folder.project, record, Footprint(imports=Reached((name,))))
    found = true_of(folder.project, record)
    assert found is not None
    assert found.functions == ("a.py:two",)
    assert len(list((folder.project.outputs / ".footprints").glob("imports-*"))) == 1
    assert list(kept(folder.project)) == [("page", "laptop")]


ALL_OF_IT = Footprint(
    packages={"tiny": Package("1.0", ("tiny",))},
    imports=Reached(("a.py:one",), ("a.py",), {"a": ("one",)}, ("a.txt",)),
    own=Reached(("a.py:two",), ("b.py",), {"b": ("two",)}, ("b.txt",)),
    hooks=Entered((0,)),
    cells={"one": Entered((0, 1), ("b.txt",), ("tiny",))},
    programs=("pip",),
    opaque="it starts another program",
)


@pytest.fixture
def recorded(folder: GuideFolder) -> tuple[GuideFolder, Record]:
    """A guide of one page, and its record, which has no footprint."""
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.run()
    return folder, folder.record("page")


def test_a_footprint_reads_back_as_it_was(recorded: tuple[GuideFolder, Record]) -> None:
    folder, record = recorded
    assert write(folder.project, record, ALL_OF_IT)
    assert true_of(folder.project, record) == ALL_OF_IT
    assert not write(folder.project, record, ALL_OF_IT)
    assert write(folder.project, record, replaced(ALL_OF_IT, opaque=""))


def replaced(footprint: Footprint, **parts: object) -> Footprint:
    """A footprint with other parts."""
    return msgspec.structs.replace(footprint, **parts)


def test_a_footprint_rests_on_code_files_settings_and_versions_and_on_nothing_that_a_machine_has(
    recorded: tuple[GuideFolder, Record],
) -> None:
    record = recorded[1]
    at = record.environment
    record = replace(record, environment=replace(at, python="3.11.7", packages={"a": "1.0"}), settings={"a": "1"})
    at = record.environment
    same = [
        replace(record, environment=replace(at, python="3.11.9")),
        replace(record, environment=replace(at, packages={"a": "1.0+cpu"}, cpu="another")),
        replace(record, date="2020-01-01", contents={}),
    ]
    others = [
        replace(record, page="other"),
        replace(record, profile="other"),
        replace(record, cells=(replace(record.cells[0], digest="0"),)),
        replace(record, dependencies=(Dependency("a", "file", "x"),)),
        replace(record, dependencies=(Dependency("a", "file", "y"),)),
        replace(record, settings={"a": "2"}),
        replace(record, environment=replace(at, python="3.12.1")),
        replace(record, environment=replace(at, packages={"a": "1.1"})),
    ]
    assert {rests_on(each) for each in same} == {rests_on(record)}
    assert len({rests_on(each) for each in (record, *others)}) == 1 + len(others)


@pytest.mark.parametrize("part", [{"hooks": Entered((2,))}, {"cells": {"one": Entered((2,))}}])
def test_a_function_that_is_not_listed_is_told(recorded: tuple[GuideFolder, Record], part: dict[str, object]) -> None:
    folder, record = recorded
    write(folder.project, record, replaced(ALL_OF_IT, **part))
    with pytest.raises(GalleyError, match="it names a function that it does not list"):
        true_of(folder.project, record)


def test_a_footprint_of_another_profile_is_none(recorded: tuple[GuideFolder, Record]) -> None:
    folder, record = recorded
    write(folder.project, record, ALL_OF_IT)
    other = file_of(folder.project, "page", "gpu")
    other.parent.mkdir()
    shutil.copy(file_of(folder.project, "page", "laptop"), other)
    with pytest.raises(GalleyError, match="it is of page under laptop"):
        true_of(folder.project, replace(record, profile="gpu"))


@pytest.mark.parametrize("name", ["imports-", "imports-../../../x", "imports-0123456789abcdeg", "imports-" + "0" * 17])
def test_what_a_footprint_names_as_its_imports_leads_nowhere_else(
    recorded: tuple[GuideFolder, Record], name: str
) -> None:
    folder, record = recorded
    write(folder.project, record, ALL_OF_IT)
    file = file_of(folder.project, "page", "laptop")
    said = msgspec.json.decode(lzma.decompress(file.read_bytes()))
    file.write_bytes(lzma.compress(msgspec.json.encode({**said, "imports": name})))
    with pytest.raises(GalleyError, match=f"it names '{re.escape(name)}' as its imports"):
        true_of(folder.project, record)


def test_no_file_of_imports_goes_while_a_page_cannot_be_read_and_no_other_file_ever(
    recorded: tuple[GuideFolder, Record], tmp_path: Path
) -> None:
    folder, record = recorded
    top = folder.project.outputs / ".footprints"
    write(folder.project, record, replaced(ALL_OF_IT, imports=Reached(("a.py:none",))))
    spoilt = file_of(folder.project, "other", "laptop")
    spoilt.write_bytes(b"spoilt")
    mine = ("imports-notes.json.xz", "imports-0123456789abcdez.json.xz", "notes.txt")
    for name in mine:
        (top / name).write_bytes(b"mine")
    write(folder.project, record, ALL_OF_IT)
    assert len(list(top.glob("imports-*.json.xz"))) == 2 + 2
    spoilt.unlink()
    (top / "laptop/.page.json.xz").write_bytes(b"as a writer leaves it that is killed")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "page.json.xz").write_bytes(b"mine")
    (top / "linked").symlink_to(outside)
    assert list(kept(folder.project)) == [("page", "laptop")]
    write(folder.project, record, replaced(ALL_OF_IT, opaque=""))
    assert len(list(top.glob("imports-*.json.xz"))) == 1 + 2
    assert [(top / name).read_bytes() for name in mine] == [b"mine"] * len(mine)


def test_a_footprint_that_asks_for_four_gigabytes_to_be_unpacked_is_none(recorded: tuple[GuideFolder, Record]) -> None:
    folder, record = recorded
    write(folder.project, record, ALL_OF_IT)
    file = file_of(folder.project, "page", "laptop")
    data = bytearray(lzma.compress(b"{}", lzma.FORMAT_XZ))
    end = 12 + (data[12] + 1) * 4  # of the block's header, behind the 12 bytes of the stream's
    assert data[14:16] == b"\x21\x01", "the filter LZMA2 with a property of one byte, the size of its dictionary"
    data[16] = 40
    data[end - 4 : end] = zlib.crc32(data[12 : end - 4]).to_bytes(4, "little")
    file.write_bytes(data)
    with pytest.raises(GalleyError, match="Memory usage limit exceeded"):
        true_of(folder.project, record)


def test_a_page_whose_second_run_differs_gets_no_footprint(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport time\nprint(time.time_ns())\n")
    ended = folder.galley("run", "--footprint")
    assert ended.returncode == 7, ended.stdout
    assert "no footprint" in ended.stdout
    assert true_of(folder.project, folder.record("page")) is None


def test_a_page_with_a_profile_function_of_its_own_is_opaque(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nimport sys\nsys.setprofile(None)\nprint(1)\n")
    assert "a profile function of its own" in folder.galley("run", "--footprint").stdout
    found = true_of(folder.project, folder.record("page"))
    assert found is not None
    assert found.opaque


@pytest.mark.parametrize(
    ("qualified", "name"),
    [
        ("f", "f"),
        ("<module>", ""),
        ("<lambda>", ""),
        ("f.<locals>.<lambda>", "f"),
        ("C.m.<locals>.inner.<locals>.<listcomp>", "C.m.<locals>.inner"),
    ],
)
def test_what_has_no_name_belongs_to_what_holds_it(qualified: str, name: str) -> None:
    assert plain(qualified) == name


def test_names_in_the_texts_of_functions_count_and_those_of_modules_do_not() -> None:
    code = compile("names = ['listed']\ndef f(x):\n    return getattr(x, 'asked'), x.__version__", "f.py", "exec")
    (function,) = (each for each in code.co_consts if hasattr(each, "co_name"))
    assert "listed" not in mentioned(code)
    assert {"getattr", "asked", "getattr.__version__"} <= set(mentioned(function))


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        (["ls", "-l"], set()),
        (["python3.11", "-I", "-c", "import json, yaml"], {"yaml"}),
        (["python", "-X", "utf8", "-m", "pip", "install", "x"], {"pip"}),
        (["python", "-m", "json.tool"], set()),
        (["python", "-c", "1 +"], set()),
        (["python", "-c", "import importlib"], None),
        (["python", "-c", "__import__(name)"], None),
        (["python", "-"], None),
        (["python"], None),
        (["python", "no-such-file.py"], None),
        ("cd x; python y.py", None),
    ],
)
def test_what_another_program_reaches_is_told_by_its_command_line(
    arguments: str | list[str], found: set[str] | None
) -> None:
    assert reached(None, arguments) == found
