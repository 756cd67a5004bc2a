"""Seven methods that add, begin, count, save and merge otherwise than their page says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import torch
from peft import IA3Config, PeftModel, PeftModelForCausalLM, PromptEncoder, PromptEncoderConfig
from peft.tuners import ia3, lora

from mutations import breaks

Arguments = dict[str, Any]


def _settings_with(kind: type, change: Callable[[Arguments], Arguments]) -> None:
    """Let a class of settings see other named arguments than it was given."""
    begin = kind.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **change(rest))

    kind.__init__ = other


def _p_tuning_gives(change: Callable[[Arguments, int], Arguments]) -> None:
    """Let P-Tuning hand other arguments to the base model; `change` hears how many virtual tokens there are."""
    forward = PeftModelForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if not self._is_prompt_learning:
            return forward(self, *given, **rest)
        room = self.active_peft_config.num_virtual_tokens
        hook = self.base_model.register_forward_pre_hook(
            lambda base, inputs, options: (inputs, change(options, room)), with_kwargs=True
        )
        try:
            return forward(self, *given, **rest)
        finally:
            hook.remove()

    PeftModelForCausalLM.forward = other


def _study_with(change: Callable[[Arguments], None]) -> None:
    """Let the page read other results of a study. To train anew with other libraries takes hours."""
    read = json.loads

    def other(*given: Any, **rest: Any) -> Any:
        found = read(*given, **rest)
        if isinstance(found, dict) and {"about", "base", "runs"} <= found.keys():
            change(found)
        return found

    json.loads = other


@breaks("methods", "ia3-multiplies")
def vectors_begin_at_random() -> None:
    """`init_ia3_weights` is off by default."""
    _settings_with(IA3Config, lambda rest: {"init_ia3_weights": False, **rest})


@breaks("methods", "ia3-multiplies")
def vectors_are_added() -> None:
    """What a layer puts out is shifted, by how far the vector is from one."""
    forward = ia3.Linear.forward

    def other(self: Any, numbers: Any, *given: Any, **rest: Any) -> Any:
        if self.is_feedforward or self.disable_adapters or self.merged:
            return forward(self, numbers, *given, **rest)
        result = self.base_layer(numbers, *given, **rest)
        for name in self.active_adapters:
            result = result + (self.ia3_l[name].flatten() - 1).to(result.dtype)
        return result

    ia3.Linear.forward = other


@breaks("methods", "lora-zero")
def the_second_matrix_is_small_and_not_zero() -> None:
    """So that both matrices learn from the first step on."""
    reset = lora.LoraLayer.reset_lora_parameters

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        reset(self, name, *given, **rest)
        torch.nn.init.normal_(self.lora_B[name].weight, std=1e-6)

    lora.LoraLayer.reset_lora_parameters = other


@breaks("methods", "lora-zero")
def the_first_matrix_begins_as_zeros() -> None:
    """And the second at random: a fresh adapter is still without effect."""
    reset = lora.LoraLayer.reset_lora_parameters

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        reset(self, name, *given, **rest)
        torch.nn.init.zeros_(self.lora_A[name].weight)
        torch.nn.init.kaiming_uniform_(self.lora_B[name].weight)

    lora.LoraLayer.reset_lora_parameters = other


@breaks("methods", "p-tuning-takes-room")
def virtual_tokens_share_the_first_place() -> None:
    """The prompt begins at place 0, with and without them."""

    def change(options: Arguments, room: int) -> Arguments:
        embedded = options["inputs_embeds"]
        places = torch.arange(embedded.shape[1], device=embedded.device) - room
        return {**options, "position_ids": places.clamp(min=0)[None]}

    _p_tuning_gives(change)


@breaks("methods", "p-tuning-takes-room")
def virtual_tokens_stand_after_the_prompt() -> None:
    """As Astraios' questions end with one."""
    _p_tuning_gives(lambda options, room: {**options, "inputs_embeds": options["inputs_embeds"].roll(-room, 1)})


