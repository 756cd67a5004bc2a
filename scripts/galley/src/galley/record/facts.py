"""What a page ran on: Python, the system, the processor, the versions of the packages that matter."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any


def environment(packages: Sequence[str]) -> dict[str, Any]:
    """The facts that decide whether two runs must agree to the last byte."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": processor(),
        "packages": {name: version for name in packages if (version := installed(name))},
    }


@cache
def processor() -> str:
    """The processor's own name for itself."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@cache
def installed(name: str) -> str | None:
    """The version of an installed package; looked up once, since each look reads folders."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
