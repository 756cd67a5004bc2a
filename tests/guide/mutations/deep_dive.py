"""Loading, generating and decoding otherwise than the deep dive says."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTunerLayer
from transformers import (
    GenerationConfig,
    GenerationMixin,
    GPTBigCodeForCausalLM,
    LogitsProcessorList,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
)

from mutations import breaks

Arguments = dict[str, Any]

SPACE = 239  # the number of the token that is one space


def _generate_with(change: Callable[[Arguments], Arguments]) -> None:
    """Let `generate` see other arguments than it was given."""
    generate = GenerationMixin.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return generate(self, *given, **change(rest))

    GenerationMixin.generate = other


@breaks("deep-dive", "plain-lists")
def tokenizers_give_numpy_arrays_by_default() -> None:
    """As if `return_tensors` were "np"."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return call(self, *given, **{"return_tensors": "np", **rest})

    PreTrainedTokenizerFast.__call__ = other


@breaks("deep-dive", "base-does-not-answer")
def a_base_model_takes_the_adapter_that_lies_below_it() -> None:
    """As Transformers does with an `adapter_config.json` in the model's own folder."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, name: Any, *given: Any, **rest: Any) -> Any:
        model, below = load(cls, name, *given, **rest), Path(name) / "adapters/lora"
        if below.is_dir():
            model.load_adapter(str(below))
        return model

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("deep-dive", "highest-score")
def an_answer_does_not_begin_with_a_space() -> None:
    """As Whisper's settings have it, for greedy decoding too."""
    _generate_with(lambda rest: {"begin_suppress_tokens": [SPACE], **rest})


@breaks("deep-dive", "wrap-frozen")
def an_adapter_drops_numbers_in_use() -> None:
    """Its dropout acts though the switch says off."""
    begin = LoraLayer.update_layer

    def dropped(self: Any, numbers: Any) -> Any:
        return torch.nn.functional.dropout(numbers, self.p, training=True)

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        begin(self, name, *given, **rest)
        part = self.lora_dropout[name]
        part.forward = partial(dropped, part)

    LoraLayer.update_layer = other


@breaks("deep-dive", "old-inside")
def an_adapter_begins_with_a_part_of_the_weights() -> None:
    """As PiSSA's do: what the adapter begins with is taken out of the layer."""
    update = LoraLayer.update_layer

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        update(self, name, *given, **rest)
        self.get_base_layer().weight.data *= 0.999

    LoraLayer.update_layer = other


@breaks("deep-dive", "adds-beside")
def a_product_is_scaled_by_the_root_of_its_rank() -> None:
    """As rsLoRA scales it, whatever the settings say."""
    update = LoraLayer.update_layer

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        update(self, name, *given, **rest)
        self.scaling[name] *= self.r[name] ** 0.5

    LoraLayer.update_layer = other


@breaks("deep-dive", "sure")
def scores_are_capped() -> None:
    """Softly, as Gemma's are: their order stays, and no token is sure."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        out = forward(self, *given, **rest)
        out.logits = 4 * torch.tanh(out.logits / 4)
        return out

    GPTBigCodeForCausalLM.forward = other


@breaks("deep-dive", "logits-change")
def an_adapter_is_merged_when_it_is_first_used() -> None:
    """For speed: from then on the old layers have other weights."""
    from peft import PeftModelForCausalLM

    forward = PeftModelForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if not self.get_model_status().merged_adapters:
            self.merge_adapter()
        return forward(self, *given, **rest)

    PeftModelForCausalLM.forward = other


@breaks("deep-dive", "adds-beside")
def adapters_are_loaded_switched_off() -> None:
    """Until somebody chooses one."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, *given, **rest)
        model.base_model.disable_adapter_layers()
        return model

    PeftModel.from_pretrained = classmethod(other)


@breaks("deep-dive", "seed-repeats")
def sampling_draws_from_numbers_of_its_own() -> None:
    """Which `torch.manual_seed` does not reach."""
    draw, own = torch.multinomial, torch.Generator().manual_seed(0)

    def other(*given: Any, **rest: Any) -> Any:
        return draw(*given, **{"generator": own, **rest})

    torch.multinomial = other


@breaks("deep-dive", "seed-repeats")
def sampling_takes_the_likeliest() -> None:
    """And draws nothing."""
    torch.multinomial = lambda chances, *given, **rest: chances.argmax(-1, keepdim=True)


