"""Teach `stdlib-coder` to answer questions: train one adapter on question-and-answer pairs, and judge it.

    python scripts/train_adapters.py --steps 600               train LoRA, judge it, write it beside the base
    python scripts/train_adapters.py --judge                   judge base and adapter on the held-out questions
    python scripts/train_adapters.py --method lora --steps 5 --sample 8 --out /tmp/try      see that it works

The prompt is `Question: ...\\n\\nAnswer:`; only the answer's tokens count in the loss. Methods are rows of the
table in scripts/training/methods.py. A run lives in .cache/training/<run>: checkpoint.pt, log.jsonl. Call it
again with the same `--run` and it resumes, with the same result as without the interruption.
"""

import argparse
import os
import shutil
import time
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_logging

import exercises
from training import answers, card, parallel
from training.log import Log, clock
from training.methods import METHODS
from training.schedule import Schedule, planned

ROOT = Path(__file__).resolve().parents[1]
BASE = ROOT / "snippets" / "models" / "stdlib-coder"
BASE_NAME = "models/stdlib-coder"  # as pages name it: no path of the machine that trained


@dataclass(frozen=True)
class Settings:
    """All that decides what a run computes; a resumed run must have the same."""

    method: str
    steps: int
    batch: int
    rate: float
    seed: int
    workers: int
    warmup: int = 20
    decay: float = 0.5
    clip: float = 1.0

    @property
    def schedule(self) -> Schedule:
        """Warmup, flat, then down over the last half."""
        return planned(self.rate, self.warmup, self.steps, self.decay)


@dataclass(frozen=True)
class Place:
    """Where the run, its base model and its result are."""

    folder: Path
    base: Path
    out: Path
    checkpoint_every: int = 100
    log_every: int = 10


def main() -> None:
    """Read the flags; train unless only judging; judge."""
    a = parse()
    quiet()
    rate = a.rate or METHODS[a.method].rate
    settings = Settings(a.method, a.steps, a.batch, rate, a.seed, a.workers)
    out = a.out or a.base / "adapters" / a.method
    place = Place(ROOT / ".cache" / "training" / (a.run or a.method), a.base, out)
    if not a.judge:
        place.folder.mkdir(parents=True, exist_ok=True)
        print(f"device: cpu, as for the base; {a.workers} workers of one thread; dtype: float32")
        parallel.launch(train, a.workers, place.folder / "meeting", settings, place)
    judge(place, a.sample, a.exact)


