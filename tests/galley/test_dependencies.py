"""Digests of what a page used: a file's bytes, a folder's names, a module's code."""

from __future__ import annotations

import os
import py_compile
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from galley.record.dependencies import ABSENT, GONE, measure
from galley.record.model import Dependency
from guide_folder import GuideFolder


def now(root: Path, path: str, kind: Any, part: str = "") -> Dependency:
    """A dependency as it stands now."""
    return measure(root, Dependency(path, kind, "", part))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder with one of each."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data/a.txt").write_text("1")
    (tmp_path / "helper.py").write_text("x = 1\n")
    return tmp_path


def test_a_file_changes_with_its_bytes_even_when_size_and_second_are_the_same(root: Path) -> None:
    before = now(root, "data/a.txt", "file")
    stamp = (root / "data/a.txt").stat().st_mtime_ns
    (root / "data/a.txt").write_text("2")
    os.utime(root / "data/a.txt", ns=(stamp + 1, stamp + 1))
    assert now(root, "data/a.txt", "file").sha256 != before.sha256
    (root / "data/a.txt").write_text("1")
    assert now(root, "data/a.txt", "file") == before


def test_a_listing_changes_with_its_names_alone(root: Path) -> None:
    before = now(root, "data", "listing")
    (root / "data/a.txt").write_text("other")
    (root / "data/__pycache__").mkdir()
    assert now(root, "data", "listing") == before
    (root / "data/b.txt").touch()
    assert now(root, "data", "listing").sha256 != before.sha256


@pytest.mark.parametrize(
    ("source", "same"),
    [("x = 1  # why\n", True), ('"""Docs."""\n\nx = (1)\n', True), ("x = 2\n", False), ("x = (\n", False)],
)
def test_a_module_changes_with_its_code_alone(root: Path, source: str, same: bool) -> None:
    before = now(root, "helper.py", "module")
    (root / "helper.py").write_text(source)
    assert (now(root, "helper.py", "module") == before) is same


def test_a_module_that_cannot_be_read_as_code_counts_by_its_bytes(root: Path) -> None:
    (root / "helper.py").write_bytes(b"caf\xe9")
    before = now(root, "helper.py", "module")
    (root / "helper.py").write_bytes(b"caf\xe8!")
    assert now(root, "helper.py", "module").sha256 not in (before.sha256, GONE)


@pytest.mark.parametrize(
    ("text", "same"),
    [("[one]\nx=1 # why\n", True), ("[one]\nx = 1\n[two]\ny = 3\n", True), ("[one]\nx = 2\n", False), ("[one", False)],
)
def test_a_table_changes_with_what_it_says_alone(root: Path, text: str, same: bool) -> None:
    (root / "models.toml").write_text("[one]\nx = 1\n[two]\ny = 2\n")
    before = now(root, "models.toml", "table", "one")
    (root / "models.toml").write_text(text)
    assert (now(root, "models.toml", "table", "one") == before) is same


def test_names_change_with_the_files_of_their_endings_alone(root: Path) -> None:
    before = now(root, "data", "names", ".txt .json")
    (root / "data/a.txt").write_text("other")
    (root / "data/README.md").touch()
    (root / "data/folder.json").mkdir()
    assert now(root, "data", "names", ".txt .json") == before
    (root / "data/config.json").touch()
    assert now(root, "data", "names", ".txt .json").sha256 != before.sha256


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("models.toml#one", "table"),
        ("none", "file"),
        ("none", "listing"),
        ("none#.txt", "names"),
        ("none.py", "module"),
        ("data", "file"),
    ],
)
def test_what_is_not_there_is_gone(root: Path, path: str, kind: str) -> None:
    path, _, part = path.partition("#")
    assert now(root, path, kind, part).sha256 == GONE


