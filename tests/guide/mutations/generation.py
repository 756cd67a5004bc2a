"""A `generate` with other defaults and another answer."""

from __future__ import annotations

import inspect
from typing import Any

import torch
from transformers import GenerationMixin

from mutations import breaks


def _around(change: Any) -> None:
    generate = GenerationMixin.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return change(self, generate, given, rest)

    GenerationMixin.generate = other


@breaks("deep-dive", "default-length")
def generate_stops_after_ten_tokens_by_default() -> None:
    """Another default length."""

    def change(self: Any, generate: Any, given: Any, rest: Any) -> Any:
        return generate(self, *given, **{"max_new_tokens": 10, **rest})

    _around(change)


@breaks("deep-dive", "prompt-comes-back")
def generate_gives_the_new_tokens_alone() -> None:
    """As encoder-decoder models do, and as the first draft implied."""

    def change(self: Any, generate: Any, given: Any, rest: Any) -> Any:
        return generate(self, *given, **rest)[:, rest["input_ids"].shape[1] :]

    _around(change)


@breaks("deep-dive", "greedy-repeats")
def greedy_decoding_has_chance_in_it() -> None:
    """The second call with the same arguments ends with another token."""
    seen: list[int] = []

    def change(self: Any, generate: Any, given: Any, rest: Any) -> Any:
        out = generate(self, *given, **rest)
        seen.append(out.shape[1])
        if isinstance(out, torch.Tensor) and seen.count(out.shape[1]) > 1:
            out[:, -1] += 1
        return out

    _around(change)


@breaks("code-explanation", "no-gradients")
def generate_keeps_what_training_needs() -> None:
    """`generate` without its `torch.no_grad`, which is the innermost of its decorators."""
    GenerationMixin.generate = inspect.unwrap(GenerationMixin.generate)
