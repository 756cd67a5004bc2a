"""What a run ran on, for its log and its card."""

import os
import platform
from pathlib import Path

import torch
import transformers


def machine() -> dict[str, str | int]:
    """CPU, cores, vector instructions and versions."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count() or 1,
        "capability": torch.backends.cpu.get_cpu_capability(),
        "python": platform.python_version(),
        "torch": torch.__version__.partition("+")[0],
        "transformers": transformers.__version__,
    }


def cpu_name(path: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name where Linux tells it, else the architecture."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
