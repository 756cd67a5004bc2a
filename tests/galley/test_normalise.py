"""The named rules between what a cell wrote and what is recorded."""

from __future__ import annotations

from pathlib import Path

import pytest

from galley.record.normalise import RULES, Where, mask_numbers, normalise


@pytest.fixture
def places(tmp_path: Path) -> Where:
    """Folders of a run, with one snippet file."""
    (tmp_path / "snippets").mkdir()
    (tmp_path / "snippets/a_page.py").touch()
    return Where(tmp_path / "scratch", tmp_path / "snippets", (tmp_path / "lib/site-packages", tmp_path / "lib"))


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        ("plain\ntext\n", "plain\ntext\n"),
        ("  1%\r 50%\r100%\ndone\n", "100%\ndone\n"),
        ("dos\r\nlines\r\n", "dos\nlines\n"),
        ("cleared\r", "cleared"),
        ("<A object at 0x7f12345678ab>", "<A object at 0x…>"),
        ("0xff and 0x12345", "0xff and 0x12345"),
        ("a_page.py:12: UserWarning: x", "a_page.py: UserWarning: x"),
        ("other.py:12: UserWarning: x", "other.py:12: UserWarning: x"),
        ('  File "a_page.py", line 7, in f', '  File "a_page.py", in f'),
        ('  File "other.py", line 7, in f', '  File "other.py", line 7, in f'),
        ("", ""),
    ],
)
def test_a_text_is_recorded_without_what_no_reader_shares(places: Where, written: str, recorded: str) -> None:
    assert normalise(written, places) == recorded


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        ("{scratch}/model/config.json", "model/config.json"),
        ("{scratch}", "."),
        ("['{snippets}', '{scratch}']", "['.', '.']"),
        ("{scratch}-2 {snippets}.old", "{scratch}-2 {snippets}.old"),
        ("{snippets}/a_page.py:3: W", "a_page.py: W"),
        ("{lib}/site-packages/torch/x.py:9: W", "torch/x.py:9: W"),
        ("{lib}/json/decoder.py", "json/decoder.py"),
    ],
)
def test_paths_of_the_machine_are_taken_out(places: Where, written: str, recorded: str) -> None:
    folders = {"scratch": places.scratch, "snippets": places.snippets, "lib": places.packages[1]}
    assert normalise(written.format(**folders), places) == recorded.format(**folders)


def test_a_folder_without_snippet_files_harms_nothing(tmp_path: Path) -> None:
    assert normalise("x.py:1:", Where(tmp_path / "a", tmp_path / "b", ())) == "x.py:1:"


def test_normalising_twice_changes_nothing_more(places: Where) -> None:
    text = f"a\rb\n{places.scratch}/x 0x7f0000000000\na_page.py:1: W\n"
    once = normalise(text, places)
    assert normalise(once, places) == once


def test_every_rule_has_a_name_and_a_reason() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert all(len(rule.reason) > 20 for rule in RULES)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("0.03 s, 1,024 MB", "# s, # MB"),
        ("1.5e-07 and 2", "# and #"),
        ("no numbers", "no numbers"),
        ("v1.2.3", "v#"),
        ("of 1:    98 tokens,  -7.0 ms", "of #: # tokens, -# ms"),
        ("12   s", "# s"),
        ("a  b   c", "a  b   c"),
    ],
)
def test_numbers_are_masked_whole(text: str, masked: str) -> None:
    assert mask_numbers(text) == masked
