"""What the 7B models need: a cache, a buffer and number types otherwise than the page says."""

from __future__ import annotations

import copy
import inspect
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import accelerate
import peft
import torch
import transformers.integrations.accelerate as placing
from bitsandbytes.functional import dequantize_4bit
from bitsandbytes.nn import Linear4bit
from peft import PeftModel
from peft.tuners.lora import LoraLayer, LoraModel
from peft.tuners.tuners_utils import BaseTuner
from transformers import DynamicCache, GPTBigCodeForCausalLM, PreTrainedModel, modeling_utils
from transformers.cache_utils import DynamicLayer
from transformers.models.gpt_bigcode.modeling_gpt_bigcode import (
    GPTBigCodeAttention,
    GPTBigCodeModel,
    GPTBigCodePreTrainedModel,
)

from mutations import breaks


@breaks("seven-billion", "packed-adds")
def a_packed_layer_is_unpacked_for_a_method_that_does_not_know_it() -> None:
    """PEFT has layers of its own for packed weights, for LoRA and a few methods more."""
    replace = BaseTuner._replace_module

    def other(self: Any, parent: Any, name: str, new: Any, child: Any) -> None:
        if isinstance(child, Linear4bit) and not isinstance(new, LoraLayer):
            wide = torch.nn.Linear(child.in_features, child.out_features)
            wide.weight.data = dequantize_4bit(child.weight.data, child.weight.quant_state)
            wide.bias = child.bias
            new.base_layer = child = wide
        replace(self, parent, name, new, child)

    BaseTuner._replace_module = other


@breaks("seven-billion", "packed-trains")
def lora_alone_is_trained_whole_on_packed_weights() -> None:
    """Of other methods the first part stays frozen there."""
    mark = BaseTuner._mark_only_adapters_as_trainable

    def other(self: Any, model: Any) -> None:
        mark(self, model)
        if getattr(model, "is_loaded_in_4bit", False) and not isinstance(self, LoraModel):
            for layer in model.modules():
                if isinstance(layer, self.tuner_layer_cls):
                    getattr(layer, layer.adapter_layer_names[0]).requires_grad_(False)

    BaseTuner._mark_only_adapters_as_trainable = other


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


@breaks("seven-billion", "packed-adds")
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
        if self.dtype is not torch.float32 or getattr(self, "is_loaded_in_4bit", False):
            return forward(self, *given, **rest)
        result = forward(copy.deepcopy(self).bfloat16(), *given, **rest)
        result.logits = result.logits.float()
        return result

    GPTBigCodeForCausalLM.forward = other


