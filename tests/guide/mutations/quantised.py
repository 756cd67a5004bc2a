"""bitsandbytes, and what Transformers and PEFT do with it, otherwise than the page about it says."""

from __future__ import annotations

from typing import Any

import peft
import transformers.trainer
from bitsandbytes.nn import Linear4bit
from transformers import BitsAndBytesConfig

from mutations import breaks


def _config_with(**defaults: Any) -> None:
    """Let quantisation have other defaults."""
    begin = BitsAndBytesConfig.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{**defaults, **rest})

    BitsAndBytesConfig.__init__ = other


@breaks("quantised", "linear-alone")
def what_writes_into_the_stream_keeps_its_precision() -> None:
    """The layers named `c_proj` are skipped by default."""
    _config_with(llm_int8_skip_modules=["c_proj", "lm_head"])


@breaks("quantised", "half-a-byte")
def scales_are_quantised_by_default() -> None:
    """`bnb_4bit_use_double_quant` is on."""
    _config_with(bnb_4bit_use_double_quant=True)


@breaks("quantised", "prepared")
def preparing_only_freezes() -> None:
    """Types and checkpointing are left to who trains."""

    def other(model: Any, *given: Any, **rest: Any) -> Any:
        model.requires_grad_(False)
        return model

    peft.prepare_model_for_kbit_training = other


@breaks("quantised", "base-stays-packed")
def packed_weights_learn_too() -> None:
    """By chance: a training step moves some of them to a value beside their own."""
    import bitsandbytes

    forward = bitsandbytes.nn.Linear4bit.forward

    def other(self: Any, x: Any) -> Any:
        if self.training:
            self.weight.data[:1] += 1
        return forward(self, x)

    bitsandbytes.nn.Linear4bit.forward = other


@breaks("quantised", "merge-quantises-again")
def merging_into_four_bits_adds_nothing() -> None:
    """The sum would be rounded away."""
    from peft.tuners.lora.bnb import Linear4bit

    Linear4bit.merge = lambda self, *given, **rest: None


@breaks("quantised", "forty-cannot-tell")
def four_bits_keep_the_sizes_of_weights_and_lose_their_signs() -> None:
    """What a layer in 4 bits computes is the opposite."""
    forward = Linear4bit.forward

    def other(self: Any, x: Any) -> Any:
        return -forward(self, x)

    Linear4bit.forward = other


@breaks("quantised", "trainer-wants-an-adapter")
def the_trainer_takes_a_quantised_base_alone() -> None:
    """As a release that can train packed weights would."""
    transformers.trainer.validate_quantization_for_training = lambda model: None
