"""The grid of settings: LoRA around one setting, one factor at a time, each point with several seeds.

The order makes an unfinished grid useful: all points with the first seed, then all with the next one. Points are
trained and judged as the study's runs are, for fewer steps.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoTokenizer

from training import measure, study, tuned
from training.adapt import Place, Run
from training.methods import VARIANTS, row
from training.study import Result, Settings, Task

FORMAT = 1
STEPS, BATCH = 50, 8
CENTRE = Run("lora", STEPS, BATCH, rate=1.67e-3, warmup=10)  # the study's LoRA at the rate that its search chose
RATES = (1.67e-4, 5.56e-4, 5e-3, 1.67e-2)
QUESTIONS = (40, 100, 200)  # of the 400 that a run sees; each of them so much more often


def settings(base: Path, seeds: int, limit: int) -> Settings:
    """What all points share: `limit` questions of each split are asked, and none is drawn several times."""
    return Settings(base, STEPS, BATCH, seeds, ("lora",), measure.Plan(limit=limit))


def points() -> list[Run]:
    """Each point of the grid once, with the first seed; the one in the middle comes first."""
    rates = [replace(CENTRE, rate=rate) for rate in RATES]
    variants = [replace(CENTRE, method=name) for name in VARIANTS]
    return [CENTRE, *rates, *variants, *(replace(CENTRE, data=str(count)) for count in QUESTIONS)]


def tasks(seeds: int) -> list[Task]:
    """All runs of the grid in order."""
    runs = [replace(run, seed=seed) for seed in range(seeds) for run in points()]
    return [Task("train", f"{run.method} rate {run.rate:g} data {run.data} seed {run.seed}", run) for run in runs]


def described(run: Run, width: int) -> dict[str, Any]:
    """The factors of a point, as pages name them."""
    make = row(run.method).config
    assert make is not None
    config: Any = make(width)
    targets = sorted(name for name in config.target_modules if name != "q_attn")  # the one that matches nothing
    return {
        "rank": config.r,
        "alpha": config.lora_alpha,
        "rate": run.rate,
        "targets": targets,
        "questions": run.distinct,
    }


def perform(task: Task, where: Place, with_: Settings, alive: measure.Alive) -> Result:
    """Train one point and judge it. Raises adapt.StoppedError where `alive` does; a later call goes on from there."""
    assert task.run is not None
    started = time.time()
    result = study.ran(task.run, where, alive)
    net = tuned.load(task.run.method, with_.base, where.saved)
    tokenizer = AutoTokenizer.from_pretrained(with_.base)
    asked = measure.split("held-out", with_.plan)
    return {
        "name": task.name,
        "settings": described(task.run, AutoConfig.from_pretrained(with_.base).n_embd),
        **result,
        "validation_loss": study.number(measure.validation_loss(net, with_.base, with_.plan)),
        "held_out": measure.greedy(net, tokenizer, asked, with_.plan, alive),
        "wall_seconds": round(time.time() - started, 1),
    }


@dataclass
class Grid:
    """One call of the grid. `path` holds the finished runs; those of other settings, base or data are not kept."""

    settings: Settings
    work: Path
    path: Path
    done: dict[str, Result] = field(default_factory=dict)

    def run(self, alive: measure.Alive) -> None:
        """Do the runs that are missing, one after the other, and write the file after each."""
        facts = self.settings.facts()
        keys = {task.name: study.key(self.settings, facts, task) for task in tasks(self.settings.seeds)}
        self.done = {name: each for name, each in self.read().items() if keys.get(name) == each["key"]}
        for task in tasks(self.settings.seeds):
            if task.name in self.done:
                continue
            where = replace(study.place(self.work, self.settings, task, keys[task.name]), checkpoint_every=10)
            found = perform(task, where, self.settings, alive)
            self.done[task.name] = {**found, "key": keys[task.name]}
            self.write(facts)
            print(f"[{len(self.done)} of {len(keys)}] {told(found)}", flush=True)

    def read(self) -> dict[str, Result]:
        """The runs in the file, by name. Raises ValueError for another format."""
        return {each["name"]: each for each in study.content_of(self.path, FORMAT).get("runs", ())}

    def write(self, facts: Mapping[str, Any]) -> None:
        """Write the finished runs in the grid's order, all or nothing."""
        ordered = [self.done[task.name] for task in tasks(self.settings.seeds) if task.name in self.done]
        width = AutoConfig.from_pretrained(self.settings.base).n_embd
        about = {**facts, "seeds": self.settings.seeds, "points": len(points()), "centre": described(CENTRE, width)}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        staged = self.path.with_suffix(".tmp")
        staged.write_text(study.pretty({"format": FORMAT, "about": about, "runs": ordered}) + "\n", encoding="utf-8")
        staged.replace(self.path)


def told(result: Result) -> str:
    """One line about a finished run."""
    loss, passed = result["validation_loss"], result["held_out"]["share"]
    return f"{result['name']}: validation loss {loss}, held-out pass@1 {passed:.1%}, {result['wall_seconds']:.0f} s"
