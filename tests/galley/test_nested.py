"""Snippet files in folders: which files are some, how pages and records are named after them, and what they import."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from builders import plain
from galley.errors import GalleyError, UsageError
from galley.export.needs import needs
from galley.record.model import Name
from galley.serve import saved
from galley.source.bound import ASKED
from galley.source.cells import page_name
from galley.source.parameters import with_values
from galley.source.places import stem_of
from guide_folder import SETTINGS, GuideFolder, command, fence

TWO = SETTINGS + "\n[tool.galley.profiles.b]\n"
ONE = "# %% one\nprint(1)\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with the pages `a`, under two profiles of which one is called `b`, and `a/b`; both are recorded."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), TWO)
    folder.snippet("a", "# %% one\nprint('a')\n")
    folder.write("snippets/a/helper.py", "SAID = 'a helper'\n")
    folder.snippet("a/b_c", "# %% one\nimport helper\nprint(helper.SAID, __file__)\n# %% two\nprint(22222)\n")
    folder.snippet("a/b", "# %% one\nprint('a/b')\n")
    assert not folder.run("a", profiles=("laptop", "b")).failures
    assert not folder.run().failures
    return folder


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("snippets/a/b.py", "a/b"),
        ("snippets/x.de.py", "x.de"),
        ("snippets/a/../b.py", "b"),
        ("snippets/.py", ""),
        ("snippets/a/.py", ""),
        ("snippets/a.txt", ""),
        ("snippets.py", ""),
        ("docs/a.py", ""),
        ("snippets", ""),
    ],
)
def test_a_snippet_file_is_called_after_its_place_below_the_snippets(path: str, stem: str, first: GuideFolder) -> None:
    assert stem_of(first.project, Path(path)) == stem_of(first.project, first.root / path) == stem


def test_a_page_in_a_folder_is_recorded_and_no_record_lies_in_that_of_another(first: GuideFolder) -> None:
    assert list(first.guide.snippets) == ["a/b", "a/b_c", "a"]
    assert [each.page for each in first.guide.snippets.values()] == ["a/b", "a/b-c", "a"]
    folders = {path.parent.relative_to(first.project.outputs) for path in first.project.outputs.rglob("record.json")}
    assert folders == {Path("a/laptop"), Path("a/b"), Path("a_b/laptop"), Path("a_b-c/laptop")}
    assert first.record("a/b").page == "a/b"
    assert first.record("a", "b").page == "a"
    done = first.galley("check")
    assert done.returncode == 0, done.stdout
    assert "3 pages, 4 cells: every required record is true" in done.stdout


def test_what_a_page_in_a_folder_says_of_its_file_is_its_way_from_the_snippets(first: GuideFolder) -> None:
    text = (first.project.outputs / "a_b-c/laptop/one.stdout.txt").read_text(encoding="utf-8")
    assert text == "a helper a/b_c.py\n"


def test_names_of_records_come_back_from_their_folders_and_lead_nowhere_else() -> None:
    for page in ("a", "a/b", "a/b-c/d", "a.b"):
        name = Name(page, "laptop")
        assert (Name.of_folder(*name.folder.parts), name.is_plain) == (name, True)
    assert len({Name("a", "b").folder, Name("a/b", "laptop").folder, Name("a/b", "b").folder}) == 3
    for page in ("../x", "a/../../x", "/etc", "..", ".", "", "a\0b"):
        folder = Name(page, "laptop").folder
        assert not Name(page, "laptop").is_plain or (len(folder.parts) == 2 and ".." not in folder.parts), page
    for profile in ("../x", "..", "", "a/b", "/etc"):
        assert not Name("a", profile).is_plain, profile


NAMES = {
    "a": "a",
    "a/b": "a/b",
    "a/b-c": "a/b_c",
    "a/b_c": "a/b_c",
    "a/b_c.py": "a/b_c",
    "./a/b.py": "a/b",
    "snippets/a/b_c.py": "a/b_c",
    "docs/a/b.md": "a/b",
    "a/b.md": "a/b",
    "docs/a/b-c": "a/b_c",
    "snippets/a.py": "a",
    "docs/a.md": "a",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_page_in_a_folder_is_found_by_any_of_its_names(first: GuideFolder, name: str) -> None:
    assert first.guide.find(name).stem == NAMES[name]
    path = first.guide.snippets[NAMES[name]].path
    assert first.guide.find(str(path)).stem == NAMES[name]


@pytest.mark.parametrize("name", ["x/a", "b", "c/b", "../a/b", "a/b/c"])
def test_a_way_that_is_none_means_no_page(first: GuideFolder, name: str) -> None:
    if name == "b":
        assert first.guide.find(name).stem == "a/b", "the last part of its page's way is enough"
        return
    with pytest.raises(UsageError, match="no page with cells is named"):
        first.guide.find(name)


def test_the_commands_take_the_name_of_a_page_in_a_folder(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    folder.write("snippets/a/b.py", "# %% one\nprint('other')\n")
    done = folder.galley("check")
    assert "snippets/a/b.py:1: stale: a/b (laptop): cell a/b/one changed\n    galley run a/b\n" in done.stdout
    assert "a/b (laptop): stale" in folder.galley("plan").stdout
    assert folder.galley("run", "a/b").returncode == 0
    assert folder.output("a_b", "one.stdout.txt") == "other\n"
    done = folder.galley("test", "a/b")
    assert done.returncode == 0, done.stdout
    assert folder.galley("check").returncode == 0
    done = folder.galley("export", "a/b-c", "-o", "-")
    assert "# %% two" in done.stdout, done.stdout
    assert folder.galley("export", "a/b-c").stdout == "wrote b_c.py\n"


def test_a_failure_names_the_file_in_its_folder(folder: GuideFolder) -> None:
    folder.snippet("a/b", "# %% one\n1 / 0\n")
    assert folder.run().failures["a/b"].startswith("snippets/a/b.py:2: page a/b (laptop) in cell one: ")


LEFT_OUT = {
    "a package": "tools/__init__.py",
    "a package of packages": "tools/deep/x.py",
    "records": "outputs/x.py",
    "linked data": "data/deep/x.py",
    "a hidden folder": ".hidden/x.py",
    "an environment": "env/lib/x.py",
    "modules of node": "node_modules/x.py",
    "an editor's file": "a/.x.py",
    "another language": "a/x.txt",
}


def test_helpers_and_what_is_no_source_are_no_snippet_files(folder: GuideFolder) -> None:
    folder.write("snippets/data/.keep", "")
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["data"]\n'))
    folder.write("snippets/tools/__init__.py", "")
    folder.write("snippets/env/pyvenv.cfg", "")
    for path in LEFT_OUT.values():
        folder.write(f"snippets/{path}", "# %%bad\n# %% Bad\n")
    folder.write("snippets/a/helper.py", "def helped(): ...\n")
    folder.snippet("a/b", ONE)
    (folder.root / "snippets/again").symlink_to(folder.root / "snippets/a")
    assert (list(folder.guide.snippets), folder.guide.errors) == (["a/b"], ())
    folder.write("snippets/a/x.py", "# %% Bad\n")
    assert [str(each.place) for each in folder.guide.errors] == ["snippets/a/x.py:1"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a/c", "there is no snippet file 'a/c.py' with cells"),
        ("tools/x", "no file in snippets/tools is a snippet file: it is a package, since it has an __init__.py"),
        ("outputs/x", "no file in snippets/outputs is a snippet file: it holds records"),
        ("../secret/x", "'../secret/x' is no name of a snippet file"),
        ("/etc/x", "not a cell's name: '/etc/x/one'"),
        ("a//b", "not a cell's name: 'a//b/one'"),
        ("./a/b", "'./a/b' is no name of a snippet file"),
        ("again/b", "no file in snippets/again is a snippet file: it is a link"),
    ],
)
def test_a_fence_that_names_no_snippet_file_is_told_by_check_and_build(
    folder: GuideFolder, name: str, said: str
) -> None:
    folder.snippet("a/b", ONE)
    for path in ("snippets/tools/x.py", "secret/x.py", "snippets/outputs/x.py"):
        folder.write(path, ONE)
    folder.write("snippets/tools/__init__.py", "")
    (folder.root / "snippets/again").symlink_to(folder.root / "snippets/a")
    folder.page("more", fence(name, "one"))
    done = folder.galley("check")
    assert "docs/more.md:3: " in done.stdout
    assert said in done.stdout, done.stdout
    folder.run()
    done = folder.mkdocs()
    assert done.returncode != 0
    assert said.partition(" with cells")[0] in done.stdout, done.stdout


def test_two_files_of_one_page_and_a_cell_with_the_name_of_a_page_are_told(folder: GuideFolder) -> None:
    folder.snippet("a-x/b", ONE)
    folder.write("snippets/a_x/b.py", ONE)
    folder.snippet("c", "# %% d\n1\n")
    folder.snippet("c/d", ONE)
    folder.snippet("e-f", "# %% g\n1\n")
    folder.snippet("e_f/g", ONE)  # which is read after it
    told = [f"{error.place}: {error.what}" for error in folder.guide.errors]
    assert told == [
        "snippets/a_x/b.py: b.py is the code of page a-x/b too",
        "snippets/c.py:1: the cell 'd' has the name of a page, so that a command could mean either",
        "snippets/e-f.py:1: the cell 'g' has the name of a page, so that a command could mean either",
    ]


def test_a_file_that_a_cell_names_from_its_own_folder_is_a_dependency(folder: GuideFolder) -> None:
    folder.write("snippets/a/data/n.txt", "1")
    folder.snippet("a/b", "# %% one\nfrom pathlib import Path\nprint(Path(__file__, '..', 'data/n.txt').exists())\n")
    assert not folder.run().failures
    assert {each.path for each in folder.record("a/b").dependencies} == {"snippets/a/data/n.txt"}


def test_the_line_of_a_warning_is_left_out_of_the_record_of_a_file_in_a_folder(folder: GuideFolder) -> None:
    folder.snippet("a/b", "# %% one\nimport warnings\nwarnings.warn('mind')\n")
    assert not folder.run().failures
    assert folder.output("a_b", "one.stderr.txt").startswith("a/b.py: UserWarning: mind\n")


def test_a_profile_s_values_leave_a_file_its_name(folder: GuideFolder) -> None:
    folder.snippet("a/b", "# %% parameters\nx = 1\n")
    assert with_values(folder.guide.snippets["a/b"], {"x": 2}).stem == "a/b"


def test_a_name_that_no_folder_could_have_is_told(folder: GuideFolder) -> None:
    folder.snippet("/".join(["x" * 80] * 3), ONE, shown=False)
    (error,) = folder.guide.errors
    assert "its name has more than 240 bytes with its folders" in str(error)


# What a page in a folder imports.


def test_imports_are_those_of_plain_python(folder: GuideFolder, tmp_path: Path) -> None:
    folder.write("snippets/util.py", "WHERE = 'top'\n")
    folder.write("snippets/a/util.py", "WHERE = 'a'\n")
    folder.write("snippets/parts.py", "import util\ndef setup(context):\n    assert util.WHERE == 'top'\n")
    hooks = '[tool.galley]\nimports = ["util"]\nhooks = { setup = "parts:setup" }\n'
    folder.write("pyproject.toml", SETTINGS.replace("[tool.galley]\n", hooks))
    folder.snippet("a/b", "# %% one\nimport util, sys\nprint(util.WHERE, len(sys.path[0]) > 0)\n")
    folder.snippet("top", "# %% one\nimport util\nprint(util.WHERE)\n")
    ended = folder.run()
    assert not ended.failures
    plain = subprocess.run([sys.executable, "snippets/a/b.py"], cwd=folder.root, capture_output=True, text=True)
    assert plain.stdout == folder.output("a_b", "one.stdout.txt") == "a True\n"
    assert folder.output("top", "one.stdout.txt") == "top\n"
    used = {each.path for each in folder.record("a/b").dependencies}
    assert "snippets/a/util.py" in used
    folder.write("snippets/a/util.py", "WHERE = 'b'\n")
    assert folder.status("a/b").state == "stale"


@pytest.mark.parametrize("far", ["util.py", "util/__init__.py"])
def test_a_module_that_plain_python_would_not_find_is_refused(folder: GuideFolder, far: str) -> None:
    folder.write(f"snippets/{far}", "WHERE = 'top'\n")
    folder.write("snippets/a/helper.py", "import json\nimport util\n")
    folder.snippet("a/b", "# %% one\nimport util\n")
    folder.snippet("a/c", "# %% one\n\nimport helper\n")
    folder.snippet("a/d", ONE)
    folder.snippet("top", "# %% one\nimport util\n")
    told = [f"{error.place}: {error.what}" for error in folder.guide.errors]
    where = f"imports 'util', which is snippets/{far}: Python looks for it in snippets/a"
    assert told == [f"snippets/a/b.py:2: {where}", f"snippets/a/c.py:3: helper.py {where}"]
    assert list(folder.guide.snippets) == ["a/d", "top"]


def test_a_module_of_its_own_folder_that_stands_in_pythons_way_is_refused(folder: GuideFolder) -> None:
    folder.write("snippets/a/random.py", "")
    folder.write("snippets/a/helper.py", "import random\n")
    folder.snippet("a/b", "# %% one\nimport random\n")
    folder.snippet("top", "# %% one\nimport random\n")
    (error,) = folder.guide.errors
    assert str(error).startswith("snippets/a/b.py:2: imports 'random' and would get snippets/a/random.py")


def test_what_an_export_needs_is_named_from_the_file_s_own_folder(folder: GuideFolder) -> None:
    folder.write("snippets/data/n.txt", "1\n")
    folder.write("snippets/a/tools/__init__.py", "")
    folder.write("snippets/a/helper.py", "import tools\n")
    files = '[tool.galley.files]\n"helper.py" = "snippets/a/helper.py"\n"tools.zip" = "snippets/a/tools"\n'
    settings = SETTINGS.replace("[tool.galley]\n", '[tool.galley]\nlinks = ["data"]\n')
    folder.write("pyproject.toml", settings)
    folder.snippet("a/b", "# %% one\nimport helper\nprint(open('data/n.txt').read())\n")
    assert not folder.run().failures
    found = needs(folder.project, folder.guide.find("a/b"), folder.record("a/b"))
    assert (found.beside, found.source) == (("helper.py", "tools/"), "snippets/a")
    assert (found.linked, found.links) == (("data/",), "snippets")
    text = folder.galley("export", "a/b", "-o", "-").stdout
    assert "# Needs beside this file, from snippets/ in the guide's repository: data/\n" in text
    assert "# Needs beside this file, from snippets/a/ in the guide's repository: helper.py, tools/\n" in text
    folder.write("pyproject.toml", settings + "\n" + files)
    found = needs(folder.project, folder.guide.find("a/b"), folder.record("a/b"))
    assert [(each.name, each.place, each.members) for each in found.offered] == [
        ("helper.py", "helper.py", (("helper.py", 13),))
    ], "an archive unpacks its folder from the snippets' own"
    assert found.beside == ("tools/",)


# On the site.


def test_the_site_shows_and_offers_a_page_in_a_folder(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    folder.page("a/b-c", f"It printed {{value}}`a/b_c/two`.\n\n{fence('a/b_c', 'one')}\n{fence('a/b_c', 'two')}")
    folder.page("list", '```python exec="on" list="states"\n```\n')
    done = folder.mkdocs()
    assert done.returncode == 0, done.stdout
    html = (folder.root / "site/a/b-c.html").read_text(encoding="utf-8")
    assert "It printed 22222." in html
    assert 'id="cell-a/b_c-two"' in html
    assert '<a href="b_c.py" download>script</a>' in html
    assert "print(22222)" in (folder.root / "site/a/b_c.py").read_text(encoding="utf-8")
    assert 'href="a/b-c.html"' in (folder.root / "site/list.html").read_text(encoding="utf-8")
    done = folder.galley("build", "--site-dir", "public")
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a/one", ("a", "one", None, None, None)),
        ("a/b/one", ("a/b", "one", None, None, None)),
        ("a/one/1e6", ("a", "one", None, "1e6", None)),
        ("a/b/one#2/1e6:.1f", ("a/b", "one", "2", "1e6", ".1f")),
        ("a/b/c/one:,d", ("a/b/c", "one", None, None, ",d")),
        ("a/b/100#1", ("a/b", "100", "1", None, None)),
    ],
)
def test_a_number_is_taken_from_a_cell_of_a_file_in_a_folder(text: str, parts: tuple[str | None, ...]) -> None:
    found = ASKED.fullmatch(text)
    assert found
    assert found.groups() == parts


# Whatever names records.


def test_a_held_page_in_a_folder_stays(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    assert folder.galley("review", "--hold", "a/b", "--reason", "it waits", str(first.project.outputs)).returncode == 0
    held = json.loads((folder.project.outputs / "held.json").read_text(encoding="utf-8"))
    assert [each["page"] for each in held["held"]] == ["a/b"]
    assert folder.status("a/b").state == "held"
    assert "not run: a/b (laptop) is held since" in folder.galley("run", "a/b").stdout
    assert folder.galley("run", "--held", "a/b").returncode == 0


def test_what_changed_in_a_page_in_a_folder_is_reviewed_and_rejected(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    folder.write("snippets/a/b.py", "# %% one\nprint('other')\n")
    assert not folder.run("a/b").failures
    base = str(first.project.outputs)
    done = folder.galley("review", base)
    assert done.returncode == 8
    assert "a/b/one" in done.stdout
    done = folder.galley("review", base, "--reject", "a/b")
    assert done.returncode == 0, done.stdout
    assert folder.output("a_b", "one.stdout.txt") == "a/b\n"
    assert folder.galley("review", base, "--only", "a/b-c").returncode == 0
    if shutil.which("git"):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "one"]):
            assert folder.call(["git", *words]).returncode == 0
        assert not folder.run("a/b").failures
        done = folder.galley("review")
        assert "a/b/one: text (its code changed)" in done.stdout, done.stdout


def test_a_manifest_names_a_record_in_its_folder(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    assert folder.galley("manifest").returncode == 0
    said = json.loads((folder.project.outputs / "manifest.json").read_text(encoding="utf-8"))
    assert "snippets/outputs/a_b/laptop/record.json" in {each["name"] for each in said["subject"]}
    assert len(said["subject"]) == 8


def test_shards_of_pages_in_folders_are_collected(first: GuideFolder, tmp_path: Path) -> None:
    bare = first.copied(tmp_path / "bare")
    for each in list(bare.project.outputs.iterdir()):
        shutil.rmtree(each) if each.is_dir() else each.unlink()
    shards = [bare.copied(tmp_path / str(number)) for number in (1, 2)]
    for number, shard in enumerate(shards, start=1):
        done = shard.galley("run", "--shard", f"{number}/2")
        assert done.returncode == 0, done.stdout
    done = bare.galley("collect", *(str(each.project.outputs) for each in shards))
    assert done.returncode == 0, done.stdout
    assert "a/b (laptop): taken" in done.stdout
    assert bare.output("a_b", "one.stdout.txt") == "a/b\n"
    shutil.rmtree(bare.project.outputs / "a_b")
    done = bare.galley("collect", str(first.project.outputs))  # which has no note of a shard
    assert "a/b (laptop): taken" in done.stdout


def test_a_record_of_a_page_that_is_gone_is_told_in_its_folder(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    (folder.root / "snippets/a/b.py").unlink()
    (folder.root / "docs/a/b.md").unlink()
    assert "snippets/outputs/a_b/laptop: orphaned: a record of no page or profile" in folder.galley("check").stdout


def test_a_footprint_of_a_page_in_a_folder_is_kept_beside_the_others(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    done = folder.galley("run", "--footprint", "a/b")
    assert done.returncode == 0, done.stdout
    assert (folder.project.outputs / ".footprints/laptop/a_b.json.xz").is_file()
    assert folder.galley("check").returncode == 0
    assert "orphaned" not in folder.galley("check").stdout


def test_a_page_and_a_cell_are_told_apart(first: GuideFolder) -> None:
    def found(name: str) -> tuple[str, str]:
        snippets, cell = first.guide.find_cell(name)
        return snippets.page, cell

    assert found("a/b") == ("a/b", "")
    assert found("a/b/one") == ("a/b", "one")
    assert found("a/one") == ("a", "one")
    assert found("a/b_c") == ("a/b-c", "")
    assert page_name("a/b_c") == "a/b-c"


def test_a_record_that_says_it_is_another_page_s_is_refused(first: GuideFolder, tmp_path: Path) -> None:
    folder = first.copied(tmp_path)
    file = folder.project.outputs / "a_b/laptop/record.json"
    for name in ("a", "../../a", "a_b"):
        text = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**text, "page": name}), encoding="utf-8")
        assert f"is the record of {name} under laptop" in folder.galley("check").stdout
    assert folder.galley("run", "a/b").returncode == 0
    assert folder.galley("check").returncode == 0


NOWHERE = ["../../secret", "/etc", "a/../../secret", "..", "a_b"]


@pytest.mark.parametrize("page", NOWHERE)
def test_a_list_of_held_pages_leads_nowhere(first: GuideFolder, tmp_path: Path, page: str) -> None:
    folder = first.copied(tmp_path)
    folder.write("secret/laptop/record.json", "{}")
    held = {"page": page, "profile": "laptop", "since": "2026-01-01", "reason": "why"}
    (folder.project.outputs / "held.json").write_text(json.dumps({"format": 1, "held": [held]}), encoding="utf-8")
    done = folder.galley("check")
    assert f"{page} (laptop) is held, and there is no such record" in done.stdout
    assert folder.galley("run").returncode == 0
    assert (folder.root / "secret/laptop/record.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize("page", NOWHERE)
def test_a_shard_s_note_leads_nowhere(first: GuideFolder, tmp_path: Path, page: str) -> None:
    folder, there = first.copied(tmp_path / "here"), first.copied(tmp_path / "there")
    secret = there.write("secret/laptop/record.json", "{}")
    done = there.galley("run", "--shard", "1/1", "--all")
    assert done.returncode == 0, done.stdout
    file = there.project.outputs / "shard-1-of-1.json"
    note = json.loads(file.read_text(encoding="utf-8"))
    note["plan"][0].append([page, "laptop"])
    note["done"].append([page, "laptop"])
    file.write_text(json.dumps(note), encoding="utf-8")
    done = folder.galley("collect", str(there.project.outputs))
    assert "is the record of a page or profile that this checkout does not have" in done.stdout, done.stdout
    assert secret.read_text(encoding="utf-8") == "{}"
    assert not (folder.root / "secret").exists()


def test_a_module_that_appears_beside_a_file_in_a_folder_makes_its_record_stale(folder: GuideFolder) -> None:
    code = "# %% one\ntry:\n    import fastlib\nexcept ImportError:\n    fastlib = None\nprint(fastlib is None)\n"
    folder.snippet("a/b", code)
    assert not folder.run().failures
    folder.write("snippets/a/fastlib.py", "")
    assert folder.status("a/b").state == "stale"


def test_a_process_that_python_starts_anew_finds_what_lies_beside_the_file(folder: GuideFolder) -> None:
    folder.write("snippets/a/helper.py", "def double(x):\n    return 2 * x\n")
    folder.snippet(
        "a/b",
        "# %% one\nimport multiprocessing\nfrom helper import double\nif __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n        print(pool.map(double, [1, 2]))\n",
    )
    assert not folder.run().failures
    assert folder.output("a_b", "one.stdout.txt") == "[2, 4]\n"


def test_an_error_of_a_file_in_a_folder_is_the_preview_s_too(folder: GuideFolder) -> None:
    folder.snippet("a/b", "# %% one\nx = (\n")
    assert folder.guide.unreadable == {"a/b"}
    with pytest.raises(GalleyError, match=r"snippets/a/b\.py:2: syntax error"):
        folder.guide.find("a/b")
    kinds = [each.kind for each in folder.findings()]
    assert kinds == ["unreadable"], "its fence is no second error"


def test_a_save_of_a_file_in_a_folder_is_heard_by_the_live_preview(folder: GuideFolder) -> None:
    folder.snippet("a/b", ONE)
    folder.write("snippets/outputs/x", "")

    async def heard() -> None:
        with saved((folder.project.snippets,), (folder.project.outputs,)) as changed:
            folder.write("snippets/outputs/x", "2")
            folder.write("snippets/a/b.py", "# %% one\nprint(2)\n")
            await asyncio.wait_for(changed.of_others(frozenset({str(folder.project.outputs / "x")})), 10)

    asyncio.run(heard())


def test_the_command_that_is_told_runs_the_page(folder: GuideFolder) -> None:
    folder.snippet("a b/c; ls", ONE)
    (finding,) = folder.findings()
    assert finding.mend == "galley run 'a b/c; ls'"
    assert folder.call(["sh", "-c", f"{command('galley')} {finding.mend.removeprefix('galley ')}"]).returncode == 0
    assert folder.findings() == []


def test_the_files_of_a_page_lie_beside_it_without_the_folders_of_the_snippets(
    first: GuideFolder, tmp_path: Path
) -> None:
    folder = plain(first.copied(tmp_path))
    folder.snippet("c/b", ONE, shown=False)
    folder.page("both", f"{fence('a/b', 'one')}\n{fence('c/b', 'one')}")
    folder.page("c/b", fence("c/b", "one"))
    assert not folder.run().failures
    built = folder.mkdocs()
    assert built.returncode == 0, built.stdout
    site = folder.root / "site"
    found = {path.relative_to(site).as_posix() for path in site.rglob("*.ipynb")}
    assert found == {"a_laptop.ipynb", "a_b.ipynb", "a/b.ipynb", "a/b_c.ipynb", "c/b.ipynb"}
