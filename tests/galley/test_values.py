"""The guide in galley's page about values: it is recorded and shown as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builders import BUILDERS, article, plain
from galley.kinds.rich import NOTES
from guide_folder import GuideFolder

PAGE = (Path(__file__).parents[2] / "scripts/galley/docs/values.md").read_text(encoding="utf-8")
FILES = {path: text for path, _, text in re.findall(r"^`([\w./]+)`:\n\n(`{3,})\w.*?\n(.*?\n)\2\n", PAGE, re.M | re.S)}
RECORDED = {path: text for path, text in FILES.items() if "/outputs/" in path}


@pytest.fixture(scope="module")
def guide(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """The guide of the page, recorded."""
    folder = GuideFolder.make(tmp_path_factory.mktemp("values"))
    for path, text in FILES.items():
        if path not in RECORDED:
            folder.write(path, text)
    assert folder.run().failures == {}
    return folder


@pytest.mark.parametrize("path", RECORDED)
def test_what_is_recorded_is_what_the_page_says(guide: GuideFolder, path: str) -> None:
    assert (guide.root / path).read_text(encoding="utf-8").rstrip("\n") == RECORDED[path].rstrip("\n")


def test_every_form_is_among_them(guide: GuideFolder) -> None:
    suffixes = {path.rpartition(".")[2] for path in RECORDED}
    assert suffixes == {"txt", "html", "md", "tex", "json", "svg", "note"}
    told = {Path(path).name for path in RECORDED}
    outputs = [output for cell in guide.record("values").cells for output in cell.outputs]
    files = {file.file for output in outputs for file in output.files}
    assert told <= files
    assert {each for each in files - told if not each.endswith(".rich.txt")} == set()


def test_the_page_as_markdown_has_each_as_a_text(guide: GuideFolder) -> None:
    settings = guide.root / "pyproject.toml"
    settings.write_text(FILES["pyproject.toml"].replace("[tool.galley]\n", "[tool.galley]\nmarkdown = true\n"))
    BUILDERS["mkdocs"](plain(guide))
    settings.write_text(FILES["pyproject.toml"])
    assert "The value:\n\n```\nsqrt(x)\n```" in (guide.root / "site/values.md").read_text(encoding="utf-8")


def test_the_page_shows_each_and_a_check_finds_nothing_wrong(guide: GuideFolder) -> None:
    assert guide.findings() == []
    settings = guide.root / "mkdocs.yml"
    settings.write_text(f"theme:\n  name: mkdocs\n{FILES['mkdocs.yml']}", encoding="utf-8")
    BUILDERS["mkdocs"](plain(guide))
    html = article(guide.root / "site", "values/index")
    for each in (
        "<td>1</td>",
        "<em>words</em>",
        r"\[ \sqrt{x} \]",
        "steps",
        'aria-label="a dot"',
        NOTES["script"][:40],
    ):
        assert each in html, each
