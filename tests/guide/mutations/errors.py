"""The libraries otherwise than the pages of error messages say."""

from __future__ import annotations

import subprocess
import warnings
from typing import Any

import peft
import peft.peft_model
import peft.utils.save_and_load
import torch
from peft import LoraConfig, PeftModel
from peft.tuners.lora import LoraLayer
from peft.tuners.tuners_utils import BaseTuner
from transformers import BatchEncoding, GPTBigCodeModel, PreTrainedModel, PreTrainedTokenizerFast

from mutations import breaks


@breaks("different-devices", "what-moves")
def inputs_are_copied_to_a_device() -> None:
    """As a tensor is."""

    def other(self: Any, device: Any, **rest: Any) -> Any:
        return BatchEncoding({name: each.to(device) for name, each in self.items()})

    BatchEncoding.to = other


@breaks("out-of-memory", "older-name-warns")
def the_older_name_is_a_name_as_good() -> None:
    """It warns of nothing."""

    def other(self: Any, *given: Any, **rest: Any) -> None:
        self.activation_checkpointing_enable(*given, **rest)

    PreTrainedModel.gradient_checkpointing_enable = other


@breaks("out-of-memory", "no-cache-meanwhile")
def a_cache_is_kept_while_activations_are_recomputed() -> None:
    """Whoever asks for it has it, for the price of the memory."""
    forward = GPTBigCodeModel.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        asked = self.training and rest.get("use_cache")
        if not asked:
            return forward(self, *given, **rest)
        self.eval()
        result = forward(self, *given, **rest)
        self.train()
        return result

    GPTBigCodeModel.forward = other


@breaks("chat-template", "prompt-is-asked-for")
def a_chat_ends_with_an_open_prompt() -> None:
    """`add_generation_prompt` is on where the last message is a user's."""
    apply = PreTrainedTokenizerFast.apply_chat_template

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return apply(self, *given, **{"add_generation_prompt": True, **rest})

    PreTrainedTokenizerFast.apply_chat_template = other


@breaks("padding-token", "any-token-will-do")
def only_the_end_token_is_hidden_where_it_pads() -> None:
    """Another padding token is read like a word."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        found = call(self, *given, **rest)
        if rest.get("padding") and self.pad_token_id != self.eos_token_id:
            found["attention_mask"] = torch.ones_like(found["attention_mask"])
        return found

    PreTrainedTokenizerFast.__call__ = other


@breaks("does-not-require-grad", "loaded-frozen")
def a_loaded_configuration_forgets_what_it_is_for() -> None:
    """The weights are frozen, and `inference_mode` stays off."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, *given, **rest)
        model.peft_config["default"].inference_mode = False
        return model

    PeftModel.from_pretrained = classmethod(other)


@breaks("index-out-of-range", "one-row-each")
def tables_are_padded_to_a_multiple_of_64() -> None:
    """As GPUs like them best."""
    resize = PreTrainedModel.resize_token_embeddings

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return resize(self, *given, **{"pad_to_multiple_of": 64, **rest})

    PreTrainedModel.resize_token_embeddings = other


@breaks("index-out-of-range", "nothing-is-cut")
def texts_are_cut_at_what_the_model_reads() -> None:
    """`truncation` is on by default."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return call(self, *given, **{"truncation": True, "max_length": 512, **rest})

    PreTrainedTokenizerFast.__call__ = other


@breaks("missing-adapter-keys", "keeps-its-first-value")
def both_matrices_are_zero_at_first() -> None:
    """Nothing trains then, and nothing is changed."""
    reset = LoraLayer.reset_lora_parameters

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        reset(self, name, *given, **rest)
        torch.nn.init.zeros_(self.lora_A[name].weight)

    LoraLayer.reset_lora_parameters = other


@breaks("no-adapter-config", "adapter-is-two-files")
def adapters_are_saved_as_pickles() -> None:
    """`safe_serialization` is off by default."""
    save = PeftModel.save_pretrained

    def other(self: Any, folder: str, safe_serialization: bool = False, **rest: Any) -> None:
        save(self, folder, safe_serialization=safe_serialization, **rest)

    PeftModel.save_pretrained = other


@breaks("size-mismatch", "saved-whole")
def embeddings_are_saved_with_every_adapter() -> None:
    """`save_embedding_layers` is on, whether they were resized or not."""
    state = peft.peft_model.get_peft_model_state_dict

    def other(*given: Any, **rest: Any) -> Any:
        return state(*given, **{**rest, "save_embedding_layers": True})

    peft.peft_model.get_peft_model_state_dict = other


@breaks("size-mismatch", "saved-whole")
def a_table_in_two_uses_is_saved_once() -> None:
    """That of the input, from which the other one is tied again."""
    state = peft.peft_model.get_peft_model_state_dict

    def other(*given: Any, **rest: Any) -> Any:
        return {name: each for name, each in state(*given, **rest).items() if "lm_head" not in name}

    peft.peft_model.get_peft_model_state_dict = other


@breaks("target-modules-not-found", "names-end-so")
def a_name_is_looked_for_anywhere() -> None:
    """The text "proj" finds what has it in its name."""
    check = BaseTuner._check_target_module_exists

    def other(config: Any, key: str) -> Any:
        asked = config.target_modules
        if isinstance(asked, (set, list)) and any(each in key.rpartition(".")[2] for each in asked):
            return True
        return check(config, key)

    BaseTuner._check_target_module_exists = staticmethod(other)


@breaks("target-modules-not-found", "all-but-the-last")
def all_linear_is_all_but_the_attention() -> None:
    """Only the two layers of each MLP are taken."""
    wrap = peft.get_peft_model

    def other(model: Any, config: Any, **rest: Any) -> Any:
        if config.target_modules == "all-linear":
            config.target_modules = {"c_fc", "mlp.c_proj"}
            config.exclude_modules = None
        return wrap(model, config, **rest)

    peft.get_peft_model = other


@breaks("unexpected-keyword", "warned-and-left-out")
def what_a_newer_peft_wrote_is_dropped_in_silence() -> None:
    """Nobody is told."""
    load = LoraConfig.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load(cls, *given, **rest)

    LoraConfig.from_pretrained = classmethod(other)


@breaks("keyerror-bottleneck", "looked-up-by-name")
def a_configuration_that_was_read_has_a_class_of_its_own() -> None:
    """One that tells what was read from what was written in code."""
    load = peft.PeftConfig.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        found = load(cls, *given, **rest)
        found.__class__ = type("Read", (type(found),), {})
        return found

    peft.PeftConfig.from_pretrained = classmethod(other)


@breaks("gated-repository", "variable-wins")
def a_login_wins_over_the_variable() -> None:
    """The stored token is read first."""
    run = subprocess.run

    def other(command: list[str], *given: Any, **rest: Any) -> Any:
        change = (
            "from huggingface_hub.utils import _auth as a\n"
            "f, e = a._get_token_from_file, a._get_token_from_environment\n"
            "a._get_token_from_environment = lambda: f() or e()\n"
        )
        return run([*command[:-1], change + command[-1]], *given, **rest)

    subprocess.run = other
