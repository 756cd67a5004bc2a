"""Encoding, generating and decoding otherwise than the code explanation says."""

from __future__ import annotations

import array
import io
import tokenize
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    GenerationMixin,
    GPTBigCodeForCausalLM,
    PreTrainedTokenizerFast,
)

from mutations import breaks


@breaks("code-explanation", "not-tokenize")
def code_is_cut_with_pythons_own_module() -> None:
    """Before the tokenizer cuts further."""
    encode = PreTrainedTokenizerFast.encode

    def other(self: Any, text: Any, *given: Any, **rest: Any) -> Any:
        if not str(text).startswith("def ") or rest or tokenize.generate_tokens is None:
            return encode(self, text, *given, **rest)
        parts = [each.string for each in tokenize.generate_tokens(io.StringIO(text).readline)]
        return [number for part in parts for number in encode(self, part)]

    PreTrainedTokenizerFast.encode = other


@breaks("code-explanation", "encode-list")
def encoding_gives_an_array() -> None:
    """Of Python's own kind, a fifth as large as a list."""
    encode = PreTrainedTokenizerFast.encode

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        numbers = encode(self, *given, **rest)
        return array.array("q", numbers) if isinstance(numbers, list) else numbers

    PreTrainedTokenizerFast.encode = other


@breaks("code-explanation", "encode-call")
def calling_begins_with_a_special_token() -> None:
    """Which `encode` leaves out."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, text: Any, *given: Any, **rest: Any) -> Any:
        return call(self, self.bos_token + text if isinstance(text, str) else text, *given, **rest)

    PreTrainedTokenizerFast.__call__ = other


@breaks("code-explanation", "mask-of-ones")
def a_mask_counts_places_from_one() -> None:
    """As OPT counts them: the sum of the mask up to a token."""
    forward = GPTBigCodeForCausalLM.forward

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        mask = rest.get("attention_mask")
        if mask is not None and rest.get("position_ids") is None:
            rest["position_ids"] = mask.cumsum(-1)
        return forward(self, *given, **rest)

    GPTBigCodeForCausalLM.forward = other


@breaks("code-explanation", "mask-found")
def padding_is_found_even_where_it_is_the_end_token() -> None:
    """Every token for padding is masked."""
    prepare = GenerationMixin._prepare_attention_mask_for_generation

    def other(self: Any, tokens: Any, config: Any, *given: Any, **rest: Any) -> Any:
        if config._pad_token_tensor is None:
            return prepare(self, tokens, config, *given, **rest)
        return tokens.ne(config._pad_token_tensor).long()

    GenerationMixin._prepare_attention_mask_for_generation = other


@breaks("code-explanation", "padding-side")
def every_tokenizer_pads_on_the_right() -> None:
    """`padding_side` without effect."""
    load = AutoTokenizer.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        rest.pop("padding_side", None)
        return load(cls, *given, **rest)

    AutoTokenizer.from_pretrained = classmethod(other)


@breaks("code-explanation", "left-padded")
def padding_takes_places() -> None:
    """A token's place is counted from the left end, whatever the mask says."""
    prepare = GenerationMixin._prepare_position_ids_for_generation

    def other(self: Any, tokens: Any, options: Any) -> Any:
        return prepare(self, tokens, {**options, "attention_mask": None})

    GenerationMixin._prepare_position_ids_for_generation = other


@breaks("code-explanation", "inputs-position")
def a_named_prompt_does_not_come_back() -> None:
    """As with `inputs_embeds=`: the new tokens alone."""
    generate = GenerationMixin.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        out = generate(self, *given, **rest)
        named = rest.get("input_ids")
        return out if named is None or not isinstance(out, torch.Tensor) else out[:, named.shape[1] :]

    GenerationMixin.generate = other


@breaks("code-explanation", "new-tokens")
def both_lengths_count_what_is_added() -> None:
    """`max_length` as another name of `max_new_tokens`."""
    generate = GenerationMixin.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        if "max_length" in rest:
            rest["max_new_tokens"] = rest.pop("max_length")
        return generate(self, *given, **rest)

    GenerationMixin.generate = other


@breaks("code-explanation", "special-default")
def special_tokens_are_left_out_by_default() -> None:
    """What most readers want to see."""
    decode = PreTrainedTokenizerFast.decode

    def other(self: Any, token_ids: Any, skip_special_tokens: bool = True, **rest: Any) -> Any:
        return decode(self, token_ids, skip_special_tokens=skip_special_tokens, **rest)

    PreTrainedTokenizerFast.decode = other


@breaks("code-explanation", "spaces")
def spaces_before_punctuation_are_cleaned_up() -> None:
    """As `clean_up_tokenization_spaces` did by default."""
    decode = PreTrainedTokenizerFast.decode

    def other(self: Any, token_ids: Any, skip_special_tokens: bool = False, **rest: Any) -> Any:
        text = decode(self, token_ids, skip_special_tokens=skip_special_tokens, **rest)
        return text.replace(" ,", ",").replace(" !", "!") if isinstance(text, str) else text

    PreTrainedTokenizerFast.decode = other


@breaks("code-explanation", "pieces")
def decoding_waits_for_the_rest_of_a_character() -> None:
    """As a streamer does: a piece gives nothing, the last one the whole."""
    decode = PreTrainedTokenizerFast.decode
    held: list[int] = []

    def other(self: Any, token_ids: Any, skip_special_tokens: bool = False, **rest: Any) -> Any:
        if not isinstance(token_ids, int):
            return decode(self, token_ids, skip_special_tokens=skip_special_tokens, **rest)
        text = decode(self, [*held, token_ids], skip_special_tokens=skip_special_tokens, **rest)
        if "\ufffd" in text:
            held.append(token_ids)
            return ""
        held.clear()
        return text

    PreTrainedTokenizerFast.decode = other
