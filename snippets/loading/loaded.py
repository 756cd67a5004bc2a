"""What a page has loaded, and how its record states it."""

from __future__ import annotations

import gc
import json
import math
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from loading.catalogue import Model
from transformers import PreTrainedModel

GB = 1e9


@dataclass(frozen=True)
class Network:
    """A model in memory: its class, the name it was loaded by, what its weights are."""

    kind: str
    name: str
    dtype: str
    device: str
    bytes: int

    def __str__(self) -> str:
        size = f"{self.bytes / GB:.2f} GB on {self.device}"
        return f"{self.kind} ({self.name}, {self.dtype}, {size})"


def network(model: PreTrainedModel, name: str) -> Network:
    """The model as it is now; weights that two layers share count once."""
    tensors = [*model.parameters(), *model.buffers()]
    return Network(
        kind=type(model).__name__,
        name=name,
        dtype=str(model.dtype).removeprefix("torch."),
        device=str(model.device),
        bytes=sum(each.numel() * each.element_size() for each in tensors),
    )


@dataclass
class Loaded:
    """The folders that were resolved, and the networks that were filled from them."""

    folders: dict[Path, Model] = field(default_factory=dict)
    networks: list[tuple[weakref.ref[PreTrainedModel], Network]] = field(
        default_factory=list
    )

    def add(self, model: PreTrainedModel) -> None:
        """A network got its weights."""
        name = self._name(str(model.name_or_path))
        self.networks.append((weakref.ref(model), network(model, name)))

    def _name(self, name: str) -> str:
        """A path as the catalogue has it: what is stated must not name a machine."""
        path = Path(name)
        if not path.exists():
            return name  # a hub id
        owner = self.folders.get(path.resolve())
        return owner.name if owner else path.name

    def now(self) -> list[Network]:
        """Each network as it is now, or as it was when loaded where it is gone."""
        gc.collect()  # what is gone must not depend on when Python last looked
        return [
            was if (model := reference()) is None else network(model, was.name)
            for reference, was in self.networks
        ]

    def resident(self) -> list[Network]:
        """The networks still in memory."""
        alive = [(reference(), was.name) for reference, was in self.networks]
        return [network(model, name) for model, name in alive if model is not None]

    def labels(self, roots: Mapping[Model, Path]) -> list[str]:
        """A phrase for each model: what it stands for, its size, adapters used."""
        said = []
        for model, root in roots.items():
            below = [f for f, owner in self.folders.items() if owner == model]
            adapters = [folder.name for folder in below if folder != root]
            label = f"{model.title or model.name}{_notes(model, root)}"
            which = f" and its adapter{'s' * (len(adapters) > 1)} "
            said.append(label + which + ", ".join(adapters) if adapters else label)
        return said

    def statement(self, roots: Iterable[Model]) -> list[dict[str, Any]]:
        """What the record states beyond the line: each model, then each network.

        A model of the project has its files among the record's dependencies, with
        their digests; a hub model's stand here, with the revision and the bytes.
        """
        models = [{"model": model.name, **_pin(model)} for model in roots]
        return [*models, *(vars(each).copy() for each in self.now())]


def _notes(model: Model, root: Path) -> str:
    """What stands behind a title: a stand-in never goes without saying so."""
    count = model.parameters or parameters(root)
    notes = [f"a stand-in for {model.stands_for}"] if model.stands_for else []
    notes += [f"revision {model.revision[:12]}"] if model.on_hub else []
    notes += [f"{rounded(count)} parameters"] if count else []
    return f" ({', '.join(notes)})" if notes else ""


def _pin(model: Model) -> dict[str, Any]:
    if not model.on_hub:
        return {}
    pin = {"revision": model.revision, "bytes": model.bytes}
    return {**pin, "files": dict(model.files)}


def parameters(folder: Path) -> int:
    """How many parameters the headers of a folder's safetensors name; 0 without."""
    count = 0
    for file in sorted(folder.glob("*.safetensors")):
        with file.open("rb") as stream:
            size = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(size))
        header.pop("__metadata__", None)
        count += sum(math.prod(each["shape"]) for each in header.values())
    return count


def rounded(count: int) -> str:
    """A count with the digits that matter: 7.33 B, 6.0 M, 33 k."""
    for size, unit, digits in ((1e9, "B", 2), (1e6, "M", 1), (1e3, "k", 0)):
        if count >= size:
            return f"{count / size:.{digits}f} {unit}"
    return str(count)


def own_dtype(folder: Path) -> str:
    """The number type that a checkpoint's config names; empty when it names none."""
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return str(config.get("dtype") or config.get("torch_dtype") or "")


def memory_of(device: str) -> str:
    """How full a CUDA device is, in a phrase; empty before CUDA has started.

    Written without a GPU at hand: only the phrase was tested, with numbers made up.
    """
    if not torch.cuda.is_initialized():
        return ""
    free, total = torch.cuda.mem_get_info(device)
    mine = torch.cuda.memory_reserved(device)
    return memory_phrase(device, mine, total - free, total)


def memory_phrase(device: str, mine: int, used: int, total: int) -> str:
    """Bytes as GB: what this page reserved, what others hold, what there is."""
    others = max(0, used - mine)
    held = f"this page {mine / GB:.2f} GB, other processes {others / GB:.2f} GB"
    return f"{device}: {held}, of {total / GB:.2f} GB"
