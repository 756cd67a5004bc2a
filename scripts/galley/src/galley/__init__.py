"""Runs the snippets of a guide, records what they printed, and shows the records in a static site.

In every process. The names here are what a guide's own hooks, kinds and backends are written with; everything else is
galley's inside, and may change. A name is imported when it is asked for, so that `import galley` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from galley.hooks import Context, Hooks
    from galley.kinds.kind import Asked, At, Kind, Watcher
    from galley.record.model import Form, Shown
    from galley.run.backend import Backend

__all__ = ["Asked", "At", "Backend", "Context", "Form", "Hooks", "Kind", "Shown", "Watcher", "__version__"]

HOMES = {
    "Asked": "galley.kinds.kind",
    "At": "galley.kinds.kind",
    "Backend": "galley.run.backend",
    "Context": "galley.hooks",
    "Form": "galley.record.model",
    "Hooks": "galley.hooks",
    "Kind": "galley.kinds.kind",
    "Shown": "galley.record.model",
    "Watcher": "galley.kinds.kind",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'galley' has no attribute '{name}'")
    return getattr(import_module(HOMES[name]), name)
