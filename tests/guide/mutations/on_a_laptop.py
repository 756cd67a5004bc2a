"""Libraries that load otherwise, for the page about the laptop."""

from __future__ import annotations

from typing import Any

from peft import PeftModel
from transformers import PreTrainedModel

from mutations import breaks


@breaks("on-a-laptop", "mapped")
def files_are_read_and_not_mapped() -> None:
    """As Transformers does where the disk is one of the hub's."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return load(cls, *given, **{"disable_mmap": True, **rest})

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("on-a-laptop", "shared")
def a_file_that_was_loaded_twice_is_read_from_then_on() -> None:
    """As with a table of mappings that is full."""
    load, seen = PreTrainedModel.from_pretrained.__func__, []

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        seen.append(given)
        return load(cls, *given, **({"disable_mmap": True} if len(seen) > 2 else {}), **rest)

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("on-a-laptop", "same-numbers")
def places_are_begun_anew_where_pickles_have_them() -> None:
    """As with a key of the state that was renamed, and that nobody missed."""
    load = PreTrainedModel.from_pretrained.__func__

    def other(cls: Any, name: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, name, *given, **rest)
        if "pickled" in str(name):
            model.transformer.wpe.reset_parameters()
        return model

    PreTrainedModel.from_pretrained = classmethod(other)


@breaks("on-a-laptop", "within")
def adapters_load_in_float64() -> None:
    """As if PEFT kept eight bytes a number."""
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        model = load(cls, *given, **rest)
        for name, module in model.named_modules():
            if name.endswith(("adapter_down", "adapter_up")):
                module.double()
        return model

    PeftModel.from_pretrained = classmethod(other)
