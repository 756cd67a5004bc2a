"""What stands for the value of a last expression."""

from __future__ import annotations

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import BatchEncoding, GenerationConfig, PreTrainedModel
from transformers.modeling_outputs import CausalLMOutput

from loading.summaries import brief, summarise
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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([[1.23456, 2.0]]), "[[1.235, 2]]"),
        (torch.arange(30).reshape(2, 15), "begins 0, 1, 2, 3, 4, 5, 6, 7"),
        (torch.arange(30.0).bfloat16(), "from 0 to 29"),
        (torch.zeros(3, 4, requires_grad=True), "from 0 to 0, requires grad"),
        (torch.arange(20) > 4, "15 of 20 true"),
        (torch.empty(99, device="meta"), "no values"),
        (torch.empty(0, 99, dtype=torch.int64), "[]"),
        (torch.empty(99, dtype=torch.complex64), "99 values"),
        (torch.eye(99).to_sparse(), "layout sparse_coo"),
        (torch.nn.Linear(3, 2), "8 parameters, 8 trainable, training mode"),
        (BatchEncoding({"ids": torch.ones(1, 5), "n": [5], "loss": torch.tensor(1.5)}), "ids (1, 5), n [1], loss 1.5"),
        ({"ids": torch.ones(1, 5)}, "ids (1, 5)"),
        (GenerationConfig(), "as by default"),
        (GenerationConfig(max_new_tokens=7), "max_new_tokens=7"),
        (
            LoraConfig(r=4, target_modules=["b", "a"]),
            "peft_type='LORA', r=4, target_modules={'a', 'b'}",
        ),
    ],
)
def test_a_trace_has_one_line_for_each(value, text):
    assert brief(value) == text


@pytest.mark.parametrize("value", [3, "text", [1, 2], {}, {"a": 1}, torch.float32])
def test_a_trace_leaves_everything_else_to_its_own_repr(value):
    assert brief(value) is None


@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing` is deprecated:FutureWarning")
def test_wrapping_a_model_is_seen_in_both_lines():
    model: PreTrainedModel = tiny_model()
    size = model.num_parameters()
    assert brief(model) == f"{size:,} parameters, {size:,} trainable, eval mode"
    assert brief(model.config) == "gpt_bigcode: 2 layers, 32 wide, 4 heads, 300 tokens, 64 positions"
    assert "\n  n_embd " in summarise(model.config)
    assert "initializer_range" not in summarise(model.config), "it is what the class has by default"
    adapted = get_peft_model(model, LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM"))
    trainable, total = adapted.get_nb_trainable_parameters()
    weights = f"{total:,} parameters, {trainable:,} trainable, training mode"
    assert brief(adapted) == f"around GPTBigCodeForCausalLM; adapter default: LORA, active; {weights}"
    assert brief(model).startswith(f"{total:,} parameters, {trainable:,} trainable")


def test_what_generate_gives_is_said_field_by_field():
    asked = {"max_new_tokens": 3, "do_sample": False, "pad_token_id": 0, "eos_token_id": None}
    output = tiny_model().generate(
        torch.ones(1, 4, dtype=torch.int64), **asked, return_dict_in_generate=True, output_scores=True
    )
    assert brief(output) == "sequences (1, 7), scores [3], cache"
    assert "tuple of 3, each float32, shape (1, 300), on cpu" in summarise(output)
    assert "DynamicCache with 6 positions in 2 layers" in summarise(output)
    assert brief(output.cache) == "6 positions in 2 layers"


def test_looking_changes_no_random_number_and_no_gradient():
    state = torch.get_rng_state()
    weights = torch.rand(5, 5, requires_grad=True)
    torch.set_rng_state(state)
    brief(weights)
    summarise(weights)
    assert torch.equal(torch.rand(5, 5), weights)
    assert weights.grad is None
    assert torch.is_grad_enabled()
