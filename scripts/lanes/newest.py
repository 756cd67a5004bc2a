"""The nightly lane: python scripts/lanes/newest.py requirements | rerun REPORT

`requirements` prints what the guide and galley need, without any version pinned: what pip then installs is the newest
of everything. torch keeps its version, since any other spelling downloads gigabytes of CUDA. `rerun` runs every page
again, goes on past each failed cell, compares, and writes what it said into a file. It writes no record. Its exit code
is that of `galley test`: 4 where a page failed, 7 where an output differs though no version does.
"""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

from packaging.requirements import Requirement
from told import told

ROOT = Path(__file__).parents[2]
FILES = ("pyproject.toml", "scripts/galley/pyproject.toml")
PINNED = ("torch",)
OWN = "galley-docs"  # of this checkout


def requirements(root: Path = ROOT) -> Iterator[str]:
    """Each package that building the site and running the pages needs, by name and extras alone."""
    found: dict[str, str] = {}
    for file in FILES:
        project = tomllib.loads((root / file).read_text(encoding="utf-8"))["project"]
        for text in (*project["dependencies"], *project.get("optional-dependencies", {}).get("run", ())):
            each = Requirement(text.replace("{root:uri}", "file:///."))
            if each.name != OWN:
                extras = f"[{','.join(sorted(each.extras))}]" if each.extras else ""
                found[each.name] = text if each.name in PINNED else f"{each.name}{extras}"
    yield from sorted(found.values(), key=str.lower)


def rerun(report: Path) -> int:
    """Run every page again, and keep what was said."""
    program = str(Path(sys.executable).with_name("galley"))
    code, said = told([program, "test", "--keep-going"])
    report.write_text(said, encoding="utf-8")
    return code


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["requirements"]:
            print("\n".join(requirements()))
            sys.exit()
        case ["rerun", str(report)]:
            sys.exit(rerun(Path(report)))
    sys.exit(__doc__)