def test_a_file_that_is_saved_while_the_page_runs_fails_it(folder: GuideFolder) -> None:
    folder.without_sandbox()
    folder.write("snippets/data.txt", "first")
    file = folder.root / "snippets" / "data.txt"
    save = f"from pathlib import Path; Path({str(file)!r}).write_text('second')"
    source = (
        "import subprocess, sys\nfrom pathlib import Path\n"
        f"print(Path({str(file)!r}).read_text())\nsubprocess.run([sys.executable, '-c', {save!r}], check=True)\n"
    )
    folder.snippet("page", f"# %% one\n{source}")
    ended = folder.run()
    assert "snippets/data.txt changed while the page ran: run it again" in ended.failures["page"]
    assert folder.status("page").state == "missing"


def test_a_file_opened_for_reading_and_writing_counts_as_used(folder: GuideFolder) -> None:
    folder.without_sandbox()
    file = folder.write("snippets/data.txt", "first")
    folder.snippet("page", f"# %% one\nprint(open({str(file)!r}, 'r+').read())\n")
    assert not folder.run().failures
    file.write_text("second", encoding="utf-8")
    assert folder.status("page").state == "stale"


def test_a_file_that_was_looked_for_in_vain_makes_the_record_stale_when_it_appears(folder: GuideFolder) -> None:
    file = folder.root / "snippets" / "data.txt"
    source = f"try:\n    print(open({str(file)!r}).read())\nexcept FileNotFoundError:\n    print('none')\n"
    folder.snippet("page", f"# %% one\n{source}")
    assert not folder.run().failures
    assert [(each.path, each.kind, each.sha256) for each in folder.record("page").dependencies] == [
        ("snippets/data.txt", "absent", "absent")
    ]
    assert folder.status("page").state == "fresh"
    file.write_text("here", encoding="utf-8")
    assert [each.what for each in folder.status("page").reasons] == [
        "snippets/data.txt was not there when the page looked for it"
    ]


def test_what_a_page_looks_for_in_the_cache_is_no_dependency(folder: GuideFolder) -> None:
    source = f"try:\n    open({str(folder.root / '.cache/token')!r})\nexcept FileNotFoundError:\n    pass\n"
    folder.snippet("page", f"# %% one\n{source}")
    assert not folder.run().failures
    assert folder.record("page").dependencies == ()


def test_a_hook_notes_which_files_of_an_ending_a_folder_has(tmp_path: Path) -> None:
    hooked = '[tool.galley]\nhooks = { setup = "helper:setup" }\n[tool.galley.profiles.laptop]\nrequired = true\n'
    folder = GuideFolder.make(tmp_path, hooked)
    folder.write("snippets/model/config.json", "{}")
    folder.write(
        "snippets/helper.py",
        "def setup(context):\n    context.note_names(context.root / 'snippets/model', ('.json',))\n",
    )
    folder.snippet("page", "# %% one\nprint(1)\n")
    assert not folder.run().failures
    folder.write("snippets/model/README.md", "For people.")
    assert folder.status("page").state == "fresh"
    folder.write("snippets/model/adapter_config.json", "{}")
    assert [each.what for each in folder.status("page").reasons] == [
        "the list of files in snippets/model changed since the page used it"
    ]


COUNT = "import subprocess\ndone = subprocess.run(['wc', '-l', {file!r}])\n"


def test_what_is_seen_by_nobody_is_a_dependency_where_the_cell_declares_it(folder: GuideFolder) -> None:
    file = folder.write("data/words.txt", "one\n")
    source = COUNT.format(file=str(file))
    folder.without_sandbox().snippet("page", f"# %% one\n{source}")
    assert not folder.run().failures
    assert folder.record("page").dependencies == ()
    folder.snippet("page", f'# %% one uses="data/words.txt"\n{source}')
    assert [each.what for each in folder.status("page").reasons] == ["cell page/one changed"]
    assert not folder.run().failures
    assert folder.status("page").state == "fresh"
    file.write_text("one\ntwo\n", encoding="utf-8")
    assert [each.what for each in folder.status("page").reasons] == ["data/words.txt changed since the page used it"]


