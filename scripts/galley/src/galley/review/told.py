"""A review in words: for a terminal, and as Markdown for a pull request.

In the command.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from galley.kinds.ansi import plain
from galley.kinds.markup import escape
from galley.record.difference import shortened
from galley.record.held import Held
from galley.review.changed import Fact, Item, Page, Review
from galley.review.decide import Decision
from galley.words import counted

PIECES = 12  # pieces of a difference in the Markdown of one output


def heading(review: Review) -> Iterator[str]:
    """What changed of the runs, and how much there is to decide."""
    yield f"changes since {review.base}"
    for fact, pages in review.facts.items():
        yield f"  {fact_line(fact)} ({of_pages(pages, review)})"
    yield from (f"  {held_line(each)}" for each in review.held)
    if review.same:
        yield f"  {counted(review.same, 'record')} claim the same"


def held_line(held: Held) -> str:
    """A page that is held now and was not, or for another reason."""
    return f"{held.key}: {held}"


def fact_line(fact: Fact) -> str:
    """A fact about the runs that is another than before, in words."""
    if fact.was and fact.now:
        return f"{fact.name}: {fact.was} became {fact.now}"
    return f"{fact.name}: {fact.now}, new" if fact.now else f"{fact.name}: {fact.was}, gone"


def of_pages(pages: Sequence[str], review: Review) -> str:
    """The pages whose runs a fact is about, in few words."""
    if len(pages) == len(review.pages) > 1:
        return f"all {len(pages)} pages"
    return ", ".join(pages[:5]) + (f" and {len(pages) - 5} more" if len(pages) > 5 else "")


def item_lines(page: Page, item: Item) -> Iterator[str]:
    """An item: what it is and where, each output that changed piece by piece, and the sentences that quote it."""
    yield f"{item.key}: {item.grave}" + (f" ({', '.join(item.tags)})" if item.tags else "")
    yield f"    {item.source.place if item.source else page.path}"
    if not item.outputs or item.grave == "new":
        yield f"    {item.what}"
        return
    for output in item.outputs:
        yield f"    {output.file} {output.difference.what}" + (f" (it may: {output.may})" if output.may else "")
        yield from (f"        {piece}" for piece in output.difference.pieces)
    for quote in item.quotes:
        then = f"{quote.was} becomes {quote.now}" if quote.now else f"it quotes {quote.was}, which stays as it is"
        yield f"    {quote.page}:{quote.line}: {then}: {shortened(quote.sentence)}"


def as_markdown(review: Review, decided: Mapping[str, Decision]) -> str:
    """A summary for a pull request: the runs in a line, a table of the items, and what differs folded below it.

    Whatever a record or a page says stands in code, where it is no markup, no link, and calls nobody by an @.
    """
    items = list(review.items)
    waiting = sum(item.decides and item.key not in decided for _, item in items)
    lines = [f"### Outputs that changed since {_code(review.base)}", ""]
    lines += [f"- {_code(fact_line(fact))} ({_code(of_pages(on, review))})" for fact, on in review.facts.items()]
    lines += [f"- {_code(held_line(each))}" for each in review.held]
    lines += [f"- {review.same} records claim the same", ""] if review.same else [""]
    if not items:
        return "\n".join([*lines, "No output changed.", ""])
    lines += ["| what | cell | how | decision |", "|---|---|---|---|"]
    for _, item in items:
        said = decided[item.key].verb.value if item.key in decided else ("waits" if item.decides else "may differ")
        how = ", ".join([_code(item.what), *item.tags])
        lines.append(f"| {item.grave} | {_code(item.key)} | {how} | {said} |")
    lines += ["", f"{waiting} of {len(items)} wait for a decision.", ""]
    for page, item in items:
        lines += _folded(page, item)
    return "\n".join(lines)


def _folded(page: Page, item: Item) -> Iterator[str]:
    """What differs in an item piece by piece, and the sentences that quote it; nothing where there is neither."""
    rows = [(each.file, each.difference) for each in item.outputs if each.difference.rows]
    if not rows and not item.quotes:
        return
    yield f"<details><summary><code>{escape(item.key)}</code>: {item.grave}</summary>\n"
    for file, difference in rows:
        yield f"{_code(file)} {_code(difference.what)}\n"
        yield f"| {' | '.join(difference.head)} |"
        yield f"|{'---|' * len(difference.head)}"
        for row in difference.rows[:PIECES]:
            yield f"| {' | '.join(_code(shortened(part)) for part in row)} |"
        yield ""
    for quote in item.quotes:
        became = f"is now {_code(quote.now)}" if quote.now else "is typed there, and stays"
        yield f"- {_code(f'{quote.page}:{quote.line}')}: {_code(quote.was)} {became}: {_code(quote.sentence)}"
    yield "\n</details>\n"


def _code(text: str) -> str:
    """A text in code, in which nothing means anything; nothing where there is no text."""
    said = " ".join(plain(text).split()).replace("`", "'").replace("|", "\\|")
    return f"`{said}`" if said else ""
