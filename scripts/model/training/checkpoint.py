"""Checkpoints of training: written whole or not at all."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Replace the checkpoint at `path`; an interruption leaves the old one."""
    staged = path.with_suffix(".tmp")
    torch.save(dict(content), staged)
    staged.replace(path)


def read(path: Path) -> dict[str, Any]:
    """Read a checkpoint: tensors and plain values, no code."""
    content: dict[str, Any] = torch.load(path, weights_only=True)
    return content
