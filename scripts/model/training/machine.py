"""The machine and the versions that a run used, for its log and its card."""

import os
import platform
import resource
from importlib.metadata import version
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
        "peft": version("peft"),
    }


def cpu_name(path: Path = Path("/proc/cpuinfo")) -> str:
    """The processor's name where Linux tells it, else the architecture."""
    if path.exists():
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()


def peak_memory(least: float = 0.0) -> float:
    """The most memory that this process has held so far, in MiB, torch itself included; or `least` if that is more."""
    status = Path("/proc/self/status")
    if status.exists():  # getrusage would count the parent's peak too
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return max(least, round(int(line.split()[1]) / 1024, 1))
    return max(least, round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 1))  # bytes on a Mac
