"""Teach `stdlib-coder` to answer questions, by each of several methods, and judge what each has learned.

    python scripts/model/train_adapters.py --study            all of it: search, seeds, a tenth of the data, combining
    python scripts/model/train_adapters.py --method lora      one run at its method's own rate, judged, kept in --out
    python scripts/model/train_adapters.py --check            retrain the start of a committed run, compare the curve
    python scripts/model/train_adapters.py --judge lora       judge a committed adapter

The prompt is `Question: ...\\n\\nAnswer:`; only the answer's tokens count in the loss. Methods are rows of the
table in scripts/model/training/methods.py. The study works in .cache/training/study, two runs at once, each on one
thread. Ctrl-C stops it cleanly, and the same call goes on with what is missing. Results go to adapters/study.json in
the base's folder, the adapter of each method's first seed to adapters/<method>. An adapter there that was trained for
longer on the same base stays. Full fine-tuning leaves no weights there: they are too large.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch

from training import adapt, card, crew, measure, study, tuned
from training.adapt import Place, Run
from training.log import Log
from training.machine import machine
from training.methods import METHODS
from training.parallel import Stop

ROOT = Path(__file__).resolve().parents[2]
BASE = ROOT / "snippets" / "models" / "stdlib-coder"
WORK = ROOT / ".cache" / "training"
CLOSE = 0.02  # nats: how far the losses of the first steps may differ on other hardware
SAME = ("cpu", "capability", "python", "torch", "transformers", "peft")  # where all agree, the losses must be equal


def main() -> None:
    """Read the flags and do what they say."""
    a = parse()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(1)
    crew.quiet()
    try:
        done = a.action(a)
    except (adapt.StoppedError, crew.BusyError, ValueError, FileNotFoundError) as error:
        sys.exit(str(error) or "stopped; the same call goes on")
    if not done:
        sys.exit(1)


def parse() -> argparse.Namespace:
    """The command line's flags; `action` is the function that does what they ask for."""
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=form)
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--study", dest="action", action="store_const", const=whole, help="do all runs of the study")
    action.add_argument("--check", dest="action", action="store_const", const=check, help="retrain and compare")
    action.add_argument("--judge", choices=sorted(METHODS), help="judge a committed adapter")
    add = parser.add_argument
    add("--method", choices=sorted(METHODS), default="lora", help="of one run or of --check (default %(default)s)")
    add("--methods", nargs="+", choices=sorted(METHODS), default=list(METHODS), help="of the study (default: all)")
    add("--jobs", type=int, default=2, help="runs at once in the study, one thread each (default %(default)s)")
    add("--seeds", type=int, default=3, help="seeds of each method in the study (default %(default)s)")
    add("--steps", type=int, default=1200, help="steps of a full run (default %(default)s)")
    add("--batch", type=int, default=8, help="pairs per step (default %(default)s)")
    add("--rate", type=float, help="peak learning rate of one run (default: the method's)")
    add("--seed", type=int, default=0, help="seed of one run (default %(default)s)")
    add("--check-steps", type=int, default=100, help="steps that --check retrains (default %(default)s)")
    add("--limit", type=int, default=10_000, help="questions to ask of each split (default: all)")
    add("--work", type=Path, default=WORK, help="where unfinished runs are (default %(default)s)")
    add("--base", type=Path, default=BASE, help="the base model's folder (default %(default)s)")
    add("--out", type=Path, help="where adapters and study.json go (default: adapters/ in the base's folder)")
    parsed = parser.parse_args()
    parsed.out = parsed.out or parsed.base / "adapters"
    parsed.action = judge if parsed.judge else parsed.action or one
    return parsed


def settings_of(a: argparse.Namespace) -> study.Settings:
    """The study that the flags describe."""
    plan = measure.Plan(limit=a.limit, sample=min(a.limit, measure.Plan.sample))
    return study.Settings(a.base, a.steps, a.batch, a.seeds, tuple(a.methods), plan)


def whole(a: argparse.Namespace) -> bool:
    """Do the runs of the study that are missing. Returns whether all are done."""

    def finished(task: study.Task, place: Place, done: dict[str, study.Result]) -> None:
        first = task.kind == "train" and task.run and task.run.seed == 0 and task.run.data == "all"
        if task.run and first and longer(a.out / task.run.method, task.run, a.base):
            print(f"{a.out / task.run.method} stays: it was trained for longer")
        elif task.run and first:
            publish(place, a.out / task.run.method, done[task.name], done.get("base"))

    settings = settings_of(a)
    results = study.Results(a.out / "study.json", settings)
    return crew.Crew(settings, a.work / "study", results, a.jobs, finished).run()


