"""Hears, below `from_pretrained`, what the libraries are asked for.

The public functions stay as a reader has them: their code, their signatures, their
sources. What they call is told first. A library update that moves one of these inner
functions fails the tests of `loading`.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import huggingface_hub
import peft.config
import peft.utils.save_and_load
import transformers.dynamic_module_utils
import transformers.modeling_utils
import transformers.utils.hub
from transformers.modeling_utils import PreTrainedModel

LIBRARIES = ("transformers", "peft", "huggingface_hub")
Tell = Callable[[Any], object]


def listen(asked: Tell, trusts: Tell, filled: Tell) -> None:
    """Tell `asked` each name, `trusts` each trust_remote_code, `filled` each model.

    Every loading function of transformers first resolves a revision; peft has no such
    place, so it has several. `filled` hears of a model when it has its weights.
    """
    code = transformers.dynamic_module_utils
    for function, tell in (
        (transformers.utils.hub.resolve_revision, asked),
        (transformers.utils.hub.cached_files, asked),
        (transformers.modeling_utils._get_resolved_checkpoint_files, asked),
        (peft.utils.save_and_load.load_peft_weights, asked),
        (huggingface_hub.hf_hub_download, asked),
        (huggingface_hub.snapshot_download, asked),
        (code.resolve_trust_remote_code, trusts),
        (code.get_class_from_dynamic_module, trusts),
    ):
        _replace(function, _told(function, tell))
    config = peft.config.PeftConfigMixin
    for name in ("_get_peft_type", "from_json_file"):
        inner = getattr(config, name).__func__
        setattr(config, name, classmethod(_told(inner, asked, at=1)))
    load = _told(PreTrainedModel._load_pretrained_model, filled, after=True)
    PreTrainedModel._load_pretrained_model = staticmethod(load)


def _told(
    function: Callable[..., Any], tell: Tell, at: int = 0, *, after: bool = False
) -> Callable[..., Any]:
    """The function, with `tell` told its parameter number `at` before or after it.

    Where a call names a subfolder of a folder, that is told too.
    """
    name = list(inspect.signature(function).parameters)[at]

    @functools.wraps(function)
    def told(*arguments: Any, **options: Any) -> Any:
        subject = arguments[at] if len(arguments) > at else options.get(name)
        if not after:
            tell(subject)
            more = options.get("download_kwargs") or {}
            below = options.get("subfolder") or more.get("subfolder")
            if subject and below and Path(subject, below).is_dir():
                tell(Path(subject, below))
        result = function(*arguments, **options)
        if after:
            tell(subject)
        return result

    return told


def _replace(old: Callable[..., Any], new: Callable[..., Any]) -> None:
    """Put `new` wherever the libraries hold `old` under a name of their own."""
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] in LIBRARIES:
            for key, value in list(vars(module).items()):
                if value is old:
                    setattr(module, key, new)
