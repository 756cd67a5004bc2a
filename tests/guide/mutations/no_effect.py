"""PEFT and Transformers otherwise than the page on adapters without effect says."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any

import peft
from peft import PeftModel
from peft.tuners.p_tuning import PromptEncoder
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from mutations import breaks


def _load_onto(change: Callable[[Any], Any]) -> None:
    """Load adapters onto what a change makes of the model."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, model: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, change(model), *given, **rest)

    PeftModel.from_pretrained = classmethod(other)


@breaks("no-effect", "loaded-again-is-plain")
def a_checkpoint_is_loaded_once() -> None:
    """The second call gives the model of the first."""
    load, loaded = AutoModelForCausalLM.from_pretrained.__func__, {}

    def other(cls: Any, name: Any, *given: Any, **rest: Any) -> Any:
        if name not in loaded:
            loaded[name] = load(cls, name, *given, **rest)
        return loaded[name]

    AutoModelForCausalLM.from_pretrained = classmethod(other)


@breaks("no-effect", "off-stays-off")
def choosing_an_adapter_switches_it_on() -> None:
    """As its reader wants."""
    choose = PeftModel.set_adapter

    def other(self: Any, *given: Any, **rest: Any) -> None:
        choose(self, *given, **rest)
        for part in self.modules():
            if isinstance(part, BaseTunerLayer):
                part._disable_adapters = False

    PeftModel.set_adapter = other


@breaks("no-effect", "off-stays-off")
def switching_on_leaves_an_adapter_frozen() -> None:
    """What was frozen stays so."""
    switch = BaseTuner.enable_adapter_layers

    def other(self: Any) -> None:
        kept = {weight: weight.requires_grad for weight in self.parameters()}
        switch(self)
        for weight, trains in kept.items():
            weight.requires_grad_(trains)

    BaseTuner.enable_adapter_layers = other


@breaks("no-effect", "loading-activates-nothing")
def a_loaded_adapter_is_the_active_one() -> None:
    """The last one that was loaded."""
    load = PeftModel.load_adapter

    def other(self: Any, model_id: Any, adapter_name: str, *given: Any, **rest: Any) -> Any:
        found = load(self, model_id, adapter_name, *given, **rest)
        self.set_adapter(adapter_name, inference_mode=True)
        return found

    PeftModel.load_adapter = other


@breaks("no-effect", "blank-breaks-the-code")
def blanks_at_the_end_of_a_text_are_no_tokens() -> None:
    """The tokenizer takes them away."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, text: Any = None, *given: Any, **rest: Any) -> Any:
        return call(self, text.rstrip(" ") if isinstance(text, str) else text, *given, **rest)

    PreTrainedTokenizerFast.__call__ = other


@breaks("no-effect", "twice-is-base")
def a_wrapped_model_is_unwrapped_first() -> None:
    """Before another adapter comes."""
    _load_onto(lambda model: model.unload() if isinstance(model, PeftModel) else model)


@breaks("no-effect", "wrapper-saves-nothing")
def saving_without_an_adapter_is_warned_of() -> None:
    """Where the wrapper has none left."""
    save = PeftModel.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> None:
        if not any(isinstance(part, BaseTunerLayer) for part in self.modules()):
            warnings.warn("there is no adapter to save", stacklevel=2)
        save(self, *given, **rest)

    PeftModel.save_pretrained = other


@breaks("no-effect", "ignored-setting-is-another-adapter")
def lora_has_the_scale_of_rslora_by_default() -> None:
    """Where the file does not say which."""
    begin = peft.LoraConfig.__init__

    @wraps(begin)  # which arguments it takes is asked
    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{"use_rslora": True, **rest})

    peft.LoraConfig.__init__ = other


@breaks("no-effect", "ignored-setting-is-another-adapter")
def unknown_settings_are_left_out_in_silence() -> None:
    """The warning is gone."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            model = load(cls, *given, **rest)
        for each in said:
            if "Unexpected keyword" not in str(each.message):
                warnings.warn(each.message, stacklevel=2)
        return model

    PeftModel.from_pretrained = classmethod(other)


@breaks("no-effect", "prompt-goes-on")
def vectors_of_a_prompt_are_not_put_into_a_new_adapter() -> None:
    """It keeps those that it was made with."""
    put = peft.set_peft_model_state_dict

    def other(model: Any, weights: dict[str, Any], *given: Any, **rest: Any) -> Any:
        return None if "prompt_embeddings" in weights else put(model, weights, *given, **rest)

    peft.set_peft_model_state_dict = other


@breaks("no-effect", "p-tuning-does-not-go-on")
def p_tuning_trains_its_vectors_themselves() -> None:
    """Without a network before them."""
    PromptEncoder.forward = lambda self, indices: self.embedding(indices)
