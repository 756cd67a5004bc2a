"""Stands under `from_pretrained` while the runner works.

It says what may load, notes what was used, and states it. The runner imports this once
and forks: importing opens no model, starts no CUDA and no thread. Outside a page it
does nothing. In a page it replaces no weight and no result.

On a CPU the system shares the weights already: safetensors are mapped, and the page
cache holds one copy. On CUDA each page loads a copy of its own. One copy for all pages
is worth its code only where loading takes more than a tenth of a run. No GPU was at
hand to measure that; `python snippets/loading measure` does.

    python snippets/loading pin [ID …]
        write the commit of hub models into the catalogue
    python snippets/loading measure FOLDER [DEVICE [DTYPE]]
        print seconds and memory of from_pretrained, page by page
"""

from __future__ import annotations

import functools
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import torch
import tqdm
import transformers.utils.logging
from loading.catalogue import PICKLES, READ, Model, ModelError, catalogue, snapshot
from huggingface_hub import constants
from loading.listening import listen
from loading.loaded import Loaded, memory_of, own_dtype
from loading.summaries import summarise
from transformers import PreTrainedModel

__all__ = ["explain", "provenance", "setup", "summarise"]

SEED = 0
LISTED = catalogue()  # read before the fork: a page depends on its own entries only


class Page:
    """The page that runs in this process, and what it has loaded so far."""

    def __init__(self, context: Any) -> None:
        self.context, self.loaded = context, Loaded()
        self.device, self.why = choose_device(context.parameters)

    def asked(self, name: str | os.PathLike[str]) -> None:
        """A library is to load a name or a path; ModelError when it may not."""
        path = Path(name)
        if path.is_relative_to(constants.HF_HUB_CACHE):
            return  # a file of a model that was asked for by its id
        if not path.exists():
            model = catalogue().find(str(name)).pinned()
            self._use(model, self._downloaded(model))
            return
        path = path.resolve()
        if path.is_relative_to(self.context.scratch.resolve()):
            return  # the page saved it itself
        folder = path if path.is_dir() else path.parent
        self._use(catalogue().at(folder), folder)

    def _downloaded(self, model: Model) -> Path:
        folder = snapshot(Path(constants.HF_HUB_CACHE), model)
        if not folder.is_dir():
            what = f"{model.name} is listed but was not downloaded for this profile"
            where = f"[tool.galley.profiles.{self.context.profile}.parameters]"
            raise ModelError(f"{what}: name it under {where}")
        return folder

    def _use(self, model: Model, folder: Path) -> None:
        if folder in self.loaded.folders:
            return
        found = [] if model.on_hub else sorted(folder.rglob("*"))
        files = [file for file in found if file.is_file()]
        for (
            file
        ) in files:  # below the folder too: an index of shards may name one there
            if file.name.endswith(PICKLES) and file.name not in model.pickle:
                what = f"{model.name} has the pickle {file.name}, which may run code"
                then = f'save it as safetensors, or list it: pickle = ["{file.name}"]'
                raise ModelError(f"{what}: {then}")
        for file in (each for each in files if each.parent == folder):
            if file.name.endswith((*READ, *PICKLES)):
                self.context.note(file)
        if not model.on_hub:
            self.context.note_names(folder, (*READ, *PICKLES))
        self.context.note_table(catalogue().file, model.name)
        self.loaded.folders[folder] = model

    def roots(self) -> dict[Model, Path]:
        """Each model used, in the order of use, with its own folder."""
        used, listed = self.loaded.folders.items(), catalogue()
        return {
            model: folder if model.on_hub else listed.folder(model)
            for folder, model in used
        }


def choose_device(parameters: dict[str, Any]) -> tuple[str, str]:
    """The device of a page and the reason; ModelError when the device is not there."""
    if "device" not in parameters:
        return "cpu", "where from_pretrained puts it"
    device = str(parameters["device"])
    if device.startswith("cuda") and not torch.cuda.is_available():
        what = "this profile runs on CUDA, and torch sees no CUDA device"
        raise ModelError(f"{what}: run it on a machine with one")
    return device, "as the profile says"


