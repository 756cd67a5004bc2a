"""`galley update` and `galley bisect`: the move to other releases on a branch, and the release that changed a cell."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from galley.config import find_project
from galley.errors import GalleyError
from galley.record.held import held_pages
from galley.record.status import store_of
from galley.update.branch import Copy
from galley.update.environment import COMMAND, ScratchEnvironment
from galley.update.pins import move, pins
from guide_folder import GuideFolder, fence, quiet_environment
from wheels import Bench, index, wheel

SETTINGS = """\
[project]
name = "guide"
dependencies = ["tiny[extra]==1.0", "other>=2"]

[tool.galley]
lock = "lock.txt"

[tool.galley.profiles.laptop]
required = true
"""
MATHS = """\
def add(one, other):
    return one + other


def told():
    return 'said'


def quiet():
    return 0
"""
NEXT = """\
import helping

def told():
    return 'said aloud'


def add(one, other):
    raise TypeError('no more')


def quiet():
    return 0
"""
TINY = {"tiny/__init__.py": "from tiny.maths import add, told\n", "tiny/maths.py": MATHS}
LINK = "https://example.org/o/tiny/blob/v{version}/src/tiny/maths.py#L{line}"


def git(folder: Path, *words: str) -> str:
    """What git answers in a folder."""
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A guide in a git repository whose pages have footprints with tiny 1.0, and wheels of 1.0, 1.1, 1.2 and 2.0."""
    bench = Bench.make(tmp_path_factory.mktemp("bench"), SETTINGS)
    shutil.unpack_archive(wheel(bench.wheels, "tiny", "1.0", TINY), bench.environment.packages, "zip")
    wheel(bench.wheels, "tiny", "1.1", {**TINY, "tiny/later.py": "x = 1\n"})
    wheel(bench.wheels, "tiny", "1.2", {**TINY, "tiny/maths.py": MATHS.replace("said", "sung")})
    wheel(bench.wheels, "tiny", "2.0", {**TINY, "tiny/maths.py": NEXT}, ["helping"])
    wheel(bench.wheels, "tiny", "3.0rc1", TINY)
    wheel(bench.wheels, "early", "1.0rc1", {"early.py": ""})
    wheel(bench.wheels, "helping", "1.0", {"helping.py": ""})
    guide = bench.guide
    guide.write("lock.txt", "tiny==1.0 \\\n    --hash=sha256:00\nother==2.1  # tiny==0.9\n")
    guide.write("locks/more.txt", "tiny==1.0\n")
    guide.write(".gitignore", "ignored\n")
    guide.snippet("adds", "# %% one\nimport tiny\nprint(tiny.add(1, 2))\n")
    guide.snippet("tells", "# %% one\nimport tiny\nprint(tiny.told())\n# %% two\nprint(2)\n")
    guide.snippet("plain", "# %% one\nprint(1)\n")
    lines = "\n".join(f"See [`x`]({LINK.format(version='1.0', line=line)})." for line in (1, 5, 9, 99))
    guide.page("links", lines)
    assert bench.galley("run", "--footprint").returncode == 0
    git(guide.root, "init", "-q", "-b", "main")
    git(guide.root, "add", "--all")
    git(guide.root, "commit", "-q", "-m", "first")
    with bench.forks():
        yield bench


@pytest.fixture
def bench(first: Bench, tmp_path: Path) -> Bench:
    """The same with a copy of the guide that a test may spoil."""
    return Bench(first.guide.copied(tmp_path / "guide"), first.wheels, first.environment)


IDENTITY = {
    name: value
    for who in ("AUTHOR", "COMMITTER")
    for name, value in ((f"GIT_{who}_NAME", "A"), (f"GIT_{who}_EMAIL", "a@example.org"))
}


def test_the_table_names_what_is_pinned_reached_and_not_the_newest(bench: Bench) -> None:
    ended = bench.galley("update")
    assert ended.returncode == 1, ended.stdout
    head, row = ended.stdout.splitlines()
    assert head.split()[:4] == ["package", "pinned", "newest", "pages"]
    assert row.split()[:6] == ["tiny", "1.0", "2.0", "2", "of", "3"]
    (bench.wheels / "hidden").mkdir()
    assert bench.galley("update", PIP_FIND_LINKS=str(bench.wheels / "hidden")).returncode == 2


