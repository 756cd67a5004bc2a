"""Asks, before a download and before any page, whether the disk and the memory have room for what a profile names.

Beside the pages, as `downloads`. Without it the disk would be full at the third shard, and a page would end without a
word where the system has no memory left.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from loading.catalogue import Model, ModelError
from loading.fetch import arrived

GB = 1e9
DISK_SPARE = 1 * GB  # what is left free, since other programs write too
PAGE = (
    2 * GB
)  # what a page takes beside its weights: the libraries, activations, the cache
BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


def room_for(models: Sequence[Model], parameters: Mapping[str, Any]) -> None:
    """Raise ModelError where the disk has no room for the rest of the files, or the memory none for the weights."""
    _on_disk(models)
    if parameters.get("device") == "cpu":
        _in_memory(models, str(parameters.get("dtype", "float32")))


def _on_disk(models: Sequence[Model]) -> None:
    from huggingface_hub import constants

    folder = Path(constants.HF_HUB_CACHE)
    there = next(each for each in (folder, *folder.parents) if each.exists())
    rest = sum(max(0, model.bytes - arrived(model)) for model in models)
    free = shutil.disk_usage(there).free
    if rest and free < rest + DISK_SPARE:
        what = f"{_gb(rest)} of {_names(models)} are still to be downloaded"
        lacks = f"{_gb(free)} are free below {folder}, of which {_gb(DISK_SPARE)} are to stay so"
        then = "Make room, or set HF_HUB_CACHE to a folder on a larger disk"
        raise ModelError(f"{what}, and {lacks}. {then}")


def _in_memory(models: Sequence[Model], dtype: str) -> None:
    import psutil

    bases = sum(model.parameters for model in models if not model.adapter)
    adapters = sum(model.parameters for model in models if model.adapter)
    weights = (
        bases * BYTES.get(dtype, 4) + adapters * 4
    )  # PEFT keeps an adapter in float32
    memory = psutil.virtual_memory()
    if weights and memory.available < weights + PAGE:
        what = f"the weights of {_names(models)} take {_gb(weights)} in {dtype}"
        needs = f"{what}, and a page about {_gb(PAGE)} more"
        lacks = f"{_gb(memory.available)} of {_gb(memory.total)} are free"
        raise ModelError(
            f"{needs}, but {lacks}. End other programs, or use a machine with more"
        )


def _names(models: Sequence[Model]) -> str:
    return " and ".join(model.name for model in models)


def _gb(count: float) -> str:
    return f"{count / GB:.1f} GB"
