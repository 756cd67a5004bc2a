"""Adapters that are switched off, and answers that are drawn, otherwise than the page on evaluating says."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any

import torch
from peft import PeftModel, PeftModelForCausalLM

from mutations import breaks


@breaks("is-it-better", "disabled-is-base")
def disabling_leaves_an_adapter_on() -> None:
    """It takes the gradients away, and nothing else."""

    @contextmanager
    def other(self: Any) -> Any:
        yield

    PeftModel.disable_adapter = other


@breaks("is-it-better", "samples-in-order")
def answers_come_in_rounds() -> None:
    """One to each prompt, then the second to each."""
    generate = PeftModelForCausalLM.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        out, each = generate(self, *given, **rest), rest.get("num_return_sequences", 1)
        return out.reshape(-1, each, out.shape[-1]).transpose(0, 1).reshape(out.shape).to(torch.long)

    PeftModelForCausalLM.generate = other
