"""What a page says of its checking: once below its title, and under an output only what differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import builds, plain, text_of
from galley.site.checked import days_in_words, shared_facts
from guide_folder import GuideFolder, fence

SETTINGS = """[tool.galley]
line = ["model", "colour"]
hooks = { provenance = "hooks:provenance" }

[tool.galley.profiles.laptop]
required = true
"""
HOOKS = """
model = {}


def provenance(context):
    return {"model": "small", "colour": "grey", **model}
"""
SNIPPET = """# %% before
print(1)

# %% loads
import hooks

hooks.model["model"] = "small, and its adapter"
print(2)

# %% waits
import time

time.sleep(1.1)
print(3)
"""


@pytest.mark.parametrize(
    ("every", "shared"),
    [
        ([], {}),
        ([{"a": "x"}, {"a": "x"}], {"a": "x"}),
        ([{"a": "x 1.0"}, {"a": "x 1.1"}], {}),
        ([{"a": "small"}, {"a": "small, and more"}, {}], {"a": "small"}),
        ([{"a": "torch 2.1"}, {"a": "torch 2.10"}], {}),
        ([{"a": "x", "b": "y"}, {"b": "y"}], {"a": "x", "b": "y"}),
    ],
)
def test_what_all_outputs_share(every: Sequence[dict[str, str]], shared: dict[str, str]) -> None:
    assert shared_facts(every) == shared


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (["2026-11-09"], "9 November 2026"),
        (["2026-11-29", "2026-11-03", "2026-11-29"], "3 to 29 November 2026"),
        (["2026-10-31", "2026-11-03", "2026-11-01"], "31 October 2026 to 3 November 2026"),
        (["2025-11-03", "2026-11-03"], "3 November 2025 to 3 November 2026"),
        (["today", "2026-11-03"], "3 November 2026 to today"),  # in the live preview, of a record that was edited
    ],
)
def test_the_first_and_the_last_day_are_told_in_words(days: list[str], said: str) -> None:
    html = days_in_words(days)
    assert text_of(html) == said
    assert re.findall('datetime="([^"]*)"', html) == [min(days), max(days)][: len(set(days))]


def test_a_page_says_once_what_all_its_outputs_share(tmp_path: Path) -> None:
    guide = plain(GuideFolder.make(tmp_path))
    guide.write("pyproject.toml", SETTINGS)
    guide.write("snippets/hooks.py", HOOKS)
    guide.snippet("one", SNIPPET)
    guide.page("one", "".join(fence("one", name) for name in ("before", "loads", "waits")))
    assert not guide.run("one").failures
    html = builds("mkdocs", "one")(guide)
    text = text_of(html)
    assert re.search(r"A page\s+Checked \d{1,2} [A-Z][a-z]+ \d{4} · small · greyPython", text), text[:300]
    assert re.findall(r'class="galley-ran"[^>]*>([^<]*)<', html)[:1] == ["with its adapter"]
    assert re.fullmatch(r"with its adapter · took 1\.[1-9] s", re.findall(r'class="galley-ran"[^>]*>([^<]*)<', html)[1])


def test_the_strip_counts_the_days_of_required_profiles_alone(tmp_path: Path) -> None:
    guide = plain(GuideFolder.make(tmp_path))
    guide.write(
        "pyproject.toml", SETTINGS + "\n[tool.galley.profiles.big]\n\n[tool.galley.profiles.big.parameters]\nsize = 2\n"
    )
    guide.write("snippets/hooks.py", HOOKS)
    guide.snippet("one", "# %% parameters\nsize = 1\n\n# %% shows\nprint(size)\n")
    for profile, day in (("big", "2025-01-02"), ("laptop", "2026-03-04")):
        assert not guide.run("one", profiles=(profile,)).failures
        run = guide.root / f"snippets/outputs/one/{profile}/run.json"
        run.write_text(re.sub(r'"date": "[^"]*"', f'"date": "{day}"', run.read_text("utf-8")), "utf-8")
    text = text_of(builds("mkdocs", "one")(guide))
    assert "Checked 4 March 2026 ·" in text
    assert "recorded, not rerun here · 2025-01-02" in text


def test_a_reason_behind_a_comma_is_folded(tmp_path: Path) -> None:
    guide = plain(GuideFolder.make(tmp_path))
    guide.write("pyproject.toml", SETTINGS)
    guide.write("snippets/hooks.py", "def provenance(context):\n    return {'colour': 'grey, as the profile says'}\n")
    guide.snippet("one", "# %% only\n1\n")
    guide.page("one", fence("one", "only"))
    assert not guide.run("one").failures
    html = builds("mkdocs", "one")(guide)
    summary, _, rest = html[html.index('<details class="galley-strip"') :].partition("</summary>")
    assert text_of(summary).endswith(" · grey")
    assert "grey, as the profile says" in text_of(rest.partition("</details>")[0])