def test_an_update_is_one_branch_and_the_working_tree_stays(bench: Bench, tmp_path: Path) -> None:
    root = bench.guide.root
    before, tree = (
        git(root, "rev-parse", "HEAD"),
        {path: path.read_bytes() for path in sorted(root.rglob("*.*")) if path.is_file()},
    )
    ended = bench.galley("update", "--apply", "tiny==2.0", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    assert git(root, "rev-parse", "HEAD") == before
    assert git(root, "status", "--porcelain") == ""
    assert {path: path.read_bytes() for path in tree} == tree
    assert git(root, "rev-parse", "update/tiny-2.0^") == before
    told = ended.stdout
    assert "recorded anew: tells (laptop)" in told
    assert "held: adds (laptop): cell one: TypeError: no more" in told
    assert "locks/more.txt still names an old version" in told
    assert "git switch update/tiny-2.0" in told
    git(root, "switch", "-q", "update/tiny-2.0")
    assert 'dependencies = ["tiny[extra]==2.0", "other>=2"]' in (root / "pyproject.toml").read_text(encoding="utf-8")
    assert (root / "lock.txt").read_text(encoding="utf-8").startswith("tiny==2.0 \\\n")
    assert "other==2.1  # tiny==0.9" in (root / "lock.txt").read_text(encoding="utf-8")
    assert bench.guide.output("tells", "one.stdout.txt") == "said aloud\n"
    assert bench.guide.output("adds", "one.stdout.txt") == "3\n"
    assert bench.guide.record("tells").environment.packages["tiny"] == "2.0"
    (held,) = held_pages(store_of(bench.guide.project)).values()
    assert (held.page, dict(held.versions)) == ("adds", {"tiny": "2.0"})
    changed = set(git(root, "diff", "--name-only", "main").splitlines())
    assert not any("plain" in each for each in changed), changed
    message = git(root, "log", "-1", "--format=%B")
    assert message.startswith("Update tiny 1.0 to 2.0\n")
    assert "Held: adds (laptop): cell one: TypeError: no more" in message


def test_the_review_of_an_update_is_since_the_commit_and_its_commands_hold_on_the_branch(bench: Bench) -> None:
    root = bench.guide.root
    before = git(root, "rev-parse", "HEAD")[:12]
    ended = bench.galley("update", "--apply", "tiny==1.2", "--no-footprints", "--html", "review.html", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    page = (root / "review.html").read_text(encoding="utf-8")
    assert f"<h1>Changes since {before}</h1>" in page
    assert "<code>sung\n" in page
    assert f"galley review {before} --accept tells/one\n" in page
    git(root, "switch", "-q", "update/tiny-1.2")
    hints = [line.split("galley ")[1:] for line in ended.stdout.splitlines() if f"galley review {before}" in line]
    commands = [part.partition(";")[0].strip() for line in hints for part in line]
    assert [each.split()[2:3] for each in commands] == [[], ["--html"], ["--accept"]], commands
    for each in commands[:2]:
        assert bench.galley(*shlex.split(each)).returncode == 8, each
    assert bench.galley(*shlex.split(commands[2])).returncode == 0


RELOCK = """
import shutil, sys
from importlib.metadata import version
from pathlib import Path
if "fail" in sys.argv:
    raise SystemExit("no digest of tiny anywhere")
Path("locks/more.txt").write_text(f"tiny=={version('tiny')}\\n", encoding="utf-8")
"""


def relocks(bench: Bench, command: str) -> str:
    """What an update says of a guide whose command for its locks is this one."""
    root = bench.guide.root
    settings = (root / "pyproject.toml").read_text(encoding="utf-8")
    named = f"[tool.galley]\nrelock = '{command}'\n"
    bench.guide.write("pyproject.toml", settings.replace("[tool.galley]\n", named, 1))
    bench.guide.write("relock.py", RELOCK)
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "locks")
    ended = bench.galley("update", "--apply", "tiny==1.1", "--no-footprints", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    return ended.stdout


def test_the_guides_own_command_makes_its_locks_in_the_copy_with_the_new_release(bench: Bench) -> None:
    told = relocks(bench, "python relock.py")
    assert "making the locks anew: python relock.py" in told
    assert "still names" not in told
    assert git(bench.guide.root, "show", "update/tiny-1.1:locks/more.txt") == "tiny==1.1"
    assert git(bench.guide.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("python relock.py fail", "ended with 1: no digest of tiny anywhere; run it on the branch"),
        ("no-such-program", "ended with 2: no-such-program: No such file or directory; run it on the branch"),
        ('python "relock', "ended with 3: No closing quotation; run it on the branch"),
    ],
)
def test_locks_that_cannot_be_made_are_left_to_the_branch(bench: Bench, command: str, said: str) -> None:
    told = relocks(bench, command)
    assert f"{command}: {said}" in told
    assert "locks/more.txt still names an old version" in told
    assert "git switch update/tiny-1.1" in told


def test_links_move_to_the_line_of_the_same_function(bench: Bench) -> None:
    ended = bench.galley("update", "--apply", "tiny==2.0", "--no-footprints", **IDENTITY)
    assert "links moved: 3" in ended.stdout, ended.stdout
    assert f"leads nowhere in the new release: {LINK.format(version='1.0', line=99)}" in ended.stdout
    text = git(bench.guide.root, "show", "update/tiny-2.0:docs/links.md")
    wanted = [("2.0", 7), ("2.0", 3), ("2.0", 11), ("1.0", 99)]
    assert [line for line in text.splitlines() if "See" in line] == [
        f"See [`x`]({LINK.format(version=version, line=line)})." for version, line in wanted
    ]


def test_what_no_release_can_change_is_not_run(bench: Bench) -> None:
    ended = bench.galley("update", "--apply", "tiny==1.1", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    assert "recorded anew: nothing" in ended.stdout
    changed = set(git(bench.guide.root, "diff", "--name-only", "main", "update/tiny-1.1").splitlines())
    assert changed == {"pyproject.toml", "lock.txt", "docs/links.md"}


def test_footprints_of_the_new_release_go_with_it(bench: Bench) -> None:
    bench.galley("update", "--apply", "tiny==1.2", "--branch", "mine", **IDENTITY)
    git(bench.guide.root, "switch", "-q", "mine")
    assert "footprint" not in bench.galley("check").stdout
    assert bench.guide.output("tells", "one.stdout.txt") == "sung\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["other"], 2, "no such release"),
        (["more==1"], 2, "no file pins more to a version\n    packages with a pin: other, tiny"),
        ([], 2, "--apply moves to releases that you name"),
        (["tiny==1.0"], 2, "nothing moves"),
        (["tiny==9"], 2, "no such release"),
    ],
)
def test_an_update_that_cannot_be_changes_nothing(bench: Bench, arguments: list[str], code: int, said: str) -> None:
    ended = bench.galley("update", "--apply", *arguments, **IDENTITY)
    assert (ended.returncode, said in ended.stdout) == (code, True), ended.stdout
    assert git(bench.guide.root, "branch", "--format=%(refname:short)") == "main"


