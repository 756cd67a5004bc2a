"""In a page's child: what a page shows with `pyplot.show` is kept, in the order in which it was shown.

Without a screen `show` does nothing. Two figures that a cell shows one after the other would be one, with the lines of
both. So `show` is replaced as soon as the page has pyplot, before the page can call it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any


def keep_shown(pyplot: Any, keep: Callable[[], object]) -> None:
    """Have pyplot's `show` keep the open figures."""
    original = pyplot.show

    @wraps(original)
    def show(*args: Any, **options: Any) -> Any:
        keep()
        return original(*args, **options)

    pyplot.show = show
