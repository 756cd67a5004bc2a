"""Train the base model `stdlib-coder` from scratch on a CPU, and export it to snippets/models/stdlib-coder.

    python scripts/model/train_base.py --steps 1500 --mix 0:0.5    half of the rows are generated functions
    python scripts/model/train_base.py --run main --mix 0:0.5      trains until you stop it (Ctrl-C)
    python scripts/model/train_base.py --run main --finish         decay from its last checkpoint, export
    python scripts/model/train_base.py --run main --go-on          train the finished model further, at the full rate
    python scripts/model/train_base.py --run try --steps 4 --out /tmp/try   see that it works, in two minutes

`--depth` is the one dial of size: width and the MLP's inner size follow from it and from the 12 MB that the
weights may take. A run lives in .cache/training/<run>: the tokenizer, encoded data, checkpoint.pt, log.jsonl.
Call it again with the same `--run` and it resumes, with the same result as without the interruption.
"""

import argparse
import os
import shutil
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, GPTBigCodeForCausalLM

from training import card, checkpoint, corpora, data, model, parallel, tokens
from training.log import Log, clock
from training.machine import machine
from training.muon import Muon
from training.schedule import Mix, Schedule, finished_from, planned

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "snippets" / "models" / "stdlib-coder"
FOREVER = 1_000_000


@dataclass(frozen=True)
class Settings:
    """The settings that decide what a run computes; a resumed run must have the same ones."""

    depth: int
    batch: int
    rate: float
    decay: float
    seed: int
    workers: int
    length: int = tokens.POSITIONS
    warmup: int = 20
    weight_decay: float = 0.1
    betas: tuple[float, float] = (0.9, 0.98)
    clip: float = 1.0


@dataclass(frozen=True)
class Plan:
    """What this call does with the run in `folder`: how far, with which mix, and where the result goes."""

    folder: Path
    steps: int
    mix: Mix
    finish: bool
    out: Path
    go_on: bool = False
    checkpoint_every: int = 50
    log_every: int = 10

    @property
    def checkpoint(self) -> Path:
        """The file with model, optimizers, step and random state."""
        return self.folder / "checkpoint.pt"

    @property
    def log(self) -> Log:
        """The events of the run."""
        return Log(self.folder / "log.jsonl")


def main() -> None:
    """Read the flags, prepare the data, train."""
    a = parse()
    settings = Settings(a.depth, a.batch, a.rate, a.decay, a.seed, a.workers)
    folder = ROOT / ".cache" / "training" / a.run
    mix = Mix.parse(a.mix) if a.mix else last_mix(folder)
    plan = Plan(folder, a.steps, mix, a.finish, a.out, a.go_on)
    corpora.prepare(folder, a.functions if mix.has_functions else 0, a.seed)
    print(f"device: cpu, so that anyone can make it again; {a.workers} workers of one thread each")
    print("dtype: float32: without bf16 instructions, bf16 is many times slower")
    parallel.launch(train, a.workers, folder / "meeting", settings, plan)


