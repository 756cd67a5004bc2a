"""A base model with one method's adapter: how it is made, its loss, and how it is saved and loaded.

`loss` calls the layers without PEFT's own `forward`, so that logits are made for answer tokens only. Tests compare
the loss with PEFT's, and the greedy answers with those of `generate`.
"""

import shutil
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, PromptLearningConfig, get_peft_model
from transformers import AutoModelForCausalLM, GPTBigCodeForCausalLM, PreTrainedTokenizerBase

from training import answers
from training.methods import row

BASE_NAME = "models/stdlib-coder"  # as pages name it: no path of the machine that trained
Net = Any  # a PeftModel, or for full fine-tuning the model itself


def load_base(folder: Path, dtype: torch.dtype = torch.float32) -> GPTBigCodeForCausalLM:
    """The shipped base, or a model like it."""
    return AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)


def make(method: str, base: Path, seed: int) -> Net:
    """The base in fp32 with a fresh adapter of `method`; for full fine-tuning the base, all of it trainable."""
    torch.manual_seed(seed)
    net = load_base(base)
    config = row(method).config
    return net if config is None else get_peft_model(net, config(net.config.n_embd))


def trainable(net: Net) -> dict[str, torch.nn.Parameter]:
    """What training changes, by name."""
    return {name: p for name, p in net.named_parameters() if p.requires_grad}


def counts(net: Net) -> tuple[int, int]:
    """Parameters that training changes, and all, as PEFT counts them; tied ones count once."""
    parameters = list(net.parameters())
    return sum(p.numel() for p in parameters if p.requires_grad), sum(p.numel() for p in parameters)


def plain(net: Net) -> GPTBigCodeForCausalLM:
    """The model inside PEFT's wrapper; its layers hold the adapters."""
    return net.get_base_model() if isinstance(net, PeftModel) else net


def virtual(net: Net, rows: int) -> torch.Tensor | None:
    """The virtual tokens of a prompt method, (rows, tokens, width), or None for any other method."""
    if not isinstance(net, PeftModel) or not isinstance(net.active_peft_config, PromptLearningConfig):
        return None
    return net.get_prompt(rows).to(plain(net).dtype)  # as PEFT does: the adapter is in fp32, the base may not be


def hidden(net: Net, ids: torch.Tensor) -> torch.Tensor:
    """The last layer's output for rows padded on the right: (rows, length, width), without the virtual tokens."""
    model = plain(net)
    before = virtual(net, len(ids))
    if before is None:
        return model.transformer(input_ids=ids, use_cache=False).last_hidden_state
    embedded = torch.cat([before, model.transformer.wte(ids)], dim=1)
    return model.transformer(inputs_embeds=embedded, use_cache=False).last_hidden_state[:, before.shape[1] :]


def loss(net: Net, ids: torch.Tensor, labels: torch.Tensor, reduction: str = "mean") -> torch.Tensor:
    """Cross entropy of the labels that are not ignored, in nats."""
    wanted = labels[:, 1:]
    counted = wanted != answers.IGNORED
    logits = plain(net).lm_head(hidden(net, ids)[:, :-1][counted])
    return torch.nn.functional.cross_entropy(logits, wanted[counted], reduction=reduction)


@torch.no_grad()
def mean_loss(net: Net, rows: list[tuple[list[int], list[int]]], batch: int = 32) -> float:
    """Nats per counted token over rows of ids and labels, each token weighing the same."""
    net.eval()
    total, tokens = 0.0, 0
    ordered = sorted(rows, key=lambda row: len(row[0]))
    for first in range(0, len(ordered), batch):
        ids, labels = answers.pad(ordered[first : first + batch], 0)
        total += float(loss(net, ids, labels, reduction="sum"))
        tokens += int((labels[:, 1:] != answers.IGNORED).sum())
    return total / tokens


def save(net: Net, out: Path, tokenizer: PreTrainedTokenizerBase) -> None:
    """Write an adapter as PEFT writes it, naming its base as the guide does, or a whole model; all or nothing."""
    staging = out.with_name(out.name + ".tmp")
    shutil.rmtree(staging, ignore_errors=True)
    if isinstance(net, PeftModel):
        for config in net.peft_config.values():
            config.base_model_name_or_path = BASE_NAME
        net.save_pretrained(staging, save_embedding_layers=False)  # else PEFT looks the base up by its name, online
        (staging / "README.md").unlink(missing_ok=True)  # PEFT's empty template
    else:
        net.save_pretrained(staging)
        tokenizer.save_pretrained(staging)
    for path in staging.iterdir():
        path.chmod(0o644)
    shutil.rmtree(out, ignore_errors=True)
    staging.rename(out)


def load(method: str, base: Path, saved: Path, dtype: torch.dtype = torch.float32) -> Net:
    """The saved adapter on the base, as readers load it, or the saved model; ready to answer."""
    if row(method).config is None:
        return load_base(saved, dtype).eval()
    return PeftModel.from_pretrained(load_base(base, dtype), saved).eval()
