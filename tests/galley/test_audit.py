"""What the watch hears: every audit event is in its table, and each that tells of a file is heard."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import sysconfig
from pathlib import Path

import pytest

from galley.record.dependencies import GONE, measure
from galley.record.model import Dependency
from galley.record.status import State
from galley.run.audit import GLOBS, HEARD, NOT_HEARD, OPEN
from guide_folder import GuideFolder, python

LISTED = Path(__file__).with_name("audit_events.txt")
RAISED = re.compile(r"""sys\.audit\(\s*["']([^"']+)["']""")


def known() -> set[str]:
    """The events that the table has."""
    return {*HEARD, *NOT_HEARD, OPEN, *GLOBS}


def test_the_table_has_every_documented_event_once() -> None:
    listed = {line for line in LISTED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    assert listed - known() == set()
    assert not HEARD.keys() & NOT_HEARD.keys()
    assert all(reason.endswith(".") for reason in NOT_HEARD.values())


def test_the_table_has_every_event_that_this_pythons_library_raises() -> None:
    folder = Path(sysconfig.get_path("stdlib"))
    files = [path for path in folder.rglob("*.py") if not {"site-packages", "test", "idlelib"} & set(path.parts)]
    raised = {event for path in files for event in RAISED.findall(path.read_text(encoding="utf-8", errors="replace"))}
    assert {"shutil.move", "tempfile.mkstemp"} <= raised
    assert raised - known() == set()


# Each reads `data/words.txt` otherwise than with `open`, and the page must be stale when the file changes.
READS = {
    "hard link": "os.link(words, 'here.txt')",
    "copy": "shutil.copy(words, 'here.txt')",
    "descriptor of the folder": "print(os.listdir(os.open(words.parent, os.O_RDONLY)))",
    "pattern without wildcards": "print(len(glob.glob(str(words))))",
    "low-level open": "print(os.read(os.open(words, os.O_RDONLY), 3))",
    "memory map": "print(mmap.mmap(os.open(words, os.O_RDONLY), 0, prot=mmap.PROT_READ)[:3])",
}
IMPORTS = "import glob, mmap, os, shutil, sqlite3\nfrom pathlib import Path\n"


@pytest.fixture
def folder(tmp_path: Path) -> GuideFolder:
    """A guide whose pages can do to the project what the sandbox would refuse: the watch must notice it by itself."""
    return GuideFolder.make(tmp_path).without_sandbox()


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page for each way, recorded in one run."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("reading")).without_sandbox()
    for number, way in enumerate(READS):
        words = folder.write(f"data{number}/words.txt", "one\n")
        folder.snippet(f"page{number}", f"# %% one\n{IMPORTS}words = Path({str(words)!r})\n{READS[way]}\n")
    assert not folder.run().failures
    return folder


@pytest.mark.parametrize("way", READS)
def test_a_file_that_is_read_another_way_counts(reading: GuideFolder, way: str) -> None:
    number = list(READS).index(way)
    assert reading.status(f"page{number}").state is State.FRESH
    (reading.root / f"data{number}" / "words.txt").unlink()
    assert reading.status(f"page{number}").state is State.STALE


@pytest.mark.parametrize("address", ["{}", "file:{}?mode=ro"])
def test_a_database_counts(folder: GuideFolder, address: str) -> None:
    file = folder.root / "data" / "facts.db"
    file.parent.mkdir()
    with sqlite3.connect(file) as database:
        database.execute("create table fact(number)")
        database.execute("insert into fact values (1)")
    database.close()
    connect = f"sqlite3.connect({address.format(file)!r}, uri=True)"
    folder.snippet("page", f"# %% one\n{IMPORTS}print({connect}.execute('select * from fact').fetchall())\n")
    assert not folder.run().failures
    assert [(each.path, each.kind) for each in folder.record("page").dependencies] == [("data/facts.db", "file")]
    with sqlite3.connect(file) as database:
        database.execute("insert into fact values (2)")
    database.close()
    assert folder.status("page").state is State.STALE


# Each changes something of the project; what the page is told that it wrote or removed.
WRITES = {
    "write_text": ("(data / 'new.txt').write_text('x')", "wrote data/new.txt"),
    "append": ("(data / 'words.txt').open('a').write('x')", "wrote data/words.txt"),
    "read and write": ("(data / 'words.txt').open('r+').write('x')", "wrote data/words.txt"),
    "descriptor": ("os.write(os.open(data / 'words.txt', os.O_RDWR), b'x')", "wrote data/words.txt"),
    "rename": ("(data / 'words.txt').rename('here.txt')", "removed data/words.txt"),
    "rename into": ("Path('mine.txt').write_text('x'); os.rename('mine.txt', data / 'new.txt')", "wrote data/new.txt"),
    "remove": ("(data / 'words.txt').unlink()", "removed data/words.txt"),
    "remove a tree": ("shutil.rmtree(data)", "removed data"),
    "make a folder": ("(data / 'below').mkdir()", "wrote data/below"),
    "link": ("(data / 'link').symlink_to(data / 'words.txt')", "wrote data/link"),
    "dangling link": ("(data / 'link').symlink_to('nowhere')", "wrote data/link"),
    "hard link": ("Path('mine.txt').write_text('x'); os.link('mine.txt', data / 'new.txt')", "wrote data/new.txt"),
    "truncate": ("os.truncate(data / 'words.txt', 1)", "wrote data/words.txt"),
    "date": ("os.utime(data / 'words.txt', (1, 1))", "wrote data/words.txt"),
    "mode": ("(data / 'words.txt').chmod(0o600)", "wrote data/words.txt"),
    "copy": ("Path('mine.txt').write_text('x'); shutil.copy('mine.txt', data / 'new.txt')", "wrote data/new.txt"),
    "archive": ("shutil.make_archive(str(data / 'all'), 'tar', data)", "wrote data/all.tar"),
    "database": (
        "base = sqlite3.connect(data / 'new.db'); base.execute('create table t(x)'); base.close()",
        "wrote data/new.db",
    ),
    "beside a descriptor": (
        "os.remove('words.txt', dir_fd=os.open(data, os.O_RDONLY))",
        "removed data/words.txt",
    ),
}


@pytest.fixture(scope="module")
def wrote(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each page is told that changes the project its own way, by page, after one run of all."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("writing")).without_sandbox()
    for number, (code, _) in enumerate(WRITES.values()):
        words = folder.write(f"data{number}/words.txt", "one\n")
        begin = f"# %% one\n{IMPORTS}data = Path({str(words.parent)!r})\n"
        folder.snippet(f"page{number}", f"{begin}{code}\nprint('after')\n# %% two\n2\n")
    failures = dict(folder.run().failures)
    assert {folder.status(f"page{number}").state for number in range(len(WRITES))} == {State.MISSING}
    return failures


@pytest.mark.parametrize("way", WRITES)
def test_a_page_that_changes_the_project_is_told_what_it_did_at_its_line(wrote: dict[str, str], way: str) -> None:
    number, told = list(WRITES).index(way), WRITES[way][1]
    instead = "use a copy in" if told.startswith("removed") else "write into"
    assert wrote[f"page{number}"] == (
        f"snippets/page{number}.py:5: page page{number} (laptop) in cell one: "
        f"the page itself {told.replace(' data', f' data{number}')}: {instead} the working folder instead"
    )


def test_a_page_that_writes_through_a_link_is_told(tmp_path: Path) -> None:
    folder = GuideFolder.make(
        tmp_path, '[tool.galley]\nlinks = ["data"]\n[tool.galley.profiles.laptop]\nrequired = true\n'
    ).without_sandbox()
    folder.write("snippets/data/words.txt", "one\n")
    folder.snippet("page", "# %% one\nopen('data/log.txt', 'w').write('x')\n")
    assert "the page itself wrote snippets/data/log.txt: write into the" in folder.run().failures["page"]


def test_what_is_written_into_the_working_folder_and_what_was_only_opened_is_no_change(folder: GuideFolder) -> None:
    words = folder.write("data/words.txt", "one\n")
    folder.snippet(
        "page",
        f"# %% one\n{IMPORTS}words = Path({str(words)!r})\n"
        "Path('here.txt').write_text('x')\nos.mkdir('below')\nopen(words, 'a').close()\n"
        "os.rename('here.txt', 'there.txt')\n",
    )
    assert not folder.run().failures


def test_a_file_whose_date_lies_in_the_future_is_no_change(folder: GuideFolder) -> None:
    words = folder.write("snippets/words.txt", "one\n")
    helper = folder.write("snippets/helper.py", "x = 1\n")
    for each in (words, helper):
        os.utime(each, (2**32, 2**32))
    folder.snippet("page", f"# %% one\nimport helper\nprint(open({str(words)!r}).read())\n")
    assert not folder.run().failures
    assert folder.status("page").state is State.FRESH


def test_a_file_that_is_replaced_by_an_older_one_is_a_change(folder: GuideFolder) -> None:
    words = folder.write("snippets/words.txt", "one\n")
    older = folder.write("snippets/older.txt", "two\n")
    os.utime(older, (1, 1))
    folder.snippet(
        "page",
        f"# %% one\nimport subprocess\nprint(open({str(words)!r}).read())\n"
        f"subprocess.run(['mv', {str(older)!r}, {str(words)!r}], check=True)\n",
    )
    assert "snippets/words.txt changed while the page ran: run it again" in folder.run().failures["page"]


def test_a_module_of_the_runner_that_is_saved_while_a_page_runs_fails_the_page(tmp_path: Path) -> None:
    settings = '[tool.galley]\nimports = ["helper"]\n[tool.galley.profiles.laptop]\nrequired = true\n'
    folder = GuideFolder.make(tmp_path, settings).without_sandbox()
    helper = folder.write("snippets/helper.py", "x = 1\n")
    save = f"echo 'x = 2' > {helper}"
    folder.snippet(
        "page", f"# %% one\nimport helper, subprocess\nprint(helper.x)\nsubprocess.run({save!r}, shell=True)\n"
    )
    assert "snippets/helper.py changed while the page ran: run it again" in folder.run().failures["page"]
    assert folder.status("page").state is State.MISSING, "the page ran the code of before"


def test_a_folder_whose_list_changes_after_the_page_listed_it_fails_the_page(folder: GuideFolder) -> None:
    folder.write("data/words.txt", "one\n")
    data = str(folder.root / "data")
    source = f"import os, subprocess\nprint(os.listdir({data!r}))\nsubprocess.run(['touch', {data + '/more.txt'!r}])\n"
    folder.snippet("page", f"# %% one\n{source}")
    told = "the list of files in data changed while the page ran: run it again"
    assert told in folder.run().failures["page"]
    assert not folder.run().failures, "the next run finds it as it is"


POOL = """\
import multiprocessing
from pathlib import Path
def work(path):
    {work}
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(work, [Path({file!r})]))
"""


def test_what_a_worker_of_the_page_reads_counts(folder: GuideFolder) -> None:
    words = folder.write("data/words.txt", "one\n")
    folder.snippet("page", f"# %% one\n{POOL.format(work='return path.read_text()', file=str(words))}")
    assert not folder.run().failures
    assert [(each.path, each.kind) for each in folder.record("page").dependencies] == [("data/words.txt", "file")]


def test_what_a_worker_of_the_page_writes_into_the_project_is_the_pages_own(folder: GuideFolder) -> None:
    words = folder.write("data/words.txt", "one\n")
    folder.snippet("page", f"# %% one\n{POOL.format(work='return path.write_text(str(path))', file=str(words))}")
    assert (
        folder.run()
        .failures["page"]
        .endswith("the page itself wrote data/words.txt: write into the working folder instead")
    )


def test_a_page_that_closes_what_it_did_not_open_hears_less_and_harms_nothing(folder: GuideFolder) -> None:
    words = folder.write("data/words.txt", "one\n")
    close = "import os, stat\nfor each in range(3, 60):\n    try:\n"
    close += "        if stat.S_ISREG(os.fstat(each).st_mode): os.close(each)\n    except OSError:\n        pass\n"
    close += "mine = [open(f'{each}.txt', 'w+') for each in range(5)]\n"
    look = "print([each.seek(0) or each.read() for each in mine])\n"
    work = POOL.format(work="return path.read_text()", file=str(words))
    folder.snippet("page", f"# %% one\n{close}{work}{look}")
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt").endswith("['', '', '', '', '']\n")


def test_a_temporary_file_that_is_gone_again_is_no_dependency(folder: GuideFolder) -> None:
    data = folder.write("data/words.txt", "one\n").parent
    source = (
        f"import tempfile\nwith tempfile.NamedTemporaryFile(dir={str(data)!r}) as file:\n    print(file.write(b'x'))\n"
    )
    folder.snippet("page", f"# %% one\n{source}")
    assert not folder.run().failures
    assert folder.record("page").dependencies == ()


def test_devices_pipes_and_sockets_are_no_dependencies(folder: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder.root / "data").mkdir()
    pipe, plug, device = (folder.root / "data" / name for name in ("pipe", "plug", "device"))
    os.mkfifo(pipe)
    device.symlink_to("/dev/zero")
    monkeypatch.chdir(folder.root)  # a socket's address must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("data/plug")
    folder.snippet(
        "page",
        f"# %% one\nimport os\nos.close(os.open({str(pipe)!r}, os.O_RDONLY | os.O_NONBLOCK))\n"
        f"try:\n    open({str(plug)!r})\nexcept OSError:\n    print('no file')\n"
        f"print(len(open({str(device)!r}, 'rb').read(3)))\n",
    )
    assert not folder.run().failures
    assert folder.record("page").dependencies == ()
    for each in (pipe, plug, device):
        used = Dependency(each.relative_to(folder.root).as_posix(), "file", "")
        assert measure(folder.root, used).sha256 == GONE, "and no command waits for its end"


def test_a_large_file_is_digested_in_pieces(folder: GuideFolder) -> None:
    large = folder.root / "data" / "large.bin"
    large.parent.mkdir()
    with large.open("wb") as file:
        file.truncate(1 << 28)  # a hole: it takes no room on the disk
    measured = f"""
        import resource
        from pathlib import Path
        from galley.record.dependencies import measure
        from galley.record.model import Dependency
        limit = 1 << 28
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        print(measure(Path({str(folder.root)!r}), Dependency("data/large.bin", "file", "")).sha256)
    """
    assert len(folder.call(python(measured)).stdout.strip()) == 64


def test_names_that_no_disk_has_are_looked_for_in_vain_and_harm_nothing(folder: GuideFolder) -> None:
    loop = folder.root / "data" / "loop"
    loop.parent.mkdir()
    loop.symlink_to(loop)
    names = [str(folder.root / ("x" * 300)), str(loop)]
    tries = "    try:\n        open(name)\n    except OSError:\n        print('none')\n"
    folder.snippet("page", f"# %% one\nfor name in {names!r}:\n{tries}")
    assert not folder.run().failures