def test_a_branch_of_the_name_is_never_replaced(bench: Bench) -> None:
    git(bench.guide.root, "branch", "update/tiny-2.0")
    ended = bench.galley("update", "--apply", "tiny==2.0", **IDENTITY)
    assert ended.returncode == 5, ended.stdout
    assert "there is a branch update/tiny-2.0 already\n    name another: --branch NAME; or remove it, " in ended.stdout
    assert git(bench.guide.root, "rev-parse", "update/tiny-2.0") == git(bench.guide.root, "rev-parse", "main")


NAMES = {
    "--x": (2, "'--x' is no name of a branch\n    name another: --branch NAME"),
    "../x": (2, "'../x' is no name of a branch"),
    "a b; rm": (2, "'a b; rm' is no name of a branch"),
    "x.lock": (2, "'x.lock' is no name of a branch"),
    "main": (5, "there is a branch main already"),
    "main/x": (5, "git has no branch main/x beside the branch main\n    name another: --branch NAME"),
    "deep": (5, "git has no branch deep beside the branch deep/er"),
}


@pytest.mark.parametrize("name", NAMES)
def test_a_branch_that_git_would_not_make_is_told_before_anything_runs(bench: Bench, name: str) -> None:
    git(bench.guide.root, "branch", "deep/er")
    ended = bench.galley("update", "--apply", "tiny==2.0", f"--branch={name}", **IDENTITY)
    code, said = NAMES[name]
    assert (ended.returncode, said in ended.stdout) == (code, True), ended.stdout
    assert "installing" not in ended.stdout


