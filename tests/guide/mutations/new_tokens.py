"""Tokenizers, embeddings and PEFT otherwise than the page on new tokens says."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import peft
import torch
from peft import PeftModel
from peft.tuners.trainable_tokens import TrainableTokensLayer
from transformers import AutoTokenizer, GPTBigCodeForCausalLM, PreTrainedModel

from mutations import breaks


def _resize(change: Any) -> None:
    """Let a change see each model after its embeddings were resized."""
    resize = PreTrainedModel.resize_token_embeddings

    def other(self: Any, new: Any = None, *given: Any, **rest: Any) -> Any:
        old = self.get_input_embeddings().weight.shape[0]
        found = resize(self, new, *given, **rest)
        change(self, old)
        return found

    PreTrainedModel.resize_token_embeddings = other


@breaks("new-tokens", "spare-needs-no-row")
def a_chosen_padding_token_is_a_new_one() -> None:
    """Whatever the vocabulary has of that name."""
    load = AutoTokenizer.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        tokenizer = load(cls, *given, **rest)
        tokenizer.add_special_tokens({"pad_token": "<padding>"})
        return tokenizer

    AutoTokenizer.from_pretrained = classmethod(other)


@breaks("new-tokens", "new-rows-are-means")
def new_rows_are_drawn_as_those_of_a_new_model() -> None:
    """`mean_resizing` is off."""
    resize = PreTrainedModel.resize_token_embeddings

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return resize(self, *given, **{"mean_resizing": False, **rest})

    PreTrainedModel.resize_token_embeddings = other


@breaks("new-tokens", "still-tied")
def a_resize_unties() -> None:
    """Both tables are resized, each for itself."""

    def change(model: Any, old: int) -> None:
        model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight.detach().clone())

    _resize(change)


@breaks("new-tokens", "lora-leaves-rows")
def new_rows_are_trained_with_every_adapter() -> None:
    """As nobody but the author of the adapter asked for."""
    wrap = peft.get_peft_model

    def other(model: Any, config: Any, *given: Any, **rest: Any) -> Any:
        rows = model.get_input_embeddings().weight.shape[0]
        if rows > 4096 and not config.trainable_token_indices:
            config.trainable_token_indices = list(range(4096, rows))
        return wrap(model, config, *given, **rest)

    peft.get_peft_model = other


@breaks("new-tokens", "rows-are-trained")
def a_row_more_is_trained_than_was_named() -> None:
    """The first one too."""
    begin = peft.LoraConfig.__post_init__

    def other(self: Any) -> None:
        begin(self)
        if self.trainable_token_indices:
            self.trainable_token_indices = [0, *self.trainable_token_indices]

    peft.LoraConfig.__post_init__ = other


@breaks("new-tokens", "whole-table-unties")
def a_copy_of_a_tied_table_is_warned_of() -> None:
    """Where only one of its uses is trained."""
    wrap = peft.get_peft_model

    def other(model: Any, config: Any, *given: Any, **rest: Any) -> Any:
        if config.modules_to_save and model.config.tie_word_embeddings:
            warnings.warn("tied weights are trained in one place only: tie them", stacklevel=2)
        return wrap(model, config, *given, **rest)

    peft.get_peft_model = other


@breaks("new-tokens", "whole-table-unties")
def the_copy_of_a_tied_table_scores_too() -> None:
    """Both uses stay one."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        copies = getattr(self.get_input_embeddings(), "modules_to_save", {})
        if "default" in copies:
            self.lm_head.weight = copies["default"].weight
        return forward(self, *given, **rest)

    GPTBigCodeForCausalLM.forward = other


@breaks("new-tokens", "small-file-is-enough")
def trained_rows_are_saved_with_the_table_alone() -> None:
    """Without it the file holds LoRA."""
    save = PeftModel.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if rest.get("save_embedding_layers") is not False:
            return save(self, *given, **rest)
        kept = copy.deepcopy(self)
        for part in kept.modules():
            if isinstance(part, TrainableTokensLayer):
                for rows in part.trainable_tokens_delta.values():
                    rows.data.zero_()
        return save(kept, *given, **rest)

    PeftModel.save_pretrained = other