def test_a_folder_that_was_listed_and_is_declared_now_is_stale(folder: GuideFolder) -> None:
    folder.write("data/words.txt", "one\n")
    listing = f"import os\nos.listdir({str(folder.root / 'data')!r})\n"
    folder.snippet("page", f"# %% one\n{listing}")
    assert not folder.run().failures
    folder.snippet("page", f'# %% one uses="data"\n{listing}')
    assert folder.status("page").state == "stale"


def test_what_never_counts_may_not_be_declared(folder: GuideFolder) -> None:
    folder.write(".cache/words.txt", "one\n")
    folder.snippet("page", '# %% one uses=".cache/words.txt"\n1\n')
    assert "snippets/page.py:1: " in folder.run().failures["page"]
    assert "nothing in .cache ever counts" in folder.run().failures["page"]


def test_a_module_in_a_folder_that_never_counts_is_no_dependency(folder: GuideFolder) -> None:
    folder.write(".cache/hidden.py", "x = 1\n")
    folder.snippet("page", f"# %% one\nimport sys\nsys.path.append({str(folder.root / '.cache')!r})\nimport hidden\n")
    assert not folder.run().failures
    assert folder.record("page").dependencies == ()


def test_a_declared_link_that_leads_elsewhere_makes_a_record_stale(folder: GuideFolder) -> None:
    for name in ("v1", "v2"):
        folder.write(f"data/{name}.txt", name)
    (folder.root / "data/now.txt").symlink_to("v1.txt")
    folder.snippet("page", '# %% one uses="data/now.txt"\n1\n')
    assert not folder.run().failures
    assert folder.status("page").state == "fresh"
    (folder.root / "data/now.txt").unlink()
    (folder.root / "data/now.txt").symlink_to("v2.txt")
    assert [each.what for each in folder.status("page").reasons] == ["cell page/one now uses data/v2.txt"]


def test_a_table_is_found_in_a_file_whose_path_has_a_number_sign(folder: GuideFolder) -> None:
    folder.write("data/c#/list.toml", "[one]\nx = 1\n")
    assert now(folder.root, "data/c#/list.toml", "table", "one").sha256 not in (GONE, ABSENT)


def test_a_declared_folder_counts_with_its_files_and_their_names(tmp_path: Path) -> None:
    folder = GuideFolder.make(
        tmp_path, '[tool.galley]\nlinks = ["models"]\n[tool.galley.profiles.laptop]\nrequired = true\n'
    )
    file = folder.write("snippets/models/a/weights", "1")
    folder.snippet("page", '# %% one uses="models/a snippets/models"\nprint(1)\n')
    assert not folder.run().failures
    assert folder.status("page").state == "fresh"
    file.with_name("more").touch()
    assert folder.status("page").state == "stale"
    file.with_name("more").unlink()
    file.write_text("2", encoding="utf-8")
    assert [each.what for each in folder.status("page").reasons] == [
        "snippets/models/a/weights changed since the page used it"
    ]


@pytest.mark.parametrize(
    ("uses", "what"),
    [
        ("nothing.csv", "uses 'nothing.csv', and there is no such file"),
        ("/etc/hosts", "lies outside the project"),
        ("..", "lies outside"),
    ],
)
def test_a_declared_path_must_be_in_the_project(folder: GuideFolder, uses: str, what: str) -> None:
    folder.snippet("page", f'# %% one\n1\n# %% two uses="{uses}"\nprint(1)\n')
    ended = folder.run()
    assert ended.failures["page"].startswith("snippets/page.py:3: page page (laptop) in cell two: uses")
    assert what in ended.failures["page"]
    assert folder.status("page").state == "missing"


