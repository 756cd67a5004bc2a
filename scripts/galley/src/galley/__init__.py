"""Runs the snippets of a guide, records what they printed, and shows the records in a static site.

In every process. The names here are what a guide's own hooks, kinds and backends are written with; everything else is
galley's inside, and may change. A name is imported when it is asked for, so that `import galley` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from galley.kinds import Asked, At, Kind, Watcher
    from galley.record.model import Form, Shown
    from galley.run.backend import Backend
    from galley.run.hooks import Context, Hooks

__all__ = ["Asked", "At", "Backend", "Context", "Form", "Hooks", "Kind", "Shown", "Watcher", "__version__"]

HOMES = {
    "Asked": "galley.kinds",
    "At": "galley.kinds",
    "Backend": "galley.run.backend",
    "Context": "galley.run.hooks",
    "Form": "galley.record.model",
    "Hooks": "galley.run.hooks",
    "Kind": "galley.kinds",
    "Shown": "galley.record.model",
    "Watcher": "galley.kinds",
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'galley' has no attribute '{name}'")
    return getattr(import_module(HOMES[name]), name)
