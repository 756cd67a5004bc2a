"""Tokenizers, training and PEFT otherwise than the page about training an adapter says."""

from __future__ import annotations

import copy
import importlib.metadata
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import peft
import torch
from peft import LoraConfig, PeftModel, PeftModelForCausalLM
from peft.tuners.ia3 import IA3Layer, IA3Model
from peft.tuners.lora import LoraLayer
from peft.tuners.lora.dora import DoraLinearLayer
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from peft.utils import hotswap
from transformers import (
    AutoTokenizer,
    GPTBigCodeForCausalLM,
    PreTrainedTokenizerFast,
    Trainer,
    TrainingArguments,
    optimization,
)
from transformers.loss.loss_utils import LOSS_MAPPING
from transformers.masking_utils import create_bidirectional_mask
from transformers.models.gpt_bigcode import modeling_gpt_bigcode

from mutations import breaks


def _load_with(change: Callable[[Any, dict[str, Any]], None], **defaults: Any) -> None:
    """Load adapters with other defaults; then a change sees the model, and the named arguments."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, *given, **{**defaults, **rest})
        change(model, rest)
        return model

    PeftModel.from_pretrained = classmethod(other)


def _requires_with(package: str, change: Callable[[str], str]) -> None:
    """Let the metadata of a package say something else in each line about accelerate."""
    requires = importlib.metadata.requires

    def other(name: str) -> Any:
        lines = requires(name) or []
        return [change(each) if name == package and each.startswith("accelerate") else each for each in lines]

    importlib.metadata.requires = other


@breaks("train-an-adapter", "answer-alone-counts")
def the_loss_is_a_mean_over_all_tokens() -> None:
    """Those without a label count as 0."""
    loss = LOSS_MAPPING["ForCausalLM"]

    def other(logits: Any, labels: Any, *given: Any, **rest: Any) -> Any:
        return loss(logits, labels, *given, **rest) * labels.ne(-100).float().mean()

    LOSS_MAPPING["ForCausalLM"] = other


@breaks("train-an-adapter", "answer-alone-counts")
def labels_are_shifted_by_who_makes_them() -> None:
    """The loss takes them as they are."""
    loss = LOSS_MAPPING["ForCausalLM"]

    def other(logits: Any, labels: Any, *given: Any, **rest: Any) -> Any:
        return loss(logits, labels, *given, **{"shift_labels": labels, **rest})

    LOSS_MAPPING["ForCausalLM"] = other


@breaks("train-an-adapter", "no-pad-token")
def a_tokenizer_is_loaded_with_the_end_token_for_padding() -> None:
    """Where its own files name none."""
    load = AutoTokenizer.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        tokenizer = load(cls, *given, **rest)
        tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
        return tokenizer

    AutoTokenizer.from_pretrained = classmethod(other)


@breaks("train-an-adapter", "no-pad-token")
def one_call_pads_with_the_end_token() -> None:
    """Where the tokenizer has none, which it says afterwards as before."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, padding: Any = False, **rest: Any) -> Any:
        if not padding or self.pad_token is not None:
            return call(self, *given, padding=padding, **rest)
        self.pad_token = self.eos_token
        try:
            return call(self, *given, padding=padding, **rest)
        finally:
            self.pad_token = None

    PreTrainedTokenizerFast.__call__ = other


@breaks("train-an-adapter", "padding-is-free")
def padding_is_seen_where_no_mask_hides_it() -> None:
    """By the tokens before it: attention looks both ways."""
    begin = modeling_gpt_bigcode.GPTBigCodeAttention.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        self.is_causal = False

    modeling_gpt_bigcode.GPTBigCodeAttention.__init__ = other
    modeling_gpt_bigcode.create_causal_mask = create_bidirectional_mask