def test_a_declared_file_counts_whole_beside_a_table_of_it(tmp_path: Path) -> None:
    hooked = '[tool.galley]\nhooks = { setup = "helper:setup" }\n[tool.galley.profiles.laptop]\nrequired = true\n'
    folder = GuideFolder.make(tmp_path, hooked)
    table = folder.write("snippets/models.toml", "[one]\nx = 1\n[two]\ny = 2\n")
    folder.write(
        "snippets/helper.py",
        "def setup(context):\n    context.note_table(context.root / 'snippets/models.toml', 'one')\n",
    )
    folder.snippet("apart", "# %% one\nprint(1)\n")
    folder.snippet("reads", f'# %% one uses="snippets/models.toml"\nprint(open({str(table)!r}).read())\n')
    assert not folder.run().failures
    table.write_text("[one]\nx = 1\n[two]\ny = 3\n", encoding="utf-8")
    assert (folder.status("apart").state, folder.status("reads").state) == ("fresh", "stale")


def test_a_module_counts_as_one_also_where_python_reads_its_cached_code(folder: GuideFolder) -> None:
    helper = folder.write("snippets/helper.py", "x = 1\n")
    py_compile.compile(str(helper), doraise=True)
    folder.snippet("page", "# %% one\nimport helper\n")
    assert not folder.run().failures
    assert [(each.path, each.kind) for each in folder.record("page").dependencies] == [("snippets/helper.py", "module")]


@pytest.mark.parametrize("kind", ["file", "module", "table", "listing", "names"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")], ids=["a FIFO", "a device"])
def test_what_would_never_end_is_not_read(tmp_path: Path, kind: Any, make: Callable[[Path], object]) -> None:
    make(tmp_path / "odd")
    assert measure(tmp_path, Dependency("odd", kind, "", "x")).sha256 == GONE


def test_a_large_file_is_digested_a_piece_at_a_time(tmp_path: Path) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(130 << 20)
    program = (
        "import resource, sys; from pathlib import Path; from galley.record.dependencies import measure; "
        "from galley.record.model import Dependency; resource.setrlimit(resource.RLIMIT_DATA, (1 << 26, 1 << 26)); "
        "print(measure(Path(sys.argv[1]), Dependency('large', 'file', '')).sha256)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (len(done.stdout.strip()), done.stderr) == (64, "")


def test_the_names_in_a_folder_need_not_be_text(tmp_path: Path) -> None:
    before = measure(tmp_path, Dependency(".", "listing", ""))
    (tmp_path / os.fsdecode(b"\xff")).touch()
    after = measure(tmp_path, Dependency(".", "listing", ""))
    assert GONE not in (before.sha256, after.sha256)
    assert before != after


ODD_NAMES = """
# %% one
import os
for name in ("x" * 300, "\\udc80", "loop"):
    try:
        open(os.path.join(os.path.dirname(__file__), name))
    except OSError as error:
        print(type(error).__name__)
os.close(os.open(os.path.join(os.path.dirname(__file__), "pipe"), os.O_RDWR))
"""


def test_names_that_no_disk_can_hold_and_pipes_are_no_dependencies(folder: GuideFolder) -> None:
    folder.without_sandbox()  # it lets no page open a pipe of the project for writing
    folder.snippet("page", ODD_NAMES)
    (folder.project.snippets / "loop").symlink_to("loop")
    os.mkfifo(folder.project.snippets / "pipe")
    assert not folder.run().failures
    assert folder.output("page", "one.stdout.txt") == "OSError\nFileNotFoundError\nOSError\n"
    assert folder.findings() == []


def test_a_file_whose_name_is_no_text_fails_the_page_that_uses_it(folder: GuideFolder) -> None:
    (folder.project.snippets / os.fsdecode(b"\xff")).write_text("1")
    folder.snippet("page", "# %% one\nopen(__file__.replace('page.py', '\\udcff')).read()\n")
    said = folder.run().failures["page"]
    assert "the page used 'snippets/\\\\udcff', and a record names files in UTF-8 alone" in said
    assert "Traceback" not in said


def test_what_a_cell_uses_has_contents(folder: GuideFolder) -> None:
    os.mkfifo(folder.root / "pipe")
    folder.snippet("page", '# %% one uses="pipe"\nprint(1)\n')
    assert "uses 'pipe', which is neither a plain file nor a folder" in folder.run().failures["page"]