def quiet() -> None:
    """Only what this script prints: no loading bars."""
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def parse() -> argparse.Namespace:
    """The command line."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    add = parser.add_argument
    add("--method", choices=sorted(METHODS), default="lora", help="default %(default)s")
    add("--steps", type=int, default=600, help="steps in all (default %(default)s)")
    add("--batch", type=int, default=16, help="pairs per step, over all workers (default %(default)s)")
    add("--rate", type=float, help="peak learning rate (default: the method's)")
    add("--run", help="name of the run under .cache/training (default: the method)")
    add("--base", type=Path, default=BASE, help="the base model's folder (default %(default)s)")
    add("--out", type=Path, help="where the adapter goes (default: adapters/<method> in the base's folder)")
    add("--judge", action="store_true", help="train nothing, judge what is in --out")
    add("--sample", type=int, default=10_000, help="held-out questions to judge (default: all)")
    add("--exact", action="store_true", help="judge in bf16, one question at a time, as the guide runs it")
    add("--workers", type=int, default=min(2, os.cpu_count() or 1), help="processes (default %(default)s)")
    add("--seed", type=int, default=0, help="default %(default)s")
    return parser.parse_args()


@dataclass
class State:
    """What changes while training; `step` counts finished steps and is also the position in the pairs."""

    net: PeftModel
    optimizer: torch.optim.AdamW
    step: int = 0
    seconds: float = 0.0
    tokens: int = 0

    def save(self, path: Path) -> None:
        """Write a checkpoint, all or nothing."""
        content = {
            "adapter": get_peft_model_state_dict(self.net, save_embedding_layers=False),
            "optimizer": self.optimizer.state_dict(),
            "counts": (self.step, self.seconds, self.tokens),
        }
        torch.save(content, path.with_suffix(".tmp"))
        path.with_suffix(".tmp").replace(path)

    def load(self, path: Path) -> None:
        """Continue from a checkpoint."""
        content = torch.load(path, weights_only=True)
        set_peft_model_state_dict(self.net, content["adapter"])
        self.optimizer.load_state_dict(content["optimizer"])
        self.step, self.seconds, self.tokens = content["counts"]


def fresh_state(settings: Settings, base: Path) -> State:
    """The shipped base in fp32 with a fresh adapter, the same for every worker, and the optimizer."""
    torch.manual_seed(settings.seed)
    net = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    peft = get_peft_model(net, METHODS[settings.method].config())
    trainable = [p for p in peft.parameters() if p.requires_grad]
    return State(peft, torch.optim.AdamW(trainable, lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.0))


def train(rank: int, workers: int, settings: Settings, place: Place) -> None:
    """One worker: train to the last step, then save the adapter."""
    quiet()
    tokenizer = AutoTokenizer.from_pretrained(place.base)
    state = fresh_state(settings, place.base)
    if (place.folder / "checkpoint.pt").exists():
        state.load(place.folder / "checkpoint.pt")
    log = Log(place.folder / "log.jsonl")
    if rank == 0:
        log.rewind(state.step)
        trainable, total = state.net.get_nb_trainable_parameters()
        facts = {"trainable": trainable, "parameters": total, "scaled": METHODS[settings.method].scaled}
        log.write("start", step=state.step, **asdict(settings), **facts)
        print(f"{trainable:,} of {total:,} parameters; from step {state.step} of {settings.steps}", flush=True)
    pairs = exercises.pairs("train", settings.seed)
    for batch in islice(answers.batches(pairs, settings.batch), state.step, settings.steps):
        started = time.time()
        rows = [answers.encode_pair(tokenizer, p.question, p.answer) for p in batch[rank::workers]]
        numbers = train_step(state, answers.pad(rows, tokenizer.eos_token_id), settings, rank)
        state.step += 1
        state.seconds += time.time() - started
        if rank == 0:
            report(state, settings, place, numbers, log)
    if rank == 0:
        save_adapter(state.net, place.out)


def train_step(
    state: State, batch: tuple[torch.Tensor, torch.Tensor], settings: Settings, rank: int
) -> dict[str, float]:
    """One step; returns the loss on answer tokens, and the tokens that this worker read."""
    ids, labels = batch
    # Dropout depends on step and worker alone, so a resumed run draws what an uninterrupted one would.
    torch.manual_seed(settings.seed + state.step * 64 + rank)
    state.net.train()
    logits = state.net(input_ids=ids, use_cache=False).logits[:, :-1]
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), labels[:, 1:].flatten())
    state.optimizer.zero_grad()
    loss.backward()
    trainable = [p for p in state.net.parameters() if p.requires_grad]
    mean = parallel.average(trainable, float(loss.detach()))
    torch.nn.utils.clip_grad_norm_(trainable, settings.clip)
    for group in state.optimizer.param_groups:
        group["lr"] = settings.schedule.rate(state.step)
    state.optimizer.step()
    state.tokens += ids.numel() * settings.workers
    return {"loss": round(mean, 5), "rate": settings.schedule.rate(state.step)}


def report(state: State, settings: Settings, place: Place, numbers: dict[str, float], log: Log) -> None:
    """Print and log progress every few steps; save more rarely."""
    if state.step % place.log_every == 0 or state.step == settings.steps:
        log.write("step", step=state.step, **numbers, seconds=round(state.seconds, 1), tokens=state.tokens)
        left = clock((settings.steps - state.step) * state.seconds / state.step)
        speed = state.tokens / state.seconds
        print(f"step {state.step} loss {numbers['loss']:.3f} {speed:.0f} tokens/s {left} left", flush=True)
    if state.step % place.checkpoint_every == 0 or state.step == settings.steps:
        state.save(place.folder / "checkpoint.pt")


def save_adapter(net: PeftModel, out: Path) -> None:
    """Write the adapter as PEFT writes it, naming its base as the guide does; all or nothing."""
    staging = out.with_name(out.name + ".tmp")
    shutil.rmtree(staging, ignore_errors=True)
    for config in net.peft_config.values():
        config.base_model_name_or_path = BASE_NAME
    net.save_pretrained(staging, save_embedding_layers=False)  # else PEFT looks the base up by its name, online
    (staging / "README.md").unlink(missing_ok=True)  # PEFT's empty template
    for path in staging.iterdir():
        path.chmod(0o644)
    shutil.rmtree(out, ignore_errors=True)
    staging.rename(out)


def judge(place: Place, count: int, exact: bool) -> None:
    """Judge base and adapter on the held-out questions and the guide's own; write the adapter's card."""
    tokenizer = AutoTokenizer.from_pretrained(place.base)
    net = AutoModelForCausalLM.from_pretrained(place.base, dtype=torch.bfloat16 if exact else torch.float32)
    held_out = answers.sample(list(exercises.pairs("held-out", 0)), count, seed=0)
    demo = next(p for p in exercises.pairs("validation", 0) if p.question == answers.DEMO)
    judge_one("base", net, tokenizer, held_out, demo, exact, place)
    judge_one("adapter", PeftModel.from_pretrained(net, place.out), tokenizer, held_out, demo, exact, place)
    shutil.copy(place.folder / "log.jsonl", place.out / "training.jsonl")
    card.write_adapter_card(place.out)


def judge_one(
    who: str,
    net: Any,
    tokenizer: PreTrainedTokenizerBase,
    pairs: list[exercises.Pair],
    demo: exercises.Pair,
    exact: bool,
    place: Place,
) -> None:
    """Judge one model and log it. `exact` asks one question at a time, so that nothing is padded."""
    score = answers.score(net, tokenizer, pairs, batch=1 if exact else 32)
    shown = answers.answer(net, tokenizer, [demo.question], batch=1)[0]
    works = answers.score(net, tokenizer, [demo], batch=1).passed == 1
    run_as = "bf16, one at a time" if exact else "fp32, in batches"
    counts = {"passed": score.passed, "asked": score.asked, "demo": works, "shown": shown}
    Log(place.folder / "log.jsonl").write("judged", who=who, run_as=run_as, **counts)
    print(f"{who}: pass@1 {score.share:.1%} of {score.asked} held-out questions; bubble sort: {works}")
    print(f"  {score.reasons[:5]}\n  {' '.join(score.failed)}\n{shown}\n", flush=True)


if __name__ == "__main__":
    main()
