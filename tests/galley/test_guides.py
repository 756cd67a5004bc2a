"""Three guides as others write them, moved to galley: a data guide, a gallery of plots, and a how-to of a library.

They lie in `guides` in the forms that their authors chose. All are imported, run, checked, tested, exported and built
as they are: what the import could not take is all that is told here, and no page is mended by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from galley.convert.command import Taken, take
from galley.export.address import NOWHERE
from galley.export.command import export
from galley.source.guide import read_guide
from guide_folder import SETTINGS, GuideFolder

pytest.importorskip("nbformat")
pytest.importorskip("jupytext")
pytest.importorskip("docutils")

GUIDES = Path(__file__).parent / "guides"
EXTENSIONS = "  - admonition\n  - tables\n  - pymdownx.details\n  - pymdownx.arithmatex:\n      generic: true\n"


@dataclass(frozen=True)
class Moved:
    """A guide that was imported and run: what the import said, and what the pages recorded."""

    folder: GuideFolder
    taken: Taken

    def page(self, name: str) -> str:
        """The Markdown of a page."""
        return (self.folder.root / f"docs/{name}.md").read_text(encoding="utf-8")

    def code(self, name: str) -> str:
        """The code of a page."""
        return (self.folder.root / f"snippets/{name}.py").read_text(encoding="utf-8")

    def outputs(self, page: str) -> dict[str, list[str]]:
        """For each cell of a page the files of its outputs, without its name, in their order."""
        cells = self.folder.record(page).cells
        return {each.name: [_short(file.file, each.name) for o in each.outputs for file in o.files] for each in cells}

    def said(self, page: str, file: str) -> str:
        """The text of an output."""
        return self.folder.record(page).contents[file].decode()


def _short(file: str, cell: str) -> str:
    return file.removeprefix(f"{cell}.")


def moved(folder: GuideFolder, *paths: Path) -> Moved:
    """Import a guide into an empty one, write what the import says into its settings, and run it."""
    taken = take(folder.project, *paths)
    folder.write("pyproject.toml", SETTINGS.replace("timeout", "\n".join([*taken.settings, "timeout"]), 1))
    settings = folder.root / "mkdocs.yml"
    settings.write_text(settings.read_text(encoding="utf-8") + EXTENSIONS, encoding="utf-8")
    assert folder.run().failures == {}
    return Moved(plain(folder), taken)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """The notebooks of the data guide, but for the one that needs pandas."""
    pytest.importorskip("numpy")
    pytest.importorskip("matplotlib")
    names = ("Index", "01.01-Load-and-Clean", "01.02-Group-and-Join")
    paths = [GUIDES / f"data/{name}.ipynb" for name in names]
    return moved(GuideFolder.make(tmp_path_factory.mktemp("data")), *paths)


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """The gallery of plots."""
    pytest.importorskip("numpy")
    pytest.importorskip("matplotlib")
    return moved(GuideFolder.make(tmp_path_factory.mktemp("gallery")), GUIDES / "gallery")


@pytest.fixture(scope="module")
def howto(tmp_path_factory: pytest.TempPathFactory) -> Moved:
    """The how-to of a library."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("howto"))
    return moved(folder, GUIDES / "howto")


def test_what_a_data_guide_loses_is_told(data: Moved) -> None:
    first, second = "01.01-Load-and-Clean.ipynb, cell", "01.02-Group-and-Join.ipynb, cell"
    badge = "each reader would fetch https://colab.research.google.com/assets/colab-badge.svg from another host"
    assert data.taken.lost == (
        f"{first} 1: {badge}: take it away, or put it beside the page",
        f"{first} 5: `%matplotlib inline` is a comment now: galley draws figures without it",
        f"{first} 18: `%timeit levels.astype(kind).sum()` is a comment now: "
        "galley records what each cell took; print a time in a cell tagged [measured]",
        f"{first} 21: `np.isnan?` is a comment now: it asks IPython for help",
        f"{second} 1: {badge}: take it away, or put it beside the page",
        f'{second} 12: its picture needs words, unless it has a title: alt="…" on the line of cell draw',
    )
    assert data.taken.settings == ('links = ["readings"]', 'imports = ["matplotlib.pyplot"]')
    assert data.taken.pages == ("01-01-load-and-clean", "01-02-group-and-join")


