"""`generate`, and adapters in it, otherwise than the page on generation in use says."""

from __future__ import annotations

import warnings
from functools import wraps
from typing import Any

import torch
from peft.tuners.lora import Linear
from peft.utils import hotswap
from transformers import AutoModelForCausalLM, GenerationMixin, TextIteratorStreamer, TextStreamer
from transformers.generation.logits_process import TopPLogitsWarper
from transformers.models.gpt_bigcode.modeling_gpt_bigcode import GPTBigCodeForCausalLM

from mutations import breaks


def _generate(change: Any) -> None:
    """Generate as a change does, which is given the model, the call, and its arguments."""
    generate = GenerationMixin.generate

    def other(self: Any, *given: Any, **rest: Any) -> Any:
        return change(self, lambda **more: generate(self, *given, **{**rest, **more}), rest)

    GenerationMixin.generate = other


@breaks("generation", "pieces-are-the-answer")
def a_streamer_gives_the_prompt_too() -> None:
    """Whatever `skip_prompt` says."""
    begin = TextStreamer.__init__

    def other(self: Any, tokenizer: Any, skip_prompt: bool = False, **rest: Any) -> None:
        begin(self, tokenizer, False, **rest)

    TextStreamer.__init__ = other


@breaks("generation", "nobody-ends-it")
def generate_ends_its_streamer_whatever_happens() -> None:
    """Then it fails."""

    def change(self: Any, run: Any, rest: Any) -> Any:
        try:
            return run()
        except Exception:
            if rest.get("streamer") is not None:
                rest["streamer"].end()
            raise

    _generate(change)


@breaks("generation", "nobody-ends-it")
def a_streamer_waits_for_a_minute() -> None:
    """The default of `timeout`."""
    begin = TextIteratorStreamer.__init__

    def other(self: Any, tokenizer: Any, skip_prompt: bool = False, timeout: float | None = 60, **rest: Any) -> None:
        begin(self, tokenizer, skip_prompt, timeout, **rest)

    TextIteratorStreamer.__init__ = other


@breaks("generation", "stop-is-not-cut")
def what_completes_a_stop_string_is_taken_away() -> None:
    """The last token is not given."""
    _generate(lambda self, run, rest: run()[:, :-1] if rest.get("stop_strings") else run())


@breaks("generation", "top-p-is-a-share")
def top_p_leaves_two_tokens_or_more() -> None:
    """`min_tokens_to_keep` is 2."""
    begin = TopPLogitsWarper.__init__

    def other(self: Any, top_p: float, *given: Any, **rest: Any) -> None:
        begin(self, top_p, min_tokens_to_keep=2)

    TopPLogitsWarper.__init__ = other


@breaks("generation", "beams-find-more")
def beams_are_ignored() -> None:
    """As options of another decoding are."""
    _generate(lambda self, run, rest: run(num_beams=1) if rest.get("num_beams") else run())


@breaks("generation", "batch-rounds")
def models_compute_in_float32() -> None:
    """Whatever type is asked for."""
    load = AutoModelForCausalLM.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **{**rest, "dtype": "float32"})

    AutoModelForCausalLM.from_pretrained = classmethod(other)


@breaks("generation", "cache-is-on")
def the_models_configuration_switches_the_cache_off() -> None:
    """As it once did."""
    _generate(lambda self, run, rest: run() if self.config.use_cache else run(use_cache=False))


@breaks("generation", "lora-computes-more")
def lora_is_added_to_the_weight_at_each_call() -> None:
    """One multiplication by the sum, and none by A and B."""

    def forward(self: Any, x: Any, *given: Any, **rest: Any) -> Any:
        for name in () if self.disable_adapters or self.merged else self.active_adapters:
            added = self.get_delta_weight(name)
            return self.base_layer(x) + torch.nn.functional.linear(x.to(added.dtype), added).to(x.dtype)
        return self.base_layer(x)

    Linear.forward = forward


@breaks("generation", "compiles-until-lengths-vary")
def each_length_is_compiled_by_itself() -> None:
    """`dynamic` is False unless it is given."""
    compile_ = torch.compile
    torch.compile = wraps(compile_)(lambda *given, **rest: compile_(*given, **{"dynamic": False, **rest}))


@breaks("generation", "prompts-generate")
def position_ids_are_ignored_in_silence() -> None:
    """No warning comes."""
    warn = warnings.warn

    def other(message: Any, *given: Any, **rest: Any) -> None:
        if "Position ids" not in str(message):
            warn(message, *given, **rest)

    warnings.warn = other


def _peft_sees_the_cache() -> None:
    """By both of its names, as a PEFT that knows Transformers 5.24 would."""
    prepare = GPTBigCodeForCausalLM.prepare_inputs_for_generation

    @wraps(prepare)  # `generate` reads from its arguments which ones a model has
    def other(self: Any, *given: Any, **rest: Any) -> Any:
        inputs = prepare(self, *given, **rest)
        inputs["past_key_values"] = inputs.pop("cache", None)
        return inputs

    GPTBigCodeForCausalLM.prepare_inputs_for_generation = other


@breaks("generation", "prompt-before-every-token")
def the_prompt_stands_once_where_the_cache_is_seen() -> None:
    """PEFT is given the cache by the name that it looks for."""
    _peft_sees_the_cache()


@breaks("index-out-of-range", "prompt-once")
def generate_always_has_a_cache() -> None:
    """Whatever `use_cache` says; the text is cut before the positions run out."""

    def other(self: Any, run: Any, rest: Any) -> Any:
        return run(use_cache=True, max_new_tokens=10) if rest.get("use_cache") is False else run()

    _generate(other)


@breaks("generation", "swap-a-smaller")
def a_swap_takes_another_dropout() -> None:
    """Nobody looks at it."""
    hotswap.CONFIG_KEYS_TO_CHECK = {
        kind: [key for key in keys if key != "lora_dropout"] for kind, keys in hotswap.CONFIG_KEYS_TO_CHECK.items()
    }
