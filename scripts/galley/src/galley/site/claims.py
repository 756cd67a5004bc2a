"""In the builder: the list of all claims of a guide, and the title of a page in a list."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from galley.config import Project
from galley.kinds.markup import escape, inline
from galley.record.facts import facts_line
from galley.record.model import Record
from galley.site.lists import DOUBTED, List, Listed
from galley.source.cells import Cell
from galley.source.lines import title
from galley.words import counted


class Claims(List):
    """All claims: a heading for each page, and under it a list for each record, with what the record ran on."""

    name, entry = "claims", "claim"
    css = (Path(__file__).parent / "styles" / "claims.css").read_text(encoding="utf-8")

    def holds(self, cell: Cell) -> bool:
        """The cells with the tag."""
        return "claim" in cell.tags

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """A heading for each page, and below it a list for each record."""
        pages: dict[Path, dict[str, list[Listed]]] = {}
        for each in found:
            pages.setdefault(each.page, {}).setdefault(each.snippets.stem, []).append(each)
        parts = [
            f"<p>{counted(len(found), 'claim')} on {counted(len(pages), 'page')}. Each is an assertion that ran.</p>"
        ]
        for shown, files in pages.items():
            parts.append(f'<h2 id="claims-{shown.stem}">{page_title(project.docs / shown)}</h2>')
            for here in files.values():
                items = "".join(f"<li{DOUBTED * each.doubted}>{each.link}</li>" for each in here)
                checked = _checked(project, here[0].record)
                parts.append(
                    f'<p class="galley-checked" data-search-exclude>{checked}</p><ul class="galley-claims">{items}</ul>'
                )
        return "".join(parts)


def _checked(project: Project, record: Record | None) -> str:
    """The versions and the day of the record with which claims were checked."""
    if record is None:
        return "not checked"
    packages = [name for name in project.line if name in record.environment.packages]
    return escape(f"checked on {facts_line(record, [*packages, 'Python'])}")


def page_title(path: Path) -> str:
    """The title of a page as HTML: its first heading, else the name of its file."""
    return inline(title(path.read_text(encoding="utf-8-sig").split("\n")) or path.stem)
