"""The study's methods: one row per method, with what was scaled down and why.

Astraios' seven come first, the second group is what Astraios did not try. `VARIANTS` has LoRA with other settings, for
the grid of settings.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from peft import (
    IA3Config,
    LoraConfig,
    PeftConfig,
    PromptEncoderConfig,
    PromptEncoderReparameterizationType,
    PromptTuningConfig,
    PromptTuningInit,
)

sys.path.append(str(Path(__file__).resolve().parents[3] / "snippets"))  # for `bottleneck`, which readers copy

from bottleneck import BottleneckConfig

PAPER_WIDTH, PAPER_BOTTLENECK = 4096, 256
VIRTUAL_TOKENS = 30
TASK = "CAUSAL_LM"
LORA_MODULES = ("c_proj", "c_attn", "q_attn")  # as Astraios names them; multi-query attention has no `q_attn`


@dataclass(frozen=True)
class Method:
    """How to make and train one adapter; `config` takes the base's width, and is None for full fine-tuning.

    `rate` is the middle of the rates that the study tries; `scaled` goes into the card.
    """

    config: Callable[[int], PeftConfig] | None
    rate: float
    scaled: str
    astraios: bool = True


def lora(rank: int = 8, alpha: int = 16, modules: Sequence[str] = LORA_MODULES, **options: bool) -> LoraConfig:
    """Astraios' LoRA: r 8, alpha 16, dropout 0.05, on every linear layer of attention and MLP but `c_fc`."""
    return LoraConfig(
        r=rank, lora_alpha=alpha, lora_dropout=0.05, target_modules=list(modules), task_type=TASK, **options
    )


def ia3() -> IA3Config:
    """Astraios' (IA)³: the outputs of `c_attn` and the inputs of `mlp.c_proj` are scaled."""
    return IA3Config(target_modules=["c_attn", "mlp.c_proj"], feedforward_modules=["mlp.c_proj"], task_type=TASK)


def p_tuning(width: int) -> PromptEncoderConfig:
    """Astraios' P-Tuning: 30 virtual tokens through an MLP as wide as the model; only the MLP's output is saved."""
    kind = PromptEncoderReparameterizationType.MLP
    return PromptEncoderConfig(
        num_virtual_tokens=VIRTUAL_TOKENS,
        encoder_reparameterization_type=kind,
        encoder_hidden_size=width,
        task_type=TASK,
    )


def prompt_tuning() -> PromptTuningConfig:
    """Prompt tuning: 30 virtual tokens, trained directly; they start as tokens of the vocabulary."""
    init = PromptTuningInit.SAMPLE_VOCAB
    return PromptTuningConfig(num_virtual_tokens=VIRTUAL_TOKENS, prompt_tuning_init=init, task_type=TASK)


def bottleneck_size(width: int) -> int:
    """The bottleneck's size in proportion to `width`: Astraios has 256 at width 4096."""
    return round(PAPER_BOTTLENECK * width / PAPER_WIDTH)


def adapter_h(width: int) -> BottleneckConfig:
    """Houlsby's adapter: before `c_fc` and after `mlp.c_proj`."""
    modules = ["c_fc", "mlp.c_proj"]
    return BottleneckConfig(bottleneck_size=bottleneck_size(width), target_modules=modules, task_type=TASK)


def adapter_p(width: int) -> BottleneckConfig:
    """Pfeiffer's adapter: after `mlp.c_proj`."""
    size, modules = bottleneck_size(width), ["mlp.c_proj"]
    return BottleneckConfig(bottleneck_size=size, use_adapterp=True, target_modules=modules, task_type=TASK)


def parallel(width: int) -> BottleneckConfig:
    """The parallel adapter: beside `c_attn`."""
    size, modules = bottleneck_size(width), ["c_attn", "q_attn"]
    return BottleneckConfig(bottleneck_size=size, use_parallel_adapter=True, target_modules=modules, task_type=TASK)


LORA = "only the training; r stays 8, because r in proportion to the width would be less than 1"
NARROW = "the bottleneck, in proportion to the width: 256 at width 4096 is 20 at width 320"
TOKENS = "only the training; 30 virtual tokens stay 30, because their number does not follow the width"

METHODS: dict[str, Method] = {
    "lora": Method(lambda _: lora(), 5e-3, LORA),
    "ia3": Method(lambda _: ia3(), 3e-2, "only the training; a scale for each output or input has no size to choose"),
    "p-tuning": Method(p_tuning, 3e-3, TOKENS),
    "adapter-h": Method(adapter_h, 5e-3, NARROW),
    "adapter-p": Method(adapter_p, 5e-3, NARROW),
    "parallel": Method(parallel, 5e-3, NARROW),
    "full": Method(None, 5e-4, "only the training"),
    "prompt-tuning": Method(
        lambda _: prompt_tuning(), 1e-1, "30 virtual tokens, as many as P-Tuning has", astraios=False
    ),
    "dora": Method(lambda _: lora(use_dora=True), 5e-3, "LoRA's settings, with magnitudes of their own", False),
    "rslora": Method(lambda _: lora(use_rslora=True), 3e-3, "LoRA's settings, scaled by √r instead of r", False),
}


# By name, LoRA of another rank, alpha or targets. A rank stands with twice its own alpha, and with the study's 16.
TARGETS = {"c_attn": ("c_attn",), "mlp": ("c_fc", "mlp.c_proj"), "all linear": ("c_attn", "c_proj", "c_fc")}


def variant(rank: int = 8, alpha: int = 16, modules: Sequence[str] = LORA_MODULES) -> Method:
    """LoRA's row with other settings."""
    return replace(METHODS["lora"], config=lambda _: lora(rank, alpha, modules), astraios=False)


VARIANTS: dict[str, Method] = {
    **{f"lora r={r} alpha={a}": variant(r, a) for r in (1, 4, 16, 64) for a in (16, 2 * r)},
    **{f"lora alpha={a}": variant(alpha=a) for a in (4, 64)},
    **{f"lora on {name}": variant(modules=modules) for name, modules in TARGETS.items()},
}


def row(name: str) -> Method:
    """A method or a variant by its name. Raises KeyError where there is none."""
    return METHODS[name] if name in METHODS else VARIANTS[name]
