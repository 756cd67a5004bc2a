"""galley's own documentation is a guide: its records are true and repeat, its site builds, its links lead somewhere.

One of its pages shows every tag and option at work. The tests name what a table of galley's has and that page does not.
"""

from __future__ import annotations

import ast
import re
import shutil
from collections.abc import Iterable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from galley.config import find_project
from galley.site.exec_options import CHECKS
from galley.site.switched_on import switched_off
from galley.source import fences
from galley.source.cells import Cell
from galley.source.fences import Fence
from galley.source.guide import read_guide
from galley.source.tags import LISTS, OPTIONS, TAGS
from guide_folder import GuideFolder

ROOT = Path(__file__).parents[2] / "scripts" / "galley"
PARTS = ("docs", "snippets", "mkdocs.yml", "pyproject.toml")
GUIDE = read_guide(find_project(ROOT))
AT_WORK = Path("docs/at-work.md")
REFUSED = {"workdir"}  # options of a fence that are always an error: a cell of the page shows the error
UNSEEN = "remove-cell"  # no fence may name such a cell: what it binds is at work in the cell below it
ADD = f"give {AT_WORK} a small cell that uses it, with its output under it"


def at_work() -> list[Fence]:
    """The fences of the page that shows everything."""
    return [each for each in GUIDE.fences if each.place.path == AT_WORK]


def cell_of(fence: Fence) -> Cell:
    """The cell that a fence shows."""
    found = GUIDE.snippets[fence.file].cell(fence.cell)
    assert found is not None, f"{fence.place}: no cell is named {fence.name}"
    return found


def shown() -> list[Cell]:
    """The cells of the page that shows everything."""
    return [cell_of(each) for each in at_work() if not each.listing]


def unseen() -> list[Cell]:
    """The cells with a tag that keeps them from every page, whose names the next cell uses on the page."""
    found = []
    for stem in {fence.file for fence in at_work() if not fence.listing}:
        for cell, following in pairwise(GUIDE.snippets[stem].cells):
            bound, read = (names(each, kind) for each, kind in ((cell, ast.Store), (following, ast.Load)))
            if UNSEEN in cell.tags and following in shown() and bound & read:
                found.append(cell)
    return found


def names(cell: Cell, kind: type[ast.expr_context]) -> set[str]:
    """The names that a cell binds (`ast.Store`) or reads (`ast.Load`)."""
    nodes = (node for statement in cell.statements for node in ast.walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, kind)}


def missing(names: Iterable[str], used: Iterable[str], what: str) -> str:
    """What to do about the names that are not used; nothing where all are."""
    left = sorted({*names} - {*used})
    return f"{what} that no cell of the page uses: {', '.join(left)}; {ADD}" if left else ""


def test_every_tag_and_option_of_a_cell_is_at_work() -> None:
    tags = {tag for cell in [*shown(), *unseen()] for tag in cell.tags}
    options = {each.name for cell in shown() for each in OPTIONS if cell.options[each.name] != each.default}
    assert missing([each.name for each in TAGS], tags, "tags") == ""
    assert missing([each.name for each in OPTIONS], options, "options") == ""


def test_every_option_of_a_fence_and_every_list_is_at_work() -> None:
    used = {name for each in at_work() for name in each.options}
    used |= {"exec", *("list" if each.listing else "cell" for each in at_work())}
    wanted = {*(each.name for each in fences.OPTIONS), *CHECKS}
    assert missing(wanted - REFUSED, used, "options of a fence") == ""
    assert missing(LISTS, [each.listing for each in at_work()], "lists") == ""


def test_an_option_that_is_always_an_error_is_shown_with_that_error() -> None:
    written = GuideFolder(ROOT).output("at-work", "refused.stdout.txt")
    for name in REFUSED:
        assert f'a/b: {name}="data": a cell runs in a folder of its own\n' in written


