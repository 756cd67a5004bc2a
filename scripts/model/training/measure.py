"""What the study measures of one model: losses, and answers judged by running them. Nothing here trains.

Held-out questions are asked by `held_out` alone, once for a finished run; rates are chosen by `validation_loss`.
"""

import math
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase

import exercises
from judge import judge
from training import answers, corpora, data, tuned
from training.decode import LONGEST, Alive, decode


@dataclass(frozen=True)
class Plan:
    """Which questions are asked, and how. `sample` held-out ones get `k` answers each, drawn at `temperature`."""

    k: int = 5
    temperature: float = 0.8
    sample: int = 64
    limit: int = 10_000  # of each split; fewer only to see that it works
    tokens: int = LONGEST  # of an answer
    windows: int = 48
    length: int = 256


def wilson(passed: int, asked: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a share, at 95 %."""
    share, weight = passed / asked, z * z / asked
    centre = (share + weight / 2) / (1 + weight)
    half = z / (1 + weight) * math.sqrt(share * (1 - share) / asked + weight / (4 * asked))
    return max(0.0, centre - half), min(1.0, centre + half)


def share(passed: int, asked: int) -> dict[str, float | int]:
    """A share with its interval, as the result file has it."""
    low, high = wilson(passed, asked)
    numbers = {"share": passed / asked, "low": low, "high": high}
    return {"passed": passed, "asked": asked, **{key: round(value, 4) for key, value in numbers.items()}}


def split(name: str, plan: Plan, kept: Callable[[str], bool] = bool) -> list[exercises.Pair]:
    """The pairs of a finite split on exercises for which `kept` holds, or a fixed sample if the plan asks for fewer."""
    pairs = [pair for pair in exercises.pairs(name, 0) if kept(pair.exercise)]
    return pairs if len(pairs) <= plan.limit else answers.sample(pairs, plan.limit, seed=0)


def validation_loss(net: tuned.Net, base: Path, plan: Plan) -> float:
    """Nats per answer token on the questions of the validation split."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    pairs = split("validation", plan)
    return round(tuned.mean_loss(net, [answers.encode_pair(tokenizer, p.question, p.answer) for p in pairs]), 5)


def everything(net: tuned.Net, half: tuned.Net, base: Path, plan: Plan, alive: Alive) -> dict[str, Any]:
    """All measurements of a trained model: `net` is in fp32, `half` the same model in bf16, as pages load it."""
    tokenizer = AutoTokenizer.from_pretrained(base)
    return {
        "validation_loss": validation_loss(net, base, plan),
        "code_loss": code_loss(net, base, plan),
        **held_out(net, tokenizer, plan, alive),
        "demo": demo(half, tokenizer, alive),
    }


def held_out(net: tuned.Net, tokenizer: PreTrainedTokenizerBase, plan: Plan, alive: Alive) -> dict[str, Any]:
    """pass@1 of greedy answers on both held-out splits, and pass@k of drawn ones on a sample of the first."""
    pairs = split("held-out", plan)
    found = {
        "held_out": greedy(net, tokenizer, pairs, plan, alive),
        "held_out_exercises": greedy(net, tokenizer, split("held-out-exercises", plan), plan, alive),
    }
    chosen = answers.sample(pairs, plan.sample, seed=0)
    torch.manual_seed(0)
    asked = [pair for pair in chosen for _ in range(plan.k)]
    said = decode(net, tokenizer, [pair.question for pair in asked], alive, plan.temperature, tokens=plan.tokens)
    passed = [v.passed for v in judge(list(zip(said, asked, strict=True)), jobs=1)]
    any_passed = [any(passed[i : i + plan.k]) for i in range(0, len(passed), plan.k)]  # all k: no estimate needed
    found["pass_at_k"] = {"k": plan.k, "temperature": plan.temperature, **share(sum(any_passed), len(chosen))}
    return found


def greedy(
    net: tuned.Net, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[exercises.Pair], plan: Plan, alive: Alive
) -> dict[str, Any]:
    """pass@1 of greedy answers, and the five commonest reasons of failure."""
    said = decode(net, tokenizer, [p.question for p in pairs], alive, tokens=plan.tokens)
    verdicts = judge(list(zip(said, pairs, strict=True)), jobs=1)
    reasons: dict[str, int] = {}
    for verdict in verdicts:
        if not verdict.passed:
            reasons[verdict.reason] = reasons.get(verdict.reason, 0) + 1
    common = dict(sorted(reasons.items(), key=lambda item: -item[1])[:5])
    return {**share(sum(v.passed for v in verdicts), len(pairs)), "failures": common}


def demo(net: tuned.Net, tokenizer: PreTrainedTokenizerBase, alive: Alive) -> dict[str, Any]:
    """The guide's own question, which is in the validation split: the greedy answer, and whether it sorts."""
    pair = next(p for p in exercises.pairs("validation", 0) if p.question == answers.DEMO)
    said = decode(net, tokenizer, [pair.question], alive)[0]
    return {"sorts": judge([(said, pair)], jobs=1)[0].passed, "answer": said}


def code_loss(net: tuned.Net, base: Path, plan: Plan) -> dict[str, float]:
    """The loss on plain code, which the base learned: nats per token on both validation corpora."""
    found = {}
    for name, windows in code_windows(base, plan.windows, plan.length).items():
        rows = [(ids, ids) for ids in windows.tolist()]
        found[name] = round(tuned.mean_loss(net, rows, batch=8), 5)
    return found


@cache
def code_windows(base: Path, count: int, length: int) -> dict[str, np.ndarray]:
    """Windows spread over the standard library's held-back files and over functions kept for validation."""
    tokenizer = corpora.load_tokenizer(base)
    library = Path(sysconfig.get_path("stdlib"))
    sources = {
        "stdlib": [d.text for d in data.stdlib_documents(library) if d.held_back],
        "functions": list(islice(exercises.functions("validation", 0), corpora.VALIDATION_FUNCTIONS)),
    }
    encoded = {name: data.encode_corpus(tokenizer, texts) for name, texts in sources.items()}
    return {name: data.fixed_windows(corpus, count, length) for name, corpus in encoded.items()}
