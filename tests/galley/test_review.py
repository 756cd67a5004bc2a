"""`galley review`: what changed since a commit or a folder, the gravest first, and what each decision does."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from galley.errors import Exit, GalleyError, UsageError
from galley.record.held import Held, held_pages, hold
from galley.record.model import Name, Output, OutputFile, Record
from galley.record.status import State, store_of
from galley.review.base import CommitBase, base_of, record_in
from galley.source.digest import digest
from galley.system.commit import Blob
from guide_folder import SETTINGS, GuideFolder

ONE = """\
# %% text
print("the answer is a word")
# %% loss
print("loss", 1234.5)
# %% near tolerance="0.1"
print(1.0)
# %% warns
import sys
print("old warning", file=sys.stderr)
# %% table [table]
[{"method": "LoRA", "score": 0.5}]
# %% holds [claim]
\"\"\"One is one.\"\"\"
assert int("1") == 1
# %% raised raises="KeyError"
{}["a"]
"""
TWO = "# %% one\nprint('two')\n"
PROSE = """
The loss is 1234.5 after a step, and that is high. It falls.

The page says {value}`one/loss` of it.
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide of two recorded pages, committed."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("first"), SETTINGS)
    folder.snippet("one", ONE)
    page = folder.root / "docs/one.md"
    page.write_text(f"{page.read_text(encoding='utf-8')}{PROSE}", encoding="utf-8")
    folder.snippet("two", TWO)
    folder.write(".gitignore", ".cache/\nsite/\n__pycache__/\n")
    assert not folder.run().failures
    folder.call(["git", "init", "-q", "-b", "main"])
    commit(folder)
    return folder


def commit(guide: GuideFolder, message: str = "as it is") -> None:
    """Commit everything."""
    who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
    guide.call(["git", "add", "-A"])
    done = guide.call(["git", *who, "commit", "-q", "-m", message])
    assert done.returncode == 0, done.stdout


def git_status(guide: GuideFolder) -> str:
    """What git says differs from the commit."""
    return guide.call(["git", "status", "--porcelain"]).stdout


def rerecord(guide: GuideFolder, page: str, **outputs: str) -> None:
    """Record a page as if its cells had left other outputs; an empty text stands for no output."""
    record = guide.record(page)
    contents = dict(record.contents)
    cells = []
    for cell in record.cells:
        if cell.name in outputs and not outputs[cell.name]:
            cell = replace(cell, outputs=())
        elif cell.name in outputs:
            (file,) = cell.outputs[0].files
            contents[file.file] = outputs[cell.name].encode()
            stored = OutputFile(file.mime, file.file, digest(contents[file.file]))
            cell = replace(cell, outputs=(Output(cell.outputs[0].kind, (stored,)),))
        cells.append(cell)
    named = {file.file for cell in cells for output in cell.outputs for file in output.files}
    kept = {name: data for name, data in contents.items() if name in named}
    store_of(guide.project).write(replace(record, cells=tuple(cells), contents=kept))


EVERY = {
    "text": "the answer is another word\n",
    "loss": "loss 1300.0\n",
    "near": "1.05\n",
    "warns": "old warning\nnew warning\n",
    "table": "method\tscore\nLoRA\t0.25\n",
    "raised": "ValueError: 'a'\n",
}


def items(guide: GuideFolder, *words: str) -> dict[str, dict[str, Any]]:
    """The items of the review by key, as JSON has them."""
    done = guide.galley("review", *words, "--json")
    found = json.loads(done.stdout)["items"]
    waits = any(not item["decision"] and not item["excused"] for item in found)
    assert done.returncode == (Exit.UNDECIDED if waits else Exit.OK), done.stdout
    return {item["key"]: item for item in found}


def test_nothing_changed_is_told_as_that(guide: GuideFolder) -> None:
    done = guide.galley("review")
    assert done.returncode == 0
    assert "2 records claim the same\nno output changed" in done.stdout


def test_every_change_is_classed_and_the_gravest_comes_first(guide: GuideFolder) -> None:
    rerecord(guide, "one", **EVERY)
    done = guide.galley("review")
    assert done.returncode == Exit.UNDECIDED == 8
    assert [(key, item["class"]) for key, item in items(guide).items()] == [
        ("one/raised", "error"), ("one/text", "text"), ("one/loss", "numbers"), ("one/table", "table"),
        ("one/warns", "warnings"), ("one/near", "numbers within tolerance"),
    ]  # fmt: skip
    assert "one/raised: error (its code is the same)\n    snippets/one.py:15\n" in done.stdout
    assert "raised.error.txt is of another class: 'KeyError' became 'ValueError'" in done.stdout
    assert "new  line new warning" in done.stdout
    assert "row LoRA  column score  was 0.5  now 0.25  by 0.5" in done.stdout
    assert "near.stdout.txt differs in numbers, by less than 0.1 of their size (it may: " in done.stdout
    assert "5 changes wait for a decision\n    at a terminal: galley review; " in done.stdout
    assert "galley review --accept one/raised; --reject one; --hold one" in done.stdout
    assert "two" not in done.stdout