def test_above_each_cell_stands_what_its_author_typed() -> None:
    """So that a reader sees the line with the tags, which the page does not show, exactly as it is."""
    lines = (ROOT / AT_WORK).read_text(encoding="utf-8").split("\n")
    assert len(at_work()) > 30
    for fence in at_work():
        header = lines[fence.place.line - 1].removeprefix("```python ")
        own = header.removeprefix(f'exec="on" cell="{fence.name}"').strip()
        typed = {header, own}
        if not fence.listing and not own:
            cell = cell_of(fence)
            typed.add((ROOT / cell.place.path).read_text(encoding="utf-8").split("\n")[cell.place.line - 1])
        above = next(line for line in reversed(lines[: fence.place.line - 1]) if line)
        assert above.strip("`") in typed, f"{fence.place}: above it stands {above}, and its author typed one of {typed}"


def test_of_a_cell_that_stands_on_no_page_its_line_is_told_and_the_next_cell_uses_its_names() -> None:
    text = (ROOT / AT_WORK).read_text(encoding="utf-8")
    (cell,) = unseen()
    line = (ROOT / cell.place.path).read_text(encoding="utf-8").split("\n")[cell.place.line - 1]
    assert text.index(f"`[{UNSEEN}]`") < text.index(f"\n`{line}`\n")


def test_each_heading_names_what_is_at_work_below_it() -> None:
    """A new tag is found in the page's contents."""
    text = (ROOT / AT_WORK).read_text(encoding="utf-8")
    headings = re.findall(r"^### (.*)$", text, re.MULTILINE)
    named = {each.strip("[]") for heading in headings for each in heading.split("`")[1::2]}
    wanted = {each.name for each in (*TAGS, *OPTIONS, *fences.OPTIONS)}
    assert wanted <= named, f"no heading of {AT_WORK} names: {', '.join(sorted(wanted - named))}"


def test_the_records_are_true_and_nothing_is_wrong_with_the_pages() -> None:
    assert list(map(str, GuideFolder(ROOT).findings() + switched_off(GUIDE))) == [], (
        "type what mends it in scripts/galley"
    )


def test_every_page_is_in_the_menu_and_says_what_it_is_for() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2].partition("\n\n")[0]
    named = re.findall(r": ([\w-]+\.md)$", menu, re.MULTILINE)
    assert sorted(named) == sorted(path.name for path in (ROOT / "docs").glob("*.md"))
    for path in (ROOT / "docs").glob("*.md"):
        assert re.match(r'---\ndescription: "?[^"\n]{50,155}"?\n---\n', path.read_text(encoding="utf-8")), path.name


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> GuideFolder:
    """A copy of the documentation, without galley's sources, as somebody has it who has unpacked the sdist."""
    root = tmp_path_factory.mktemp("documentation")
    for part in PARTS:
        to = root / part
        shutil.copytree(ROOT / part, to) if (ROOT / part).is_dir() else shutil.copy(ROOT / part, to)
    return GuideFolder(root)


def test_another_run_prints_what_the_records_say(copy: GuideFolder) -> None:
    done = copy.galley("test")
    assert done.returncode == 0, done.stdout


class Links(HTMLParser):
    """The links of a page, and the places that a link may end in."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the places and the links of an element."""
        given = {name: value or "" for name, value in attrs}
        self.places |= {given[name] for name in ("id", "name") if name in given}
        if tag == "a" and "href" in given:
            self.links.append(given["href"])


def test_the_site_builds_with_galley_alone_and_its_links_lead_somewhere(copy: GuideFolder) -> None:
    done = copy.galley("build")  # with the policy of the pages, which no part of the theme may be against
    assert done.returncode == 0, done.stdout
    site = copy.root / "site"
    found = {page: Links(page) for page in site.rglob("*.html") if page.name != "404.html"}
    assert len(found) == len(GUIDE.pages)
    count = 0
    for page, own in found.items():
        for link in own.links:
            address, _, place = unquote(link).partition("#")
            if urlsplit(link).scheme:
                continue
            target = (page.parent / address).resolve() if address else page
            target = target / "index.html" if target.is_dir() else target
            assert target.is_file(), f"{page.relative_to(site)}: {link} leads to no file"
            if place and target in found:
                assert place in found[target].places, f"{page.relative_to(site)}: {link} leads to no such place"
                count += 1
    assert count > 50
