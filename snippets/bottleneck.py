"""AdapterH, AdapterP and Parallel, the bottleneck adapters of Astraios, for stock PEFT.

`import bottleneck` is enough. PEFT then loads, trains and saves adapters of type BOTTLENECK,
in the format of `bigcode/astraios-7b-parallel`. Nothing in PEFT is replaced.

An adapter is a narrow network, delta(x) = scaling * up(act(down(dropout(x)))), at one linear
layer of the frozen base. Where it stands tells the methods apart:

    method     flag                   target       place    y = layer(x) becomes
    AdapterH   none                   c_fc         before   layer(x + delta(x))
                                      mlp.c_proj   after    y + delta(y)
    AdapterP   use_adapterp           mlp.c_proj   after    y + delta(y)
    Parallel   use_parallel_adapter   c_attn       beside   y + delta(x)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import torch
from peft import PEFT_TYPE_TO_CONFIG_MAPPING, PEFT_TYPE_TO_TUNER_MAPPING, PeftConfig
from peft.mapping import PEFT_TYPE_TO_PREFIX_MAPPING
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from peft.utils.other import AuxiliaryTrainingWrapper
from torch import nn
from transformers.activations import ACT2FN
from transformers.pytorch_utils import Conv1D

__all__ = ["BottleneckConfig", "BottleneckModel"]

Rows = dict[str, torch.Tensor | None]  # an adapter's rows in the batch; None means all


class BottleneckType(str, Enum):  # noqa: UP042
    """PEFT's own enum takes no new member; one that hashes like its name does the same.

    It is no StrEnum: PEFT's status takes what follows the dot of its text, and a StrEnum's
    text has none.
    """

    BOTTLENECK = "BOTTLENECK"


@dataclass
class BottleneckConfig(PeftConfig):
    """The settings of a published `adapter_config.json`; the defaults are Astraios' values.
    `target_modules` must be given. The two flags say which method it is; AdapterH has none.

    init_weights "bert" draws both matrices from N(0, 0.02), so a fresh adapter changes the
    model; "mam_adapter" zeroes `up`, so it does not. Raises ValueError on a bad value.
    """

    bottleneck_size: int = 256
    non_linearity: str = "tanh"
    adapter_dropout: float = 0.0
    scaling: float = 1.0
    init_weights: str = "bert"
    bias: str = "none"
    use_parallel_adapter: bool = False
    use_adapterp: bool = False
    target_modules: list[str] | str | None = None
    modules_to_save: list[str] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = BottleneckType.BOTTLENECK
        inits = ("bert", "mam_adapter")
        choices = {"non_linearity": ACT2FN, "init_weights": inits, "bias": ("none",)}
        for name, known in choices.items():
            if (value := getattr(self, name)) not in known:
                raise ValueError(
                    f"{name}={value!r} is not one of: {', '.join(sorted(known))}"
                )
        if not isinstance(self.bottleneck_size, int) or self.bottleneck_size < 1:
            raise ValueError(
                f"bottleneck_size={self.bottleneck_size!r} is not an integer above 0"
            )
        if not isinstance(self.scaling, int | float):
            raise ValueError(f"scaling={self.scaling!r} is not a number")
        if self.use_parallel_adapter and self.use_adapterp:
            raise ValueError(
                "use_parallel_adapter and use_adapterp name two methods: set one"
            )


def place_at(layer: nn.Module, config: BottleneckConfig) -> tuple[str, int, int]:
    """Where at `layer` the adapter stands, and the widths of what it reads and gives.

    AdapterH's work at the narrow side of their layers, which is as wide as the model.
    """
    if isinstance(layer, Conv1D):  # keeps its weight the other way round
        fan_in, fan_out = layer.weight.shape
    else:
        fan_in, fan_out = layer.in_features, layer.out_features
    if config.use_parallel_adapter:
        return "beside", fan_in, fan_out
    if config.use_adapterp or fan_out <= fan_in:
        return "after", fan_out, fan_out
    return "before", fan_in, fan_in


class BottleneckLinear(nn.Module, BaseTunerLayer):
    """A linear layer of the base, and the adapters that stand at it, each under its name."""

    # What is trained and saved: these names are part of the keys in a checkpoint.
    adapter_layer_names = ("adapter_down", "adapter_up")
    other_param_names = ("adapter_act", "adapter_dropout", "scaling", "placement")

    def __init__(
        self, base_layer: nn.Module, name: str, config: BottleneckConfig
    ) -> None:
        super().__init__()
        self.base_layer = base_layer
        self.adapter_down, self.adapter_up = nn.ModuleDict(), nn.ModuleDict()
        self.adapter_act, self.adapter_dropout = nn.ModuleDict(), nn.ModuleDict()
        self.scaling: dict[str, float] = {}
        self.placement: dict[str, str] = {}
        self.update_layer(name, config)

    def update_layer(self, name: str, config: BottleneckConfig) -> None:
        """Add an adapter, new and not trained."""
        place, width_in, width_out = place_at(self.get_base_layer(), config)
        down = nn.Linear(width_in, config.bottleneck_size, bias=False)
        up = nn.Linear(config.bottleneck_size, width_out, bias=False)
        if config.init_weights == "bert":
            nn.init.normal_(down.weight, std=0.02)
            nn.init.normal_(up.weight, std=0.02)
        else:
            nn.init.zeros_(up.weight)
        self.adapter_down[name], self.adapter_up[name] = down, up
        self.adapter_act[name] = ACT2FN[config.non_linearity]
        self.adapter_dropout[name] = nn.Dropout(config.adapter_dropout)
        self.scaling[name], self.placement[name] = config.scaling, place
        # To the base layer's device; BaseTuner then says what is trainable.
        self._move_adapter_to_device_of_base_layer(name)

    def forward(
        self,
        x: torch.Tensor,
        *args: Any,
        adapter_names: Sequence[str] | None = None,
        **kwargs: Any,
    ) -> torch.Tensor:
        """(batch, ..., fan in) -> (batch, ..., fan out); `adapter_names` has one for each row.

        Active adapters that share a place add up: each sees the same input.
        """
        if self.disable_adapters:
            return self.base_layer(x, *args, **kwargs)
        rows = self._rows(x, adapter_names)
        y = self.base_layer(self._add("before", x, x, rows), *args, **kwargs)
        return self._add("beside", self._add("after", y, y, rows), x, rows)

    def _rows(self, x: torch.Tensor, adapter_names: Sequence[str] | None) -> Rows:
        """Which rows each adapter gets: all for an active one, or those with its name."""
        if adapter_names is None:
            return dict.fromkeys(self.active_adapters)
        if len(adapter_names) != len(x):
            raise ValueError(f"{len(adapter_names)} adapter_names for {len(x)} rows")
        which: dict[str, list[int]] = {name: [] for name in adapter_names}
        for row, name in enumerate(adapter_names):
            which[name].append(row)
        return {name: torch.tensor(i, device=x.device) for name, i in which.items()}

    def _add(
        self, place: str, y: torch.Tensor, x: torch.Tensor, rows: Rows
    ) -> torch.Tensor:
        """y plus delta(x) of each adapter at `place`, in its rows; "__base__" is at none."""
        for name, index in rows.items():
            if self.placement.get(name) == place:
                delta = self._delta(name, x if index is None else x[index]).to(y.dtype)
                y = y + delta if index is None else y.index_add(0, index, delta)
        return y

    def _delta(self, name: str, x: torch.Tensor) -> torch.Tensor:
        """delta(x), in the adapter's dtype: PEFT keeps it in float32 at a bfloat16 base."""
        down, up = self.adapter_down[name], self.adapter_up[name]
        x = self.adapter_dropout[name](self._cast_input_dtype(x, down.weight.dtype))
        return self.scaling[name] * up(self.adapter_act[name](down(x)))


