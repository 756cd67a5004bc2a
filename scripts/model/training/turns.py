"""The turns of a training run, read from its log: in each the rate is flat, then falls; the next trains further."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Event = Mapping[str, Any]
FLAGS = ("depth", "batch", "workers", "seed")


@dataclass(frozen=True)
class Turn:
    """From step `first` to `last` with the learning rate at its peak `rate`, falling from `fall` on."""

    first: int
    fall: int
    last: int
    rate: float

    def row(self) -> str:
        """The turn as a row of the card's table."""
        return f"| {self.first:,} | {self.fall:,} | {self.last:,} | {self.rate:g} |"

    def command(self, start: Event) -> str:
        """The command that trains this turn after the turns before it; `start` has the settings of the run."""
        flags = "".join(f" --{flag} {start[flag]}" for flag in FLAGS)
        phases = "".join(f" --mix {step}:{share:g}" for step, share in start["mix"] if step < self.last)
        decay = f"{(self.last - self.fall) / self.last:.5g}"
        further = " --go-on" if self.first else ""
        schedule = f"--steps {self.last} --rate {self.rate:g} --decay {decay}"
        return f"python scripts/model/train_base.py --run again{further}{flags} {schedule}{phases}"


def turns(events: Sequence[Event]) -> list[Turn]:
    """All turns of a run, oldest first; the last one ends with the last step that was logged.

    Each `start` event states its schedule. If the rate was falling and the new schedule has it fall later, a new turn
    begins. Any other start belongs to the turn before: a call that resumes, or that chooses another end.
    """
    found: list[Turn] = []
    for start in (e for e in events if e["event"] == "start"):
        step, schedule = start["step"], (start["falls"], start["steps"], start["rate"])
        if found and not (found[-1].fall < step and found[-1].fall < start["falls"]):
            found[-1] = Turn(found[-1].first, *schedule)
            continue
        if found:
            found[-1] = replace(found[-1], last=step)
        found.append(Turn(step if found else 0, *schedule))
    last = [e["step"] for e in events if e["event"] == "step"][-1]
    found = [turn for turn in found if turn.first < last]
    return [*found[:-1], replace(found[-1], fall=min(found[-1].fall, last), last=last)]