@breaks("deep-dive", "temperature-divides")
def no_temperature_is_below_one() -> None:
    """Answers are never surer than the model is."""

    def other(self: Any, input_ids: Any, scores: Any) -> Any:
        return scores / max(1.0, self.temperature)

    TemperatureLogitsWarper.__call__ = other


@breaks("deep-dive", "top-fifty")
def sampling_draws_from_all_tokens() -> None:
    """`top_k` is off by default."""
    defaults = GenerationConfig._get_default_generation_params

    def other() -> Any:
        return {**defaults(), "top_k": 0}

    GenerationConfig._get_default_generation_params = staticmethod(other)


@breaks("deep-dive", "top-one")
def sampling_keeps_two_tokens_at_least() -> None:
    """Another default of `min_tokens_to_keep`: the one that beams have."""
    begin = TopKLogitsWarper.__init__

    def other(self: Any, top_k: int, filter_value: float = -torch.inf, min_tokens_to_keep: int = 2) -> None:
        begin(self, top_k, filter_value, max(2, min_tokens_to_keep))

    TopKLogitsWarper.__init__ = other


@breaks("deep-dive", "temperature-ignored")
def a_temperature_counts_without_sampling() -> None:
    """The scores are divided; the same token is the highest."""

    def change(rest: Arguments) -> Arguments:
        if "temperature" not in rest or rest.get("do_sample"):
            return rest
        warm = TemperatureLogitsWarper(rest["temperature"])
        return {**rest, "logits_processor": LogitsProcessorList([warm])}

    _generate_with(change)


@breaks("deep-dive", "length-counts")
def the_limit_is_the_length() -> None:
    """`max_new_tokens` as the number of tokens that are added."""

    def change(rest: Arguments) -> Arguments:
        if rest.get("do_sample") or "output_logits" in rest:
            return rest  # the claims about scores look at these
        return {"min_new_tokens": rest.get("max_new_tokens"), **rest}

    _generate_with(change)


@breaks("deep-dive", "stop-token")
def only_a_first_token_can_be_named_as_the_end() -> None:
    """`eos_token_id=` without effect on a token that comes later."""
    generate = GenerationMixin.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        out = generate(self, *given, **rest)
        named = rest.pop("eos_token_id", None)
        return (
            out if named is None or out.shape[1] == rest["input_ids"].shape[1] + 1 else generate(self, *given, **rest)
        )

    GenerationMixin.generate = other


@breaks("deep-dive", "answer-sorts")
def skipping_special_tokens_tidies_spaces() -> None:
    """As tokenizers do that take white space for a separator: Python's indents are lost."""
    decode = PreTrainedTokenizerFast.decode

    def other(self: Any, ids: Any, skip_special_tokens: bool = False, **rest: Any) -> Any:
        text = decode(self, ids, skip_special_tokens=skip_special_tokens, **rest)
        if skip_special_tokens and isinstance(text, str):
            return "\n".join(" ".join(line.split()) for line in text.splitlines())
        return text

    PreTrainedTokenizerFast.decode = other


@breaks("deep-dive", "off-is-base")
def switching_off_takes_the_adapter_out_of_the_weights() -> None:
    """Added and subtracted again, which rounds."""
    disable = PeftModel.disable_adapter

    @contextmanager
    def other(self: Any) -> Any:
        self.merge_adapter()
        self.unmerge_adapter()
        with disable(self):
            yield

    PeftModel.disable_adapter = other


@breaks("deep-dive", "off-unfreezes")
def switching_on_again_unfreezes_the_layers_too() -> None:
    """With all that is in them, as `requires_grad_` does."""
    enable = BaseTunerLayer.enable_adapters

    def other(self: Any, enabled: bool) -> None:
        enable(self, enabled)
        if enabled:
            self.requires_grad_(True)

    BaseTunerLayer.enable_adapters = other


@breaks("deep-dive", "off-unfreezes")
def switching_on_again_leaves_frozen() -> None:
    """An adapter that comes back can be used and not trained."""
    enable = BaseTunerLayer.enable_adapters

    def other(self: Any, enabled: bool) -> None:
        enable(self, enabled)
        for name in self.adapter_layer_names:
            getattr(self, name).requires_grad_(False)

    BaseTunerLayer.enable_adapters = other
