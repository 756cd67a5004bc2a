"""Animations of matplotlib: some of their frames, through which a reader steps; nothing moves by itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from galley.kinds import Kinds
from galley.kinds.frames import first_frame, frames_html
from galley.kinds.kind import At
from galley.kinds.svg import is_harmless
from galley.record.model import Form, Shown
from galley.source.cells import cut
from guide_folder import SETTINGS, GuideFolder

BEGIN = """\
from matplotlib import animation, pyplot
def moving(frames, **more):
    figure, axes = pyplot.subplots(figsize=(1, 1))
    axes.set_axis_off()
    words = axes.text(0, 0, "")
    return animation.FuncAnimation(figure, lambda n: words.set_text(f"at {n}"), frames, **more)
"""
PAGES = {
    "value": 'made = moving(3)\nprint("before")\nmade',
    "kept": "made = moving(2)",
    "shown": 'made = moving(2)\nprint("before")\npyplot.show()\nprint("after")',
    "long": "made = moving(50)",
    "endless": "made = moving(iter(range(18)), save_count=500, cache_frame_data=False)",
    "two": "one = moving(2)\nfigure = pyplot.gcf()\n"
    "other = animation.FuncAnimation(figure, lambda n: figure.suptitle(f'and {n}'), 2)",
    "unnamed": "moving(2) and None\nimport gc\n_ = gc.collect()",
    "still": "from matplotlib.figure import Figure\nalone = Figure()\nalone",
    "titled": "made = moving(2)\npyplot.gcf().set_label('a <word>')",
    "big": "made = moving(9)\n_ = pyplot.gca().plot(range(700), [n % 7 for n in range(700)], 'o')",
    "artists": "figure, axes = pyplot.subplots(figsize=(1, 1))\n"
    "made = animation.ArtistAnimation(figure, [[axes.text(0, 0, f'at {n}')] for n in range(3)])",
}
HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 18" data-frames="{}">'
FRAME = '<svg y="0" width="9" height="9" viewBox="0 0 9 9"><title>{}</title>{}</svg>'


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A guide with a page of animations."""
    pytest.importorskip("matplotlib", reason="matplotlib makes the animations")
    settings = SETTINGS.replace("timeout", 'imports = ["matplotlib.pyplot"]\ntimeout', 1)
    folder = plain(GuideFolder.make(tmp_path_factory.mktemp("films"), settings))
    cells = "".join(f'# %% {name} alt="something"\n{code}\n' for name, code in PAGES.items() if name != "titled")
    folder.snippet("page", f"# %% begin\n{BEGIN}{cells}# %% titled\n{PAGES['titled']}\n")
    assert folder.run().failures == {}
    return folder


def outputs(films: GuideFolder, cell: str) -> dict[str, str]:
    """The files of a cell's outputs in their order, by the end of their names."""
    record = films.record("page")
    found = record.cell(cell)
    assert found is not None
    files = [file.file for output in found.outputs for file in output.files]
    return {name.partition(".")[2]: record.contents[name].decode() for name in files}


def frames(text: str) -> list[tuple[str, str]]:
    """The number of each frame, and what stands in it."""
    return re.findall(r"<title>Frame (\d+ of \d+)</title>.*?at (\d+)", text, re.DOTALL)


@pytest.mark.parametrize(("cell", "count"), [("value", 3), ("kept", 2), ("shown", 2), ("artists", 3)])
def test_every_frame_of_a_short_animation_is_there(films: GuideFolder, cell: str, count: int) -> None:
    found = outputs(films, cell)
    assert frames(found["image.svg"]) == [(f"{n + 1} of {count}", str(n)) for n in range(count)]
    assert [name for name in found if "image" in name] == ["image.svg"], "its figure is drawn once"


def test_an_animation_stands_where_it_was_shown(films: GuideFolder) -> None:
    assert list(outputs(films, "shown")) == ["stdout.txt", "image.svg", "stdout-2.txt"]
    assert list(outputs(films, "value")) == ["stdout.txt", "image.svg"]
    assert outputs(films, "value")["stdout.txt"] == "before\n"


@pytest.mark.parametrize(("cell", "count", "step"), [("long", 50, 4), ("endless", 18, 2)])
def test_of_a_long_animation_some_frames_are_there_and_the_last(
    films: GuideFolder, cell: str, count: int, step: int
) -> None:
    numbers = [*range(0, count, step)]
    numbers += [count - 1] if numbers[-1] != count - 1 else []
    assert frames(outputs(films, cell)["image.svg"]) == [(f"{n + 1} of {count}", str(n)) for n in numbers]


