"""Muon for the matrices inside the layers: momentum made orthogonal, with the work shared among the workers.

torch has a Muon too, but it computes in bf16, which a CPU without bf16 instructions does many times slower.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import torch
import torch.distributed as dist

A, B, C = 3.4445, -4.7750, 2.0315  # Jordan's quintic: lifts all singular values to about 1
ITERATIONS = 5


def orthogonal(matrix: torch.Tensor) -> torch.Tensor:
    """The nearest matrix with singular values of about 1, by Newton-Schulz; same shape."""
    x = matrix.T if matrix.shape[0] > matrix.shape[1] else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = A * x + (B * gram + C * (gram @ gram)) @ x
    return x.T if matrix.shape[0] > matrix.shape[1] else x


class Muon(torch.optim.Optimizer):
    """Steps of the size that AdamW's have (Moonlight's 0.2 √max(shape)), so both share one learning rate."""

    def __init__(
        self, matrices: Iterable[torch.nn.Parameter], lr: float, weight_decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        """One step; every worker must call it, with the same gradients."""
        assert closure is None
        for group in self.param_groups:
            directions = list(self._directions(group))
            for parameter, update in zip(group["params"], shared(directions), strict=True):
                size = 0.2 * max(parameter.shape) ** 0.5
                parameter.mul_(1 - group["lr"] * group["weight_decay"])
                parameter.add_(update, alpha=-group["lr"] * size)

    def _directions(self, group: dict[str, Any]) -> Iterator[torch.Tensor]:
        """Nesterov momentum of each matrix."""
        for parameter in group["params"]:
            state = self.state[parameter]
            if not state:
                state["momentum"] = torch.zeros_like(parameter)
            state["momentum"].mul_(group["momentum"]).add_(parameter.grad)
            yield parameter.grad + group["momentum"] * state["momentum"]


def shared(directions: list[torch.Tensor]) -> list[torch.Tensor]:
    """Each of `directions` made orthogonal; every worker computes its share and gets all of them."""
    if not dist.is_initialized():
        return [orthogonal(d) for d in directions]
    rank, workers = dist.get_rank(), dist.get_world_size()
    mine = [orthogonal(d) if i % workers == rank else torch.zeros_like(d) for i, d in enumerate(directions)]
    flat = torch.cat([m.reshape(-1) for m in mine])
    dist.all_reduce(flat)
    parts = flat.split([d.numel() for d in directions])
    return [part.view_as(d) for part, d in zip(parts, directions, strict=True)]
