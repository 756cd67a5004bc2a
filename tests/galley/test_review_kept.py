"""What a review keeps: nobody's decision is lost, no record that was put back over, and no link is followed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from galley.errors import Exit, GalleyError, RefusedError
from galley.record.held import Held, held_pages, hold
from galley.record.model import Name
from galley.record.status import store_of
from galley.review.base import base_of
from galley.review.decide import Decision, Desk, Verb, asked_for, read_decisions
from galley.review.found import review
from galley.review.kept import DAMAGED, MOST, accepted, keep, set_aside
from guide_folder import GuideFolder
from test_review import first, git_status, items, rerecord

__all__ = ["first"]  # a fixture

FILE = ".cache/galley/review.json"
MOVES = ("rename", "replace", "unlink", "rmdir", "mkdir")


def decided(guide: GuideFolder, *words: str) -> dict[str, str]:
    """What was decided, by item."""
    return {key: item["decision"] for key, item in items(guide, *words).items()}


def test_a_review_of_one_page_forgets_nothing_of_another(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    rerecord(guide, "two", one="c\n")
    assert guide.galley("review", "--only", "one", "--accept", "one").returncode == 0
    assert guide.galley("review", "--only", "two", "--accept", "two").returncode == 0
    assert decided(guide) == {"one/text": "accept", "two/one": "accept"}


def test_a_review_against_another_base_forgets_nothing(guide: GuideFolder) -> None:
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    rerecord(guide, "one", text="b\n")
    assert guide.galley("review", "--accept", "one").returncode == 0
    assert guide.galley("review", "kept", "--accept", "one").returncode == 0
    assert guide.galley("review").returncode == guide.galley("review", "kept").returncode == 0


def desk(guide: GuideFolder) -> Desk:
    """A review of its own."""
    base = base_of(guide.project, "HEAD")
    made = Desk(guide.project, base, review(guide.guide, base))
    made.resume()
    return made


def test_two_reviews_at_once_keep_the_decisions_of_both(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    rerecord(guide, "two", one="c\n")
    desks = [desk(guide), desk(guide)]
    for number, at in enumerate(desks):
        page, item = list(at.review.items)[number]
        at.decide(page, [item], Decision(Verb.ACCEPT))
    assert decided(guide) == {"one/text": "accept", "two/one": "accept"}


def test_what_was_accepted_and_then_rejected_is_asked_again(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    assert guide.galley("review", "--accept", "one").returncode == 0
    assert guide.galley("review", "--reject", "one").returncode == 0
    rerecord(guide, "one", text="b\n")
    assert decided(guide) == {"one/text": ""}


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"items": [{"key": "one/text", "state": "x", "decision": "reject"}]}',
        '{"items": [], "format": 2}',
        '{"items": [{"key": "one/text", "state": "x", "until": "tomorrow"}]}',
        '{"items": [{"key": ' + "[" * 100_000,
    ],
)
def test_a_list_that_somebody_spoilt_is_told_and_stays(guide: GuideFolder, text: str) -> None:
    rerecord(guide, "one", text="b\n")
    guide.write(FILE, text)
    done = guide.galley("review", "--accept", "one")
    assert done.returncode == Exit.BAD_INPUT, done.stdout
    assert f"{FILE}: is no list of what was accepted: " in done.stdout
    assert f"    mend it, or move it away, and accept again: {FILE}\n" in done.stdout
    assert (guide.root / FILE).read_text(encoding="utf-8") == text
    (guide.root / FILE).rename(guide.root / "away.json")
    assert guide.galley("review", "--accept", "one").returncode == 0


LINKS = (FILE, ".cache/galley/.staging-beside", ".cache/galley/rejected", ".cache/galley/rejected/one")


@pytest.mark.parametrize("place", [*LINKS, ".cache/galley/rejected/one/laptop", ".cache/galley/rejected/.staging"])
def test_nothing_that_is_kept_goes_through_a_link(guide: GuideFolder, place: str) -> None:
    rerecord(guide, "one", text="b\n")
    new, mine = guide.recorded(), guide.root / "mine"
    mine.mkdir()
    (mine / "notes.txt").write_text("mine", encoding="utf-8")
    at = guide.root / place
    at.parent.mkdir(parents=True, exist_ok=True)
    at.symlink_to(mine if "rejected" in place else mine / "notes.txt")
    done = guide.galley("review", "--reject" if "rejected" in place else "--accept", "one")
    assert done.returncode != 0, done.stdout
    assert place in done.stdout
    assert "link" in done.stdout or "move it away" in done.stdout
    assert {path.name: path.read_text(encoding="utf-8") for path in mine.iterdir()} == {"notes.txt": "mine"}
    assert guide.recorded() == new
    at.unlink()
    assert guide.galley("review", "--reject", "one").returncode == 0


def test_the_files_of_a_record_that_cannot_be_read_are_kept(guide: GuideFolder) -> None:
    place = guide.project.outputs / "one/laptop"
    (place / "text.stdout.txt").write_text("mended by hand\n", encoding="utf-8")
    spoilt = {path.name: path.read_bytes() for path in place.iterdir()}
    done = guide.galley("review", "--reject", "one")
    assert done.returncode == 0, done.stdout
    assert git_status(guide) == ""
    (kept,) = [line.partition(" are kept in ")[2] for line in done.stdout.splitlines() if " are kept in " in line]
    assert {path.name: path.read_bytes() for path in (guide.root / kept).iterdir()} == spoilt
    (place / "text.stdout.txt").write_text("again\n", encoding="utf-8")
    assert guide.galley("review", "--reject", "one").returncode == 0
    assert (guide.root / kept / "text.stdout.txt").read_text(encoding="utf-8") == "mended by hand\n"


def test_a_hold_that_cannot_be_done_leaves_none(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    (guide.project.outputs / "one/laptop/notes.txt").write_text("mine", encoding="utf-8")
    done = guide.galley("review", "--hold", "one", "--reason", "it breaks")
    assert done.returncode != 0
    assert "notes.txt" in done.stdout
    assert held_pages(store_of(guide.project)) == {}
    assert (guide.project.outputs / "one/laptop/notes.txt").read_text(encoding="utf-8") == "mine"


def test_a_decision_that_cannot_be_done_leaves_the_hold_that_was_there(guide: GuideFolder) -> None:
    before = Held(page="one", profile="laptop", since="2026-11-05", reason="it waits")
    hold(store_of(guide.project), [before])
    rerecord(guide, "one", text="b\n")
    (guide.project.outputs / "one/laptop/notes.txt").write_text("mine", encoding="utf-8")
    made = desk(guide)
    (page,) = made.review.pages
    with pytest.raises(GalleyError, match=r"notes\.txt"):
        made.decide(page, page.items, Decision(Verb.HOLD, "it breaks"))
    assert list(held_pages(store_of(guide.project)).values()) == [before]


def test_a_record_that_is_broken_in_the_base_is_not_put_back(guide: GuideFolder) -> None:
    shutil.copytree(guide.project.outputs, guide.root / "kept")
    (guide.root / "kept/one/laptop/text.stdout.txt").write_text("spoilt\n", encoding="utf-8")
    rerecord(guide, "one", text="b\n")
    base, new = base_of(guide.project, str(guide.root / "kept")), guide.recorded()
    made = Desk(guide.project, base, review(guide.guide, base), "kept")
    (page,) = made.review.pages
    with pytest.raises(GalleyError, match=r"text\.stdout\.txt"):
        made.decide(page, page.items, Decision(Verb.HOLD, "it breaks"))
    assert guide.recorded() == new
    assert not (guide.root / ".cache/galley/rejected").exists()


def test_a_decision_has_a_reason_where_it_holds_and_the_command_that_comes_back_names_the_base(
    guide: GuideFolder,
) -> None:
    rerecord(guide, "one", text="b\n")
    rerecord(guide, "two", one="c\n")
    made = desk(guide)
    assert made.again == "galley review"
    assert Desk(guide.project, made.base, made.review, "my base").again == "galley review 'my base'"
    found = asked_for(made.review, ["one"], [], ["two"], "it breaks")
    assert [(page.key, decision) for page, _, decision in found] == [
        ("one", Decision(Verb.ACCEPT)),
        ("two", Decision(Verb.HOLD, "it breaks")),
    ]
    with pytest.raises(GalleyError, match="holds no decisions"):
        read_decisions(made.review, guide.write("deep.json", '{"more": ' + "[" * 100_000))


def test_what_was_done_before_a_decision_fails_is_said(guide: GuideFolder) -> None:
    rerecord(guide, "one", text="b\n")
    rerecord(guide, "two", one="c\n")
    guide.write(".cache/galley/rejected/two/laptop/notes.txt", "mine")
    done = guide.galley("review", "--reject", "one", "--reject", "two")
    assert done.returncode == Exit.BAD_INPUT, done.stdout
    assert "one: the whole record is that of HEAD" in done.stdout
    assert "to have it again: galley review .cache/galley/rejected --only one --reject one" in done.stdout
    assert "two/laptop/notes.txt: is in the folder, and no record names it" in done.stdout


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


@contextmanager
def killed(patch: pytest.MonkeyPatch, at: int) -> Iterator[list[str]]:
    """Let the process end before the call of a number among those that change a folder; yields the calls."""
    made: list[str] = []

    def instead(name: str, true: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            made.append(name)
            if len(made) >= at:
                raise Killed
            return true(*arguments, **options)

        return call

    with patch.context() as inside:
        for name in MOVES:
            inside.setattr(os, name, instead(name, getattr(os, name)))
        yield made


@pytest.mark.parametrize("verb", [Verb.REJECT, Verb.HOLD])
def test_who_is_killed_while_a_record_is_put_back_has_lost_nothing(
    guide: GuideFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    rerecord(guide, "one", text="rejected before\n")
    assert guide.galley("review", "--reject", "one").returncode == 0
    rerecord(guide, "one", text="b\n")
    new, seen = guide.record("one"), set()
    for at in range(1, 1000):
        there = guide.copied(tmp_path / f"killed-{at}")
        made = desk(there)
        (page,) = made.review.pages
        try:
            with killed(monkeypatch, at) as calls:
                made.decide(page, page.items, Decision(verb, "it breaks"))
        except Killed:
            pass
        kept = there.root / ".cache/galley/rejected"
        again = GuideFolder(there.root)
        now = again.record("one")  # whole, whenever it was
        held = held_pages(store_of(there.project))
        if now != new:
            aside = base_of(there.project, str(kept)).files(Name("one", "laptop"))
            assert aside["text.stdout.txt"] == b"b\n", at
            assert bool(held) is (verb is Verb.HOLD), at
        elif not held:
            assert decided(there) == {"one/text": ""}, at
        if at % 5 == 0:  # the next one goes on
            done = there.galley("review", "--reject", "one") if now == new else there.galley("review")
            assert done.returncode == 0, done.stdout
        seen.add(now == new)
        shutil.rmtree(there.root)
        if len(calls) < at:
            break
    assert seen == {True, False}
    assert at > 10


def test_the_last_decisions_are_kept_and_what_says_the_same_is_not_written(guide: GuideFolder) -> None:
    states = [(f"page/{number}", "x") for number in range(MOST)]
    keep(guide.project, states)
    keep(guide.project, [("another", "x")])
    assert accepted(guide.project) == [*states[1:], ("another", "x")]
    before = (guide.root / FILE).stat().st_ino
    keep(guide.project, [("another", "x")])
    assert (guide.root / FILE).stat().st_ino == before


def test_decisions_at_once_are_all_kept(guide: GuideFolder) -> None:
    states = [(f"page/{number:02}", "x") for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda state: keep(guide.project, [state]), states))
    assert sorted(accepted(guide.project)) == states


def test_a_link_to_nothing_is_no_empty_list(guide: GuideFolder) -> None:
    keep(guide.project, [("one/text", "x")])
    (guide.root / FILE).rename(guide.root / "away.json")
    (guide.root / FILE).symlink_to(guide.root / "nowhere.json")
    with pytest.raises(GalleyError, match=FILE):
        accepted(guide.project)


def test_of_a_record_that_cannot_be_read_its_own_files_are_kept_and_no_others(guide: GuideFolder) -> None:
    place = guide.project.outputs / "one/laptop"
    own = {path.name: path.read_bytes() for path in place.iterdir()}
    (place / "notes").mkdir()
    (place / ".hidden").write_text("mine", encoding="utf-8")
    (told,) = set_aside(guide.project, ("one", "laptop"), None)
    kept = guide.root / told.partition(" are kept in ")[2]
    assert {path.name: path.read_bytes() for path in kept.iterdir()} == own
    shutil.rmtree(kept.parent)
    (guide.root / "mine").mkdir()
    kept.parent.symlink_to(guide.root / "mine")
    with pytest.raises(RefusedError, match=f"{DAMAGED}: is a link"):
        set_aside(guide.project, ("one", "laptop"), None)
    kept.parent.unlink()
    place.rename(guide.root / "away")
    assert set_aside(guide.project, ("one", "laptop"), None) == []
    place.symlink_to(guide.root / "away")
    with pytest.raises(GalleyError, match="one/laptop: is a link"):
        set_aside(guide.project, ("one", "laptop"), None)
    assert list((guide.root / "mine").iterdir()) == []
    assert not kept.parent.exists()
