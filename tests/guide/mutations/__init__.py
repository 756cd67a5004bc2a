"""Libraries that behave otherwise than the guide says, each put in from outside while a page runs.

A mutation is a function that changes a library where it stands. Its page's child calls it before the first
cell, so the page itself is untouched. The claim that states the behaviour must fail, and must be the first
cell that does: `tests/guide/mutate.py` holds each mutation to the claim that is named here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from loading import page

PREFIX = "mutated-"  # of the profile under which a mutated page runs


@dataclass(frozen=True)
class Mutation:
    """A changed library: the claim that must notice, as page and cell, and the function that changes it."""

    name: str
    page: str
    claim: str
    apply: Callable[[], None]


MUTATIONS: dict[str, Mutation] = {}


def breaks(page: str, claim: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Enter the decorated function as a mutation that breaks this claim."""

    def enter(apply: Callable[[], None]) -> Callable[[], None]:
        name = apply.__name__.replace("_", "-")
        MUTATIONS[name] = Mutation(name, page, claim, apply)
        return apply

    return enter


def setup(context: Any) -> None:
    """The guide's own setup, then the mutation that the profile names."""
    page.setup(context)
    MUTATIONS[context.profile.removeprefix(PREFIX)].apply()


from mutations import (  # noqa: E402, F401 (each enters its own)
    another_architecture,
    astraios_adapters,
    code_explanation,
    code_explanation_peft,
    code_explanation_text,
    corrections,
    deep_dive,
    errors,
    generation,
    generation_in_use,
    is_it_better,
    memory_and_speed,
    methods,
    new_tokens,
    no_effect,
    on_a_laptop,
    peft_changes,
    prompts,
    quantised,
    save_merge_ship,
    seven_billion,
    tokenizers,
    train_an_adapter,
    training_run,
    transformers_changes,
    unscale_fp16,
    which_settings,
)
