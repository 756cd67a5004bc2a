"""The named rules between what a cell wrote and what is recorded."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import galley
from galley.record.normalise import RULES, Where, mask_numbers, normalise
from galley.source.values import NORMALISED


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
        ("abc\b\bX\n", "aXc\n"),
        ("50 %\b\b\b\b100 %", "100 %"),
        ("\b\ba\nb\b", "a\nb"),
        ("\x1b[31mab\b\x1b[32mc\x1b[0m", "\x1b[31ma\x1b[32mc\x1b[0m"),
        ("<A object at 0x7f12345678ab>", "<A object at 0x…>"),
        ("<bound method f of <b.A object at 0x7f12345678ab>>", "<bound method f of <b.A object at 0x…>>"),
        ("<function f.<locals>.<lambda> at 0x7F1234567>", "<function f.<locals>.<lambda> at 0x…>"),
        ("<cell at 0x7f123456: A object at 0x7f1234567>", "<cell at 0x…: A object at 0x…>"),
        ("<A -> b => c >= d at 0x7f1234567>", "<A -> b => c >= d at 0x…>"),
        ("a -> <A at 0x7f1234567> and <B at 0x7f1234567>", "a -> <A at 0x…> and <B at 0x…>"),
        ("TypeError: 'A' object at 0x7f1234567 is none", "TypeError: 'A' object at 0x… is none"),
        ("Thread 0x00007f12345678ab (most recent call first):", "Thread 0x… (most recent call first):"),
        ("Current thread 0x00007f12345678ab (most", "Current thread 0x… (most"),
        ("<Thread(Thread-1 (f), started 139876543210987)>", "<Thread(Thread-1 (f), started …)>"),
        ("<Thread(a, started daemon 139876543210987)>", "<Thread(a, started daemon …)>"),
        ("0xff and 0x12345", "0xff and 0x12345"),
        ("0xdeadbeef", "0xdeadbeef"),
        ("'0x00ff00ff'", "'0x00ff00ff'"),
        ("the register at 0x40021000", "the register at 0x40021000"),
        ("a > b at 0x40021000", "a > b at 0x40021000"),
        ("<Colour 0x00ff00ff>", "<Colour 0x00ff00ff>"),
        ("<A>\n0x7f12345678 at 0x7f12345678", "<A>\n0x7f12345678 at 0x7f12345678"),
        ("it started 139876543210987", "it started 139876543210987"),
        ("a_page.py:12: UserWarning: x", "a_page.py: UserWarning: x"),
        ("other.py:12: UserWarning: x", "other.py:12: UserWarning: x"),
        ('  File "a_page.py", line 7, in f', '  File "a_page.py", in f'),
        ('  File "other.py", line 7, in f', '  File "other.py", line 7, in f'),
        ("<td>&lt;function f at 0x7f12345678ab&gt;</td>", "<td>&lt;function f at 0x…&gt;</td>"),
        ("<td>a -&gt; b at 0x7f12345678ab</td>", "<td>a -&gt; b at 0x7f12345678ab</td>"),
        ("<td>&lt;A -&gt; b &gt;= c at 0x7f12345678ab&gt;</td>", "<td>&lt;A -&gt; b &gt;= c at 0x…&gt;</td>"),
        (
            f'#T_5be21_row0 {{}} <table id="T_5be21"><td id="T_5be21_row0"> T_00000 <b id="x{"0f" * 16}">{"0f" * 16}',
            '#T_id-1_row0 {} <table id="T_id-1"><td id="T_id-1_row0"> T_00000 <b id="xid-2">id-2',
        ),
        (
            '<a href="#x-123e4567-e89b-12d3-a456-426614174000" id="x-123e4567-e89b-12d3-a456-426614174000">',
            '<a href="#x-id-1" id="x-id-1">',
        ),
        (f'{"0f" * 16} <b id="a-1">', f'{"0f" * 16} <b id="a-1">'),
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
    text = f"a\rb\n{places.scratch}/x <A at 0x7f0000000000>\na_page.py:1: W\n"
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


MACHINE = {
    "/home/alice/guide": ".",
    "/home/alice/guide/.venv": "<env>",
    "/home/alice/guide/.venv/bin/python": "<env>/bin/python",
    "/home/alice": "~",
    "/home/alice/gr%C3%B6%C3%9Fe": "~/other",
}


@pytest.fixture
def machine(places: Where) -> Where:
    """The same with the other folders of a machine, and with names."""
    folders = tuple(sorted(MACHINE.items(), key=lambda each: -len(each[0])))
    names = (("alice", "<user>"), ("node-7", "<host>"), ("max", "<user>"))
    return replace(places, folders=folders, names=names, galley=GALLEY)


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        ("/home/alice/guide/docs/x.md", "./docs/x.md"),
        ("PosixPath('/home/alice/guide')", "PosixPath('.')"),
        ("/home/alice/guide/.venv/bin/python -c", "<env>/bin/python -c"),
        ("/home/alice/guide/.venv/share", "<env>/share"),
        ("-I/home/alice/include file:///home/alice/x", "-I~/include file://~/x"),
        ("/home/alice/gr%C3%B6%C3%9Fe/a", "~/other/a"),
        ("/home/alice2/x /mnt/home/alice/x", "/home/alice2/x /mnt/home/alice/x"),
        ("/tmp/galley-ab12cd_9/.config, /tmp/galley-page-ab12cd_9", "~/.config, ~"),
        ("/tmp/galley-guide /tmp/galley-ab12cd_99", "/tmp/galley-guide /tmp/galley-ab12cd_99"),
        ("alice", "<user>"),
        ("a\nalice\nb", "a\n<user>\nb"),
        ("posix.uname_result(nodename='node-7', user='alice')", "posix.uname_result(nodename='<host>', user='<user>')"),
        ("alice@node-7:~ on node-7.", "<user>@<host>:~ on <host>."),
        ("alice's letter, max(1, 2), node-70, my-node-7", "alice's letter, max(1, 2), node-70, my-node-7"),
    ],
)
def test_folders_and_names_of_the_machine_are_taken_out(machine: Where, written: str, recorded: str) -> None:
    assert normalise(written, machine) == recorded


GALLEY = Path(galley.__file__).parent
EXECUTE = GALLEY / "run/execute.py"
CALLED, CALL = next(
    (number, line.strip())
    for number, line in enumerate(EXECUTE.read_text(encoding="utf-8").splitlines(), 1)
    if "eval(code" in line
)
STACK = """\
before
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "<frozen runpy>", line 88, in _run_code
  File "{galley}/run/server.py", line 201, in <module>
    main(start)
    ^^^^^^^^^^^
  File "{galley}/run/execute.py", line 1, in _execute
    exec(code, self.namespace)
  File "other.py", line 5, in <module>
    f()
