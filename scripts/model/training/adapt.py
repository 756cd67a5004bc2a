"""One training run of one method, on one thread; it can stop after any step and resume later."""

import hashlib
import itertools
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path

import torch
from transformers import AutoTokenizer

import exercises
from training import answers, checkpoint, tuned
from training.log import Log
from training.machine import machine, peak_memory
from training.methods import row
from training.schedule import Schedule, planned

DATA = ("all", "tenth", "half-a", "half-b")


class StoppedError(Exception):
    """The run was asked to stop; `train` saves a checkpoint before it lets this through."""


@dataclass(frozen=True)
class Run:
    """The settings that decide what a run computes; a resumed run must have the same ones.

    `data` is all (each pair seen once), tenth (a tenth of these pairs, each seen ten times), a number (so many of these
    pairs, again and again), or half-a or half-b (questions on every other exercise only).
    """

    method: str
    steps: int
    batch: int
    rate: float
    seed: int = 0
    data: str = "all"
    warmup: int = 20
    decay: float = 0.5
    clip: float = 1.0

    @property
    def schedule(self) -> Schedule:
        """Warmup, flat, then down over the last half."""
        return planned(self.rate, self.warmup, self.steps, self.decay)

    @property
    def distinct(self) -> int:
        """How many different draws from the stream of pairs the run sees."""
        seen = self.steps * self.batch
        return int(self.data) if self.data.isdigit() else max(1, seen // (10 if self.data == "tenth" else 1))

    def pairs(self) -> Iterator[exercises.Pair]:
        """The pairs in the order in which they are dealt into batches."""
        stream = exercises.pairs("train", self.seed)
        if self.data.startswith("half"):
            return (pair for pair in stream if half(pair.exercise) == self.data)
        return stream if self.data == "all" else repeated(list(islice(stream, self.distinct)), self.seed)


def half(exercise: str) -> str:
    """The half that an exercise belongs to: sorted by name, they alternate."""
    names = sorted(e.name for e in exercises.catalogue() if not e.unseen)
    return DATA[2 + names.index(exercise) % 2]


def repeated(pairs: list[exercises.Pair], seed: int) -> Iterator[exercises.Pair]:
    """All of `pairs` again and again, each time in another order."""
    for epoch in itertools.count():
        yield from random.Random(f"epoch {seed} {epoch}").sample(pairs, len(pairs))


@dataclass(frozen=True)
class Place:
    """The folders of a run and of its base model. The result goes to `folder`/trained."""

    folder: Path
    base: Path
    checkpoint_every: int = 100
    log_every: int = 10

    @property
    def saved(self) -> Path:
        """The trained adapter, or model."""
        return self.folder / "trained"

    @property
    def checkpoint(self) -> Path:
        """The checkpoint of an unfinished run."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Log:
        """The run's events."""
        return Log(self.folder / "log.jsonl")


@dataclass
class State:
    """What changes while training; `step` counts finished steps and is also the position in the batches."""

    net: tuned.Net
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    tokens: int = 0
    peak: float = 0.0
    recent: list[float] = field(default_factory=list)  # losses since the last event

    def save(self, path: Path) -> None:
        """Write a checkpoint, all or nothing."""
        content = {
            "trained": {name: p.detach() for name, p in tuned.trainable(self.net).items()},
            "optimizer": self.optimizer.state_dict(),
            "counts": (self.step, self.seconds, self.tokens, peak_memory(self.peak), self.recent),
        }
        checkpoint.write(path, content)

    @torch.no_grad()
    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        content = checkpoint.read(path)
        for name, parameter in tuned.trainable(self.net).items():
            parameter.copy_(content["trained"][name])
        self.optimizer.load_state_dict(content["optimizer"])
        self.step, self.seconds, self.tokens, self.peak, self.recent = content["counts"]


def digest(folder: Path) -> str:
    """A digest of a base model's weights, which tells it from any other."""
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:16]


def train(run: Run, place: Place, alive: Callable[[], None], until: int | None = None) -> None:
    """Train to the last step and save; a run that is saved is left alone. `until` ends it early and saves nothing.

    `alive` is called before each step; where it raises StoppedError, a checkpoint is saved first.
    """
    if place.saved.exists():
        return
    place.folder.mkdir(parents=True, exist_ok=True)
    tokenizer = AutoTokenizer.from_pretrained(place.base)
    state = fresh_state(run, place)
    log = place.log
    log.rewind(state.step)
    trainable, total = tuned.counts(state.net)
    method = row(run.method)
    facts = {"trainable": trainable, "parameters": total, "scaled": method.scaled, "astraios": method.astraios}
    log.write("start", step=state.step, **asdict(run), **facts, base=digest(place.base), machine=machine())
    for batch in islice(answers.batches(run.pairs(), run.batch), state.step, until or run.steps):
        try:
            alive()
        except StoppedError:
            state.save(place.checkpoint)
            raise
        rows = [answers.encode_pair(tokenizer, p.question, p.answer) for p in batch]
        train_step(state, answers.pad(rows, tokenizer.eos_token_id), run)
        if state.step % place.log_every == 0 or state.step == run.steps:
            report(state, run, log)
        if state.step % place.checkpoint_every == 0:
            state.save(place.checkpoint)
    if state.step < run.steps:
        return
    log.write("trained", step=state.step, seconds=round(state.seconds, 1), peak=peak_memory(state.peak))
    tuned.save(state.net, place.saved, tokenizer)
    place.checkpoint.unlink(missing_ok=True)


def fresh_state(run: Run, place: Place) -> State:
    """The base with a fresh adapter, and the optimizer; from the checkpoint if there is one."""
    net = tuned.make(run.method, place.base, run.seed)
    parameters = tuned.trainable(net).values()
    state = State(net, torch.optim.AdamW(parameters, lr=run.rate, betas=(0.9, 0.98), weight_decay=0.0))
    if place.checkpoint.exists():
        state.load(place.checkpoint)
    return state


def train_step(state: State, batch: tuple[torch.Tensor, torch.Tensor], run: Run) -> None:
    """One optimizer step on a batch of ids and labels."""
    started = time.time()
    ids, labels = batch
    # Dropout depends on the step alone, so a resumed run draws what an uninterrupted one would.
    torch.manual_seed(run.seed + state.step * 64)
    state.net.train()
    loss = tuned.loss(state.net, ids, labels)
    state.optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(list(tuned.trainable(state.net).values()), run.clip)
    for group in state.optimizer.param_groups:
        group["lr"] = run.schedule.rate(state.step)
    state.optimizer.step()
    state.step += 1
    state.seconds += time.time() - started
    state.tokens += ids.numel()
    state.recent.append(float(loss.detach()))


def report(state: State, run: Run, log: Log) -> None:
    """Log the mean loss since the last time."""
    mean = round(sum(state.recent) / len(state.recent), 5)
    rate = run.schedule.rate(state.step - 1)
    log.write("step", step=state.step, loss=mean, rate=rate, seconds=round(state.seconds, 1), tokens=state.tokens)
    state.recent.clear()
