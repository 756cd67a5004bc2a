"""Held pages: kept as recorded on purpose, told apart everywhere, and run again only when somebody asks for it."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from importlib import metadata
from pathlib import Path

import pytest

from builders import article, builds, plain, text_of
from galley.errors import GalleyError, RefusedError, UsageError
from galley.record.days import date_fault
from galley.record.held import HELD, LONGEST, Held, check_reason, held_pages, hold, parsed, release, seen
from galley.record.status import State, store_of
from guide_folder import SETTINGS, GuideFolder, fence

SOURCE = "# %% one\nprint(1)\n"
REASON = "two of its claims fail; see <issue> 7"
HOLD = Held(page="one", profile="laptop", since="2026-11-05", reason=REASON, versions={"click": "99.0"})


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """Two pages with true records, of which none is held."""
    folder = GuideFolder.make(
        tmp_path_factory.mktemp("first"), SETTINGS.replace("timeout", 'packages = ["click"]\ntimeout')
    )
    folder.snippet("one", SOURCE)
    folder.snippet("two", SOURCE)
    folder.page("states", fence("one", "one").replace('cell="one/one"', 'list="states"'))
    assert not folder.run().failures
    return folder


@pytest.fixture
def guide(first: GuideFolder, tmp_path: Path) -> GuideFolder:
    """A copy that a test may spoil; its page `one` is held, and was recorded with another version of a package."""
    folder = first.copied(tmp_path)
    drift(folder, "one")
    hold(store_of(folder.project), [HOLD])
    return folder


def drift(guide: GuideFolder, page: str) -> None:
    """Have a record say that it was made with an older version of a package."""
    found = guide.record(page)
    packages = {**found.environment.packages, "click": "1.0"}
    store_of(guide.project).write(replace(found, environment=replace(found.environment, packages=packages)))


def entry(guide: GuideFolder) -> Path:
    """The file that lists what is held."""
    return guide.project.outputs / HELD


def test_a_held_page_has_a_state_of_its_own_and_check_names_what_ends_it(guide: GuideFolder) -> None:
    found = guide.status("one")
    assert (found.state, found.held) == (State.HELD, HOLD)
    checked = guide.galley("check")
    assert checked.returncode == 0
    said = f"one (laptop): held since 2026-11-05, not renewed for click 99.0: {REASON}"
    assert f"snippets/one.py: held (no failure): {said}\n    galley run --held one --profile laptop" in checked.stdout
    assert "drifted" not in checked.stdout
    ended = guide.galley(*found.mend.split()[1:])
    assert ended.returncode == 0, ended.stdout
    assert "recorded, same outputs, no longer held" in ended.stdout
    assert guide.status("one").state is State.FRESH
    assert not entry(guide).exists()


@pytest.mark.parametrize("words", [("run", "--all"), ("run", "one", "--all"), ("test",), ("run", "one")])
def test_a_held_page_is_not_run_unless_that_is_asked(guide: GuideFolder, words: tuple[str, ...]) -> None:
    before = guide.recorded()
    ran = guide.galley(*words)
    assert ran.returncode == 0
    assert f"not run: one (laptop) is {HOLD}\n    galley run --held one" in ran.stdout
    assert "] one (laptop)" not in ran.stdout
    assert ("] two (laptop)" in ran.stdout) == ("one" not in words)
    assert {name: guide.recorded()[name] for name in before if "one" in name} == {
        name: before[name] for name in before if "one" in name
    }


def test_a_held_page_is_compared_when_that_is_asked(guide: GuideFolder) -> None:
    ran = guide.galley("test", "--held", "one")
    assert ran.returncode == 0
    assert f"click was 1.0, is {metadata.version('click')}" in ran.stdout


def test_a_held_page_whose_new_run_says_nothing_new_stays_held(first: GuideFolder, tmp_path: Path) -> None:
    guide = first.copied(tmp_path)
    hold(store_of(guide.project), [HOLD])
    assert "unchanged" in guide.galley("run", "--held", "one").stdout
    assert guide.status("one").state is State.HELD


def test_a_hold_does_not_excuse_that_the_pages_code_is_another(guide: GuideFolder) -> None:
    guide.snippet("one", SOURCE.replace("1", "2"))
    assert guide.status("one").state is State.STALE
    assert "recorded, no longer held" in guide.galley("run", "one").stdout


NOTES = """
def setup(context):
    context.note_table(context.root / "catalogue.toml", "model")
