"""What a measurement ran on."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

PACKAGES = (
    "galley-docs", "mkdocs", "mkdocs-material", "zensical", "markdown-exec",
    "torch", "transformers", "peft", "tokenizers",
)  # fmt: skip
VERSIONS = """import json, sys
from importlib import metadata
found = {"Python": sys.version.split()[0]}
for name in sys.argv[1:]:
    try:
        found[name.removesuffix("-docs")] = metadata.version(name)
    except metadata.PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def machine(work: Path, venv: str = "galley-zensical") -> dict[str, Any]:
    """The processor, its cores, the memory, the system, the versions in an environment of galley's, and the day."""
    return {**hardware(), "versions": _versions(work / "venvs" / venv)}


def hardware() -> dict[str, Any]:
    """The processor, its cores, the memory, the system, and the day."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _value("/proc/cpuinfo", "model name"),
        "cores": cores(),
        "memory_gb": round(int(_value("/proc/meminfo", "MemTotal").split()[0]) / 2**20, 1),
        "system": f"{platform.system()} {platform.release().partition('-')[0]} {platform.machine()}",
    }


def commit() -> str:
    """The last commit that changed what is measured, and a + where the checkout has changed it since."""
    root, measured = Path(__file__).parents[2], ("scripts/galley", "snippets/loading")

    def git(*words: str) -> str:
        done = subprocess.run(["git", "-C", root, *words, "--", *measured], capture_output=True, check=False, text=True)
        return done.stdout.strip()

    return git("log", "-1", "--format=%h") + "+" * bool(git("status", "--porcelain"))


def cores() -> int:
    """How many processors a build may use."""
    return len(os.sched_getaffinity(0))


def _value(file: str, name: str) -> str:
    for line in Path(file).read_text(encoding="utf-8").splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return "0"


def _versions(venv: Path) -> dict[str, str]:
    done = subprocess.run(
        [venv / "bin" / "python", "-P", "-c", VERSIONS, *PACKAGES], capture_output=True, check=True, text=True
    )
    found: dict[str, str] = json.loads(done.stdout)
    return found