def parse() -> argparse.Namespace:
    """The command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    add = parser.add_argument
    add("--depth", type=int, default=4, help="layers; the width follows (default %(default)s)")
    add("--steps", type=int, default=FOREVER, help="steps in all, decay included (default: until stopped)")
    add(
        "--mix",
        action="append",
        metavar="STEP:SHARE",
        help="share of rows with generated functions from a step on; may be repeated (default: as before, or 0:0)",
    )
    turn = parser.add_mutually_exclusive_group()
    turn.add_argument("--finish", action="store_true", help="decay from the last checkpoint, then export")
    turn.add_argument("--go-on", action="store_true", help="back to the full rate after a decay")
    add("--run", default="main", help="name of the run under .cache/training (default %(default)s)")
    add("--out", type=Path, default=OUT, help="where the finished model goes (default %(default)s)")
    add("--batch", type=int, default=4, help="rows per step, over all workers (default %(default)s)")
    add("--rate", type=float, default=3e-3, help="peak learning rate (default %(default)s)")
    add("--decay", type=float, default=0.2, help="share of the steps in which the rate falls (default %(default)s)")
    add("--functions", type=int, default=60_000, help="generated functions to encode (default %(default)s)")
    add("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes (default %(default)s)")
    add("--seed", type=int, default=0, help="default %(default)s")
    return parser.parse_args()


def last_mix(folder: Path) -> Mix:
    """The mix that the run had when it was last started; the standard library alone for a new run."""
    starts = [e for e in Log(folder / "log.jsonl").read() if e["event"] == "start"]
    return Mix(tuple((step, share) for step, share in starts[-1]["mix"])) if starts else Mix()


@dataclass
class State:
    """What changes while training; `step` counts finished steps and is also the position in the data."""

    net: GPTBigCodeForCausalLM
    optimizers: tuple[torch.optim.Optimizer, ...]
    step: int = 0
    seconds: float = 0.0

    def save(self, path: Path) -> None:
        """Write a checkpoint, all or nothing."""
        content = {
            "net": self.net.state_dict(),
            "optimizers": [o.state_dict() for o in self.optimizers],
            "step": self.step,
            "seconds": self.seconds,
            "rng": torch.get_rng_state(),
        }
        checkpoint.write(path, content)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        content = checkpoint.read(path)
        self.net.load_state_dict(content["net"])
        for optimizer, saved in zip(self.optimizers, content["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.seconds = content["step"], content["seconds"]
        torch.set_rng_state(content["rng"])


def fresh_state(settings: Settings, vocabulary: int) -> State:
    """A model with random weights, the same for every worker; Muon for its layers' matrices, AdamW for the rest."""
    torch.manual_seed(settings.seed)
    net = GPTBigCodeForCausalLM(model.config(settings.depth, vocabulary, settings.length))
    matrices = [p for p in net.transformer.h.parameters() if p.dim() > 1]
    others = [p for p in net.parameters() if not any(p is m for m in matrices)]
    adamw = torch.optim.AdamW(others, lr=settings.rate, betas=settings.betas, weight_decay=0.0, fused=True)
    return State(net, (Muon(matrices, settings.rate, settings.weight_decay), adamw))


def train(rank: int, workers: int, settings: Settings, plan: Plan) -> None:
    """One worker: train to the end of the schedule or to the first Ctrl-C; rank 0 saves and exports."""
    rows = corpora.load_rows(plan.folder, settings.length, settings.seed)
    state = fresh_state(settings, len(rows.tokenizer))
    if plan.checkpoint.exists():
        state.load(plan.checkpoint)
    schedule = choose_schedule(settings, plan, state.step)
    if rank == 0:
        open_log(settings, plan, schedule, state)
    with parallel.Stop() as stop:
        while state.step < schedule.steps and not parallel.agree(stop.asked):
            started = time.time()
            share = settings.batch // workers
            first = state.step * settings.batch + rank * share
            batch = torch.from_numpy(rows.batch(first, share, plan.mix.share(state.step)))
            loss, norm = train_step(state, batch, schedule.rate(state.step), settings.clip)
            state.step += 1
            state.seconds += time.time() - started
            if rank == 0:
                after_step(settings, plan, schedule, state, loss, norm, time.time() - started)
    if rank == 0:
        state.save(plan.checkpoint)
        validate(state, plan)
        if state.step >= schedule.steps:
            export(state, plan)


def choose_schedule(settings: Settings, plan: Plan, step: int) -> Schedule:
    """The schedule of this call. A decay that has begun keeps its schedule, unless `--go-on` ends it."""
    turn = last_turn(plan, step)
    begun = turn is not None and turn["event"] == "finish" and not plan.go_on
    if begun or plan.finish:
        decay_start = turn["step"] if begun else step
        return finished_from(settings.rate, settings.warmup, decay_start, settings.decay)
    return planned(settings.rate, settings.warmup, plan.steps, settings.decay)


def last_turn(plan: Plan, step: int) -> dict[str, Any] | None:
    """The last `finish` or `go on` event in the log, up to `step`."""
    turns = [e for e in plan.log.read() if e["event"] in ("finish", "go on") and e["step"] <= step]
    return turns[-1] if turns else None