def test_the_notebooks_of_a_data_guide_link_to_each_other_as_pages(data: Moved) -> None:
    first = data.page("01-01-load-and-clean")
    assert first.count("< [Contents](index.md) | [Group and Join](01-02-group-and-join.md) >") == 2
    assert "[Load and Clean](01-01-load-and-clean.md#what-is-missing)" in data.page("01-02-group-and-join")
    assert data.page("index").count(".md)") == 2
    assert first.startswith("# Load and Clean\n\n<!--BOOK-->"), "the title comes first, and then the badge"
    assert len(re.findall(r"^# .*$", first, re.MULTILINE)) == 1
    assert '<img align="left" style="padding-right:10px;" src="01-01-load-and-clean-files/river.png">' in first
    assert "![the river](01-02-group-and-join-files/map.png)" in data.page("01-02-group-and-join")


def test_a_data_guide_shows_what_its_notebooks_showed(data: Moved) -> None:
    assert data.outputs("01-01-load-and-clean") == {
        "load-and-clean": [],
        "a-table-of-its-own": [],
        "the-file": ["shell.txt"],
        "the-file-2": ["value.txt"],
        "the-file-3": ["rich.txt", "rich.html"],
        "the-file-4": ["rich.txt", "rich.html"],
        "what-is-missing": ["error.txt"],
        "what-is-missing-2": ["value.txt"],
        "what-is-missing-3": ["value.txt"],
        "what-is-missing-4": ["stdout.txt"],
        "what-is-missing-5": ["error.txt"],
    }
    errors = [data.said("01-01-load-and-clean", f"what-is-missing{end}.error.txt") for end in ("", "-5")]
    assert [each.partition(":")[0] for each in errors] == ["ValueError", "TypeError"], "recorded without a tag"
    assert data.said("01-01-load-and-clean", "what-is-missing-2.value.txt") == "np.float64(nan)"
    assert data.said("01-01-load-and-clean", "the-file.shell.txt") == "station,day,level,flow\nWeir,1,1.20,14.0\n"
    assert data.outputs("01-02-group-and-join") == {
        "group-and-join": [],
        "parameters": [],
        "group-and-join-2": [],
        "aggregate": ["value.txt"],
        "aggregate-2": ["error.txt"],
        "join": ["stdout.txt", "value.txt"],
        "draw": ["image.svg", "stdout.txt", "image-2.svg"],
        "draw-2": ["value.txt"],
    }
    assert data.said("01-02-group-and-join", "draw-2.value.txt") == "0.85"
    files = {each.path for each in data.folder.record("01-01-load-and-clean").dependencies}
    assert {"snippets/readings/gauges.csv", "snippets/readings/stations.csv"} <= files


def test_the_tables_of_a_data_guide_are_tables_on_its_page(data: Moved) -> None:
    BUILDERS["mkdocs"](data.folder)
    html = article(data.folder.root / "site", "01-01-load-and-clean")
    assert html.count("<table") == 3, "one alone, and two side by side"
    assert "<td>Weir</td><td>212</td>" in html
    assert "float" not in html.partition("gauges.head(2)</p>")[0].rpartition("<div")[2], "no style that leaves the page"
    second = article(data.folder.root / "site", "01-02-group-and-join")
    places = [second.index(each) for each in ('id="figure-1"', "11 levels", 'id="figure-2"')]
    assert places == sorted(places), "text and figures stand in the order in which they came"
    assert 'aria-label="Levels by station"' in second