def longer(kept: Path, run: Run, base: Path) -> bool:
    """Whether the adapter in `kept` was trained on this base for more steps than `run` has."""
    starts = [e for e in Log(kept / "training.jsonl").read() if e["event"] == "start"]
    return bool(starts) and starts[-1].get("base") == adapt.digest(base) and starts[-1]["steps"] > run.steps


def one(a: argparse.Namespace) -> bool:
    """Train one adapter, judge it and publish it."""
    run = Run(a.method, a.steps, a.batch, a.rate or METHODS[a.method].rate, a.seed)
    task = study.Task("train", f"{a.method} all seed {a.seed}", run)
    settings = settings_of(a)
    number = study.key(settings, settings.facts(), task)
    place = study.place(a.work / "single", settings, task, number)
    with Stop() as stop:
        result = study.perform(task, place, settings, [], crew.watch(stop))
    publish(place, a.out / a.method, result, base_result(a))
    print(crew.told(result), result["demo"]["answer"], sep="\n")
    return True


def base_result(a: argparse.Namespace) -> study.Result | None:
    """The study's result for the base without an adapter, if base, data and questions are the same."""
    path, facts = a.out / "study.json", settings_of(a).facts()
    content = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"about": {}}
    same = all(content["about"].get(name) == facts[name] for name in ("base", "data", "judging"))
    return content["base"] if same else None


def publish(place: Place, out: Path, result: study.Result, base: study.Result | None) -> None:
    """Copy a trained adapter to where readers load it, with its log and card; a whole model stays where it is."""
    if METHODS[result["method"]].config is None:
        return
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(place.saved, out)
    shutil.copy(place.log.path, out / "training.jsonl")
    for who, judged in (("base", base), ("adapter", result)):
        if judged:
            Log(out / "training.jsonl").write("judged", **verdict(who, judged))
    card.write_adapter_card(out)


def verdict(who: str, judged: study.Result) -> dict[str, Any]:
    """The event from which the card makes a row about one model."""
    scores = {name: judged[name] for name in ("held_out", "held_out_exercises")}
    counts = {name: {key: score[key] for key in ("passed", "asked")} for name, score in scores.items()}
    demo = {"demo": judged["demo"]["sorts"], "shown": judged["demo"]["answer"]}
    return {"who": who, "run_as": "fp32, in batches", **counts["held_out"], **demo,
            "unseen": counts["held_out_exercises"]}  # fmt: skip


def judge(a: argparse.Namespace) -> bool:
    """Judge a committed adapter and print the result."""
    place = a.out / a.judge
    net, half = (tuned.load(a.judge, a.base, place, dtype) for dtype in (torch.float32, torch.bfloat16))
    found = measure.everything(net, half, a.base, settings_of(a).plan, lambda: None)
    print(json.dumps(found, indent=1))
    return True


def check(a: argparse.Namespace) -> bool:
    """Retrain the first steps of a committed run. Returns whether the losses are those of its log."""
    kept = Log(a.out / a.method / "training.jsonl").read()
    start = next((e for e in kept if e["event"] == "start"), None)
    if start is None or start.get("base") != adapt.digest(a.base):
        raise ValueError(f"{a.out / a.method} has no log of a run on this base; train it with --method {a.method}")
    run = Run(**{name: start[name] for name in Run.__dataclass_fields__})
    with tempfile.TemporaryDirectory() as folder, Stop() as stop:
        again = Place(Path(folder) / "run", a.base)
        adapt.train(run, again, crew.watch(stop), until=a.check_steps)
        curve = {e["step"]: e["loss"] for e in again.log.read() if e["event"] == "step"}
    known = {e["step"]: e["loss"] for e in kept if e["event"] == "step"}
    here = machine()
    same = all(start["machine"].get(name) == here[name] for name in SAME)
    allowed = 0.0 if same else CLOSE
    for step, loss in curve.items():
        print(f"step {step}: {loss:.5f}, kept {known[step]:.5f}")
    apart = max(abs(loss - known[step]) for step, loss in curve.items())
    print(f"largest difference {apart:.5f}, allowed {allowed:g}: {'the same' if same else 'another'} environment")
    return apart <= allowed


if __name__ == "__main__":
    main()
