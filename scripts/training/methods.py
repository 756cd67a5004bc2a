"""Astraios' methods as this project trains them: one row per method, with what was scaled down and why."""

from collections.abc import Callable
from dataclasses import dataclass

from peft import LoraConfig, PeftConfig


@dataclass(frozen=True)
class Method:
    """How to make and train one adapter. `rate` is the peak learning rate; `scaled` goes into the card."""

    config: Callable[[], PeftConfig]
    rate: float
    scaled: str


def lora() -> LoraConfig:
    """Astraios' LoRA: r 8, alpha 16, dropout 0.05, on every linear layer of attention and MLP but `c_fc`.

    `q_attn` is named as Astraios names it; multi-query attention has none, so it matches nothing.
    """
    return LoraConfig(
        r=8,
        lora_alpha=16,
        lora_dropout=0.05,
        target_modules=["c_proj", "c_attn", "q_attn"],
        task_type="CAUSAL_LM",
    )


LORA_SCALED = "only the training; r stays 8, because r in proportion to the width would be less than 1"

METHODS: dict[str, Method] = {"lora": Method(lora, rate=5e-3, scaled=LORA_SCALED)}
