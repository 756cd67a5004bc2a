"""models.py WORK: make the two random-weight GPTBigCode models and their tokenizer, once.

Run it with WORK/venvs/stack/bin/python. The tokenizer is trained on the standard library's source.
"""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GPTBigCodeConfig, GPTBigCodeForCausalLM, PreTrainedTokenizerFast

SIZES = {"small": {"n_embd": 256, "n_layer": 4, "n_head": 4}, "large": {"n_embd": 1024, "n_layer": 32, "n_head": 16}}
SPECIAL = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
VOCABULARY = 8192


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer of the standard library's own modules."""
    sources = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=["<eos>"])
    tokenizer.train([str(path) for path in sources], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<eos>")


def main(work: Path) -> None:
    """Make what is not there."""
    tokenizer = make_tokenizer()
    for name, shape in SIZES.items():
        folder = work / "models" / name
        if (folder / "tokenizer.json").is_file():
            continue
        torch.manual_seed(0)
        config = GPTBigCodeConfig(vocab_size=VOCABULARY, n_positions=512, **SPECIAL, **shape)
        model = GPTBigCodeForCausalLM(config)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        print(name, f"{sum(weight.numel() for weight in model.parameters()) / 1e6:.1f} M parameters")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
