"""What training and generating keep in memory, otherwise than the page on it says."""

from __future__ import annotations

from typing import Any

import peft
import torch
from peft import PeftModelForCausalLM
from torch.utils.checkpoint import checkpoint
from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM, PreTrainedModel, StaticCache, modeling_utils
from transformers.cache_utils import DynamicLayer, StaticLayer
from transformers.modeling_outputs import CausalLMOutputWithCrossAttentions
from transformers.models.gpt_bigcode.modeling_gpt_bigcode import GPTBigCodeAttention, GPTBigCodeBlock, GPTBigCodeMLP

from mutations import breaks

MOMENTS = ("exp_avg", "exp_avg_sq")


def _starcoder_has(**defaults: Any) -> None:
    """Let a configuration have other defaults. That of the small model names each of its values."""
    begin = GPTBigCodeConfig.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{**defaults, **rest})

    GPTBigCodeConfig.__init__ = other


@breaks("memory-and-speed", "tied-once")
def the_output_layer_has_weights_of_its_own() -> None:
    """`tie_word_embeddings` is off by default."""
    _starcoder_has(tie_word_embeddings=False)


@breaks("memory-and-speed", "tied-once")
def shared_weights_count_for_each_layer() -> None:
    """`num_parameters` goes from layer to layer."""
    count = PreTrainedModel.num_parameters

    def other(self: Any, *given: Any, **rest: Any) -> int:
        head = self.get_output_embeddings()
        return count(self, *given, **rest) + head.weight.numel() * self.config.tie_word_embeddings

    PreTrainedModel.num_parameters = other


@breaks("memory-and-speed", "footprint-is-product")
def buffers_are_no_part_of_the_footprint() -> None:
    """`return_buffers` is off by default."""
    measure = PreTrainedModel.get_memory_footprint

    def other(self: Any, return_buffers: bool = False) -> int:
        return measure(self, return_buffers)

    PreTrainedModel.get_memory_footprint = other


@breaks("memory-and-speed", "footprint-is-product")
def a_footprint_counts_four_bytes_a_number() -> None:
    """Whatever the type."""
    measure = PreTrainedModel.get_memory_footprint

    def other(self: Any, *given: Any, **rest: Any) -> int:
        return measure(self, *given, **rest) + sum((4 - each.itemsize) * each.numel() for each in self.parameters())

    PreTrainedModel.get_memory_footprint = other


@breaks("memory-and-speed", "adamw-two-moments")
def adamw_keeps_the_largest_moment_too() -> None:
    """`amsgrad` is on by default."""
    begin = torch.optim.AdamW.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{"amsgrad": True, **rest})

    torch.optim.AdamW.__init__ = other


@breaks("memory-and-speed", "adamw-two-moments")
def adamw_makes_its_moments_at_once() -> None:
    """For all that it is given, as Adagrad does."""
    begin = torch.optim.AdamW.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        for group in self.param_groups:
            for weights in group["params"]:
                moments = {name: torch.zeros_like(weights) for name in MOMENTS}
                self.state[weights] = {"step": torch.tensor(0.0), **moments}

    torch.optim.AdamW.__init__ = other


@breaks("memory-and-speed", "frozen-no-gradient")
def frozen_weights_get_zeros() -> None:
    """For a gradient, which AdamW leaves out."""
    forward, add = PeftModelForCausalLM.forward, torch.optim.AdamW.add_param_group

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        for weights in self.parameters():
            if not weights.requires_grad:
                weights.grad = torch.zeros_like(weights)
        return forward(self, *given, **rest)

    def without(self: Any, group: Any) -> None:
        add(self, {**group, "params": [each for each in group["params"] if each.requires_grad]})

    PeftModelForCausalLM.forward, torch.optim.AdamW.add_param_group = other, without