def test_a_cell_whose_code_changed_is_told_apart(guide: GuideFolder) -> None:
    guide.snippet("two", TWO.replace("two", "three"))
    assert not guide.run().failures
    (item,) = items(guide).values()
    assert (item["key"], item["code_changed"]) == ("two/one", True)
    done = guide.galley("review")
    assert "two/one: text (its code changed)" in done.stdout
    assert "the code of cells: one, new (two)" in done.stdout


def test_a_cell_that_changed_and_prints_the_same_needs_no_decision(guide: GuideFolder) -> None:
    guide.snippet("two", TWO.replace("'two'", "'tw' + 'o'"))
    assert not guide.run().failures
    done = guide.galley("review")
    assert done.returncode == 0
    assert "the code of cells: one, new (two)" in done.stdout
    assert "no output changed" in done.stdout


def test_other_versions_and_facts_stand_at_the_top(guide: GuideFolder) -> None:
    record = guide.record("two")
    changed = replace(record.environment, packages={"rich": "1.0"}, provenance={"device": "cuda"}, cpu="another")
    store_of(guide.project).write(replace(record, environment=changed, date="2031-01-01"))
    commit(guide)
    again = replace(changed, packages={"rich": "2.0"}, provenance={"device": "cpu"})
    store_of(guide.project).write(replace(record, environment=again))
    done = guide.galley("review")
    assert done.returncode == 0, "no output changed"
    assert "  rich: 1.0 became 2.0 (two)\n  device: cuda became cpu (two)\n" in done.stdout
    assert "another" not in done.stdout