_page: Page | None = None


def setup(context: Any) -> None:
    """Give every page the same start: seeds, threads, float32, offline, no bars."""
    global _page
    # torch.load then gives weights or fails, whatever a page asks it for.
    os.environ |= {"HF_HUB_OFFLINE": "1", "TORCH_FORCE_WEIGHTS_ONLY_LOAD": "1"}
    constants.HF_HUB_OFFLINE = True
    constants.HF_HUB_CACHE = os.environ.get("HF_HUB_CACHE", constants.HF_HUB_CACHE)
    random.seed(SEED)
    numpy.random.seed(SEED)
    torch.manual_seed(SEED)
    torch.set_num_threads(context.threads)
    torch.set_default_dtype(torch.float32)
    # Progress bars are speeds and times: they never repeat, so no page shows them.
    transformers.utils.logging.disable_progress_bar()  # the hub's too
    tqdm.tqdm.__init__ = functools.partialmethod(tqdm.tqdm.__init__, disable=True)
    _page = Page(context)


def provenance(context: Any) -> dict[str, Any]:
    """What the page ran on: texts for the line under its outputs.

    `loaded` is for the record alone: a list of models, then of networks.
    """
    page = _page or Page(context)
    roots, networks = page.roots(), page.loaded.now()
    said: dict[str, Any] = {}
    if roots:
        said["model"] = ", ".join(page.loaded.labels(roots))
    devices = dict.fromkeys(each.device for each in networks) or {page.device: None}
    said["device"] = "; ".join(_device(page, each) for each in devices)
    if dtypes := dict.fromkeys(each.dtype for each in networks):
        said["dtype"] = "; ".join(_dtype(page, each, roots) for each in dtypes)
    threads = torch.get_num_threads()
    said["threads"] = f"{threads} thread{'s' * (threads != 1)}"
    said["capability"] = torch.backends.cpu.get_cpu_capability()
    return {**said, "loaded": page.loaded.statement(roots)}


def _device(page: Page, device: str) -> str:
    full = device
    if device.startswith("cuda"):
        full = f"{device}, {torch.cuda.get_device_name(device)}"
        full += f", CUDA {torch.version.cuda}"
    chosen = torch.device(device).type == torch.device(page.device).type
    return f"{full}, {page.why}" if chosen else full


def _dtype(page: Page, dtype: str, roots: dict[Model, Path]) -> str:
    if dtype == page.context.parameters.get("dtype"):
        return f"{dtype}, as the profile says"
    own = dtype in map(own_dtype, roots.values())
    return f"{dtype}, the checkpoint's own" if own else dtype


def explain(context: Any, error: BaseException) -> str | None:
    """What a failure means where the libraries hide it or do not know.

    That is a refused model that another error covers, or no memory left.
    """
    found = list(_chain(error))
    for each in found:
        if isinstance(each, ModelError) and each is not error:
            return str(each)
    if not any(isinstance(each, torch.OutOfMemoryError) for each in found):
        return None
    resident = _page.loaded.resident() if _page else []
    names = ", ".join(map(str, resident)) or "no models"
    lines = [f"no memory left for page {context.page}; resident were: {names}"]
    devices = [f"cuda:{number}" for number in range(torch.cuda.device_count())]
    return "\n".join([*lines, *filter(None, map(memory_of, devices))])


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _asked(name: Any) -> None:
    if _page is not None and isinstance(name, str | os.PathLike):
        _page.asked(name)


def _trusts(remote_code: Any) -> None:
    if _page is not None and remote_code:
        what = "a page runs no code that comes with a model"
        raise ModelError(f"trust_remote_code is refused: {what}")


def _filled(model: PreTrainedModel) -> None:
    if _page is not None:
        _page.loaded.add(model)


listen(_asked, _trusts, _filled)
