"""What readers ask is answered where `questions.toml` says, by cells that stand under the heading that it names."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import markdown
import pytest
import yaml

from galley.config import find_project
from galley.source.guide import read_guide

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("questions.toml")
ASKED: dict[str, dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))
ANSWERED = {number: each for number, each in ASKED.items() if "page" in each}
GUIDE = read_guide(find_project(ROOT))
HEADING = re.compile(r"^#{1,6} ", re.MULTILINE)
FENCE = re.compile(r'^```python exec="on" cell="([^"]+)".*\n```$', re.MULTILINE)


@cache
def sections(page: str) -> dict[str, list[str]]:
    """The anchors of a page, and the cells below each as far as the next heading of its level or above."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    md = markdown.Markdown(extensions=["attr_list", "fenced_code", "md_in_html", "meta", "toc"])
    md.convert(FENCE.sub("", text))
    flat: list[dict[str, Any]] = []
    waiting = list(md.toc_tokens)
    while waiting:
        token = waiting.pop(0)
        flat.append(token)
        waiting = token["children"] + waiting
    starts = [found.start() for found in HEADING.finditer(text)]
    assert len(starts) == len(flat), f"{page}: a heading that is none, or the other way round"
    found: dict[str, list[str]] = {}
    for at, token in enumerate(flat):
        later = [starts[n] for n in range(at + 1, len(flat)) if flat[n]["level"] <= token["level"]]
        found[token["id"]] = FENCE.findall(text[starts[at] : later[0] if later else len(text)])
    return found


def test_each_question_has_its_number_once():
    assert list(ASKED) == [str(number) for number in range(1, len(ASKED) + 1)]
    assert len({each["asked"] for each in ASKED.values()}) == len(ASKED) >= 34


@pytest.mark.parametrize("number", ASKED)
def test_a_question_is_answered_or_says_what_is_missing(number: str):
    question = ASKED[number]
    assert question["asked"]
    assert question["sources"]
    rest = question.keys() - {"asked", "sources"}
    assert rest in ({"open"}, {"page", "heading", "proof"})
    assert all(question[name] for name in rest)


@pytest.mark.parametrize("number", ANSWERED)
def test_the_answer_stands_where_the_table_says(number: str):
    answer = ANSWERED[number]
    found = sections(answer["page"])
    assert answer["heading"] in found, f"{answer['page']} has {', '.join(found)}"
    below = found[answer["heading"]]
    assert set(answer["proof"]) <= set(below), f"under {answer['heading']} stand {', '.join(below)}"


@pytest.mark.parametrize("number", ANSWERED)
def test_what_proves_an_answer_can_prove(number: str):
    """A claim, an error, an assertion, or an output that was recorded."""
    for name in ANSWERED[number]["proof"]:
        file, _, cell_name = name.partition("/")
        snippets = GUIDE.snippets[file]
        cell = snippets.cell(cell_name)
        assert cell is not None, name
        shown = list((ROOT / "snippets/outputs" / snippets.page / "laptop").glob(f"{cell_name}.*"))
        assert "claim" in cell.tags or cell.raises or "assert " in cell.source or shown, name


def test_a_page_with_an_answer_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (nav,) = re.findall(r"^nav:\n(?: .*\n)+", text, re.MULTILINE)
    listed = set(re.findall(r": (\S+\.md)$", yaml.safe_dump(yaml.safe_load(nav)), re.MULTILINE))
    assert {each["page"] for each in ANSWERED.values()} <= listed
