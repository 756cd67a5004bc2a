"""In the builder: two summaries of a guide's records: its facts in one strip, and the state of each page.

Both are counted when the site is built, so that no number in them is typed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from galley.config import Project
from galley.kinds.markup import escape
from galley.kinds.table import TableKind
from galley.record.facts import environment, facts_line, other_versions
from galley.record.model import Record
from galley.record.status import SHOWABLE, Status, statuses
from galley.site.checked import RERUN, SIGNED, beyond, days_in_words, facts, held_line, in_words, not_run, shared_facts
from galley.site.claims import page_title
from galley.site.lists import List, Listed
from galley.source.cells import Cell
from galley.words import counted

CSS = (Path(__file__).parent / "styles" / "summary.css").read_text(encoding="utf-8")
NUMBERS = ("Cells", "Claims", "Took")  # columns whose cells stand below each other by their ends
COLUMNS = ("Page", "Ran on", "Checked", "With", "Cells", "Claims", "Took", "Since")


class Facts(List):
    """How much of the guide is checked, and when, in one line."""

    name, css = "facts", CSS

    def holds(self, cell: Cell) -> bool:
        """Every cell counts."""
        return True

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """The numbers of claims, cells and pages, and the days of their records."""
        parts = [f"<b>{number}</b>{said.removeprefix(str(number))}" for number, said in _counted(found)]
        if days := _days(found):
            parts.append(f"checked {days_in_words(days)}")
        return f'<p class="galley-facts">{" ".join(f"<span>{part}</span>" for part in parts)}</p>'

    def markdown(self, project: Project, found: Sequence[Listed]) -> str:
        """The same numbers, and the first and the last day."""
        parts = [said for _, said in _counted(found)]
        if days := _days(found):
            parts.append("checked " + " to ".join(dict.fromkeys((days[0], days[-1]))))
        return f"{', '.join(parts)}\n"


class States(List):
    """Each page under each profile: when it was checked, on what, and what is known of it now."""

    name, css, columns = "states", TableKind.css + CSS, COLUMNS

    def holds(self, cell: Cell) -> bool:
        """Every cell belongs to a page."""
        return True

    def html(self, project: Project, found: Sequence[Listed]) -> str:
        """A table with a row for each page and profile."""
        files = _by_file(found)
        records = [each.record for each in found if each.record]
        shared = shared_facts([facts(project, record) for record in records])
        rows = [row for here in files.values() for row in _rows(project, here, shared)]
        all_on = ", ".join(shared[name] for name in project.line if name in shared)
        caption = f"<caption>All of them ran with {escape(all_on)}.</caption>" if all_on else ""
        head = "".join(f'<th scope="col"{_aligned(column)}>{column}</th>' for column in self.columns)
        return (
            '<div class="galley-sheet" tabindex="0"><table class="galley-rows galley-states">'
            f"{caption}<thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        )

    def markdown(self, project: Project, found: Sequence[Listed]) -> str:
        """A line for each page and profile: when it was checked, or why it is not shown."""
        lines = []
        for here in _by_file(found).values():
            for each in statuses(project, here[0].snippets):
                record = each.record if each.state in SHOWABLE else None
                said = f"checked on {facts_line(record, project.line)}" if record else each.state.value
                said += f", {held_line(each.held)}" if each.held else ""
                lines.append(f"- {here[0].page.as_posix()}, {each.profile.title}: {said}\n")
        return "".join(lines)


def _by_file(found: Sequence[Listed]) -> dict[str, list[Listed]]:
    files: dict[str, list[Listed]] = {}
    for each in found:
        files.setdefault(each.snippets.stem, []).append(each)
    return files


def _counted(found: Sequence[Listed]) -> list[tuple[int, str]]:
    claims = sum("claim" in each.cell.tags for each in found)
    cells = sum(each.cell.runs for each in found)
    numbers = {"claim": claims, "cell": cells, "page": len({each.page for each in found})}
    return [(number, counted(number, noun)) for noun, number in numbers.items()]


def _days(found: Sequence[Listed]) -> list[str]:
    return sorted({each.record.date for each in found if each.record})


def _rows(project: Project, here: Sequence[Listed], shared: Mapping[str, str]) -> Iterator[str]:
    title = f'<a href="{escape(here[0].address)}">{page_title(project.docs / here[0].page)}</a>'
    for found in statuses(project, here[0].snippets):
        yield _row(project, title, found, shared)


def _aligned(column: str) -> str:
    return ' class="galley-number"' if column in NUMBERS else ""


def _row(project: Project, title: str, found: Status, shared: Mapping[str, str]) -> str:
    snippets = found.snippets
    claims = sum("claim" in cell.tags for cell in snippets.cells)
    record = found.record if found.state in SHOWABLE else None
    if record is None:
        told = ["", "", str(len(snippets.cells)), str(claims), "", not_run(found)]
    else:
        seconds = sum(cell.seconds for cell in record.cells)
        told = [
            f'<time datetime="{escape(record.date)}">{escape(in_words(record.date))}</time>',
            escape(_with(project, record, shared)),
            str(len(record.cells)),
            str(claims),
            f"{seconds:.1f} s",
            escape(_since(project, found, record)),
        ]
    cells = [f'<th scope="row">{title}</th>', f"<td>{escape(found.profile.title)}</td>"]
    cells += [
        f'<td{_aligned(name)} data-column="{name}">{part}</td>' for name, part in zip(COLUMNS[2:], told, strict=True)
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _with(project: Project, record: Record, shared: Mapping[str, str]) -> str:
    """What a record ran on, as far as the guide wants it said and not all of them share it."""
    known = facts(project, record)
    return ", ".join(
        filter(None, (beyond(known[name], shared.get(name, "")) for name in project.line if name in known))
    )


def _since(project: Project, found: Status, record: Record) -> str:
    """What is known of a record beyond its run: drift, who reran it, who signed it."""
    known = facts(project, record)
    drift = [f"{what} where this was built" for what in _newer(project, record)]
    kept = [held_line(found.held)] if found.held else []
    parts = [*kept, *drift, *(known[name] for name in (RERUN, SIGNED) if name in known)]
    return "; ".join(parts) or ("held to its code at each build" if found.profile.required else "")


def _newer(project: Project, record: Record) -> Iterator[str]:
    """The versions that are others where the site is built; a processor says nothing to a reader."""
    return other_versions(record.environment, environment(project.packages))