def test_a_notebook_that_needs_pandas_is_moved_in_the_same_way(tmp_path: Path) -> None:
    pytest.importorskip("pandas", reason="the guide shows tables of pandas, which is not installed")
    pytest.importorskip("IPython", reason="the guide calls display() in the middle of a cell, which IPython brings")
    found = moved(GuideFolder.make(tmp_path), GUIDES / "data/01.03-With-pandas.ipynb")
    assert found.outputs("01-03-with-pandas") == {
        "with-pandas": [],
        "with-pandas-2": ["rich.txt", "rich.html", "stdout.txt", "value.txt"],
        "with-pandas-3": ["value.txt"],
        "with-pandas-4": ["error.txt"],
    }


def test_what_a_gallery_loses_is_told(gallery: Moved) -> None:
    thumbnail = (
        "its picture in the gallery was number 2: write the tag [thumbnail] on the line of the cell that draws it"
    )
    assert gallery.taken.lost == (
        f"plot_moving_dot.py, cell 2: {thumbnail}",
        f"plot_waves.py, cell 2: {thumbnail}",
        "plot_waves.py, cell 10: `.. tags::` is left out: write it as Markdown has it",
    )
    assert gallery.taken.extensions == ("pymdownx.arithmatex",)
    assert gallery.taken.pages == ("gallery/fields/plot-contours", "gallery/plot-moving-dot", "gallery/plot-waves")


def test_the_prose_of_a_gallery_is_markdown(gallery: Moved) -> None:
    page = gallery.page("gallery/plot-waves")
    assert "A wave of frequency $f$ is drawn with `plot`, and two of them with\n`matplotlib.axes.Axes.plot`." in page
    assert "$$\ny(t) = \\sin(2 \\pi f t)\n$$" in page
    assert "!!! note\n\n    The number of points is `200` in every picture.\n\n    Fewer points make *corners*." in page
    assert "[the gallery of fields](fields/index.md) and the [sampling theorem](https://example.org/sampling)" in page
    assert "| name | frequency |\n|---|---|\n| low | 2 |\n| high | 5 |" in page
    assert "## Two pictures of one cell" in page
    assert "[Waves and sums](plot-waves.md#waves)" in gallery.page("gallery/plot-moving-dot")
    assert not re.search(
        r"^\.\. |:[a-z]+:`|\n[-^~=]{4,}\n", "".join(map(gallery.page, gallery.taken.pages)), re.MULTILINE
    )
    assert "sphinx_gallery" not in gallery.code("gallery/plot_waves")
    assert "# %% the-sum [remove-cell]\n# The seed makes" in gallery.code("gallery/plot_waves")


def test_each_figure_of_a_gallery_is_one_in_its_place(gallery: Moved) -> None:
    two = ["image.svg", "image-2.svg"]
    assert gallery.outputs("gallery/plot-waves") == {
        "waves-and-sums": ["image.svg"],
        "two-pictures-of-one-cell": ["stdout.txt", *two],
        "the-sum": [],
        "the-sum-2": ["value.txt", "image.svg"],
        "not-a-figure-of-pyplot": ["image.svg"],
    }
    assert gallery.outputs("gallery/fields/plot-contours") == {
        "contours-of-a-hill": [],
        "an-image": ["value.txt", "image.svg"],
        "lines-and-both": two,
    }
    titles = [gallery.said("gallery/plot-waves", f"two-pictures-of-one-cell.{file}") for file in two]
    assert ["A low wave" in each for each in titles] == [True, False]


def test_an_animation_of_a_gallery_is_its_frames(gallery: Moved) -> None:
    assert gallery.outputs("gallery/plot-moving-dot") == {
        "a-dot-that-moves": ["image.svg", "image-2.svg"],
        "a-dot-that-moves-2": ["stdout.txt", "image.svg", "stdout-2.txt"],
    }
    BUILDERS["mkdocs"](gallery.folder)
    html = article(gallery.folder.root / "site", "gallery/plot-moving-dot")
    figures = re.findall(r'<figure class="galley-picture" id="figure-(\d)">(.*?)</figure>', html, re.DOTALL)
    assert [(number, inside.count('type="radio"')) for number, inside in figures] == [("1", 0), ("2", 9), ("3", 4)]
    assert html.count(" checked>") == 2
    assert 'aria-label="Frame 9 of 9"' in html
    assert 'aria-label="A dot on a circle: Frame 9 of 9"' in html
    places = [
        html.index(each) for each in ("<code>before</code>", "Bars that grow: Frame 4 of 4", "<code>after</code>")
    ]
    assert places == sorted(places)