def test_who_commits_is_asked_before_anything_runs(bench: Bench) -> None:
    nobody = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null"}
    git(bench.guide.root, "config", "user.useConfigOnly", "true")
    ended = bench.galley("update", "--apply", "tiny==2.0", **nobody)
    assert ended.returncode == 3, ended.stdout
    assert "git would not commit: git var: fatal: " in ended.stdout
    assert "installing" not in ended.stdout
    mend = "    git config user.name NAME && git config user.email ADDRESS"
    assert mend in ended.stdout
    subprocess.run(mend, shell=True, cwd=bench.guide.root, check=True)
    assert bench.galley("update", "--apply", "tiny==1.1", **nobody).returncode == 0


def test_settings_of_git_change_nothing_of_an_update(bench: Bench, tmp_path: Path) -> None:
    root = bench.guide.root
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for name in ("post-index-change", "pre-commit", "commit-msg", "post-checkout"):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\nexit 1\n", encoding="utf-8")
        (hooks / name).chmod(0o755)
    (tmp_path / "ignored").write_text("*.txt\n*.xz\n", encoding="utf-8")
    for name, said in {
        "core.autocrlf": "true",
        "core.hooksPath": str(hooks),
        "core.excludesFile": str(tmp_path / "ignored"),
        "commit.gpgSign": "true",
        "gpg.program": "/bin/false",
    }.items():
        git(root, "config", name, said)
    bench.guide.write("snippets/tells.py", "# %% one\nimport tiny\nprint(tiny.told())\n# %% two\ntiny.told()\n")
    bench.guide.page("tells", "\n".join(fence("tells", name) for name in ("one", "two")))
    assert bench.galley("run", "tells", "--footprint").returncode == 0
    git(root, "-c", "core.autocrlf=false", "-c", "core.hooksPath=/dev/null", "add", "--all", "--force")
    git(root, "-c", "core.hooksPath=/dev/null", "-c", "commit.gpgSign=false", "commit", "-q", "-m", "second")
    ended = bench.galley("update", "--apply", "tiny==2.0", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    assert "recorded anew: tells (laptop)" in ended.stdout
    assert not (tmp_path / "ran").exists()
    files = git(root, "ls-tree", "-r", "--name-only", "update/tiny-2.0", "snippets/outputs/tells").splitlines()
    assert [each.rpartition("/")[2] for each in files] == ["one.stdout.txt", "record.json", "run.json", "two.value.txt"]
    assert subprocess.run(
        ["git", "cat-file", "blob", "update/tiny-2.0:snippets/outputs/tells/laptop/one.stdout.txt"],
        cwd=root, check=True, capture_output=True,
    ).stdout == b"said aloud\n"  # fmt: skip


def test_what_git_refuses_at_the_end_is_in_a_commit(bench: Bench) -> None:
    root = bench.guide.root
    taken = (
        root / ".git/refs/heads/update/tiny-1.1.lock"
    )  # as another git leaves it that makes this branch, or was killed
    taken.parent.mkdir(parents=True)
    taken.touch()
    ended = bench.galley("update", "--apply", "tiny==1.1", **IDENTITY)
    assert ended.returncode == 5, ended.stdout
    assert "the branch update/tiny-1.1 cannot be made: git update-ref: fatal: " in ended.stdout
    taken.unlink()
    (mend,) = [line.partition(": git ")[2] for line in ended.stdout.splitlines() if ": git branch NAME" in line]
    git(root, *mend.replace("NAME", "mine").split())
    assert git(root, "diff", "--name-only", "main", "mine").splitlines() == [
        "docs/links.md",
        "lock.txt",
        "pyproject.toml",
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another")
def test_a_repository_of_another_user_is_told_in_git_s_words(bench: Bench) -> None:
    os.chown(bench.guide.root / ".git", 12345, 12345)
    os.chown(bench.guide.root, 12345, 12345)
    ended = bench.galley("update", "--apply", "tiny==2.0", **IDENTITY)
    assert ended.returncode == 3, ended.stdout
    assert "dubious ownership" in ended.stdout
    assert "git init" not in ended.stdout


def test_a_machine_without_git_is_told(bench: Bench, tmp_path: Path) -> None:
    ended = bench.galley("update", "--apply", "tiny==2.0", PATH=str(tmp_path), **IDENTITY)
    assert (ended.returncode, ended.stdout) == (3, "git is not installed\n    install git\n")


def test_a_commit_that_no_branch_has_is_a_beginning_too(bench: Bench) -> None:
    git(bench.guide.root, "checkout", "-q", "--detach")
    bench.guide.write("docs/notes.md", "# Not committed\n")
    ended = bench.galley("update", "--apply", "tiny==1.1", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    assert "files that differ from it stay out of it" in ended.stdout
    assert git(bench.guide.root, "rev-parse", "update/tiny-1.1^") == git(bench.guide.root, "rev-parse", "HEAD")
    assert (bench.guide.root / "docs/notes.md").read_text(encoding="utf-8") == "# Not committed\n"


def more(bench: Bench, folder: Path, version: str, files: dict[str, str]) -> Bench:
    """The same bench with one release more of tiny."""
    wheels = folder / "wheels"
    shutil.copytree(bench.wheels, wheels)
    wheel(wheels, "tiny", version, {**TINY, **files})
    return Bench(bench.guide, wheels, bench.environment)


def test_a_page_that_fails_has_no_other_page_held(bench: Bench, tmp_path: Path) -> None:
    forged = "no more\\nsnippets/tells.py:1: page tells (laptop): forged\\n\\n: page tells (laptop): forged"
    bench = more(bench, tmp_path, "2.1", {"tiny/maths.py": NEXT.replace("no more", forged), "helping.py": ""})
    ended = bench.galley("update", "--apply", "tiny==2.1", "--no-footprints", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    assert "recorded anew: tells (laptop)" in ended.stdout
    listed = git(bench.guide.root, "show", "update/tiny-2.1:snippets/outputs/held.json")
    assert '"page": "adds"' in listed
    assert '"page": "tells"' not in listed


def test_a_run_that_cannot_begin_says_why_its_pages_are_held(bench: Bench, tmp_path: Path) -> None:
    bench.guide.write("snippets/helper.py", "import tiny\ntiny.told\n")
    settings = (bench.guide.root / "pyproject.toml").read_text(encoding="utf-8")
    bench.guide.write("pyproject.toml", settings.replace("[tool.galley]\n", '[tool.galley]\nimports = ["tiny"]\n'))
    assert bench.galley("run", "--footprint").returncode == 0
    git(bench.guide.root, "add", "--all")
    git(bench.guide.root, "commit", "-q", "-m", "second")
    bench = more(bench, tmp_path, "2.1", {"tiny/__init__.py": "raise ImportError('it is broken')\n"})
    ended = bench.galley("update", "--apply", "tiny==2.1", "--no-footprints", **IDENTITY)
    held = [line for line in ended.stdout.splitlines() if line.startswith("held: ")]
    assert held, ended.stdout
    assert all("it did not run under laptop here: " in line and "it is broken" in line for line in held), held


def test_an_update_follows_no_link_out_of_its_copy_and_keeps_the_ends_of_lines(bench: Bench, tmp_path: Path) -> None:
    root, mine = bench.guide.root, tmp_path / "mine.md"
    link = f"[`x`]({LINK.format(version='1.0', line=1)})"
    mine.write_text(f"# Mine\n\n{link}\n", encoding="utf-8")
    (root / "docs/mine.md").symlink_to(mine)
    (root / "notes.txt").symlink_to("/dev/zero")
    (root / "docs/latin.txt").write_bytes(b"tiny==1.0 \xe9\n")
    (root / "docs/dos.md").write_bytes(f"# Dos\r\n\r\n{link}\r\n".encode())
    settings = (root / "pyproject.toml").read_bytes().replace(b"\n", b"\r\n")
    (root / "pyproject.toml").write_bytes(settings)
    git(root, "add", "--all")
    git(root, "commit", "-q", "-m", "second")
    before = mine.read_bytes()
    ended = bench.galley("update", "--apply", "tiny==1.1", **IDENTITY)
    assert ended.returncode == 0, ended.stdout
    assert mine.read_bytes() == before

    def blob(path: str) -> bytes:
        words = ["git", "cat-file", "blob", f"update/tiny-1.1:{path}"]
        return subprocess.run(words, cwd=root, check=True, capture_output=True).stdout

    assert blob("pyproject.toml") == settings.replace(b"==1.0", b"==1.1")
    assert blob("docs/dos.md").count(b"\r\n") == 3
    assert b"v1.1/" in blob("docs/dos.md")


@pytest.mark.parametrize("version", ["../x", "1;rm", "--x", "1.0 2", "", "1" * 200])
def test_a_version_that_is_none_is_refused(bench: Bench, tmp_path: Path, version: str) -> None:
    made = ScratchEnvironment.make(tmp_path / "env")
    about = made.packages / "odd-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: odd\nVersion: {version}\n", encoding="utf-8")
    with pytest.raises(GalleyError, match=r"says that it is of the version|does not start") as caught:
        made.versions(["odd"])
    assert caught.value.mend


def test_releases_with_which_python_does_not_start_are_told(tmp_path: Path) -> None:
    made = ScratchEnvironment.make(tmp_path / "env")
    (made.packages / "sitecustomize.py").write_text("import os\nos._exit(3)\n", encoding="utf-8")
    with pytest.raises(GalleyError, match="with these releases Python does not start"):
        made.versions(["odd"])


def broken(folder: Path, how: str) -> None:
    """Spoil the wheel of tiny 2.0."""
    path = folder / "tiny-2.0-py3-none-any.whl"
    with zipfile.ZipFile(path) as archive:
        said = {each: archive.read(each) for each in archive.namelist()}
    if how == "a bomb":
        said["tiny/maths.py"] = bytes((1 << 28) + 1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in said.items():
            archive.writestr(name, data)
    if how == "a byte":
        data = bytearray(path.read_bytes())
        with zipfile.ZipFile(path) as archive:
            at = archive.getinfo("tiny/maths.py").header_offset + 30 + len("tiny/maths.py") + 8
        data[at] ^= 0xFF
        path.write_bytes(data)


@pytest.mark.parametrize(
    ("how", "said"), [("a bomb", "is not read: it has more than 256 MiB"), ("a byte", "tiny/maths.py cannot be read: ")]
)
def test_a_release_that_cannot_be_looked_into_is_told(bench: Bench, tmp_path: Path, how: str, said: str) -> None:
    bench = more(bench, tmp_path, "1.3", {})
    broken(bench.wheels, how)
    ended = bench.galley("affected", "tiny==2.0")
    assert ended.returncode == 3, ended.stdout
    assert said in ended.stdout
    assert "    leave this release out, and tell its makers\n" in ended.stdout
    assert bench.galley("affected", "tiny==1.3").returncode in (0, 1)


def test_ci_makes_no_update(bench: Bench) -> None:
    assert bench.galley("update", "--apply", "tiny==2.0", CI="1").returncode == 5


def test_a_guide_in_no_repository_is_told_what_to_type(first: Bench, tmp_path: Path) -> None:
    copy = Bench(GuideFolder(tmp_path), first.wheels, first.environment)
    shutil.copytree(first.guide.root, tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".git"))
    ended = copy.galley("update", "--apply", "tiny==2.0", GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert ended.returncode == 3, ended.stdout
    assert "git init && git add --all && git commit" in ended.stdout


def test_an_update_that_is_killed_leaves_nothing(bench: Bench) -> None:
    root = bench.guide.root
    command = [str(bench.environment.python), "-c", COMMAND, "update", "--apply", "tiny==2.0"]
    variables = quiet_environment(**{**index(bench.wheels), **IDENTITY})
    with subprocess.Popen(command, cwd=root, env=variables, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("running"):
                break
        running.send_signal(signal.SIGKILL)
    assert git(root, "branch", "--format=%(refname:short)") == "main"
    assert git(root, "status", "--porcelain") == ""
    assert bench.galley("update", "--apply", "tiny==2.0", **IDENTITY).returncode == 0


# A git that ends the command which calls it with one word: before it does what it was asked for, or behind it.
KILLS = """\
#!/bin/sh
for word in "$@"; do if [ "$word" = "{word}" ]; then found=1; fi; done
if [ -n "$found" ]; then {done}; kill -9 "$PPID"; exit 1; fi
exec "{git}" "$@"
"""
WORDS = ("checkout-index", "add", "commit-tree", "update-ref")


def test_an_update_that_is_killed_while_it_asks_git_leaves_all_of_a_branch_or_none(
    bench: Bench, tmp_path: Path
) -> None:
    root, git_itself, programs = bench.guide.root, shutil.which("git"), tmp_path / "bin"
    programs.mkdir()
    (tmp_path / "tmp").mkdir()
    variables = {**IDENTITY, "PATH": f"{programs}:{os.environ['PATH']}", "TMPDIR": str(tmp_path / "tmp")}
    words = ("update", "--apply", "tiny==1.1", "--no-footprints")

    def killed(word: str, done: str) -> dict[str, str]:
        (programs / "git").write_text(KILLS.format(word=word, done=done, git=git_itself), encoding="utf-8")
        (programs / "git").chmod(0o755)
        assert bench.galley(*words, **variables).returncode == -signal.SIGKILL, word
        (programs / "git").unlink()
        assert git(root, "status", "--porcelain") == ""
        assert git(root, "rev-parse", "--abbrev-ref", "HEAD") == "main"
        heads = git(root, "for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads/").splitlines()
        return {name: commit for name, _, commit in (line.partition(" ") for line in heads)}

    for word in WORDS:
        assert list(killed(word, ":")) == ["main"], word
    assert list(killed("update-ref", f'"{git_itself}" "$@"')) == ["main", "update/tiny-1.1"]
    changed = git(root, "diff", "--name-only", "main", "update/tiny-1.1").splitlines()
    assert changed == ["docs/links.md", "lock.txt", "pyproject.toml"]
    git(root, "branch", "-q", "-D", "update/tiny-1.1")
    assert bench.galley(*words, **variables).returncode == 0
    assert git(root, "diff", "--name-only", "main", "update/tiny-1.1").splitlines() == changed


def test_bisect_finds_the_release_that_changed_a_cell(bench: Bench) -> None:
    ended = bench.galley("bisect", "tells/one", "tiny")
    assert ended.returncode == 1, ended.stdout
    assert "tells/one: tiny 1.2 changed it; 1.1 is the last release before\n" in ended.stdout
    assert "'said' became 'sung'" in ended.stdout
    assert "3.0" not in ended.stdout
    assert git(bench.guide.root, "status", "--porcelain") == ""


def test_bisect_knows_a_page_that_fails_and_a_cell_that_nothing_changed(bench: Bench) -> None:
    ended = bench.galley("bisect", "adds", "tiny", "1.1..2.0")
    assert "adds: tiny 2.0 changed it; 1.2 is the last release before\n" in ended.stdout
    assert "TypeError: no more" in ended.stdout
    ended = bench.galley("bisect", "tells/two", "tiny")
    assert (ended.returncode, "no release from 1.0 on changed it" in ended.stdout) == (0, True), ended.stdout


def test_bisect_says_no_nothing_where_the_page_never_ran(bench: Bench) -> None:
    ended = bench.galley("bisect", "tells/one", "tiny", "1.1..1.2", CI="1")  # records are written in a copy alone
    assert "tells/one: tiny 1.2 changed it" in ended.stdout, ended.stdout
    bench.guide.snippet("adds", "# %% one\nimport tiny\ntiny.never()\n")
    ended = bench.galley("bisect", "adds", "tiny", "1.1..1.2")
    assert ended.returncode == 3, ended.stdout
    assert "adds fails with 1.1 and with 1.2 in the same way: " in ended.stdout
    settings = (bench.guide.root / "pyproject.toml").read_text(encoding="utf-8")
    bench.guide.write("pyproject.toml", settings.replace("[tool.galley]\n", '[tool.galley]\nimports = ["nothing"]\n'))
    ended = bench.galley("bisect", "tells", "tiny", "1.1..1.2")
    assert (ended.returncode, "tiny 1.1: tells could not run: " in ended.stdout) == (3, True), ended.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["tells", "--", "--index-url=x"], "'--index-url=x' names no release"),
        (["tells", "tiny; rm -r x"], "names no release"),
        (["tells", "tiny==1.0"], "'tiny==1.0' names one release, and a bisection has many"),
        (["tells", "early"], "the index has no package 'early' that this Python can use"),
        (["tells/three", "tiny"], "tells has no cell 'three'\n    its cells: one, two"),
        (["tells", "tiny", "1.0"], "is no range of versions\n    name a range as OLD..NEW"),
        (["tells", "tiny", "2.0..1.0"], "tiny 2.0 is not older than 1.0"),
        (["tells", "tiny", "1.0..7"], "no such release: tiny 7\n    the index has: 1.0, 1.1, 1.2, 2.0"),
        (["nowhere", "tiny"], "no page with cells is named 'nowhere'"),
    ],
)
def test_bisect_says_what_cannot_be(bench: Bench, arguments: list[str], said: str) -> None:
    ended = bench.galley("bisect", *arguments)
    assert (ended.returncode, said in ended.stdout) == (2, True), ended.stdout


def test_pins_are_found_with_extras_and_not_in_comments(folder: GuideFolder) -> None:
    text = 'a = ["x[one,two]==1.2", "Y.Z == 3", "w==1.*"]  # v==9\nb = "q==2.0+cpu;python_version<4"\n'
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    folder.write("pyproject.toml", f"{settings}[tool.others]\n{text}")
    found = {name: pin.version for name, pin in pins(folder.project).items()}
    assert found == {"x": "1.2", "y-z": "3", "q": "2.0+cpu"}
    assert move(folder.project, {"x": "1.3"}) == [f"pyproject.toml:{_line(folder, 'x[one')}: x 1.2 to 1.3"]
    assert '"x[one,two]==1.3"' in (folder.root / "pyproject.toml").read_text(encoding="utf-8")


def _line(folder: GuideFolder, text: str) -> int:
    lines = (folder.root / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, start=1) if text in line)


def test_a_project_below_its_repository_is_copied_from_there(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    top = tmp_path / "top"
    shutil.copytree(bench.guide.root, top / "guide", ignore=shutil.ignore_patterns(".git"))
    git(top, "init", "-q", "-b", "main")
    git(top, "add", "--all")
    git(top, "commit", "-q", "-m", "x")
    copy = Copy.make(top / "guide", tmp_path / "copy")
    assert find_project(copy.root).root == copy.root
    (copy.root / "ignored").write_text("", encoding="utf-8")
    (copy.root / "new.txt").write_text("", encoding="utf-8")
    copy.branch("new", "second", copy.root / "snippets/outputs")
    assert git(top, "diff", "--name-only", "main", "new") == "guide/new.txt"


HOOK = """\
def revisions(context, models):
    assert not context.profile
    {}
"""
MODELS = """
[tool.galley.profiles.laptop.pins]
model = "snippets/models.toml"
"""


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("return {name: '2' * 40 for name in models if name == 'a/b'}", 1, f"a/b      {'1' * 12}  {'2' * 12}  1 of 2"),
        ("return {'a/b': '1' * 40}", 0, "has its newest release"),
        ("return None", 0, "has its newest release"),
        ("return ['a/b']", 6, "answered with ['a/b'], and must with texts by name"),
        ("raise ValueError('odd')", 6, "raised ValueError: odd"),
        ("import os; os._exit(3)", 6, "exited with status 3 and gave no answer"),
    ],
)
def test_a_hook_says_which_models_have_a_newer_revision(folder: GuideFolder, body: str, code: int, said: str) -> None:
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8") + MODELS
    hooks = 'hooks = { setup = "helper:setup", revisions = "newest:revisions" }'
    folder.write("pyproject.toml", settings.replace("[tool.galley]\n", f"[tool.galley]\n{hooks}\n"))
    folder.write("snippets/newest.py", HOOK.format(body))
    folder.write(
        "snippets/models.toml", f'["a/b"]\nrevision = "{"1" * 40}"\n["c/d"]\nrevision = "{"1" * 40}"\n[e]\nx = 1\n'
    )
    noted = 'context.note_table(context.root / "snippets/models.toml", "a/b")'
    folder.write("snippets/helper.py", f'def setup(context):\n    if context.page == "page":\n        {noted}\n')
    folder.snippet("page", '# %% parameters\nmodel = "a/b"\n# %% one\nprint(1)\n')
    folder.snippet("other", "# %% one\nprint(1)\n")
    assert not folder.run().failures
    ended = folder.galley("update")
    assert (ended.returncode, said in ended.stdout) == (code, True), ended.stdout


def test_the_hook_of_revisions_makes_no_record_stale(folder: GuideFolder) -> None:
    folder.snippet("page", "# %% one\nprint(1)\n")
    folder.run()
    settings = (folder.root / "pyproject.toml").read_text(encoding="utf-8")
    hooked = settings.replace("[tool.galley]\n", '[tool.galley]\nhooks = { revisions = "newest:revisions" }\n')
    folder.write("pyproject.toml", hooked)
    assert folder.status("page").state == "fresh"
