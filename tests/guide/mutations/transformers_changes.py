"""Transformers loading otherwise."""

from __future__ import annotations

from typing import Any

import torch
from transformers import BatchEncoding, PreTrainedModel

from mutations import breaks


def _around(change: Any) -> None:
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return change(cls, load, given, rest)

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("deep-dive", "no-default-dtype")
def models_load_in_float32_by_default() -> None:
    """As Transformers did before version 5."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        return load(cls, *given, **{"dtype": torch.float32, **rest})

    _around(change)


@breaks("deep-dive", "device-string")
def models_load_onto_the_meta_device() -> None:
    """As with `device_map`, a device that nobody asked for."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        return load(cls, *given, **rest).to("meta")

    _around(change)


@breaks("code-explanation", "loaded-eval")
def models_load_in_training_mode() -> None:
    """As a PyTorch module begins its life."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        return load(cls, *given, **rest).train()

    _around(change)


@breaks("code-explanation", "batch-moves")
def a_batch_is_copied_to_a_device() -> None:
    """As a tensor is."""
    move = BatchEncoding.to

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return move(BatchEncoding(dict(self)), *given, **rest)

    BatchEncoding.to = other