class BottleneckModel(BaseTuner):
    """A model whose target layers are replaced, in place, by `BottleneckLinear`."""

    # PEFT warns of adapter names that are part of the prefix: "a", "adapter", …
    prefix = "adapter_"
    tuner_layer_cls = BottleneckLinear
    # No defaults: a config names its targets.
    target_module_mapping: ClassVar[dict] = {}

    def _create_and_replace(
        self,
        peft_config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
    ) -> None:
        if isinstance(target, self.tuner_layer_cls):
            target.update_layer(adapter_name, peft_config)
        elif isinstance(target, nn.Linear | Conv1D):
            layer = self.tuner_layer_cls(target, adapter_name, peft_config)
            self._replace_module(parent, target_name, layer, target)
        else:
            kind = type(target).__name__
            raise TypeError(
                f"{current_key}: an adapter needs nn.Linear or Conv1D, not {kind}"
            )

    def _check_merge_allowed(self) -> None:
        raise ValueError(
            "A bottleneck adapter cannot be merged: its activation is not linear, so no "
            "weight of the base layer has its effect. Keep the adapter, or drop it with "
            "unload()."
        )

    @contextmanager
    def _enable_peft_forward_hooks(
        self, *args: Any, adapter_names: Sequence[str] | None = None, **kwargs: Any
    ) -> Iterator[None]:
        """Hand `adapter_names` to the layers: without this method PEFT drops it silently."""
        if adapter_names is None:
            yield
            return
        if self.training:
            raise ValueError("adapter_names is for inference: call eval() first")
        if unknown := {*adapter_names} - {"__base__", *self.peft_config}:
            raise ValueError(
                f"adapter_names has unknown adapters: {', '.join(sorted(unknown))}"
            )
        beams = kwargs.get("num_beams") or 1
        names = [name for name in adapter_names for _ in range(beams)]

        def add(module: nn.Module, inputs: tuple, options: dict) -> tuple[tuple, dict]:
            return inputs, {**options, "adapter_names": names}

        kinds = (self.tuner_layer_cls, AuxiliaryTrainingWrapper)
        layers = [module for module in self.modules() if isinstance(module, kinds)]
        hooks = [
            layer.register_forward_pre_hook(add, with_kwargs=True) for layer in layers
        ]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def register() -> None:
    """Enter the method into PEFT's registries; an entry that is there stays."""
    name = BottleneckType.BOTTLENECK
    PEFT_TYPE_TO_CONFIG_MAPPING.setdefault(name, BottleneckConfig)
    PEFT_TYPE_TO_TUNER_MAPPING.setdefault(name, BottleneckModel)
    PEFT_TYPE_TO_PREFIX_MAPPING.setdefault(name, BottleneckModel.prefix)


register()
