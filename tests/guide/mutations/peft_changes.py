"""PEFT wrapping otherwise."""

from __future__ import annotations

import copy
import importlib.metadata
from contextlib import contextmanager
from typing import Any

import peft
import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer, LoraModel

from mutations import breaks


def _around(change: Any) -> None:
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return change(cls, load, given, rest)

    PeftModel.from_pretrained = classmethod(other)


@breaks("deep-dive", "wrap-frozen")
def adapters_load_trainable() -> None:
    """What the first draft meant by "prepares it for fine-tuning"."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        model = load(cls, *given, **{"is_trainable": True, **rest})
        return model.eval()

    _around(change)


@breaks("deep-dive", "wrap-in-place")
def wrapping_copies_the_base_model() -> None:
    """What a reader would like to be true."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        base, *others = given
        return load(cls, copy.deepcopy(base), *others, **rest)

    _around(change)


@breaks("deep-dive", "wrap-class")
def every_task_has_the_general_class() -> None:
    """`PeftModel` itself, whatever the task."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        model = load(cls, *given, **rest)
        model.__class__ = type("PeftModel", (type(model),), {})
        return model

    _around(change)


@breaks("deep-dive", "peft-is")
def peft_is_somebody_elses_package() -> None:
    """As after installing the fork that the first draft asked for."""
    read = importlib.metadata.metadata

    def other(name: str) -> Any:
        found = read(name)
        if name == "peft":
            del found["Home-page"]
            found["Home-page"] = "https://github.com/bigcode-project/astraios"
        return found

    importlib.metadata.metadata = other


@breaks("corrections", "loads-only")
def loading_trains_a_little() -> None:
    """What the first draft said: it "fine-tunes a small number of parameters"."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        model = load(cls, *given, **rest)
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                weights.data += 0.01
        return model

    _around(change)


@breaks("corrections", "set-adapter")
def choosing_an_adapter_leaves_it_frozen() -> None:
    """What a reader expects of a model that was loaded for use."""
    choose = PeftModel.set_adapter

    def other(self: Any, name: str, inference_mode: bool = True) -> None:
        choose(self, name, inference_mode=True)

    PeftModel.set_adapter = other


@breaks("code-explanation", "argument-trainable")
def adapters_load_frozen_whatever_is_asked() -> None:
    """`is_trainable` without effect."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        rest.pop("is_trainable", None)
        return load(cls, *given, **rest)

    _around(change)


@breaks("code-explanation", "argument-autocast")
def adapters_keep_the_type_of_the_base() -> None:
    """`autocast_adapter_dtype` off by default."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        return load(cls, *given, **{"autocast_adapter_dtype": False, **rest})

    _around(change)


@breaks("train-an-adapter", "fresh-is-nothing")
def both_matrices_of_lora_begin_at_random() -> None:
    """As Astraios' adapters begin."""
    reset = LoraLayer.reset_lora_parameters

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        reset(self, name, *given, **rest)
        if name in self.lora_B:
            torch.nn.init.normal_(self.lora_B[name].weight, std=0.02)

    LoraLayer.reset_lora_parameters = other


@breaks("train-an-adapter", "disable-unfreezes")
def switching_off_leaves_everything_as_it_was() -> None:
    """What the end of a `with` block promises."""
    disable = PeftModel.disable_adapter

    @contextmanager
    def other(self: Any) -> Any:
        grows = {name: weights.requires_grad for name, weights in self.named_parameters()}
        with disable(self):
            yield
        for name, weights in self.named_parameters():
            weights.requires_grad_(grows[name])

    PeftModel.disable_adapter = other


@breaks("train-an-adapter", "linear-doubles")
def half_and_half_make_one() -> None:
    """What a reader expects of "linear"."""
    add = LoraModel.add_weighted_adapter

    def other(self: Any, adapters: Any, weights: Any, name: str, combination_type: str = "svd", **rest: Any) -> None:
        if combination_type == "linear":
            weights = [weight / len(adapters) for weight in weights]
        add(self, adapters, weights, name, combination_type, **rest)

    LoraModel.add_weighted_adapter = other


@breaks("methods", "config-is-written")
def the_configuration_is_copied() -> None:
    """As most constructors do with what they are given."""
    wrap = peft.get_peft_model

    def other(model: Any, config: Any, *given: Any, **rest: Any) -> Any:
        return wrap(model, copy.deepcopy(config), *given, **rest)

    peft.get_peft_model = other
