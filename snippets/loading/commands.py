"""The commands of `python snippets/loading`: pin and measure."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence

import torch
from loading.catalogue import ModelError
from loading.pins import pin
from transformers import AutoModelForCausalLM

USAGE = """\
usage: python snippets/loading pin [ID …]
       python snippets/loading measure FOLDER [DEVICE [DTYPE]]"""


def main(arguments: Sequence[str]) -> int:
    """Run a command; the answer is its exit code."""
    try:
        match arguments:
            case ["pin", *names]:
                print("\n".join(pin(names)) or "every hub model is pinned")
            case ["measure", folder, *how] if len(how) <= 2:
                measure(folder, *how)
            case _:
                print(USAGE, file=sys.stderr)
                return 2
    except ModelError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def measure(
    folder: str, device: str = "cpu", dtype: str = "auto", pages: int = 4
) -> None:
    """Load a model in forked pages, two in turn, then several at once.

    Prints each page's seconds and memory (GB are 10^9 bytes). `dtype` is that of
    `from_pretrained`; "auto" is the checkpoint's. The parent never starts CUDA. The CUDA
    path was written without a GPU at hand and has not been run.
    """
    for number in range(2):
        os.waitpid(_page(f"page {number + 1} alone", folder, device, dtype), 0)
    print(f"{pages} pages at once:", flush=True)
    names = [f"page {number + 1}" for number in range(pages)]
    for child in [_page(name, folder, device, dtype, hold=1.0) for name in names]:
        os.waitpid(child, 0)


def _page(title: str, folder: str, device: str, dtype: str, hold: float = 0.0) -> int:
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        started = time.perf_counter()
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).to(device)
        if device.startswith("cuda"):
            torch.cuda.synchronize(device)
        seconds = time.perf_counter() - started
        time.sleep(hold)  # while the others load: what is in use then counts them too
        kind, memory = f"{type(model).__name__} in {model.dtype}", _memory(device)
        print(f"{title}: {seconds:.2f} s, {kind}, {memory}", flush=True)
        code = 0
    finally:
        os._exit(code)


def _memory(device: str) -> str:
    if device.startswith("cuda"):
        free, total = torch.cuda.mem_get_info(device)
        own = torch.cuda.memory_reserved(device)
        return f"{own / 1e9:.2f} GB its own, {(total - free) / 1e9:.2f} GB used by all"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return f"{peak / 1e9:.2f} GB resident, mapped files included"