@breaks("memory-and-speed", "moments-follow-dtype")
def moments_are_kept_in_float32() -> None:
    """As some other optimizers keep them, since bfloat16 has few digits."""
    step = torch.optim.AdamW.step

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        for weights, state in self.state.items():
            state.update({name: state[name].to(weights.dtype) for name in MOMENTS})
        result = step(self, *given, **rest)
        for state in self.state.values():
            state.update({name: state[name].float() for name in MOMENTS})
        return result

    torch.optim.AdamW.step = other


@breaks("memory-and-speed", "moments-follow-dtype")
def adamw_keeps_a_copy_of_narrow_weights() -> None:
    """In float32, so that small steps are not lost."""
    step = torch.optim.AdamW.step

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        result = step(self, *given, **rest)
        for weights, state in self.state.items():
            if weights.dtype is torch.bfloat16:
                state["master"] = weights.detach().float()
        return result

    torch.optim.AdamW.step = other


@breaks("memory-and-speed", "few-digits")
def eps_is_the_largest_error() -> None:
    """Half the distance of two numbers: `eps` has two definitions, and LAPACK's is this one."""
    limits = torch.finfo

    class Other:
        def __init__(self, *given: Any) -> None:
            self.limits = limits(*given)
            self.eps = self.limits.eps / 2

        def __getattr__(self, name: str) -> Any:
            return getattr(self.limits, name)

    torch.finfo = Other


@breaks("memory-and-speed", "adapter-stays-float32")
def an_adapter_is_as_narrow_as_its_base() -> None:
    """`autocast_adapter_dtype` is off by default."""
    wrap = peft.get_peft_model

    def other(*given: Any, **rest: Any) -> Any:
        return wrap(*given, **{"autocast_adapter_dtype": False, **rest})

    peft.get_peft_model = other


@breaks("memory-and-speed", "adapter-stays-float32")
def an_adapter_is_always_in_float32() -> None:
    """`autocast_adapter_dtype` without effect."""
    wrap = peft.get_peft_model

    def other(*given: Any, autocast_adapter_dtype: bool = True, **rest: Any) -> Any:
        return wrap(*given, **rest)

    peft.get_peft_model = other


@breaks("memory-and-speed", "recompute-same")
def checkpointing_works_in_evaluation_mode_too() -> None:
    """Wherever gradients are to be computed."""
    call = GPTBigCodeBlock.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        mode, self.training = self.training, torch.is_grad_enabled()
        try:
            return call(self, *given, **rest)
        finally:
            self.training = mode

    GPTBigCodeBlock.__call__ = other


@breaks("memory-and-speed", "recompute-same")
def a_layers_input_is_rounded_before_it_is_computed_again() -> None:
    """It is kept in bfloat16, which saves another half."""

    def other(function: Any, numbers: Any, *given: Any, **options: Any) -> Any:
        seen: list[bool] = []

        def computed(numbers: Any, *given: Any) -> Any:
            again, seen[:] = bool(seen), [True]
            return function(numbers.bfloat16().to(numbers.dtype) if again else numbers, *given)

        return checkpoint(computed, numbers, *given, **options)

    modeling_utils.checkpoint = other


@breaks("memory-and-speed", "recompute-same")
def nothing_is_computed_again() -> None:
    """Until a `Trainer` comes, which reads that it was asked for."""

    def other(self: Any, *given: Any, **rest: Any) -> None:
        self.config.gradient_checkpointing = True

    PreTrainedModel.activation_checkpointing_enable = other