def test_the_page_of_a_gallery_has_a_picture_of_each_example(gallery: Moved) -> None:
    BUILDERS["mkdocs"](gallery.folder)
    site = gallery.folder.root / "site"
    html = article(site, "gallery/index")
    cards = re.findall(r"<li>(.*?)</li>", html.partition("galley-gallery")[2], re.DOTALL)
    links = [re.findall(r'<a href="([^"]*)">([^<]*)</a>', card)[-1] for card in cards]
    assert links == [
        ("plot-moving-dot.html", "A dot that moves"),
        ("plot-waves.html", "Waves and sums"),
        ("fields/plot-contours.html", "Contours of a hill"),
    ]
    assert ["The path" in cards[0], "One wave" in cards[1], "As an image" in cards[2]] == [True] * 3
    assert 'tabindex="0"' not in "".join(cards)
    assert '<h2 id="gallery-gallery-fields">Fields</h2>' in html
    assert re.findall(r'<li>.*?<a href="([^"]*)"', article(site, "gallery/fields/index"), re.DOTALL) == [
        "plot-contours.html"
    ]


def test_a_tag_says_which_picture_stands_for_a_page(gallery: Moved, tmp_path: Path) -> None:
    folder = gallery.folder.copied(tmp_path)
    code = gallery.code("gallery/plot_waves").replace("# %% the-sum-2", "# %% the-sum-2 [thumbnail]")
    folder.write("snippets/gallery/plot_waves.py", code)
    assert folder.status("gallery/plot_waves").reasons == (), "the tag changes no output"
    BUILDERS["mkdocs"](folder)
    html = article(folder.root / "site", "gallery/index")
    assert "The sum, with noise" in html
    assert "One wave" not in html


def test_an_animation_is_shown_in_a_gallery_by_its_first_frame(gallery: Moved, tmp_path: Path) -> None:
    folder = gallery.folder.copied(tmp_path)
    code = gallery.code("gallery/plot_moving_dot").replace(
        "# %% a-dot-that-moves-2", "# %% a-dot-that-moves-2 [thumbnail]"
    )
    folder.write("snippets/gallery/plot_moving_dot.py", code)
    BUILDERS["mkdocs"](folder)
    html = article(folder.root / "site", "gallery/index")
    assert "n = 0" in html
    assert "n = 1" not in html


def test_what_a_how_to_loses_is_told(howto: Moved) -> None:
    any_error = 'any error will do: say which it is, raises="…", on the line of cell'
    assert howto.taken.lost == (
        f"tasks.md, cell 8: {any_error} timeouts",
        f"tasks.md, cell 10: {any_error} timeouts-2",
        f"tasks.md, cell 12: {any_error} groups",
        "tasks.md, cell 16: its output is shown: galley hides none",
        f"tasks.md, cell 17: {any_error} groups-4",
    )
    assert howto.taken.settings == ()
    assert howto.taken.extensions == ("pymdownx.details", "pymdownx.arithmatex"), "the site has admonitions"


def test_each_answer_of_a_session_is_an_output(howto: Moved) -> None:
    outputs = howto.outputs("howto/checked-values")
    errors = ["basics-5", "frozen-jobs", "validators-2", "validators-3", "validators-6"]
    assert [name for name, files in outputs.items() if files == ["error.txt"]] == errors
    assert [name for name, files in outputs.items() if files == ["stdout.txt"]] == ["validators-4", "validators-5"]
    assert sum(files == ["value.txt"] for files in outputs.values()) == len(outputs) - 7
    assert howto.said("howto/checked-values", "basics-4.value.txt") == "Job(name='load', tries='many')"
    assert howto.said("howto/checked-values", "frozen-jobs.error.txt").startswith("FrozenInstanceError: cannot assign")
    code = howto.code("howto/checked_values")
    assert ">>>" not in code
    assert "doctest" not in code
    assert '# %% frozen-jobs raises="FrozenInstanceError"\njob = Job("load")\njob.tries = 4\n' in code