def test_a_heavy_animation_has_fewer_frames(films: GuideFolder) -> None:
    text = outputs(films, "big")["image.svg"]
    assert frames(text)[0] == ("1 of 9", "0")
    assert frames(text)[-1] == ("9 of 9", "8")
    assert len(frames(text)) < 9
    assert len(text) < 450_000


def test_two_animations_of_one_figure_move_together(films: GuideFolder) -> None:
    _, one, two = outputs(films, "two")["image.svg"].split("<title>Frame ")
    assert [word in one for word in ("at 0", "and 0", "at 1", "and 1")] == [True, True, False, False]
    assert [word in two for word in ("at 0", "and 0", "at 1", "and 1")] == [False, False, True, True]


def test_an_animation_without_a_name_is_drawn_as_well(films: GuideFolder) -> None:
    assert list(outputs(films, "unnamed")) == ["image.svg"], "and nothing is said of one that was never drawn"
    assert len(frames(outputs(films, "unnamed")["image.svg"])) == 2
    assert "data-frames" not in outputs(films, "still")["image.svg"]


def test_a_page_with_animations_is_the_same_at_every_run(films: GuideFolder) -> None:
    assert "page (laptop): unchanged" in films.run(everything=True).said


def test_a_reader_steps_through_the_frames_and_nothing_moves(films: GuideFolder) -> None:
    BUILDERS["mkdocs"](films)
    html = article(films.root / "site", "page")
    assert html.count("<fieldset") == len(PAGES) - 1
    assert html.count(" checked>") == len(PAGES) - 1
    assert 'aria-label="a &lt;word&gt;: Frame 2 of 2"' in html
    assert 'aria-label="something: Frame 1 of 3"' in html
    assert 'aria-label="Frame 50 of 50"' in html
    assert not re.search(r"<(?:animate|set|video|img)|\.gif|animation:", html)
    ids = re.findall(r' id="([^"]+)"', html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r' for="([^"]+)"', html)) <= set(ids)
    css = (films.root / "site/page.html").read_text(encoding="utf-8")
    assert ":checked+label+.galley-frame{display:block" in re.sub(r"\s+", "", css)


def test_in_a_notebook_all_frames_are_one_drawing(films: GuideFolder) -> None:
    kept = outputs(films, "kept")["image.svg"].encode()
    assert is_harmless(kept)
    made = Kinds()["image"].notebook(Shown("image", (Form("image/svg+xml", "svg", kept),)), 1)
    assert made is not None
    assert "".join(made["data"]["image/svg+xml"]).count("at 1") == 1


def form(inside: str, count: str = "2") -> Form:
    """A drawing of frames."""
    return Form("image/svg+xml", "svg", f"{HEAD.format(count)}{inside}</svg>".encode())


@pytest.mark.parametrize(
    "forged",
    [
        form(FRAME.format("a", "<script>alert(1)</script>")),
        form(FRAME.format("a", "") + FRAME.format("b", '<rect onclick="alert(1)"/>')),
        form(FRAME.format("a", '<animate attributeName="x" to="1"/>')),
        form(FRAME.format("a", "") * 201),
        form(FRAME.format("a", ""), "many"),
        form(""),
        form("<g/>"),
        Form("image/svg+xml", "svg", b'<svg data-frames="2"'),
        Form("image/png", "png", b"data-frames"),
    ],
)
def test_what_is_no_strip_of_drawings_is_shown_as_an_image(forged: Form) -> None:
    assert frames_html(forged, "x", "one") == ""
    (cell,) = cut('# %% a alt="x"\nx = 1\n', Path("page.py"), Path("page.py")).cells
    html = Kinds()["image"].html(Shown("image", (forged,)), At(cell, "one"))
    assert "<fieldset" not in html
    assert "alert" not in html
    assert first_frame(forged).mime == forged.mime


def test_what_a_frame_says_is_escaped() -> None:
    html = frames_html(form(FRAME.format("Frame &lt;b&gt;&quot; of 2", "<text>&lt;i&gt;</text>")), '"<u>"', "one")
    assert 'aria-label="Frame &lt;b&gt;&quot; of 2"' in html
    assert "<label for" in html
    assert not re.search("<[bui]>", html)


def test_the_first_frame_is_a_drawing_of_its_own() -> None:
    two = form(FRAME.format("one", "<text>1</text>") + FRAME.format("two", "<text>2</text>"))
    assert b"1</" in first_frame(two).data
    assert b"2</" not in first_frame(two).data
    still = Form("image/svg+xml", "svg", b'<svg xmlns="http://www.w3.org/2000/svg"/>')
    assert first_frame(still) is still
