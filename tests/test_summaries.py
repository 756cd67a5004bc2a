"""What stands for the value of a last expression."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import BatchEncoding
from transformers.modeling_outputs import CausalLMOutput

from loading.summaries import summarise
from tiny_models import tiny_model, tiny_tokenizer

HEAD = "tensor of float32, shape (2, 2), on cpu\n"


@pytest.mark.parametrize(
    ("tensor", "text"),
    [
        (torch.tensor([[1.23456, 2.0], [0.1, -3.0]]), HEAD + "[[ 1.2346,  2.    ],\n [ 0.1   , -3.    ]]"),
        (torch.tensor([1.5, 2.0], dtype=torch.bfloat16), "tensor of bfloat16, shape (2,), on cpu\n[1.5, 2. ]"),
        (torch.tensor([[7, 8, 9]]), "tensor of int64, shape (1, 3), on cpu\n[[7, 8, 9]]"),
        (torch.tensor(True), "tensor of bool, shape (), on cpu\nTrue"),
        (torch.arange(100.0), "tensor of float32, shape (100,), on cpu\nfrom 0 to 99, mean 49.5"),
        (torch.arange(100), "tensor of int64, shape (100,), on cpu\nfrom 0 to 99"),
        (torch.ones(100, dtype=torch.bool), "tensor of bool, shape (100,), on cpu"),
        (torch.empty(3, device="meta"), "tensor of float32, shape (3,), on meta, no values"),
        (torch.ones(2, requires_grad=True), "tensor of float32, shape (2,), on cpu\n[1., 1.]"),
    ],
)
def test_a_small_tensor_is_printed_and_a_large_one_described(tensor, text):
    assert summarise(tensor) == text


def test_batches_and_outputs_are_described_field_by_field():
    batch = BatchEncoding({"input_ids": torch.ones(1, 5, dtype=torch.int64), "length": [5]})
    assert summarise(batch) == "BatchEncoding with\n  input_ids  int64, shape (1, 5), on cpu\n  length     [5]"
    assert summarise(dict(batch, length=torch.tensor(5))).endswith("\n  length     int64, shape (), on cpu: 5")
    output = CausalLMOutput(loss=torch.tensor(1.23456), logits=torch.zeros(1, 5, 300))
    assert "loss    float32, shape (), on cpu: 1.235" in summarise(output)
    long = BatchEncoding({"input_ids": list(range(100))})
    assert summarise(long).endswith("list of 100: [0, 1, 2, 3, 4, 5, 6, 7, …]")


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_a_model_is_its_class_its_size_and_its_place():
    model = tiny_model()
    size = f"{model.num_parameters():,} parameters"
    assert summarise(model) == f"GPTBigCodeForCausalLM: {size}, float32, on cpu"
    assert summarise(model.to(torch.bfloat16)) == f"GPTBigCodeForCausalLM: {size}, bfloat16, on cpu"
    adapted = get_peft_model(tiny_model(), LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM"))
    trainable, total = adapted.get_nb_trainable_parameters()
    assert summarise(adapted) == (
        f"PeftModelForCausalLM around GPTBigCodeForCausalLM: {total:,} parameters, {trainable:,} trainable\n"
        "  adapter default: LORA, active"
    )


def test_a_tokenizer_says_which_special_tokens_it_lacks():
    tokenizer = tiny_tokenizer()
    lines = summarise(tokenizer).splitlines()
    assert lines[0].endswith(f": {len(tokenizer):,} tokens, 1 of them special")
    assert "  end of text    <|endoftext|> (0)" in lines
    assert "  padding        none" in lines


@pytest.mark.parametrize(
    "value", [3, "text", [1, 2], {}, {"a": 1}, {"a": torch.ones(1), "b": 1}, torch.nn.Linear(1, 1)]
)
def test_everything_else_is_left_to_its_own_repr(value):
    assert summarise(value) is None
