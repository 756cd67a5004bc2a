"""The same cell twice on one page and on several pages: every id once, every reference to one that is there."""

from __future__ import annotations

import json
import re
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path

import pytest

from builders import BUILDERS, builds, plain
from guide_folder import SETTINGS, GuideFolder, fence

SOURCE = '''\
# %% parameters
n = 1
# %% printed
"""What is printed."""
print("n is", n)
# %% claimed [claim]
"It holds."
assert n
# %% setup [setup]
"""It begins."""
m = n
# %% folded [folded]
print(m)
# %% traced [trace]
"""Line by line."""
a = m
# %% chosen [table] choose="x"
"""What was chosen."""
[{"x": x, "y": x * n} for x in (1, 2)]
# %% drawn alt="a line"
class Drawing:
    def _repr_svg_(self):
        inside = '<defs><path id="p"/></defs><use href="#p"/>'
        return f'<svg viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg">{inside}</svg>'


Drawing()
# %% marked
b = 1  # (1)!
print(b)
# %% headed
print("## A heading")
'''
NAMES = ("parameters", "printed", "claimed", "setup", "folded", "traced", "chosen", "drawn", "marked")
SECOND = "\n[tool.galley.profiles.second]\nparameters = { n = 2 }\n"
REFERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls")


class _Attributes(HTMLParser):
    """The attributes of each element."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append({name: value or "" for name, value in attrs})


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """Two pages that show the same cells, one of them each twice, under two profiles."""
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("again"), SETTINGS + SECOND))
    folder.write("snippets/one.py", SOURCE)
    cells = [fence("one", name) + "\n1. A note.\n" * (name == "marked") for name in NAMES]
    headed = fence("one", "headed").replace('headed"', 'headed" source="above"')
    folder.write("docs/one.md", "# One\n\n" + "\n".join([*cells, headed, *cells, headed]))
    folder.write("docs/two.md", "# Two\n\n" + "\n".join([*cells, headed]))
    patched = pytest.MonkeyPatch()
    patched.delenv("CI", raising=False)
    ended = folder.run(profiles=("laptop", "second"))
    assert not ended.failures, ended.failures
    patched.undo()
    return folder


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("page", ["one", "two"])
def test_each_id_is_there_once_and_is_what_others_refer_to(
    builder: str, page: str, guide: GuideFolder, tmp_path: Path
) -> None:
    html = builds(builder, page)(guide.copied(tmp_path / "guide"))
    parser = _Attributes()
    parser.feed(html)
    ids = Counter(each["id"] for each in parser.found if "id" in each)
    assert not {name: count for name, count in ids.items() if count > 1}
    refers = {name for each in parser.found for attribute in REFERS for name in each.get(attribute, "").split()}
    refers |= {each["href"][1:] for each in parser.found if each.get("href", "").startswith("#")}
    assert refers <= ids.keys()
    names = Counter(re.findall(r'<input[^>]* name="([^"]+)"[^>]*>', html))
    checked = Counter(
        name for each in re.findall("<input[^>]*checked[^>]*>", html) for name in re.findall(' name="([^"]+)"', each)
    )
    assert set(checked.values()) == {1}  # each group of tabs has a name of its own
    assert checked.keys() == names.keys()
    shown = {f"cell-one-{name}" for name in (*NAMES, "headed")}
    assert shown <= ids.keys()
    assert ({f"{name}-2" for name in shown} <= ids.keys()) == (page == "one")


def test_each_showing_can_be_copied(guide: GuideFolder, tmp_path: Path) -> None:
    copied = guide.copied(tmp_path / "guide")
    for page, times in (("one", 2), ("two", 1)):
        found = re.search(r"data-runnable='([^']*)'", builds("mkdocs", page)(copied))
        assert found
        cells = json.loads(found[1].replace("&lt;", "<").replace("&#39;", "'").replace("&amp;", "&"))["cells"]
        assert len(cells) == times * len(NAMES)
        if times == 2:
            assert cells["cell-one-folded-2"][:-1] == cells["cell-one-folded"][:-1]