"""


def test_a_hold_excuses_that_a_pinned_model_is_another_and_nothing_else(first: GuideFolder, tmp_path: Path) -> None:
    guide = first.copied(tmp_path)
    guide.write("catalogue.toml", '[model]\nrevision = "a"\n')
    guide.write("snippets/hooks.py", NOTES)
    hooked = '[tool.galley]\nhooks = {setup = "hooks:setup"}'
    guide.write("pyproject.toml", SETTINGS.replace("[tool.galley]", hooked, 1))
    assert not guide.run().failures
    guide.write("catalogue.toml", '[model]\nrevision = "b"\n')
    assert guide.status("one").state is State.STALE
    hold(store_of(guide.project), [HOLD])
    assert guide.status("one").state is State.HELD
    guide.write("snippets/hooks.py", f"{NOTES}    print()\n")
    assert guide.status("one").state is State.STALE


def test_a_reader_sees_that_a_page_is_held_and_why(guide: GuideFolder) -> None:
    said = f"held as recorded since 5 November 2026, not renewed for click 99.0: {REASON}"
    settings = (guide.root / "pyproject.toml").read_text(encoding="utf-8")
    guide.write("pyproject.toml", settings.replace("[tool.galley]\n", "[tool.galley]\nmarkdown = true\n", 1))
    strip = builds("mkdocs", "one")(plain(guide))
    assert "held as recorded</summary>" in strip
    assert said in text_of(strip)
    site = guide.root / "site"
    assert "held" not in text_of(article(site, "two"))
    assert said in text_of(article(site, "states"))
    assert said in (site / "one.md").read_text(encoding="utf-8")
    assert said in (site / "states.md").read_text(encoding="utf-8")


def test_a_page_is_held_once_and_the_list_goes_with_the_last_one(guide: GuideFolder) -> None:
    store = store_of(guide.project)
    again = replace(HOLD, reason="something else", versions={})
    other = replace(HOLD, page="two")
    hold(store, [again, other])
    assert list(held_pages(store).values()) == [again, other]
    text = entry(guide).read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert [each["page"] for each in json.loads(text)["held"]] == ["one", "two"]
    assert release(store, "one", "laptop")
    assert not release(store, "one", "laptop")
    assert release(store, "two", "laptop")
    assert [path.name for path in guide.project.outputs.iterdir() if path.is_file()] == []


def test_nothing_is_held_without_a_reason_or_in_ci(guide: GuideFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    store, before = store_of(guide.project), entry(guide).read_bytes()
    with pytest.raises(UsageError, match="without a reason"):
        hold(store, [replace(HOLD, reason=" ")])
    monkeypatch.setenv("CI", "1")
    for change in (lambda: hold(store, [HOLD]), lambda: release(store, "one", "laptop")):
        with pytest.raises(RefusedError, match="CI holds no pages"):
            change()
    assert entry(guide).read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", '{"format": 0, "held": []}', '{"format": 1, "held": [{"page": "one"}]}'])
def test_a_list_that_cannot_be_read_is_told_with_its_mend(guide: GuideFolder, text: str) -> None:
    entry(guide).write_text(text, encoding="utf-8")
    checked = guide.galley("check")
    assert checked.returncode == 3
    assert "snippets/outputs/held.json: is no list of held pages" in checked.stdout
    assert "git checkout -- snippets/outputs/held.json" in checked.stdout


FAULTS: dict[str, tuple[dict[str, object], str]] = {
    "a day to come": ({"since": "2999-01-01"}, "its day, 2999-01-01, lies in the future"),
    "no day": ({"since": "yesterday"}, "its day, 'yesterday', is none"),
    "a day in another form": ({"since": "20261105"}, "its day, '20261105', is none"),
    "no reason": ({"reason": ""}, "Expected `str` of length >= 1 - at `$.held[0].reason`"),
    "an empty reason": ({"reason": " \u00a0\n"}, "it has no reason"),
    "an escape": ({"reason": "well\x1b[2J"}, "the character U+001B stands in it"),
    "a turn": ({"reason": "well\u202edias"}, "the character U+202E stands in it"),
    "a line": ({"reason": "well\u2028said"}, "the character U+2028 stands in it"),
    "a name with an escape": ({"page": "one\x1b"}, "entry 1, one\ufffd (laptop): the character U+001B"),
    "a version with an escape": ({"versions": {"click": "\x07"}}, "the character U+0007 stands in it"),
    "an endless reason": ({"reason": "a" * 1001}, "Expected `str` of length <= 1000"),
    "a field more": ({"until": "2027-01-01"}, "Object contains unknown field `until`"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_entry_that_cannot_be_believed_excuses_nothing(guide: GuideFolder, name: str) -> None:
    change, what = FAULTS[name]
    good = entry(guide).read_bytes()
    said = json.loads(good)
    said["held"][0].update(change)
    entry(guide).write_text(json.dumps(said), encoding="utf-8")
    for words in (["check"], ["run"], ["run", "one"], ["build"], ["review", "snippets/outputs"]):
        done = guide.galley(*words)
        assert done.returncode == 3, done.stdout
        assert done.stdout.startswith("snippets/outputs/held.json: is no list of held pages: "), done.stdout
        assert what in done.stdout
        assert "\x1b" not in done.stdout
    entry(guide).write_bytes(good)  # as the mend says
    assert guide.galley("check").returncode == 0


@pytest.mark.parametrize(("days", "future"), [(-1, False), (0, False), (1, False), (2, True)])
def test_a_day_is_taken_until_a_clock_can_be_ahead_of_it(days: int, future: bool) -> None:
    said = (datetime.now(UTC).date() + timedelta(days=days)).isoformat()
    assert date_fault(said) == (f"its date, {said}, lies in the future" if future else "")
    assert date_fault("") == "its date, '', is none"


TURNS = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("unseen", ["\x1b", "\x7f", "\u2028", "\u2029", *TURNS])
def test_what_nobody_sees_stands_in_no_text_of_the_list(unseen: str) -> None:
    said = {"page": "one", "profile": "laptop", "since": "2026-11-05", "reason": "it breaks", "versions": {"a": "1"}}
    spoilt: list[dict[str, object]] = [{name: f"a{unseen}b"} for name in ("page", "profile", "reason")]
    spoilt += [{"versions": {f"a{unseen}b": "1"}}, {"versions": {"a": f"1{unseen}b"}}]
    assert list(parsed(json.dumps({"format": 1, "held": [said]}).encode(), Path(HELD))) == [("one", "laptop")]
    for change in spoilt:
        with pytest.raises(GalleyError, match=f"the character U\\+{ord(unseen):04X} stands in it"):
            parsed(json.dumps({"format": 1, "held": [{**said, **change}]}).encode(), Path(HELD))
    assert seen(f"a{unseen}b") == ("a\ufffdb" if unseen.strip() else "a b")


def test_a_reason_may_be_as_long_as_the_list_takes_it_and_is_text() -> None:
    check_reason("one", "a" * LONGEST)
    with pytest.raises(UsageError, match=f"more than {LONGEST} characters"):
        check_reason("one", "a" * (LONGEST + 1))
    with pytest.raises(UsageError, match=r"the character U\+DC80 stands in it"):
        check_reason("one", "half a character: \udc80")
    assert seen("a" * (LONGEST + 1)) == "a" * LONGEST
    assert Held(page="one", profile="laptop", since="2026-11-05", reason="It breaks.").why == ": It breaks"


def test_a_list_of_another_place_names_the_mend_of_its_reader() -> None:
    with pytest.raises(GalleyError, match="is no list of held pages") as caught:
        parsed(b'{"format": 1, "more": ' + b"[" * 100_000, Path(HELD), "name another commit")
    assert caught.value.mend == "name another commit"


def test_a_page_is_held_under_each_profile_by_itself(folder: GuideFolder) -> None:
    store = store_of(folder.project)
    both = [replace(HOLD, page=page, profile=profile) for page in ("b", "a") for profile in ("laptop", "gpu")]
    hold(store, both)
    assert list(held_pages(store)) == [("a", "gpu"), ("a", "laptop"), ("b", "gpu"), ("b", "laptop")]
    written = entry(folder).stat()
    hold(store, both)
    assert entry(folder).stat().st_ino == written.st_ino, "what says the same is not written again"
    assert release(store, "a", "gpu")
    assert list(held_pages(store)) == [("a", "laptop"), ("b", "gpu"), ("b", "laptop")]


def test_holds_at_once_are_all_kept(folder: GuideFolder) -> None:
    store, pages = store_of(folder.project), [f"page-{number:02}" for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda page: hold(store, [replace(HOLD, page=page)]), pages))
    assert [each.page for each in held_pages(store).values()] == pages


def test_a_list_that_changed_within_a_tick_of_the_clock_is_read_again(guide: GuideFolder) -> None:
    store, before = store_of(guide.project), entry(guide).stat()
    assert list(held_pages(store)) == [HOLD.key]
    entry(guide).write_text('{"format": 1, "held": []}', encoding="utf-8")
    os.utime(entry(guide), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert held_pages(store) == {}


def test_the_list_is_asked_before_any_record(guide: GuideFolder) -> None:
    (guide.project.outputs / "one/laptop/record.json").write_text("{}", encoding="utf-8")
    before = guide.recorded()
    entry(guide).write_text("{}", encoding="utf-8")
    done = guide.galley("run", "one")
    assert (done.returncode, "held.json: is no list" in done.stdout) == (3, True)
    after = guide.recorded()
    assert {name: after[name] for name in before if "one" in name} == {
        name: before[name] for name in before if "one" in name
    }


def test_the_list_of_a_newer_galley_says_so(guide: GuideFolder) -> None:
    entry(guide).write_text('{"format": 2, "kept": []}', encoding="utf-8")
    done = guide.galley("check")
    assert done.returncode == 3
    said = (
        "held.json: a newer galley wrote it (format 2; this one reads formats up to 1)\n    upgrade galley: pip install"
    )
    assert said in done.stdout


@pytest.mark.parametrize(
    ("reason", "said"),
    [("a\x1b[2Jb", "the character U+001B stands in it"), ("a" * 1001, "it has more than 1000 characters")],
)
def test_no_page_is_held_for_a_reason_that_the_list_cannot_have(guide: GuideFolder, reason: str, said: str) -> None:
    before = entry(guide).read_bytes()
    done = guide.galley("review", "snippets/outputs", "--hold", "two", "--reason", reason)
    assert done.returncode == 2, done.stdout
    assert f"two cannot be held for this reason: {said}" in done.stdout
    assert entry(guide).read_bytes() == before


def test_a_reason_of_several_lines_becomes_one(guide: GuideFolder) -> None:
    hold(store_of(guide.project), [replace(HOLD, reason="one\n\ttwo ")])
    assert held_pages(store_of(guide.project))[HOLD.key].reason == "one two"


def test_a_list_that_would_fill_the_memory_is_not_read(guide: GuideFolder) -> None:
    os.truncate(entry(guide), 1 << 40)
    with pytest.raises(GalleyError, match=r"held\.json: is not read: it has more than 16 MiB") as caught:
        held_pages(store_of(guide.project))
    assert "git checkout -- snippets/outputs/held.json" in caught.value.mend


def test_a_page_that_is_named_twice_makes_no_list(guide: GuideFolder) -> None:
    said = json.loads(entry(guide).read_bytes())
    entry(guide).write_text(json.dumps({**said, "held": said["held"] * 2}), encoding="utf-8")
    with pytest.raises(GalleyError, match="names a page twice"):
        held_pages(store_of(guide.project))


@pytest.mark.parametrize("change", [{"page": "three"}, {"profile": "gpu"}])
def test_a_hold_of_what_is_not_there_is_found(guide: GuideFolder, change: dict[str, str]) -> None:
    hold(store_of(guide.project), [replace(HOLD, **change)])  # type: ignore[arg-type]
    checked = guide.galley("check")
    assert checked.returncode == 1
    assert "snippets/outputs/held.json: orphaned: " in checked.stdout
    assert "take its entry out of the file" in checked.stdout
    said = json.loads(entry(guide).read_bytes())
    entry(guide).write_text(
        json.dumps({**said, "held": [each for each in said["held"] if (each["page"], each["profile"]) == HOLD.key]})
    )
    assert guide.galley("check").returncode == 0
