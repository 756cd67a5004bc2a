"""Several single-threaded workers that average their gradients once a step.

Two threads of one process wait for each other in every operation. On a busy machine that cost half the speed.
Two workers wait for each other once a step, and lost no speed.
"""

import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
import torch.distributed as dist
import torch.multiprocessing as mp

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Turns Ctrl-C and SIGTERM into a flag that is read between steps; a context manager."""

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> "Stop":
        self._before = {number: signal.signal(number, self._ask) for number in SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _ask(self, *_: object) -> None:
        self.asked = True


def launch(work: Callable[..., None], workers: int, meeting: Path, *arguments: Any) -> None:
    """Run `work(rank, workers, *arguments)` in `workers` processes, or here if there is only one.

    Ctrl-C and SIGTERM reach the workers, and this process waits for them to end.
    """
    if workers == 1:
        torch.set_num_threads(1)
        work(0, 1, *arguments)
        return
    meeting.unlink(missing_ok=True)
    context = mp.spawn(join, (workers, meeting, work, *arguments), nprocs=workers, join=False)
    for number in SIGNALS:
        signal.signal(number, lambda n, _: [os.kill(pid, n) for pid in context.pids()])
    while not context.join():
        pass


def join(rank: int, workers: int, meeting: Path, work: Callable[..., None], *arguments: Any) -> None:
    """Enter the group of workers, then work. `meeting` is a file through which they find each other."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{meeting}", rank=rank, world_size=workers)
    try:
        work(rank, workers, *arguments)
    finally:
        dist.destroy_process_group()


def average(parameters: Sequence[torch.nn.Parameter], number: float) -> float:
    """Replace each gradient by its mean over all workers; returns the mean of `number` too."""
    if not dist.is_initialized():
        return number
    gradients = [p.grad for p in parameters if p.grad is not None]
    flat = torch.cat([g.view(-1) for g in gradients] + [torch.tensor([number])])
    dist.all_reduce(flat)
    flat /= dist.get_world_size()
    for gradient, mean in zip(gradients, flat[:-1].split([g.numel() for g in gradients]), strict=True):
        gradient.copy_(mean.view_as(gradient))
    return float(flat[-1])


def agree(flag: bool) -> bool:
    """Whether any worker raised `flag`; all workers must call it at the same step."""
    if not dist.is_initialized():
        return flag
    vote = torch.tensor([int(flag)])
    dist.all_reduce(vote)
    return bool(vote.item())
