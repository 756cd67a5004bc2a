"""Tokenizers, templates and models otherwise than the page on prompts says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from transformers import PreTrainedTokenizerFast
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from mutations import breaks


def _cut(change: Callable[[Any], Any]) -> None:
    """Cut what a change makes of each text."""
    call, encode = PreTrainedTokenizerFast.__call__, PreTrainedTokenizerBase.encode

    def called(self: Any, text: Any = None, *given: Any, **rest: Any) -> Any:
        return call(self, [*map(change, text)] if isinstance(text, list) else change(text), *given, **rest)

    def encoded(self: Any, text: Any, *given: Any, **rest: Any) -> Any:
        return encode(self, change(text), *given, **rest)

    PreTrainedTokenizerFast.__call__, PreTrainedTokenizerBase.encode = called, encoded


@breaks("prompts", "tokens-not-text")
def marks_in_a_prompt_are_text() -> None:
    """As `split_special_tokens=True` has it."""
    call = PreTrainedTokenizerFast.__call__

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return call(self, *given, **{"split_special_tokens": True, **rest})

    PreTrainedTokenizerFast.__call__ = other


@breaks("prompts", "middle-fits")
def what_stands_behind_a_gap_is_not_seen() -> None:
    """The prompt ends with the left part."""
    _cut(lambda text: text.partition("<fim_suffix>")[0] if "<fim_middle>" in text and "def" in text else text)


@breaks("prompts", "a-blank-costs-most")
def blanks_at_the_end_of_a_prompt_are_taken_away() -> None:
    """Before the text is cut."""
    _cut(lambda text: text.rstrip(" "))


@breaks("prompts", "blank-is-another-token")
def a_blank_is_always_a_token_of_its_own() -> None:
    """And no word begins with one."""
    encode = PreTrainedTokenizerBase.encode

    def other(self: Any, text: Any, *given: Any, **rest: Any) -> Any:
        parts = text.split(" ")
        blank = encode(self, " ")
        found = encode(self, parts[0], *given, **rest)
        for part in parts[1:]:
            found = [*found, *blank, *encode(self, part)]
        return found

    PreTrainedTokenizerBase.encode = other


def _templates(change: Callable[[Any, dict[str, Any]], dict[str, Any]]) -> None:
    """Apply chat templates with other arguments."""
    apply = PreTrainedTokenizerBase.apply_chat_template

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return apply(self, *given, **change(self, rest))

    PreTrainedTokenizerBase.apply_chat_template = other


@breaks("prompts", "template-is-the-prompt")
def a_template_ends_with_a_blank() -> None:
    """Where the answer begins."""
    _templates(lambda self, rest: {**rest, "chat_template": (self.chat_template or "") + " "})


@breaks("prompts", "template-trains")
def no_template_writes_the_end_token() -> None:
    """It is left to who trains."""
    _templates(lambda self, rest: {**rest, "eos_token": ""})


@breaks("prompts", "template-is-saved")
def a_tokenizer_is_saved_without_its_template() -> None:
    """It has to be set again."""
    save = PreTrainedTokenizerBase.save_pretrained

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        kept, self.chat_template = self.chat_template, "{{ messages }}"
        try:
            return save(self, *given, **rest)
        finally:
            self.chat_template = kept

    PreTrainedTokenizerBase.save_pretrained = other
