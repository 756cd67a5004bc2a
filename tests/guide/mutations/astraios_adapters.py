"""Python, PyTorch, PEFT and Transformers otherwise than the page about Astraios' adapters says."""

from __future__ import annotations

import enum
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import peft
import torch
from peft import PeftConfig, PeftModel
from peft.config import PeftConfigMixin
from peft.tuners.ia3 import IA3Model
from peft.tuners.lora import LoraModel
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from peft.utils import save_and_load
from transformers import AutoModelForCausalLM
from transformers.models.gpt_bigcode.modeling_gpt_bigcode import GPTBigCodeBlock

from mutations import breaks


def _rounded(numbers: torch.Tensor) -> torch.Tensor:
    """The numbers as 16 bits hold them, in their own type."""
    return numbers.bfloat16().to(numbers.dtype)


def _new_adapters(change: Callable[[list[torch.nn.Module]], None]) -> None:
    """Let a change see the modules of each adapter that is put into a layer, in the order of the layer."""
    inject = BaseTuner.inject_adapter

    def other(self: Any, model: Any, adapter_name: str, *given: Any, **rest: Any) -> None:
        inject(self, model, adapter_name, *given, **rest)
        for layer in [each for each in model.modules() if isinstance(each, BaseTunerLayer)]:
            parts = [getattr(layer, name) for name in layer.adapter_layer_names]
            change([part[adapter_name] for part in parts if isinstance(part, torch.nn.ModuleDict) and len(part)])

    BaseTuner.inject_adapter = other


@breaks("astraios-adapters", "not-in-the-registry")
def the_method_has_an_entry_before_it_has_settings() -> None:
    """In the table of models; loading asks the table of settings first."""
    peft.PEFT_TYPE_TO_TUNER_MAPPING["BOTTLENECK"] = None


@breaks("astraios-adapters", "nothing-replaced")
def a_tuner_is_known_by_its_prefix_once_it_is_defined() -> None:
    """As subclasses are in many registries: one entry more than `bottleneck` makes."""

    def enter(cls: Any, **rest: Any) -> None:
        name = getattr(cls, "prefix", "").removesuffix("_").upper()
        peft.PEFT_TYPE_TO_TUNER_MAPPING.setdefault(name, cls)

    BaseTuner.__init_subclass__ = classmethod(enter)


@breaks("astraios-adapters", "nothing-replaced")
def the_class_of_tuners_keeps_the_latest() -> None:
    """An attribute of a class of PEFT is another once `bottleneck` is imported."""

    def enter(cls: Any, **rest: Any) -> None:
        BaseTuner.latest = cls

    BaseTuner.latest = LoraModel
    BaseTuner.__init_subclass__ = classmethod(enter)


@breaks("astraios-adapters", "parallel-exact")
def an_adapter_reads_its_input_in_16_bits() -> None:
    """As under autocast."""
    cast = BaseTunerLayer._cast_input_dtype

    def other(self: Any, numbers: Any, dtype: Any) -> Any:
        return _rounded(cast(self, numbers, dtype))

    BaseTunerLayer._cast_input_dtype = other


@breaks("astraios-adapters", "three-exact")
def safetensors_are_read_in_16_bits() -> None:
    """A pickle is read as it is."""
    load = save_and_load.safe_load_file

    def other(*given: Any, **rest: Any) -> Any:
        return {name: _rounded(each) for name, each in load(*given, **rest).items()}

    save_and_load.safe_load_file = other


@breaks("astraios-adapters", "three-exact")
def a_target_is_compared_by_the_last_part_of_its_name() -> None:
    """`mlp.c_proj` is found in attention too."""
    exists = BaseTuner._check_target_module_exists

    def other(config: Any, key: str) -> Any:
        last = {name.rpartition(".")[2] for name in config.target_modules or ()}
        return exists(config, key) or key.rpartition(".")[2] in last

    BaseTuner._check_target_module_exists = staticmethod(other)


@breaks("astraios-adapters", "saved-keys")
def keys_are_saved_without_the_names_of_the_wrappers() -> None:
    """As Transformers saves the adapters that it put in itself."""
    gather = peft.peft_model.get_peft_model_state_dict

    def other(*given: Any, **rest: Any) -> Any:
        return {name.removeprefix("base_model.model."): each for name, each in gather(*given, **rest).items()}

    peft.peft_model.get_peft_model_state_dict = other


@breaks("astraios-adapters", "saved-keys")
def adapters_are_saved_in_16_bits() -> None:
    """As most checkpoints are published."""
    gather = peft.peft_model.get_peft_model_state_dict

    def other(*given: Any, **rest: Any) -> Any:
        return {name: _rounded(each) for name, each in gather(*given, **rest).items()}

    peft.peft_model.get_peft_model_state_dict = other


@breaks("astraios-adapters", "weights-only")
def pickles_are_read_with_all_that_is_in_them() -> None:
    """As `torch.load` read them by default before PyTorch 2.6."""
    load = save_and_load.torch_load

    def other(*given: Any, **rest: Any) -> Any:
        return load(*given, **{"weights_only": False, **rest})

    save_and_load.torch_load = other


@breaks("astraios-adapters", "card-bug")
def a_checkpoint_that_is_loaded_again_is_warned_of() -> None:
    """It takes memory twice."""
    load, seen = AutoModelForCausalLM.from_pretrained.__func__, set()

    def other(cls: Any, name: Any, *given: Any, **rest: Any) -> Any:
        if name in seen:
            warnings.warn(f"{name} is in memory already", ResourceWarning, stacklevel=2)
        seen.add(name)
        return load(cls, name, *given, **rest)

    AutoModelForCausalLM.from_pretrained = classmethod(other)


