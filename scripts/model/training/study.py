"""The study: its tasks and their order, their results, and the file that holds the results.

The order makes an unfinished study useful: each method's search and first seed, Astraios' methods first; then further
seeds and a tenth of the data for Astraios' methods; then two adapters in one; then the second group's further runs.
"""

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoConfig, AutoTokenizer

import exercises
from training import adapt, measure, tuned
from training.adapt import Place, Run
from training.machine import machine
from training.methods import METHODS, row

FORMAT = 1
FACTOR = 3.0
SEARCH_SHARE = 4
COMBINED = "lora"
Result = dict[str, Any]


@dataclass(frozen=True)
class Settings:
    """What all runs share. Results of other settings, another base or other data do not count as done."""

    base: Path
    steps: int
    batch: int
    seeds: int = 3
    methods: tuple[str, ...] = tuple(METHODS)
    plan: measure.Plan = field(default_factory=measure.Plan)

    def facts(self) -> dict[str, Any]:
        """What decides the results of every method; it is in each run's key and in the result file."""
        data = [p.question + p.answer for split in ("validation", "held-out") for p in exercises.pairs(split, 0)]
        stream = exercises.pairs("train", 0)
        data += [p.question + p.answer for p, _ in zip(stream, range(200), strict=False)]
        return {
            "base": adapt.digest(self.base),
            "data": hashlib.sha256("".join(data).encode()).hexdigest()[:16],
            "steps": self.steps,
            "batch": self.batch,
            "judging": asdict(self.plan),
        }


@dataclass(frozen=True)
class Task:
    """One piece of work. `kind` is base, search, train or combine; `ready` says that all it needs is known."""

    kind: str
    name: str
    run: Run | None = None
    ready: bool = True

    @property
    def cost(self) -> float:
        """About how long it takes, in steps of training; judging takes about as long as 250 of them."""
        return {"search": 20, "train": 250}.get(self.kind, 700) + (self.run.steps if self.run else 0)


def tasks(settings: Settings, done: Mapping[str, Result]) -> list[Task]:
    """All tasks in order, as far as they are known: a search whose best rate is at an edge adds a rate."""
    listed = [Task("base", "base")]
    for method in settings.methods:
        listed += [*search(settings, method, done), train(settings, method, 0, "all", done)]
    listed += further(settings, True, done)
    if COMBINED in settings.methods:
        halves = [train(settings, COMBINED, 0, data, done) for data in ("half-a", "half-b")]
        listed += [*halves, Task("combine", f"combine {COMBINED}", ready=all(h.name in done for h in halves))]
    return listed + further(settings, False, done)


def further(settings: Settings, astraios: bool, done: Mapping[str, Result]) -> list[Task]:
    """The runs after the first seed, for Astraios' methods or for the others: other seeds, then a tenth of the data."""
    methods = [method for method in settings.methods if METHODS[method].astraios == astraios]
    kinds = [(seed, "all") for seed in range(1, settings.seeds)] + [(0, "tenth")]
    return [train(settings, method, seed, data, done) for seed, data in kinds for method in methods]


def search(settings: Settings, method: str, done: Mapping[str, Result]) -> list[Task]:
    """The runs of a search, each of a quarter of the steps.

    Their rates are the method's own, a third and three times of it, and the next one if the best of these is an edge.
    """
    middle = METHODS[method].rate
    rates = [middle, middle / FACTOR, middle * FACTOR]
    listed = [searched(settings, method, rate) for rate in rates]
    if all(task.name in done for task in listed):
        best = chosen_rate(settings, method, done, rates)
        if best != middle:
            listed.append(searched(settings, method, best / FACTOR if best < middle else best * FACTOR))
    return listed


