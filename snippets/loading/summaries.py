"""Says in a few lines what a value is, where its own repr says too much or little; and in one line, for a trace.

Nothing here changes what it looks at: no gradient is recorded, no random number drawn, no large tensor copied
for a trace.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy
import torch
from peft import PeftConfig, PeftModel
from transformers import BatchEncoding, Cache, GenerationConfig, PreTrainedConfig
from transformers import PreTrainedModel, PreTrainedTokenizerBase
from transformers.utils import ModelOutput

SMALL = 64  # elements; a tensor with more is described, not printed
FEW = 8  # elements of a tensor, or of a list, that one line shows
LARGE = 1 << 24  # elements; a trace does not look through a tensor with more
SIZES = {
    "num_hidden_layers": "layers",
    "hidden_size": "wide",
    "num_attention_heads": "heads",
    "vocab_size": "tokens",
    "max_position_embeddings": "positions",
}
UNSAID = frozenset(
    {"transformers_version", "_name_or_path", "auto_mapping", "peft_version"}
)
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
        case PreTrainedConfig() | GenerationConfig() | PeftConfig():
            return _config(value)
        case dict() if value and all(map(torch.is_tensor, value.values())):
            return _fields(value)
    return None


@torch.no_grad()
def brief(value: object) -> str | None:
    """One line for a trace, which says type, shape, number type and device itself; None leaves it to the repr."""
    match value:
        case torch.Tensor():
            return _values(value)
        case PeftModel():
            adapters = ", ".join(_adapter(value, name) for name in value.peft_config)
            return f"around {type(value.get_base_model()).__name__}; {adapters}; {_weights(value)}"
        case torch.nn.Module():
            return _weights(value)
        case PreTrainedTokenizerBase():
            return _vocabulary(value)
        case BatchEncoding() | ModelOutput():
            return _names(value)
        case PreTrainedConfig():
            return _architecture(value)
        case GenerationConfig() | PeftConfig():
            return (
                ", ".join(f"{name}={said}" for name, said in _settings(value).items())
                or "as by default"
            )
        case Cache():
            return _cache(value)
        case dict() if value and all(map(torch.is_tensor, value.values())):
            return _names(value)
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
            return f"{_head(value)}: {_rounded(value.item())}"
        case torch.Tensor():
            return _head(value)
        case Cache():
            return f"{type(value).__name__} with {_cache(value)}"
        case [torch.Tensor() as first, *_] if all(map(torch.is_tensor, value)):
            same = all(each.shape == first.shape for each in value)
            return f"{type(value).__name__} of {len(value)}{f', each {_head(first)}' if same else ''}"
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
    return "\n".join(
        [*lines, *(f"  {_adapter(model, name)}" for name in model.peft_config)]
    )


def _adapter(model: PeftModel, name: str) -> str:
    kind = model.peft_config[name].peft_type
    active = ", active" if name in model.active_adapters else ""
    return f"adapter {name}: {getattr(kind, 'value', kind)}{active}"


def _weights(module: torch.nn.Module) -> str:
    """How many numbers it holds, how many of them learn, and its mode."""
    sizes = [(each.numel(), each.requires_grad) for each in module.parameters()]
    trainable = sum(size for size, learns in sizes if learns)
    mode = "training" if module.training else "eval"
    return f"{sum(size for size, _ in sizes):,} parameters, {trainable:,} trainable, {mode} mode"


def _values(tensor: torch.Tensor) -> str | None:
    """The first values of a tensor, or what it ranges over; and whether gradients are kept for it."""
    if tensor.layout is not torch.strided or tensor.is_quantized:
        return f"layout {str(tensor.layout).removeprefix('torch.')}"
    if tensor.is_meta:
        return "no values"
    learns = ", requires grad" if tensor.requires_grad else ""
    values, count = tensor.detach(), tensor.numel()
    if count <= FEW:
        return f"{_rounded(values.tolist())}{learns}"
    if count > LARGE or values.is_complex():
        return f"{count:,} values{learns}"
    if values.dtype == torch.bool:
        return f"{int(values.count_nonzero()):,} of {count:,} true"
    if not values.is_floating_point():
        first = values[(0,) * (values.dim() - 1)][:FEW].tolist()
        return f"begins {', '.join(map(str, first))}"
    low, high = values.aminmax()
    return f"from {low.item():.4g} to {high.item():.4g}{learns}"


def _rounded(values: object) -> str:
    if isinstance(values, list):
        return f"[{', '.join(map(_rounded, values))}]"
    return f"{values:.4g}" if isinstance(values, float) else str(values)


def _names(batch: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {_size(value)}".rstrip() for name, value in batch.items())


def _size(value: object) -> str:
    match value:
        case torch.Tensor() if value.numel() == 1 and not value.is_meta:
            return _rounded(value.item())
        case torch.Tensor():
            return str(tuple(value.shape))
        case list() | tuple():
            return f"[{len(value)}]"
    return ""


def _cache(cache: Cache) -> str:
    return f"{cache.get_seq_length():,} positions in {len(cache):,} layers"


def _config(config: PreTrainedConfig | GenerationConfig | PeftConfig) -> str:
    settings = _settings(config)
    wide = max(map(len, settings), default=0)
    lines = [f"  {name:<{wide}}  {said}" for name, said in settings.items()]
    return "\n".join(
        [
            f"{type(config).__name__}{', not by default:' if lines else ', all by default'}",
            *lines,
        ]
    )


def _settings(
    config: PreTrainedConfig | GenerationConfig | PeftConfig,
) -> dict[str, str]:
    """What the config says that its class does not say by itself, in the order of the names."""
    if isinstance(config, PeftConfig):
        now = {
            each.name: getattr(config, each.name) for each in dataclasses.fields(config)
        }
        plain = {each.name: _default(each) for each in dataclasses.fields(config)}
    else:
        now, plain = config.to_dict(), type(config)().to_dict()
    differ = [
        name for name in sorted(now) if name not in plain or now[name] != plain[name]
    ]
    return {name: _setting(now[name]) for name in differ if name not in UNSAID}


def _architecture(config: PreTrainedConfig) -> str:
    """The sizes that every kind of language model has, under the names that Transformers gives them all."""
    named = {each: getattr(config, each, None) for each in SIZES}
    sizes = [
        f"{size:,} {SIZES[each]}"
        for each, size in named.items()
        if isinstance(size, int)
    ]
    return f"{config.model_type}: {', '.join(sizes)}" if sizes else config.model_type


def _default(field: dataclasses.Field) -> object:
    return (
        field.default
        if field.default_factory is dataclasses.MISSING
        else field.default_factory()
    )


def _setting(value: object) -> str:
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(repr, value)))}}}"
    return repr(getattr(value, "value", value))


def _tokenizer(tokenizer: PreTrainedTokenizerBase) -> str:
    lines = [f"{type(tokenizer).__name__}: {_vocabulary(tokenizer)}"]
    for kind, meaning in SPECIAL.items():
        token = getattr(tokenizer, f"{kind}_token")
        number = getattr(tokenizer, f"{kind}_token_id")
        said = "none" if token is None else f"{token} ({number})"
        lines.append(f"  {meaning:<13}  {said}")
    return "\n".join(lines)


def _vocabulary(tokenizer: PreTrainedTokenizerBase) -> str:
    return (
        f"{len(tokenizer):,} tokens, {len(tokenizer.all_special_ids)} of them special"
    )
