"""Tokenizers that encode or decode otherwise."""

from __future__ import annotations

from typing import Any

import torch
from transformers import PreTrainedTokenizerFast

from mutations import breaks


@breaks("deep-dive", "decode-keeps")
def decode_skips_special_tokens_by_default() -> None:
    """What the first draft believed."""
    decode = PreTrainedTokenizerFast.decode

    def other(self: Any, ids: Any, skip_special_tokens: bool = True, **rest: Any) -> Any:
        return decode(self, ids, skip_special_tokens=skip_special_tokens, **rest)

    PreTrainedTokenizerFast.decode = other


@breaks("deep-dive", "round-trip")
def decoding_strips_white_space() -> None:
    """As tokenizers do that treat spaces as separators."""
    decode = PreTrainedTokenizerFast.decode

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        text = decode(self, *given, **rest)
        return " ".join(text.split()) if isinstance(text, str) and len(text) > 8 else text

    PreTrainedTokenizerFast.decode = other


@breaks("deep-dive", "encode-adds-nothing")
def encoding_begins_with_a_special_token() -> None:
    """As BERT's and Llama's tokenizers do."""
    encode = PreTrainedTokenizerFast.encode

    def other(self: Any, *given: Any, add_special_tokens: bool = True, **rest: Any) -> Any:
        ids = encode(self, *given, add_special_tokens=add_special_tokens, **rest)
        if not add_special_tokens:
            return ids
        if isinstance(ids, torch.Tensor):
            return torch.nn.functional.pad(ids, (1, 0), value=self.bos_token_id)
        return [self.bos_token_id, *ids]

    PreTrainedTokenizerFast.encode = other


@breaks("deep-dive", "encode-gives")
def token_ids_are_int32() -> None:
    """As NumPy's default was on some systems."""
    encode = PreTrainedTokenizerFast.encode

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        ids = encode(self, *given, **rest)
        return ids.int() if hasattr(ids, "int") else ids

    PreTrainedTokenizerFast.encode = other


@breaks("corrections", "one-row")
def several_rows_decode_to_one_string() -> None:
    """As if a batch were one long text; what transformers 4 raised an error for."""
    decode = PreTrainedTokenizerFast.decode

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        text = decode(self, *given, **rest)
        return "".join(text) if isinstance(text, list) else text

    PreTrainedTokenizerFast.decode = other


@breaks("corrections", "padding")
def padding_uses_the_last_token_where_none_is_named() -> None:
    """As some tokenizers of other libraries do."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, padding: Any = False, **rest: Any) -> Any:
        if padding and self.pad_token is None:
            self.pad_token = self.eos_token
        return call(self, *given, padding=padding, **rest)

    PreTrainedTokenizerFast.__call__ = other