def searched(settings: Settings, method: str, rate: float) -> Task:
    """One run of a search."""
    run = Run(method, max(1, settings.steps // SEARCH_SHARE), settings.batch, rounded(rate))
    return Task("search", f"{method} rate {run.rate:g}", run)


def rounded(rate: float) -> float:
    """The rate with three digits, so that names and keys are the same everywhere."""
    return float(f"{rate:.3g}")


def chosen_rate(settings: Settings, method: str, done: Mapping[str, Result], rates: Sequence[float]) -> float:
    """The rate with the lowest validation loss; a run whose loss is not a number counts as the worst."""
    losses = {rate: done[searched(settings, method, rate).name]["validation_loss"] for rate in rates}
    return min(rates, key=lambda rate: float("inf") if losses[rate] is None else losses[rate])


def train(settings: Settings, method: str, seed: int, data: str, done: Mapping[str, Result]) -> Task:
    """One full run, ready when the method's search is over."""
    tried = search(settings, method, done)
    ready = all(task.name in done for task in tried)
    rates = [task.run.rate for task in tried if task.run]
    rate = chosen_rate(settings, method, done, rates) if ready else METHODS[method].rate
    run = Run(method, settings.steps, settings.batch, rate, seed, data)
    return Task("train", f"{method} {data} seed {seed}", run, ready)


def key(settings: Settings, facts: Mapping[str, Any], task: Task) -> str:
    """A digest of what a result depends on: settings, base, data and the method's configuration."""
    config = row(task.run.method).config if task.run else None
    width = AutoConfig.from_pretrained(settings.base).n_embd
    method = config(width).to_dict() if config else None
    made = json.dumps([facts, asdict(task.run) if task.run else task.name, method], sort_keys=True, default=sorted)
    return hashlib.sha256(made.encode()).hexdigest()[:12]


def place(work: Path, settings: Settings, task: Task, number: str) -> Place:
    """The folder of a task: its name holds the key, so that another key has another folder."""
    return Place(work / f"{task.name.replace(' ', '-')}-{number}", settings.base)


def perform(task: Task, where: Place, settings: Settings, halves: Sequence[Path], alive: measure.Alive) -> Result:
    """Do one task to its end; returns its result. Raises adapt.StoppedError where `alive` does."""
    started = time.time()
    if task.kind == "base":
        net, half = (tuned.load_base(settings.base).eval() for _ in range(2))
        found = measure.everything(net, half.bfloat16(), settings.base, settings.plan, alive)
    elif task.kind == "combine":
        found = {"ways": combined(settings, halves, alive)}
    else:
        found = trained(task, where, settings, alive)
    return {"name": task.name, "kind": task.kind, **found, "wall_seconds": round(time.time() - started, 1)}


def trained(task: Task, where: Place, settings: Settings, alive: measure.Alive) -> Result:
    """Train, then measure what was saved: in a search the validation loss, in a full run everything."""
    assert task.run is not None
    result = ran(task.run, where, alive)
    net = tuned.load(task.run.method, settings.base, where.saved)
    if task.kind == "search":
        return {**result, "validation_loss": number(measure.validation_loss(net, settings.base, settings.plan))}
    half = tuned.load(task.run.method, settings.base, where.saved, torch.bfloat16)
    return {**result, **measure.everything(net, half, settings.base, settings.plan, alive)}


def ran(run: Run, where: Place, alive: measure.Alive) -> Result:
    """Train and save; returns what the run was and took."""
    adapt.train(run, where, alive)
    events = where.log.read()
    start = next(e for e in events if e["event"] == "start")
    ended = next(e for e in reversed(events) if e["event"] == "trained")
    steps = [e for e in events if e["event"] == "step"]
    return {
        **{name: getattr(run, name) for name in ("method", "data", "seed", "rate", "steps", "batch")},
        "pairs": run.steps * run.batch,
        "distinct_pairs": run.distinct,
        "tokens": steps[-1]["tokens"],
        "trainable": start["trainable"],
        "parameters": start["parameters"],
        "bytes": sum(path.stat().st_size for path in where.saved.glob("*.safetensors")),
        "seconds": ended["seconds"],
        "peak_mib": ended["peak"],
        "curve": thinned([(e["step"], e["loss"]) for e in steps]),
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def number(loss: float) -> float | None:
    """A loss, or None where the run diverged: JSON has no NaN."""
    return loss if loss == loss else None


def thinned(points: Sequence[tuple[int, float]], most: int = 40) -> list[tuple[int, float]]:
    """At most `most` points, the last one among them; each is the mean of those it stands for."""
    size = -(-len(points) // most)
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], round(sum(y for _, y in group) / len(group), 4)) for group in groups]


def combined(settings: Settings, halves: Sequence[Path], alive: measure.Alive) -> list[Result]:
    """pass@1 on both halves of the exercises: of two adapters, each trained on one half, and of their combinations."""
    tokenizer = AutoTokenizer.from_pretrained(settings.base)
    sides = {
        side: measure.split("held-out", settings.plan, lambda name, side=side: adapt.half(name) == side)
        for side in ("half-a", "half-b")
    }
    net = PeftModel.from_pretrained(tuned.load_base(settings.base), halves[0], adapter_name="half-a")
    net.load_adapter(halves[1], adapter_name="half-b")
    for way, weight in (("linear", 0.5), ("linear", 1.0), ("cat", 1.0), ("svd", 1.0)):
        name = f"{way} {weight:g}"
        net.add_weighted_adapter(["half-a", "half-b"], [weight, weight], name.replace(".", "_"), way)
    found = []
    for name in net.peft_config:
        net.set_adapter(name)
        scores = {side: measure.greedy(net, tokenizer, asked, settings.plan, alive) for side, asked in sides.items()}
        found.append({"way": name.replace("_", "."), **scores})
    return found


def content_of(path: Path, form: int) -> dict[str, Any]:
    """What a result file holds, empty where there is none. Raises ValueError where its format is not `form`."""
    if not path.exists():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    if content.get("format") != form:
        raise ValueError(f"{path} has format {content.get('format')}, not {form}: move it away")
    return content


@dataclass(frozen=True)
class Results:
    """The result file: every finished task that was made with the settings in force."""

    path: Path
    settings: Settings

    def read(self) -> dict[str, Result]:
        """All results of the file by name, those of other settings too. Raises ValueError for another format."""
        content = content_of(self.path, FORMAT)
        if not content:
            return {}
        base = [content["base"]] if content["base"] else []
        return {r["name"]: r for r in [*base, *content["searches"], *content["runs"], *content["combined"]]}

    def write(self, done: Mapping[str, Result], facts: Mapping[str, Any]) -> None:
        """Write all results, grouped by kind, all or nothing.

        While settings, base and data are the same, results of methods and seeds that this call leaves out stay in the
        file, and its `methods` and `seeds` only grow.
        """
        stored = self.read()
        about = json.loads(self.path.read_text(encoding="utf-8"))["about"] if stored else {}
        methods, seeds = set(self.settings.methods), self.settings.seeds
        if all(about.get(name) == value for name, value in facts.items()):
            done = {**stored, **done}
            methods, seeds = methods | {*about.get("methods", ())}, max(seeds, about.get("seeds", 0))
        kinds = {"search": "searches", "train": "runs", "combine": "combined"}
        about = {
            **facts,
            "methods": [method for method in METHODS if method in methods],
            "seeds": seeds,
            "search_steps": max(1, self.settings.steps // SEARCH_SHARE),
            "factor": FACTOR,
            "chosen_by": "validation loss",
            "dtype": "float32, the demo in bfloat16",
        }
        content: dict[str, Any] = {"format": FORMAT, "about": about, "base": done.get("base")}
        for kind, group in kinds.items():
            content[group] = [result for result in done.values() if result["kind"] == kind]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staged = self.path.with_suffix(".tmp")
        staged.write_text(pretty(content) + "\n", encoding="utf-8")
        staged.replace(self.path)


def pretty(content: Any) -> str:
    """JSON with one result a line where it is a list of them, so that a new run is a new line in a diff."""
    parts = []
    for name, value in content.items():
        if isinstance(value, list):
            lines = ",\n".join("  " + json.dumps(each) for each in value)
            parts.append(f' "{name}": [\n{lines}\n ]' if value else f' "{name}": []')
        else:
            parts.append(f' "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(parts) + "\n}"