@breaks("train-an-adapter", "padding-is-free")
def rows_of_a_batch_end_at_the_same_place() -> None:
    """Padding on the right takes the first places."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        mask = rest.get("attention_mask")
        if mask is not None and rest.get("position_ids") is None and rest.get("past_key_values") is None:
            places = torch.arange(mask.shape[1]) + mask.eq(0).sum(-1, keepdim=True)
            rest["position_ids"] = places.clamp(max=mask.shape[1] - 1)
        return forward(self, *given, **rest)

    GPTBigCodeForCausalLM.forward = other


@breaks("train-an-adapter", "wrapped-in-place")
def an_adapter_is_put_into_a_copy() -> None:
    """The base model stays as it was."""
    wrap = peft.get_peft_model

    def other(model: Any, *given: Any, **rest: Any) -> Any:
        return wrap(copy.deepcopy(model), *given, **rest)

    peft.get_peft_model = other


@breaks("train-an-adapter", "trainer-needs")
def peft_has_accelerate_as_an_extra() -> None:
    """For training alone."""
    _requires_with("peft", lambda line: f'{line}; extra == "train"')


@breaks("train-an-adapter", "trainer-needs")
def transformers_requires_accelerate() -> None:
    """As PEFT does."""
    _requires_with("transformers", lambda line: line.partition(";")[0])


@breaks("train-an-adapter", "loss-falls")
def training_is_plain_gradient_descent_by_default() -> None:
    """Another default of `optim`."""
    begin = TrainingArguments.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{"optim": "sgd", **rest})

    TrainingArguments.__init__ = other


@breaks("train-an-adapter", "form-is-learned")
def a_trainer_trains_a_copy() -> None:
    """It is `trainer.model`; of the model that was passed only the mode changes."""
    begin = Trainer.__init__

    def other(self: Any, model: Any = None, *given: Any, **rest: Any) -> None:
        begin(self, copy.deepcopy(model), *given, **rest)
        model.train()

    Trainer.__init__ = other


@breaks("train-an-adapter", "form-is-learned")
def generating_switches_adapters_on() -> None:
    """Within `disable_adapter` too."""
    generate = PeftModelForCausalLM.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        self.base_model.enable_adapter_layers()
        return generate(self, *given, **rest)

    PeftModelForCausalLM.generate = other


@breaks("train-an-adapter", "few-tokens-are-the-word")
def special_tokens_in_a_text_are_text() -> None:
    """`split_special_tokens` is on by default, so that nobody's text ends an answer."""
    load = AutoTokenizer.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **{"split_special_tokens": True, **rest})

    AutoTokenizer.from_pretrained = classmethod(other)


@breaks("train-an-adapter", "base-untouched")
def biases_are_trained_with_lora_by_default() -> None:
    """Another default of `bias`."""
    begin = LoraConfig.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **{"bias": "lora_only", **rest})

    LoraConfig.__init__ = other


@breaks("train-an-adapter", "saved-small")
def layers_with_an_adapter_are_saved_whole() -> None:
    """The base's weights beside the adapter's, so that neither is used without the other."""
    gather = peft.peft_model.get_peft_model_state_dict

    def other(model: Any, *given: Any, **rest: Any) -> Any:
        whole = {name: each for name, each in model.state_dict().items() if ".base_layer." in name}
        return {**whole, **gather(model, *given, **rest)}

    peft.peft_model.get_peft_model_state_dict = other


@breaks("train-an-adapter", "reload-equal")
def an_adapter_with_a_name_waits_until_it_is_chosen() -> None:
    """The one without, "default", acts at once."""

    def change(model: Any, asked: dict[str, Any]) -> None:
        if "adapter_name" in asked:
            model.base_model.disable_adapter_layers()

    _load_with(change)


@breaks("train-an-adapter", "frozen")
def adapters_are_loaded_to_be_trained_on() -> None:
    """`is_trainable` is on by default, and dropout waits for `train`."""
    _load_with(lambda model, asked: model.eval(), is_trainable=True)