@breaks("methods", "p-tuning-saves-little")
def the_network_is_saved_too() -> None:
    """So that training can go on from a saved adapter."""
    pick = PromptEncoder._get_adapter_state_dict.__func__

    def other(cls: Any, model: Any, config: Any, adapter_name: str, *given: Any, **rest: Any) -> Any:
        network = model.prompt_encoder[adapter_name].mlp_head.state_dict(prefix="mlp_head.")
        return {**pick(cls, model, config, adapter_name, *given, **rest), **network}

    PromptEncoder._get_adapter_state_dict = classmethod(other)


@breaks("methods", "p-tuning-saves-little")
def what_the_network_reads_is_saved() -> None:
    """As with prompt tuning, which has no network behind its vectors."""

    def other(self: Any, name: str) -> Any:
        return self.prompt_encoder[name].embedding.weight.detach().cpu()

    PeftModel.get_prompt_embedding_to_save = other


@breaks("methods", "p-tuning-saves-little")
def the_network_stays_as_it_is() -> None:
    """Only the vectors that it reads are trained."""
    begin = PromptEncoder.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        self.mlp_head.requires_grad_(False)

    PromptEncoder.__init__ = other


@breaks("methods", "bottleneck-not-zero")
def parallel_begins_without_effect() -> None:
    """As in the paper that it comes from: its second matrix is zero."""
    from bottleneck import BottleneckConfig  # not before: another page shows what PEFT does without it

    _settings_with(
        BottleneckConfig,
        lambda rest: {"init_weights": "mam_adapter" if rest.get("use_parallel_adapter") else "bert", **rest},
    )


@breaks("methods", "fewest-and-most")
def the_network_of_p_tuning_is_narrow() -> None:
    """`encoder_hidden_size` is 64 by default, whatever the width of the model."""
    _settings_with(PromptEncoderConfig, lambda rest: {"encoder_hidden_size": 64, **rest})


@breaks("methods", "fewest-and-most")
def bottlenecks_are_64_wide() -> None:
    """`bottleneck_size` as in the paper on adapters, a quarter of Astraios'."""
    from bottleneck import BottleneckConfig  # not before: another page shows what PEFT does without it

    _settings_with(BottleneckConfig, lambda rest: {"bottleneck_size": 64, **rest})


@breaks("methods", "four-alike")
def full_fine_tuning_is_ahead() -> None:
    """By two percentage points, in each of its runs."""

    def change(study: Arguments) -> None:
        for run in study["runs"]:
            if run["method"] == "full":
                run["held_out"]["share"] += 0.02

    _study_with(change)


@breaks("methods", "four-alike")
def seeds_do_not_matter() -> None:
    """Each run of LoRA answers as many questions as their mean."""

    def change(study: Arguments) -> None:
        answered = [run["held_out"] for run in study["runs"] if run["method"] == "lora" and run["data"] == "all"]
        mean = sum(each["share"] for each in answered) / len(answered)
        for each in answered:
            each["share"] = mean

    _study_with(change)


@breaks("methods", "mergeable")
def merging_forgets_the_scaling() -> None:
    """`lora_alpha` counts while the adapter stands beside the weights, and not inside them."""
    delta = lora.Linear.get_delta_weight

    def other(self: Any, name: str) -> Any:
        return delta(self, name) / self.scaling[name]

    lora.Linear.get_delta_weight = other


@breaks("methods", "mergeable")
def merging_multiplies_the_weights_alone() -> None:
    """A layer's bias stays as it was."""
    merge = ia3.Linear.merge

    def other(self: Any, *given: Any, **rest: Any) -> None:
        bias = self.get_base_layer().bias.data
        merge(self, *given, **rest)
        self.get_base_layer().bias.data = bias

    ia3.Linear.merge = other


@breaks("methods", "mergeable")
def merging_p_tuning_gives_the_base_model() -> None:
    """Every model has the method. Where there is nothing to merge, the adapter is dropped."""

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return self.base_model if self._is_prompt_learning else self.base_model.merge_and_unload(*given, **rest)

    PeftModelForCausalLM.merge_and_unload = other


@breaks("methods", "mergeable")
def merging_a_bottleneck_drops_it() -> None:
    """As `unload` does, without a word."""
    from bottleneck import BottleneckModel  # not before: another page shows what PEFT does without it

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return self.unload()

    BottleneckModel.merge_and_unload = other
