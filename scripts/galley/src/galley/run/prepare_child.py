"""The process that a `prepare` hook runs in: a request on standard input, an answer on standard output.

It imports little, since it stands before every run.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any


def answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What the hook `module:function` says to the profile's name and its parameters."""
    sys.path.insert(0, asked["snippets"])
    module, _, function = asked["hook"].partition(":")
    try:
        hook = getattr(importlib.import_module(module), function)
        return {"environment": dict(hook(asked["profile"], asked["parameters"]) or {})}
    except Exception as error:
        if type(error).__module__.partition(".")[0] in sys.stdlib_module_names:
            return {"error": traceback.format_exc()}  # nobody meant to say this
        return {"error": str(error)}


def main() -> None:
    """Answer the request on standard input; whatever else is printed goes to standard error."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    json.dump(answer(json.load(sys.stdin)), channel)


if __name__ == "__main__":
    main()
