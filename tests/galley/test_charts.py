"""Charts that draw themselves with a script: a still image where their library can draw one, and else a word on it.

The packages are the guide's own, called as the real ones, so that none of these is needed.
"""

from __future__ import annotations

import pytest

from builders import BUILDERS, article, plain
from guide_folder import GuideFolder

PLOTLY = """\
class BaseFigure:
    def __repr__(self): return "Figure({})"
    def _repr_html_(self): return "<div></div><script>draw()</script>"
    def _repr_mimebundle_(self, **options): raise AssertionError("it opens a browser")
    def to_image(self, format):
        import kaleido
        import random
        uid = f"{random.SystemRandom().randrange(16 ** 6):06x}"
        parts = f'<defs id="defs-{uid}"/><g id="clip{uid}"/>'
        return f'<svg xmlns="http://www.w3.org/2000/svg" class="main-svg">{parts}</svg>'.encode()
"""
ALTAIR = """\
class TopLevelMixin:
    def __repr__(self): return "alt.Chart(...)"
    def _repr_mimebundle_(self, include=None, exclude=None): return {"text/html": "<script>draw()</script>"}
    def save(self, file, format):
        file.write('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><g pointer-events="none"/></svg>')
"""
PAGE = """\
# %% plotly alt="a line"
from plotly.basedatatypes import BaseFigure
class Figure(BaseFigure): pass
Figure()
# %% altair alt="a bar"
import altair
class Chart(altair.TopLevelMixin): pass
Chart()
"""


@pytest.fixture
def charts(folder: GuideFolder) -> GuideFolder:
    """A guide with a page of two charts; no exporter is there."""
    folder.write("snippets/plotly/basedatatypes.py", PLOTLY)
    folder.write("snippets/altair.py", ALTAIR)
    plain(folder).snippet("page", PAGE)
    return folder


def shown(folder: GuideFolder, cell: str) -> dict[str, str]:
    """The recorded forms of a cell, by the end of the file's name."""
    record = folder.record("page")
    found = record.cell(cell)
    assert found is not None
    files = [file.file for output in found.outputs for file in output.files]
    return {name.partition(".")[2]: record.contents[name].decode() for name in files}


def test_a_chart_that_nothing_draws_is_its_text_and_the_page_says_what_would_draw_it(charts: GuideFolder) -> None:
    assert charts.run().failures == {}
    assert shown(charts, "plotly") == {"rich.txt": "Figure({})", "rich.note": "plotly\n"}
    assert shown(charts, "altair") == {"rich.txt": "alt.Chart(...)", "rich.note": "altair\n"}
    BUILDERS["mkdocs"](charts)
    html = article(charts.root / "site", "page")
    assert "Figure({})" in html
    assert "drawn where its exporter works while pages run: kaleido, with Chrome" in html
    assert "drawn where its exporter is installed: pip install vl-convert-python" in html


def test_a_chart_is_a_still_image_where_its_library_draws_one(charts: GuideFolder) -> None:
    charts.write("snippets/kaleido.py", "")
    charts.write("snippets/vl_convert.py", "")
    assert charts.run().failures == {}
    parts = '<defs id="defs-galley"/><g id="clipgalley"/>'
    assert shown(charts, "plotly") == {
        "image.svg": f'<svg xmlns="http://www.w3.org/2000/svg" class="main-svg">{parts}</svg>'
    }
    assert list(shown(charts, "altair")) == ["image.svg"]
    assert "page (laptop): unchanged" in charts.run(everything=True).said
    BUILDERS["mkdocs"](charts)
    html = article(charts.root / "site", "page")
    assert html.count('aria-label="a bar"') == 1, "it stands in the page, not as a file of its own"
    assert "pointer-events" not in html


def test_what_is_wrong_with_a_chart_of_altair_fails_the_page(charts: GuideFolder) -> None:
    charts.write("snippets/vl_convert.py", "")
    charts.write("snippets/altair.py", ALTAIR.replace("file.write(", "raise ValueError("))
    (said,) = charts.run().failures.values()
    assert "page page (laptop) in cell altair: ValueError" in said