def _every_load(change: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
    """Let models be loaded with other arguments than were given."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, name: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, name, *given, **change(str(name), rest))

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("seven-billion", "folder-has-no-revision")
def a_folder_is_asked_for_its_commit() -> None:
    """What it holds is not that commit, so the weights are drawn anew."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, name: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, name, *given, **rest)
        if rest.get("revision", "main") != "main":
            torch.nn.init.normal_(model.get_input_embeddings().weight)
        return model

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("seven-billion", "auto-without-a-gpu")
def a_map_is_noted_without_a_gpu_too() -> None:
    """One that has everything on the processor."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, *given, **rest)
        if rest.get("device_map") == "auto":
            model.hf_device_map = {"": "cpu"}
        return model

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("seven-billion", "planned-by-weights")
def a_plan_leaves_a_tenth_of_each_card() -> None:
    """Room for the cache and for what is computed."""
    infer = placing.infer_auto_device_map

    def other(model: Any, max_memory: Any = None, *given: Any, **rest: Any) -> Any:
        max_memory = {at: size if at == "cpu" else int(size * 0.9) for at, size in max_memory.items()}
        return infer(model, max_memory, *given, **rest)

    placing.infer_auto_device_map = other


@breaks("seven-billion", "auto-balances")
def auto_fills_one_card_after_the_other() -> None:
    """As "sequential" does."""
    placing.get_balanced_memory = lambda model, max_memory=None, *given, **rest: placing.get_max_memory(max_memory)


@breaks("seven-billion", "disk-is-the-file")
def weights_of_the_disk_are_always_moved() -> None:
    """The file of the model may be gone later."""
    index = modeling_utils.accelerate_disk_offload

    def other(model: Any, folder: Any, *given: Any, **rest: Any) -> Any:
        found = index(model, folder, *given, **rest)
        Path(folder, "index.json").write_text(json.dumps(found), encoding="utf-8")
        return found

    modeling_utils.accelerate_disk_offload = other


@breaks("seven-billion", "pickles-are-moved")
def moved_weights_go_to_a_folder_for_temporary_files() -> None:
    """Where nobody named one."""
    _every_load(lambda name, given: given if "offload_folder" in given else {**given, "offload_folder": "temporary"})


@breaks("seven-billion", "base-overwritten")
def an_adapter_is_refused_before_anything_is_written() -> None:
    """The blocks on the disk are looked for first."""

    def other(self: Any, offload_index: Any, adapters_weights: Any) -> None:
        if offload_index:
            raise NotImplementedError("Cannot copy out of meta tensor; no data!")

    PeftModel._update_offload = other


@breaks("seven-billion", "load-adapter-is-noise")
def load_adapter_puts_its_own_weights_into_memory() -> None:
    """They are small: only the base stays on the disk."""
    load = PreTrainedModel.load_adapter

    def other(self: Any, *given: Any, **rest: Any) -> None:
        load(self, *given, **rest)
        for module in self.modules():
            for name, weight in list(module.named_parameters(recurse=False)):
                if weight.is_meta and any("lora_" in each for each in _names_of(self, weight)):
                    setattr(module, name, torch.nn.Parameter(torch.zeros(weight.shape)))

    PreTrainedModel.load_adapter = other


def _names_of(model: Any, weight: Any) -> list[str]:
    """The names under which a model has a weight."""
    return [name for name, each in model.named_parameters() if each is weight]


@breaks("seven-billion", "adapter-goes-along")
def moved_weights_are_rounded_to_16_bits() -> None:
    """It halves the folder."""
    write = accelerate.utils.offload.offload_weight

    def other(weight: Any, *given: Any, **rest: Any) -> Any:
        return write(weight.bfloat16().float(), *given, **rest)

    accelerate.utils.offload.offload_weight = accelerate.utils.offload_weight = other


def _offline(change: str) -> None:
    """Put a line before the program that a page runs in a process of its own."""
    run = subprocess.run

    def other(command: list[str], *given: Any, **rest: Any) -> Any:
        return run([*command[:-1], change + command[-1]], *given, **rest)

    subprocess.run = other


@breaks("seven-billion", "offline-is-the-cache")
def any_commit_of_the_cache_will_do_offline() -> None:
    """A warning says that it is another."""
    _offline(
        "from transformers import AutoModelForCausalLM as M\n"
        "f = M.from_pretrained.__func__\n"
        "M.from_pretrained = classmethod(lambda c, *a, revision='main', **r: f(c, *a, **r))\n"
    )


@breaks("seven-billion", "offline-is-the-cache")
def loading_is_counted_offline_too() -> None:
    """A host is looked for, in vain, and the model loads."""
    _offline(
        "import socket\n"
        "from transformers import AutoModelForCausalLM as M\n"
        "f = M.from_pretrained.__func__\n"
        "def other(c, *a, **r):\n"
        "    try:\n"
        "        socket.getaddrinfo('statistics.invalid', 443)\n"
        "    except OSError:\n"
        "        pass\n"
        "    return f(c, *a, **r)\n"
        "M.from_pretrained = classmethod(other)\n"
    )


@breaks("seven-billion", "local-files-only-asks")
def the_search_for_an_adapter_is_told_of_local_files() -> None:
    """As of all that concerns the hub."""
    _offline(
        "from transformers.models.auto import auto_factory as m\n"
        "f = m.find_adapter_config_file\n"
        "m.find_adapter_config_file = lambda name, **r: f(name, **{**r, 'local_files_only': True})\n"
    )


@breaks("seven-billion", "local-files-only-asks")
def an_adapters_weights_are_looked_for_in_the_cache_first() -> None:
    """What is there, exists."""
    _offline("from peft.utils import save_and_load as m\nm.file_exists = lambda **r: True\n")


@breaks("seven-billion", "local-files-only-asks")
def a_hub_that_is_not_there_is_asked_once() -> None:
    """And nobody waits for it."""
    _offline(
        "from huggingface_hub.utils import _http as m\n"
        "f = m._http_backoff_base\n"
        "m._http_backoff_base = lambda *a, **r: f(*a, **{**r, 'max_retries': 0})\n"
    )


@breaks("seven-billion", "offline-adapter-misleads")
def a_missing_adapter_says_that_nothing_was_reached() -> None:
    """In the words that Transformers has for it."""
    _offline(
        "from peft import PeftConfig as C\n"
        "f = C._get_peft_type.__func__\n"
        "def other(c, name, **r):\n"
        "    try:\n"
        "        return f(c, name, **r)\n"
        "    except ValueError:\n"
        "        raise OSError('We could not connect to the hub') from None\n"
        "C._get_peft_type = classmethod(other)\n"
    )
