"""Does something with a module as soon as a page has it.

In a page's child. A library imports others when it likes, also in the middle of a page's statement; so what a module
needs is done when Python has executed it, before anything can use it.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

Do = Callable[[ModuleType], None]


class Arrivals(importlib.abc.MetaPathFinder):
    """Stands before Python's own finders and finds nothing itself; once every module has come, it is gone."""

    def __init__(self, wanted: Mapping[str, Do]) -> None:
        """`wanted` says what to do with a module, by its name; for those that are here, it is done at once."""
        self._awaited = dict(wanted)
        for name in [name for name in wanted if name in sys.modules]:
            self._awaited.pop(name)(sys.modules[name])
        if self._awaited:
            sys.meta_path.insert(0, self)

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """What the other finders find for an awaited module, with what is to be done added; None for any other."""
        if name not in self._awaited:
            return None
        do = self._awaited.pop(name)  # before the others are asked: another one that awaits it asks this one
        others = [finder for finder in sys.meta_path if finder is not self]
        specs = (finder.find_spec(name, path, target) for finder in others)
        spec = next((spec for spec in specs if spec), None)
        if spec and spec.loader and (execute := getattr(spec.loader, "exec_module", None)):
            if not self._awaited:
                sys.meta_path.remove(self)

            def execute_and_do(module: ModuleType) -> None:
                execute(module)
                do(module)

            spec.loader.exec_module = execute_and_do  # type: ignore[method-assign]
        else:
            self._awaited[name] = do
        return spec
