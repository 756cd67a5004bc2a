"""What a run would do, told from the records, and how several machines share it.

In the command. Nothing is run. Each machine works out all shares by itself, from its checkout alone: equal checkouts
give equal shares.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from heapq import heapify, heapreplace
from statistics import median
from typing import Any

import msgspec

from galley.config import Project
from galley.record.facts import ran_on
from galley.record.model import Name
from galley.record.shard import Note, Part, note_of
from galley.record.status import Status, store_of
from galley.run.choose import Task
from galley.source.digest import digest
from galley.words import counted

FORMAT = 1
UNKNOWN = 1.0  # seconds that a page is expected to take where no record of any page says how long one takes
OVERHEAD = 0.05  # seconds that a page takes beside its cells
MACHINE = ("cpu", "system")


@dataclass(frozen=True)
class Planned:
    """A page that would run, as `galley plan --json` tells it.

    `seconds`, `peak_mb` (in 10^6 bytes) and `facts` are those of its last run; None and nothing where it has no record.
    `devices` are patterns of device files that the profile may use, `gpus` is how many GPUs it says a page needs.
    `facts` has what the line under an output would say, with the processor. With shards, `shard` is the number of its
    own, from 1.
    """

    page: str
    profile: str
    state: str
    seconds: float | None
    peak_mb: float | None
    threads: int
    alone: bool
    network: bool
    devices: Sequence[str]
    gpus: int
    facts: dict[str, str]
    shard: int | None = None

    def __str__(self) -> str:
        took = "never recorded" if self.seconds is None else f"{self.seconds:.1f} s, {self.peak_mb:.0f} MB"
        words = [took, counted(self.threads, "thread"), "alone" if self.alone else ""]
        words += ["with network" if self.network else "", ", ".join(self.devices)]
        shard = f"shard {self.shard}: " if self.shard else ""
        return f"{shard}{Name(self.page, self.profile)}: {self.state}, {', '.join(filter(None, words))}"


def plan(project: Project, found: Iterable[Status], tasks: Sequence[Task], shards: int) -> list[Planned]:
    """The pages of these tasks, in the order in which they would begin; with `shards`, those of each shard together."""
    states = {each.name: each.state for each in found}
    shared = [(n, task) for n, share in enumerate(shares(tasks, shards), start=1) for task in share]
    return [_planned(project, task, str(states[task.name]), n if shards > 1 else None) for n, task in shared]


def _planned(project: Project, task: Task, state: str, shard: int | None) -> Planned:
    record, snippets = task.before, task.snippets
    known = ran_on(record) if record else {}
    return Planned(
        page=snippets.page,
        profile=task.profile.name,
        state=state,
        seconds=round(task.seconds, 3) if record else None,
        peak_mb=round(task.peak_mb, 1) if record else None,
        threads=snippets.threads,
        alone=task.alone,
        network=snippets.network,
        devices=task.profile.devices,
        gpus=task.profile.gpus,
        facts={name: known[name] for name in (*project.line, *MACHINE) if name in known},
        shard=shard,
    )


def to_json(planned: Sequence[Planned], shards: int) -> str:
    """The plan as JSON, with the seconds of each shard."""
    guess = _unknown([each.seconds for each in planned if each.seconds is not None])
    sums = [0.0] * max(shards, 1)
    for each in planned:
        sums[(each.shard or 1) - 1] += guess if each.seconds is None else each.seconds
    said: dict[str, Any] = {"format": FORMAT, "pages": [asdict(each) for each in planned]}
    said["shards"] = [{"shard": f"{n}/{len(sums)}", "seconds": round(each, 3)} for n, each in enumerate(sums, start=1)]
    return msgspec.json.format(msgspec.json.encode(said), indent=1).decode()


def shares(tasks: Sequence[Task], of: int) -> list[list[Task]]:
    """The tasks of each of so many machines: each task in exactly one, in shares of nearly equal time.

    The longest come first, each to the machine that has the least to do so far: the longest share is then at most a
    third longer than the best division has it. A page that was never recorded counts as long as the median of the
    others. Equal tasks with equal records give equal shares, in whichever order they come.
    """
    guess = _unknown([task.seconds for task in tasks if task.before])
    length = {task.name: OVERHEAD + (task.seconds if task.before else guess) for task in tasks}
    ordered = sorted(tasks, key=lambda task: (-length[task.name], task.name))
    found: list[list[Task]] = [[] for _ in range(max(of, 1))]
    loads = [(0.0, number) for number in range(len(found))]
    heapify(loads)
    for task in ordered:
        load, number = loads[0]
        found[number].append(task)
        heapreplace(loads, (load + length[task.name], number))
    return found


def _unknown(known: Sequence[float]) -> float:
    return median(known) if known else UNKNOWN


def share(
    project: Project, found: Sequence[Status], tasks: Sequence[Task], part: Part, *, everything: bool
) -> tuple[list[Task], Note]:
    """The tasks of one shard that are still to do, and its note, which is not written yet.

    Where this shard was begun before, its note has the plan; with `everything`, the pages that the note calls done are
    left out. Another request, or other code, is another run with a plan of its own.
    """
    code = [(*each.name, [cell.digest for cell in each.snippets.cells]) for each in found]
    key = digest(json.dumps([part.of, everything, code]))
    note = note_of(store_of(project), part)
    known = {task.name: task for task in tasks}
    if note is None or note.asked != key or not set(known) <= {each for share in note.plan for each in share}:
        note = Note(part, key, tuple(tuple(task.name for task in each) for each in shares(tasks, part.of)))
    done = note.done if everything else ()  # else what is done is true, and no task any more
    return [known[each] for each in note.own if each in known and each not in done], note
