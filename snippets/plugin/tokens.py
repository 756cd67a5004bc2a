"""A kind of output of this guide's own: a text token by token, with the probability of each and the runners-up.

In a page's child the value of a cell tagged `tokens` is checked. In the builder the text is shown: each token is tinted
by its probability, and its id and the runners-up appear when a reader points at it. Each token is the label of a radio
button, so that without a script the whole text is one stop of the Tab key and the arrow keys go from token to token.
The plain table below the text has the same data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from operator import index
from pathlib import Path
from typing import Any

from galley import Asked, At, Change, Compared, Difference, Form, Kind, Shown
from galley.kinds.kind import fitting
from galley.kinds.markup import cut_note, escape

KEYS = {"id", "token", "probability", "others"}
FORM = '[{"id": 7, "token": "text", "probability": 0.5, "others": [("other text", 0.25)]}, …]'
AHEAD = 20  # tokens that are told from where two texts part
MORE = 1e-6  # by how much rounding may carry a probability over 1
Token = Mapping[str, Any]
STEPS = (
    0.95,
    0.8,
    0.6,
    0.4,
    0.2,
)  # a token's tint is one step stronger for each number that its probability is below
SPACE = re.compile(r"[ \t]|\r\n|[\n\r]")
SIGNS = {" ": "·", "\t": "→", "\n": "⏎", "\r": "␍", "\r\n": "⏎"}


class NotTokensError(Exception):
    """The value of a cell tagged `tokens` is no list of tokens."""


class Tokens(Kind):
    """The tokens of a cell tagged `tokens`, whose last expression gives them."""

    name = tag = "tokens"
    css = Path(__file__).with_suffix(".css").read_text(encoding="utf-8")

    def of_value(self, value: object, asked: Asked) -> tuple[Form, ...] | None:
        """The tokens as a JSON text."""
        return (written(value, asked.limit),)

    def html(self, shown: Shown, at: At) -> str:
        """The text, its legend and the table."""
        form = shown.forms[0]
        return tokens_html(read(form.data), at.ids) + cut_note(form.cut, "recorded")

    def difference(self, was: Compared, now: Compared, tolerance: float) -> Difference:
        """The token from which on two texts are others, with how each goes on, and how sure each was of its own."""
        try:
            before, after = read(was.form.data), read(now.form.data)
            at = parting(before, after)
        except (NotTokensError, ValueError):
            at = None  # of a record that somebody wrote by hand
        if at is None:
            return super().difference(was, now, tolerance)
        sides = [
            (
                name,
                "".join(each["token"] for each in tokens[at : at + AHEAD]),
                _sure(tokens[at]) if at < len(tokens) else "",
            )
            for name, tokens in (("was", before), ("now", after))
        ]
        first = [
            f"{tokens[at]['token']!r} ({_sure(tokens[at])})"
            if at < len(tokens)
            else "its end"
            for tokens in (before, after)
        ]
        return Difference(
            Change.TEXT,
            f"departs at token {at + 1}: {first[0]} became {first[1]}",
            ("", f"from token {at + 1} on", "the first one"),
            tuple(sides),
        )


def parting(before: Sequence[Token], after: Sequence[Token]) -> int | None:
    """Where two texts part, as the number of their first token that differs, from 0; None where none does."""
    for at, (was, now) in enumerate(zip(before, after, strict=False)):
        if was["id"] != now["id"]:
            return at
    return None if len(before) == len(after) else min(len(before), len(after))


def written(value: object, limit: int) -> Form:
    """The tokens as a JSON text, one on each line; the last ones are left out where `limit` bytes are not enough.

    `value` is a list of mappings with `id` (an integer), `token` (text), `probability` (from 0 to 1, or None
    for a token that was given) and, if there are any, `others` (pairs of text and probability). Raises
    NotTokensError on anything else.
    """
    if not isinstance(value, list | tuple) or not value:
        raise _wrong(f"the cell's last expression is {_kind(value)}")
    lines = [
        json.dumps(_checked(number, each), ensure_ascii=False)
        for number, each in enumerate(value)
    ]
    sizes = [len(line.encode("utf-8", "backslashreplace")) + 2 for line in lines]
    kept = fitting(sizes, limit - 4)
    text = "[\n" + ",\n".join(lines[:kept]) + "\n]\n"
    return Form(
        "application/json",
        "json",
        text.encode("utf-8", "backslashreplace"),
        sum(sizes[kept:]),
    )


def _checked(number: int, given: object) -> dict[str, Any]:
    where = f"token {number}"
    if not isinstance(given, Mapping):
        raise _wrong(f"{where} is {_kind(given)}")
    if unknown := given.keys() - KEYS:
        raise _wrong(f"{where} has the unknown key {min(map(repr, unknown))}")
    if missing := KEYS - {"others"} - given.keys():
        raise _wrong(f"{where} has no '{min(missing)}'")
    if not isinstance(given["token"], str):
        raise _wrong(f"{where}: its text is {_kind(given['token'])}")
    written: dict[str, Any] = {"id": _id(where, given["id"]), "token": given["token"]}
    sure = given["probability"]
    written["probability"] = None if sure is None else _probability(where, sure)
    if others := given.get("others"):
        written["others"] = [_checked_other(where, other) for other in others]
    return written


def _id(where: str, given: Any) -> int:
    try:
        if isinstance(given, bool):
            raise TypeError
        return int(index(given))
    except TypeError as error:
        raise _wrong(f"{where}: its id is {_kind(given)}") from error


def _probability(where: str, given: Any) -> float:
    try:
        number = float(given)
    except (TypeError, ValueError) as error:
        raise _wrong(f"{where}: its probability is {_kind(given)}") from error
    if not 0 <= number <= 1 + MORE:
        raise _wrong(f"{where}: its probability is {number}")
    return round(min(number, 1.0), 3)


def _checked_other(where: str, given: Any) -> list[Any]:
    if (
        not isinstance(given, list | tuple)
        or len(given) != 2
        or not isinstance(given[0], str)
    ):
        raise _wrong(f"{where}: its runner-up is {_kind(given)}")
    return [given[0], _probability(where, given[1])]


def _kind(value: object) -> str:
    return (
        "nothing"
        if value is None
        else f"of type {type(value).__name__}" + ("" if value else ", and empty")
    )


def _wrong(what: str) -> NotTokensError:
    return NotTokensError(
        f"the cell is tagged tokens, and {what}; it must end in an expression like {FORM}"
    )


def read(data: bytes) -> list[Token]:
    """The tokens that were recorded; raises NotTokensError where a record holds anything else."""
    recorded = json.loads(data)
    return [
        _checked(number, each)
        for number, each in enumerate(
            recorded if isinstance(recorded, list) else [None]
        )
    ]


def tokens_html(tokens: Sequence[Token], group: str) -> str:
    """The text, its legend and the table; `group` is the name of the radio buttons, different for each text of a page."""
    text = "".join(_token(number, token, group) for number, token in enumerate(tokens))
    return (
        '<div class="galley-tokens" role="radiogroup" aria-label="The text, token by token" data-search-exclude>'
        f"{text}</div>{_legend(tokens)}{_table(tokens)}"
    )


def tint(probability: float | None) -> str:
    """The class that tints a token: `given`, or how many of STEPS its probability falls below."""
    return (
        "given"
        if probability is None
        else str(sum(probability < step for step in STEPS))
    )


def visible(text: str) -> str:
    """A token's text as HTML that shows its white space and is still copied as it is."""
    parts, end = [], 0
    for found in SPACE.finditer(text):
        sign = SIGNS[found[0]]
        parts += [
            escape(text[end : found.start()]),
            f'<i data-sign="{sign}">{_kept(found[0])}</i>',
        ]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _kept(space: str) -> str:
    return "\n" if "\n" in space or "\r" in space else space


