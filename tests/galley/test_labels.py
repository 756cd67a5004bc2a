"""Pictures have a number on their page, a caption, a place to link to, and words for those who do not see them."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from builders import BUILDERS, builds, plain
from guide_folder import SETTINGS, GuideFolder, fence

DRAWN = '''\
# %% parameters
device = "cpu"
# %% drawing
class Drawing:
    """Two drawings differ in their titles."""
    def __init__(self, title=""): self.title = title
    def _repr_svg_(self):
        return f'<svg xmlns="http://www.w3.org/2000/svg"><title>{self.title}</title></svg>'
class Photo:
    def _repr_png_(self): return b"\\x89PNG"
class Notes:
    def __repr__(self): return "no picture"
Notes()
'''
CELLS = '''\
# %% captioned
"""The `loss` & what it does."""
Drawing()
# %% written alt="a <curve> that falls"
Drawing("not this")
# %% photo alt="a photo"
Photo()
# %% claimed [claim]
"Two and two make four."
assert Drawing.__name__ == "Drawing"
Drawing("a proof")
'''
# The import of matplotlib takes a while on a busy machine.
SLOW = SETTINGS.replace("timeout = 20.0", "timeout = 120.0")
PROFILES = f"""{SLOW}
[tool.galley.profiles.gpu]
title = "CUDA"
parameters = {{ device = "cuda" }}
"""


def guide_of(folder: Path, cells: str) -> GuideFolder:
    """A recorded guide of one page with these cells."""
    guide = plain(GuideFolder.make(folder, PROFILES))
    guide.snippet("one", DRAWN + cells)
    names = re.findall(r"^# %% (\w+)", DRAWN + cells, re.MULTILINE)
    guide.page("one", "# One\n\n" + "\n".join(fence("one", name) for name in names))
    assert not guide.run().failures
    return guide


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page whose pictures have their words in each of the ways that there are."""
    return guide_of(tmp_path_factory.mktemp("labelled"), CELLS)


@pytest.mark.parametrize("builder", BUILDERS)
def test_each_picture_is_a_figure_with_a_number(builder: str, labelled: GuideFolder) -> None:
    html = builds(builder, "one")(labelled)
    figures = re.findall(r'<figure class="galley-picture" id="([\w-]+)">(.*?)</figure>', html, re.DOTALL)
    assert [name for name, _ in figures] == ["figure-1", "figure-2", "figure-3", "figure-4"]
    labels = [re.search(r'(?:aria-label|alt)="([^"]*)"', each)[1] for _, each in figures]
    assert labels == ["The loss &amp; what it does.", "a &lt;curve&gt; that falls", "a photo", "a proof"]
    captions = [re.search(r"<figcaption>(.*?)</figcaption>", each)[1] for _, each in figures]
    assert captions[0].endswith("Figure 1</a> The <code>loss</code> &amp; what it does.")
    assert captions[1].endswith("Figure 2</a> ")
    assert captions[3].endswith("Figure 4</a> "), "a claim stays a claim"
    assert html.count("The <code>loss</code>") == 1, "a caption stands at its picture and not above the code too"
    assert html.count("Two and two make four.") == 1


def test_the_check_finds_no_fault_with_words(labelled: GuideFolder) -> None:
    done = labelled.galley("check")
    assert done.returncode == 0, done.stdout


def test_a_picture_has_one_number_under_all_profiles_and_two_places(tmp_path: Path) -> None:
    guide = guide_of(tmp_path, '# %% first alt="a"\nDrawing()\n# %% second alt="b"\nDrawing()\n')
    assert guide.galley("run", "--profile", "gpu").returncode == 0
    html = builds("mkdocs", "one")(guide)
    numbers = re.findall(r'href="#(figure-[\w-]+)">(Figure \d)<', html)
    assert numbers == [
        ("figure-1", "Figure 1"),
        ("figure-1-gpu", "Figure 1"),
        ("figure-2", "Figure 2"),
        ("figure-2-gpu", "Figure 2"),
    ]
    assert len(set(re.findall(r' id="([\w-]+)"', html))) == len(re.findall(r' id="([\w-]+)"', html))


UNLABELLED = """\
# %% bare
Drawing()
# %% photo
Photo()
# %% good alt="a"
Drawing()
"""
MENDS = {
    "an option": ("# %% bare\n", '# %% bare alt="a line"\n'),
    "a caption": ("# %% bare\n", '# %% bare\n"A line."\n'),
}


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A page with two pictures that say nothing."""
    return guide_of(tmp_path_factory.mktemp("unlabelled"), UNLABELLED)


def test_the_check_names_each_picture_that_says_nothing(unlabelled: GuideFolder) -> None:
    done = unlabelled.galley("check")
    assert done.returncode == 1, done.stdout
    told = [line for line in done.stdout.splitlines() if "unlabelled" in line]
    assert [line.partition(": the")[0] for line in told] == [
        "snippets/one.py:14: unlabelled",
        "snippets/one.py:16: unlabelled",
    ]
    assert 'alt="…"' in done.stdout


@pytest.mark.parametrize("builder", BUILDERS)
def test_no_page_is_built_with_a_picture_that_says_nothing(builder: str, unlabelled: GuideFolder) -> None:
    with pytest.raises(BaseException) as raised:  # noqa: PT011 (each builder has its own)
        builds(builder, "one")(unlabelled)
    said, cause = "", raised.value
    while cause:
        said, cause = f"{said}{cause}", cause.__cause__ or cause.__context__
    assert "snippets/one.py:14: the picture of cell 'bare' has no label" in said
    assert "snippets/one.py:16: the picture of cell 'photo'" in said


@pytest.mark.parametrize("way", MENDS)
def test_the_mend_needs_no_new_run(way: str, unlabelled: GuideFolder, tmp_path: Path) -> None:
    guide = unlabelled.copied(tmp_path)
    guide.snippet("one", DRAWN + UNLABELLED.replace(*MENDS[way]))
    told = guide.galley("check").stdout
    assert "'bare'" not in told
    assert "'photo'" in told
    assert "stale" not in told


def test_an_empty_label_is_no_label(unlabelled: GuideFolder, tmp_path: Path) -> None:
    guide = unlabelled.copied(tmp_path)
    guide.snippet("one", DRAWN + UNLABELLED.replace("bare\n", 'bare alt=" "\n'))
    assert "snippets/one.py:14: unreadable: alt ' ' is not a text" in guide.galley("check").stdout


def test_the_live_preview_shows_what_is_missing_and_the_picture(
    unlabelled: GuideFolder, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = {"server": os.getppid(), "failures": []}  # as the `galley serve` does whose child builds
    (tmp_path / "failures").write_text(json.dumps(told), encoding="utf-8")
    monkeypatch.setenv("GALLEY_PREVIEW", str(tmp_path / "failures"))
    html = builds("mkdocs", "one")(unlabelled)
    assert "the picture of cell &#x27;bare&#x27; has no label" in html
    assert 'aria-label="what this cell drew"' in html


def test_a_matplotlib_figure_says_itself_what_it_shows(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    drawn = "import matplotlib.pyplot as plt\nplt.figure('not drawn')\nplt.title('drawn')\nplt.plot([1])\n"
    guide = guide_of(tmp_path, f"# %% own\n{drawn}_ = None\n")
    file = (guide.project.outputs / "one" / "laptop" / "own.image.svg").read_text(encoding="utf-8")
    assert "<title>not drawn</title>" in file.replace("\n", "")
    assert guide.galley("check").returncode == 0
