"""A grid of settings that came out otherwise, and libraries that step otherwise, than the page on settings says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import torch
from peft import LoraConfig

from mutations import breaks

Point = dict[str, Any]


def _losses_with(change: Callable[[Point, float], float]) -> None:
    """Let the page read other losses; `change` hears a run's setting and its loss. To train anew would take an hour."""
    read = json.loads

    def other(*given: Any, **rest: Any) -> Any:
        found = read(*given, **rest)
        if isinstance(found, dict) and "centre" in found.get("about", ()):
            for run in found["runs"]:
                run["validation_loss"] = change(run["settings"], run["validation_loss"])
        return found

    json.loads = other


@breaks("which-settings", "rate-loses")
def a_high_rate_costs_nothing() -> None:
    """Ten times the rate ends where a sixth of that does."""
    _losses_with(lambda point, loss: 0.14 if point["rate"] == 1.67e-2 else loss)


@breaks("which-settings", "rate-loses")
def a_low_rate_wins() -> None:
    """A third of the rate is better than the rate that the search chose."""
    _losses_with(lambda point, loss: loss - 0.02 if point["rate"] == 5.56e-4 else loss)


@breaks("which-settings", "rate-loses")
def few_questions_cost_the_most() -> None:
    """Forty questions are learned by heart, and nothing else is."""
    _losses_with(lambda point, loss: loss + 0.1 if point["questions"] == 40 else loss)


@breaks("which-settings", "rank-hardly")
def a_higher_rank_wins() -> None:
    """Rank 64, whatever its alpha, has a hundredth less."""
    _losses_with(lambda point, loss: loss - 0.01 if point["rank"] == 64 else loss)


@breaks("which-settings", "attention-alone-loses")
def attention_alone_is_enough() -> None:
    """The runs on `c_attn` end as low as the others."""
    _losses_with(lambda point, loss: loss - 0.01 if point["targets"] == ["c_attn"] else loss)


@breaks("which-settings", "more-questions-win")
def few_questions_are_enough() -> None:
    """A hundred, seen four times each, teach what two hundred do."""
    _losses_with(lambda point, loss: loss - 0.01 if point["questions"] == 100 else loss)


@breaks("which-settings", "rate-decides")
def no_rate_is_too_high() -> None:
    """AdamW takes no rate above 5e-3."""
    begin = torch.optim.AdamW.__init__

    def other(self: Any, weights: Any, lr: float = 1e-3, **rest: Any) -> None:
        begin(self, weights, lr=min(lr, 5e-3), **rest)

    torch.optim.AdamW.__init__ = other


@breaks("which-settings", "alpha-is-a-rate")
def alpha_is_not_looked_at() -> None:
    """The scale is the same for all."""
    begin = LoraConfig.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{**rest, "lora_alpha": 16})

    LoraConfig.__init__ = other
