"""How a changed output is described."""

from __future__ import annotations

import pytest

from galley.record.compare import Change, classify


@pytest.mark.parametrize(
    ("old", "new", "change", "what"),
    [
        ("a\n", "a\n", Change.SAME, "same"),
        (None, None, Change.SAME, "same"),
        (None, "a", Change.STRUCTURE, "is new"),
        ("a", None, Change.STRUCTURE, "is gone"),
        ("", None, Change.STRUCTURE, "is gone"),
        ("a b\n", "a  b", Change.WHITESPACE, "differs in whitespace only"),
        ("loss 1.00001", "loss 1.00002", Change.NUMBERS, "differs in numbers, by less than 0.0001 of their size"),
        ("loss 1.0", "loss 1.1", Change.TEXT, "differs from line 1 on: 'loss 1.0' became 'loss 1.1'"),
        ("a\nb\nc", "a\nx\nc", Change.TEXT, "differs from line 2 on: 'b' became 'x'"),
        ("a\nb", "a\nb\nc", Change.TEXT, "has 3 lines, had 2"),
        ("x 0", "x 1", Change.TEXT, "differs from line 1 on: 'x 0' became 'x 1'"),
        ("1.0 a", "1.0 b", Change.TEXT, "differs from line 1 on: '1.0 a' became '1.0 b'"),
        ("-1.0", "1.0", Change.TEXT, "differs from line 1 on: '-1.0' became '1.0'"),
        ("1e10", "1e-10", Change.TEXT, "differs from line 1 on: '1e10' became '1e-10'"),
    ],
)
def test_a_change_is_classed_and_described(old: str | None, new: str | None, change: Change, what: str) -> None:
    assert classify(old, new) == (change, what)


def test_a_long_line_is_described_from_where_it_differs() -> None:
    _, what = classify("same " * 30 + "old", "same " * 30 + "new")
    assert what.endswith("same same old' became …'same same same same new'")


def test_a_long_line_is_described_in_part() -> None:
    _, what = classify("a" * 1000, "b" * 1000)
    assert len(what) < 200
