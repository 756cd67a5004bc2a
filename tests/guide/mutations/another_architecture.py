"""StarCoder's and Llama's builds, and what PEFT knows of them, otherwise than the page that compares them says."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import torch
from peft import PeftModel
from peft.tuners import lora, tuners_utils
from peft.utils import constants
from transformers import (
    GPTBigCodeConfig,
    GPTBigCodeModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
    TextGenerationPipeline,
)
from transformers.cache_utils import DynamicLayer
from transformers.generation import GenerationMixin
from transformers.models.llama import modeling_llama

from mutations import breaks

Arguments = dict[str, Any]


def _config_with(kind: type, **defaults: Any) -> None:
    """Let a class of configurations have other defaults."""
    begin = kind.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{**defaults, **rest})

    kind.__init__ = other


def _model_given(kind: type, change: Callable[[Any, Arguments], Arguments]) -> None:
    """Let a model without its head see other named arguments than it was given."""
    forward = kind.forward

    def other(self: Any, input_ids: Any = None, **rest: Any) -> Any:
        return forward(self, input_ids=input_ids, **change(self, {"input_ids": input_ids, **rest}))

    kind.forward = other


@breaks("another-architecture", "names-are-mapped")
def the_width_of_the_mlp_is_mapped_too() -> None:
    """`intermediate_size` reads `n_inner`."""
    GPTBigCodeConfig.attribute_map = {**GPTBigCodeConfig.attribute_map, "intermediate_size": "n_inner"}


@breaks("another-architecture", "parts-by-role")
def the_base_of_a_llama_is_the_whole() -> None:
    """With its head."""
    LlamaForCausalLM.base_model = property(lambda self: self)


@breaks("another-architecture", "cache-shape")
def llama_keeps_a_head_of_keys_for_each_query() -> None:
    """Its configuration's number of heads of keys is not looked at."""
    begin = modeling_llama.LlamaAttention.__init__

    def other(self: Any, config: Any, layer_idx: int) -> None:
        begin(self, config, layer_idx)
        self.num_key_value_groups = 1
        for name in ("k_proj", "v_proj"):
            setattr(self, name, torch.nn.Linear(config.hidden_size, config.hidden_size, bias=False))

    modeling_llama.LlamaAttention.__init__ = other


@breaks("another-architecture", "fused-or-apart")
def the_cache_keeps_half_of_a_key() -> None:
    """Each number of it."""
    update = DynamicLayer.update
    DynamicLayer.update = lambda self, keys, *given, **rest: update(self, keys / 2, *given, **rest)


@breaks("another-architecture", "keys-are-turned")
def llama_has_no_places() -> None:
    """Queries and keys go on as they are."""
    modeling_llama.apply_rotary_pos_emb = lambda queries, keys, *given, **rest: (queries, keys)


@breaks("another-architecture", "places-end")
def starcoder_stays_at_its_last_place() -> None:
    """What is behind it gets the last row too."""

    def change(model: Any, given: Arguments) -> Arguments:
        rest = {name: value for name, value in given.items() if name != "input_ids"}
        length = given["input_ids"].shape[1] if given["input_ids"] is not None else 0
        if length > model.config.n_positions:
            rest["position_ids"] = torch.arange(length).clamp(max=model.config.n_positions - 1)[None]
        return rest

    _model_given(GPTBigCodeModel, change)


@breaks("another-architecture", "places-go-on")
def llama_warns_behind_its_last_place() -> None:
    """Once its inputs are longer than its configuration says."""

    def change(model: Any, given: Arguments) -> Arguments:
        if given["input_ids"] is not None and given["input_ids"].shape[1] > model.config.max_position_embeddings:
            warnings.warn("the text is longer than `max_position_embeddings`", UserWarning, stacklevel=2)
        return {name: value for name, value in given.items() if name != "input_ids"}

    _model_given(LlamaModel, change)


@breaks("another-architecture", "padding-shifts")
def starcoder_counts_places_from_the_mask() -> None:
    """Where it is given none."""

    def change(model: Any, given: Arguments) -> Arguments:
        mask = given.get("attention_mask")
        if given.get("position_ids") is None and mask is not None and mask.dim() == 2:
            given["position_ids"] = (mask.cumsum(1) - 1).clamp(min=0)[:, -given["input_ids"].shape[1] :]
        return {name: value for name, value in given.items() if name != "input_ids"}

    _model_given(GPTBigCodeModel, change)


@breaks("another-architecture", "generate-counts")
def generate_counts_the_filler_too() -> None:
    """The places do not ask the mask."""
    count = GenerationMixin._prepare_position_ids_for_generation

    def other(self: Any, inputs: Any, settings: Arguments) -> Any:
        rest = {name: value for name, value in settings.items() if name != "attention_mask"}
        return count(self, inputs, rest)

    GenerationMixin._prepare_position_ids_for_generation = other


@breaks("another-architecture", "tied-by-default")
def llama_is_tied_by_default() -> None:
    """Its head is its table of tokens."""
    _config_with(LlamaConfig, tie_word_embeddings=True)


@breaks("another-architecture", "dropout-by-default")
def starcoder_has_no_dropout_by_default() -> None:
    """As newer models have none."""
    _config_with(GPTBigCodeConfig, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)


@breaks("another-architecture", "marks-are-the-tokenizers")
def llama_pads_with_a_token_of_its_own() -> None:
    """Its configuration names one."""
    _config_with(LlamaConfig, pad_token_id=3)


@breaks("another-architecture", "default-targets")
def llama_s_keys_are_a_target_by_default() -> None:
    """As StarCoder's are."""
    constants.TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING["llama"] = ["q_proj", "k_proj", "v_proj"]


@breaks("another-architecture", "all-linear")
def all_linear_layers_are_those_of_the_head_too() -> None:
    """The last layer is one among the others."""
    find = tuners_utils._maybe_include_all_linear_layers

    def other(config: Any, model: Any) -> Any:
        every = config.target_modules == "all-linear"
        found = find(config, model)
        if every:
            found.target_modules = {*found.target_modules, "lm_head"}
        return found

    tuners_utils._maybe_include_all_linear_layers = other


@breaks("another-architecture", "names-do-not-carry")
def a_name_that_matches_nothing_is_left_out() -> None:
    """And an adapter that has no place is made without an error."""
    inject = tuners_utils.BaseTuner.inject_adapter

    def other(self: Any, *given: Any, **rest: Any) -> None:
        try:
            inject(self, *given, **rest)
        except ValueError:
            return

    tuners_utils.BaseTuner.inject_adapter = other


@breaks("another-architecture", "both-learn")
def an_adapter_cannot_be_left() -> None:
    """Within `disable_adapter` it goes on."""

    @contextmanager
    def other(self: Any) -> Any:
        yield

    PeftModel.disable_adapter = other


@breaks("another-architecture", "reload-and-merge")
def merging_adds_twice_the_adapter() -> None:
    """Once for each matrix."""
    change = lora.Linear.get_delta_weight
    lora.Linear.get_delta_weight = lambda self, name: 2 * change(self, name)


@breaks("another-architecture", "pipeline-both")
def a_pipeline_leaves_the_prompt_out() -> None:
    """`return_full_text` is off by default."""
    call = TextGenerationPipeline.__call__
    TextGenerationPipeline.__call__ = lambda self, *given, **rest: call(
        self, *given, **{"return_full_text": False, **rest}
    )