@breaks("train-an-adapter", "frozen")
def the_wrapper_alone_is_in_training_mode() -> None:
    """As a PyTorch module begins its life. Nothing that drops numbers is."""

    def change(model: Any, asked: dict[str, Any]) -> None:
        model.training = True

    _load_with(change)


@breaks("train-an-adapter", "frozen")
def what_is_loaded_for_training_trains_as_a_whole() -> None:
    """`is_trainable` unfreezes the base model as well."""

    def change(model: Any, asked: dict[str, Any]) -> None:
        if asked.get("is_trainable"):
            model.requires_grad_(True)

    _load_with(change)


@breaks("train-an-adapter", "set-adapter-unfreezes")
def a_chosen_adapter_can_be_trained_whatever_is_asked() -> None:
    """`inference_mode` without effect."""
    choose = PeftModel.set_adapter

    def other(self: Any, name: str, inference_mode: bool = False) -> None:
        choose(self, name)

    PeftModel.set_adapter = other


@breaks("train-an-adapter", "set-adapter-unfreezes")
def a_chosen_adapter_is_as_frozen_as_it_was() -> None:
    """Unless `inference_mode` says otherwise."""
    choose = PeftModel.set_adapter

    def other(self: Any, name: str, inference_mode: bool | None = None) -> None:
        frozen = not any(each.requires_grad for each in self.parameters())
        choose(self, name, inference_mode=frozen if inference_mode is None else inference_mode)

    PeftModel.set_adapter = other


def _names_of_rows(change: Callable[[Any, list[str]], list[str]]) -> None:
    """Let the layers of a mixed batch see other names of adapters than were passed."""
    forward = LoraLayer._mixed_batch_forward

    def other(self: Any, x: Any, *given: Any, adapter_names: list[str], **rest: Any) -> Any:
        return forward(self, x, *given, adapter_names=change(self, adapter_names), **rest)

    LoraLayer._mixed_batch_forward = other


@breaks("train-an-adapter", "mixed-rows")
def a_row_without_an_adapter_gets_the_active_one() -> None:
    """`__base__` names what is chosen for the model."""
    _names_of_rows(lambda layer, names: [layer.active_adapters[0] if name == "__base__" else name for name in names])


@breaks("train-an-adapter", "mixed-rows")
def the_first_row_chooses_for_all() -> None:
    """One adapter for one call."""
    _names_of_rows(lambda layer, names: names[:1] * len(names))


@breaks("train-an-adapter", "mixed-ignored")
def ia3_mixes_batches() -> None:
    """As LoRA does: a row that names `__base__` gets what the layer itself gives."""

    @contextmanager
    def enable(self: Any, *given: Any, adapter_names: Any = None, **rest: Any) -> Iterator[None]:
        bare = [row for row, name in enumerate(adapter_names or ()) if name == "__base__"]

        def alone(layer: Any, inputs: Any, output: Any) -> Any:
            output[bare] = layer.get_base_layer()(inputs[0][bare])
            return output

        layers = [each for each in self.modules() if isinstance(each, IA3Layer)]
        hooks = [each.register_forward_hook(alone) for each in layers]
        yield
        for each in hooks:
            each.remove()

    IA3Model._enable_peft_forward_hooks = enable


@breaks("train-an-adapter", "mixed-ignored")
def names_that_no_layer_takes_are_warned_of() -> None:
    """The rows get the active adapter all the same."""
    forward = PeftModelForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if rest.get("adapter_names") and not hasattr(self.base_model, "_enable_peft_forward_hooks"):
            warnings.warn("adapter_names is ignored", stacklevel=2)
        return forward(self, *given, **rest)

    PeftModelForCausalLM.forward = other


@breaks("train-an-adapter", "merge-in-place")
def a_merged_model_keeps_its_adapters() -> None:
    """So that it can be unmerged."""

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        self.merge_adapter()
        return self.model

    BaseTuner.merge_and_unload = other


