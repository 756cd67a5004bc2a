"""Manifests: what they say, who signed them, and what `check --signed` and the pages make of that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from galley.record.manifest import Predicate, Statement, Subject
from galley.record.signed import signed
from galley.source.digest import digest
from galley.system.commit import Commit
from guide_folder import GuideFolder

SETTINGS = """\
[tool.galley]
lock = "lock.txt"
signers = "allowed_signers"

[tool.galley.profiles.laptop]
required = true
parameters = { size = 2 }

[tool.galley.profiles.big]
parameters = { size = 3 }
"""
GIT = ["git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
MANIFEST = "snippets/outputs/manifest.json"

pytestmark = pytest.mark.skipif(
    not shutil.which("ssh-keygen") or not shutil.which("git"), reason="ssh-keygen signs, and git has the commit"
)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The keys of two people."""
    folder = tmp_path_factory.mktemp("keys")
    for name in ("alice", "mallory"):
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(words, check=True, timeout=60)
    return {name: folder / name for name in ("alice", "mallory")}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, keys: dict[str, Path]) -> GuideFolder:
    """A guide in git with true records under two profiles, and the manifest that alice signed."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.write("lock.txt", "rich==15.0\n")
    folder.write(".gitignore", "/site/\n/.cache/\n")
    public = keys["alice"].with_suffix(".pub").read_text(encoding="utf-8")
    folder.write("allowed_signers", f'alice@example.com namespaces="galley" {public}')
    folder.snippet("page", "# %% parameters\nsize = 1\n# %% one\nprint(size)\n")
    folder.snippet("plain", "# %% one\nprint(5)\n")
    assert not folder.run().failures
    assert not folder.run("page", profiles=("big",)).failures
    for words in (["git", "init", "-q"], ["git", "add", "."], [*GIT, "commit", "-qm", "one"]):
        assert folder.call(words).returncode == 0
    assert folder.galley("manifest", "--sign", str(keys["alice"])).returncode == 0
    return folder


def said(guide: GuideFolder, name: str = MANIFEST) -> dict[str, Any]:
    """What a manifest says."""
    found: dict[str, Any] = json.loads((guide.root / name).read_text(encoding="utf-8"))
    return found


def record_file(guide: GuideFolder, page: str, profile: str) -> Path:
    """The `record.json` of a page."""
    return guide.project.outputs / page / profile / "record.json"


def test_a_manifest_is_an_in_toto_statement_of_every_record(guide: GuideFolder) -> None:
    found = said(guide)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    names = [("page", "big"), ("page", "laptop"), ("plain", "laptop")]
    files = {
        f"snippets/outputs/{page}/{profile}/{file}": record_file(guide, page, profile).with_name(file)
        for page, profile in names
        for file in ("record.json", "run.json")
    }
    assert found["subject"] == [
        {"name": name, "digest": {"sha256": digest(file.read_bytes())}} for name, file in files.items()
    ]
    commit = guide.call(["git", "rev-parse", "HEAD"]).stdout.strip()
    assert found["predicate"] == {
        "commit": {"name": commit, "modified": False},
        "lock": {"name": "lock.txt", "digest": {"sha256": digest("rich==15.0\n")}},
        "profiles": [
            {"name": "big", "required": False, "rerun": False, "parameters": {"size": 3}},
            {"name": "laptop", "required": True, "rerun": False, "parameters": {"size": 2}},
        ],
    }


def test_the_same_records_give_the_same_bytes(guide: GuideFolder) -> None:
    before = guide.recorded()
    done = guide.galley("manifest")
    assert done.returncode == 0
    assert f"unchanged: {MANIFEST}\n3 records; commit " in done.stdout
    assert guide.recorded() == before
    text = (guide.root / MANIFEST).read_text(encoding="utf-8")
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n", "in an order that no setting changes"
    guide.snippet("plain", "# %% one\nprint(5)\n# a comment\n")
    assert guide.galley("manifest").returncode == 0
    assert said(guide)["predicate"]["commit"]["modified"] is True
    assert not (guide.root / f"{MANIFEST}.sig").exists(), "a signature of another text goes"


def test_a_guide_outside_of_git_and_without_a_lock_says_so(guide: GuideFolder) -> None:
    shutil.rmtree(guide.root / ".git")
    guide.write("pyproject.toml", SETTINGS.replace('lock = "lock.txt"', ""))
    done = guide.galley("manifest", GIT_CEILING_DIRECTORIES=str(guide.root.parent))
    assert "3 records; no commit, since this is no git repository with one" in done.stdout
    assert said(guide)["predicate"]["commit"] == {"name": "", "modified": False}
    assert said(guide)["predicate"]["lock"] is None


def test_whoever_is_listed_is_named_by_the_check_and_on_the_pages(guide: GuideFolder) -> None:
    done = guide.galley("check", "--signed")
    assert done.returncode == 0, done.stdout
    assert f"{MANIFEST}: signed (no failure): by alice@example.com: 3 records" in done.stdout
    assert guide.mkdocs().returncode == 0
    html = (guide.root / "site/page.html").read_text(encoding="utf-8")
    assert html.count(" · signed by alice@example.com</summary>") == 1, "the strip says it for the required profile"
    assert html.count(">recorded, not rerun here") == 1


def test_a_build_verifies_a_manifest_once_and_none_where_there_is_none(guide: GuideFolder, tmp_path: Path) -> None:
    calls, program = tmp_path / "calls", tmp_path / "bin/ssh-keygen"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$2" >> {calls}\nexec {shutil.which("ssh-keygen")} "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    words = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    assert guide.call(words, PATH=path).returncode == 0
    assert calls.read_text(encoding="utf-8").split() == ["find-principals", "verify"]
    calls.unlink()
    (guide.root / MANIFEST).unlink()
    assert guide.call(words, PATH=path).returncode == 0
    assert not calls.exists()


def change(guide: GuideFolder, keys: dict[str, Path], what: str) -> str:
    """Do something to the guide; returns what the check must say of it."""
    run, seal = record_file(guide, "page", "laptop").with_name("run.json"), guide.root / f"{MANIFEST}.sig"
    match what:
        case "a date":  # which nothing else can hold against a record
            run.write_text(run.read_text(encoding="utf-8").replace('"date": "2', '"date": "1'), encoding="utf-8")
            return f"page/laptop/run.json: unsigned: is another than {MANIFEST} names, signed by alice"
        case "a record more":
            guide.snippet("more", "# %% one\n1\n")
            guide.run("more")
            return "more/laptop/record.json: unsigned: is in no signed manifest"
        case "a record less":
            shutil.rmtree(guide.project.outputs / "page/big")
            return f"page/big/record.json: unsigned: {MANIFEST} names it, signed by alice@example.com, and it is gone"
        case "an output":  # of an optional profile, whose records the check alone does not hold to anything
            (guide.project.outputs / "page/big/one.stdout.txt").write_text("4\n", encoding="utf-8")
            what = "page/big/one.stdout.txt: unsigned: is not what was recorded: its bytes changed"
            return f"{what}\n    restore what was signed: git checkout -- snippets/outputs/page/big; "
        case "the manifest":
            run.write_text(run.read_text(encoding="utf-8").replace('"date": "2', '"date": "1'), encoding="utf-8")
            text = json.dumps(said(guide)).replace(
                said(guide)["subject"][3]["digest"]["sha256"], digest(run.read_bytes())
            )
            (guide.root / MANIFEST).write_text(text, encoding="utf-8")
            return (
                f"{MANIFEST}.sig: unsigned: the signature does not count: it is no valid signature of alice@example.com"
            )
        case "another signer":
            assert guide.galley("manifest", "--sign", str(keys["mallory"])).returncode == 0
            return "the signature does not count: its signer is none of those listed"
        case "for another purpose":
            words = ["ssh-keygen", "-Y", "sign", "-f", str(keys["alice"]), "-n", "file"]
            done = subprocess.run(words, input=(guide.root / MANIFEST).read_bytes(), capture_output=True, check=True)
            seal.write_bytes(done.stdout)
            return "the signature does not count: "
        case "no signature":
            seal.unlink()
            return "nobody signed this manifest: there is no signature\n    galley manifest --sign KEY"
        case "no manifest":
            seal.unlink()
            (guide.root / MANIFEST).unlink()
            return f"{MANIFEST}: unsigned: there is no manifest of the records\n    galley manifest --sign KEY"
        case "no list":
            (guide.root / "allowed_signers").unlink()
            return "pyproject.toml:3: unsigned: there is no file allowed_signers"
        case "no setting":
            guide.write("pyproject.toml", SETTINGS.replace('signers = "allowed_signers"\n', ""))
            return "unsigned: no setting names who may sign"
        case "a broken signature":
            seal.write_text("nothing", encoding="utf-8")
            return "the signature does not count: "
        case "a broken manifest":
            (guide.root / MANIFEST).write_text('{"_type": [', encoding="utf-8")
            return f"{MANIFEST}: unsigned: is no manifest: "
        case "another statement":
            (guide.root / MANIFEST).write_text(json.dumps(said(guide) | {"predicateType": "x"}), encoding="utf-8")
            return f"{MANIFEST}: unsigned: is no manifest: it is another kind of statement"
        case "a link":
            (guide.root / MANIFEST).rename(guide.root / "elsewhere.json")
            (guide.root / MANIFEST).symlink_to(guide.root / "elsewhere.json")
            return f"{MANIFEST}: unsigned: is no plain file"
    raise AssertionError(what)


CHANGES = (
    *("a date", "a record more", "a record less", "an output", "the manifest", "another signer"),
    *("for another purpose",),
    *("no signature", "no manifest", "no list", "no setting", "a broken signature", "a broken manifest"),
    *("another statement", "a link"),
)


@pytest.mark.parametrize("what", CHANGES)
def test_what_nobody_listed_signed_fails_and_is_shown_as_signed_by_nobody(
    guide: GuideFolder, keys: dict[str, Path], what: str
) -> None:
    told = change(guide, keys, what)
    done = guide.galley("check", "--signed")
    assert done.returncode == 1, done.stdout
    assert told in done.stdout
    if what != "no setting":  # that also takes the signature out of the guide's settings
        assert guide.galley("check").returncode == 0, "the check asks for no signature by itself"
    assert guide.mkdocs().returncode == 0
    assert what not in {"a date", "the manifest"} or signed(guide.project, "page", "laptop") is None
    html = (guide.root / "site/page.html").read_text(encoding="utf-8")
    signatures = html.count("signed by alice")
    assert signatures == (what in {"a date", "a record more", "a record less", "an output"})
    assert "mallory" not in html


def test_an_output_that_nobody_signed_says_so_where_the_page_is_signed(
    guide: GuideFolder, keys: dict[str, Path], tmp_path: Path
) -> None:
    shutil.move(guide.project.outputs / "page/big", tmp_path / "big")
    assert guide.galley("manifest", "--sign", str(keys["alice"])).returncode == 0
    shutil.move(tmp_path / "big", guide.project.outputs / "page/big")
    assert guide.mkdocs().returncode == 0
    html = (guide.root / "site/page.html").read_text(encoding="utf-8")
    assert html.count("signed by alice@example.com</summary>") == 1
    assert html.count(">recorded, not rerun here · not signed</p>") == 1


def test_signing_anew_mends_it(guide: GuideFolder, keys: dict[str, Path]) -> None:
    change(guide, keys, "a date")
    assert guide.galley("manifest", "--sign", str(keys["alice"])).returncode == 0
    assert guide.galley("check", "--signed").returncode == 0


def test_an_output_as_it_was_signed_mends_it(guide: GuideFolder, keys: dict[str, Path]) -> None:
    change(guide, keys, "an output")
    assert guide.call(["git", "checkout", "--", "snippets/outputs/page/big"]).returncode == 0
    assert guide.galley("check", "--signed").returncode == 0


class Counted(tuple[Subject, ...]):
    """The subjects of a statement, which count how often somebody goes through them."""

    times = 0

    def __iter__(self) -> Iterator[Subject]:
        """Go through the subjects once."""
        self.times += 1
        return super().__iter__()


def test_a_manifest_is_gone_through_once_however_many_records_are_looked_up() -> None:
    subjects = Counted([Subject("a", {"sha256": "1"}), Subject("b", {"sha256": "2"})])
    found = Statement(subjects, Predicate(Commit(), ()))
    assert [found.sha256(name) for name in ("a", "b", "c")] == ["1", "2", ""]
    assert subjects.times == 1


def test_the_machine_of_a_profile_signs_its_own_and_says_that_it_ran_again(
    guide: GuideFolder, keys: dict[str, Path]
) -> None:
    done = guide.galley("manifest", "-p", "big", "--rerun", "--sign", str(keys["alice"]))
    assert done.returncode == 0, done.stdout
    assert "page (big): same outputs" in done.stdout
    name = "snippets/outputs/manifest.big.json"
    assert [each["name"] for each in said(guide, name)["subject"]] == [
        f"snippets/outputs/page/big/{file}" for file in ("record.json", "run.json")
    ]
    assert [each["rerun"] for each in said(guide, name)["predicate"]["profiles"]] == [True]
    done = guide.galley("check", "--signed")
    assert done.returncode == 0, done.stdout
    assert f"{name}: signed (no failure): by alice@example.com: 1 records" in done.stdout
    assert guide.mkdocs().returncode == 0
    html = (guide.root / "site/page.html").read_text(encoding="utf-8")
    assert html.count("rerun and signed by alice@example.com</p>") == 1
    assert "recorded, not rerun here" not in html


def test_pages_that_do_not_repeat_are_in_no_manifest_that_says_so(guide: GuideFolder) -> None:
    guide.snippet("plain", "# %% one\nimport secrets\nprint(secrets.token_hex())\n")
    assert not guide.run().failures
    before = (guide.root / MANIFEST).read_bytes()
    done = guide.galley("manifest", "--rerun")
    assert done.returncode == 7, done.stdout
    assert (guide.root / MANIFEST).read_bytes() == before


def test_nobody_vouches_for_a_record_that_is_not_true(guide: GuideFolder) -> None:
    guide.snippet("plain", "# %% one\nprint(6)\n")
    done = guide.galley("manifest")
    assert done.returncode == 1
    assert "snippets/plain.py:1: the laptop record is stale: cell plain/one changed; a manifest vouches" in done.stdout
    assert "\n    galley run plain\n" in done.stdout


def test_another_lock_is_told_and_no_failure(guide: GuideFolder) -> None:
    guide.write("lock.txt", "rich==16.0\n")
    done = guide.galley("check", "--signed")
    assert done.returncode == 0, done.stdout
    assert "lock.txt: unsigned (no failure): lock.txt is another than when alice@example.com signed" in done.stdout


@pytest.mark.parametrize("name", [MANIFEST, f"{MANIFEST}.sig", "snippets/outputs/.staging-beside"])
@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_galley_did_not_make_is_not_replaced(
    guide: GuideFolder, keys: dict[str, Path], name: str, kind: str
) -> None:
    place, own = guide.root / name, guide.root / "mine.txt"
    own.write_text("mine", encoding="utf-8")
    place.unlink(missing_ok=True)
    if kind == "file":
        place.write_text("mine", encoding="utf-8")
    elif kind == "folder":
        place.mkdir()
    else:
        place.symlink_to(own)
    guide.write("lock.txt", "rich==16.0\n")  # so that there is something to write
    done = guide.galley("manifest", "--sign", str(keys["alice"]))
    if kind == "file" and name.endswith("staging-beside"):
        assert done.returncode == 0, "what an interrupted command left there"
        return
    assert done.returncode == 5, done.stdout
    assert f"{name}: " in done.stdout
    assert "move it away" in done.stdout
    assert place.is_symlink() or place.is_dir() or place.read_text(encoding="utf-8") == "mine"
    assert own.read_text(encoding="utf-8") == "mine"


def test_a_missing_program_or_key_is_one_sentence(guide: GuideFolder, keys: dict[str, Path], tmp_path: Path) -> None:
    shown = guide.galley("check", "--signed", PATH=str(tmp_path))
    assert shown.returncode == 1
    assert (
        f"{MANIFEST}: unsigned: there is no ssh-keygen here, which signs and verifies\n    install OpenSSH"
        in shown.stdout
    )
    shown = guide.galley("manifest", "--sign", str(keys["alice"]), PATH=str(tmp_path))
    assert shown.returncode == 5
    assert shown.stdout.startswith("there is no ssh-keygen here")
    shown = guide.galley("manifest", "--sign", "no-such-key")
    assert shown.returncode == 3
    assert shown.stdout.startswith("no-such-key: there is no such key\n    name a private key")
    (tmp_path / "empty").touch()
    shown = guide.galley("manifest", "--sign", str(tmp_path / "empty"))
    assert shown.returncode == 3
    assert "ssh-keygen could not sign: " in shown.stdout
    assert guide.galley("check", "--signed").returncode == 0, "nothing was written"


def test_a_signers_name_is_text_on_a_page(guide: GuideFolder, keys: dict[str, Path]) -> None:
    public = keys["mallory"].with_suffix(".pub").read_text(encoding="utf-8")
    guide.write("allowed_signers", f'<img/src=x> namespaces="galley" {public}')
    assert guide.galley("manifest", "--sign", str(keys["mallory"])).returncode == 0
    assert guide.mkdocs().returncode == 0
    html = (guide.root / "site/page.html").read_text(encoding="utf-8")
    assert "signed by &lt;img/src=x&gt;" in html
    assert "<img/src" not in html


def test_a_manifest_is_made_in_ci_where_the_platform_attests_it(guide: GuideFolder) -> None:
    guide.write("lock.txt", "rich==16.0\n")
    assert guide.galley("manifest", "--rerun", CI="1").returncode == 0
    assert [each["rerun"] for each in said(guide)["predicate"]["profiles"]] == [False, True], "of the required one"
