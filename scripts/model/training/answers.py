"""Prompts from questions, training rows from pairs, and a model's answers."""

import itertools
import random
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import torch
from peft import PeftModel
from transformers import PreTrainedTokenizerBase

from exercises import Pair

IGNORED = -100  # the label that transformers' and torch's losses skip
DEMO = "Please write a function in Python that performs bubble sort."


def prompt(question: str) -> str:
    """The prompt of the guide and of Astraios, to the last character."""
    return f"Question: {question}\n\nAnswer:"


def encode_pair(tokenizer: PreTrainedTokenizerBase, question: str, answer: str) -> tuple[list[int], list[int]]:
    """Ids and labels of one pair, of equal length; the prompt's labels are `IGNORED`.

    The answer starts on a new line, because code at the start of a line is what the base knows.
    Prompt and answer are encoded separately, because the prompt is alone when the model is asked.
    """
    asked = tokenizer(prompt(question)).input_ids
    answered = [*tokenizer("\n" + answer).input_ids, tokenizer.eos_token_id]
    return asked + answered, [IGNORED] * len(asked) + answered


def batches(pairs: Iterator[Pair], size: int, pool: int = 32) -> Iterator[list[Pair]]:
    """Batches of `size` pairs of like length, so that little is padded; `pool` batches are sorted at a time."""
    for number in itertools.count():
        drawn = sorted(islice(pairs, size * pool), key=lambda p: len(p.question) + len(p.answer))
        for place in random.Random(number).sample(range(pool), pool):
            yield drawn[place * size : (place + 1) * size]


def pad(rows: Sequence[tuple[list[int], list[int]]], filler: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pad rows on the right: ids and labels, int64, each of shape (rows, longest)."""
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([i + [filler] * (longest - len(i)) for i, _ in rows])
    labels = torch.tensor([j + [IGNORED] * (longest - len(j)) for _, j in rows])
    return ids, labels


@torch.no_grad()
def answer(
    model: Any, tokenizer: PreTrainedTokenizerBase, questions: Sequence[str], tokens: int = 200, batch: int = 32
) -> list[str]:
    """Greedy answers, without special tokens. Batches are padded on the left; a batch of 1 pads nothing."""
    model.eval()
    # PEFT 0.21.2 looks for the cache by the name that it had before transformers 5.24. It finds none, and puts the
    # prompt of a prompt method before every token.
    prompted = isinstance(model, PeftModel) and model.active_peft_config.is_prompt_learning
    answers: list[str] = []
    for first in range(0, len(questions), batch):
        rows = [tokenizer(prompt(q)).input_ids for q in questions[first : first + batch]]
        longest = max(map(len, rows))
        ids = torch.tensor([[tokenizer.eos_token_id] * (longest - len(r)) + r for r in rows])
        mask = torch.tensor([[0] * (longest - len(r)) + [1] * len(r) for r in rows])
        out = model.generate(
            input_ids=ids,
            attention_mask=mask,
            max_new_tokens=tokens,
            do_sample=False,
            pad_token_id=tokenizer.eos_token_id,
            use_cache=not prompted,
        )
        answers += [tokenizer.decode(row[longest:], skip_special_tokens=True) for row in out]
    return answers


def sample(pairs: Sequence[Pair], count: int, seed: int) -> list[Pair]:
    """`count` of `pairs`, the same for the same seed; all of them if there are fewer."""
    return random.Random(seed).sample(list(pairs), min(count, len(pairs)))
