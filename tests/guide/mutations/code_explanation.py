"""Python, pip, PyTorch and packages otherwise than the code explanation says."""

from __future__ import annotations

import ast
import copy
import importlib.metadata
import subprocess
from typing import Any

import peft
import torch
from transformers import AutoModelForCausalLM, GenerationMixin, PreTrainedModel
from transformers.masking_utils import create_bidirectional_mask
from transformers.models.gpt_bigcode import modeling_gpt_bigcode

from mutations import breaks


@breaks("code-explanation", "comment")
def python_keeps_comments() -> None:
    """As parsers do that write the code back."""
    parse = ast.parse

    def other(source: Any, *given: Any, **rest: Any) -> Any:
        tree = parse(source, *given, **rest)
        if isinstance(source, str) and source.startswith("# pip "):
            tree.body.append(ast.Expr(ast.Constant(source)))
        return tree

    ast.parse = other


@breaks("code-explanation", "quiet")
def pip_says_what_is_there_already() -> None:
    """However quiet it is to be."""
    run = subprocess.run

    def other(command: Any, *given: Any, **rest: Any) -> Any:
        if isinstance(command, list):
            command = [word for word in command if word != "-q"]
        return run(command, *given, **rest)

    subprocess.run = other


@breaks("code-explanation", "requires")
def transformers_requires_pytorch() -> None:
    """As there is no other framework left."""
    requires = importlib.metadata.requires

    def other(name: str) -> Any:
        return [*(requires(name) or []), *(["torch>=2.4"] if name == "transformers" else [])]

    importlib.metadata.requires = other


@breaks("code-explanation", "two-names")
def a_package_is_named_like_its_module() -> None:
    """`pip install yaml`."""
    distributions = importlib.metadata.packages_distributions

    def other() -> Any:
        return {**distributions(), "yaml": ["yaml"]}

    importlib.metadata.packages_distributions = other


@breaks("code-explanation", "peft-base")
def mixed_adapters_have_a_task() -> None:
    """PEFT's class for them is no `PeftModel`."""
    peft.MODEL_TYPE_TO_PEFT_MODEL_MAPPING["MIXED"] = peft.PeftMixedModel


@breaks("code-explanation", "task-chooses")
def the_model_says_the_task() -> None:
    """A configuration without a task takes that of the model."""
    wrap = peft.get_peft_model

    def other(model: Any, config: Any, *given: Any, **rest: Any) -> Any:
        if config.task_type is None and model.can_generate():
            config.task_type = "CAUSAL_LM"
        return wrap(model, config, *given, **rest)

    peft.get_peft_model = other


@breaks("code-explanation", "auto-looks-up")
def loading_gives_a_faster_subclass() -> None:
    """Of the class in the table."""
    load = AutoModelForCausalLM.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, *given, **rest)
        kind = type(model)
        model.__class__ = type(kind.__name__, (kind,), {"__module__": kind.__module__})
        return model

    AutoModelForCausalLM.from_pretrained = classmethod(other)


@breaks("code-explanation", "headless")
def every_model_has_generate() -> None:
    """As before Transformers 4.50."""
    PreTrainedModel.generate = GenerationMixin.generate


@breaks("code-explanation", "checkpoint-remakes")
def checkpoints_are_rounded() -> None:
    """To the 16 bits that most are published in."""
    save = PreTrainedModel.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        rounded = {name: each.bfloat16().to(each.dtype) for name, each in self.state_dict().items()}
        return save(self, *given, **{"state_dict": rounded, **rest})

    PreTrainedModel.save_pretrained = other


@breaks("code-explanation", "model-moves")
def moving_a_model_copies_it() -> None:
    """As moving a tensor does."""
    move = torch.nn.Module.to

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return move(copy.deepcopy(self) if given == ("meta",) else self, *given, **rest)

    torch.nn.Module.to = other


@breaks("code-explanation", "tensor-copies")
def moving_a_tensor_always_copies() -> None:
    """Also to where it is."""
    move = torch.Tensor.to

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        moved = move(self, *given, **rest)
        return moved.clone() if moved is self and given == ("cpu",) else moved

    torch.Tensor.to = other


@breaks("code-explanation", "old-name")
def the_old_name_is_taken_without_a_word() -> None:
    """`torch_dtype` as a second name of `dtype`."""
    load = AutoModelForCausalLM.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        if "torch_dtype" in rest:
            rest["dtype"] = rest.pop("torch_dtype")
        return load(cls, *given, **rest)

    AutoModelForCausalLM.from_pretrained = classmethod(other)


@breaks("code-explanation", "loaded-eval")
def evaluation_mode_leaves_dropout_on() -> None:
    """The switch says off, and numbers are dropped all the same."""

    def other(self: Any, numbers: Any) -> Any:
        return torch.nn.functional.dropout(numbers, self.p, training=True)

    torch.nn.Dropout.forward = other


@breaks("code-explanation", "causal")
def a_token_sees_those_after_it() -> None:
    """As in a model that fills gaps."""
    begin = modeling_gpt_bigcode.GPTBigCodeAttention.__init__

    def other(self: Any, *given: Any, **rest: Any) -> None:
        begin(self, *given, **rest)
        self.is_causal = False

    modeling_gpt_bigcode.GPTBigCodeAttention.__init__ = other
    modeling_gpt_bigcode.create_causal_mask = create_bidirectional_mask


@breaks("code-explanation", "scores")
def a_wrapped_model_scores_the_last_place_alone() -> None:
    """As `generate` needs it."""
    forward = peft.PeftModelForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return forward(self, *given, **{"logits_to_keep": 1, **rest})

    peft.PeftModelForCausalLM.forward = other
