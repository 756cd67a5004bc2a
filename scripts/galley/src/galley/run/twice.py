"""Whether a page repeats: what differs between two runs of one page, with nothing changed between them.

In the command. An output that another run does not repeat is no lie, and nobody can check it either. So a cell says on
its line that it varies, and why; a cell that varies without saying so fails.
"""

from __future__ import annotations

from galley.kinds import Kinds
from galley.record.compare import changes
from galley.record.model import Record
from galley.run.failure import Failure
from galley.source.cells import SnippetFile

MEND = 'seed what is drawn, or say why on the cell\'s line: varies="the reason"'


def not_repeated(first: Record, second: Record, snippets: SnippetFile, kinds: Kinds) -> Failure | None:
    """The failure of a page with a cell whose outputs differ between two runs, without its saying so."""
    found = [each for each in changes(first, second, snippets, kinds) if not each.may]
    if not found:
        return None
    names = list(dict.fromkeys(each.cell.name for each in found))
    cells = f"{len(names)} cells: {', '.join(names)}" if len(names) > 1 else "this cell"
    what = f"ran twice, and the second run did not repeat the outputs of {cells}\n    {MEND}"
    return Failure(first.page, first.profile, names[0], found[0].cell.place, what, "\n".join(map(str, found)))
