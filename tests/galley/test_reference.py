"""The reference of settings and words: it is what the script writes, and it leaves nothing out."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from galley.config import Project
from galley.errors import Exit
from galley.profile import Profile
from galley.site.lists import List
from galley.source import fences
from galley.source.tags import OPTIONS, TAGS
from galley.toml import settings_of

DOCS = Path(__file__).parents[2] / "scripts/galley/docs"


@pytest.fixture(scope="module")
def script() -> dict[str, Any]:
    """What the script defines."""
    return runpy.run_path(str(DOCS / "make_reference.py"))


def test_the_committed_reference_is_what_the_script_writes(script: dict[str, Any]) -> None:
    committed = (DOCS / "reference.md").read_text(encoding="utf-8")
    assert committed == script["reference"](), "run: python scripts/galley/docs/make_reference.py"


def test_nothing_is_left_out() -> None:
    text = (DOCS / "reference.md").read_text(encoding="utf-8").replace("\\|", "|")  # as a table must write a bar
    wanted = [f"| `{each.name}` | {each.says}<br>" for kind in (Project, Profile) for each in settings_of(kind)]
    wanted += [f"| `[{tag.name}]` | {tag.says}" for tag in TAGS]
    forms = [(option.form, option.says) for option in (*OPTIONS, *fences.OPTIONS)]
    wanted += [f"| `{form}` | {says}<br>" for form, says in forms]
    wanted += [f"| {int(code)} | {code.says} |" for code in Exit]
    assert [each for each in wanted if each not in text.replace(r"\|", "|")] == []
    assert all(code.says.endswith(".") for code in Exit)


def test_a_class_is_described_by_its_public_methods(script: dict[str, Any]) -> None:
    described = script["methods"](List)
    assert "`row(each: Listed) -> Sequence[str]`\n:   The HTML in each column" in described
    assert "`lists() -> tuple[str, ...]`" in described
    assert "__" not in described
