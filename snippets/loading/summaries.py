"""Says in a few lines what a value is, where its own repr says too much or little."""

from __future__ import annotations

from collections.abc import Mapping

import numpy
import torch
from peft import PeftModel
from transformers import BatchEncoding, PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import ModelOutput

SMALL = 64  # elements; a tensor with more is described, not printed
SPECIAL = {
    "bos": "begin of text",
    "eos": "end of text",
    "pad": "padding",
    "unk": "unknown",
}


def summarise(value: object) -> str | None:
    """The text that stands for a value; None leaves it to the value's repr."""
    match value:
        case torch.Tensor():
            return _tensor(value)
        case PeftModel():
            return _adapted(value)
        case PreTrainedModel():
            return _model(value)
        case PreTrainedTokenizerBase():
            return _tokenizer(value)
        case BatchEncoding() | ModelOutput():
            return _fields(value)
        case dict() if value and all(map(torch.is_tensor, value.values())):
            return _fields(value)
    return None


def _head(tensor: torch.Tensor) -> str:
    kind = str(tensor.dtype).removeprefix("torch.")
    return f"{kind}, shape {tuple(tensor.shape)}, on {tensor.device}"


def _tensor(tensor: torch.Tensor) -> str | None:
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return None
    head = f"tensor of {_head(tensor)}"
    if tensor.is_meta:
        return f"{head}, no values"
    values = tensor.detach().cpu().resolve_conj().resolve_neg()
    array = (values.float() if values.is_floating_point() else values).numpy()
    if array.size <= SMALL:
        return f"{head}\n{_printed(array)}"
    if array.dtype.kind not in "iuf":
        return head
    said = f"{head}\nfrom {array.min():.4g} to {array.max():.4g}"
    if array.dtype.kind == "f":
        said += f", mean {array.mean(dtype=float):.3g}"
    return said


def _printed(array: numpy.ndarray) -> str:
    form = {"precision": 4, "suppress_small": True, "separator": ", "}
    return numpy.array2string(array, max_line_width=80, **form)


def _fields(batch: Mapping[str, object]) -> str:
    wide = max(map(len, batch), default=0)
    lines = [f"  {name:<{wide}}  {_field(value)}" for name, value in batch.items()]
    return "\n".join([f"{type(batch).__name__} with", *lines])


def _field(value: object) -> str:
    match value:
        case torch.Tensor() if value.numel() == 1 and not value.is_meta:
            return f"{_head(value)}: {value.item():.4g}"
        case torch.Tensor():
            return _head(value)
        case [list() | tuple() | torch.Tensor(), *_]:
            return f"{type(value).__name__} of {len(value)}"
        case list() if len(value) > 8:
            return f"list of {len(value)}: [{', '.join(map(repr, value[:8]))}, …]"
        case list() | tuple() | str() | int() | float() | None:
            return repr(value)
    return type(value).__name__


def _model(model: PreTrainedModel) -> str:
    size = f"{model.num_parameters():,} parameters"
    dtype = str(model.dtype).removeprefix("torch.")
    return f"{type(model).__name__}: {size}, {dtype}, on {model.device}"


def _adapted(model: PeftModel) -> str:
    kinds = f"{type(model).__name__} around {type(model.get_base_model()).__name__}"
    trainable, total = model.get_nb_trainable_parameters()
    lines = [f"{kinds}: {total:,} parameters, {trainable:,} trainable"]
    for name, config in model.peft_config.items():
        kind = getattr(config.peft_type, "value", config.peft_type)
        active = ", active" if name in model.active_adapters else ""
        lines.append(f"  adapter {name}: {kind}{active}")
    return "\n".join(lines)


def _tokenizer(tokenizer: PreTrainedTokenizerBase) -> str:
    special = f"{len(tokenizer.all_special_ids)} of them special"
    lines = [f"{type(tokenizer).__name__}: {len(tokenizer):,} tokens, {special}"]
    for kind, meaning in SPECIAL.items():
        token = getattr(tokenizer, f"{kind}_token")
        number = getattr(tokenizer, f"{kind}_token_id")
        said = "none" if token is None else f"{token} ({number})"
        lines.append(f"  {meaning:<13}  {said}")
    return "\n".join(lines)
