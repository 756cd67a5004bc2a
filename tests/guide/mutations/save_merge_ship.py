"""Models that are saved, merged and loaded otherwise than the page about shipping them says."""

from __future__ import annotations

import json
import warnings
from typing import Any

import peft
import torch
from peft import AutoPeftModelForCausalLM, PeftModel
from peft.tuners.lora import Linear
from peft.tuners.lora.variants import DoraLinearVariant
from peft.tuners.tuners_utils import BaseTuner
from transformers import PreTrainedModel

from mutations import breaks


@breaks("save-merge-ship", "adapter-alone")
def an_adapter_is_saved_with_the_base_models_embeddings() -> None:
    """So that new tokens are never forgotten."""
    gather = peft.peft_model.get_peft_model_state_dict

    def other(model: Any, *given: Any, **rest: Any) -> Any:
        tables = {name: each for name, each in model.state_dict().items() if name.endswith("wte.weight")}
        return {**tables, **gather(model, *given, **rest)}

    peft.peft_model.get_peft_model_state_dict = other


@breaks("save-merge-ship", "merged-is-plain")
def merging_gives_the_base_back() -> None:
    """As `unload` does."""
    BaseTuner.merge_and_unload = lambda self, *given, **rest: self.unload()


@breaks("save-merge-ship", "wrapper-is-empty")
def saving_nothing_is_warned_of() -> None:
    """The empty file is written all the same."""
    save = PeftModel.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if not any("lora_" in name for name, _ in self.named_parameters()):
            warnings.warn("nothing to save", stacklevel=2)
        return save(self, *given, **rest)

    PeftModel.save_pretrained = other


@breaks("save-merge-ship", "inside-is-lost")
def a_model_with_an_adapter_is_saved_under_its_own_names() -> None:
    """Without the adapter, as the base model was."""
    save = PreTrainedModel.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        state = {
            name.replace(".base_layer.", "."): each for name, each in self.state_dict().items() if ".lora_" not in name
        }
        state.pop("lm_head.weight", None)
        return save(self, *given, **{"state_dict": state, **rest})

    PreTrainedModel.save_pretrained = other


@breaks("save-merge-ship", "merging-rounds")
def what_is_merged_is_rounded_before_it_is_added() -> None:
    """Twice, therefore."""
    delta = Linear.get_delta_weight

    def merge(self: Any, *given: Any, **rest: Any) -> None:
        weight = self.get_base_layer().weight
        weight.data = weight.data + delta(self, "default").to(weight.dtype)
        self.merged_adapters.append("default")

    Linear.merge = merge


@breaks("save-merge-ship", "merging-rounds")
def a_merge_remembers_the_old_weights() -> None:
    """And puts them back when it is undone."""
    merge, unmerge = Linear.merge, Linear.unmerge

    def other(self: Any, *given: Any, **rest: Any) -> None:
        self.kept = self.get_base_layer().weight.detach().clone()
        merge(self, *given, **rest)

    def back(self: Any) -> None:
        unmerge(self)
        self.get_base_layer().weight.data = self.kept

    Linear.merge, Linear.unmerge = other, back


@breaks("save-merge-ship", "auto-classes")
def the_auto_class_of_peft_merges() -> None:
    """What it gives is a plain model."""
    load = AutoPeftModelForCausalLM.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **rest).merge_and_unload()

    AutoPeftModelForCausalLM.from_pretrained = classmethod(other)


@breaks("save-merge-ship", "auto-type")
def an_adapters_base_is_loaded_in_the_adapters_type() -> None:
    """Float32, as it was trained."""
    load = AutoPeftModelForCausalLM.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **{"dtype": torch.float32, **rest})

    AutoPeftModelForCausalLM.from_pretrained = classmethod(other)


@breaks("save-merge-ship", "merged-stays-apart")
def a_merge_leaves_no_mark() -> None:
    """A merged layer is told by its weights alone."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    BaseTunerLayer.merged = property(lambda self: False)


@breaks("save-merge-ship", "file-keeps-the-type")
def models_are_saved_in_float32() -> None:
    """What others load is exact, whatever it was rounded to."""
    from transformers import PreTrainedModel

    save = PreTrainedModel.save_pretrained

    def other(self: Any, folder: Any, *given: Any, **rest: Any) -> Any:
        kept = self.dtype
        result = save(self.float(), folder, *given, **rest)
        self.to(kept)
        return result

    PreTrainedModel.save_pretrained = other


@breaks("save-merge-ship", "base-is-what-the-file-names")
def a_base_is_looked_for_by_its_first_name() -> None:
    """The file cannot be edited: the name of the training is kept."""
    from peft import PeftConfig

    load = PeftConfig.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        found = load(cls, *given, **rest)
        found.base_model_name_or_path = "models/stdlib-coder"
        return found

    PeftConfig.from_pretrained = classmethod(other)


@breaks("save-merge-ship", "others-merge")
def dora_merges_without_its_magnitude() -> None:
    """As if it were plain LoRA."""

    def merge(module: Any, name: str, weight: torch.Tensor) -> None:
        weight.data += module.get_delta_weight(name)

    DoraLinearVariant.merge_unsafe = staticmethod(merge)


@breaks("save-merge-ship", "prompts-do-not-merge")
def a_model_with_a_prompt_is_merged_by_leaving_it_out() -> None:
    """What is given back is the base."""

    def merge_and_unload(self: Any, *given: Any, **rest: Any) -> Any:
        prompted = self.active_peft_config.is_prompt_learning
        return self.get_base_model() if prompted else self.base_model.merge_and_unload(*given, **rest)

    PeftModel.merge_and_unload = merge_and_unload


@breaks("save-merge-ship", "gguf-answers")
def a_rounded_file_answers_as_the_whole_one() -> None:
    """8 bits change no answer. To compile llama.cpp and ask it anew would take a quarter of an hour."""
    read = json.loads

    def other(*given: Any, **rest: Any) -> Any:
        found = read(*given, **rest)
        if isinstance(found, dict) and "llama_cpp_python" in found:
            found["files"]["merged, 8 bits"]["same_answers"] = found["tasks"]
        return found

    json.loads = other