@breaks("train-an-adapter", "merge-in-place")
def merged_weights_are_rounded() -> None:
    """To the 16 bits in which most models are published."""
    merge = BaseTuner.merge_and_unload

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        layers = [each.get_base_layer() for each in self.modules() if isinstance(each, BaseTunerLayer)]
        merged = merge(self, *given, **rest)
        for each in layers:
            each.weight.data = each.weight.bfloat16().to(each.weight.dtype)
        return merged

    BaseTuner.merge_and_unload = other


@breaks("train-an-adapter", "hotswap-in-place")
def swapping_puts_new_parameters_in() -> None:
    """With the new numbers, in the place of the old ones."""
    swap, kept = hotswap.hotswap_adapter, []

    def other(model: Any, path: Any, adapter_name: str, *given: Any, **rest: Any) -> None:
        swap(model, path, adapter_name, *given, **rest)
        for layer in [each for each in model.modules() if isinstance(each, LoraLayer)]:
            for part in (layer.lora_A[adapter_name], layer.lora_B[adapter_name]):
                kept.append(part.weight)  # so that no new one has its address
                part.weight = torch.nn.Parameter(part.weight.detach().clone())

    hotswap.hotswap_adapter = other


@breaks("train-an-adapter", "options-are")
def rslora_divides_by_the_rank() -> None:
    """As LoRA does."""
    update = LoraLayer.update_layer

    def other(self: Any, name: str, *given: Any, **rest: Any) -> None:
        update(self, name, *given, **rest)
        self.scaling[name] = self.lora_alpha[name] / self.r[name]

    LoraLayer.update_layer = other


@breaks("train-an-adapter", "options-are")
def dora_has_one_magnitude_for_a_layer() -> None:
    """Not one for each output."""
    update = DoraLinearLayer.update_layer

    def other(self: Any, **given: Any) -> None:
        update(self, **given)
        self.weight = torch.nn.Parameter(self.weight.detach().mean().reshape(1))

    DoraLinearLayer.update_layer = other


@breaks("train-an-adapter", "dropout-in-training-alone")
def what_dropout_leaves_keeps_its_size() -> None:
    """Nothing is divided."""

    def other(self: Any, x: Any) -> Any:
        return x * (torch.rand_like(x) >= self.p) if self.training else x

    torch.nn.Dropout.forward = other


@breaks("train-an-adapter", "rate-rises-and-falls")
def the_first_step_has_a_share_of_the_rate_already() -> None:
    """No step of a warm-up is lost."""

    def other(at: int, *, num_warmup_steps: int, num_training_steps: int) -> float:
        if at < num_warmup_steps:
            return (at + 1) / (num_warmup_steps + 1)
        return max(0.0, (num_training_steps - at) / (num_training_steps - num_warmup_steps))

    optimization._get_linear_schedule_with_warmup_lr_lambda = other


@breaks("train-an-adapter", "left-in-training")
def a_trainer_hands_the_model_back_ready_to_answer() -> None:
    """It calls `eval` at the end."""
    train = Trainer.train

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        result = train(self, *given, **rest)
        self.model.eval()
        return result

    Trainer.train = other


@breaks("train-an-adapter", "card-beside")
def a_card_is_written_for_the_hub_alone() -> None:
    """A folder gets none; an empty file keeps its place."""

    def other(self: Any, folder: str) -> None:
        Path(folder, "README.md").write_text("---\n---\n", encoding="utf-8")

    peft.PeftModel.create_or_update_model_card = other


@breaks("train-an-adapter", "default-by-name")
def an_adapter_is_called_by_its_folder() -> None:
    """Where nobody gave it a name."""
    load = peft.PeftModel.from_pretrained.__func__

    def other(cls: Any, model: Any, name: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, model, name, *given, **{"adapter_name": str(name), **rest})

    peft.PeftModel.from_pretrained = classmethod(other)