after
"""
FAULT = """\
Current thread 0x00007f12345678ab (most recent call first):
  File "other.py", line 2 in f
  File "{galley}/run/execute.py", line 1 in _execute
  File "<frozen runpy>", line 88 in _run_code
"""
WARNED = """\
{galley}/run/execute.py:{line}: UserWarning: one
two
  {call}
  {call}
other.py:3: UserWarning: x
"""


@pytest.mark.parametrize(
    ("written", "recorded"),
    [
        (STACK, 'before\n  File "other.py", line 5, in <module>\n    f()\nafter\n'),
        (FAULT, 'Current thread 0x… (most recent call first):\n  File "other.py", line 2 in f\n'),
        (WARNED, f"sys:1: UserWarning: one\ntwo\n  {CALL}\nother.py:3: UserWarning: x\n"),
        ('  File "<frozen runpy>", line 88, in _run_code\n', '  File "<frozen runpy>", line 88, in _run_code\n'),
    ],
)
def test_galleys_own_frames_are_taken_out(machine: Where, written: str, recorded: str) -> None:
    text = written.replace("{galley}", str(GALLEY)).replace("{line}", str(CALLED)).replace("{call}", CALL)
    assert normalise(text, machine) == recorded


def test_every_rule_can_be_left_out(machine: Where) -> None:
    text = f'a\r/home/alice <A at 0x7f12345678> a_page.py:1: W\nalice\n{GALLEY}/x.py:1: W\n<b id="T_12345">'
    assert normalise(text, machine, NORMALISED) == text
    for rule in RULES:
        assert normalise(text, machine, [each for each in NORMALISED if each != rule.name]) != text, rule.name


def test_the_rules_are_those_that_a_cell_can_switch_off() -> None:
    assert sorted(rule.name for rule in RULES) == sorted(NORMALISED)
