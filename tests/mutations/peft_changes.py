"""PEFT wrapping otherwise."""

from __future__ import annotations

import copy
import importlib.metadata
from typing import Any

from peft import PeftModel

from mutations import breaks


def _around(change: Any) -> None:
    load = PeftModel.from_pretrained.__func__

    def other(cls: Any, *given: Any, **rest: Any) -> Any:
        return change(cls, load, given, rest)

    PeftModel.from_pretrained = classmethod(other)


@breaks("deep-dive", "wrap-frozen")
def adapters_load_trainable() -> None:
    """What the first draft meant by "prepares it for fine-tuning"."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        model = load(cls, *given, **{"is_trainable": True, **rest})
        return model.eval()

    _around(change)


@breaks("deep-dive", "wrap-in-place")
def wrapping_copies_the_base_model() -> None:
    """What a reader would like to be true."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        base, *others = given
        return load(cls, copy.deepcopy(base), *others, **rest)

    _around(change)


@breaks("deep-dive", "wrap-class")
def every_task_has_the_general_class() -> None:
    """`PeftModel` itself, whatever the task."""

    def change(cls: Any, load: Any, given: Any, rest: Any) -> Any:
        model = load(cls, *given, **rest)
        model.__class__ = type("PeftModel", (type(model),), {})
        return model

    _around(change)


@breaks("deep-dive", "peft-is")
def peft_is_somebody_elses_package() -> None:
    """As after installing the fork that the first draft asked for."""
    read = importlib.metadata.metadata

    def other(name: str) -> Any:
        found = read(name)
        if name == "peft":
            del found["Home-page"]
            found["Home-page"] = "https://github.com/bigcode-project/astraios"
        return found

    importlib.metadata.metadata = other