def test_what_was_accepted_is_remembered_until_either_side_changes(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n", loss="loss 2\n")
    now = guide.recorded()
    done = guide.galley("review", "--accept", "one/text")
    assert done.returncode == Exit.UNDECIDED
    assert "decided: accept" in done.stdout
    assert "1 change waits for a decision" in done.stdout
    assert {key: item["decision"] for key, item in items(guide).items()} == {"one/text": "accept", "one/loss": ""}
    assert guide.galley("review", "--accept", "one").returncode == 0
    assert guide.galley("review").returncode == 0
    assert guide.recorded() == now, "what is accepted stays as it is"
    assert "?? .cache" not in git_status(guide)
    rerecord(guide, "one", text="c\n")
    assert {key: item["decision"] for key, item in items(guide).items()} == {"one/text": "", "one/loss": "accept"}
    commit(guide)
    rerecord(guide, "one", text="b\n")
    assert [item["decision"] for item in items(guide).values()] == [""], "the base is another"


def test_what_is_rejected_is_the_old_record_again_and_the_new_one_can_be_had_again(guide: GuideFolder) -> None:
    rerecord(guide, "one", **EVERY)
    new = guide.record("one")
    done = guide.galley("review", "--reject", "one/text")
    assert done.returncode == 0, done.stdout
    assert "one: the whole record is that of HEAD (" in done.stdout
    assert git_status(guide) == ""
    assert guide.galley("review").returncode == 0
    (command,) = [line.partition("to have it again: ")[2] for line in done.stdout.splitlines() if "again: " in line]
    assert guide.galley(*command.split()[1:]).returncode == 0
    assert guide.record("one") == new
    assert guide.record("one").contents == new.contents


def test_what_is_held_is_the_old_record_again_with_a_reason(guide: GuideFolder) -> None:
    record = guide.record("one")
    rerecord(guide, "one", text="b\n")
    newer = replace(guide.record("one").environment, packages={"rich": "99.0"})
    store_of(guide.project).write(replace(guide.record("one"), environment=newer))
    done = guide.galley("review", "--hold", "one", "--reason", "it breaks; see #7")
    assert done.returncode == 0, done.stdout
    assert "not renewed for rich 99.0: it breaks; see #7\n    ends the hold: galley run --held one" in done.stdout
    assert guide.record("one") == record
    assert git_status(guide) == "?? snippets/outputs/held.json\n"
    (held,) = held_pages(store_of(guide.project)).values()
    assert (held.key, held.reason, dict(held.versions)) == (("one", "laptop"), "it breaks; see #7", {"rich": "99.0"})
    assert guide.status("one").state is State.HELD
    for words in ((), ("--markdown",), ("--json",)):
        assert "it breaks; see #7" in guide.galley("review", *words).stdout, words
    commit(guide)
    assert "it breaks" not in guide.galley("review").stdout


def test_a_page_can_be_held_before_it_changes(guide: GuideFolder) -> None:
    record = guide.record("two")
    older = replace(record.environment, packages={"click": "1.0"})
    store_of(guide.project).write(replace(record, environment=older))
    commit(guide)
    done = guide.galley("review", "--hold", "two", "--reason", "wait")
    assert done.returncode == 0, done.stdout
    (held,) = held_pages(store_of(guide.project)).values()
    assert list(held.versions) == ["click"]
    assert git_status(guide) == "?? snippets/outputs/held.json\n"
    (guide.project.outputs / "two/laptop/record.json").unlink()
    (guide.project.outputs / "two/laptop/run.json").unlink()
    (guide.project.outputs / "two/laptop/one.stdout.txt").unlink()
    commit(guide)
    done = guide.galley("review", "--hold", "two", "--reason", "wait")
    assert (done.returncode, "two has no record that could be held" in done.stdout) == (Exit.USAGE, True)


def test_a_hold_that_was_there_comes_back_with_the_rejected_page(guide: GuideFolder) -> None:
    held = Held(page="two", profile="laptop", since="2026-01-02", reason="why")
    hold(store_of(guide.project), [held])
    commit(guide)
    assert "no longer held" in guide.run("two", everything=True).said or guide.galley("run", "--held", "two").stdout
    rerecord(guide, "two", one="three\n")
    (guide.project.outputs / "held.json").unlink()
    done = guide.galley("review", "--reject", "two")
    assert "held again, as in HEAD" in done.stdout
    assert git_status(guide) == ""


def test_nothing_is_held_without_a_reason(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    before = guide.recorded()
    for words in (("--hold", "one"), ("--hold", "two"), ("--hold", "one", "--reason", " ")):
        done = guide.galley("review", *words)
        assert (done.returncode, "cannot be held without a reason" in done.stdout) == (Exit.USAGE, True)
        assert '--reason "…"' in done.stdout
    assert guide.recorded() == before


def test_ci_accepts_and_neither_rejects_nor_holds(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    before = guide.recorded()
    for words in (("--reject", "one"), ("--hold", "one", "--reason", "x")):
        done = guide.galley("review", *words, CI="1")
        assert (done.returncode, "CI writes no records" in done.stdout) == (Exit.REFUSED, True)
    assert guide.recorded() == before
    assert guide.galley("review", "--accept", "one", CI="1").returncode == 0


def test_decisions_come_from_a_file_that_the_review_wrote(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n", loss="loss 2\n")
    rerecord(guide, "two", one="three\n")
    said = json.loads(guide.galley("review", "--json").stdout)
    decided = {"one/text": "accept", "one/loss": "accept", "two/one": "hold"}
    for item in said["items"]:
        item |= {"decision": decided[item["key"]], "reason": "later" if item["key"] == "two/one" else ""}
    file = guide.write("decided.json", json.dumps(said))
    done = guide.galley("review", "--decisions", file.name)
    assert done.returncode == 0, done.stdout
    assert guide.status("two").state is State.HELD
    assert guide.output("one", "text.stdout.txt") == "b\n"
    rerecord(guide, "one", text="c\n")
    done = guide.galley("review", "--decisions", file.name)
    assert done.returncode == Exit.USAGE
    assert "is no change since HEAD" in done.stdout or "is another change now than when" in done.stdout


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("{", Exit.BAD_INPUT, "holds no decisions"),
        ('{"items": [{"key": "one/text", "decision": "like"}]}', Exit.BAD_INPUT, "holds no decisions: 'like'"),
        ('{"items": [{"key": "nine", "decision": "accept"}]}', Exit.USAGE, "'nine' is no change since HEAD"),
        ('{"items": [{"key": "one/text", "decision": "accept", "state": "x"}]}', Exit.USAGE, "is another change now"),
        (
            '{"items": [{"key": "one/text", "decision": "accept"}, {"key": "one/loss", "decision": "reject"}]}',
            Exit.USAGE,
            "one has the decision 'accept' in one part and 'reject' in another\n    a record is all or nothing",
        ),
        ('{"items": [{"key": "one/text", "decision": "hold"}]}', Exit.USAGE, "cannot be held without a reason"),
        (
            '{"items": [{"key": "two", "decision": "reject"}, {"key": "one", "decision": "hold"}]}',
            Exit.USAGE,
            "one cannot be held without a reason",
        ),
    ],
)
def test_a_file_with_wrong_decisions_does_nothing(guide: GuideFolder, text: str, code: Exit, said: str) -> None:
    rerecord(guide, "one", text="b\n", loss="loss 2\n")
    rerecord(guide, "two", one="three\n")
    before = guide.recorded()
    file = guide.write("decided.json", text)
    done = guide.galley("review", "--decisions", file.name)
    assert done.returncode == code, done.stdout
    assert said in done.stdout
    assert guide.recorded() == before


def test_no_file_of_decisions_is_told(guide: GuideFolder) -> None:
    done = guide.galley("review", "--decisions", "nowhere.json")
    assert (done.returncode, "nowhere.json: cannot be read" in done.stdout) == (Exit.USAGE, True)
    assert guide.galley("review", "--json", "--markdown").returncode == Exit.USAGE


def test_a_new_page_is_one_item_and_is_rejected_as_a_whole(guide: GuideFolder) -> None:
    guide.snippet("three", TWO)
    assert not guide.run().failures
    (item,) = items(guide).values()
    assert (item["key"], item["class"]) == ("three", "new")
    done = guide.galley("review", "--hold", "three", "--reason", "x")
    assert "three has no record in HEAD (" in done.stdout
    assert guide.galley("review", "--reject", "three").returncode == 0
    assert guide.status("three").state is State.MISSING
    assert not (guide.project.outputs / "three/laptop").exists()
    assert not guide.run().failures
    assert guide.galley("review", "--accept", "three").returncode == 0


def test_a_record_that_is_gone_or_broken_can_be_had_again(guide: GuideFolder) -> None:
    shutil.rmtree(guide.project.outputs / "two")
    (guide.project.outputs / "one/laptop/text.stdout.txt").write_text("better\n", encoding="utf-8")
    assert [(key, item["class"]) for key, item in items(guide).items()] == [
        ("one", "the record cannot be read"),
        ("two", "gone"),
    ]
    assert "text.stdout.txt: is not what was recorded" in guide.galley("review").stdout
    assert guide.galley("review", "--reject", "one", "--reject", "two").returncode == 0
    assert git_status(guide) == ""


def test_a_claim_that_is_gone_comes_first(guide: GuideFolder) -> None:
    guide.snippet("one", ONE[: ONE.index("# %% holds")] + ONE[ONE.index("# %% raised") :])
    assert not guide.run("one").failures
    rerecord(guide, "one", raised="ValueError: 'a'\n")
    found = items(guide)
    assert [(key, item["class"]) for key, item in found.items()] == [
        ("one/holds", "a claim is gone"),
        ("one/raised", "error"),
    ]
    assert found["one/holds"]["claim"]


def test_a_cell_that_came_or_went_is_an_item(guide: GuideFolder) -> None:
    guide.snippet("two", TWO.replace("one", "other"))
    assert not guide.run().failures
    assert {key: item["class"] for key, item in items(guide).items()} == {"two/one": "gone", "two/other": "new"}
    rerecord(guide, "one", text="")
    assert items(guide)["one/text"]["class"] == "structure"


def test_the_sentences_that_quote_a_number_stand_with_it(guide: GuideFolder) -> None:
    rerecord(guide, "one", loss="loss 1300.5\n")
    typed, bound = items(guide)["one/loss"]["quotes"]
    assert typed["sentence"] == "The loss is 1234.5 after a step, and that is high."
    assert (typed["was"], typed["now"]) == ("1234.5", "")
    assert (bound["was"], bound["now"]) == ("1234.5", "1300.5")
    assert "it quotes 1234.5, which stays as it is: The loss is" in guide.galley("review").stdout


def test_the_base_may_be_any_commit_or_a_folder(guide: GuideFolder) -> None:
    commits = guide.call(["git", "rev-parse", "HEAD"]).stdout.strip()
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    rerecord(guide, "one", text="b\n")
    commit(guide)
    assert items(guide) == {}
    for base in (commits, commits[:8], "HEAD~1", "main~1", "kept", str(guide.root / "kept")):
        assert list(items(guide, base)) == ["one/text"], base
    shutil.copytree(guide.root, guide.root.parent / "project", ignore=shutil.ignore_patterns(".git"))
    assert items(guide, str(guide.root.parent / "project")) == {}
    shutil.rmtree(guide.root.parent / "project")
    assert list(items(guide, "kept", "--only", "one")) == ["one/text"]
    assert items(guide, "kept", "--only", "two") == {}


@pytest.mark.parametrize("base", ["nowhere", "--output=x", "HEAD~99", "", "docs/one.md"])
def test_a_base_that_is_none_is_told(guide: GuideFolder, base: str) -> None:
    done = guide.galley("review", "--", base)
    assert done.returncode == Exit.USAGE, done.stdout
    assert "is no commit, and no folder of records\n    name a commit" in done.stdout
    assert git_status(guide) == ""


def test_a_folder_without_records_is_no_base(guide: GuideFolder) -> None:
    (guide.root / "empty").mkdir()
    for base in ("docs", "empty", str(guide.root / "snippets/outputs/one")):
        done = guide.galley("review", base)
        assert done.returncode == Exit.USAGE, done.stdout
        assert f"{base}: has no records, so that all would be new\n    name a commit" in done.stdout


def test_a_base_has_its_records_alone_and_the_name_that_was_typed(guide: GuideFolder) -> None:
    (guide.project.outputs / "two/laptop/notes").write_text("mine", encoding="utf-8")
    (guide.project.outputs / "two/notes").write_text("mine", encoding="utf-8")
    (guide.root / "latin.txt").write_bytes(b"\xe9")
    commit(guide)
    (guide.project.outputs / "two/laptop/notes").unlink()
    name = guide.call(["git", "rev-parse", "HEAD"]).stdout.strip()
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    (guide.root / "kept/two/laptop/notes").write_text("mine", encoding="utf-8")
    (guide.root / "kept/two/notes").unlink()
    (guide.root / "kept/.galley").symlink_to(guide.root)
    (guide.root / "kept/.hidden/laptop").mkdir(parents=True)
    (guide.root / "kept/.hidden/laptop/record.json").write_text("{}", encoding="utf-8")
    wanted = {each.name for each in (guide.root / "kept/two/laptop").iterdir()} - {"notes"}
    two = Name("two", "laptop")
    for said, called in ((name, name), (name[:8], name[:8]), ("HEAD", f"HEAD ({name[:12]})"), ("kept", "kept")):
        base = base_of(guide.project, said if said != "kept" else str(guide.root / "kept"))
        assert base.name.removeprefix(f"{guide.root}/") == called
        assert base.records == {Name("one", "laptop"), two}
        assert set(base.files(two)) == wanted
        assert set(base.files(two, "record.json")) == {"record.json"}
        assert base.source(Path("snippets/two.py")) == (TWO if said != "kept" else "")
        assert base.source(Path("no.py")) == ""
        assert base.source(Path("latin.txt")) == ("\ufffd" if said != "kept" else "")
        assert record_in(base, Name("no", "laptop")) is None
        assert record_in(base, two) == guide.record("two")


def test_a_project_without_records_is_a_base_and_a_folder_of_outputs_or_a_link_is_none(guide: GuideFolder) -> None:
    project = guide.project
    other = guide.copied(guide.root / "other")
    assert base_of(project, str(other.root)).records == {Name("one", "laptop"), Name("two", "laptop")}
    shutil.rmtree(other.project.outputs)
    other.project.outputs.mkdir()
    assert base_of(project, str(other.root)).records == frozenset()
    outputs = guide.write("kept/two/laptop/one.stdout.txt", "two\n").parents[2]
    (guide.root / "link").symlink_to(project.outputs)
    for none in (outputs, guide.root / "link"):
        with pytest.raises(UsageError, match=r"has no records, so that all would be new|is no commit, and no folder"):
            base_of(project, str(none))


def test_all_files_of_a_record_in_a_commit_are_bounded_together(guide: GuideFolder) -> None:
    blobs = {f"c{number}.stdout.txt": Blob("0" * 40, 60 << 20) for number in range(5)}
    base = CommitBase(guide.root, "HEAD", "main", {Name("two", "laptop"): blobs})
    with pytest.raises(GalleyError, match=r"main:two/laptop/c4\.stdout\.txt: is not read: it has more than 256 MiB"):
        base.files(Name("two", "laptop"))


def broken_commit(guide: GuideFolder) -> str:
    """The commit lacks a folder."""
    name = guide.call(["git", "rev-parse", "HEAD:snippets/outputs/two"]).stdout.strip()
    (guide.root / ".git/objects" / name[:2] / name[2:]).unlink()
    return "HEAD"


def no_commit_to_be_had(guide: GuideFolder) -> str:
    """Git does not read its own settings."""
    (guide.root / ".git/config").write_text("[core\n", encoding="utf-8")
    return "HEAD"


def a_linked_page(guide: GuideFolder) -> str:
    """In the folder a page is a link."""
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    (guide.root / "kept/two").rename(guide.root / "away")
    (guide.root / "kept/two").symlink_to(guide.root / "away")
    return "kept"


def a_linked_profile(guide: GuideFolder) -> str:
    """In the folder a record is a link."""
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    (guide.root / "kept/two/laptop").rename(guide.root / "away")
    (guide.root / "kept/two/laptop").symlink_to(guide.root / "away")
    return "kept"


def a_broken_list(guide: GuideFolder) -> str:
    """The list of held pages in the commit is none."""
    (guide.project.outputs / "held.json").write_text("{", encoding="utf-8")
    commit(guide)
    (guide.project.outputs / "held.json").unlink()
    return "HEAD"


def an_empty_list(guide: GuideFolder) -> str:
    """The list of held pages in the folder was cut off."""
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    (guide.root / "kept/held.json").touch()
    return "kept"


UNREADABLE = {
    an_empty_list: "kept/held.json: is no list of held pages: ",
    broken_commit: "git ls-tree: ",
    no_commit_to_be_had: "'HEAD' is no commit, and no folder of records (git rev-parse: ",
    a_linked_page: "kept/two: is a link, and galley follows none to its records\n    remove the link",
    a_linked_profile: "kept/two/laptop: is a link, and galley follows none to its records\n    remove the link",
    a_broken_list: "held.json: is no list of held pages: ",
}


@pytest.mark.parametrize("spoil", UNREADABLE, ids=lambda each: each.__name__)
def test_a_base_that_cannot_be_read_is_told_and_never_taken_for_an_empty_one(
    guide: GuideFolder, spoil: Callable[[GuideFolder], str]
) -> None:
    done = guide.galley("review", spoil(guide))
    assert done.returncode in (Exit.USAGE, Exit.BAD_INPUT), done.stdout
    assert UNREADABLE[spoil] in done.stdout
    assert "new" not in done.stdout.split("\n")[0]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_base_that_this_user_may_not_read_is_told(guide: GuideFolder) -> None:
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    (guide.root / "kept/two").chmod(0)
    try:
        done = guide.galley("review", "kept")
        assert (done.returncode, "kept/two: the system refuses" in done.stdout) == (Exit.BAD_INPUT, True)
    finally:
        (guide.root / "kept/two").chmod(0o755)


def torn(record: Path) -> None:
    """There is no record.json."""
    (record / "record.json").unlink()


def forged(record: Path) -> None:
    """The record.json is none."""
    (record / "record.json").write_text("{}", encoding="utf-8")


def of_a_newer_galley(record: Path) -> None:
    """A newer galley wrote it."""
    said = json.loads((record / "record.json").read_text(encoding="utf-8"))
    (record / "record.json").write_text(json.dumps({**said, "format": 99}), encoding="utf-8")


def too_large(record: Path) -> None:
    """An output has more bytes than any true one, and few in git."""
    os.truncate(record / "one.stdout.txt", (1 << 26) + 1)


MALFORMED = {
    torn: "torn: outputs without a record.json",
    forged: "cannot be read: not a record",
    of_a_newer_galley: "a newer galley wrote it",
    too_large: "is not read: it has more than 64 MiB",
}


@pytest.mark.parametrize("where", ["HEAD", "kept"])
@pytest.mark.parametrize("spoil", MALFORMED, ids=lambda each: each.__name__)
def test_what_cannot_be_read_in_the_base_is_not_new(
    guide: GuideFolder, where: str, spoil: Callable[[Path], None]
) -> None:
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    if where == "kept":
        spoil(guide.root / "kept/two/laptop")
    else:
        spoil(guide.project.outputs / "two/laptop")
        commit(guide)
        shutil.rmtree(guide.project.outputs)
        (guide.root / "kept").rename(guide.project.outputs)
    rerecord(guide, "two", one="another\n")
    (item,) = items(guide, where).values()
    assert (item["key"], item["class"]) == ("two", "the record cannot be read")
    assert MALFORMED[spoil] in item["what"]
    assert guide.galley("review", where, "--accept", "two").returncode == Exit.OK
    rerecord(guide, "two", one="a third\n")
    assert not items(guide, where)["two"]["decision"], "what was accepted was another record"


def test_a_name_that_is_no_utf_8_hides_no_record(guide: GuideFolder) -> None:
    odd = os.fsencode(guide.project.outputs / "two") + b"/\xff.txt"
    Path(os.fsdecode(odd)).write_text("a", encoding="utf-8")
    commit(guide)
    Path(os.fsdecode(odd)).unlink()
    assert items(guide) == {}


def test_without_git_a_folder_is_asked_for(guide: GuideFolder) -> None:
    shutil.rmtree(guide.root / ".git")
    done = guide.galley("review", GIT_CEILING_DIRECTORIES=str(guide.root.parent))
    assert (done.returncode, "'HEAD' is no commit" in done.stdout) == (Exit.USAGE, True)


def test_a_guide_may_be_a_folder_of_a_larger_repository(first: GuideFolder, tmp_path: Path) -> None:
    guide = first.copied(tmp_path / "deep/guide")
    shutil.rmtree(guide.root / ".git")
    GuideFolder(tmp_path).call(["git", "init", "-q"])
    commit(GuideFolder(tmp_path))
    assert items(guide) == {}
    rerecord(guide, "one", text="b\n")
    assert list(items(guide)) == ["one/text"]
    assert guide.galley("review", "--reject", "one").returncode == 0
    assert git_status(guide) == ""


def old_format(record: Record, place: Path) -> None:
    """Write a record in format 2 over its own."""
    said, run = json.loads((place / "record.json").read_bytes()), json.loads((place / "run.json").read_bytes())
    said["environment"] |= {"system": run["system"], "cpu": run["cpu"]}
    said |= {"date": run["date"], "format": 2}
    for cell in said["cells"]:
        cell |= run["cells"][cell["name"]]
    (place / "record.json").write_text(json.dumps(said), encoding="utf-8")
    (place / "run.json").unlink()
    assert record.page


def test_another_format_is_no_change_and_comes_back_as_it_was(guide: GuideFolder) -> None:
    place = guide.project.outputs / "two/laptop"
    old_format(guide.record("two"), place)
    commit(guide)
    before = (place / "record.json").read_bytes()
    store_of(guide.project).write(guide.record("two"))
    assert (place / "run.json").exists()
    assert items(guide) == {}
    rerecord(guide, "two", one="three\n")
    assert guide.galley("review", "--reject", "two").returncode == 0
    assert ((place / "record.json").read_bytes(), (place / "run.json").exists()) == (before, False)


def test_a_profile_that_is_not_the_first_required_one_stands_in_the_key(guide: GuideFolder) -> None:
    guide.write("pyproject.toml", SETTINGS + "\n[tool.galley.profiles.gpu]\n")
    assert not guide.run("two", profiles=("gpu",)).failures
    commit(guide)
    store = store_of(guide.project)
    record = store.read("two", "gpu")
    assert record is not None
    (file,) = record.cells[0].outputs[0].files
    stored = Output("stdout", (replace(file, sha256=digest("x")),))
    store.write(replace(record, cells=(replace(record.cells[0], outputs=(stored,)),), contents={file.file: b"x"}))
    assert list(items(guide)) == ["two@gpu/one"]
    done = guide.galley("review", "--hold", "two@gpu", "--reason", "x")
    assert done.returncode == 0, done.stdout
    assert list(held_pages(store)) == [("two", "gpu")]


HOSTILE = "<script>alert(1)</script> | `@alice` <b>\n# head\n<img src=x onerror=alert(1)>\n"


def test_the_markdown_summary_holds_foreign_text_in_code_alone(guide: GuideFolder) -> None:
    rerecord(guide, "one", text=HOSTILE, loss="loss 1300.5\n", near="1.05\n")
    done = guide.galley("review", "--markdown", "--accept", "one/loss")
    assert done.returncode == Exit.UNDECIDED
    assert "### Outputs that changed since `HEAD (" in done.stdout
    assert "| text | `one/text` | " in done.stdout
    assert "| accept |" in done.stdout
    assert "| may differ |" in done.stdout
    assert "1 of 3 wait for a decision." in done.stdout
    assert "- `docs/one.md:" in done.stdout
    for line in done.stdout.splitlines():
        outside = "".join(line.split("`")[::2])
        assert not any(each in outside for each in ("alert", "@alice", "# head")), line
    assert guide.galley("review", "--reject", "one").returncode == 0
    assert "No output changed." in guide.galley("review", "--markdown").stdout


def changed_page(guide: GuideFolder) -> Callable[[str], str]:
    """A function that writes the page of the review and reads it."""

    def html(name: str) -> str:
        guide.galley("review", "--html", name)
        return (guide.root / name).read_text(encoding="utf-8")

    return html


def test_the_page_stands_alone_and_trusts_no_text(guide: GuideFolder) -> None:
    from test_fuzz_svg import Found

    rerecord(guide, "one", text=HOSTILE, **{name: text for name, text in EVERY.items() if name != "text"})
    guide.snippet("one", ONE.replace("# %% loss\n", "# %% loss\n# <img src=x onerror=alert(3)>\n"), shown=False)
    page = guide.root / "docs/one.md"
    page.write_text(page.read_text(encoding="utf-8").replace("# A page", "# A page\n\n<script>alert(2)</script>\n"))
    text = changed_page(guide)("review.html")
    found = Found()
    found.feed(text)
    assert not {"script", "iframe", "link", "object", "embed", "base", "form"} & set(found.elements)
    assert not [name for name, value in found.attributes if name.startswith("on") or "script:" in value]
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    loads = [value for name, value in found.attributes if name in ("src", "srcset")]
    assert all(value.startswith("data:") for value in loads)
    for key in ("one/raised", "one/text", "one/loss", "one/table", "one/warns", "one/near"):
        assert f"<code>{key}</code></a>" in text
    assert "prefers-color-scheme: dark" in text or "prefers-color-scheme:dark" in text
    assert "The loss is 1234.5 after a step, and that is high." in text
    assert "1234.5 becomes 1300.0" in text
    assert "galley review --accept one/text" in text


def test_the_prose_around_a_cell_is_shown_with_it(guide: GuideFolder) -> None:
    page = guide.root / "docs/one.md"
    fence = '```python exec="on" cell="one/loss"\n```\n'
    around = f"## Losses\n\nA *first* one.\n\n{fence}\nAnd {{value}}`one/loss` below.\n\nFar away.\n"
    page.write_text(page.read_text(encoding="utf-8").replace(fence, around), encoding="utf-8")
    rerecord(guide, "one", loss="loss 1300.5\n")
    text = changed_page(guide)("review.html")
    assert "<p>A <em>first</em> one.</p>" in text
    assert "<p>And 1300.5 below.</p>" in text
    assert "Far away" not in text


def test_images_are_shown_beside_and_over_each_other(guide: GuideFolder) -> None:
    draws = "class Drawn:\n    def _repr_svg_(self):\n        return '<svg xmlns=\"http://www.w3.org/2000/svg\"/>'\n"
    guide.snippet("two", f'# %% one alt="a line"\n{draws}Drawn()\n')
    assert not guide.run().failures
    commit(guide)
    rerecord(guide, "two", one='<svg xmlns="http://www.w3.org/2000/svg"><path d="M 0 0 L 5 5"/></svg>')
    text = changed_page(guide)("review.html")
    assert text.count("data:image/svg+xml;base64,") == 2
    assert 'class="review-over" role="img"' in text
    assert text.count('<div class="galley-figure"') == 2


def test_a_page_is_written_over_galleys_own_and_over_no_other_file(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    html = changed_page(guide)
    assert html("review.html").startswith("<!doctype html>\n<!-- Made by `galley review`. -->")
    rerecord(guide, "one", text="c\n")
    assert "became &#x27;c&#x27;" in html("review.html")
    mine = guide.write("mine.html", "<!doctype html>\nmine\n")
    done = guide.galley("review", "--html", "mine.html")
    assert (done.returncode, "is no review that galley wrote" in done.stdout) == (Exit.REFUSED, True)
    assert mine.read_text(encoding="utf-8") == "<!doctype html>\nmine\n"
    (guide.root / "linked.html").symlink_to(guide.root / "review.html")
    assert guide.galley("review", "--html", "linked.html").returncode == Exit.REFUSED
    done = guide.galley("review", "--html", "nowhere/review.html")
    assert (done.returncode, "mkdir -p nowhere" in done.stdout) == (Exit.USAGE, True)


def test_a_link_in_a_commit_is_no_record(guide: GuideFolder) -> None:
    place = guide.project.outputs / "two/laptop"
    (guide.root / "elsewhere.txt").write_text("secret\n", encoding="utf-8")
    (place / "one.stdout.txt").unlink()
    (place / "one.stdout.txt").symlink_to(guide.root / "elsewhere.txt")
    commit(guide)
    (place / "one.stdout.txt").unlink()
    (place / "one.stdout.txt").write_text("two\n", encoding="utf-8")
    assert items(guide) == {}
    rerecord(guide, "two", one="three\n")
    (item,) = items(guide).values()
    assert (item["key"], item["class"]) == ("two", "the record cannot be read")
    assert "in HEAD " in item["what"]
    assert "is in the record and not in the folder" in item["what"], "the text of a link is no output either"


def test_the_folder_for_what_was_decided_may_be_no_link(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    shutil.rmtree(guide.root / ".cache", ignore_errors=True)
    (guide.root / "elsewhere").mkdir()
    (guide.root / ".cache").symlink_to(guide.root / "elsewhere")
    done = guide.galley("review", "--accept", "one")
    assert (done.returncode, "is a link, and galley follows none" in done.stdout) == (Exit.REFUSED, True)
    assert list((guide.root / "elsewhere").iterdir()) == []


def test_an_unknown_page_is_told(guide: GuideFolder) -> None:
    assert guide.galley("review", "--only", "nine").returncode == Exit.USAGE
    with pytest.raises(UsageError, match="no page with cells is named"):
        guide.guide.find("nine")
