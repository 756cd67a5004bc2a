"""In a page's child: what a page shows with `pyplot.show` is kept, in the order in which it was shown.

Without a screen `show` does nothing. Two figures that a cell shows one after the other would be one, with the lines of
both. So `show` is replaced as soon as the page imports pyplot, before the page can call it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import wraps
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

PYPLOT = "matplotlib.pyplot"


def when_imported(then: Callable[[ModuleType], object]) -> None:
    """Call a function with pyplot: now if the page has imported it, else right after it does."""
    if module := sys.modules.get(PYPLOT):
        then(module)
    else:
        sys.meta_path.insert(0, _Waiting(then))


def keep_shown(pyplot: Any, keep: Callable[[], object]) -> None:
    """Have pyplot's `show` keep the open figures."""
    original = pyplot.show

    @wraps(original)
    def show(*args: Any, **options: Any) -> Any:
        keep()
        return original(*args, **options)

    pyplot.show = show


class _Waiting(MetaPathFinder):
    """Finds pyplot as all other finders do, and hears of the end of its import; then it is gone."""

    def __init__(self, then: Callable[[ModuleType], object]) -> None:
        self.then = then

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The specification of pyplot; None for every other module."""
        if fullname != PYPLOT:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is not None and spec.loader is not None:
            loader: Any = spec.loader
            run = loader.exec_module

            def exec_module(module: ModuleType) -> None:
                run(module)
                self.then(module)

            loader.exec_module = exec_module
        return spec
