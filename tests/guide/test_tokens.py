"""Cells whose value is a text token by token."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from builders import BUILDERS, article, plain, text_of
from galley import Change, Compared, Difference, Form
from guide_folder import SETTINGS, GuideFolder
from plugin.tokens import NotTokensError, Tokens, read, tint, tokens_html, visible, written

PLUGIN = Path(__file__).parents[2] / "snippets" / "plugin"
GIVEN = {"id": 1, "token": "def", "probability": None}
MADE = {"id": 2, "token": " <b>\n", "probability": 0.12345, "others": [("\t", 0.5), ("&", 1 / 3)]}


class Whole:
    """An integer as tensors are."""

    def __index__(self) -> int:
        return 7


def test_tokens_are_written_one_a_line_and_rounded() -> None:
    text = written([GIVEN, MADE, {**GIVEN, "id": Whole(), "probability": 1.0000001}], 65536).data.decode()
    assert len(text.splitlines()) == 5
    assert json.loads(text) == [
        GIVEN,
        {"id": 2, "token": " <b>\n", "probability": 0.123, "others": [["\t", 0.5], ["&", 0.333]]},
        {"id": 7, "token": "def", "probability": 1.0},
    ]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "the cell's last expression is nothing"),
        ([], "of type list, and empty"),
        ("def", "of type str"),
        ([3], "token 0 is of type int"),
        ([{"id": 1, "token": "a"}], "has no 'probability'"),
        ([{**GIVEN, "logit": 1}], "unknown key 'logit'"),
        ([{**GIVEN, "id": "1"}], "its id is of type str"),
        ([{**GIVEN, "id": True}], "its id is of type bool"),
        ([{**GIVEN, "token": 3}], "its text is of type int"),
        ([GIVEN, {**GIVEN, "probability": 1.5}], "token 1: its probability is 1.5"),
        ([{**GIVEN, "probability": float("nan")}], "its probability is nan"),
        ([{**GIVEN, "probability": "high"}], "its probability is of type str"),
        ([{**MADE, "others": [("a", 2.0)]}], "its probability is 2.0"),
        ([{**MADE, "others": ["ab"]}], "its runner-up is of type str"),
    ],
)
def test_anything_else_is_said_to_be_wrong(value: Any, what: str) -> None:
    with pytest.raises(NotTokensError, match=re.escape(what)):
        written(value, 65536)


def test_what_does_not_fit_is_left_out() -> None:
    some = written([GIVEN] * 1000, 4096)
    kept = json.loads(some.data)
    assert len(some.data) <= 4096
    assert 0 < len(kept) < 1000
    assert some.cut > 0


def differing(was: list[dict[str, Any]], now: list[dict[str, Any]]) -> Difference:
    """What the kind says of two lists of tokens."""
    kind, forms = Tokens(), [written(each, 65536) for each in (was, now)]
    before, after = (Compared(form, kind.compared(form)) for form in forms)
    return kind.difference(before, after, 1e-4)


def test_two_texts_are_told_from_the_token_on_at_which_they_part() -> None:
    other = {"id": 9, "token": "class", "probability": 0.25}
    found = differing([GIVEN, MADE, GIVEN], [GIVEN, other])
    assert found.change is Change.TEXT
    assert found.what == "departs at token 2: ' <b>\\n' (probability 0.123) became 'class' (probability 0.250)"
    assert found.rows == (("was", " <b>\ndef", "probability 0.123"), ("now", "class", "probability 0.250"))
    assert differing([GIVEN], [GIVEN, other]).what == "departs at token 2: its end became 'class' (probability 0.250)"


@pytest.mark.parametrize("forged", [b"", b"[1]", b"{}", b"\xff", b'[{"id": 1}]'])
def test_what_is_no_list_of_tokens_is_compared_as_text(forged: bytes) -> None:
    kind, forms = Tokens(), [Form("application/json", "json", forged), written([GIVEN], 65536)]
    before, after = (Compared(form, kind.compared(form)) for form in forms)
    assert kind.difference(before, after, 1e-4).change is Change.TEXT
    assert kind.difference(after, before, 1e-4).change is Change.TEXT


def test_the_same_tokens_may_have_other_probabilities() -> None:
    assert differing([GIVEN, MADE], [GIVEN, {**MADE, "probability": 0.5}]).change is Change.NUMBERS


@pytest.fixture
def with_tokens(folder: GuideFolder) -> GuideFolder:
    """A guide that has the kind of this one."""
    shutil.copytree(PLUGIN, folder.root / "snippets" / "plugin", ignore=shutil.ignore_patterns("__pycache__"))
    folder.write("pyproject.toml", SETTINGS.replace("timeout", 'plugins = ["plugin.tokens:Tokens"]\ntimeout'))
    return folder


@pytest.mark.parametrize("forged", [{"id": "<img src=x>"}, {"probability": "<b>"}, {"token": 3}, {"extra": 1}])
def test_a_forged_record_is_told_and_not_shown(forged: dict[str, Any]) -> None:
    with pytest.raises(NotTokensError):
        read(json.dumps([{**GIVEN, **forged}]).encode())


def test_the_failure_names_the_line(with_tokens: GuideFolder) -> None:
    with_tokens.snippet("one", "# %% first [tokens]\nx = 1\nx\n")
    said = with_tokens.run().failures["one"]
    assert "snippets/one.py:3" in said
    assert "NotTokensError: the cell is tagged tokens" in said


def test_a_token_keeps_its_text_and_shows_its_space() -> None:
    html = visible(" a\r\n\t<i>\x07")
    assert re.sub(r"<[^>]*>", "", html) == " a\n\t&lt;i&gt;�"
    assert [found[1] for found in re.finditer(r'data-sign="(.)"', html)] == ["·", "⏎", "→"]


def test_a_tint_says_how_unsure() -> None:
    assert [tint(each) for each in (None, 1.0, 0.95, 0.94, 0.5, 0.0)] == ["given", "0", "0", "1", "3", "5"]


def test_a_text_without_generated_tokens_has_no_scale() -> None:
    assert "less sure" not in tokens_html([GIVEN], "g")
    assert "less sure" in tokens_html([GIVEN, {**MADE, "others": []}], "g")


@pytest.mark.parametrize("builder", BUILDERS)
def test_tokens_on_the_page(with_tokens: GuideFolder, builder: str) -> None:
    plain(with_tokens)
    with_tokens.snippet("one", f"# %% first [tokens]\n[{GIVEN}, {MADE}, {{**{GIVEN}, 'token': '</span><script>'}}]\n")
    assert not with_tokens.run().failures
    BUILDERS[builder](with_tokens)
    html = article(with_tokens.root / "site", "one")
    assert "<script>" not in html
    assert html.count('<input type="radio"') == 3
    assert html.count("galley-card") == 3
    assert "probability 0.123" in html
    assert "'&amp;'" in html or "&#x27;&amp;&#x27;" in html
    assert "1 'def' 1 given" in re.sub(r"\s+", " ", text_of(html.replace("</td>", " </td>").replace("</th>", " </th>")))
