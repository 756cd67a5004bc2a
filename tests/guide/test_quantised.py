"""What the page on memory computes for quantised weights, against what bitsandbytes keeps of the small model."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pytest

from galley.config import find_project
from galley.source.guide import read_guide

ROOT = Path(__file__).parents[2]


def kept(weights: Any) -> int:
    """The bytes of a weight with its scales and levels."""
    state, scales = getattr(weights, "quant_state", None), getattr(weights, "SCB", None)
    more = [] if state is None else [state.absmax, state.code]
    return sum(each.nbytes for each in [weights, *more, *([] if scales is None else [scales])])


@pytest.mark.parametrize("numbers", ["8 bit", "4 bit"])
def test_quantised_weights_take_what_the_page_computes(numbers: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import torch
        from transformers import AutoModelForCausalLM, BitsAndBytesConfig

        how = {"load_in_8bit": True} if numbers == "8 bit" else {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"}
        checkpoint = ROOT / "snippets" / "models" / "stdlib-coder"
        model = AutoModelForCausalLM.from_pretrained(
            checkpoint, quantization_config=BitsAndBytesConfig(**how), dtype=torch.bfloat16
        )
    names: dict[str, Any] = {}
    exec(read_guide(find_project(ROOT)).snippets["memory_and_speed"].cell("memory-of").source, names)
    own = model.config
    shape = (own.n_layer, own.n_embd, own.n_head, own.n_inner, own.vocab_size, own.n_positions)
    assert names["weight_bytes"](shape, numbers) == sum(map(kept, model.parameters()))
