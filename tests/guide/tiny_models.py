"""A StarCoder of 30 thousand random parameters with tokenizer and adapter, for tests that load one."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import ByteLevelBPETokenizer
from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM, PreTrainedTokenizerFast
from transformers.utils import logging

END = "<|endoftext|>"


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE of some 270 tokens, without a padding token."""
    bpe = ByteLevelBPETokenizer()
    bpe.train_from_iterator(["def f(x): return x + 1\n"] * 5, vocab_size=300, special_tokens=[END], show_progress=False)
    return PreTrainedTokenizerFast(tokenizer_object=bpe._tokenizer, bos_token=END, eos_token=END)


def tiny_model(seed: int = 0) -> GPTBigCodeForCausalLM:
    """Random weights, the same for the same seed."""
    torch.manual_seed(seed)
    size = {"vocab_size": 300, "n_positions": 64, "n_embd": 32, "n_layer": 2, "n_head": 4}
    return GPTBigCodeForCausalLM(GPTBigCodeConfig(**size, bos_token_id=0, eos_token_id=0)).eval()


def save_tiny(folder: Path, seed: int = 0) -> Path:
    """Model and tokenizer in `folder`, a LoRA adapter in its adapters/lora."""
    logging.disable_progress_bar()
    model = tiny_model(seed)
    model.save_pretrained(folder)
    tiny_tokenizer().save_pretrained(folder)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`is_gradient_checkpointing` is deprecated", FutureWarning)  # peft 0.21.2
        adapter = LoraConfig(target_modules=["c_attn"], task_type="CAUSAL_LM", init_lora_weights=False)
        adapted = get_peft_model(model, adapter)
        adapted.save_pretrained(folder / "adapters" / "lora")
    return folder
