"""How galley asks git: without hooks and questions, within a time, and with git's own word where it says no."""

from __future__ import annotations

import ast
import os
import subprocess
from pathlib import Path

import pytest

import galley
from galley.errors import RefusedError, UsageError
from galley.system.git import GitError, git, line, own_files
from galley.update.branch import Copy, can_branch

HOOKS = ("post-checkout", "post-index-change", "pre-commit", "post-commit", "reference-transaction")
CODE = Path(galley.__file__).parent


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a commit; the user has a name."""
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "A")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "a@example.org")
    root = tmp_path / "repository"
    root.mkdir()
    (root / "file").write_text("1\n", encoding="utf-8")
    for words in (["init", "-q", "-b", "main"], ["add", "file"], ["commit", "-q", "-m", "first"]):
        subprocess.run(["git", *words], cwd=root, check=True)
    return root


def program(path: Path, text: str) -> None:
    """Write a program for the shell."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)


def test_no_program_of_the_repository_runs(repository: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    for name in HOOKS:
        program(repository / ".git/hooks" / name, f'echo {name} >> "{ran}"')
    program(tmp_path / "watches", f'echo watched >> "{ran}"')
    line(repository, "config", "core.fsmonitor", str(tmp_path / "watches"))
    copy = Copy.make(repository, tmp_path / "copy")
    (copy.root / "new").write_text("2\n", encoding="utf-8")
    assert not copy.dirty
    copy.branch("other", "second", copy.root)
    assert line(repository, "diff", "--name-only", "main", "other") == "new"
    assert not ran.exists(), ran.read_text(encoding="utf-8")
    subprocess.run(["git", "branch", "third"], cwd=repository, check=True)
    assert ran.exists(), "git as the user calls it does run them"


def test_a_copy_and_its_branch_leave_what_is_staged(repository: Path, tmp_path: Path) -> None:
    (repository / "file").write_text("staged\n", encoding="utf-8")
    (repository / "new").write_text("", encoding="utf-8")
    line(repository, "add", "--all")
    (repository / "file").write_text("neither\n", encoding="utf-8")
    copy = Copy.make(repository, tmp_path / "copy")
    assert copy.dirty
    assert (copy.root / "file").read_text(encoding="utf-8") == "1\n"
    copy.branch("other", "second", copy.root)
    assert line(repository, "status", "--porcelain").splitlines() == ["MM file", "A  new"]
    assert line(repository, "show", ":file") == "staged"


def test_git_asks_nothing_at_the_terminal(repository: Path) -> None:
    assert line(repository, "-c", "alias.said=!echo $GIT_TERMINAL_PROMPT", "said") == "0"


def test_what_is_asked_leaves_the_index_as_it_is(repository: Path) -> None:
    index = repository / ".git/index"
    os.utime(repository / "file", (1e9, 1e9))  # git would note the other time, if it were let
    before = index.read_bytes()
    git(repository, "status", "--porcelain")
    assert index.read_bytes() == before
    subprocess.run(["git", "status"], cwd=repository, check=True, capture_output=True)
    assert index.read_bytes() != before, "git as the user calls it does note it"


def test_gits_own_word_on_what_is_wrong_is_told_and_no_hint(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "git", "printf 'warning: a\\nfatal: it is so\\nhint: try b\\n' >&2; exit 128")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(GitError, match="git status: fatal: it is so"):
        git(repository, "status")


def test_a_branch_that_somebody_made_meanwhile_stays_theirs(repository: Path, tmp_path: Path) -> None:
    copy = Copy.make(repository, tmp_path / "copy")
    (copy.root / "new").write_text("2\n", encoding="utf-8")
    line(repository, "branch", "theirs")
    before = line(repository, "rev-parse", "theirs")
    with pytest.raises(
        RefusedError, match=r"all of it is in the commit [0-9a-f]{40}\n    give it a branch of another name"
    ):
        copy.branch("theirs", "second", copy.root)
    assert line(repository, "rev-parse", "theirs") == before


def test_git_that_does_not_answer_is_not_waited_for(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "git", "exec sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    with pytest.raises(GitError, match=r"git status did not answer within 0\.1 s"):
        git(repository, "status", seconds=0.1)


def test_what_git_says_is_the_error(repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GitError, match="git rev-parse: fatal: Needed a single revision"):
        git(repository, "rev-parse", "--verify", "nothing")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git is not installed"):
        git(repository, "status")


def test_the_files_of_a_repository_are_those_that_git_would_take(repository: Path, tmp_path: Path) -> None:
    (repository / ".gitignore").write_text("ignored\n", encoding="utf-8")
    for name in ("ignored", "new", "ö"):
        (repository / name).write_text("", encoding="utf-8")
    assert sorted(own_files(repository) or ()) == [".gitignore", "file", "new", "ö"]
    assert own_files(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("main", RefusedError, "there is a branch main already\n    name another: --branch NAME; or remove it"),
        ("a..b", UsageError, "'a..b' is no name of a branch\n    name another: --branch NAME"),
        ("-x", UsageError, "is no name of a branch"),
        ("main/below", RefusedError, "git has no branch main/below beside the branch main"),
    ],
)
def test_a_branch_has_a_new_name_that_git_takes(repository: Path, name: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind) as caught:
        can_branch(repository, name)
    assert said in str(caught.value)


def test_one_module_asks_git() -> None:
    asking = {
        path.relative_to(CODE).as_posix()
        for path in CODE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.List) and node.elts and getattr(node.elts[0], "value", None) == "git"
    }
    assert asking == {"system/git.py"}