def test_code_that_awaits_is_recorded_with_its_errors(howto: Moved) -> None:
    expected: Mapping[str, tuple[str, str]] = {
        "tasks-that-fail": ("value.txt", "'one'"),
        "in-their-own-order": ("stdout.txt", "quick\nslow\n"),
        "several-at-once": ("value.txt", "['slow', 'quick']"),
        "timeouts": ("error.txt", "TimeoutError: "),
        "timeouts-2": ("error.txt", "CancelledError: no longer needed"),
        "groups": ("error.txt", "ExceptionGroup: unhandled errors in a TaskGroup (2 sub-exceptions)"),
        "groups-2": ("stdout.txt", "['no such job']\n"),
        "groups-3": ("value.txt", "'one'"),
        "groups-4": ("error.txt", "QueueEmpty: "),
    }
    found = howto.outputs("howto/tasks")
    assert {
        name: (*files, howto.said("howto/tasks", f"{name}.{files[0]}")) for name, files in found.items()
    } == expected


def test_the_prose_of_a_how_to_is_markdown(howto: Moved) -> None:
    page = howto.page("howto/checked-values")
    assert "A job with fields checks none of them, as `dataclasses.dataclass` says:" in page
    assert "!!! note\n\n    Annotations are for readers" in page
    assert "See [Frozen jobs](#frozen) for more, and [the tasks](tasks.md)." in page
    assert '<a id="frozen"></a>' in page
    assert '```python title="Not run"\nJob("load").run()\n```' in page
    assert "- [Tasks that fail](tasks.md)" in howto.page("howto/index")
    tasks = howto.page("howto/tasks")
    assert '!!! info "What is cancelled"' in tasks
    assert '??? note "The queue"\n\n    Put in, take out.' in tasks
    assert "    ```python\n    task.cancel()\n    ```" in tasks
    assert "$$\nt = \\max_i t_i\n$$" in tasks
    assert not re.search(r"\{[a-z-]+\}|^:::", page + tasks, re.MULTILINE)


NAMES = ["data", "gallery", "howto"]


@pytest.mark.parametrize("name", NAMES)
def test_a_guide_that_was_moved_is_whole(name: str, request: pytest.FixtureRequest) -> None:
    found: Moved = request.getfixturevalue(name)
    folder = found.folder
    checked = folder.galley("check")
    assert checked.returncode == 0, checked.stdout
    page = found.taken.pages[0]
    cell = folder.record(page).cells[-1].name
    tested = folder.galley("test", f"{page}/{cell}")
    assert tested.returncode == 0, tested.stdout


@pytest.mark.parametrize("name", NAMES)
def test_a_guide_that_was_moved_becomes_notebooks_and_scripts_again(name: str, request: pytest.FixtureRequest) -> None:
    found: Moved = request.getfixturevalue(name)
    guide = read_guide(found.folder.project)
    for each in found.taken.pages:
        notebook = json.loads(export(guide, each, "laptop", "ipynb", NOWHERE))
        outputs = [out for cell in notebook["cells"] for out in cell.get("outputs", ())]
        assert len(outputs) == sum(len(cell.outputs) for cell in found.folder.record(each).cells)
        compile(export(guide, each, "laptop", "py", NOWHERE), each, "exec")


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("name", NAMES)
def test_each_builder_builds_a_guide_that_was_moved(name: str, builder: str, request: pytest.FixtureRequest) -> None:
    found: Moved = request.getfixturevalue(name)
    BUILDERS[builder](found.folder)
