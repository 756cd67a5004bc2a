"""What a page says of its checking: once below its title, and under an output only what differs."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import builds, plain, text_of
from galley.site.checked import shared_facts
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
    assert re.findall(r'class="galley-ran"[^>]*>([^<]*)<', html)[:1] == ["and its adapter"]
    assert re.fullmatch(r"and its adapter · 1\.[1-9] s", re.findall(r'class="galley-ran"[^>]*>([^<]*)<', html)[1])
