"""Decisions on what changed, and what each of them does.

In the command. A record is all or nothing, so that a page's cells cannot be rejected or held one by one: the whole
record goes back. What was accepted counts as long as neither side changes. A record that is put back over loses
nothing: the new one is kept (`review.kept`), as a folder of records that can be named.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path
from shlex import quote

import msgspec

from galley.config import Project
from galley.errors import GalleyError, Place, RefusedError, UsageError
from galley.record.days import today
from galley.record.held import Held, check_reason, held_pages, hold, release
from galley.record.status import store_of
from galley.record.whole import whole
from galley.review.base import Base
from galley.review.changed import Item, Page, Review
from galley.review.kept import accepted, keep, set_aside


class Verb(StrEnum):
    """What can be decided."""

    ACCEPT = "accept"
    REJECT = "reject"
    HOLD = "hold"


@dataclass(frozen=True)
class Decision:
    """A decision on an item; only a hold has a reason."""

    verb: Verb
    reason: str = ""


Decisions = dict[str, Decision]  # by the key of an item


class _Decided(msgspec.Struct):
    """An item of a file of decisions, as `galley review --json` writes it and somebody fills it in."""

    key: str
    decision: str = ""
    reason: str = ""
    state: str = ""


class _File(msgspec.Struct):
    items: list[_Decided]


@dataclass
class Desk:
    """A review with the decisions on it; what is decided is done at once, and kept.

    `said` is what the user called the base, and `told` what the next message says.
    """

    project: Project
    base: Base
    review: Review
    said: str = "HEAD"
    decided: Decisions = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @property
    def again(self) -> str:
        """The command that reviews the same again."""
        return "galley review" if self.said == "HEAD" else f"galley review {quote(self.said)}"

    @property
    def undecided(self) -> list[tuple[Page, Item]]:
        """The items that wait, the gravest first."""
        return [each for each in self.review.items if each[1].decides and each[1].key not in self.decided]

    def check(self, page: Page, decision: Decision) -> None:
        """Raises RefusedError or UsageError where a decision cannot be done."""
        if decision.verb is Verb.ACCEPT:
            return
        if os.environ.get("CI"):
            raise RefusedError("CI writes no records: it can accept, and neither reject nor hold", Place(page.path))
        if decision.verb is Verb.HOLD:
            check_reason(page.key, decision.reason)
            if page.name not in self.base.records:
                mend = f"reject it, or accept it: {self.again} --accept {quote(page.key)}"
                raise UsageError(f"{page.key} has no record in {self.base.name} that could be held", mend=mend)

    def decide(self, page: Page, items: Sequence[Item], decision: Decision) -> None:
        """Accept items of a page; or reject or hold the page, whatever the items are. Raises what `check` raises."""
        self.check(page, decision)
        if decision.verb is Verb.ACCEPT:
            keep(self.project, _states(items))
            self.decided |= {item.key: decision for item in items}
            return
        self.told += _put_back(self, page, decision)
        keep(self.project, (), gone=_states(page.items))
        self.decided |= {item.key: decision for item in page.items}

    def resume(self) -> None:
        """Take the decisions of earlier sessions, as far as they are of what there is now."""
        known = set(accepted(self.project))
        self.decided |= {
            item.key: Decision(Verb.ACCEPT) for _, item in self.review.items if (item.key, item.state) in known
        }


def _states(items: Iterable[Item]) -> list[tuple[str, str]]:
    return [(item.key, item.state) for item in items]


def _put_back(desk: Desk, page: Page, decision: Decision) -> list[str]:
    """Put the base's record of a page back, and note a held page; returns what to tell.

    The hold comes first. Whoever is killed behind it reviews the page again, and finds the reason in the list. The
    other way round nobody would hear that the page was to be held: its record would be that of the base.
    """
    store, name = store_of(desk.project), page.name
    files = desk.base.files(name) if name in desk.base.records else {}  # before they are set aside: it may be them
    if files:
        whole(*name, files, files.__getitem__, Path(desk.base.name))  # before anything changes
    earlier = held_pages(store).get(name)
    said = _hold(desk, page, decision)
    try:
        told = set_aside(desk.project, name, page.now)
        if files:
            store.put_back(*name, files)
            told = [f"{page.key}: the whole record is that of {desk.base.name} again", *told]
        elif page.now:
            store.remove(*name)
            told = [f"{page.key}: its record is gone, as in {desk.base.name}", *told]
    except (GalleyError, OSError):
        hold(store, [earlier]) if earlier else release(store, *name)
        raise
    return [*told, *said]


def _hold(desk: Desk, page: Page, decision: Decision) -> list[str]:
    """Note a page as held, anew or as it was in the base; returns what to tell."""
    store, name = store_of(desk.project), page.name
    if decision.verb is Verb.HOLD:
        held = Held(page=name[0], profile=name[1], since=today(), reason=decision.reason, versions=page.versions)
        hold(store, [held])
        return [f"{page.key}: {held}\n    ends the hold: {held.mend}"]
    if earlier := desk.base.held.get(name):
        hold(store, [earlier])
        return [f"{page.key}: held again, as in {desk.base.name}"]
    return []


def asked_for(
    review: Review, accepted: Iterable[str], rejected: Iterable[str], held: Iterable[str], reason: str
) -> list[tuple[Page, list[Item], Decision]]:
    """The decisions that options name by the key of an item or of a page.

    Raises UsageError for a key that is none, and where one page is to be decided in two ways.
    """
    words = [(Verb.ACCEPT, accepted), (Verb.REJECT, rejected), (Verb.HOLD, held)]
    pairs = [(key, Decision(verb, reason if verb is Verb.HOLD else "")) for verb, keys in words for key in keys]
    return _matched(review, pairs)


def read_decisions(review: Review, file: Path) -> list[tuple[Page, list[Item], Decision]]:
    """The decisions in a file of the form that `--json` writes; an item without a decision is passed over.

    Raises GalleyError where the file is none, UsageError for a decision on what is not there or is another by now.
    """
    states = {item.key: item.state for _, item in review.items}
    try:
        items = msgspec.json.decode(file.read_bytes(), type=_File).items
        pairs = [(each, Decision(Verb(each.decision), each.reason)) for each in items if each.decision]
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", Place(file), "name a file of decisions") from error
    except (ValueError, RecursionError) as error:
        mend = 'each item of "items" has a "key", a "decision" (accept, reject or hold) and perhaps a "reason"'
        raise GalleyError(f"holds no decisions: {error}", Place(file), mend) from error
    for each, _ in pairs:
        if each.state and states.get(each.key, each.state) != each.state:
            raise UsageError(f"{each.key} is another change now than when the file was written", Place(file), LOOK)
    return _matched(review, [(each.key, decision) for each, decision in pairs])


LOOK = "look again: galley review --json"


def _matched(review: Review, pairs: Sequence[tuple[str, Decision]]) -> list[tuple[Page, list[Item], Decision]]:
    found: list[tuple[Page, list[Item], Decision]] = []
    verbs: dict[str, Verb] = {}
    for key, decision in pairs:
        page = next((each for each in review.pages if key == each.key or key in _keys(each)), None)
        if page is None:
            known = ", ".join(item.key for _, item in review.items) or "nothing"
            raise UsageError(f"'{key}' is no change since {review.base}", mend=f"what changed: {known}")
        if verbs.setdefault(page.key, decision.verb) is not decision.verb:
            what = f"{page.key} has the decision '{verbs[page.key]}' in one part and '{decision.verb}' in another"
            raise UsageError(what, mend="a record is all or nothing: accept all of it, or reject or hold the page")
        found.append((page, [item for item in page.items if key in (item.key, page.key)], decision))
    return found


def _keys(page: Page) -> set[str]:
    return {item.key for item in page.items}


def as_json(review: Review, decided: Mapping[str, Decision]) -> str:
    """The review as JSON, to be read by a program, or filled in and given to `--decisions`."""
    pages = [_page_json(page, decided) for page in review.pages]
    facts = [{"fact": fact.name, "was": fact.was, "now": fact.now, "pages": on} for fact, on in review.facts.items()]
    items = [item for page in pages for item in page]
    held = [asdict(each) for each in review.held]
    said = {"base": review.base, "same": review.same, "facts": facts, "held": held, "items": items}
    return json.dumps(said, indent=1, ensure_ascii=False) + "\n"


def _page_json(page: Page, decided: Mapping[str, Decision]) -> list[dict[str, object]]:
    return [
        {
            "key": item.key,
            "decision": decided[item.key].verb.value if item.key in decided else "",
            "reason": "",
            "state": item.state,
            "class": item.grave.value,
            "what": item.what,
            "page": page.path.as_posix(),
            "profile": page.profile.name,
            "claim": item.claim,
            "code_changed": item.other_code,
            "excused": not item.decides,
            "outputs": [
                {
                    "file": each.file,
                    "class": each.difference.change.value,
                    "what": each.difference.what,
                    "columns": each.difference.head,
                    "rows": each.difference.rows,
                    "may": each.may,
                }
                for each in item.outputs
            ],
            "quotes": [{**asdict(each), "page": each.page.as_posix()} for each in item.quotes],
        }
        for item in page.items
    ]
