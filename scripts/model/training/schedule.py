"""Warmup, stable, decay: a learning rate that can be finished from any checkpoint; and the data mix."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Schedule:
    """The learning rate as a function of the step, and of nothing else."""

    peak: float
    warmup: int
    decay_start: int
    decay_steps: int

    @property
    def steps(self) -> int:
        """All steps, the decay included."""
        return self.decay_start + self.decay_steps

    def rate(self, step: int) -> float:
        """Learning rate at `step` (from 0): up in a line, flat, down in a line to a hundredth."""
        if step < self.warmup:
            return self.peak * (step + 1) / self.warmup
        if step < self.decay_start:
            return self.peak
        left = 1 - (step - self.decay_start + 1) / self.decay_steps
        return self.peak * max(left, 0.01)


def planned(peak: float, warmup: int, steps: int, decay: float) -> Schedule:
    """A schedule of `steps` steps whose last share `decay` is the decay."""
    decay_steps = max(1, round(steps * decay))
    return Schedule(peak, warmup, steps - decay_steps, decay_steps)


def finished_from(peak: float, warmup: int, step: int, decay: float) -> Schedule:
    """A schedule whose decay starts now, at `step`, and makes up the share `decay` of the whole run."""
    return Schedule(peak, warmup, step, max(1, round(step * decay / (1 - decay))))


@dataclass(frozen=True)
class Mix:
    """From which step on which share of the rows holds generated functions: ((step, share), …), sorted."""

    phases: tuple[tuple[int, float], ...] = ((0, 0.0),)

    def share(self, step: int) -> float:
        """The share of function rows at `step`."""
        return next(share for start, share in reversed(self.phases) if start <= step)

    @property
    def has_functions(self) -> bool:
        """Whether any phase holds generated functions."""
        return any(share > 0 for _, share in self.phases)

    @classmethod
    def parse(cls, words: list[str]) -> "Mix":
        """Read `STEP:SHARE` words. Raises ValueError for a share outside [0, 1] or no phase at step 0."""
        phases = sorted((int(step), float(share)) for step, share in (word.split(":") for word in words))
        if not phases or phases[0][0] != 0 or any(not 0 <= share <= 1 for _, share in phases):
            raise ValueError(f"mix {words} needs a phase at step 0 and shares between 0 and 1")
        return cls(tuple(phases))
