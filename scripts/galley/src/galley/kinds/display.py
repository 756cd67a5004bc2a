"""What a page shows by itself while a cell runs: with IPython's `display`, or with `show` of matplotlib or plotly.

In a page's child. Without a notebook and without a screen these print a text or do nothing. So they are replaced as
soon as the page has the module, before the page can call them: what they show stands among the printed text, where it
was shown. A plain run of the snippet file goes on doing what it did.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

from galley.kinds.arrivals import Arrivals, Do

Show = Callable[[object], bool]  # shows a value here and now; False where it cannot, as in a process that a page forked
IPYTHON, PYPLOT, PLOTLY = "IPython.core.display_functions", "matplotlib.pyplot", "plotly.basedatatypes"


def replace_displays(show: Show) -> None:
    """Have what shows a value in a notebook or on a screen show it on the page."""
    replaced: dict[str, Do] = {
        IPYTHON: lambda module: _replace(module, "display", lambda *values, **options: _values(values, options), show),
        PYPLOT: lambda pyplot: _replace(pyplot, "show", lambda *_, **__: _open(pyplot), show),
        PLOTLY: lambda module: _replace(
            getattr(module, "BaseFigure", None), "show", lambda figure, *_, **__: [figure], show
        ),
    }
    if IPYTHON in sys.modules:  # and so has this one, a copy
        replaced["IPython.display"] = replaced[IPYTHON]
    Arrivals(replaced)


def _replace(owner: Any, name: str, values: Callable[..., Iterable[object]], show: Show) -> None:
    """Put in the place of a function one that shows each of the values; it calls the function for what it cannot.

    A library that has no such function any more goes on without.
    """
    original = getattr(owner, name, None)
    if original is None:
        return

    @wraps(original)
    def replaced(*args: Any, **options: Any) -> Any:
        if not all(show(value) for value in values(*args, **options)):
            return original(*args, **options)
        return None

    setattr(owner, name, replaced)


def _open(pyplot: Any) -> list[object]:
    return [pyplot.figure(number) for number in pyplot.get_fignums()]


def _values(values: Iterable[Any], options: dict[str, Any]) -> list[object]:
    """What `display` was given; a bundle of representations where it was given these as they are (`raw`)."""
    return [_Bundle(value) if options.get("raw") and isinstance(value, dict) else value for value in values]


class _Bundle:
    """Representations that `display` was given as they are."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __repr__(self) -> str:
        return str(self._data.get("text/plain", ""))

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return self._data
