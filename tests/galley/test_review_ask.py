"""`galley review` at a terminal: what each key does, and that a true terminal is asked."""

from __future__ import annotations

import os
import select
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from galley.record.status import State
from galley.review.ask import KEYS, TrueTerminal, ask
from galley.review.base import base_of
from galley.review.decide import Desk
from galley.review.found import review
from guide_folder import GuideFolder, command, quiet_environment
from test_review import EVERY, first, git_status, rerecord  # noqa: F401  a fixture among them


class Keys:
    """A terminal at which these keys are pressed; a text longer than one character is typed as a line."""

    def __init__(self, *pressed: str) -> None:
        self.left, self.said = list(pressed), list[str]()

    def say(self, text: str) -> None:
        """Keep what is shown."""
        self.said.append(text)

    def key(self) -> str:
        """The next key; without any, the user quits."""
        return self.left.pop(0) if self.left else "q"

    def line(self, question: str) -> str:
        """The next line."""
        self.said.append(question)
        return self.left.pop(0)


@pytest.fixture
def changed(guide: GuideFolder) -> GuideFolder:
    """Changes in six cells of one page, of which five wait, and in one of another."""
    rerecord(guide, "one", **EVERY)
    rerecord(guide, "two", one="three\n")
    return guide


def sat(folder: GuideFolder, *pressed: str) -> tuple[Desk, str]:
    """Press these keys; the desk afterwards, and all that was said."""
    base = base_of(folder.project, "HEAD")
    desk = Desk(folder.project, base, review(folder.guide, base))
    desk.resume()
    terminal = Keys(*pressed)
    ask(desk, terminal)
    assert not terminal.left, terminal.said
    return desk, "\n".join(terminal.said)


def waiting(desk: Desk) -> list[str]:
    """The keys of the items that wait."""
    return [item.key for _, item in desk.undecided]


def test_the_gravest_is_asked_first_and_each_in_its_turn(changed: GuideFolder) -> None:
    desk, said = sat(changed, "a", "s", "a")
    assert said.index("one/raised: error") < said.index("one/text: text") < said.index("two/one: text")
    assert sorted(waiting(desk)) == ["one/loss", "one/table", "one/text", "one/warns"]
    assert "[6 to decide]" in said
    assert "A accept all 5 of the page" in said
    desk, _ = sat(changed)
    assert sorted(waiting(desk)) == ["one/loss", "one/table", "one/text", "one/warns"], "it is resumed where it ended"


def test_capitals_are_of_the_whole_page(changed: GuideFolder) -> None:
    desk, _ = sat(changed, "A", "a")
    assert waiting(desk) == []
    assert changed.output("one", "text.stdout.txt") == EVERY["text"]
    desk, said = sat(changed)
    assert "to decide" not in said


def test_skipping_leaves_a_page_for_later(changed: GuideFolder) -> None:
    desk, _ = sat(changed, "S", "a")
    assert len(waiting(desk)) == 5
    assert all(key.startswith("one/") for key in waiting(desk))


@pytest.mark.parametrize("key", ["r", "R"])
def test_rejecting_puts_the_whole_record_back_at_once(changed: GuideFolder, key: str) -> None:
    desk, said = sat(changed, key, "s")
    assert waiting(desk) == ["two/one"]
    assert "one: the whole record is that of HEAD (" in said
    assert [line.rpartition("/")[2] for line in git_status(changed).splitlines()] == ["one.stdout.txt", "record.json"]


@pytest.mark.parametrize("key", ["h", "H"])
def test_holding_asks_why(changed: GuideFolder, key: str) -> None:
    desk, said = sat(changed, key, "see issue 7", "s")
    assert waiting(desk) == ["two/one"]
    assert "why is it held?" in said
    assert changed.status("one").state is State.HELD
    assert "ends the hold: galley run --held one" in said


def test_without_a_reason_nothing_is_held(changed: GuideFolder) -> None:
    desk, _ = sat(changed, "h", "", "q")
    assert len(waiting(desk)) == 6
    assert changed.status("one").state is State.FRESH


def test_any_other_key_explains_the_keys(changed: GuideFolder) -> None:
    _, said = sat(changed, "?", "x", "q")
    assert all(f"    {key}  {means}" in said for key, (_, means) in KEYS.items())


def test_what_cannot_be_done_is_told_and_the_next_is_asked(
    changed: GuideFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "1")
    desk, said = sat(changed, "r", "S", "r")
    assert "CI writes no records" in said
    assert len(waiting(desk)) == 6


def talk(folder: GuideFolder, *pressed: str) -> tuple[int, str]:
    """Run `galley review` at a terminal of its own and press keys, each when the command reads one."""
    pid, terminal = os.forkpty()
    if pid == 0:
        os.chdir(folder.root)
        os.execvpe(command("galley"), ["galley", "review"], quiet_environment(TERM="xterm"))
    said, left, end = "", list(pressed), time.monotonic() + 60
    try:
        while time.monotonic() < end:
            asked = said.rpartition("\x00")[2]
            by_key = "? help" in asked and not termios.tcgetattr(terminal)[3] & termios.ICANON
            if left and (by_key or "why is it held?" in asked):
                os.write(terminal, left.pop(0).encode())
                said += "\x00"  # what stands before it was answered
            if not select.select([terminal], [], [], 0.05)[0]:
                continue
            try:
                data = os.read(terminal, 4096)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            said += data.decode()
    finally:
        os.close(terminal)
    assert not left, said
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), said


def test_a_true_terminal_is_asked_key_by_key(changed: GuideFolder, true_processes: None) -> None:
    code, said = talk(changed, "A", "h", "wait for it\n")
    assert code == 0, said
    assert "[6 to decide]" in said
    assert changed.status("two").state is State.HELD
    assert changed.output("one", "text.stdout.txt") == EVERY["text"]
    rerecord(changed, "one", text="again\n")
    code, said = talk(changed, "q")
    assert code == 8
    assert "1 change waits for a decision" in said


def test_the_end_of_the_input_quits(monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(*_: object, **__: object) -> Iterator[str]:
        raise EOFError

    monkeypatch.setattr("click.getchar", ended)
    assert TrueTerminal(print).key() == "q"


def test_a_record_that_would_speak_to_the_terminal_does_not(changed: GuideFolder, tmp_path: Path) -> None:
    rerecord(changed, "two", one="\x1b]0;title\x07\x1b[2Jthree\x9b31m\n")
    done = changed.galley("review")
    assert "\x1b" not in done.stdout
    assert "\x9b" not in done.stdout
