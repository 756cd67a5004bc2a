"""Answers in batches, greedy (the same as from `generate`) or drawn at a temperature.

`generate` computes every row until the longest one ends, and PEFT ignores the positions of padded rows of a prompt
method. Here virtual tokens stand between padding and prompt, and a row that has ended leaves the batch.
"""

from collections.abc import Callable, Sequence

import torch
from transformers import DynamicCache, PreTrainedTokenizerBase

from training import answers, tuned

LONGEST = 200
Alive = Callable[[], None]  # called once a batch; raises where the run is to stop


@torch.no_grad()
def decode(
    net: tuned.Net,
    tokenizer: PreTrainedTokenizerBase,
    questions: Sequence[str],
    alive: Alive,
    temperature: float = 0.0,
    batch: int = 48,
    tokens: int = LONGEST,
) -> list[str]:
    """An answer to each question, without special tokens; greedy at temperature 0, else from torch's generator."""
    net.eval()
    prompts = [tokenizer(answers.prompt(q)).input_ids for q in questions]
    order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
    said: dict[int, list[int]] = {}
    for first in range(0, len(order), batch):
        alive()
        chosen = order[first : first + batch]
        rows = _continue(net, [prompts[i] for i in chosen], tokenizer.eos_token_id, temperature, tokens)
        said.update(zip(chosen, rows, strict=True))
    return [tokenizer.decode(said[i], skip_special_tokens=True) for i in range(len(prompts))]


def _continue(net: tuned.Net, prompts: list[list[int]], end: int, temperature: float, tokens: int) -> list[list[int]]:
    """Up to `tokens` new ids for each prompt, `end` not among them."""
    model = tuned.plain(net)
    embedded, mask = _padded(net, prompts, end)
    cache = DynamicCache(config=model.config)
    said: list[list[int]] = [[] for _ in prompts]
    rows = torch.arange(len(prompts))  # which prompt each row of the batch continues
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    for _ in range(tokens):
        out = model.transformer(
            inputs_embeds=embedded,
            attention_mask=mask,
            position_ids=positions,
            cache=cache,
            use_cache=True,
        )
        new = _pick(model.lm_head(out.last_hidden_state[:, -1]), temperature)
        kept = (new != end).nonzero()[:, 0]
        if len(kept) == 0:
            break
        if len(kept) < len(rows):
            cache.batch_select_indices(kept)
            rows, mask, positions, new = rows[kept], mask[kept], positions[kept], new[kept]
        for row, token in zip(rows.tolist(), new.tolist(), strict=True):
            said[row].append(token)
        embedded = model.transformer.wte(new[:, None])
        mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        positions = positions[:, -1:] + 1
    return said


def _padded(net: tuned.Net, prompts: list[list[int]], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings and mask of prompts padded on the left, virtual tokens right before each prompt."""
    virtual = tuned.virtual(net, 1)
    wte = tuned.plain(net).transformer.wte
    rows = [wte(torch.tensor(ids)) if virtual is None else torch.cat([virtual[0], wte(torch.tensor(ids))])
            for ids in prompts]  # fmt: skip
    longest = max(map(len, rows))
    blank = wte(torch.tensor([filler]))
    embedded = torch.stack([torch.cat([blank.expand(longest - len(row), -1), row]) for row in rows])
    mask = torch.tensor([[0] * (longest - len(row)) + [1] * len(row) for row in rows])
    return embedded, mask


def _pick(logits: torch.Tensor, temperature: float) -> torch.Tensor:
    """One id a row, int64."""
    if temperature == 0:
        return logits.argmax(-1)
    return torch.multinomial(torch.softmax(logits / temperature, -1), 1)[:, 0]
