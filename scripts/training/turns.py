"""The turns of a training run, read from its log: the rate is flat, then falls; a finished model may begin another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.schedule import planned

Event = Mapping[str, Any]
UNKNOWN = 1_000_000_000  # steps, where a log does not say how far a call was to go


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

    def command(self, mix: Sequence[Sequence[float]]) -> str:
        """The call that trains this turn, after those before it."""
        phases = "".join(f" --mix {step}:{share:g}" for step, share in mix if step < self.last)
        decay = f"{(self.last - self.fall) / self.last:.5g}"
        further = " --go-on" if self.first else ""
        return f"python scripts/train_base.py{further} --steps {self.last} --rate {self.rate:g} --decay {decay}{phases}"


def turns(events: Sequence[Event]) -> list[Turn]:
    """All turns of a run, oldest first; the last one ends with the last step that was logged."""
    found: list[Turn] = []
    last = [e for e in events if e["event"] == "step"][-1]["step"]
    for end in [*(e["step"] for e in events if e["event"] == "go on"), last]:
        first = found[-1].last if found else 0
        turn = _turn(first, end, [e for e in events if first <= e.get("step", -1) < end])
        if turn.fall < end or end == last:  # else the rate had not begun to fall: it is the same turn still
            found.append(turn)
    return found


def _turn(first: int, end: int, inside: Sequence[Event]) -> Turn:
    """The turn between two steps, from what was logged there; its last start says what it was to be."""
    start = [e for e in inside if e["event"] == "start"][-1]
    steps = [e["steps"] for e in inside if e["event"] in ("start", "go on") and "steps" in e]
    meant = planned(start["rate"], start["warmup"], steps[-1] if steps else UNKNOWN, start["decay"])
    fall = min([e["step"] for e in inside if e["event"] == "finish"], default=meant.decay_start)
    return Turn(first, min(fall, end), end, start["rate"])
