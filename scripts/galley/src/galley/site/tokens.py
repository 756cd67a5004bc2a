"""A text token by token: each tinted by how sure the model was of it, with its id and the runners-up at hand.

Each token is a radio button's label: so the whole text is one stop of the Tab key, and the arrow keys go from
token to token, without a script. The plain table under it has the same data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from galley.site.text import escape

Token = Mapping[str, Any]
STEPS = (0.95, 0.8, 0.6, 0.4, 0.2)  # a probability below each of them is one tint stronger
SPACE = re.compile(r"[ \t]|\r\n|[\n\r]")
SIGNS = {" ": "·", "\t": "→", "\n": "⏎", "\r": "␍", "\r\n": "⏎"}


def read(data: bytes) -> list[Token]:
    """The tokens that were recorded."""
    tokens: list[Token] = json.loads(data)
    return tokens


def tokens_html(tokens: Sequence[Token], group: str) -> str:
    """The text, its legend and the table; `group` names the radio buttons and is the page's only one of that name."""
    text = "".join(_token(number, token, group) for number, token in enumerate(tokens))
    return (
        '<div class="galley-tokens" role="radiogroup" aria-label="The text, token by token" data-search-exclude>'
        f"{text}</div>{_legend(tokens)}{_table(tokens)}"
    )


def tint(probability: float | None) -> str:
    """The class that tints a token: `given`, or how many of STEPS its probability falls below."""
    return "given" if probability is None else str(sum(probability < step for step in STEPS))


def visible(text: str) -> str:
    """A token's text as HTML that shows its white space and is still copied as it is."""
    parts, end = [], 0
    for found in SPACE.finditer(text):
        sign = SIGNS[found[0]]
        parts += [escape(text[end : found.start()]), f'<i data-sign="{sign}">{_kept(found[0])}</i>']
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
    return "given" if token["probability"] is None else f"probability {token['probability']:.3f}"


def _card(token: Token) -> str:
    """What hovers under a token that is pointed at or has the focus."""
    others = "".join(
        f"<span><code>{visible(text) or '∅'}</code><b>{_bar(sure)}</b>{sure:.3f}</span>"
        for text, sure in token.get("others", ())
    )
    sure = token["probability"]
    chosen = "<em>given, not generated</em>" if sure is None else f"<b>{_bar(sure)}</b>{sure:.3f}"
    head = f"<span><code>{visible(token['token']) or '∅'}</code>{chosen}</span>"
    return f'<span class="galley-card" aria-hidden="true">{head}{others}<small>token {token["id"]}</small></span>'


def _bar(probability: float) -> str:
    return f'<s style="width:{probability:.1%}"></s>'


def _legend(tokens: Sequence[Token]) -> str:
    given = '<span class="galley-token galley-sure-given">given</span>'
    steps = "".join(f'<span class="galley-token galley-sure-{each}"> </span>' for each in range(len(STEPS) + 1))
    sure = f"generated: sure {steps} less sure" if any(each["probability"] is not None for each in tokens) else ""
    shown = [given] * any(each["probability"] is None for each in tokens) + [sure] * bool(sure)
    return f'<p class="galley-legend" aria-hidden="true" data-search-exclude>{" ".join(shown)}</p>'


def _table(tokens: Sequence[Token]) -> str:
    head = "".join(f"<th>{name}</th>" for name in ("", "token", "id", "probability", "runners-up"))
    rows = "".join(_row(number, token) for number, token in enumerate(tokens, start=1))
    return (
        f'<details class="galley-folded" data-search-exclude><summary>The tokens as a table</summary>'
        f'<div class="galley-trace" role="region" aria-label="The tokens" tabindex="0">'
        f'<table class="galley-table"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )


def _row(number: int, token: Token) -> str:
    sure = "given" if token["probability"] is None else f"{token['probability']:.3f}"
    others = ", ".join(f"<code>{escape(repr(text))}</code> {sure:.3f}" for text, sure in token.get("others", ()))
    cells = (f"<code>{escape(repr(token['token']))}</code>", token["id"], sure, others)
    return f'<tr><th scope="row">{number}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'