def _token(number: int, token: Token, group: str) -> str:
    first = " checked" if number == 0 else ""
    said = escape(f"{token['token']!r}, {_sure(token)}")
    button = f'<input type="radio" name="{group}"{first} aria-label="{said}">'
    shown = visible(token["token"]) or '<i data-sign="∅"></i>'
    return f'<label class="galley-token galley-sure-{tint(token["probability"])}">{button}{shown}{_card(token)}</label>'


def _sure(token: Token) -> str:
    return (
        "given"
        if token["probability"] is None
        else f"probability {token['probability']:.3f}"
    )


def _card(token: Token) -> str:
    """The card below a token, which is shown while a reader points at the token or the token has the focus."""
    others = "".join(
        f"<span><code>{visible(text) or '∅'}</code><b>{_bar(sure)}</b>{sure:.3f}</span>"
        for text, sure in token.get("others", ())
    )
    sure = token["probability"]
    chosen = (
        "<em>given, not generated</em>"
        if sure is None
        else f"<b>{_bar(sure)}</b>{sure:.3f}"
    )
    head = f"<span><code>{visible(token['token']) or '∅'}</code>{chosen}</span>"
    return f'<span class="galley-card" aria-hidden="true">{head}{others}<small>token {token["id"]}</small></span>'


def _bar(probability: float) -> str:
    return f'<s style="width:{probability:.1%}"></s>'


def _legend(tokens: Sequence[Token]) -> str:
    given = '<span class="galley-token galley-sure-given">given</span>'
    steps = "".join(
        f'<span class="galley-token galley-sure-{each}"> </span>'
        for each in range(len(STEPS) + 1)
    )
    sure = (
        f"generated: sure {steps} less sure"
        if any(each["probability"] is not None for each in tokens)
        else ""
    )
    shown = [given] * any(each["probability"] is None for each in tokens) + [
        sure
    ] * bool(sure)
    return f'<p class="galley-legend" aria-hidden="true" data-search-exclude>{" ".join(shown)}</p>'


def _table(tokens: Sequence[Token]) -> str:
    head = "".join(
        f"<th>{name}</th>" for name in ("", "token", "id", "probability", "runners-up")
    )
    rows = "".join(_row(number, token) for number, token in enumerate(tokens, start=1))
    return (
        f'<details class="galley-folded" data-search-exclude><summary>The tokens as a table</summary>'
        f'<div class="galley-trace" role="region" aria-label="The tokens" tabindex="0">'
        f'<table class="galley-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _row(number: int, token: Token) -> str:
    sure = "given" if token["probability"] is None else f"{token['probability']:.3f}"
    others = ", ".join(
        f"<code>{escape(repr(text))}</code> {sure:.3f}"
        for text, sure in token.get("others", ())
    )
    cells = (f"<code>{escape(repr(token['token']))}</code>", token["id"], sure, others)
    return f'<tr><th scope="row">{number}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
