"""Runs the snippets of a guide, records what they printed, and shows the records in a static site.

In every process. The names in `__all__` are for the authors of hooks, kinds of output, lists and backends; every other
name is internal and may change. Each name is imported at its first use, so that `import galley` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from galley.hooks import Context, Hooks
    from galley.kinds.kind import Asked, At, Kind, Watcher
    from galley.record.compare import Compared
    from galley.record.difference import Change, Difference
    from galley.record.model import Form, Shown
    from galley.run.backend import Backend
    from galley.site.lists import List
    from galley.source.tags import Option, Tag

__all__ = [
    "Asked",
    "At",
    "Backend",
    "Change",
    "Compared",
    "Context",
    "Difference",
    "Form",
    "Hooks",
    "Kind",
    "List",
    "Option",
    "Shown",
    "Tag",
    "Watcher",
    "__version__",
]

HOMES = {
    "Asked": "galley.kinds.kind:Asked",
    "At": "galley.kinds.kind:At",
    "Backend": "galley.run.backend:Backend",
    "Change": "galley.record.difference:Change",
    "Compared": "galley.record.compare:Compared",
    "Context": "galley.hooks:Context",
    "Difference": "galley.record.difference:Difference",
    "Form": "galley.record.model:Form",
    "Hooks": "galley.hooks:Hooks",
    "Kind": "galley.kinds.kind:Kind",
    "List": "galley.site.lists:List",
    "Option": "galley.source.tags:Option",
    "Shown": "galley.record.model:Shown",
    "Tag": "galley.source.tags:Tag",
    "Watcher": "galley.kinds.kind:Watcher",
    "makeExtension": "galley.site.extension:GalleyExtension",  # Python-Markdown's name for what makes an extension
}


def __getattr__(name: str) -> Any:
    if name not in HOMES:
        raise AttributeError(f"module 'galley' has no attribute '{name}'")
    module, _, attribute = HOMES[name].partition(":")
    return getattr(import_module(module), attribute)
