"""PEFT loading, saving and adding otherwise than the code explanation says."""

from __future__ import annotations

import copy
import difflib
import inspect
from collections.abc import Callable
from typing import Any

import peft
from peft import PeftModel
from peft.tuners.lora import LoraLayer, LoraModel
from peft.tuners.tuners_utils import BaseTuner

from mutations import breaks

Arguments = dict[str, Any]


def _load_with(change: Callable[[Arguments], Arguments]) -> None:
    """Let `PeftModel.from_pretrained` see other named arguments than it was given."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **change(rest))

    other.__signature__ = inspect.signature(load)
    PeftModel.from_pretrained = classmethod(other)


def _ignored(*names: str) -> Callable[[Arguments], Arguments]:
    return lambda rest: {name: each for name, each in rest.items() if name not in names}


@breaks("code-explanation", "adapter-alone")
def adapters_are_saved_with_the_embeddings() -> None:
    """`save_embedding_layers` is on by default."""
    save = PeftModel.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return save(self, *given, **{"save_embedding_layers": True, **rest})

    PeftModel.save_pretrained = other


@breaks("code-explanation", "adapter-names-base")
def a_base_without_a_name_is_named_by_its_class() -> None:
    """So that the configuration always says something."""
    wrap = peft.get_peft_model

    def other(model: Any, config: Any, *given: Any, **rest: Any) -> Any:
        wrapped = wrap(model, config, *given, **rest)
        config.base_model_name_or_path = config.base_model_name_or_path or type(model).__name__
        return wrapped

    peft.get_peft_model = other


@breaks("code-explanation", "argument-model")
def an_adapted_layer_is_a_copy() -> None:
    """PEFT's module holds a copy of the old one."""
    begin = LoraLayer.__init__

    def other(self: Any, base_layer: Any, *given: Any, **rest: Any) -> None:
        begin(self, copy.deepcopy(base_layer), *given, **rest)

    LoraLayer.__init__ = other


@breaks("code-explanation", "argument-name")
def the_first_adapter_is_always_default() -> None:
    """`adapter_name` without effect."""
    _load_with(_ignored("adapter_name"))


@breaks("code-explanation", "argument-config")
def a_given_configuration_is_copied() -> None:
    """The object that was passed stays as it is."""
    _load_with(lambda rest: {**rest, "config": copy.deepcopy(rest["config"])} if "config" in rest else rest)


@breaks("code-explanation", "argument-offload")
def offloading_is_on_by_default() -> None:
    """It costs nothing where nothing waits elsewhere."""
    _load_with(lambda rest: {"ephemeral_gpu_offload": True, **rest})


@breaks("code-explanation", "argument-memory")
def adapters_are_always_filled_first() -> None:
    """`low_cpu_mem_usage` without effect."""
    _load_with(_ignored("low_cpu_mem_usage"))


@breaks("code-explanation", "missing-is-new")
def what_an_adapter_lacks_is_zero() -> None:
    """So that it adds nothing."""
    load = PeftModel.load_adapter

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        result = load(self, *given, **rest)
        for name in result.missing_keys:
            self.get_parameter(name).data.zero_()
        return result

    PeftModel.load_adapter = other


@breaks("code-explanation", "argument-mapping")
def names_are_taken_as_they_are() -> None:
    """`key_mapping` without effect."""
    _load_with(_ignored("key_mapping"))


@breaks("code-explanation", "argument-others")
def an_adapter_is_read_from_the_folder_itself() -> None:
    """`subfolder` without effect."""
    _load_with(_ignored("subfolder"))


@breaks("code-explanation", "misspelt")
def a_near_miss_is_taken_for_the_argument() -> None:
    """As some command lines do with an option that is misspelt."""
    known = list(inspect.signature(PeftModel.from_pretrained).parameters)

    def change(rest: Arguments) -> Arguments:
        return {(difflib.get_close_matches(name, known, 1, 0.9) or [name])[0]: each for name, each in rest.items()}

    _load_with(change)


@breaks("code-explanation", "half-trained")
def a_trainable_model_is_in_training_mode() -> None:
    """Dropout of the base model included."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, is_trainable: bool = False, **rest: Any) -> Any:
        return load(cls, *given, is_trainable=is_trainable, **rest).train(is_trainable)

    other.__signature__ = inspect.signature(load)
    PeftModel.from_pretrained = classmethod(other)


@breaks("code-explanation", "another-adapter")
def what_is_loaded_is_active() -> None:
    """A second adapter takes the place of the first."""
    load = PeftModel.load_adapter

    def other(self: Any, model_id: Any, adapter_name: str, *given: Any, **rest: Any) -> Any:
        second = adapter_name not in self.peft_config
        result = load(self, model_id, adapter_name, *given, **rest)
        if second:
            self.set_adapter(adapter_name, inference_mode=True)
        return result

    PeftModel.load_adapter = other


@breaks("code-explanation", "merged")
def merging_leaves_the_base_model() -> None:
    """What comes back is a copy."""
    merge = BaseTuner.merge_and_unload

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return merge(copy.deepcopy(self), *given, **rest)

    BaseTuner.merge_and_unload = other


@breaks("code-explanation", "weighted")
def joined_adapters_count_in_full() -> None:
    """ "cat" leaves their weights out."""
    add = LoraModel.add_weighted_adapter

    def other(self: Any, adapters: Any, weights: Any, name: str, combination_type: str = "svd", **rest: Any) -> None:
        if combination_type == "cat":
            weights = [1.0] * len(adapters)
        add(self, adapters, weights, name, combination_type, **rest)

    LoraModel.add_weighted_adapter = other