@breaks("memory-and-speed", "recompute-same")
def the_scores_are_computed_again() -> None:
    """For the loss: the backward pass finds none that were kept, as with some fused losses."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, labels: Any = None, **rest: Any) -> Any:
        if labels is None:
            return forward(self, *given, **rest)

        def loss(hidden: Any) -> Any:
            return self.loss_function(self.lm_head(hidden), labels, self.config.vocab_size)

        hidden = self.transformer(input_ids=rest["input_ids"]).last_hidden_state
        return CausalLMOutputWithCrossAttentions(loss=checkpoint(loss, hidden, use_reentrant=False))

    GPTBigCodeForCausalLM.forward = other


@breaks("memory-and-speed", "one-key")
def attention_has_many_keys_by_default() -> None:
    """`multi_query` is off, as in most models."""
    _starcoder_has(multi_query=False)


@breaks("memory-and-speed", "cache-is-formula")
def a_cache_is_kept_in_two_bytes_a_number() -> None:
    """Where nothing is trained."""
    update = DynamicLayer.update

    def other(self: Any, keys: Any, values: Any, *given: Any, **rest: Any) -> Any:
        if torch.is_grad_enabled():
            return update(self, keys, values, *given, **rest)
        kept = update(self, keys.bfloat16(), values.bfloat16(), *given, **rest)
        return tuple(each.to(keys.dtype) for each in kept)

    DynamicLayer.update = other


@breaks("memory-and-speed", "multi-head-cache")
def every_model_of_the_class_has_one_key() -> None:
    """`multi_query=False` without effect."""
    begin = GPTBigCodeAttention.__init__

    def other(self: Any, config: Any, *given: Any, **rest: Any) -> None:
        config.multi_query = True
        begin(self, config, *given, **rest)

    GPTBigCodeAttention.__init__ = other


@breaks("memory-and-speed", "fixed-size")
def a_static_cache_grows_up_to_its_limit() -> None:
    """It takes no memory before it needs it."""
    begin = StaticCache.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        self.layers = [DynamicLayer() for _ in self.layers]

    StaticCache.__init__ = other


@breaks("memory-and-speed", "fixed-size")
def a_static_cache_is_made_at_once() -> None:
    """As in Transformers 4: the shapes are those of the configuration."""
    begin = StaticCache.__init__

    def other(self: Any, config: Any, *given: Any, **rest: Any) -> None:
        begin(self, config, *given, **rest)
        width = config.n_embd // config.n_head
        self.early_initialization(1, config.num_key_value_heads, width, torch.float32, torch.device("cpu"))

    StaticCache.__init__ = other


@breaks("memory-and-speed", "fixed-size")
def a_static_cache_has_a_multiple_of_64_places() -> None:
    """As processors like it."""
    begin = StaticLayer.__init__

    def other(self: Any, max_cache_len: int, *given: Any, **rest: Any) -> None:
        begin(self, -(-max_cache_len // 64) * 64, *given, **rest)

    StaticLayer.__init__ = other


@breaks("memory-and-speed", "caches-agree")
def a_static_cache_writes_one_place_too_early() -> None:
    """The first token that is generated takes the place of the prompt's last one."""
    update = StaticLayer.update

    def other(self: Any, keys: Any, *given: Any, **rest: Any) -> Any:
        early = int(keys.shape[-2] == 1)
        self.cumulative_length.sub_(early)
        kept = update(self, keys, *given, **rest)
        self.cumulative_length.add_(early)
        return kept

    StaticLayer.update = other


@breaks("memory-and-speed", "caches-agree")
def without_a_cache_four_tokens_are_read() -> None:
    """The last ones: a window keeps each step short where nothing is kept."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if rest.get("use_cache") is False:
            rest.update({name: rest[name][:, -4:] for name in ("input_ids", "attention_mask")})
        return forward(self, *given, **rest)

    GPTBigCodeForCausalLM.forward = other


@breaks("memory-and-speed", "formulas-hold")
def attention_has_no_biases() -> None:
    """As in newer models; those of the checkpoint are ignored."""
    begin = GPTBigCodeAttention.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        self.c_proj.bias = None

    GPTBigCodeAttention.__init__ = other


@breaks("memory-and-speed", "kept-is-formula")
def the_feed_forward_part_is_computed_a_second_time() -> None:
    """It keeps its input, and nothing between its two layers."""
    forward = GPTBigCodeMLP.forward

    def other(self: Any, states: Any) -> Any:
        return checkpoint(forward, self, states, use_reentrant=False)

    GPTBigCodeMLP.forward = other
