"""Import the pages' runner and what it imports, so that Python keeps it compiled: python scripts/compile_imports.py

A runner writes no bytecode, and what it alone imports would be compiled by each one. pip could compile all that it
installs, which is five times as much and takes half a minute.
"""

import sys
import tomllib
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).parents[1]
RUNNER = "galley.run.server"

if __name__ == "__main__":
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["galley"]
    sys.path.insert(0, str(ROOT / settings.get("snippets", "snippets")))
    for name in (RUNNER, *settings["imports"]):
        import_module(name)