def open_log(settings: Settings, plan: Plan, schedule: Schedule, state: State) -> None:
    """Log what this call starts from; a resumed run forgets what it logged after its checkpoint."""
    plan.log.rewind(state.step)
    shape = model.shape(state.net)
    plan.log.write("machine", step=state.step, **machine())
    facts = {**asdict(settings), **shape, "mix": plan.mix.phases, "fim_rate": data.FIM_RATE}
    plan.log.write("start", step=state.step, **facts, falls=schedule.decay_start, steps=schedule.steps)
    asked, last = ("finish" if plan.finish else "go on" if plan.go_on else ""), last_turn(plan, state.step)
    if asked and asked != (last and last["event"]):  # a repeated call continues the same turn
        plan.log.write(asked, step=state.step)
    print(f"{shape['parameters']:,} parameters; from step {state.step} of {schedule.steps}", flush=True)


def train_step(state: State, batch: torch.Tensor, rate: float, clip: float) -> tuple[float, float]:
    """One step on `batch`, int64, shape (rows, length); returns loss and gradient norm over all workers."""
    loss = loss_of(state.net, batch)
    state.net.zero_grad()
    loss.backward()
    parameters = list(state.net.parameters())
    mean = parallel.average(parameters, float(loss.detach()))
    norm = torch.nn.utils.clip_grad_norm_(parameters, clip)
    for optimizer in state.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.step()
    return mean, float(norm)


def loss_of(net: GPTBigCodeForCausalLM, batch: torch.Tensor) -> torch.Tensor:
    """Mean next-token loss in nats."""
    logits = net(input_ids=batch[:, :-1], use_cache=False).logits
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), batch[:, 1:].flatten())


def after_step(
    settings: Settings, plan: Plan, schedule: Schedule, state: State, loss: float, norm: float, seconds: float
) -> None:
    """Every `log_every` steps print and log, every `checkpoint_every` save and validate; `seconds` is of this step."""
    if state.step % plan.log_every == 0 or state.step == schedule.steps:
        rate = schedule.rate(state.step - 1)
        numbers = {"loss": round(loss, 4), "norm": round(norm, 3), "rate": rate}
        plan.log.write("step", step=state.step, **numbers, seconds=round(state.seconds, 3))
        left = (schedule.steps - state.step) * state.seconds / state.step
        ending = "" if schedule.steps >= FOREVER // 2 else f", {clock(left)} left"
        speed = settings.batch * settings.length / seconds
        print(f"step {state.step} loss {loss:.3f} rate {rate:.1e} {speed:.0f} tokens/s{ending}", flush=True)
    if state.step % plan.checkpoint_every == 0:
        state.save(plan.checkpoint)
        validate(state, plan)


@torch.no_grad()
def validate(state: State, plan: Plan) -> None:
    """Log the mean loss on fixed windows of the validation corpora, in nats per token."""
    losses: dict[str, float] = {}
    for name in ("stdlib", "functions"):
        corpus = corpora.load_corpus(plan.folder, f"{name}-validation")
        if corpus is not None:
            windows = torch.from_numpy(data.fixed_windows(corpus, 8, state.net.config.n_positions))
            losses[name] = round(sum(float(loss_of(state.net, w[None])) for w in windows) / len(windows), 4)
    plan.log.write("validation", step=state.step, **losses)
    print(f"step {state.step} validation {losses}", flush=True)


def export(state: State, plan: Plan) -> None:
    """Write model, tokenizer, log and card to `plan.out`; adapters in that folder stay."""
    staging = plan.folder / "export"
    shutil.rmtree(staging, ignore_errors=True)
    state.net.to(torch.bfloat16)
    state.net.generation_config = GenerationConfig(bos_token_id=0, eos_token_id=0)
    state.net.save_pretrained(staging)
    corpora.load_tokenizer(plan.folder / "tokenizer").save_pretrained(staging)
    sources = (plan.folder / "data.jsonl", plan.folder / "log.jsonl", card.TRIED)
    logs = [path.read_text(encoding="utf-8") for path in sources]
    (staging / "training.jsonl").write_text("".join(logs), encoding="utf-8")
    card.write_base_card(staging)
    plan.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(staging.iterdir()):
        path.chmod(0o644)
        path.replace(plan.out / path.name)
    print(f"exported to {plan.out}")


if __name__ == "__main__":
    main()