@breaks("astraios-adapters", "lacking-is-told")
def what_a_file_lacks_is_left_out_of_the_report() -> None:
    """A new weight takes its place."""
    load = PeftModel.load_adapter

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        found = load(self, *given, **rest)
        found.missing_keys.clear()
        return found

    PeftModel.load_adapter = other


@breaks("astraios-adapters", "same-hash")
def a_string_in_an_enumeration_has_the_hash_of_a_member() -> None:
    """Its class counts too, in the enumerations of strings that Python itself has a class for."""
    enum.StrEnum.__hash__ = lambda self: hash((type(self).__name__, self.value))


@breaks("astraios-adapters", "fields-are-keys")
def the_settings_have_no_field_that_nobody_sets() -> None:
    """`auto_mapping` is an attribute like any other: PEFT fills it in when it saves."""
    for kind in (PeftConfigMixin, PeftConfig):
        del kind.__dataclass_fields__["auto_mapping"]


@breaks("astraios-adapters", "parts-that-train")
def biases_are_trained_with_every_adapter() -> None:
    """As if `bias` were "all"."""
    mark = BaseTuner._mark_only_adapters_as_trainable

    def other(self: Any, model: Any) -> None:
        mark(self, model)
        for name, weights in model.named_parameters():
            if name.endswith(".bias"):
                weights.requires_grad = True

    BaseTuner._mark_only_adapters_as_trainable = other


@breaks("astraios-adapters", "mixed-batch")
def names_of_adapters_are_dropped_whatever_the_method() -> None:
    """Every row gets the active adapter."""
    enable = PeftModel._enable_peft_forward_hooks

    @contextmanager
    def other(self: Any, *given: Any, **rest: Any) -> Iterator[None]:
        with enable(self, *given, **{**rest, "adapter_names": None}):
            yield

    PeftModel._enable_peft_forward_hooks = other


@breaks("astraios-adapters", "mixed-batch")
def ia3_warns_of_names_that_it_drops() -> None:
    """Every row gets its adapter all the same."""
    enable = PeftModel._enable_peft_forward_hooks

    @contextmanager
    def other(self: Any, *given: Any, **rest: Any) -> Iterator[None]:
        if isinstance(self.base_model, IA3Model) and rest.get("adapter_names") is not None:
            warnings.warn("(IA)³ knows no mixed batches: adapter_names is without effect", stacklevel=2)
        with enable(self, *given, **rest):
            yield

    PeftModel._enable_peft_forward_hooks = other


@breaks("astraios-adapters", "count-is-arithmetic")
def numbers_that_are_nowhere_are_not_counted() -> None:
    """Those on the meta device."""
    count = PeftModel.get_nb_trainable_parameters

    def other(self: Any) -> tuple[int, int]:
        trained, everything = count(self)
        return (0, 0) if next(self.parameters()).is_meta else (trained, everything)

    PeftModel.get_nb_trainable_parameters = other


@breaks("astraios-adapters", "not-linear")
def tanh_gives_back_what_it_is_given() -> None:
    """As it nearly does around zero. The arithmetic by hand follows."""
    torch.tanh = torch.Tensor.clone


@breaks("astraios-adapters", "merge-leaves")
def a_merge_is_refused_once_the_layers_are_put_back() -> None:
    """The check comes last."""
    merge = BaseTuner.merge_and_unload

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        try:
            return merge(self, *given, **rest)
        except ValueError:
            self.unload()
            raise

    BaseTuner.merge_and_unload = other


def _targets_without_module(change: Callable[[Any, set[str]], None]) -> None:
    """Let a change see the settings of an adapter, and the targets in them that name no module."""
    inject = BaseTuner.inject_adapter

    def other(self: Any, model: Any, adapter_name: str, *given: Any, **rest: Any) -> None:
        inject(self, model, adapter_name, *given, **rest)
        config = self.peft_config[adapter_name]
        found = [f".{name}" for name in self.targeted_module_names]
        change(config, {each for each in config.target_modules if not any(name.endswith(f".{each}") for name in found)})

    BaseTuner.inject_adapter = other


@breaks("astraios-adapters", "q-attn")
def a_target_without_a_module_is_warned_of() -> None:
    """Not only where there is no module for any."""

    def change(config: Any, without: set[str]) -> None:
        if without:
            warnings.warn(f"no module is named {', '.join(sorted(without))}", stacklevel=2)

    _targets_without_module(change)


@breaks("astraios-adapters", "q-attn")
def a_target_without_a_module_leaves_the_settings() -> None:
    """They say afterwards where the adapter is."""

    def change(config: Any, without: set[str]) -> None:
        config.target_modules = [each for each in config.target_modules if each not in without]

    _targets_without_module(change)


@breaks("astraios-adapters", "q-attn-elsewhere")
def cross_attention_has_many_keys_whatever_is_asked_for() -> None:
    """It switches multi-query attention off, in place of an error."""
    begin = GPTBigCodeBlock.__init__

    def other(self: Any, config: Any, *given: Any, **rest: Any) -> None:
        if config.add_cross_attention:
            config.multi_query, config.num_key_value_heads = False, config.n_head
        begin(self, config, *given, **rest)

    GPTBigCodeBlock.__init__ = other


@breaks("astraios-adapters", "bert")
def new_adapters_begin_without_effect() -> None:
    """PEFT fills what comes last with zeros, whatever the method drew."""

    def change(parts: list[torch.nn.Module]) -> None:
        for part in parts[-1:]:
            torch.nn.init.zeros_(part.weight)

    _new_adapters(change)


@breaks("astraios-adapters", "bert")
def new_adapters_are_drawn_as_pytorch_draws_layers() -> None:
    """PEFT draws them once more, whatever the method asked for."""

    def change(parts: list[torch.nn.Module]) -> None:
        for part in parts:
            part.reset_parameters()

    _new_adapters(change)
