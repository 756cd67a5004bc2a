"""What a page ran on: Python, the system, the processor, the versions of the packages that matter."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from functools import cache
from importlib import metadata
from typing import Any

from galley import system


def environment(packages: Sequence[str]) -> dict[str, Any]:
    """The facts that decide whether two runs must agree to the last byte."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpu": system.processor(),
        "packages": {name: version for name in packages if (version := installed(name))},
    }


@cache
def installed(name: str) -> str | None:
    """The version of an installed package; looked up once, since each look reads folders."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
