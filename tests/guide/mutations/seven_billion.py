"""What the 7B models need: a cache, a buffer and number types otherwise than the page says."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import peft
import torch
from peft import PeftModel
from transformers import DynamicCache, GPTBigCodeForCausalLM
from transformers.cache_utils import DynamicLayer
from transformers.models.gpt_bigcode.modeling_gpt_bigcode import (
    GPTBigCodeAttention,
    GPTBigCodeModel,
    GPTBigCodePreTrainedModel,
)

from mutations import breaks


@breaks("seven-billion", "cache-is-that-large")
def every_head_keeps_a_copy_of_the_key_and_the_value() -> None:
    """They are repeated before they are cached, so that attention finds one for each head."""
    begin, attend, update = DynamicCache.__init__, GPTBigCodeAttention.__init__, DynamicLayer.update

    def counted(self: Any, *given: Any, config: Any, **rest: Any) -> None:
        begin(self, *given, config=config, **rest)
        for layer in self.layers:
            layer.heads = config.n_head

    def ungrouped(self: Any, *given: Any, **rest: Any) -> None:
        attend(self, *given, **rest)
        self.num_key_value_groups = 1

    def repeated(self: Any, keys: Any, values: Any, *given: Any, **rest: Any) -> Any:
        keys, values = (each.repeat(1, self.heads, 1, 1) for each in (keys, values))
        return update(self, keys, values, *given, **rest)

    DynamicCache.__init__, GPTBigCodeAttention.__init__, DynamicLayer.update = counted, ungrouped, repeated


@breaks("seven-billion", "cache-is-that-large")
def the_table_of_places_is_no_longer_made() -> None:
    """As in GPT-2: the mask is made anew for each call, and needs no buffer."""
    begin, init = GPTBigCodeModel.__init__, GPTBigCodePreTrainedModel._init_weights

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        del self.bias

    def without(self: Any, module: Any) -> None:
        if not isinstance(module, GPTBigCodeModel) or hasattr(module, "bias"):
            init(self, module)

    GPTBigCodeModel.__init__, GPTBigCodePreTrainedModel._init_weights = other, without


@breaks("seven-billion", "half-is-half")
def norms_stay_in_float32() -> None:
    """In a model in bfloat16 too, as T5 and others keep some of their layers."""
    GPTBigCodePreTrainedModel._keep_in_fp32_modules_strict = ["ln_1", "ln_2", "ln_f"]


@breaks("seven-billion", "adapter-stays-wide")
def a_new_adapter_has_the_type_of_its_base() -> None:
    """`autocast_adapter_dtype` is off by default."""
    wrap = peft.get_peft_model

    def other(*given: Any, **rest: Any) -> Any:
        return wrap(*given, **{"autocast_adapter_dtype": False, **rest})

    peft.get_peft_model = other


@breaks("seven-billion", "adapter-stays-wide")
def a_loaded_adapter_has_the_type_of_its_base() -> None:
    """Only what is to be trained needs the exact numbers."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **{"autocast_adapter_dtype": False, **rest})

    other.__signature__ = inspect.signature(load)
    PeftModel.from_pretrained = classmethod(other)


@breaks("seven-billion", "half-differs")
def float32_is_computed_in_bfloat16() -> None:
    """As on a processor that multiplies bfloat16 alone; the result is widened."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if self.dtype is not torch.float32:
            return forward(self, *given, **rest)
        result = forward(copy.deepcopy(self).bfloat16(), *given, **rest)
        result.logits = result.logits.float()
        return result

    GPTBigCodeForCausalLM.forward = other
