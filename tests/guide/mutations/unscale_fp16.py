"""16 bits in training, otherwise than the page on a scaler's error says."""

from __future__ import annotations

from typing import Any

import accelerate
import peft
import torch
from transformers import PreTrainedModel

from mutations import breaks


@breaks("unscale-fp16", "adapter-is-wide")
def an_adapter_takes_its_bases_type_unless_told_otherwise() -> None:
    """`autocast_adapter_dtype` is off by default, as the error page must notice."""
    wrap = peft.get_peft_model

    def other(*given: Any, **rest: Any) -> Any:
        return wrap(*given, **{"autocast_adapter_dtype": False, **rest})

    peft.get_peft_model = other


@breaks("unscale-fp16", "file-decides")
def models_are_loaded_in_float32_by_default() -> None:
    """As Transformers 4 did, whatever the file holds."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **{"dtype": "float32", **rest})

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("unscale-fp16", "file-decides")
def gradients_in_float16_are_unscaled() -> None:
    """The division is done in float32 and rounded."""
    unscale = torch.amp.GradScaler._unscale_grads_

    def other(self: Any, optimizer: Any, inv_scale: Any, found_inf: Any, allow_fp16: bool) -> Any:
        return unscale(self, optimizer, inv_scale, found_inf, True)

    def narrow(self: Any, optimizer: Any, inv_scale: Any, found_inf: Any, allow_fp16: bool) -> Any:
        adapted = len(optimizer.param_groups[0]["params"]) < 20
        return (unscale if adapted else other)(self, optimizer, inv_scale, found_inf, allow_fp16)

    torch.amp.GradScaler._unscale_grads_ = narrow


@breaks("unscale-fp16", "bfloat16-passes")
def gradients_in_bfloat16_are_refused_too() -> None:
    """They have 16 bits."""
    unscale = torch.amp.GradScaler._unscale_grads_

    def other(self: Any, optimizer: Any, *given: Any) -> Any:
        for group in optimizer.param_groups:
            if any(each.dtype is torch.bfloat16 for each in group["params"]):
                raise ValueError("Attempting to unscale BF16 gradients.")
        return unscale(self, optimizer, *given)

    torch.amp.GradScaler._unscale_grads_ = other


@breaks("unscale-fp16", "no-scaler-on-a-cpu")
def the_trainer_scales_on_a_cpu_too() -> None:
    """PyTorch has a scaler for it."""
    begin = accelerate.Accelerator.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        if self.mixed_precision == "fp16":
            self.scaler = torch.amp.GradScaler("cpu")

    accelerate.Accelerator.__init__ = other
